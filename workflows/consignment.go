package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Consignment is the life of one box of cards, from its first card to the count at its
// destination. The registry knows which cards are in it and how far it is: the workflow
// can be begun again from it at any time, and begins every run by reading it.
func Consignment(ctx workflow.Context, in ConsignmentInput) (ConsignmentResult, error) {
	c := &consignment{in: in, deciding: workflow.NewMutex(ctx)}
	ctx = ignoreCancellation(ctx, func(ctx workflow.Context) {
		workflow.GetLogger(ctx).Warn("A request to cancel was not followed", "consignment", in.Number)
	})
	must(c.listen(ctx))
	c.readStanding(ctx)
	for !c.over() && !historyIsLong(ctx) {
		c.travelOn(ctx)
	}
	finishUpdates(ctx)
	if !c.over() {
		return ConsignmentResult{}, workflow.NewContinueAsNewError(ctx, Consignment, in)
	}
	return c.result, nil
}

// consignment is the state of one Consignment.
type consignment struct {
	in        ConsignmentInput
	state     identity.ConsignmentState
	cards     int
	openedAt  time.Time
	readAt    time.Time // when that was read, by the same clock; zero in histories of before
	announced bool
	ready     bool // it is known how far the box is
	full      bool
	look      bool
	letGo     *LetGo // an operator's word that it is not waited for, should the registry not know it
	gone      bool   // the registry does not know it, and an operator let it go
	result    ConsignmentResult
	deciding  workflow.Mutex
}

// over reports whether nothing is left to do: every card was told, or the registry does
// not know the box and an operator let it go.
func (c *consignment) over() bool { return c.announced || c.gone }

// readStanding reads how far the box is. If the registry does not know it, because it
// was restored to an instant before the box was opened, it waits until it is woken, or
// until an operator lets it go.
func (c *consignment) readStanding(ctx workflow.Context) {
	for {
		c.look = false
		var s activities.ConsignmentStanding
		err := do(ctx, "Read how far the box is", dispatchRoom.HowFar, activities.ConsignmentInput{Consignment: c.in.Number}, &s)
		if err == nil {
			c.state, c.cards, c.openedAt, c.readAt, c.announced = s.State, s.Cards, s.OpenedAt, s.Now, s.Announced
			c.ready, c.full, c.letGo = true, false, nil // a full box is sealed in the registry
			return
		}
		if refused(err, identity.Stranger) { // this is not the box's workflow
			c.show(ctx, identity.NoAction, refusalText(err))
			c.gone, c.ready = true, true
			return
		}
		if c.letGo != nil && refused(err, identity.NotFound) {
			c.show(ctx, identity.NoAction, "unknown to the registry, and let go by "+string(c.letGo.Officer))
			c.gone, c.ready = true, true
			return
		}
		c.letGo = nil
		c.show(ctx, identity.ToAttend, "the registry does not know this consignment: "+refusalText(err))
		must(workflow.Await(ctx, func() bool { return c.look }))
	}
}

// travelOn takes the box one step on.
func (c *consignment) travelOn(ctx workflow.Context) {
	if c.look {
		c.readStanding(ctx)
		return
	}
	var err error
	switch c.state {
	case identity.ConsignmentOpen:
		err = c.fill(ctx)
	case identity.ConsignmentSealed:
		c.awaitAct(ctx, identity.ToSendAway, "to be handed to a courier")
	case identity.ConsignmentSent:
		c.awaitAct(ctx, identity.ToCountIn, "to be counted in at its destination")
	case identity.ConsignmentReceived, identity.ConsignmentDissolved:
		err = c.announce(ctx)
	}
	switch {
	case err == nil:
	case refused(err, identity.Elsewhere): // the registry was restored to an earlier instant
		c.look = true
	default:
		c.show(ctx, identity.ToAttend, "the box could not go on: "+refusalText(err))
		awaitWithin(ctx, nextTry, "Before another try", func() bool { return c.look })
		c.look = true // whatever it was, the registry knows where the box is now
	}
}

// fill waits until the box is full, an officer seals it, or its cut-off has come.
func (c *consignment) fill(ctx workflow.Context) error {
	c.show(ctx, identity.NoAction, "open")
	now := c.readAt
	if now.IsZero() {
		now = workflow.Now(ctx)
	}
	left := c.openedAt.Add(c.in.CutOff).Sub(now)
	awaitWithin(ctx, left, "Cut-off", func() bool { return c.full || c.look || c.state != identity.ConsignmentOpen })
	if c.state != identity.ConsignmentOpen || c.look {
		return nil
	}
	return c.close(ctx, identity.SealConsignment{}, statement.Signed{})
}

// awaitAct waits until a person moves the box on.
func (c *consignment) awaitAct(ctx workflow.Context, action identity.Action, why string) {
	c.show(ctx, action, why)
	state := c.state
	must(workflow.Await(ctx, func() bool { return c.state != state || c.look }))
}

// announce tells every card that the box was counted in. In one that was dissolved is
// none.
func (c *consignment) announce(ctx workflow.Context) error {
	c.show(ctx, identity.NoAction, "counted in")
	var out activities.AnnounceResult
	in := activities.ConsignmentInput{Consignment: c.in.Number}
	ctx = inPipeline(ctx, "Tell every card that it arrived", temporal.Priority{PriorityKey: priorityNormal})
	if err := workflow.ExecuteActivity(ctx, dispatchRoom.Announce, in).Get(ctx, &out); err != nil {
		return fmt.Errorf("announce arrivals: %w", err)
	}
	c.announced = true
	c.result = ConsignmentResult{Sent: out.Arrived + out.Missing, Arrived: out.Arrived, Missing: out.Missing}
	c.show(ctx, identity.NoAction, "announced")
	return nil
}

// listen installs the updates and hears what happens elsewhere.
func (c *consignment) listen(ctx workflow.Context) error {
	workflow.Go(ctx, func(ctx workflow.Context) {
		for full := hear(ctx, SignalFull, "Of the card that filled the box: seal it."); ; {
			full.Receive(ctx, nil)
			c.full = true
		}
	})
	workflow.Go(ctx, func(ctx workflow.Context) {
		for looks := hear(ctx, SignalLook, describedLook); ; {
			looks.Receive(ctx, nil)
			c.look = true
		}
	})
	workflow.Go(ctx, func(ctx workflow.Context) { hearLetGo(ctx, func(m LetGo) { c.letGo, c.look = &m, true }) })
	return errors.Join(
		acceptUpdate(ctx, &c.ready, "An officer closes the box before it is full or its cut-off has come.", c.maySeal, c.seal),
		acceptUpdate(ctx, &c.ready, "An officer hands the sealed box to a courier.", c.maySend, c.send),
		acceptUpdate(ctx, &c.ready, "An officer at the destination counts the box in.", c.mayReceive, c.receive),
	)
}

func (c *consignment) maySeal(_ workflow.Context, m identity.SealConsignment, _ statement.Signed) error {
	if c.state != identity.ConsignmentOpen {
		return c.notNow("sealed")
	}
	return officer(m.Officer)
}

func (c *consignment) seal(ctx workflow.Context, m identity.SealConsignment, signed statement.Signed) (ConsignmentState, error) {
	return c.decide(ctx, func() error { return c.maySeal(ctx, m, signed) }, func() error { return c.close(ctx, m, signed) })
}

// close seals the box in the registry, after which no card can join it.
func (c *consignment) close(ctx workflow.Context, act identity.SealConsignment, signed statement.Signed) error {
	var out activities.SealResult
	in := activities.SealInput{SealConsignment: act, Consignment: c.in.Number, Signed: signed}
	if err := do(ctx, "Seal the box", dispatchRoom.Seal, in, &out); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	c.state, c.cards = out.State, out.Cards
	return nil
}

func (c *consignment) maySend(_ workflow.Context, m identity.SendConsignment, _ statement.Signed) error {
	switch {
	case c.state != identity.ConsignmentSealed:
		return c.notNow("sent")
	case strings.TrimSpace(m.Courier) == "":
		return identity.RefuseField(identity.Invalid, "courier", "is empty; say who takes it")
	case strings.TrimSpace(m.Seal) == "":
		return identity.RefuseField(identity.Invalid, "seal", "is empty; give the number on the seal")
	}
	return officer(m.Officer)
}

func (c *consignment) send(ctx workflow.Context, m identity.SendConsignment, signed statement.Signed) (ConsignmentState, error) {
	return c.decide(ctx, func() error { return c.maySend(ctx, m, signed) }, func() error {
		in := activities.SendInput{Consignment: c.in.Number, SendConsignment: m, Signed: signed}
		if err := do(ctx, "Note that the courier has the box", dispatchRoom.Send, in, nil); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		c.state = identity.ConsignmentSent
		return nil
	})
}

func (c *consignment) mayReceive(_ workflow.Context, m identity.ReceiveConsignment, _ statement.Signed) error {
	if c.state != identity.ConsignmentSent {
		return c.notNow("received")
	}
	return officer(m.Officer) // the manifest is the registry's: cards may have been taken out
}

func (c *consignment) receive(ctx workflow.Context, m identity.ReceiveConsignment, signed statement.Signed) (ConsignmentState, error) {
	return c.decide(ctx, func() error { return c.mayReceive(ctx, m, signed) }, func() error {
		in := activities.ReceiveInput{Consignment: c.in.Number, ReceiveConsignment: m, Signed: signed}
		if err := do(ctx, "Count the box in", dispatchRoom.Receive, in, nil); err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		c.state = identity.ConsignmentReceived
		return nil
	})
}

// decide carries out one person's act at a time. After an act that the registry refused,
// the workflow reads how far the box is.
func (c *consignment) decide(ctx workflow.Context, may, act func() error) (ConsignmentState, error) {
	must(c.deciding.Lock(ctx))
	defer c.deciding.Unlock()
	if err := may(); err != nil {
		return ConsignmentState{}, asFailure(err)
	}
	if err := act(); err != nil {
		c.look = true
		return ConsignmentState{}, answer(err)
	}
	return ConsignmentState{State: c.state, Cards: c.cards}, nil
}

func (c *consignment) notNow(done string) error {
	return identity.Refuse(identity.NotNow, "consignment %s cannot be %s now: it is %s", c.in.Number, done, c.state)
}

// details is where the box is, as Markdown for the Temporal UI.
func (c *consignment) details(awaiting identity.Action, why string) string {
	head := "**" + string(c.state) + "**"
	if awaiting != identity.NoAction {
		head += " · awaiting **" + string(awaiting) + "**"
	}
	text := fmt.Sprintf("%s · to %s · %d card(s)\n\n%s", head, c.in.Destination, c.cards, why)
	if c.openedAt.IsZero() { // the registry does not know it
		return text
	}
	text += "\n\n- opened " + inHanoi(c.openedAt)
	if c.state == identity.ConsignmentOpen {
		text += "\n- sealed at the latest " + inHanoi(c.openedAt.Add(c.in.CutOff))
	}
	return text
}

// show updates what operators see.
func (c *consignment) show(ctx workflow.Context, awaiting identity.Action, why string) {
	workflow.SetCurrentDetails(ctx, c.details(awaiting, why))
	must(workflow.UpsertTypedSearchAttributes(ctx,
		StageKey.ValueSet(string(c.state)),
		AwaitingKey.ValueSet(string(awaiting)),
		ConsignmentKey.ValueSet(string(c.in.Number))))
}
