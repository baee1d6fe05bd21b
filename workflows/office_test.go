package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/camera"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	records "example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/vault"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
	"example.org/cancuoc/samples"
	cardforms "example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/workflows"
)

// The people of the office.
const (
	enroller    = identity.OfficerID("CB-001-0007")
	counter     = identity.OfficerID("CB-001-0012")
	receiver    = identity.OfficerID("CB-001-0002")
	approver    = identity.OfficerID("PD-001-0001")
	adjudicator = identity.OfficerID("GD-C06-0003")
	operator    = identity.OfficerID("SX-C06-0001")
)

// monday is when the office opens; the day after is Vietnam Culture Day, on which
// it is closed.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, identity.HanoiTime)

const day = 24 * time.Hour

// Sizes as the configuration has them.
var sizes = packet.Sizes{Document: 1 << 16, Portrait: 2 << 20, Finger: 1 << 20, Packet: 8 << 20}

var (
	forms    = sync.OnceValues(func() (*render.Renderer, error) { return render.Load(cardforms.BuiltIn) })
	calendar = sync.OnceValues(func() (*identity.Calendar, error) { return identity.LoadCalendar() })
	catalog  = sync.OnceValues(profile.Load)
)

// testOffice is an issuing office with one application. Its activities, its register,
// its chips and its printed sides are real; the clock is skipped, and people,
// courier and ABIS do what the test says.
type testOffice struct {
	*registry.Registry

	t       *testing.T
	clock   func(time.Time) // sets the database's, which is the workflow's at each activity
	env     *testsuite.TestWorkflowEnvironment
	folder  string // of the sample
	forms   *render.Renderer
	number  identity.ApplicationNumber
	before  registry.ApplicationRecord        // as it was received
	limits  workflows.Limits                  // with which the workflow is begun
	lasts   map[identity.Action]time.Duration // how long the office waits, whatever they say
	urgent  bool
	release workflows.Release // that began the workflow

	remote   map[string]workflow.ActivityOptions      // as they were last used
	local    map[string]workflow.LocalActivityOptions // likewise
	acts     map[identity.Action][][]act              // what people do when it waits for them, visit by visit
	printing act                                      // what happens when the printer is sent a card
	during   map[string]act                           // what happens while an activity runs
	ahead    map[string]act                           // what happened just before an activity runs
	answered []string                                 // what people heard
	awaits   string                                   // what operators saw last that it waits for
	shown    []identity.Stage                         // what operators saw, in the search attributes
	failing  []string                                 // and which activity fails; that it does no more can't be seen in these
	details  []string                                 // what else they read from then on
	hurry    map[string][]int                         // priority keys of each activity, in the order they were scheduled

	corrected bool // the population registry says what the applicant does

	hits     []identity.ApplicationNumber // what the ABIS finds
	late     atomic.Value                 // string: the activity that waits until free is closed
	free     chan struct{}
	frees    string         // the activity that closes free when it is done
	silent   map[string]int // how often nobody takes up that activity of the station
	down     map[string]int // how often that activity cannot reach what it needs
	deaf     map[string]int // how often that activity does its work, and nobody hears of it
	breaks   map[string]int // how often that activity panics
	astray   map[string]int // activities that find the application elsewhere, and how often
	twice    bool           // every activity is done twice
	corrupt  int            // how many blanks have bad chips, the first ones
	jam      int            // how many prints fail before one succeeds
	noInk    int            // how many prints the printer calls done without printing
	unsure   int            // how many prints the printer does not know the end of
	off      int            // how often the printer does not answer
	wrong    int            // how often the station's clock is an hour wrong
	missing  int            // how many cards the courier loses
	told     map[identity.ConsignmentNumber]bool
	stutters bool // every box is reported twice, the second time an hour later
	spool    string
	station  *activities.Station
	url      string   // of the database
	chips    string   // folder of the chips
	journal  string   // folder of the station's journal
	rsa      bool     // chips do Active Authentication by RSA
	beside   []string // applications that cards have beside the eMRTD application
	lost     int      // how many certificates are booked without the station hearing of it
	signCA   *pki.SignatureCA
	printed  map[string][2]image.Image // sides, by job
}

// act is something that happens to the application.
type act func(o *testOffice)

// option changes an office before it opens.
type option func(o *testOffice, s *setting)

// setting is what newOffice makes an office of.
type setting struct {
	sample string
	blanks int
	change func(*packet.Submission)
	known  func(*registry.Citizen)
}

func sample(name string) option { return func(_ *testOffice, s *setting) { s.sample = name } }
func blanks(n int) option       { return func(_ *testOffice, s *setting) { s.blanks = n } }
func noBlanks() option          { return func(_ *testOffice, s *setting) { s.blanks = 0 } }
func signing() option {
	return func(o *testOffice, _ *setting) { o.beside, o.lost, o.rsa = []string{profile.DigitalSignature}, 1, true }
}
func corrupt(n int) option { return func(o *testOffice, _ *setting) { o.corrupt = n } }

// known changes what the population registry knows.
func known(change func(*registry.Citizen)) option {
	return func(_ *testOffice, s *setting) { s.known = change }
}

// submitted changes what the station sends.
func submitted(change func(*packet.Submission)) option {
	return func(_ *testOffice, s *setting) { s.change = change }
}

// inHanoi has an application of elsewhere filed where these officers serve.
func inHanoi(s *packet.Submission) { s.Station, s.Officer = "001-TN-01", string(enroller) }

// extraForms adds the forms of a folder to those that are built in.
func extraForms(folder string) option {
	return func(o *testOffice, _ *setting) {
		var err error
		o.forms, err = render.Load(cardforms.BuiltIn, os.DirFS(folder))
		require.NoError(o.t, err)
	}
}

// newOffice opens an office that has received one application: a first card at
// 14, if no option says otherwise.
func newOffice(t *testing.T, options ...option) *testOffice {
	t.Helper()
	o := &testOffice{
		t: t, acts: make(map[identity.Action][][]act), during: make(map[string]act), ahead: make(map[string]act),
		release: workflows.CurrentRelease, hurry: make(map[string][]int), silent: make(map[string]int), down: make(map[string]int),
		deaf: make(map[string]int), breaks: make(map[string]int),
		told: make(map[identity.ConsignmentNumber]bool), remote: make(map[string]workflow.ActivityOptions), local: make(map[string]workflow.LocalActivityOptions), spool: t.TempDir(), chips: t.TempDir(), journal: t.TempDir(), printed: make(map[string][2]image.Image),
		limits: workflows.Limits{
			Recapture: 30 * day, Resolution: 30 * day, Collect: 365 * day, StationWait: time.Hour, Cards: 3,
		},
		lasts: map[identity.Action]time.Duration{identity.ToRecapture: 30 * day, identity.ToResolve: 30 * day, identity.ToHandOver: 365 * day},
	}
	var err error
	o.forms, err = forms()
	require.NoError(t, err)
	s := setting{sample: "01-first-issue-at-14", blanks: 10}
	for _, option := range options {
		option(o, &s)
	}
	o.folder = filepath.Join("..", "samples", s.sample)
	o.url = registrytest.NewSchema(t, registrytest.URL(t))
	o.Registry, o.clock = newRegistry(t, o.url)
	o.furnish(s)
	o.receive(s)
	o.staff()
	return o
}

func newRegistry(t *testing.T, url string) (r *registry.Registry, clock func(time.Time)) {
	t.Helper()
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "vault.key"), true)
	require.NoError(t, err)
	clock = registrytest.NewClock(t, url)
	r, err = registry.Open(t.Context(), url, registry.Options{Vault: vault.New(master), MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r, clock
}

// furnish registers the station, the population and a box of blanks.
func (o *testOffice) furnish(s setting) {
	o.t.Helper()
	ctx := o.t.Context()
	script, err := samples.ReadScript(os.DirFS("../samples"))
	require.NoError(o.t, err)
	for _, one := range script.Stations {
		registrytest.RegisterStation(o.t, o.Registry, one.ID, make([]byte, 32))
	}
	citizens, err := samples.ReadPopulation(os.DirFS("../samples"))
	require.NoError(o.t, err)
	for _, c := range citizens {
		citizen := seeded(c)
		if s.known != nil {
			s.known(&citizen)
		}
		require.NoError(o.t, o.SeedCitizen(ctx, citizen))
	}
	if s.blanks > 0 {
		o.stock("B-1", "PT0001", identity.BlankSerial(fmt.Sprintf("PT%04d", s.blanks)))
	}
}

// seeded is a citizen of the samples as the built-in population registry keeps one.
func seeded(c samples.Citizen) registry.Citizen {
	citizen := registry.Citizen{Person: c.Person, Status: identity.CitizenStatus(c.Status)}
	if c.Card != nil {
		citizen.LiveCard = &registry.OldCard{Serial: c.Card.Serial, Form: c.Card.Form, Issued: c.Card.Issued, Expiry: c.Card.Expiry}
	}
	return citizen
}

// stock takes a box of blanks in.
func (o *testOffice) stock(box string, first, last identity.BlankSerial) {
	act := identity.ReceiveBlanks{
		Box: box, First: first, Last: last, Location: identity.LocationCenter, ReceivedBy: "TK-C06-0001", CountedBy: "TK-C06-0002",
	}
	require.NoError(o.t, o.ReceiveBlanks(context.WithoutCancel(o.t.Context()), act, o.signed(act, statement.Box(box))))
}

// receive stores the application as the gateway does.
func (o *testOffice) receive(s setting) {
	o.t.Helper()
	submission, err := packet.ReadSubmission(os.DirFS(o.folder), "application.json", sizes)
	require.NoError(o.t, err)
	if s.change != nil {
		s.change(&submission)
	}
	checked, err := o.door().Check(submission)
	require.NoError(o.t, err)
	receipt, err := registrytest.Signing{Registry: o.Registry}.Receive(o.t.Context(), checked)
	require.NoError(o.t, err)
	o.number = receipt.Number
	o.before = o.record()
}

// door is where applications come in.
func (o *testOffice) door() *intake.Door {
	o.t.Helper()
	c, err := calendar()
	require.NoError(o.t, err)
	return &intake.Door{Registry: o.Registry, Forms: o.forms, Calendar: c, Sizes: sizes, Chip: lds.Profiles()[1], Now: time.Now}
}

// staff puts workflow and activities to work, as the crew does.
func (o *testOffice) staff() {
	o.t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet())
	o.env = suite.NewTestWorkflowEnvironment()
	o.env.SetStartTime(monday)
	o.env.SetTestTimeout(5 * time.Minute) // of the wall clock, while a slow machine makes a card
	o.env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&watcher{o: o}, &activities.Refusals{}, &breaker{o: o}},
		DeadlockDetectionTimeout: time.Minute,
	})
	o.env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) { o.notice(args.Get(0).(temporal.SearchAttributes)) }).Return(nil)

	authority, err := pki.OpenDev(o.t.TempDir(), pki.Options{Clock: o.env.Now, CSCACurve: "P-256", SignerCurve: "P-256"})
	require.NoError(o.t, err)
	chip, err := lds.ProfileByName("nist")
	require.NoError(o.t, err)
	if o.rsa {
		chip.AACurve = ""
	}
	c, err := calendar()
	require.NoError(o.t, err)
	drawing := render.Options{Mode: render.Full, Specimen: true}
	o.env.RegisterActivity(&activities.Pipeline{
		Registry: o.Registry, Population: (*population)(o), ABIS: (*abis)(o),
		Profile: chip, Applications: o.beside, Forms: o.forms, Print: drawing, Calendar: c,
		Consignments: (*courier)(o), ConsignmentSize: 1, AtRiskDays: 2,
		Limits: o.lasts,
	})
	chips := o.chipStation()
	chips.Sealer = personalization.Sealer{Profile: chip, Signer: authority.Signers(), Now: o.env.Now}
	chips.Certify = o.certify(authority)
	o.station = &activities.Station{
		ID: "PX-01", Holders: (*population)(o), Queue: workflows.StationQueue("PX-01"), Line: activities.NewLine(o.Registry, "PX-01", 2, slog.New(slog.DiscardHandler)),
		Registry: o.Registry, Chip: chips, InsertWait: time.Second,
		Printer: &printer{o: o, spool: printing.Spool{Dir: o.spool}},
		Camera:  (*eye)(o), Print: drawing, Forms: o.forms, Trust: authority.TrustStore, Now: o.stationClock,
	}
	o.env.RegisterActivity(o.station)
}

// certify certifies the keys of digital signatures.
func (o *testOffice) certify(authority *pki.Authority) func(context.Context, identity.CardSerial, string, []byte) ([]byte, error) {
	if len(o.beside) == 0 {
		return nil
	}
	var err error
	o.signCA, err = authority.MakeSignatureCA(o.env.Now())
	require.NoError(o.t, err)
	certifier := activities.Certifier{Registry: o.Registry, Station: "PX-01", CA: authority.SignatureCA, Now: o.env.Now}
	return func(ctx context.Context, card identity.CardSerial, application string, key []byte) ([]byte, error) {
		certificate, err := certifier.Certify(ctx, card, application, key)
		if o.lost > 0 {
			o.lost--
			return nil, errors.Join(err, errors.New("connection reset by peer"))
		}
		return certificate, err
	}
}

// stationClock is wrong as often as the test says.
func (o *testOffice) stationClock() time.Time {
	if o.wrong > 0 {
		o.wrong--
		return o.env.Now().Add(time.Hour)
	}
	return o.env.Now()
}

// quiet logs nothing: what tests need to know they look at.
func quiet() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// chipStation is a station with an encoder whose cards are software.
func (o *testOffice) chipStation() *station.Station {
	cards, err := catalog()
	require.NoError(o.t, err)
	journal, err := station.OpenJournal(o.journal, false)
	require.NoError(o.t, err)
	keys := func(version byte) func([]byte) (securechannel.KeySet, error) {
		key := make([]byte, 16)
		key[0] = version
		return func([]byte) (securechannel.KeySet, error) {
			return securechannel.KeySet{Version: version, ENC: key, MAC: key, DEK: key}, nil
		}
	}
	encoder, err := station.NewSimulated(o.chips, station.SimulatedOptions{
		InitialKeys: func(_ context.Context, _ string, serial []byte) (securechannel.KeySet, error) {
			return keys(0x7F)(serial)
		},
		Faults: func(blank string) []station.SimulatedFault {
			if blank > fmt.Sprintf("PT%04d", o.corrupt) {
				return nil
			}
			return []station.SimulatedFault{{Kind: station.CorruptFile, File: 0x0101, Offset: 20}}
		},
	})
	require.NoError(o.t, err)
	return &station.Station{
		Encoder: encoder, Journal: journal, Catalog: cards,
		InitialKeys: func(_ context.Context, version byte, serial []byte) (securechannel.KeySet, error) {
			return keys(version)(serial)
		},
		CardKeys: func(_ context.Context, serial []byte) (securechannel.KeySet, error) { return keys(0x01)(serial) },
	}
}

// notice is an operator looking at the search attributes.
func (o *testOffice) notice(attributes temporal.SearchAttributes) {
	if stage, ok := attributes.GetKeyword(workflows.StageKey); ok {
		o.shown = append(o.shown, identity.Stage(stage))
	}
	if awaits, said := attributes.GetKeyword(workflows.AwaitingKey); said {
		o.awaits = awaits
	}
	if failing, said := attributes.GetKeyword(workflows.FailingActivityKey); said {
		o.failing = append(o.failing, failing)
	}
	if len(o.failing) > 0 {
		o.env.RegisterDelayedCallback(func() { o.details = append(o.details, o.read()) }, 0)
	}
}

// read gives the current details, as the Temporal UI shows them.
func (o *testOffice) read() string {
	o.t.Helper()
	answer, err := o.env.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(o.t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(o.t, answer.Get(&metadata))
	return metadata.GetCurrentDetails()
}

// visit is people coming because the application waits for them.
func (o *testOffice) visit(action identity.Action) {
	if len(o.acts[action]) == 0 {
		return
	}
	visit := o.acts[action][0]
	o.acts[action] = o.acts[action][1:]
	for i, act := range visit {
		o.env.RegisterDelayedCallback(func() { act(o) }, time.Duration(i+1)*time.Hour)
	}
}

// when says what people do the next time the application waits for that, an hour
// apart. Called again, it says what they do the time after.
func (o *testOffice) when(action identity.Action, acts ...act) {
	o.acts[action] = append(o.acts[action], acts)
}

// signed is the statement of an act, made now by the office's clock.
func (o *testOffice) signed(message identity.Act, subject string) statement.Signed {
	now := time.Now()
	if o.env != nil { // the office has opened
		now = o.env.Now()
		o.clock(now)
	}
	return registrytest.SignedAt(now, message, subject, "")
}

// update sends a person's act, which the person signed, and notes the answer.
func update(message identity.Act) act {
	return func(o *testOffice) {
		if _, handsOver := message.(identity.HandOverCard); handsOver {
			registrytest.Pay(o.t, o.Registry, o.number, o.signed)
		}
		state(message, o.signed(message, statement.Application(o.number)))(o)
	}
}

// state sends a person's act with that statement, and notes the answer.
func state(message identity.Act, signed statement.Signed) act {
	return func(o *testOffice) {
		name := message.ActName()
		answer := func(err error) {
			text := name + ": accepted"
			if err != nil {
				text = name + ": " + o.anonymous(err)
			}
			o.answered = append(o.answered, text)
		}
		o.env.UpdateWorkflow(name, signed.ID(), &testsuite.TestUpdateCallback{
			OnAccept:   func() {},
			OnReject:   answer,
			OnComplete: func(_ any, err error) { answer(err) },
		}, message, signed)
	}
}

// anonymous is what an officer reads, without the number, which is random.
func (o *testOffice) anonymous(err error) string {
	return strings.ReplaceAll(sentence(err), string(o.number), "A")
}

// sentence is what an officer reads: the failure's own message.
func sentence(err error) string {
	if failure, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return failure.Message()
	}
	return err.Error()
}

// after does something that much later.
func after(d time.Duration, what act) act {
	return func(o *testOffice) { o.env.RegisterDelayedCallback(func() { what(o) }, d) }
}

// together does things at the same moment.
func together(acts ...act) act {
	return func(o *testOffice) {
		for _, act := range acts {
			act(o)
		}
	}
}

// What people say.
var (
	approves   = update(identity.Approve{Officer: approver})
	rejects    = update(identity.Reject{Officer: approver, Reason: "papers-forged: they do not hold"})
	withdraws  = update(identity.Withdraw{Officer: counter, Reason: "card-found"})
	releases   = update(identity.Release{Officer: approver, Reason: "verified"})
	holds      = update(identity.Hold{Officer: approver, Reason: "papers-awaited", CitizensPart: true})
	handsOver  = finger("left-index-handover.fmr")
	remakes    = update(identity.Release{Officer: operator, Reason: "card-given-up: the station burnt", Remake: true})
	officially = handsOverTo(identity.HandOverByOfficer, "known to the officer")
)

// approvesAs is that officer granting the card.
func approvesAs(officer identity.OfficerID) act {
	return update(identity.Approve{Officer: officer})
}

// adjudicates is the adjudicator comparing the persons found.
func adjudicates(samePerson bool) act {
	return update(identity.Adjudicate{Officer: adjudicator, SamePerson: samePerson, Reason: "compared the faces"})
}

// handsOverTo hands the card over without a fingerprint.
func handsOverTo(method identity.HandOverMethod, proof string) act {
	return update(identity.HandOverCard{Officer: counter, Method: method, Proof: proof, OldCard: identity.OldCardReceived})
}

// restocks is a box coming, and those who wait for it being told.
func restocks(o *testOffice) {
	o.stock("B-2", "PT0005", "PT0005")
	o.env.SignalWorkflow(workflows.SignalLook, nil)
}

// corrects is the population registry being put right.
func corrects(o *testOffice) { o.corrected = true }

// finger is the citizen laying a finger on the reader.
func finger(file string) act {
	return func(o *testOffice) {
		template, err := os.ReadFile(filepath.Join(o.folder, file))
		require.NoError(o.t, err)
		probe, err := fingerprint.Templates{fingerprint.LeftIndex: template}.MarshalBinary()
		require.NoError(o.t, err)
		try, err := o.Probe(o.t.Context(), o.number, probe)
		require.NoError(o.t, err)
		update(identity.HandOverCard{Officer: counter, Method: identity.HandOverByFingerprint, Probe: try, OldCard: identity.OldCardReceived})(o)
	}
}

// photographs is the station taking the portrait again.
func photographs(file string, round int) act {
	return func(o *testOffice) {
		portrait, err := os.ReadFile(filepath.Join(o.folder, file))
		require.NoError(o.t, err)
		require.NoError(o.t, o.Capture(o.t.Context(), o.number, round, nil, map[identity.EvidenceKind][]byte{identity.EvidencePortrait: portrait}))
		update(identity.Recapture{Officer: enroller, Round: round})(o)
	}
}

// input is what the workflow of the application is begun with.
func (o *testOffice) input() workflows.CardApplicationInput {
	o.t.Helper()
	app := o.before.Application
	return workflows.CardApplicationInput{
		Application: o.number, Type: app.Type, Province: o.before.Province, EnrolledBy: app.Officer,
		NeedsCapture: app.NeedsCapture(), Urgent: o.urgent, Due: o.before.Due, RiskAt: o.riskAt(), Limits: o.limits,
		Release: o.release,
	}
}

// start runs the workflow until it is over.
func (o *testOffice) start(in workflows.CardApplicationInput) {
	o.t.Helper()
	o.env.ExecuteWorkflow(workflows.CardApplication, in)
	require.True(o.t, o.env.IsWorkflowCompleted())
}

// process runs the application to its end.
func (o *testOffice) process() workflows.CardApplicationResult {
	o.t.Helper()
	o.start(o.input())
	require.NoError(o.t, o.env.GetWorkflowError())
	var result workflows.CardApplicationResult
	require.NoError(o.t, o.env.GetWorkflowResult(&result))
	require.Equal(o.t, result.End, o.record().Stage, "the registry has the same end")
	require.NoError(o.t, o.VerifyAudit(o.t.Context(), o.number))
	o.balanced()
	return result
}

// riskAt is when the legal deadline comes near.
func (o *testOffice) riskAt() time.Time {
	c, err := calendar()
	require.NoError(o.t, err)
	at, err := c.Before(o.before.Due, 2)
	require.NoError(o.t, err)
	return at
}

// balanced holds that no blank was lost, and none used twice.
func (o *testOffice) balanced() {
	o.t.Helper()
	stock, err := o.Stock(o.t.Context())
	require.NoError(o.t, err)
	require.True(o.t, stock.Balanced)
}

func (o *testOffice) record() registry.ApplicationRecord {
	o.t.Helper()
	record, err := o.Application(o.t.Context(), o.number)
	require.NoError(o.t, err)
	return record
}

// cards lists the cards as "1 spoiled PT0001".
func (o *testOffice) cards() []string {
	o.t.Helper()
	cards, err := o.Cards(o.t.Context(), o.number)
	require.NoError(o.t, err)
	list := make([]string, len(cards))
	for i, c := range cards {
		list[i] = strings.TrimSpace(fmt.Sprintf("%d %s %s", c.Attempt, c.State, c.Blank))
	}
	return list
}

// timeline is the story that operators ask for.
func (o *testOffice) timeline() []workflows.TimelineEntry {
	o.t.Helper()
	answer, err := o.env.QueryWorkflow(workflows.QueryTimeline)
	require.NoError(o.t, err)
	var timeline []workflows.TimelineEntry
	require.NoError(o.t, answer.Get(&timeline))
	return timeline
}

// story is what the timeline notes.
func (o *testOffice) story() []string {
	o.t.Helper()
	var notes []string
	for _, e := range o.timeline() {
		if e.Note != "" {
			notes = append(notes, strings.ReplaceAll(e.Note, string(o.number), "A"))
		}
	}
	return notes
}

// stages are those that the application passed.
func (o *testOffice) stages() []identity.Stage {
	o.t.Helper()
	var stages []identity.Stage
	for _, e := range o.timeline() {
		stages = append(stages, e.Stage)
	}
	return slices.Compact(stages)
}

// population is the built-in registry, which can be put right.
type population testOffice

func (p *population) PersonByNumber(ctx context.Context, n identity.PersonalNumber) (records.Record, error) {
	r, err := p.Registry.PersonByNumber(ctx, n)
	if p.corrected {
		r.Person = p.before.Application.Person
	}
	return r, err
}

func (p *population) Person(ctx context.Context, id identity.PersonID) (records.Record, error) {
	return p.Registry.Person(ctx, id)
}

func (p *population) RegisterPerson(ctx context.Context, who records.Registration) (records.Record, []records.Match, error) {
	return p.Registry.RegisterPerson(ctx, who)
}

// abis finds what the test says.
type abis testOffice

func (a *abis) Identify(context.Context, identity.ApplicationNumber, fingerprint.Templates) ([]identity.ApplicationNumber, error) {
	return a.hits, nil
}

// courier takes every box to its destination in a day, and loses some cards.
type courier testOffice

func (c *courier) Packed(_ context.Context, number identity.ConsignmentNumber, _ identity.StationID, _ bool) error {
	if c.told[number] {
		return nil
	}
	c.told[number] = true
	c.env.RegisterDelayedCallback(func() { c.deliver(number) }, day) //nolint:contextcheck // the call is over when the box arrives
	return nil
}

func (c *courier) deliver(number identity.ConsignmentNumber) {
	ctx := context.WithoutCancel(c.t.Context())
	var missing []identity.ApplicationNumber
	if c.missing > 0 {
		c.missing--
		missing = append(missing, c.number)
	}
	subject := statement.Consignment(number)
	send := identity.SendConsignment{Officer: operator, Courier: "VNPost", Seal: "88001"}
	require.NoError(c.t, c.SendConsignment(ctx, number, send, (*testOffice)(c).signed(send, subject)))
	receive := identity.ReceiveConsignment{Officer: receiver, Counted: 1 - len(missing), Missing: missing}
	require.NoError(c.t, c.ReceiveConsignment(ctx, number, receive, (*testOffice)(c).signed(receive, subject)))
	report := func() {
		c.env.SignalWorkflow(workflows.SignalArrived, workflows.Arrived{Consignment: number, Missing: len(missing) > 0})
	}
	report()
	if c.stutters {
		c.env.RegisterDelayedCallback(report, time.Hour)
	}
}

// printer jams as often as the test says, then prints.
type printer struct {
	o     *testOffice
	spool printing.Spool
}

func (p *printer) Prove(ctx context.Context) error { return p.spool.Prove(ctx) }

func (p *printer) Print(ctx context.Context, job string, card printing.Sides, tell func(string)) error {
	if act := p.o.printing; act != nil {
		p.o.printing = nil
		act(p.o)
	}
	if p.o.off > 0 {
		p.o.off--
		return errors.New("it does not answer")
	}
	if p.o.jam > 0 {
		p.o.jam--
		return identity.Refuse(identity.Spoiled, "the card jammed in the printer")
	}
	front, back, err := card.Draw(300)
	if err != nil {
		return err
	}
	if p.o.noInk > 0 {
		p.o.noInk--
		draw.Draw(front.(*image.RGBA), front.Bounds(), image.White, image.Point{}, draw.Src)
		draw.Draw(back.(*image.RGBA), back.Bounds(), image.White, image.Point{}, draw.Src)
	}
	p.o.printed[job] = [2]image.Image{front, back}
	if p.o.unsure > 0 {
		p.o.unsure--
		return &printing.Doubt{Why: "the printer forgot the job"}
	}
	return p.spool.Print(ctx, job, card, tell)
}

// eye is a camera that sees what the printer was given.
type eye testOffice

func (e *eye) Look(_ context.Context, job camera.Job) (front, back image.Image, err error) {
	printed, ok := e.printed[job.Name]
	if !ok {
		return nil, nil, errors.New("there is no card")
	}
	return printed[0], printed[1], nil
}

func (e *eye) Prove(context.Context) error { return nil }

// watcher notes the priority of every activity, and keeps the station from taking
// up those that the test says.
type watcher struct {
	interceptor.WorkerInterceptorBase
	o *testOffice
}

func (w *watcher) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &absence{interceptor.ActivityInboundInterceptorBase{Next: next}, w.o}
}

func (w *watcher) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &watchedWorkflow{interceptor.WorkflowInboundInterceptorBase{Next: next}, w.o}
}

type absence struct {
	interceptor.ActivityInboundInterceptorBase
	o *testOffice
}

func (a *absence) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	name := activity.GetInfo(ctx).ActivityType.Name
	a.o.clock(a.o.env.Now())
	if atOwn := activity.GetInfo(ctx).TaskQueue == workflows.StationQueue("PX-01"); a.o.silent[name] > 0 && atOwn {
		a.o.silent[name]--
		return nil, temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START, nil)
	}
	if a.o.down[name] > 0 {
		a.o.down[name]--
		return nil, errors.New("connection refused")
	}
	if act := a.o.during[name]; act != nil {
		delete(a.o.during, name)
		a.o.env.RegisterDelayedCallback(func() { act(a.o) }, 0)
	}
	if act := a.o.ahead[name]; act != nil {
		delete(a.o.ahead, name)
		act(a.o)
	}
	if name == a.o.late.Load() {
		<-a.o.free
	}
	out, err := a.Next.ExecuteActivity(ctx, in)
	if a.o.twice && err == nil {
		out, err = a.Next.ExecuteActivity(ctx, in)
	}
	if a.o.deaf[name] > 0 {
		a.o.deaf[name]--
		return nil, errors.New("the connection broke")
	}
	if name == a.o.frees {
		a.o.frees = ""
		close(a.o.free)
	}
	if entered, ok := in.Args[0].(activities.EnterInput); ok && err == nil && entered.Awaiting != identity.NoAction {
		a.o.env.RegisterDelayedCallback(func() { a.o.visit(entered.Awaiting) }, 0)
	}
	return out, err
}

// breaker has activities panic or refuse, as often as the test says.
type breaker struct {
	interceptor.WorkerInterceptorBase
	o *testOffice
}

func (b *breaker) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &broken{interceptor.ActivityInboundInterceptorBase{Next: next}, b.o}
}

type broken struct {
	interceptor.ActivityInboundInterceptorBase
	o *testOffice
}

func (b *broken) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	name := activity.GetInfo(ctx).ActivityType.Name
	if b.o.breaks[name] > 0 {
		b.o.breaks[name]--
		panic("a mistake of " + name)
	}
	if b.o.astray[name] > 0 {
		b.o.astray[name]--
		return nil, identity.Refuse(identity.Elsewhere, "it is not here")
	}
	return b.Next.ExecuteActivity(ctx, in)
}

type watchedWorkflow struct {
	interceptor.WorkflowInboundInterceptorBase
	o *testOffice
}

func (w *watchedWorkflow) Init(next interceptor.WorkflowOutboundInterceptor) error {
	return w.Next.Init(&watchedActivities{interceptor.WorkflowOutboundInterceptorBase{Next: next}, w.o})
}

type watchedActivities struct {
	interceptor.WorkflowOutboundInterceptorBase
	o *testOffice
}

func (w *watchedActivities) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	w.o.local[name] = workflow.GetLocalActivityOptions(ctx)
	return w.Next.ExecuteLocalActivity(ctx, name, args...)
}

func (w *watchedActivities) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	w.o.remote[name] = workflow.GetActivityOptions(ctx)
	w.o.hurry[name] = append(w.o.hurry[name], workflow.GetActivityOptions(ctx).Priority.PriorityKey)
	return w.Next.ExecuteActivity(ctx, name, args...)
}

// holdUp makes that activity wait until o.free is closed.
func (o *testOffice) holdUp(name string) {
	o.free = make(chan struct{})
	o.late.Store(name)
}

// errOf is the error of a call whose result is of no interest.
func errOf[T any](_ T, err error) error { return err }
