package registry_test

import (
	"bytes"
	"crypto/sha256"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/vault"
)

func TestReceive_KeepsEverything(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	s := b.submission(func(s *registry.Submission) {
		s.Application.Delivery, s.Application.DeliveryTo = identity.Post, "Số 1 Lê Duẩn"
		s.Application.Urgent, s.Application.Exemption = true, "poor"
		s.Application.Representative = identity.Name{Text: "Trần Văn Ba"}
		s.Application.Person.Mother = identity.Name{Text: "Lê Thị Y", FamilyWords: 1}
		s.Application.Person.OldNumber = "012345678"
		s.Application.Person.Birth = identity.Date{Year: 2001, Month: 2}
	})

	receipt, err := b.Receive(t.Context(), s)

	require.NoError(t, err)
	require.False(t, receipt.Existing)
	record, err := b.Application(t.Context(), receipt.Number)
	require.NoError(t, err)
	require.Equal(t, s.Application, record.Application)
	require.True(t, s.Rules.Due.Equal(record.Due))
	require.Equal(t, s.Rules.Form, record.Rules.Form)
	require.Equal(t, identity.Received, record.Stage)
	require.Equal(t, identity.DestinationPost, record.Destination)
	portrait, err := b.Evidence(t.Context(), receipt.Number, identity.EvidencePortrait, 1)
	require.NoError(t, err)
	require.Equal(t, "portrait", string(portrait))
	require.Equal(t, []string{"received"}, b.trail(t, receipt.Number))
}

func TestReceive_TheSameSubmissionIsOneApplication(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	s := b.submission()
	receipts := make([]registry.Receipt, 8)

	errs := atOnce(len(receipts), func(i int) (err error) {
		receipts[i], err = b.Receive(t.Context(), s)
		return err
	})

	fresh := 0
	for i, err := range errs {
		require.NoError(t, err)
		require.Equal(t, receipts[0].Number, receipts[i].Number)
		if !receipts[i].Existing {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	var blobs, entries int
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM vault_blobs), (SELECT count(*) FROM gallery)`).Scan(&blobs, &entries))
	require.Equal(t, []int{3, 1}, []int{blobs, entries})
}

func TestReceive_OtherContentUnderTheSameIdentifierIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	s := b.submission()
	receipt, err := b.Receive(t.Context(), s)
	require.NoError(t, err)
	s.Digest = sha256.Sum256([]byte("another"))

	_, err = b.Receive(t.Context(), s)

	require.ErrorIs(t, err, identity.Conflict)
	require.ErrorContains(t, err, string(receipt.Number))
}

func TestReceive_OneOpenApplicationPerCitizen(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const copies = 8
	same := func(s *registry.Submission) { s.Application.Person.Number = "001201999999" }
	submissions := make([]registry.Submission, copies)
	for i := range submissions {
		submissions[i] = b.submission(same)
	}
	numbers := make([]identity.ApplicationNumber, copies)

	errs := atOnce(copies, func(i int) error {
		receipt, err := b.Receive(t.Context(), submissions[i])
		numbers[i] = receipt.Number
		return err
	})

	var winner identity.ApplicationNumber
	for _, n := range numbers {
		if n != "" {
			require.Empty(t, winner)
			winner = n
		}
	}
	require.NotEmpty(t, winner)
	for i, err := range errs {
		if numbers[i] == "" {
			require.ErrorIs(t, err, identity.Conflict)
			require.ErrorContains(t, err, string(winner))
			require.NotContains(t, err.Error(), "001201999999")
		}
	}

	// Another ground makes no difference; once the first has ended the person may apply again.
	_, err := b.Receive(t.Context(), b.submission(same, func(s *registry.Submission) { s.Application.Ground = identity.GroundLost }))
	require.ErrorContains(t, err, string(winner))
	b.enter(t, winner, 0, identity.Withdrawn)
	b.received(t, same)
}

func TestReceive_NothingIsHalfStored(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	tooLarge := b.submission(func(s *registry.Submission) { s.Evidence[identity.EvidencePortrait] = make([]byte, 9<<20) })
	noStation := b.submission(func(s *registry.Submission) { s.Application.Station = "999-TN-99" })

	_, err := b.Receive(t.Context(), tooLarge)
	require.ErrorIs(t, err, identity.Invalid)
	_, err = b.Receive(t.Context(), noStation)
	require.ErrorIs(t, err, identity.Invalid)

	var rows int
	require.NoError(t, b.db.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM applications) + (SELECT count(*) FROM audit) + (SELECT count(*) FROM vault_blobs)
			+ (SELECT count(*) FROM vault_keys) + (SELECT count(*) FROM gallery)`).Scan(&rows))
	require.Zero(t, rows)
}

// A registry that was restored to an earlier instant gives a submission that it forgot
// the number it had: the citizen's receipt stays valid, and the workflow that was begun
// under it goes on.
func TestReceive_AForgottenSubmissionGetsItsNumberAgain(t *testing.T) {
	t.Parallel()
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "master.key"), true)
	require.NoError(t, err)
	var numbers []identity.ApplicationNumber
	for range 2 {
		b := newBundleWith(t, vault.New(master))
		numbers = append(numbers, b.received(t))
		other := b.submission()
		other.Application.EnrollmentID, other.Digest = "E-1", [32]byte{1}
		_, err := b.Receive(t.Context(), other)
		require.ErrorIs(t, err, identity.Conflict, "other content under the same identifier")
	}
	require.Equal(t, numbers[0], numbers[1])
	require.NotEqual(t, numbers[0], newBundle(t).received(t), "another office's key")
}

// Where a number is taken already, the next one is given.
func TestReceive_ATakenNumberIsNotGivenAgain(t *testing.T) {
	t.Parallel()
	b := newBundleWith(t, vault.New(sameDigest{}))
	first := b.received(t)
	require.NotEqual(t, first, b.received(t))
}

// sameDigest wraps nothing, and its first digest is the same for everything.
type sameDigest struct{}

func (sameDigest) Wrap(_ string, key []byte) ([]byte, error)       { return key, nil }
func (sameDigest) Unwrap(_ string, wrapped []byte) ([]byte, error) { return wrapped, nil }
func (sameDigest) Digest(content []byte) ([]byte, error) {
	return bytes.Repeat(content[len(content)-1:], 32), nil
}
