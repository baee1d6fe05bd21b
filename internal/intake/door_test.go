package intake_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/templates/render/rendertest"
)

// sizes are those of config/default.yaml.
var sizes = packet.Sizes{Document: 1 << 16, Portrait: 2 << 20, Finger: 1 << 20, Packet: 8 << 20}

// newDoor is a door at which it is that day; it stores nothing.
func newDoor(t *testing.T, today identity.Date) *intake.Door {
	t.Helper()
	calendar, err := identity.LoadCalendar()
	require.NoError(t, err)
	return &intake.Door{Forms: rendertest.BuiltIn(t), Calendar: calendar, Sizes: sizes, Now: today.Midnight}
}

// sample is the submission of sample 02-exchange-at-25, filed on 23 November 2026,
// with its images in it.
func sample(t *testing.T) packet.Submission {
	t.Helper()
	s, err := packet.ReadSubmission(os.DirFS("../../samples/02-exchange-at-25"), "application.json", sizes)
	require.NoError(t, err)
	return s
}

func TestCheck_NothingIsFiledTomorrow(t *testing.T) {
	t.Parallel()
	s := sample(t)

	_, err := newDoor(t, filed).Check(s)
	require.NoError(t, err)

	_, err = newDoor(t, filed.AddDays(-1)).Check(s)
	require.EqualError(t, err, "filed_on: is after today; law, form and fee are those of that day")

	late := newDoor(t, filed)
	late.Now = func() time.Time { return filed.Midnight().Add(-time.Second) }
	_, err = late.Check(s)
	require.ErrorIs(t, err, identity.Invalid)
}

func TestCheck_TheSameTextInAnotherUnicodeFormIsTheSameSubmission(t *testing.T) {
	t.Parallel()
	door := newDoor(t, filed)
	composed := sample(t)
	decomposed := composed
	decomposed.Person.Name = norm.NFD.String(composed.Person.Name)
	require.NotEqual(t, composed.Person.Name, decomposed.Person.Name)

	a, err := door.Check(composed)
	require.NoError(t, err)
	b, err := door.Check(decomposed)
	require.NoError(t, err)

	require.Equal(t, a.Digest, b.Digest)
}
