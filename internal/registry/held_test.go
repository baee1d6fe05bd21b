package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// The card that was handed over is the one held, and what was captured for it is on file.
func TestHeld_IsTheLiveCardAndItsCaptureIsOnFile(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)
	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	citizen := record.Application.Person.Number

	held, err := b.Held(t.Context(), citizen)
	require.NoError(t, err)
	require.Nil(t, held, "a card that waits at the counter is not held")
	onFile, err := b.OnFile(t.Context(), citizen)
	require.NoError(t, err)
	require.Empty(t, onFile)

	require.NoError(t, b.Issue(t.Context(), handOver(number)))

	held, err = b.Held(t.Context(), citizen)
	require.NoError(t, err)
	card, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	require.Equal(t, &identity.HeldCard{Issued: card.Card.Issued, Expiry: card.Card.Expiry, State: identity.CardLive}, held)
	onFile, err = b.OnFile(t.Context(), citizen)
	require.NoError(t, err)
	require.Equal(t, registry.Evidence{identity.EvidencePortrait: []byte("portrait"), identity.EvidenceTemplates: []byte("templates")}, onFile)
}
