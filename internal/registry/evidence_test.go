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
	require.ErrorContains(t, b.Capture(t.Context(), number, 2, nil), "is not to be captured again")
	b.enter(t, number, 1, identity.BiometricCapture)

	require.ErrorContains(t, b.Capture(t.Context(), number, 3, nil), "is round 2")
	require.NoError(t, b.Capture(t.Context(), number, 2, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("poor")}))
	require.NoError(t, b.Capture(t.Context(), number, 2, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("good")}))
	gallery, err := b.Gallery(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, gallery, 1, "nobody is searched for in what was not accepted")
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "recapture", Round: 2, Officer: enroller}, time.Time{})))
	require.NoError(t, b.DropCapture(t.Context(), number, 2), "what was accepted stays")

	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, 2, record.CaptureRound)
	gallery, err = b.Gallery(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, gallery, 2)
	require.Equal(t, "templates", string(gallery[0].Templates))
	require.Equal(t, "good", string(gallery[1].Templates))
	require.Equal(t, []string{"received", "entered BiometricCapture", "recapture"}, b.trail(t, number))
}

// A capture that its workflow refused leaves nothing behind.
func TestDropCapture_LeavesNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture)
	fingers := map[identity.EvidenceKind][]byte{identity.EvidencePortrait: []byte("a stranger"), identity.EvidenceTemplates: []byte("a stranger's")}
	require.NoError(t, b.Capture(t.Context(), number, 2, fingers))

	require.NoError(t, b.DropCapture(t.Context(), number, 2))

	var left int
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM vault_blobs WHERE attempt = 2) + (SELECT count(*) FROM gallery WHERE round = 2)`).Scan(&left))
	require.Zero(t, left)
	require.NoError(t, b.DropCapture(t.Context(), number, 2), "a second call changes nothing")
}
