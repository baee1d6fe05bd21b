package registry_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

func TestIssue_RepeatedIssuesOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)

	errs := atOnce(6, func(int) error { return b.Issue(t.Context(), handOver(number)) })

	for _, err := range errs {
		require.NoError(t, err)
	}
	trail := b.trail(t, number)
	require.Equal(t, "handed over card, by fingerprint; old card received", trail[len(trail)-1])
	require.Equal(t, []string{"entered HandOver", "fee paid"}, trail[len(trail)-3:len(trail)-1])
	shown, _, err := b.LookUp(t.Context(), number, []byte("client"), []byte("receipt"))
	require.NoError(t, err)
	require.WithinDuration(t, shown.Now, shown.Entered[identity.Issued], time.Minute, "the day of the last step")
	b.balanced(t)
}

// The register may learn after validation that the holder of a first card comes from a CMND: the card
// says it, and the CMND is handed in.
func TestIssue_FirstCardOfWhoHasACMND(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t, func(s *registry.Submission) {
		s.Application.Type, s.Application.Ground, s.Application.Person.OldNumber = identity.FirstIssue, identity.GroundFirstCard, "012999999"
	})
	for _, fate := range []identity.OldCard{"", identity.OldCardNone} {
		silent := handOver(number)
		silent.OldCard = fate
		require.ErrorContains(t, b.Issue(t.Context(), silent), "its holder has a CMND by the population register")
	}

	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	require.NoError(t, b.Issue(t.Context(), handOver(number)), "what was handed over is not asked about again")
}

func TestIssue_RevokesTheOldCard(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	person := func(s *registry.Submission) { s.Application.Person.Number = "001201888888" }
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{
		Person: identity.Person{Number: "001201888888", Name: identity.Name{Text: "Nguyễn Thị Cũ"}}, Status: identity.Alive,
		LiveCard: &registry.OldCard{Serial: "0123456789ABCDEF", Form: "cccd-2021", Issued: identity.Date{Year: 2021, Month: 5, Day: 1}},
	}))
	lost := b.arrived(t, person, func(s *registry.Submission) { s.Application.Ground = identity.GroundLost })
	_, err := b.db.Exec(t.Context(), `DROP INDEX one_open_application_per_citizen`) // one live card is held by itself
	require.NoError(t, err)
	age := b.arrived(t, person)

	errs := atOnce(2, func(i int) error {
		return b.Issue(t.Context(), handOver([]identity.ApplicationNumber{lost, age}[i]))
	})

	for _, err := range errs { // the law allows both, one after the other; only the later is live
		require.NoError(t, err)
	}
	var live, revoked int
	require.NoError(t, b.db.QueryRow(t.Context(), `
		SELECT count(*) FILTER (WHERE state = 'live'), count(*) FILTER (WHERE state = 'revoked') FROM cards WHERE citizen = (SELECT citizen FROM applications WHERE number = $1)`, lost).
		Scan(&live, &revoked))
	require.Equal(t, []int{1, 2}, []int{live, revoked})
	citizen, err := b.Citizen(t.Context(), "001201888888")
	require.NoError(t, err)
	require.Equal(t, "Nguyễn Thị Cũ", citizen.Person.Name.Text, "the register's record is not the card's to change")
	events := append(b.trail(t, lost), b.trail(t, age)...)
	require.Contains(t, events, "revoked card 1")
	b.balanced(t)
}

// A person whose number was re-established (24.1 e) has one card: the one under the old
// number ends with the act that gives the new one.
func TestIssue_RevokesTheCardUnderTheNumberOfBefore(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	before := b.arrived(t, func(s *registry.Submission) { s.Application.Person.Number = "001201777777" })
	require.NoError(t, b.Issue(t.Context(), handOver(before)))
	after := b.arrived(t, func(s *registry.Submission) {
		s.Application.Ground = identity.GroundNumberChanged
		s.Application.Person.Number, s.Application.Person.CancelledNumber = "001201777778", "001201777777"
	})

	require.NoError(t, b.Issue(t.Context(), handOver(after)))

	for number, want := range map[identity.ApplicationNumber]identity.CardState{before: identity.CardRevoked, after: identity.CardLive} {
		card, err := b.Card(t.Context(), number, 1)
		require.NoError(t, err)
		require.Equal(t, want, card.State)
	}
	held, err := b.Held(t.Context(), "001201777777")
	require.NoError(t, err)
	require.Nil(t, held)
}

// A number that a record calls canceled is believed by nobody where the register has it as
// another person's: that person's card stays what it is.
func TestIssue_RevokesNoStrangersCard(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	for _, n := range []identity.PersonalNumber{"001201777777", "001201777778"} {
		require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: identity.Person{Number: n, Name: identity.Name{Text: "Nguyễn Thị Ánh"}}, Status: identity.Alive}))
	}
	strangers := b.arrived(t, of("001201777777"))
	require.NoError(t, b.Issue(t.Context(), handOver(strangers)))
	own := b.arrived(t, func(s *registry.Submission) {
		s.Application.Ground = identity.GroundNumberChanged
		s.Application.Person.Number, s.Application.Person.CancelledNumber = "001201777778", "001201777777"
	})

	require.NoError(t, b.Issue(t.Context(), handOver(own)))

	require.Equal(t, identity.CardLive, b.state(t, strangers, 1))
	require.Equal(t, identity.CardLive, b.state(t, own, 1))
}

// On exchange nothing is handed over before it is said what became of the old card, and
// that is kept with its reason.
func TestIssue_KeepsWhatBecameOfTheOldCard(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)
	silent, kept := handOver(number), handOver(number)
	silent.OldCard = ""
	kept.OldCard, kept.OldCardReason = identity.OldCardKept, "tạm giữ theo biên bản 12"

	require.ErrorContains(t, b.Issue(t.Context(), silent), "old_card: is \"\", but the old card is handed in")
	require.NoError(t, b.Issue(t.Context(), kept))

	var fate, why string
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT old_card, old_card_reason FROM cards WHERE application = $1`, number).Scan(&fate, &why))
	require.Equal(t, []string{"kept", kept.OldCardReason}, []string{fate, why})
	require.NoError(t, b.Issue(t.Context(), kept), "asked again")
}

func TestIssue_OnlyACardThatArrived(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.inspected(t)

	require.ErrorIs(t, b.Issue(t.Context(), handOver(number)), identity.Conflict)
	require.ErrorIs(t, b.Issue(t.Context(), handOver("00000-00000-0")), identity.NotFound)
}

// A finger is compared for an officer who signed and may hand the card over, and not after
// too many that failed, however many were sent at once. To what was done the answer stays.
func TestMayMatch(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)
	tries := make([]registry.HandOver, 7)
	for i := range tries {
		act := identity.HandOverCard{Officer: handOver(number).Officer, Method: identity.HandOverByFingerprint, OldCard: identity.OldCardReceived}
		signed := registrytest.Signed(act, statement.Application(number))
		signed.TakenIn = time.Now()
		var err error
		act.Probe, err = b.Probe(t.Context(), number, []byte("finger"))
		require.NoError(t, err, "all are at the door at once")
		tries[i] = registry.HandOver{HandOverCard: act, Application: number, Attempt: 1, Signed: signed}
	}
	forged, unsigned := tries[0], tries[0]
	forged.Signed = signedBy(t, forged.HandOverCard, statement.Application(number), time.Minute, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	forged.Signed.TakenIn = time.Now()
	unsigned.Signed = statement.Signed{}
	require.ErrorIs(t, b.MayMatch(t.Context(), forged), identity.Forbidden)
	require.ErrorIs(t, b.MayMatch(t.Context(), unsigned), identity.Forbidden)
	require.Equal(t, 1, b.count(t, "refused_acts WHERE act = 'hand-over'"))
	for _, try := range tries[:5] {
		require.NoError(t, b.MayMatch(t.Context(), try))
		require.NoError(t, b.Mismatched(t.Context(), try))
		require.NoError(t, b.MayMatch(t.Context(), try), "the same finger again")
	}
	require.ErrorContains(t, b.MayMatch(t.Context(), tries[5]), "5 fingers did not match")

	require.NoError(t, b.DropProbe(t.Context(), number, tries[5].Probe))
	require.Equal(t, 6, b.count(t, "vault_blobs WHERE kind = 'probe'"))

	matches := handOver(number)
	matches.Probe = tries[6].Probe
	require.NoError(t, b.Issue(t.Context(), matches))
	require.NoError(t, b.MayMatch(t.Context(), tries[6]))
	for _, try := range tries {
		require.NoError(t, b.DropProbe(t.Context(), number, try.Probe))
	}
	require.Equal(t, 1, b.count(t, "vault_blobs WHERE kind = 'probe'"), "the finger by which it was handed over stays, and nobody else's")
	for sql, constraint := range map[string]string{`DELETE FROM vault_blobs WHERE kind = 'probe'`: "evidence_is_final", `UPDATE cards SET probe = 1`: "card_is_signed_for"} {
		_, err := b.asProgram(t).Exec(t.Context(), sql)
		require.Equal(t, constraint, constraintOf(err), sql)
	}
}
