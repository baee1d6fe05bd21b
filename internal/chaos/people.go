package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// people are everybody who works with the office. They look at its lists, as people
// do, and at nothing else: what no list shows waits for ever.
type people struct {
	*site

	seed       uint64
	enrollment *enrollment
	report     *report

	matrix *matrix // says who is to wait; nil: nobody

	acts sync.WaitGroup

	mu         sync.Mutex
	busy       map[string]bool                                // what somebody is at
	fingers    map[identity.ApplicationNumber]int             // that were laid on the reader, and refused
	accepted   map[identity.ApplicationNumber]map[string]bool // ends that an officer was told are accepted
	unanswered map[string]statement.Signed                    // by application and act
	boxes      int                                            // of blanks, that were received
}

func newPeople(s *site, o options, e *enrollment, r *report) *people {
	return &people{
		site: s, seed: o.seed, enrollment: e, report: r, busy: make(map[string]bool),
		unanswered: make(map[string]statement.Signed), fingers: make(map[identity.ApplicationNumber]int), accepted: make(map[identity.ApplicationNumber]map[string]bool),
	}
}

// work works until ctx ends.
func (p *people) work(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	defer p.acts.Wait()
	for {
		p.decide(ctx)
		p.ship(ctx)
		p.resume(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// once has somebody do a thing, unless somebody is at it already.
func (p *people) once(what string, do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[what] {
		return
	}
	p.busy[what] = true
	p.acts.Go(func() {
		do()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.busy, what)
	})
}

// decide does what applications are listed as waiting for.
func (p *people) decide(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, err := p.flows.List(asking, workflows.Filter{Limit: 100_000})
	if err != nil {
		return // looked at again soon
	}
	applicants, _ := p.enrollment.known()
	for _, l := range list {
		a, known := applicants[l.Application]
		if !known || l.Awaiting == identity.NoAction || p.matrix.keep(string(l.Application), place{awaiting: l.Awaiting}) {
			continue
		}
		if l.Awaiting == identity.ToRestock {
			p.once("blanks", func() { p.receiveBlanks(ctx, 10) })
			continue
		}
		p.once(string(l.Application), func() { p.act(ctx, l.Application, a, l.Awaiting) })
	}
}

// badge is an officer of the province in which an application was filed.
func (a *applicant) badge(kind, number string) identity.OfficerID {
	province, _, _ := strings.Cut(string(a.application.Station), "-")
	return identity.OfficerID(kind + "-" + province + "-" + number)
}

// because is the reason of every act that needs one.
const because = "other: chaos"

// act does what one application waits for. Where the answer is lost, the lists show
// that it still waits, and it is done again.
func (p *people) act(ctx context.Context, number identity.ApplicationNumber, a *applicant, awaiting identity.Action) {
	officer := a.badge("PD", "0001")
	reject := identity.Reject{Officer: officer, Reason: because}
	switch awaiting {
	case identity.ToRecapture:
		if a.plan.comesAgain {
			p.recapture(ctx, number, a)
		}
	case identity.ToResolve:
		if !a.plan.corrected {
			_ = p.tell(ctx, number, reject)
		} else if p.correct(ctx, a) == nil {
			_ = p.tell(ctx, number, identity.Release{Officer: officer, Reason: because})
		}
	case identity.ToAdjudicate:
		_ = p.tell(ctx, number, identity.Adjudicate{Officer: "GD-C06-0003", SamePerson: a.plan.samePerson, Reason: because})
	case identity.ToApprove:
		p.approve(ctx, number, a, officer)
	case identity.ToRepair:
		err := p.tell(ctx, number, identity.Release{Officer: "SX-C06-0001", Reason: because, Remake: a.plan.remade})
		if a.plan.remade && refused(err) { // its station is not the trouble
			_ = p.tell(ctx, number, identity.Release{Officer: "SX-C06-0001", Reason: because})
		}
	case identity.ToAttend:
		if a.plan.mislaid && p.mislay(ctx, number, false) != nil {
			return
		}
		_ = p.tell(ctx, number, identity.Release{Officer: "SX-C06-0001", Reason: because})
		pause(ctx, 5*time.Second) // what was in its way may take a while
	case identity.ToRelease:
		if a.plan.released {
			_ = p.tell(ctx, number, identity.Release{Officer: officer, Reason: because})
		} else {
			_ = p.tell(ctx, number, reject)
		}
	case identity.ToHandOver:
		p.handOver(ctx, number, a)
	case identity.NoAction, identity.ToRestock, identity.ToSendAway, identity.ToCountIn: // nothing, or not of one application
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// approve decides on an application, or two officers do at the same instant.
func (p *people) approve(ctx context.Context, number identity.ApplicationNumber, a *applicant, officer identity.OfficerID) {
	reject := identity.Reject{Officer: a.badge("PD", "0002"), Reason: because, Seen: identity.Approval}
	switch a.plan.approval {
	case "approve":
		if a.plan.mislaid && p.mislay(ctx, number, true) != nil {
			return
		}
		_ = p.tell(ctx, number, identity.Approve{Officer: officer, Paper: "birth certificate"})
	case "reject":
		_ = p.tell(ctx, number, reject)
	case "withdraw":
		_ = p.tell(ctx, number, identity.Withdraw{Officer: a.badge("CB", "0012"), Reason: because})
	case "both":
		p.contradict(ctx, number, identity.Approve{Officer: officer, Paper: "birth certificate"}, reject)
	}
}

// contradict carries two decisions to an application at the same instant, of which
// one can stand. Where an answer takes longer, one may have been accepted at a later
// wait.
func (p *people) contradict(ctx context.Context, number identity.ApplicationNumber, one, other identity.Act) {
	began := time.Now()
	var first, second error
	var both sync.WaitGroup
	both.Go(func() { first = p.tell(ctx, number, one) })
	both.Go(func() { second = p.tell(ctx, number, other) })
	both.Wait()
	if first == nil && second == nil && time.Since(began) < time.Second {
		p.report.violate(string(number), fmt.Sprintf("%s and %s were both accepted at the same instant", one.ActName(), other.ActName()))
	}
}

// recapture stores a good portrait, and says so.
func (p *people) recapture(ctx context.Context, number identity.ApplicationNumber, a *applicant) {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	record, err := p.office.Registry.Application(asking, number)
	if err != nil {
		return
	}
	evidence, err := intake.Recapture(packet.Submission{Portrait: &packet.Image{Data: a.portrait}}, nil, p.office.Sizes())
	if err != nil {
		p.report.violate(string(number), "a good portrait was refused: "+err.Error())
		return
	}
	round := record.CaptureRound + 1
	if p.office.Registry.Capture(asking, number, round, nil, evidence) == nil {
		_ = p.tell(ctx, number, identity.Recapture{Officer: a.application.Officer, Round: round})
	}
}

// correct puts the population register right.
func (p *people) correct(ctx context.Context, a *applicant) error {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	person, err := json.Marshal(a.application.Person)
	if err != nil {
		return err
	}
	return p.change(asking, `UPDATE citizens SET person = $2, status = 'alive' WHERE number = $1`, string(a.application.Person.Number), person)
}

// change changes what the programs may not.
func (p *people) change(ctx context.Context, query string, args ...any) error {
	state, err := pgx.Connect(ctx, p.state)
	if err != nil {
		return err
	}
	defer func() { _ = state.Close(ctx) }() // what was written is committed
	_, err = state.Exec(ctx, query, args...)
	return err
}

// mislay puts an application's portrait where the office does not find it, as a mistake
// might that nobody foresaw, or puts it back.
func (p *people) mislay(ctx context.Context, number identity.ApplicationNumber, away bool) error {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	query := `UPDATE vault_blobs SET attempt = attempt - 1000 WHERE application = $1 AND kind = 'portrait' AND attempt > 1000`
	if away {
		query = `UPDATE vault_blobs SET attempt = attempt + 1000 WHERE application = $1 AND kind = 'portrait' AND attempt < 1000`
	}
	return p.change(asking, query, string(number))
}

// handOver gives the card out. Some citizens lay another finger on the reader first;
// where the right one is not recognized, an officer decides.
func (p *people) handOver(ctx context.Context, number identity.ApplicationNumber, a *applicant) {
	m := identity.HandOverCard{Officer: a.badge("CB", "0012"), OldCard: identity.OldCardNone}
	if a.application.HandsInOldCard() {
		m.OldCard = identity.OldCardReceived
	}
	p.mu.Lock()
	refusals := p.fingers[number]
	p.mu.Unlock()
	switch {
	case a.application.Delivery == identity.Post:
		m.Method, m.Proof = identity.HandOverByPost, "VN000000001VN"
	case a.probe == nil:
		m.Method, m.Proof = identity.HandOverByProxy, because
	case refusals > 1:
		m.Method, m.Proof = identity.HandOverByOfficer, because
	default:
		m.Method = identity.HandOverByFingerprint
		probe := a.probe
		if a.plan.wrongFinger && refusals == 0 {
			probe = p.anotherFinger(number)
		}
		asking, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		var err error
		if m.Probe, err = p.office.Registry.Probe(asking, number, probe); err != nil {
			return
		}
	}
	if err := p.pay(ctx, number, m.Officer); err != nil {
		return
	}
	if err := p.tell(ctx, number, m); refused(err) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.fingers[number]++
	}
}

// pay has the citizen pay the fee at the counter, unless there is none or it was paid.
func (p *people) pay(ctx context.Context, number identity.ApplicationNumber, officer identity.OfficerID) error {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	payment, err := p.office.Registry.Payment(asking, number)
	if err != nil || payment.Fee == 0 || payment.PaidAt != nil {
		return err
	}
	act := identity.CollectFee{OfFee: identity.OfFee{Officer: officer, Amount: payment.Fee, Receipt: "BL-" + string(number)}}
	signed, err := p.sign(number, act)
	if err != nil {
		return err
	}
	return p.office.Registry.CollectFee(asking, number, act, signed)
}

// anotherFinger is that of whoever applied under another number.
func (p *people) anotherFinger(number identity.ApplicationNumber) []byte {
	own, _ := p.enrollment.known()
	for n, a := range own {
		if n != number && a.probe != nil {
			return a.probe
		}
	}
	return own[number].probe
}

// tell carries an act to an application once, and gives the answer. One that was not
// answered is the same statement when it is done again.
func (p *people) tell(ctx context.Context, number identity.ApplicationNumber, act identity.Act) error {
	signed, err := p.sign(number, act)
	if err != nil {
		p.report.violate(string(number), "an officer cannot sign: "+err.Error())
		return err
	}
	_, err = p.flows.Decide(ctx, number, act, signed)
	p.report.answered(act, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || refused(err) {
		delete(p.unanswered, string(number)+" "+act.ActName())
	}
	if err != nil {
		return err
	}
	if p.accepted[number] == nil {
		p.accepted[number] = make(map[string]bool)
	}
	p.accepted[number][act.ActName()] = true
	return nil
}

// sign gives the statement of an act: the one of before, where that was not answered.
func (p *people) sign(number identity.ApplicationNumber, act identity.Act) (statement.Signed, error) {
	subject, key := statement.Application(number), string(number)+" "+act.ActName()
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.unanswered[key]
	if before.Says(act, subject, before.ID()) == nil {
		return before, nil
	}
	signed, err := p.keys.State(act, subject, "")
	p.unanswered[key] = signed
	return signed, err
}

// refused tells a refusal from a fault that may pass.
func refused(err error) bool { return len(identity.Refusals(err)) > 0 }

// accompany does for an application what nobody is asked for: it is put on hold, or
// withdrawn, while it is on its way.
func (p *people) accompany(ctx context.Context, number identity.ApplicationNumber, a *applicant) {
	if a.plan.holdAfter > 0 {
		p.acts.Go(func() {
			p.insist(ctx, number, a.plan.holdAfter, identity.Hold{Officer: a.badge("PD", "0001"), Reason: because})
		})
	}
	if a.plan.withdrawAfter > 0 {
		p.acts.Go(func() {
			p.insist(ctx, number, a.plan.withdrawAfter, identity.Withdraw{Officer: a.badge("CB", "0012"), Reason: because})
		})
	}
}

// insist carries an act to an application after a while, and again until it is
// answered.
func (p *people) insist(ctx context.Context, number identity.ApplicationNumber, after time.Duration, act identity.Act) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(after):
		}
		if err := p.tell(ctx, number, act); err == nil || refused(err) {
			return
		}
		after = time.Second
	}
}

// acceptedEnds are the ends that officers were told are accepted.
func (p *people) acceptedEnds(number identity.ApplicationNumber) []identity.Stage {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ends []identity.Stage
	for act, end := range map[string]identity.Stage{
		identity.Reject{}.ActName(): identity.Rejected, identity.Withdraw{}.ActName(): identity.Withdrawn, identity.HandOverCard{}.ActName(): identity.Issued,
	} {
		if p.accepted[number][act] {
			ends = append(ends, end)
		}
	}
	return ends
}

// receiveBlanks takes a box of each kind of blank into stock of which there is none any more; the
// first of each box have bad chips (station.spoil_first).
func (p *people) receiveBlanks(ctx context.Context, blanks int) {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, document := range identity.Documents {
		if free, err := p.office.Registry.FreeBlanks(asking, document, 1); err == nil && free == 0 {
			p.receiveBox(asking, document, blanks)
		}
	}
}

// receiveBox takes the next box into stock. Should it not be known whether it arrived, it is taken
// in again.
func (p *people) receiveBox(ctx context.Context, document identity.Document, blanks int) {
	p.mu.Lock()
	box := p.boxes + 1
	p.mu.Unlock()
	act := identity.ReceiveBlanks{
		ReceivedBy: "TK-C06-0001", CountedBy: "TK-C06-0002", Box: fmt.Sprintf("B-%04d", box), Location: identity.LocationCenter, Document: document,
		First: identity.BlankSerial(fmt.Sprintf("P%04dT%04d", box, 1)), Last: identity.BlankSerial(fmt.Sprintf("P%04dT%04d", box, blanks)),
	}
	signed, err := p.keys.State(act, statement.Box(act.Box), "")
	if err == nil {
		err = p.office.Registry.ReceiveBlanks(ctx, act, signed)
	}
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.boxes = box
	}
}

// resume lets stations go on that paused themselves.
func (p *people) resume(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, err := p.office.Registry.StationsAtWork(asking)
	if err != nil {
		return // looked at again soon
	}
	for _, s := range list {
		if s.PausedWhy == "" {
			continue
		}
		p.once(string(s.ID), func() {
			pause(ctx, 5*time.Second) // it is mended
			act := identity.ResumeStation{Officer: "SX-C06-0001"}
			if signed, err := p.keys.State(act, statement.Station(s.ID), ""); err == nil {
				_ = p.office.Registry.ResumeStation(ctx, s.ID, act, signed) // else again soon
			}
		})
	}
}

// ship moves the boxes of cards that are listed. Some are sealed early, and from some
// a card is missing at the count.
func (p *people) ship(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, err := p.office.Registry.Consignments(asking, time.Now())
	if err != nil {
		return // looked at again soon
	}
	for _, c := range list {
		if p.matrix.keep(string(c.Number), place{box: c.State}) {
			continue
		}
		var act identity.Act
		switch c.State {
		case identity.ConsignmentOpen:
			if len(c.Cards) < 2 || !p.luck(25, string(c.Number)) {
				continue
			}
			act = identity.SealConsignment{Officer: "SX-C06-0001"}
		case identity.ConsignmentSealed:
			act = identity.SendConsignment{Officer: "SX-C06-0001", Courier: "VNPost", Seal: "S-" + string(c.Number)}
		case identity.ConsignmentSent:
			count := identity.ReceiveConsignment{Officer: receiver(c.Destination)}
			for _, card := range c.Cards {
				if p.luck(5, string(c.Number), string(card.Application)) {
					count.Missing = append(count.Missing, card.Application)
				} else {
					count.Counted++
				}
			}
			act = count
		case identity.ConsignmentReceived, identity.ConsignmentDissolved:
			continue
		}
		p.once(string(c.Number), func() {
			signed, err := p.keys.State(act, statement.Consignment(c.Number), "")
			if err == nil {
				_, err = p.flows.Move(ctx, c.Number, act, signed)
			}
			p.report.answered(act, err)
		})
	}
}

// receiver counts consignments in at a destination; another hands their cards over.
func receiver(destination identity.StationID) identity.OfficerID {
	if destination == identity.DestinationPost {
		return "BC-VNPOST-0001"
	}
	province, _, _ := strings.Cut(string(destination), "-")
	return identity.OfficerID("CB-" + province + "-0002")
}

// luck is the same each time it is asked for the same things.
func (p *people) luck(percent uint64, things ...string) bool {
	h := fnv.New64a()
	fmt.Fprint(h, p.seed, things)
	return h.Sum64()%100 < percent
}
