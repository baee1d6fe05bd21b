package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// A round trip to the database costs more than anything the database does for a
// card, so each method keeps to its number. Prepared statements are warm.
func TestRoundTrips_PerMethod(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	require.NoError(t, b.Issue(t.Context(), handOver(b.arrived(t)))) // warms the statements
	s := b.submission()
	var number identity.ApplicationNumber
	var packing registry.Packing
	ctx := t.Context()
	for _, step := range []struct {
		name string
		want int64
		do   func() error
	}{
		{"Receive", 2, func() error {
			receipt, err := b.Receive(ctx, s)
			number = receipt.Number
			return err
		}},
		{"Receive again", 1, func() error { _, err := b.Receive(ctx, s); return err }},
		{"Start", 1, func() error { return b.MarkStarted(ctx, number) }},
		{"Application", 1, func() error { _, err := b.Application(ctx, number); return err }},
		{"Evidence", 1, func() error { _, err := b.Evidence(ctx, number, identity.EvidencePortrait, 1); return err }},
		{"EvidenceOf", 1, func() error {
			_, err := b.EvidenceOf(ctx, number, registry.EvidenceKey{Kind: identity.EvidencePortrait, Attempt: 2}, registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: 1})
			return err
		}},
		{"Gallery", 1, func() error { _, err := b.Gallery(ctx, 0, 100); return err }},
		{"Enter", 1, func() error {
			return errOf(b.Enter(ctx, registry.StageChange{Application: number, To: identity.BiometricCapture, Attempt: 1, Actor: "system"}))
		}},
		{"EnterWith", 1, func() error {
			_, _, err := b.EnterWith(ctx, registry.StageChange{Application: number, To: identity.Validation, Attempt: 1, Actor: "system"},
				registry.EvidenceKey{Kind: identity.EvidencePortrait}, registry.EvidenceKey{Kind: identity.EvidenceTemplates})
			return err
		}},
		{"Enter Deduplication", 1, func() error {
			return errOf(b.Enter(ctx, registry.StageChange{Application: number, To: identity.Deduplication, Attempt: 1, Actor: "system"}))
		}},
		{"Enter Approval", 1, func() error {
			return errOf(b.Enter(ctx, registry.StageChange{Application: number, To: identity.Approval, Attempt: 1, Actor: "system"}))
		}},
		{"Decide", 1, func() error {
			return errOf(b.Decide(ctx, identity.Decision{Application: number, Step: "approve", Round: 1, Officer: approver}, time.Time{}))
		}},
		{"Enter DataPreparation", 1, func() error {
			return errOf(b.Enter(ctx, registry.StageChange{Application: number, To: identity.DataPreparation, Attempt: 1, Actor: "system"}))
		}},
		{"SaveCard", 3, func() error { return b.SaveCard(ctx, b.card(t, number, 1)) }}, //nolint:contextcheck // the test's; one of the three is its own
		{"Card", 1, func() error { _, err := b.Card(ctx, number, 1); return err }},
		{"TakeBlank", 1, func() error { _, err := b.TakeBlank(ctx, number, 1, press); return err }},
		{"Advance", 3, func() error {
			for _, state := range []identity.CardState{identity.CardPersonalized, identity.CardPrinted, identity.CardInspected} {
				if err := b.Advance(ctx, number, 1, state, ""); err != nil {
					return err
				}
			}
			return nil
		}},
		{"Enter to Inspection", 3, func() error {
			for _, stage := range []identity.Stage{identity.Personalization, identity.Printing, identity.Inspection} {
				if _, err := b.Enter(ctx, registry.StageChange{Application: number, To: stage, Attempt: 1, Actor: "system"}); err != nil {
					return err
				}
			}
			return nil
		}},
		{"Pack", 1, func() (err error) { packing, err = b.Pack(ctx, number, 1, 1, "system"); return err }},
		{"SendConsignment", 4, func() error {
			return b.SendConsignment(ctx, packing.Consignment, identity.SendConsignment{Officer: approver, Courier: "VNPost", Seal: "1"})
		}}, // per box
		{"ReceiveConsignment", 6, func() error {
			return b.ReceiveConsignment(ctx, packing.Consignment, identity.ReceiveConsignment{Officer: counter, Counted: 1})
		}}, // per box
		{"Enter HandOver", 1, func() error {
			return errOf(b.Enter(ctx, registry.StageChange{Application: number, To: identity.HandOver, Attempt: 1, Actor: "system"}))
		}},
		{"Probe", 3, func() error { _, err := b.Probe(ctx, number, []byte("finger")); return err }},
		{"Payment", 1, func() error { return errOf(b.Payment(ctx, number)) }},
		{"CollectFee", 5, func() error {
			act := identity.CollectFee{OfFee: identity.OfFee{Officer: counter, Amount: s.Rules.Fee, Receipt: "BL-1"}}
			return b.CollectFee(ctx, number, act, registrytest.Signed(act, statement.Application(number)))
		}},
		{"Issue", 2, func() error { return b.Issue(ctx, handOver(number)) }},
		{"Issue again", 3, func() error { return b.Issue(ctx, handOver(number)) }},
		{"PersonByNumber", 1, func() error {
			_, err := b.PersonByNumber(ctx, s.Application.Person.Number)
			if identity.Refused(err, identity.NotFound) {
				return nil
			}
			return err
		}},
	} {
		before := b.roundTrips.n.Load()
		require.NoError(t, step.do(), step.name)
		require.Equal(t, step.want, b.roundTrips.n.Load()-before, step.name)
	}
}
