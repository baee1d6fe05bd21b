package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func TestPack_FillsOneBoxAtATime(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const cards, size = 7, 3
	b.stock(t, cards)
	numbers := make([]identity.ApplicationNumber, cards)
	for i := range numbers {
		numbers[i] = b.inspected(t)
	}
	packings := make([]registry.Packing, 2*cards) // each card twice, at once

	errs := atOnce(2*cards, func(i int) (err error) {
		packings[i], err = b.Pack(t.Context(), numbers[i%cards], 1, size, "system")
		return err
	})

	inBox, told := make(map[identity.ConsignmentNumber]int), make(map[identity.ConsignmentNumber]int)
	for i, err := range errs {
		require.NoError(t, err)
		require.Equal(t, packings[i%cards].Consignment, packings[i].Consignment)
		if i < cards {
			inBox[packings[i].Consignment]++
		}
		if packings[i].Tell {
			told[packings[i].Consignment]++
		}
	}
	sizes := []int{}
	for _, n := range inBox {
		sizes = append(sizes, n)
	}
	require.ElementsMatch(t, []int{3, 3, 1}, sizes)
	list, err := b.Consignments(t.Context(), time.Now())
	require.NoError(t, err)
	require.Len(t, list, 3)
	for _, c := range list {
		require.Len(t, c.Cards, inBox[c.Number])
		// Of three cards, the first and the last; and all three that were packed again.
		require.Equal(t, inBox[c.Number]+min(2, inBox[c.Number]), told[c.Number])
		require.Equal(t, len(c.Cards) < size, c.State == "open")
	}
	require.Error(t, func() error { _, err := b.Pack(t.Context(), b.prepared(t), 1, size, "system"); return err }())
}

func TestConsignment_AMissingCardIsLostAndItsBlankSpoiled(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	here, lost := b.inspected(t), b.inspected(t)
	p, err := b.Pack(t.Context(), here, 1, 10, "system")
	require.NoError(t, err)
	_, err = b.Pack(t.Context(), lost, 1, 10, "system")
	require.NoError(t, err)
	missing := []identity.ApplicationNumber{lost}

	require.ErrorIs(t, b.ReceiveConsignment(t.Context(), p.Consignment, identity.ReceiveConsignment{Officer: counter, Counted: 1, Missing: missing}), identity.Conflict)
	state, cards, err := b.SealConsignment(t.Context(), p.Consignment, approver)
	require.NoError(t, err)
	require.Equal(t, identity.ConsignmentSealed, state)
	require.Equal(t, 2, cards)
	require.Equal(t, []int{2, 0}, b.inBoxes(t))
	require.NoError(t, b.SendConsignment(t.Context(), p.Consignment, identity.SendConsignment{Officer: approver, Courier: "VNPost", Seal: "1"}))
	require.Equal(t, []int{0, 2}, b.inBoxes(t))
	require.NoError(t, b.SendConsignment(t.Context(), p.Consignment, identity.SendConsignment{Officer: approver, Courier: "VNPost", Seal: "1"}))
	require.ErrorIs(t, b.SendConsignment(t.Context(), p.Consignment, identity.SendConsignment{Officer: approver, Courier: "VNPost", Seal: "2"}), identity.Conflict)
	require.ErrorIs(t, b.ReceiveConsignment(t.Context(), p.Consignment, identity.ReceiveConsignment{Officer: counter, Counted: 2, Missing: missing}), identity.Conflict)
	require.ErrorIs(t, b.ReceiveConsignment(t.Context(), p.Consignment, identity.ReceiveConsignment{Officer: counter, Counted: 1, Missing: []identity.ApplicationNumber{"00000-00000-0"}}), identity.Conflict)
	for _, err := range atOnce(4, func(int) error {
		return b.ReceiveConsignment(t.Context(), p.Consignment, identity.ReceiveConsignment{Officer: counter, Counted: 1, Missing: missing})
	}) {
		require.NoError(t, err)
	}
	require.Equal(t, []int{0, 0}, b.inBoxes(t))

	card, err := b.Card(t.Context(), lost, 1)
	require.NoError(t, err)
	require.Equal(t, identity.CardLost, card.State)
	require.Equal(t, registry.Stock{Received: 2, InProduction: 1, Spoiled: 1, Balanced: true}, b.balanced(t))
	require.Contains(t, b.trail(t, lost), "missed card 1 of "+string(p.Consignment))
	require.Contains(t, b.trail(t, here), "received card 1 of "+string(p.Consignment))
}

// inBoxes counts the applications whose boxes are to be sent and to be counted in, as it is
// counted and as it is listed.
func (b *bundle) inBoxes(t *testing.T) []int {
	t.Helper()
	m, err := b.Metrics(t.Context())
	require.NoError(t, err)
	var counts []int
	for _, action := range []identity.Action{identity.ToSendAway, identity.ToCountIn} {
		list, err := b.List(t.Context(), registry.Filter{Awaiting: action})
		require.NoError(t, err)
		require.Len(t, list, m.Awaiting()[action])
		require.Equal(t, len(list) > 0, m.Longest()[action] > 0)
		counts = append(counts, len(list))
	}
	return counts
}

// A box that is under way does not pass for done, whatever its workflow believes: a registry
// that was restored has it where it was.
func TestMarkAnnounced_OnlyWhatWasCounted(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.inspected(t)
	p, err := b.Pack(t.Context(), number, 1, 9, "system")
	require.NoError(t, err)

	require.ErrorIs(t, b.MarkAnnounced(t.Context(), p.Consignment), identity.Elsewhere)

	_, err = b.db.Exec(t.Context(), `UPDATE consignments SET announced_at = now() WHERE number = $1`, p.Consignment)
	require.ErrorContains(t, err, "announced_when_closed")
	open, err := b.OpenConsignments(t.Context(), 0, "", 10)
	require.NoError(t, err)
	require.Len(t, open, 1)
}
