package reconciler

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

// pass is one comparison.
type pass struct {
	*Reconciler

	running workflows.Running
	strange map[identity.ApplicationNumber]bool // run, and are not known to the registry
	report  Report
	failed  error // the first
	inARow  int   // failures
}

// tooMany failures in a row are those of a server, not of what is being mended.
const tooMany = 10

// try notes whether something was mended. It ends the pass when nothing succeeds any
// more.
func (p *pass) try(err error) (mended bool, over error) {
	if err == nil {
		p.inARow = 0
		return true, nil
	}
	if p.failed == nil {
		p.failed = err
	}
	if p.inARow++; p.inARow >= tooMany {
		return false, fmt.Errorf("nothing succeeds any more: %w", err)
	}
	return false, nil
}

// unknown finds workflows of what the registry does not know, because it was restored to
// an earlier instant. They look, and wait: applications until their station submits the
// packet again, under the same number. The numbers of boxes go on after theirs, so that
// no two boxes have one.
func (p *pass) unknown(ctx context.Context) error {
	apps, boxes := make([]identity.ApplicationNumber, 0, len(p.running.Applications)), make([]identity.ConsignmentNumber, 0, len(p.running.Consignments))
	for number := range p.running.Applications {
		apps = append(apps, number)
	}
	for number := range p.running.Consignments {
		boxes = append(boxes, number)
	}
	strange, strangeBoxes, err := p.Registry.UnknownAmong(ctx, apps, boxes)
	if err != nil {
		return err
	}
	p.strange = make(map[identity.ApplicationNumber]bool, len(strange))
	for _, number := range strange {
		p.strange[number] = true
		p.report.Unknown = append(p.report.Unknown, workflows.ApplicationWorkflowID(number))
		if p.running.Applications[number].Awaiting != identity.ToAttend && p.due("unknown application "+string(number), "") {
			if _, over := p.try(p.Engine.LookApplication(ctx, number)); over != nil {
				return over
			}
		}
	}
	for _, number := range strangeBoxes {
		p.report.Unknown = append(p.report.Unknown, workflows.ConsignmentWorkflowID(number))
		if p.due("unknown consignment "+string(number), "") {
			if _, over := p.try(p.Engine.LookConsignment(ctx, number)); over != nil {
				return over
			}
		}
	}
	return p.passNumbers(ctx)
}

// passNumbers sees to it that no box gets a number that another one had.
func (p *pass) passNumbers(ctx context.Context) error {
	last, err := p.Registry.LastConsignment(ctx)
	if err != nil {
		return err
	}
	latest, err := p.Engine.LatestConsignment(ctx, last)
	if err != nil || latest <= last {
		_, over := p.try(err)
		return over
	}
	p.report.Passed = latest
	return p.Registry.PassConsignments(ctx, latest)
}

// applications begins the open applications again that have no workflow, and has those
// look that show something else than the registry.
func (p *pass) applications(ctx context.Context) error {
	open := make(map[identity.ApplicationNumber]bool)
	for after := identity.ApplicationNumber(""); ; {
		list, err := p.Registry.OpenApplications(ctx, after, page)
		if err != nil {
			return err
		}
		for _, app := range list {
			open[app.Number] = true
			if err := p.application(ctx, app); err != nil {
				return err
			}
		}
		if len(list) < page {
			break
		}
		after = list[len(list)-1].Number
	}
	for number := range p.running.Applications { // of what has ended, a workflow still runs: it looks, and ends
		if !open[number] && !p.strange[number] && p.due("ended application "+string(number), "") {
			p.report.Told = append(p.report.Told, number)
			if _, over := p.try(p.Engine.LookApplication(ctx, number)); over != nil {
				return over
			}
		}
	}
	return nil
}

func (p *pass) application(ctx context.Context, app registry.OpenApplication) error {
	if app.Quiet < p.Quiet {
		return nil
	}
	p.report.Applications++
	shown, runs := p.running.Applications[app.Number]
	switch {
	case !runs:
		mended, over := p.try(p.Begin(ctx, app.Number))
		if mended {
			p.report.Begun = append(p.report.Begun, app.Number)
		}
		return over
	case !disagree(app, shown):
		p.agrees("application " + string(app.Number))
	case p.due("application "+string(app.Number), fmt.Sprint(app.Stage, app.Awaiting, app.Card, app.Consignment, shown)):
		return p.look(ctx, app.Number)
	}
	return nil
}

// look has an application's workflow read the registry.
func (p *pass) look(ctx context.Context, number identity.ApplicationNumber) error {
	mended, over := p.try(p.Engine.LookApplication(ctx, number))
	if mended {
		p.report.Told = append(p.report.Told, number)
	}
	return over
}

// disagree reports whether a workflow shows something else than the registry has, or
// has not heard that its card was counted in, or given up. Stages are shown where an
// application rests: it waits for a person there, or for its box.
func disagree(app registry.OpenApplication, shown workflows.Shown) bool {
	packed := app.Stage == identity.Dispatch
	return app.Awaiting != shown.Awaiting ||
		app.Awaiting != identity.NoAction && app.Stage != shown.Stage ||
		packed != (shown.Stage == identity.Dispatch) && app.Awaiting == identity.NoAction ||
		app.Card.GivenUp() ||
		packed && (app.Card == identity.CardArrived || app.Consignment != "" && app.Consignment != shown.Consignment)
}

// consignments mends boxes, as applications does applications.
func (p *pass) consignments(ctx context.Context) error {
	open := make(map[identity.ConsignmentNumber]bool)
	for after := identity.ConsignmentNumber(""); ; {
		list, err := p.Registry.OpenConsignments(ctx, p.Quiet, after, page)
		if err != nil {
			return err
		}
		for _, box := range list {
			open[box.Number] = true
			p.report.Consignments++
			shown, runs := p.running.Consignments[box.Number]
			switch {
			case !runs:
				err = p.beginBox(ctx, box)
			case shown == box.State:
				p.agrees("consignment " + string(box.Number))
			case p.due("consignment "+string(box.Number), fmt.Sprint(box.State, shown)):
				_, err = p.try(p.Engine.LookConsignment(ctx, box.Number))
			}
			if err != nil {
				return err
			}
		}
		if len(list) < page {
			return p.endedBoxes(ctx, open)
		}
		after = list[len(list)-1].Number
	}
}

// endedBoxes has those workflows look, and end, whose cards were all told that they
// arrived: a box that was reset waits for what has happened.
func (p *pass) endedBoxes(ctx context.Context, open map[identity.ConsignmentNumber]bool) error {
	var others []identity.ConsignmentNumber
	for number := range p.running.Consignments {
		if !open[number] && !slices.Contains(p.report.Unknown, workflows.ConsignmentWorkflowID(number)) {
			others = append(others, number)
		}
	}
	young, err := p.Registry.OpenConsignmentsAmong(ctx, others) // opened a moment ago
	if err != nil {
		return err
	}
	for _, box := range young {
		open[box.Number] = true
	}
	for _, number := range others {
		if !open[number] && p.due("ended consignment "+string(number), "") {
			if _, over := p.try(p.Engine.LookConsignment(ctx, number)); over != nil {
				return over
			}
		}
	}
	return nil
}

func (p *pass) beginBox(ctx context.Context, box registry.OpenConsignment) error {
	mended, over := p.try(p.Engine.BeginConsignment(ctx, box.Number, box.Destination))
	if mended {
		p.report.BegunBoxes = append(p.report.BegunBoxes, box.Number)
	}
	return over
}

// ended begins those again whose workflow ended, and which are open. An application of
// which another run goes on was reset: what it did since may be news to that run, though
// it shows what the registry has.
func (p *pass) ended(ctx context.Context, apps map[identity.ApplicationNumber]string, boxes map[identity.ConsignmentNumber]string) error {
	open, err := p.Registry.OpenAmong(ctx, slices.Collect(maps.Keys(apps)))
	if err != nil {
		return err
	}
	for _, app := range open {
		runs, err := p.Engine.Runs(ctx, workflows.ApplicationWorkflowID(app.Number))
		switch told := "after run " + apps[app.Number]; {
		case err != nil:
			_, err = p.try(err)
		case !runs:
			err = p.application(ctx, app)
		case p.due(told, ""):
			err = p.look(ctx, app.Number)
		}
		if err != nil {
			return err
		}
	}
	openBoxes, err := p.Registry.OpenConsignmentsAmong(ctx, slices.Collect(maps.Keys(boxes)))
	if err != nil {
		return err
	}
	for _, box := range openBoxes {
		runs, err := p.Engine.Runs(ctx, workflows.ConsignmentWorkflowID(box.Number))
		switch told := "after run " + boxes[box.Number]; {
		case err != nil:
			_, err = p.try(err)
		case !runs:
			err = p.beginBox(ctx, box)
		case p.due(told, ""):
			_, err = p.try(p.Engine.LookConsignment(ctx, box.Number))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stations has applications say that their station is silent, and go on when it is back
// with their card.
func (p *pass) stations(ctx context.Context) error {
	silent, err := p.Registry.NoteSilentStations(ctx)
	if err != nil {
		return err
	}
	back, err := p.Registry.GoOnAtStations(ctx)
	if err != nil {
		return err
	}
	for _, number := range append(silent, back...) {
		// One that does not hear of it shows something else than the registry has.
		if _, over := p.try(p.Engine.LookApplication(ctx, number)); over != nil {
			return over
		}
	}
	p.report.Back = back
	return nil
}

// stock wakes as many of those who wait for a blank as there are blanks. Who was woken
// is on their way, and not woken again soon; unless blanks came since: others may have
// taken the ones of before.
func (p *pass) stock(ctx context.Context) error {
	boxes, blanks, err := p.Registry.Supply(ctx, maxWake)
	if err != nil {
		return err
	}
	if p.supplied(boxes, blanks) {
		p.forget("stock for ")
	}
	waiting, err := servedByStock(ctx, p.Registry)
	if err != nil {
		return err
	}
	for _, number := range waiting {
		if !p.due("stock for "+string(number), "") {
			continue
		}
		woken, over := p.try(p.Engine.LookApplication(ctx, number))
		if over != nil {
			return over
		}
		if woken {
			p.report.Woken = append(p.report.Woken, number)
		}
	}
	return nil
}
