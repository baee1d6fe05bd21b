package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func TestMarkStarted_EndsTheListingAsUnstarted(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	list, err := b.Unstarted(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Equal(t, []identity.ApplicationNumber{number}, list)
	recent, err := b.Unstarted(t.Context(), time.Hour, 10)
	require.NoError(t, err)
	require.Empty(t, recent)

	require.NoError(t, b.MarkStarted(t.Context(), number))
	require.NoError(t, b.MarkStarted(t.Context(), number))

	list, err = b.Unstarted(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestList_FiltersAndPages(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	first, second, third := b.received(t), b.received(t), b.received(t)
	require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: second, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Actor: "system"})))
	for name, tt := range map[string]struct {
		filter registry.Filter
		want   []identity.ApplicationNumber
	}{
		"All":      {registry.Filter{}, []identity.ApplicationNumber{first, second, third}},
		"Page":     {registry.Filter{Limit: 2}, []identity.ApplicationNumber{first, second}},
		"NextPage": {registry.Filter{Limit: 2, After: second}, []identity.ApplicationNumber{third}},
		"Stage":    {registry.Filter{Stages: []identity.Stage{identity.Received}}, []identity.ApplicationNumber{first, third}},
		"Awaiting": {registry.Filter{Awaiting: identity.ToRecapture}, []identity.ApplicationNumber{second}},
		"Province": {registry.Filter{Province: "079"}, nil},
		"Station":  {registry.Filter{Station: enrollment, Province: "001", Limit: 1}, []identity.ApplicationNumber{first}},
		"Nowhere":  {registry.Filter{Stages: []identity.Stage{"Nowhere"}}, nil},
	} {
		list, err := b.List(t.Context(), tt.filter)
		require.NoError(t, err, name)
		var numbers []identity.ApplicationNumber
		for _, r := range list {
			numbers = append(numbers, r.Number)
		}
		require.Equal(t, tt.want, numbers, name)
		if tt.filter.Limit == 0 {
			n, err := b.Count(t.Context(), tt.filter, 10)
			require.NoError(t, err, name)
			require.Equal(t, len(tt.want), n, name)
		}
	}
	for most, want := range map[int]int{2: 2, 3: 3, 4: 3} {
		n, err := b.Count(t.Context(), registry.Filter{Limit: 1, After: second}, most)
		require.NoError(t, err)
		require.Equal(t, want, n, "of all pages, and no further than was asked")
	}
}
