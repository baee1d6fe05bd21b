package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.temporal.io/sdk/activity"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Pack puts a finished card into the open consignment for its destination. The first
// card starts the consignment's workflow, and the last one tells it that the box is
// full. A card is packed once; a second call only tells again.
//
// A card whose holder's record changed is spoiled instead, and another is made; none leaves
// for a holder who can have none.
func (p *Pipeline) Pack(ctx context.Context, in CardInput) (PackResult, error) {
	if spoiled, err := p.outdated(ctx, in); spoiled || err != nil {
		return PackResult{Card: identity.CardSpoiled}, err
	}
	packed, err := p.Registry.Pack(ctx, in.Application, in.Attempt, p.ConsignmentSize, identity.ActorSystem)
	if err != nil {
		return PackResult{}, fmt.Errorf("pack: %w", err)
	}
	number := packed.Consignment
	result := PackResult{Consignment: number, Card: packed.Card}
	if !packed.Tell {
		return result, nil
	}
	if err := p.Consignments.Packed(ctx, number, packed.Destination, packed.Full); err != nil {
		return PackResult{}, fmt.Errorf("tell consignment %s: %w", number, err)
	}
	return result, nil
}

// outdated spoils a finished card whose holder's record is another than it was prepared
// from, and reports whether it did.
func (p *Pipeline) outdated(ctx context.Context, in CardInput) (bool, error) {
	card, err := p.Registry.Card(ctx, in.Application, in.Attempt)
	if err != nil {
		return false, fmt.Errorf("read card %d: %w", in.Attempt, err)
	}
	if card.State != identity.CardInspected {
		return false, nil
	}
	err = stillSo(ctx, p.Registry, p.Population, card)
	if !identity.Refused(err, identity.Outdated) {
		return false, err
	}
	if err := p.Registry.Spoil(ctx, in.Application, in.Attempt, identity.ActorSystem, identity.Reason{Code: identity.ReasonRecordChanged}); err != nil {
		return false, fmt.Errorf("give up card %d: %w", in.Attempt, err)
	}
	return true, nil
}

// DispatchRoom closes consignments, sends them and tells what arrived.
type DispatchRoom struct {
	Registry     *registry.Registry
	Applications interface {
		// Arrived tells a card's workflow that its consignment was counted in, and
		// whether the card was missing. It is not an error if the workflow has ended.
		Arrived(ctx context.Context, app identity.ApplicationNumber, consignment identity.ConsignmentNumber, missing bool) error
		// LookApplication has a card's workflow read the registry.
		LookApplication(ctx context.Context, number identity.ApplicationNumber) error
	}
}

// HowFar reads how far a consignment is.
func (c *DispatchRoom) HowFar(ctx context.Context, in ConsignmentInput) (ConsignmentStanding, error) {
	s, err := c.Registry.ConsignmentStanding(ctx, in.Consignment)
	if err != nil {
		return ConsignmentStanding{}, fmt.Errorf("read how far the consignment is: %w", err)
	}
	return ConsignmentStanding(s), nil
}

// Seal closes a consignment, after which no card can join it.
func (c *DispatchRoom) Seal(ctx context.Context, in SealInput) (SealResult, error) {
	state, cards, err := c.Registry.SealConsignment(ctx, in.Consignment, in.SealConsignment, in.Signed)
	if err != nil {
		return SealResult{}, fmt.Errorf("seal consignment: %w", err)
	}
	return SealResult{State: state, Cards: cards}, nil
}

// Send records that the courier has the consignment.
func (c *DispatchRoom) Send(ctx context.Context, in SendInput) error {
	err := c.Registry.SendConsignment(ctx, in.Consignment, in.SendConsignment, in.Signed)
	if err != nil {
		return fmt.Errorf("send consignment: %w", err)
	}
	return nil
}

// Receive records the count at the destination. The applications of surplus cards, which
// wait for another consignment, read what became of them.
func (c *DispatchRoom) Receive(ctx context.Context, in ReceiveInput) error {
	err := c.Registry.ReceiveConsignment(ctx, in.Consignment, in.ReceiveConsignment, in.Signed)
	if err != nil {
		return fmt.Errorf("receive consignment: %w", err)
	}
	if len(in.Surplus) == 0 {
		return nil
	}
	surplus, err := c.Registry.SurplusOf(ctx, in.Consignment)
	if err != nil {
		return fmt.Errorf("read surplus cards: %w", err)
	}
	for _, card := range surplus {
		if card.Application == "" {
			continue
		}
		if err := c.Applications.LookApplication(ctx, card.Application); err != nil {
			return fmt.Errorf("tell application %s: %w", card.Application, err)
		}
	}
	return nil
}

// Announce tells every application of a counted consignment about its card. A second
// call goes on where the first one broke off; being told twice changes nothing. It refuses
// with Elsewhere where the registry has the consignment still under way.
func (c *DispatchRoom) Announce(ctx context.Context, in ConsignmentInput) (AnnounceResult, error) {
	consignment, err := c.Registry.Consignment(ctx, in.Consignment)
	if err != nil {
		return AnnounceResult{}, fmt.Errorf("read consignment: %w", err)
	}
	if consignment.State != identity.ConsignmentReceived && consignment.State != identity.ConsignmentDissolved {
		return AnnounceResult{}, identity.Refuse(identity.Elsewhere, "consignment %s is %s", in.Consignment, consignment.State)
	}
	var told int
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &told); err != nil {
			told = 0
		}
	}
	const together = 8 // applications told at the same time
	for cards := range slices.Chunk(consignment.Cards[min(told, len(consignment.Cards)):], together) {
		if err := c.tell(ctx, in.Consignment, cards); err != nil {
			return AnnounceResult{}, err
		}
		told += len(cards)
		activity.RecordHeartbeat(ctx, told)
	}
	if err := c.Registry.MarkAnnounced(ctx, in.Consignment); err != nil {
		return AnnounceResult{}, fmt.Errorf("note announcement: %w", err)
	}
	var out AnnounceResult
	for _, card := range consignment.Cards {
		if card.Missing {
			out.Missing++
		} else {
			out.Arrived++
		}
	}
	return out, nil
}

// tell tells the applications of some cards at the same time.
func (c *DispatchRoom) tell(ctx context.Context, consignment identity.ConsignmentNumber, cards []registry.PackedCard) error {
	errs := make([]error, len(cards))
	var wg sync.WaitGroup
	for i, card := range cards {
		wg.Go(func() {
			if err := c.Applications.Arrived(ctx, card.Application, consignment, card.Missing); err != nil {
				errs[i] = fmt.Errorf("tell application %s: %w", card.Application, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
