package intake

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/templates/render/rendertest"
)

func doorOfSamples(t *testing.T) (*Door, packet.Submission) {
	t.Helper()
	calendar, err := identity.LoadCalendar()
	require.NoError(t, err)
	sizes := packet.Sizes{Document: 1 << 16, Portrait: 2 << 20, Finger: 1 << 20, Packet: 8 << 20}
	s, err := packet.ReadSubmission(os.DirFS("../../samples/02-exchange-at-25"), "application.json", sizes)
	require.NoError(t, err)
	today := identity.Date{Year: 2026, Month: 11, Day: 23}
	return &Door{Forms: rendertest.BuiltIn(t), Calendar: calendar, Sizes: sizes, Chip: lds.Profiles()[0], Now: today.Midnight, LateAfter: 2}, s
}

// Reissue and exchange that are filed online are made from what was captured last: nothing
// is sent again, and the fingers are there to be matched at hand-over.
func TestCheck_TheCardIsMadeFromWhatIsOnFile(t *testing.T) {
	t.Parallel()
	door, s := doorOfSamples(t)
	portrait := s.Portrait.Data
	s.Portrait, s.Fingerprints, s.Channel = nil, nil, "online"
	for ground, kind := range map[string]string{"lost": "reissue", "damaged": "reissue", "boundaries": "exchange"} {
		s.Type, s.Ground = kind, ground

		checked, err := door.check(s, nil, time.Time{}, known{asked: true, onFile: registry.Evidence{
			identity.EvidencePortrait: portrait, identity.EvidenceTemplates: []byte("templates"),
		}})
		require.NoError(t, err, ground)
		require.Equal(t, portrait, checked.Evidence[identity.EvidencePortrait])
		require.Equal(t, []byte("templates"), checked.Evidence[identity.EvidenceTemplates])

		_, err = door.check(s, nil, time.Time{}, known{asked: true})
		require.EqualError(t, err, "portrait: is missing, and the office has none on file; give the latest, or the citizen comes in person", ground)

		_, err = door.check(s, nil, time.Time{}, known{})
		require.NoError(t, err, "a station cannot know what is on file")
	}
}

// Where there is something on file, no other face and fingers are brought, which nobody took under an
// officer's eyes; where there is nothing, the portrait that is brought is judged; and who was a child of
// whom nothing was taken comes in person.
func TestCheck_NobodyElseIsBroughtForWhatIsOnFile(t *testing.T) {
	t.Parallel()
	door, s := doorOfSamples(t)
	s.Channel, s.Type, s.Ground = "online", "reissue", "lost"

	_, err := door.check(s, nil, time.Time{}, known{asked: true, onFile: registry.Evidence{identity.EvidencePortrait: s.Portrait.Data}})
	require.ErrorContains(t, err, "portrait: is given, but the card is made from what is on file")
	require.ErrorContains(t, err, "fingerprints: is given, but the card is made from what is on file")

	_, err = door.check(s, nil, time.Time{}, known{asked: true})
	require.EqualError(t, err, "fingerprints: is given, but the card is made from what is on file (art. 25.3 of Law 26/2023/QH15); whoever wants another portrait comes in person")

	s.Fingerprints = nil
	_, err = door.check(s, nil, time.Time{}, known{asked: true})
	require.NoError(t, err)
	blurred, err := packet.ReadSubmission(os.DirFS("../../samples/17-poor-portrait"), "application.json", door.Sizes)
	require.NoError(t, err)
	s.Portrait = blurred.Portrait
	_, err = door.check(s, nil, time.Time{}, known{asked: true})
	require.ErrorContains(t, err, "portrait: is not good enough: portrait-", "nobody judges it later")

	child := &identity.HeldCard{Issued: identity.Date{Year: 2005, Month: 5, Day: 4}}
	_, err = door.check(s, nil, time.Time{}, known{asked: true, held: child})
	require.ErrorContains(t, err, "channel: is online, but for the card held, of a child, nothing was captured")
}

// The card held decides the fee, and what may be asked for.
func TestCheck_TheCardHeldDecides(t *testing.T) {
	t.Parallel()
	door, s := doorOfSamples(t)
	birthday := identity.Date{Year: 2026, Month: 11, Day: 2}
	cccd := &identity.HeldCard{Issued: identity.Date{Year: 2021, Month: 5, Day: 4}, Expiry: identity.Expiry{Date: birthday}}
	canCuoc := &identity.HeldCard{Issued: identity.Date{Year: 2024, Month: 11, Day: 4}, Expiry: identity.Expiry{Date: birthday.AddYears(15)}}

	checked, err := door.check(s, nil, time.Time{}, known{held: cccd})
	require.NoError(t, err)
	require.Zero(t, checked.Rules.Fee, "it ends at 25")
	_, err = door.check(s, nil, time.Time{}, known{held: canCuoc})
	require.ErrorContains(t, err, "ground: is age, but the card held does not end at this age")

	s.Ground = "from-cccd"
	checked, err = door.check(s, nil, time.Time{}, known{held: cccd})
	require.NoError(t, err)
	require.Equal(t, 15_000, checked.Rules.Fee)
	_, err = door.check(s, nil, time.Time{}, known{held: canCuoc})
	require.ErrorContains(t, err, "ground: is from-cccd, but the card held is one of law 26/2023/QH15")

	s.Ground = "request"
	checked, err = door.check(s, nil, time.Time{}, known{held: canCuoc})
	require.NoError(t, err)
	require.Equal(t, 25_000, checked.Rules.Fee)

	s.Type, s.Ground = "reissue", "nationality"
	_, err = door.check(s, nil, time.Time{}, known{kept: true})
	require.ErrorContains(t, err, "ground: is nationality, but by the population register and the card record this person never lost it")
	withdrawn := &identity.HeldCard{Issued: canCuoc.Issued, State: identity.CardWithdrawn, NationalityLost: true}
	checked, err = door.check(s, nil, time.Time{}, known{held: withdrawn})
	require.NoError(t, err)
	require.Equal(t, 35_000, checked.Rules.Fee)
	s.Type, s.Ground = "exchange", "request"
	_, err = door.check(s, nil, time.Time{}, known{held: withdrawn})
	require.ErrorContains(t, err, "who regained it is given another as a reissue")
}

// A late entry needs a reason, and is never on a form or at a fee that has ended.
func TestCheck_NothingIsDatedBack(t *testing.T) {
	t.Parallel()
	door, s := doorOfSamples(t)
	s.FiledOn, s.Ground = "2026-11-02", "request"

	_, err := door.Check(s)
	require.ErrorContains(t, err, "late_reason: is missing")

	s.LateReason = "Mất điện, đường truyền hỏng"
	checked, err := door.Check(s)
	require.NoError(t, err)
	require.Equal(t, s.LateReason, checked.Application.LateReason)

	s.FiledOn = "2024-06-28"
	_, err = door.Check(s)
	require.ErrorContains(t, err, "filed_on: is a day whose fees have ended since")

	door.LateAfter = 1000
	_, err = door.Check(s)
	require.ErrorContains(t, err, "filed_on: is a day whose form of card is not issued any more")
}

// What waited for a connection is as late as it was when its officer signed; a day that
// cannot be counts for nothing.
func TestCheck_LatenessIsOfTheDayOfSigning(t *testing.T) {
	t.Parallel()
	door, s := doorOfSamples(t) // on 23 November 2026
	s.FiledOn, s.Ground = "2026-11-02", "request"
	for name, tt := range map[string]struct {
		signed string
		late   bool
	}{
		"OnTheDay":         {"2026-11-02T09:00:00Z", false},
		"SecondWorkingDay": {"2026-11-04T09:00:00Z", false},
		"ByOurCalendar":    {"2026-11-04T17:30:00Z", true}, // the fifth in Hanoi
		"ThirdWorkingDay":  {"2026-11-05T09:00:00Z", true},
		"BeforeItWasFiled": {"2026-11-01T09:00:00Z", true},
		"StillToCome":      {"2026-11-30T09:00:00Z", true},
	} {
		signed, err := time.Parse(time.RFC3339, tt.signed)
		require.NoError(t, err)

		_, err = door.check(s, nil, signed, known{})

		if tt.late {
			require.ErrorContains(t, err, "late_reason: is missing", name)
		} else {
			require.NoError(t, err, name)
		}
	}
}
