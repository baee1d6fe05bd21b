package identity_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// The table of art. 21: issued at an age, valid to an age.
func TestValidity_ByAge(t *testing.T) {
	t.Parallel()
	born := day(t, "1980-06-15")
	until := func(law identity.Law, age int) int {
		switch {
		case law == identity.Law2023 && age <= 11:
			return 14
		case age <= 22:
			return 25
		case age <= 37:
			return 40
		case age <= 57:
			return 60
		}
		return 0
	}
	for _, law := range []identity.Law{identity.Law2014, identity.Law2023} {
		for age := range 110 {
			t.Run(fmt.Sprintf("%s/%d", law, age), func(t *testing.T) {
				t.Parallel()
				e := identity.Validity(law, born, born.AddYears(age).AddDays(100))

				want := until(law, age)
				require.Equal(t, want == 0, e.Never())
				if want != 0 {
					require.Equal(t, born.AddYears(want), e.Date, "the birthday itself")
				}
			})
		}
	}
}

func TestValidity_Boundaries(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		law           identity.Law
		birth, issued string
		want          string
	}{
		{"OnTheDayOfBirth", identity.Law2023, "2026-01-05", "2026-01-05", "05/01/2040"},
		{"TwoYearsAndADayBefore14", identity.Law2023, "2012-10-05", "2024-10-04", "05/10/2026"},
		{"ExactlyTwoYearsBefore14", identity.Law2023, "2012-10-05", "2024-10-05", "05/10/2037"},
		{"ADayBefore25", identity.Law2023, "2001-11-02", "2026-11-01", "02/11/2041"},
		{"On25", identity.Law2023, "2001-11-02", "2026-11-02", "02/11/2041"},
		{"TwoYearsAndADayBefore40", identity.Law2014, "1982-07-20", "2020-07-19", "20/07/2022"},
		{"ExactlyTwoYearsBefore40", identity.Law2014, "1982-07-20", "2020-07-20", "20/07/2042"},
		{"TwoYearsAndADayBefore60", identity.Law2023, "1966-09-15", "2024-09-14", "15/09/2026"},
		{"ExactlyTwoYearsBefore60", identity.Law2023, "1966-09-15", "2024-09-15", "Không thời hạn"},
		{"NoMilestone14In2014", identity.Law2014, "2009-12-31", "2023-12-31", "31/12/2034"},
		{"LeapDayAt25", identity.Law2023, "2004-02-29", "2026-11-23", "28/02/2029"},
		{"LeapDayAt40", identity.Law2023, "2000-02-29", "2026-11-23", "29/02/2040"},
		{"LeapDayTwoYearsBefore25", identity.Law2023, "2004-02-29", "2027-02-28", "29/02/2044"},
		{"LeapDayTwoYearsAndADayBefore25", identity.Law2023, "2004-02-29", "2027-02-27", "28/02/2029"},
		{"LeapDayNoExpiry", identity.Law2023, "1964-02-29", "2024-11-23", "Không thời hạn"},
		{"MonthAlone", identity.Law2023, "1990-05", "2026-11-23", "01/05/2030"},
		{"YearAlone", identity.Law2023, "1990", "2026-11-23", "01/01/2030"},
		{"YearAloneNearTheMilestone", identity.Law2023, "1990", "2028-01-01", "01/01/2050"},
		{"WorkedExample1", identity.Law2014, "1999-12-31", "2021-03-15", "31/12/2024"},
		{"WorkedExample3", identity.Law2023, "2023-07-01", "2024-08-01", "01/07/2037"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, identity.Validity(tt.law, day(t, tt.birth), day(t, tt.issued)).String())
		})
	}
}
