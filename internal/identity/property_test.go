package identity_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
)

// generated runs a property over so many generated things, each from its own
// seed, which the failure names.
func generated(t *testing.T, n uint64, property func(t require.TestingT, r *rand.Rand)) {
	t.Helper()
	for seed := range n {
		failed := &failure{}
		property(failed, identitytest.Seeded(seed))
		require.Empty(t, failed.text, "seed %d", seed)
	}
}

// failure keeps what a property says, so that its seed can be told with it.
type failure struct{ text string }

func (f *failure) Errorf(format string, args ...any) { f.text += fmt.Sprintf(format, args...) }
func (f *failure) FailNow()                          {}

func TestGeneratedApplications_AreAcceptedAsTheyAre(t *testing.T) {
	t.Parallel()
	calendar, err := identity.LoadCalendar()
	require.NoError(t, err)

	generated(t, 5000, func(t require.TestingT, r *rand.Rand) {
		a := identitytest.Application(r)

		require.NoError(t, a.Check(a.FiledOn))
		normalized, err := a.Normalize()
		require.NoError(t, err)
		require.Equal(t, a, normalized)
		rules, err := identity.RulesFor(a, nil, "any", calendar)
		require.NoError(t, err)
		require.True(t, rules.Due.After(a.FiledOn.AddDays(7).Midnight()), "seven working days are more than a week")
		require.Equal(t, identity.LawOn(a.FiledOn), rules.Law)
		require.Contains(t, []int{0, 15_000, 25_000, 30_000, 35_000, 50_000, 70_000}, rules.Fee)
		require.Equal(t, identity.FormID("any"), rules.Form)
	})
}

func TestGeneratedCards_AreConsistent(t *testing.T) {
	t.Parallel()
	generated(t, 9000, func(t require.TestingT, r *rand.Rand) {
		c := identitytest.Card(r)

		require.NoError(t, c.Person.Number.Agrees(c.Person.Birth, c.Person.Sex))
		require.True(t, c.Expiry.Never() || c.Expiry.Date.Compare(c.Issued.AddYears(2)) >= 0, "no card holds less than two years")
		_, err := identity.ParseCardSerial(string(c.Serial))
		require.NoError(t, err)
	})
}

func TestGeneratedNames_SurviveEveryForm(t *testing.T) {
	t.Parallel()
	generated(t, 5000, func(t require.TestingT, r *rand.Rand) {
		n := identitytest.Name(r, identity.Female)

		require.True(t, norm.NFC.IsNormalString(n.Upper()+n.Title()+n.Key()))
		decomposed, err := identity.ParseName(norm.NFD.String(n.Text))
		require.NoError(t, err)
		require.Equal(t, n.Text, decomposed.Text, "NFD is normalized, not refused")
		printed, err := identity.ParseName(n.Upper())
		require.NoError(t, err)
		require.Equal(t, n.Upper(), printed.Upper())
		require.Equal(t, n.Key(), printed.Key())
		title, err := identity.ParseName(n.Title())
		require.NoError(t, err)
		require.Equal(t, n.Title(), title.Title())
		require.Equal(t, n.Words(), append(words(n.Family()), words(n.Given())...))
	})
}

func TestGenerator_IsDeterministic(t *testing.T) {
	t.Parallel()
	once := identitytest.Application(identitytest.Seeded(7))
	again := identitytest.Application(identitytest.Seeded(7))
	require.Equal(t, once, again)
}
