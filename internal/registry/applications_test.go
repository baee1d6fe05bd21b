package registry_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
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

// pgx would store what String says of a personal number, which hides it.
func TestReceive_StoresTheDigitsOfPersonalNumbers(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))

	for _, query := range []string{
		`SELECT personal_number FROM applications`, `SELECT person->>'Number' FROM applications`,
		`SELECT personal_number FROM cards`, `SELECT card->'Person'->>'Number' FROM cards`,
		`SELECT number FROM citizens`, `SELECT person->>'Number' FROM citizens`,
	} {
		var digits string
		require.NoError(t, b.db.QueryRow(t.Context(), query).Scan(&digits))
		require.Regexp(t, `^001201\d{6}$`, digits, query)
	}
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

func TestReceive_OneOpenApplicationPerCitizenAndGround(t *testing.T) {
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

	// The same person may apply on another ground, and again once the first ended.
	b.received(t, same, func(s *registry.Submission) { s.Application.Ground = identity.GroundLost })
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

func TestStart_IsNotedOnceAndListedUntilThen(t *testing.T) {
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

func TestEnter_IsOneEntryHoweverOften(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	errs := atOnce(8, func(int) error {
		return b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.BiometricCapture, Attempt: 1, Actor: "system"})
	})

	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, []string{"received", "entered BiometricCapture"}, b.trail(t, number))
}

func TestEnter_KeepsToTheStagesOfTheLaw(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	err := b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Printing, Actor: "system"})
	require.ErrorIs(t, err, identity.Conflict)
	err = b.Enter(t.Context(), registry.StageChange{Application: "00000-00000-0", To: identity.Validation, Actor: "system"})
	require.ErrorIs(t, err, identity.NotFound)

	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, identity.Received, record.Stage)
}

func TestEnterWith_GivesTheEvidenceThatCounts(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture)
	require.NoError(t, b.Capture(t.Context(), number, 2, enroller, map[identity.EvidenceKind][]byte{identity.EvidencePortrait: []byte("second portrait")}))
	read := func(round int) registry.Evidence {
		record, evidence, err := b.EnterWith(t.Context(), registry.StageChange{Application: number, To: identity.BiometricCapture, Actor: "system"},
			registry.EvidenceKey{Kind: identity.EvidencePortrait, Attempt: round}, registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: round},
			registry.EvidenceKey{Kind: identity.EvidenceChipImage, Attempt: 1})
		require.NoError(t, err)
		require.Equal(t, identity.BiometricCapture, record.Stage)
		return evidence
	}
	first := registry.Evidence{identity.EvidencePortrait: []byte("portrait"), identity.EvidenceTemplates: []byte("templates")}
	second := registry.Evidence{identity.EvidencePortrait: []byte("second portrait"), identity.EvidenceTemplates: []byte("templates")}

	require.Equal(t, first, read(1))
	require.Equal(t, second, read(2), "what the second round did not bring is the first one's")
	require.Equal(t, first, read(0), "a round counts when it is accepted")
	require.NoError(t, b.Decide(t.Context(), registry.Decision{Application: number, Step: "recapture", Round: 2, Officer: enroller}))
	require.Equal(t, second, read(0))
	_, err := first.Get(identity.EvidenceChipImage)
	require.ErrorIs(t, err, identity.NotFound)
}

func TestEnterWith_RefusesWhatEnterRefuses(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	_, _, err := b.EnterWith(t.Context(), registry.StageChange{Application: number, To: identity.Printing, Actor: "system"})
	require.ErrorIs(t, err, identity.Conflict)
	_, _, err = b.EnterWith(t.Context(), registry.StageChange{Application: "00000-00000-0", To: identity.Validation, Actor: "system"})
	require.ErrorIs(t, err, identity.NotFound)

	require.Equal(t, []string{"received"}, b.trail(t, number))
}

func TestEnter_NotesWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture)
	before, err := b.Application(t.Context(), number)
	require.NoError(t, err)

	require.NoError(t, b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Actor: "system"}))

	after, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, identity.ToRecapture, after.Awaiting)
	require.Equal(t, before.EnteredAt, after.EnteredAt)
	require.Len(t, b.trail(t, number), 2)
}

// A step of a card that was given up, run again late by a worker that was
// thought dead, must not move the application back.
func TestEnter_RefusesALateCopy(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.prepared(t)
	b.enter(t, number, 1, identity.Printing)
	b.enter(t, number, 2, identity.DataPreparation, identity.Personalization)

	err := b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Printing, Attempt: 1, Actor: "system"})

	require.ErrorIs(t, err, identity.Conflict)
}

func TestCapture_IsTheNextRound(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	require.ErrorIs(t, b.Capture(t.Context(), number, 3, enroller, nil), identity.Conflict)
	require.NoError(t, b.Capture(t.Context(), number, 2, enroller, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("poor")}))
	require.NoError(t, b.Capture(t.Context(), number, 2, enroller, map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: []byte("good")}))
	require.NoError(t, b.Decide(t.Context(), registry.Decision{Application: number, Step: "recapture", Round: 2, Officer: enroller}))

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

// Two applications of one person in flight at once always meet: whoever commits
// second finds the first, and a reader that goes on from the last entry it saw
// misses none.
func TestGallery_IsInTheOrderOfCommits(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const writers = 6
	submissions := make([]registry.Submission, writers*5)
	for i := range submissions {
		submissions[i] = b.submission()
	}
	done := make(chan struct{})
	seen := make(chan []identity.ApplicationNumber)
	go func() {
		var last int64
		var list []identity.ApplicationNumber
		for finished := false; ; {
			entries, err := b.Gallery(t.Context(), last, 3)
			if err != nil || finished && len(entries) == 0 {
				seen <- list
				return
			}
			for _, e := range entries {
				list, last = append(list, e.Application), e.Seq
			}
			select {
			case <-done:
				finished = true
			default:
			}
		}
	}()

	errs := atOnce(writers, func(i int) error {
		for _, s := range submissions[i*5 : i*5+5] {
			receipt, err := b.Receive(t.Context(), s)
			if err != nil {
				return err
			}
			entries, err := b.Gallery(t.Context(), 0, 1000)
			if err != nil {
				return err
			}
			found := false
			for _, e := range entries {
				found = found || e.Application == receipt.Number
			}
			if !found {
				return identity.Refuse(identity.NotFound, "%s does not see itself", receipt.Number)
			}
		}
		return nil
	})
	close(done)

	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, <-seen, len(submissions))
}

func TestList_FiltersAndPages(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	first, second, third := b.received(t), b.received(t), b.received(t)
	require.NoError(t, b.Enter(t.Context(), registry.StageChange{Application: second, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Actor: "system"}))
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
		"Station":  {registry.Filter{Station: enrolment, Province: "001", Limit: 1}, []identity.ApplicationNumber{first}},
	} {
		list, err := b.List(t.Context(), tt.filter)
		require.NoError(t, err, name)
		var numbers []identity.ApplicationNumber
		for _, r := range list {
			numbers = append(numbers, r.Number)
		}
		require.Equal(t, tt.want, numbers, name)
	}
}

func TestShred_LeavesTheRecordWithoutItsEvidence(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)

	for range 2 {
		require.NoError(t, b.Shred(t.Context(), number, approver, "retention ended"))
	}

	_, err := b.Evidence(t.Context(), number, identity.EvidencePortrait, 1)
	require.ErrorIs(t, err, identity.NotFound)
	gallery, err := b.Gallery(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Empty(t, gallery)
	require.Equal(t, []string{"received", "shredded evidence"}, b.trail(t, number))
	require.ErrorIs(t, b.Shred(t.Context(), "00000-00000-0", approver, "why"), identity.NotFound)
}

// What the database says of values goes no further.
func TestErrors_SayNothingOfThePerson(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for name, change := range map[string]func(*registry.Submission){
		"Text":   func(s *registry.Submission) { s.Application.Person.Marks = "scar\x00" },
		"Number": func(s *registry.Submission) { s.Application.Person.Number = "12345" },
		"Twice":  func(s *registry.Submission) { s.Application.Person.Number = "001201777777" },
	} {
		b.received(t, func(s *registry.Submission) {
			s.Application.Person.Number, s.Application.Ground = "001201777777", identity.Ground(name)
		})
		_, err := b.Receive(t.Context(), b.submission(change, func(s *registry.Submission) { s.Application.Ground = identity.Ground(name) }))
		require.Error(t, err, name)
		for _, secret := range []string{"Nguyễn", "12345", "001201777777", "scar", "Hàng"} {
			require.NotContains(t, err.Error(), secret, name)
		}
	}
}
