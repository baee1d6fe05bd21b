package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// Consignment is the life of one box of cards, from its first card to the count at
// its destination. The registry knows which cards are in it.
func Consignment(ctx workflow.Context, in ConsignmentInput) (ConsignmentResult, error) {
	c := &consignment{in: in, state: identity.ConsignmentOpen, deciding: workflow.NewMutex(ctx)}
	if err := c.listen(ctx); err != nil {
		return ConsignmentResult{}, err
	}
	for _, step := range []func(workflow.Context) error{
		c.fill,
		c.awaitCourier,
		c.awaitCount,
	} {
		if err := step(ctx); err != nil {
			return ConsignmentResult{}, failure(err)
		}
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return ConsignmentResult{}, failure(err)
	}
	return c.result, nil
}

// consignment is the state of one Consignment.
type consignment struct {
	in       ConsignmentInput
	state    identity.ConsignmentState
	cards    int
	full     bool
	result   ConsignmentResult
	deciding workflow.Mutex
}

// fill waits until the box is full, an officer seals it, or its cut-off has come.
func (c *consignment) fill(ctx workflow.Context) error {
	c.show(ctx, identity.NoAction)
	workflow.Go(ctx, func(ctx workflow.Context) {
		workflow.GetSignalChannel(ctx, SignalFull).Receive(ctx, nil)
		c.full = true
	})
	_, err := awaitWithin(ctx, c.in.CutOff, "Cut-off", func() bool { return c.full || c.state != identity.ConsignmentOpen })
	if err != nil {
		return fmt.Errorf("await cut-off: %w", err)
	}
	if c.state != identity.ConsignmentOpen {
		return nil
	}
	return c.close(ctx, identity.SealConsignment{})
}

// awaitCourier waits until the sealed box is handed to the courier.
func (c *consignment) awaitCourier(ctx workflow.Context) error {
	c.show(ctx, identity.ToSendAway)
	if err := workflow.Await(ctx, func() bool { return c.state == identity.ConsignmentSent || c.state == identity.ConsignmentReceived }); err != nil {
		return fmt.Errorf("await courier: %w", err)
	}
	return nil
}

// awaitCount waits until the box is counted in, then tells every card.
func (c *consignment) awaitCount(ctx workflow.Context) error {
	c.show(ctx, identity.ToCountIn)
	if err := workflow.Await(ctx, func() bool { return c.state == identity.ConsignmentReceived }); err != nil {
		return fmt.Errorf("await count: %w", err)
	}
	var out activities.AnnounceResult
	in := activities.AnnounceInput{Consignment: c.in.Number}
	ctx = inPipeline(ctx, "Tell every card that it arrived", temporal.Priority{})
	if err := workflow.ExecuteActivity(ctx, dispatchRoom.Announce, in).Get(ctx, &out); err != nil {
		return fmt.Errorf("announce arrivals: %w", err)
	}
	c.result = ConsignmentResult{Sent: out.Arrived + out.Missing, Arrived: out.Arrived, Missing: out.Missing}
	c.show(ctx, identity.NoAction)
	return nil
}

// listen installs the updates.
func (c *consignment) listen(ctx workflow.Context) error {
	if err := acceptUpdate(ctx, c.maySeal, c.seal); err != nil {
		return err
	}
	if err := acceptUpdate(ctx, c.maySend, c.send); err != nil {
		return err
	}
	return acceptUpdate(ctx, c.mayReceive, c.receive)
}

func (c *consignment) maySeal(m identity.SealConsignment) error {
	if c.state != identity.ConsignmentOpen {
		return c.notNow("sealed")
	}
	return officer(m.Officer)
}

func (c *consignment) seal(ctx workflow.Context, m identity.SealConsignment) (ConsignmentState, error) {
	return c.decide(ctx, func() error { return c.maySeal(m) }, func() error { return c.close(ctx, m) })
}

// close seals the box in the registry, after which no card can join it.
func (c *consignment) close(ctx workflow.Context, act identity.SealConsignment) error {
	var out activities.SealResult
	in := activities.SealInput{SealConsignment: act, Consignment: c.in.Number}
	if err := workflow.ExecuteLocalActivity(inRegistry(ctx), dispatchRoom.Seal, in).Get(ctx, &out); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	c.state, c.cards = identity.ConsignmentSealed, out.Cards
	return nil
}

func (c *consignment) maySend(m identity.SendConsignment) error {
	switch {
	case c.state != identity.ConsignmentSealed:
		return c.notNow("sent")
	case m.Courier == "":
		return identity.RefuseField(identity.Invalid, "courier", "is empty; say who takes it")
	case m.Seal == "":
		return identity.RefuseField(identity.Invalid, "seal", "is empty; give the number on the seal")
	}
	return officer(m.Officer)
}

func (c *consignment) send(ctx workflow.Context, m identity.SendConsignment) (ConsignmentState, error) {
	return c.decide(ctx, func() error { return c.maySend(m) }, func() error {
		in := activities.SendInput{SendConsignment: m, Consignment: c.in.Number}
		if err := workflow.ExecuteLocalActivity(inRegistry(ctx), dispatchRoom.Send, in).Get(ctx, nil); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		c.state = identity.ConsignmentSent
		return nil
	})
}

func (c *consignment) mayReceive(m identity.ReceiveConsignment) error {
	switch {
	case c.state != identity.ConsignmentSent:
		return c.notNow("received")
	case m.Counted+len(m.Missing) != c.cards:
		return identity.RefuseField(identity.Conflict, "counted", "%d counted and %d missing do not make the %d on the manifest", m.Counted, len(m.Missing), c.cards)
	}
	return officer(m.Officer)
}

func (c *consignment) receive(ctx workflow.Context, m identity.ReceiveConsignment) (ConsignmentState, error) {
	return c.decide(ctx, func() error { return c.mayReceive(m) }, func() error {
		in := activities.ReceiveInput{ReceiveConsignment: m, Consignment: c.in.Number}
		if err := workflow.ExecuteLocalActivity(inRegistry(ctx), dispatchRoom.Receive, in).Get(ctx, nil); err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		c.state = identity.ConsignmentReceived
		return nil
	})
}

// decide carries out one person's act at a time.
func (c *consignment) decide(ctx workflow.Context, may, act func() error) (ConsignmentState, error) {
	if err := c.deciding.Lock(ctx); err != nil {
		return ConsignmentState{}, fmt.Errorf("await turn: %w", err)
	}
	defer c.deciding.Unlock()
	if err := may(); err != nil {
		return ConsignmentState{}, asFailure(err)
	}
	if err := act(); err != nil {
		return ConsignmentState{}, answer(err)
	}
	return ConsignmentState{State: c.state, Cards: c.cards}, nil
}

func (c *consignment) notNow(done string) error {
	return identity.Refuse(identity.Conflict, "consignment %s cannot be %s now: it is %s", c.in.Number, done, c.state)
}

// show updates what operators see.
func (c *consignment) show(ctx workflow.Context, awaiting identity.Action) {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s** · to %s · %d card(s)", c.state, c.in.Destination, c.cards))
	err := workflow.UpsertTypedSearchAttributes(ctx,
		StageKey.ValueSet(string(c.state)),
		AwaitingKey.ValueSet(string(awaiting)),
		ConsignmentKey.ValueSet(string(c.in.Number)))
	if err != nil {
		workflow.GetLogger(ctx).Error("Search attributes not written", "error", err)
	}
}
