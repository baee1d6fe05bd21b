package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestCapture_IsTheNextRound(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	require.ErrorIs(t, b.Capture(t.Context(), number, 3, enroller, nil), identity.Conflict)
	require.NoError(t, b.Capture(t.Context(), number, 2, enroller, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("poor")}))
	require.NoError(t, b.Capture(t.Context(), number, 2, enroller, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("good")}))
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "recapture", Round: 2, Officer: enroller}, time.Time{})))

	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, 2, record.CaptureRound)
	gallery, err := b.Gallery(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, gallery, 2)
	require.Equal(t, "templates", string(gallery[0].Templates))
	require.Equal(t, "good", string(gallery[1].Templates))
	require.Equal(t, []string{"received", "captured round 2", "captured round 2", "recapture"}, b.trail(t, number))
}
