package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

var mute = identity.Reason{Code: identity.ReasonChipFailed, Note: "mute"}

func TestWrittenOff_SaysWhoAndWhy(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 5)
	b.inspected(t) // neither spoiled nor destroyed
	spoiled := b.prepared(t)
	blank, err := b.TakeBlank(t.Context(), spoiled, 1, press)
	require.NoError(t, err)
	require.NoError(t, b.Spoil(t.Context(), spoiled, 1, string(press), mute))
	shredded := b.inspected(t)
	require.NoError(t, b.Spoil(t.Context(), shredded, 1, string(approver), identity.Reason{Code: identity.ReasonInspectionFailed, Note: "scratched"}))
	require.NoError(t, b.Destroy(t.Context(), shredded, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "other", Note: "shredded"}))
	lost := b.inspected(t)
	p, err := b.Pack(t.Context(), lost, 1, 1, "system")
	require.NoError(t, err)
	require.NoError(t, b.SendConsignment(t.Context(), p.Consignment, identity.SendConsignment{Officer: approver, Courier: "VNPost", Seal: "1"}))
	require.NoError(t, b.ReceiveConsignment(t.Context(), p.Consignment, identity.ReceiveConsignment{Officer: counter, Counted: 0, Missing: []identity.ApplicationNumber{lost}}))
	today := identity.DateOf(time.Now())

	list, err := b.WrittenOff(t.Context(), today.AddDays(-1), today)

	require.NoError(t, err)
	for i := range list {
		for j := range list[i].Events {
			require.WithinDuration(t, time.Now(), list[i].Events[j].At, time.Minute)
			list[i].Events[j].At = time.Time{}
		}
	}
	second, err := b.Card(t.Context(), shredded, 1)
	require.NoError(t, err)
	third, err := b.Card(t.Context(), lost, 1)
	require.NoError(t, err)
	require.Equal(t, []registry.WrittenOff{
		{Serial: blank, Events: []registry.WriteOff{{By: string(press), Reason: mute}}},
		{Serial: second.Blank, Events: []registry.WriteOff{
			{By: string(approver), Reason: identity.Reason{Code: identity.ReasonInspectionFailed, Note: "scratched"}}, {Destroyed: true, By: string(counter + " and " + approver), Reason: identity.Reason{Code: "other", Note: "shredded"}},
		}},
		{Serial: third.Blank, Lost: true, Events: []registry.WriteOff{{By: string(counter), Reason: identity.Reason{Code: identity.ReasonMissing}}}},
	}, list)
	stock := b.balanced(t)
	require.Len(t, list, stock.Spoiled+stock.Destroyed)
}

// What happened before counts only for blanks that something befell in those days.
func TestWrittenOff_OfTheDaysAskedFor(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.inspected(t)
	require.NoError(t, b.Spoil(t.Context(), number, 1, string(press), mute))
	today := identity.DateOf(time.Now())
	for _, days := range [][2]int{{-9, -1}, {1, 9}} {
		list, err := b.WrittenOff(t.Context(), today.AddDays(days[0]), today.AddDays(days[1]))
		require.NoError(t, err)
		require.Empty(t, list)
	}
	_, err := b.WrittenOff(t.Context(), today, today.AddDays(-1))
	require.ErrorIs(t, err, identity.Invalid)
	_, err = b.WrittenOff(t.Context(), identity.Date{Year: 2026}, today)
	require.ErrorIs(t, err, identity.Invalid)
}
