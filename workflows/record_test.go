package workflows_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/workflows"
)

var record = flag.Bool("record", false, "record histories for the replay tests, into testdata/replay")

// recordings is the folder of histories that are replayed.
var recordings = filepath.Join("testdata", "replay")

// TestRecord plays one application for each way that a life can take, on a real
// server, and keeps their histories, payloads in the clear: there is nothing of a
// person in them. It is run by make record, from the code that is deployed.
func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("make record records; tests replay")
	}
	t.Run("Calm", recordCalm)
	t.Run("Hurried", recordHurried)
	t.Run("Silent", recordSilent)
	t.Run("Disturbed", recordDisturbed)
	t.Run("Unknown", recordUnknown)
}

// keep writes a history, and its story as text. What was recorded once is never recorded again: a
// run of that code may still be in flight.
func (o *liveOffice) keep(name, id string) {
	o.t.Helper()
	if _, err := os.Stat(filepath.Join(recordings, name+".json")); err == nil {
		o.t.Logf("%s is recorded already", name)
		return
	}
	history := o.history(id, true)
	require.NoError(o.t, protorange.Range(history.ProtoReflect(), withoutIdentity))
	b, err := protojson.Marshal(history)
	require.NoError(o.t, err)
	require.NoError(o.t, os.MkdirAll(recordings, 0o750))
	require.NoError(o.t, os.WriteFile(filepath.Join(recordings, name+".json"), b, 0o600))
	require.NoError(o.t, os.WriteFile(filepath.Join(recordings, name+".txt"), []byte(story(history)), 0o600))
}

// withoutIdentity forgets which process on which machine did it.
func withoutIdentity(v protopath.Values) error {
	m, ok := v.Index(-1).Value.Interface().(protoreflect.Message)
	if !ok {
		return nil
	}
	if field := m.Descriptor().Fields().ByName("identity"); field != nil && field.Kind() == protoreflect.StringKind && m.Has(field) {
		m.Set(field, protoreflect.ValueOfString("test"))
	}
	return nil
}

func (a *liveApplication) keep(name string) {
	a.o.t.Helper()
	a.result()
	a.o.keep(name, a.id)
}

// recordCalm plays in an office where people have the time that the law gives.
func recordCalm(t *testing.T) {
	o := newLiveOffice(t, settings{"office.consignment_size": 1, "office.at_risk_days": 0})
	o.open(samplePopulation(t))
	o.stock(20)
	o.work(o.All(t.Context(), "PX-01"))

	issued := o.submit("03-exchange-at-40", inHanoi)
	issued.approve()
	issued.await(identity.ToHandOver)
	require.NoError(t, issued.finger("left-index-handover.fmr"))
	issued.keep("issued")

	duplicate := o.submit("18-duplicate-person", nil)
	duplicate.await(identity.ToAdjudicate)
	duplicate.does(identity.Adjudicate{Officer: adjudicator, SamePerson: true, Reason: "same face"})
	duplicate.keep("duplicate-rejected")

	child := o.submit("06-child-under-6", nil)
	child.approve()
	child.await(identity.ToHandOver)
	child.does(identity.HandOverCard{Officer: counter, Method: identity.HandOverByProxy, Proof: "birth certificate"})
	child.keep("child-issued")

	held := o.submit("01-first-issue-at-14", nil)
	held.await(identity.ToApprove)
	held.does(identity.Hold{Officer: approver, Reason: "papers-awaited", CitizensPart: true})
	held.await(identity.ToRelease)
	held.does(identity.Release{Officer: approver, Reason: "papers-brought"})
	held.approve()
	held.await(identity.ToHandOver)
	require.Error(t, held.finger("../02-exchange-at-25/left-index-handover.fmr"))
	held.does(identity.HandOverCard{Officer: counter, Method: identity.HandOverByOfficer, Proof: "known to the officer", OldCard: identity.OldCardReceived})
	held.keep("held-and-issued-by-an-officer")

	poor := o.submit("17-poor-portrait", nil)
	poor.await(identity.ToRecapture)
	portrait, err := os.ReadFile(filepath.Join(poor.folder, "recapture", "portrait.jpg"))
	require.NoError(t, err)
	require.NoError(t, o.Registry.Capture(t.Context(), poor.number, 2, nil, map[identity.EvidenceKind][]byte{identity.EvidencePortrait: portrait}))
	poor.does(identity.Recapture{Officer: enroller, Round: 2})
	poor.await(identity.ToApprove)
	poor.does(identity.Reject{Officer: approver, Reason: "papers-forged: they do not hold"})
	poor.keep("recaptured-and-rejected")

	wrong := o.submit("21-wrong-data", inHanoi)
	wrong.await(identity.ToResolve)
	wrong.does(identity.Release{Officer: approver, Reason: "record-corrected: ask again"})
	wrong.await(identity.ToResolve)
	wrong.does(identity.Reject{Officer: approver, Reason: "data-not-proven: nothing clears it up"})
	wrong.keep("contradiction-rejected")

	withdrawn := o.submit("19-withdrawn", inHanoi)
	withdrawn.await(identity.ToApprove)
	withdrawn.does(identity.Withdraw{Officer: counter, Reason: "card-found"})
	withdrawn.keep("withdrawn")

	lost := o.submit("02-exchange-at-25", inHanoi)
	o.lose = true
	lost.approve()
	lost.await(identity.ToHandOver)
	require.NoError(t, lost.finger("left-index-handover.fmr"))
	lost.keep("missing-in-its-box-and-issued")

	again := o.submit("16-damaged-card", nil)
	again.await(identity.ToApprove)
	require.NoError(t, o.temporal.CancelWorkflow(t.Context(), again.id, ""))
	again.approve()
	again.await(identity.ToHandOver)
	r, err := o.Reconciler(t.Context())
	require.NoError(t, err)
	r.Quiet = 0
	terminate(t, o, again.id)
	heal(t, r, again.number)
	again.await(identity.ToHandOver)
	again.does(identity.HandOverCard{Officer: counter, Method: identity.HandOverByOfficer, Proof: "known to the officer", OldCard: identity.OldCardReceived})
	again.keep("begun-again-and-issued")

	boxes, err := o.Registry.Consignments(t.Context(), time.Time{})
	require.NoError(t, err)
	o.keep("consignment-full", workflows.ConsignmentWorkflowID(boxes[0].Number))
}

// recordHurried plays in an office that gives nobody time.
func recordHurried(t *testing.T) {
	o := newLiveOffice(t, settings{
		"office.recapture": "1s", "office.resolution": "1s", "office.collect": "1s",
		"office.cards": 2, "office.at_risk_days": 20, "office.consignment_size": 2, "office.consignment_cut_off": "1s", "station.spoil_first": 3,
	})
	o.open(samplePopulation(t))
	o.work(o.All(t.Context(), "PX-01"))

	o.submit("17-poor-portrait", nil).keep("expired-not-recaptured")
	o.submit("21-wrong-data", inHanoi).keep("expired-unresolved")

	spoiled := o.submit("01-first-issue-at-14", nil)
	spoiled.approve()
	spoiled.await(identity.ToRestock)
	o.stock(20)
	require.NoError(t, o.flows.LookApplication(t.Context(), spoiled.number))
	spoiled.await(identity.ToRepair)
	spoiled.does(identity.Release{Officer: operator, Reason: "other: the chips of that box are bad"})
	spoiled.keep("hurried-no-stock-then-spoiled-then-expired-not-collected")

	boxes, err := o.Registry.Consignments(t.Context(), time.Time{})
	require.NoError(t, err)
	o.keep("consignment-cut-off", workflows.ConsignmentWorkflowID(boxes[0].Number))
}

// recordSilent plays in an office whose station falls silent.
func recordSilent(t *testing.T) {
	o := newLiveOffice(t, settings{"office.station_wait": "2s", "office.consignment_cut_off": "720h"})
	o.open(samplePopulation(t))
	o.stock(20)
	o.work(o.Pipeline(t.Context()))
	station, err := o.Station(t.Context(), "PX-01")
	require.NoError(t, err)
	o.work(station[:1], nil) // takes cards in, and says no more of them

	app := o.submit("01-first-issue-at-14", nil)
	app.approve()
	app.await(identity.ToRepair)
	app.does(identity.Release{Officer: operator, Reason: "card-given-up: the station burnt", Remake: true})
	require.Eventually(t, func() bool { // the same wait again, for another card
		cards, err := o.Registry.Cards(t.Context(), app.number)
		return err == nil && len(cards) == 2
	}, time.Minute, 100*time.Millisecond)
	app.await(identity.ToRepair)
	o.work(station[1:], nil)
	app.does(identity.Release{Officer: operator, Reason: "line-repaired: the station is back"})
	app.until("dispatch", func(stage, _ string) bool { return stage == string(identity.Dispatch) })
	const box = identity.ConsignmentNumber("C-000001")
	require.Eventually(t, func() bool {
		return o.move(box, identity.SealConsignment{Officer: operator}) == nil
	}, time.Minute, 100*time.Millisecond)
	app.await(identity.ToHandOver)
	require.NoError(t, app.finger("left-index-handover.fmr"))
	app.keep("silent-station-lost-then-silent-then-issued")
	o.keep("consignment-sealed-by-an-officer", workflows.ConsignmentWorkflowID(box))
}

// recordDisturbed plays in an office whose stations come late, and one of which has no encoder.
func recordDisturbed(t *testing.T) {
	o := &twoStations{liveOffice: newLiveOffice(t, settings{"office.consignment_size": 1, "office.at_risk_days": 0})}
	o.open(samplePopulation(t))
	o.stock(20)
	o.work(o.Pipeline(t.Context()))
	waits := func(stage, _ string) bool { return stage == string(identity.Personalization) }

	stopped := o.submit("19-withdrawn", inHanoi)
	stopped.approve()
	stopped.until("a station", waits)
	stopped.does(identity.Withdraw{Officer: counter, Reason: "card-found"})
	stopped.keep("withdrawn-before-a-station-began")

	held := o.submit("03-exchange-at-40", inHanoi)
	held.approve()
	held.until("a station", waits)
	held.does(identity.Hold{Officer: approver, Reason: "papers-awaited", CitizensPart: true})
	held.await(identity.ToRelease)
	held.does(identity.Release{Officer: approver, Reason: "papers-brought"})
	held.until("a station", func(stage, awaiting string) bool { return waits(stage, awaiting) && awaiting == "" })
	o.begin("PX-01", settings{"station.driver": "tcp", "station.address": "127.0.0.1:1", "station.insert_wait": "1s"})
	require.Eventually(t, func() bool { return held.attributes()["FailingActivity"] == "Make" }, time.Minute, 100*time.Millisecond)
	o.begin("PX-02", nil)
	held.await(identity.ToHandOver)
	require.NoError(t, held.finger("left-index-handover.fmr"))
	held.keep("held-before-a-station-began-then-failing-then-issued")
}

// recordUnknown plays in an office whose register has an applicant only after the approval, so that
// the fingers are searched for again, and are found with another person by then.
func recordUnknown(t *testing.T) {
	o := newLiveOffice(t, settings{"office.consignment_size": 1, "office.at_risk_days": 0})
	population := samplePopulation(t)
	late := slices.IndexFunc(population, func(c samples.Citizen) bool { return c.Person.Number == "074087999918" })
	o.open(slices.Delete(slices.Clone(population), late, late+1))
	o.stock(20)
	o.work(o.All(t.Context(), "PX-01"))
	nameless := func(s *packet.Submission) { s.Person.Number = "" }
	another := func(s *packet.Submission) {
		s.EnrollmentID, s.Person.Number, s.Person.Name, s.Person.Birth, s.Person.Father, s.Person.Mother = "001-2026-0118", "", "Vũ Đình Khác", "1981-03-02", "Vũ Đình Một", "Ngô Thị Hai"
	}

	o.submit("03-exchange-at-40", inHanoi).await(identity.ToApprove)
	twice := o.submit("18-duplicate-person", nameless)
	twice.await(identity.ToAdjudicate)
	twice.does(identity.Adjudicate{Officer: adjudicator, Reason: "two faces"})
	twice.await(identity.ToApprove)
	o.submit("18-duplicate-person", another).await(identity.ToAdjudicate)
	require.NoError(t, o.Registry.SeedCitizen(t.Context(), seeded(population[late])))
	twice.does(provenBy)
	twice.await(identity.ToResolve)
	who, err := o.Population.PersonByNumber(t.Context(), population[late].Person.Number)
	require.NoError(t, err)
	twice.does(identity.Identify{Officer: resolver, Person: who.ID, Reason: "papers compared"})
	twice.await(identity.ToAdjudicate)
	twice.does(identity.Adjudicate{Officer: adjudicator, Reason: "three faces"})
	twice.approve()
	twice.await(identity.ToHandOver)
	require.NoError(t, twice.finger("left-index.fmr"))
	twice.keep("adjudicated-twice-and-issued")
}
