package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestFee(t *testing.T) {
	t.Parallel()
	const adult, child, elder = "1990-05-05", "2012-05-05", "1960-05-05"
	for _, tt := range []struct {
		name      string
		kind      identity.ApplicationType
		ground    identity.Ground
		filed     string
		birth     string
		channel   identity.Channel
		exemption string
		want      int
	}{
		{"FirstCard2021", identity.FirstIssue, identity.GroundFirstCard, "2022-09-05", "2008-05-05", identity.AtStation, "", 0},
		{"FirstCard2026", identity.FirstIssue, identity.GroundFirstCard, "2026-11-23", adult, identity.AtStation, "", 0},
		{"FromCMND2019", identity.FirstIssue, identity.GroundFromCMND, "2022-09-05", adult, identity.AtStation, "", 30_000},
		{"FromCMND2019Half", identity.FirstIssue, identity.GroundFromCMND, "2021-03-15", adult, identity.AtStation, "", 15_000},
		{"FromCMND2024", identity.FirstIssue, identity.GroundFromCMND, "2024-11-01", adult, identity.AtStation, "", 0},
		{"FromCCCD2024", identity.FirstIssue, identity.GroundFromCCCD, "2024-11-01", adult, identity.AtStation, "", 30_000},
		{"FromCCCD2026", identity.FirstIssue, identity.GroundFromCCCD, "2026-11-23", adult, identity.AtStation, "", 15_000},
		{"ExchangeFull", identity.Exchange, identity.GroundRequest, "2024-11-01", adult, identity.AtStation, "", 50_000},
		{"ExchangeHalf", identity.Exchange, identity.GroundRequest, "2026-11-23", adult, identity.AtStation, "", 25_000},
		{"ExchangeAge", identity.Exchange, identity.GroundAge, "2024-11-01", adult, identity.AtStation, "", 0},
		{"ExchangePrintError", identity.Exchange, identity.GroundPrintError, "2024-11-01", adult, identity.AtStation, "", 0},
		{"ExchangeBoundaries", identity.Exchange, identity.GroundBoundaries, "2025-07-01", adult, identity.AtStation, "", 0},
		{"ExchangeNumberChanged", identity.Exchange, identity.GroundNumberChanged, "2024-11-01", adult, identity.AtStation, "", 50_000},
		{"DamagedIsExchangedIn2014", identity.Exchange, identity.GroundDamaged, "2023-02-01", adult, identity.AtStation, "", 50_000},
		{"ReissueFull", identity.Reissue, identity.GroundLost, "2024-11-01", adult, identity.AtStation, "", 70_000},
		{"ReissueOnlineHalf", identity.Reissue, identity.GroundLost, "2025-03-03", adult, identity.Online, "", 35_000},
		{"ReissueOnlineHalfOnlyOnce", identity.Reissue, identity.GroundLost, "2025-08-04", adult, identity.Online, "", 35_000},
		{"ReissueOnline2026", identity.Reissue, identity.GroundLost, "2026-11-23", adult, identity.Online, "", 35_000},
		{"ReissueAfterTheReductions", identity.Reissue, identity.GroundLost, "2027-01-04", adult, identity.Online, "", 70_000},
		{"LastDayOfTheHalf2022", identity.Reissue, identity.GroundLost, "2022-06-30", adult, identity.AtStation, "", 35_000},
		{"FirstDayAfterTheHalf2022", identity.Reissue, identity.GroundLost, "2022-07-01", adult, identity.AtStation, "", 70_000},
		{"FirstDayOfTheHalf2023", identity.Reissue, identity.GroundLost, "2023-07-01", adult, identity.AtStation, "", 35_000},
		{"LastDayOfTheHalf2023", identity.Reissue, identity.GroundLost, "2023-12-31", adult, identity.AtStation, "", 35_000},
		{"FirstDayAfterTheHalf2023", identity.Reissue, identity.GroundLost, "2024-01-01", adult, identity.AtStation, "", 70_000},
		{"LastDayFull2025", identity.Reissue, identity.GroundLost, "2025-06-30", adult, identity.AtStation, "", 70_000},
		{"FirstDayHalf2025", identity.Reissue, identity.GroundLost, "2025-07-01", adult, identity.AtStation, "", 35_000},
		{"Child2024", identity.Reissue, identity.GroundLost, "2024-11-01", child, identity.AtStation, "", 0},
		{"ChildPaysUnderTheOldCircular", identity.Reissue, identity.GroundLost, "2024-10-20", child, identity.AtStation, "", 70_000},
		{"Fifteen", identity.Reissue, identity.GroundLost, "2028-05-04", child, identity.AtStation, "", 0},
		{"Sixteen", identity.Reissue, identity.GroundLost, "2028-05-05", child, identity.AtStation, "", 70_000},
		{"Sixty", identity.Reissue, identity.GroundLost, "2024-11-01", elder, identity.AtStation, "", 0},
		{"FiftyNine", identity.Reissue, identity.GroundLost, "2024-11-01", "1964-11-02", identity.AtStation, "", 70_000},
		{"Poor", identity.Reissue, identity.GroundLost, "2024-11-01", adult, identity.AtStation, "poor", 0},
		{"Orphan2019", identity.Reissue, identity.GroundLost, "2023-02-01", adult, identity.AtStation, "orphan", 0},
		{"OrphanNoMore2024", identity.Reissue, identity.GroundLost, "2024-11-01", adult, identity.AtStation, "orphan", 70_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := identity.Application{
				Type: tt.kind, Ground: tt.ground, Channel: tt.channel, FiledOn: day(t, tt.filed), Exemption: tt.exemption,
				Person: identity.Person{Birth: day(t, tt.birth)},
			}
			require.Equal(t, tt.want, identity.Fee(a))
		})
	}
}

func TestExemptions(t *testing.T) {
	t.Parallel()
	old, today := identity.Exemptions(day(t, "2024-10-20")), identity.Exemptions(day(t, "2024-10-21"))
	require.Contains(t, old, "orphan")
	require.NotContains(t, old, "elderly")
	require.Contains(t, today, "elderly")
	require.NotContains(t, today, "orphan")
}
