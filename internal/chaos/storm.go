package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// unleash sends the applications through the office while faults strike it, and then
// has everything come to its end.
func unleash(ctx context.Context, o options, s *site, r *report, say func(string, ...any)) error {
	say("Preparing %d applications ...", o.applications)
	applicants, err := gather(ctx, o, s)
	if err != nil {
		return err
	}
	e := newEnrollment(s, r, len(applicants))
	p, w := newPeople(s, o, e, r), newWatch(s, e, r)
	if !o.ordered() {
		p.receiveBlanks(ctx, max(1, o.applications/2)) // they will run out
	}

	working, stop := context.WithCancel(ctx)
	var everybody sync.WaitGroup
	defer everybody.Wait()
	defer stop()
	send := func(a *applicant) {
		if number := e.send(working, a); number != "" {
			p.accompany(working, number, a)
		}
	}
	if o.ordered() {
		say("One fault strikes after the other (seed %d) ...", o.seed)
		p.matrix = &matrix{site: s, watch: w, report: r, say: say, send: send, queue: applicants, kept: make(map[string]place)}
	}
	everybody.Go(func() { p.work(working) })
	everybody.Go(func() { w.run(working) })
	everybody.Go(func() { p.mend(working) })
	if o.ordered() {
		p.matrix.run(ctx)
		e.expectNoMore(len(p.matrix.queue))
	} else {
		for _, a := range applicants {
			everybody.Go(func() { send(a) })
		}
		say("Faults strike for %s (seed %d) ...", o.duration, o.seed)
		weather(ctx, o, s, r, say)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	say("The faults are over; everything has %s to come to its end ...", o.drain)
	w.drain(ctx, o.drain, say)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.judge(ctx, applicants, p)
	return nil
}

// weather has the faults strike, each when its time has come.
func weather(ctx context.Context, o options, s *site, r *report, say func(string, ...any)) {
	ctx, stop := context.WithTimeout(ctx, o.duration) // what is frozen goes on then
	defer stop()
	began := time.Now()
	var strikes sync.WaitGroup
	defer strikes.Wait()
	for _, f := range schedule(o) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(began.Add(f.at))):
		}
		strikes.Go(func() {
			met, carryOut := s.aim(ctx, f)
			r.struck(f, met)
			if met != "" {
				say("%s  #%d %s %s", time.Now().UTC().Format(time.TimeOnly), f.index, f, met)
			}
			carryOut()
		})
	}
	<-ctx.Done()
}

// drain waits until everything has come to its end.
func (w *watch) drain(ctx context.Context, within time.Duration, say func(string, ...any)) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	began := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if w.settled() {
			w.report.drained(time.Since(began))
			say("Everything has come to its end after %s.", time.Since(began).Round(time.Second))
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// settled reports whether every application and consignment has ended, with its
// workflow.
func (w *watch) settled() bool {
	v := w.latest()
	_, pending := w.enrollment.known()
	return v != nil && w.up() && pending == 0 && len(v.running) == 0 &&
		!slices.ContainsFunc(v.applications, func(a standing) bool { return !a.Stage.Ended() }) &&
		!slices.ContainsFunc(v.consignments, func(c box) bool {
			return c.State != identity.ConsignmentReceived && c.State != identity.ConsignmentDissolved
		})
}

// destroyUnwanted is two officers destroying the finished cards of applications that
// ended without them. Spoiled ones stay, for the books to be looked at.
func (w *watch) destroyUnwanted(ctx context.Context) error {
	unwanted, err := w.office.Registry.Unwanted(ctx)
	for _, c := range unwanted {
		if c.State == identity.CardSpoiled {
			continue
		}
		act := identity.DestroyCard{Officer: "SX-C06-0001", Witness: "SX-C06-0002", Card: c.Attempt, Reason: "application-ended"}
		signed, unsigned := w.keys.State(act, statement.Application(c.Application), "")
		err = errors.Join(err, unsigned, w.office.Registry.Destroy(ctx, c.Application, act, signed))
	}
	return err
}

// judge says in the end what has not become of everything what should have.
func (w *watch) judge(ctx context.Context, applicants []*applicant, p *people) {
	if err := w.destroyUnwanted(ctx); err != nil {
		w.report.violate("office", "the cards that nobody wants cannot be destroyed: "+err.Error())
	}
	v, err := w.view(ctx)
	if err != nil {
		w.report.violate("office", "it cannot be looked at in the end: "+err.Error())
		return
	}
	receipts, pending := w.enrollment.known()
	if pending > 0 {
		w.report.violate("stations", fmt.Sprintf("%d of %d applications have no receipt", pending, len(applicants)))
	}
	if n := len(v.applications); n < len(receipts) || n > len(receipts)+pending {
		w.report.violate("registry", fmt.Sprintf("it has %d applications, and there are %d receipts", n, len(receipts)))
	}
	for _, a := range v.applications {
		w.report.ended(a.Stage)
		if !a.Stage.Ended() {
			w.report.violate(string(a.Number), "it has not come to an end: "+w.where(ctx, v, a))
			continue
		}
		for _, end := range p.acceptedEnds(a.Number) {
			if end != a.Stage {
				w.report.violate(string(a.Number), fmt.Sprintf("an officer was told that it becomes %s, and it ended as %s", end, a.Stage))
			}
		}
	}
	for _, c := range v.consignments {
		if c.State != identity.ConsignmentReceived {
			w.report.violate(string(c.Number), fmt.Sprintf("it has not come to its end: %s, workflow %s", c.State, w.status(ctx, workflows.ConsignmentWorkflowID(c.Number))))
		}
	}
	w.none(ctx, "%s", `
		SELECT d.application, 'the registry has ' || d.step || ' by ' || d.officer || ', and it ended as ' || a.stage
		FROM decisions d JOIN applications a ON a.number = d.application
		WHERE a.stage IN ('Issued', 'Expired') AND d.step IN ('reject', 'withdraw')`)
	w.none(ctx, "blank %s is in production, and its application has ended", `
		SELECT b.application, b.serial FROM blanks b JOIN applications a ON a.number = b.application
		WHERE b.account = 'production' AND a.stage IN ('Issued', 'Rejected', 'Withdrawn')`)
	w.checkBooks(ctx)
	w.checkLedgers(ctx)
	if stock, err := w.office.Registry.Stock(ctx); err == nil {
		w.report.stock = stock
	}
	if audit, err := w.office.Registry.VerifyAllAudit(ctx); err == nil {
		w.report.audit = audit
	}
	w.report.processes(w.targets)
}

// where says where an application stands that should have ended.
func (w *watch) where(ctx context.Context, v *view, a standing) string {
	return fmt.Sprintf("at %s, awaiting %q in the registry and %q in Temporal, card %q, workflow %s",
		a.Stage, a.Awaiting, v.awaiting[a.Number], a.Card, w.status(ctx, workflows.ApplicationWorkflowID(a.Number)))
}

// status says what Temporal has of a workflow.
func (w *watch) status(ctx context.Context, id string) string {
	described, err := w.flows.Temporal.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return err.Error()
	}
	status := []string{described.GetWorkflowExecutionInfo().GetStatus().String()}
	for _, a := range described.GetPendingActivities() {
		status = append(status, fmt.Sprintf("%s pending, attempt %d", a.GetActivityType().GetName(), a.GetAttempt()))
	}
	if t := described.GetPendingWorkflowTask(); t.GetAttempt() > 1 {
		status = append(status, fmt.Sprintf("workflow task pending, attempt %d", t.GetAttempt()))
	}
	return strings.Join(status, ", ")
}
