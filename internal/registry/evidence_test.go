package registry_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

func TestCapture_IsTheNextRound(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	require.ErrorContains(t, b.Capture(t.Context(), number, 2, nil, nil), "is not to be captured again")
	b.enter(t, number, 1, identity.BiometricCapture)

	require.ErrorContains(t, b.Capture(t.Context(), number, 3, nil, nil), "is round 2")
	require.NoError(t, b.Capture(t.Context(), number, 2, nil, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("poor")}))
	require.NoError(t, b.Capture(t.Context(), number, 2, nil, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("good")}))
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

// A capture of which nobody was answered goes with the end of its application.
func TestEnd_TakesAwayWhatWasNotAccepted(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture)
	require.NoError(t, b.Capture(t.Context(), number, 2, nil, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("a stranger's")}))
	b.decided(t, number, identity.Withdrawn)
	require.NoError(t, b.End(t.Context(), registry.StageChange{Application: number, To: identity.Withdrawn, Actor: "system", Reason: identity.ReasonWithdrawn}))
	require.Zero(t, b.count(t, "vault_blobs WHERE attempt = 2"))
	require.NotZero(t, b.count(t, "vault_blobs WHERE attempt = 1"))
}

// Whoever chose the face and the fingers of a card by capturing them anew decides on the
// application as little as who enrolled it.
func TestDecide_ByAnotherThanWhoCaptured(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	const both = identity.OfficerID("GD-01")
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture)
	require.NoError(t, b.Capture(t.Context(), number, 2, nil, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("good")}))
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "recapture", Round: 2, Officer: both}, time.Time{})))
	reason := identity.Reason{Code: identity.ReasonOther, Note: "x"}
	for _, step := range []identity.DecisionStep{identity.StepHold, identity.StepRelease, identity.StepReject} {
		err := errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: step, Round: 1, Officer: both, Reason: reason}, time.Time{}))
		require.ErrorContains(t, err, "captured an application anew", step)
	}
	b.enter(t, number, 1, identity.Validation, identity.Deduplication, identity.Approval)
	require.ErrorIs(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: identity.StepApprove, Round: 1, Officer: both}, time.Time{})), identity.Forbidden)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: identity.StepApprove, Round: 1, Officer: approver}, time.Time{})))

	hand := handOver(b.arrived(t))
	b.behind(t, `INSERT INTO decisions (application, step, round, officer, enrolled_by) VALUES ('`+string(hand.Application)+`', 'recapture', 2, '`+string(both)+`', '`+string(enroller)+`')`)
	hand.Officer, hand.Method, hand.Proof = both, identity.HandOverByOfficer, "I know him"
	require.ErrorContains(t, b.Issue(t.Context(), hand), "captured it anew")
	hand.Officer = "CB-001-0012"
	require.NoError(t, b.Issue(t.Context(), hand))
}

// An officer's signature is for the files that the officer captured: who captured others at
// the same moment has neither recorded.
func TestDecide_RecordsTheCaptureThatWasSigned(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture)
	own, other := []byte("the holder"), []byte("a stranger")
	digest := func(portrait []byte) []byte { return statement.Digest(map[string][]byte{"portrait": portrait}) }
	capture := func(portrait []byte) {
		evidence := map[identity.EvidenceKind][]byte{identity.EvidencePortrait: portrait, identity.EvidenceTemplates: portrait}
		require.NoError(t, b.Capture(t.Context(), number, 2, digest(portrait), evidence))
	}
	act := identity.Recapture{Officer: enroller, Round: 2, Captured: digest(own)}
	signed := registrytest.Signed(act, statement.Application(number))
	capture(own)
	capture(other)
	require.ErrorIs(t, b.decide(t, number, act, 2, signed), identity.Conflict)
	require.Zero(t, b.count(t, "acts WHERE act = 'recapture'")+b.count(t, "decisions")+b.count(t, "gallery WHERE round = 2"))

	capture(own)
	require.NoError(t, b.decide(t, number, act, 2, signed))
	require.Equal(t, 1, b.count(t, "decisions"))
}

// A capture that its workflow refused leaves nothing behind.
func TestDropCapture_LeavesNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture)
	fingers := map[identity.EvidenceKind][]byte{identity.EvidencePortrait: []byte("a stranger"), identity.EvidenceTemplates: []byte("a stranger's"), identity.EvidenceLeftIris: []byte("an eye")}
	require.NoError(t, b.Capture(t.Context(), number, 2, nil, fingers))

	require.NoError(t, b.DropCapture(t.Context(), number, 2))

	var left int
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM vault_blobs WHERE attempt = 2) + (SELECT count(*) FROM gallery WHERE round = 2)`).Scan(&left))
	require.Zero(t, left)
	require.NoError(t, b.DropCapture(t.Context(), number, 2), "a second call changes nothing")
}

// A chip has one security object: with another one, its card does not pass.
func TestPassInspection_NotesOneSecurityObject(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture, identity.Validation, identity.Deduplication, identity.Approval)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "approve", Round: 1, Officer: approver}, time.Time{})))
	b.enter(t, number, 1, identity.DataPreparation)
	open := b.card(t, number, 1)
	open.DigestSOD = [32]byte{}
	require.NoError(t, b.SaveCard(t.Context(), open))
	b.enter(t, number, 1, identity.Personalization)
	require.NoError(t, errOf(b.TakeBlank(t.Context(), number, 1, press)))
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPersonalized, ""))
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPrinted, ""))
	db := b.asProgram(t)
	noted, err := db.Exec(t.Context(), `UPDATE cards SET digest_sod = $1`, bytes.Repeat([]byte{7}, 32)) // as a release of before did, and was killed
	require.NoError(t, err)
	require.EqualValues(t, 1, noted.RowsAffected())
	same := registry.Inspected{SecurityObject: [32]byte(bytes.Repeat([]byte{7}, 32)), Signer: "5f3a", Forgets: true}

	other := b.PassInspection(t.Context(), number, 1, registry.Inspected{SecurityObject: [32]byte{8}, Signer: "5f3a"})
	for range 2 {
		require.NoError(t, b.PassInspection(t.Context(), number, 1, same))
	}
	require.NoError(t, b.NoteForgotten(t.Context(), number, 1, press))

	require.ErrorIs(t, other, identity.Conflict)
	card, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	require.Equal(t, identity.CardInspected, card.State)
	require.Equal(t, same.SecurityObject[:], card.DigestSOD)
	var told int
	require.NoError(t, db.QueryRow(t.Context(), `SELECT count(*) FROM audit WHERE event = 'removed the printed sides of card 1'`).Scan(&told))
	require.Equal(t, 1, told)
	_, err = db.Exec(t.Context(), `UPDATE cards SET digest_sod = NULL`)
	require.Equal(t, "security_object_is_final", constraintOf(err))
}
