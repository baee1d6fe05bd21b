package identity_test

import (
	"cmp"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// The days on which fees are asked for below, one of each period: the circular of 2019 in
// full, that of 2024 in full, that of 2024 halved, and in full again.
var feePeriods = [4]string{"2023-02-01", "2024-11-01", "2026-11-23", "2027-01-04"}

// refused is the fee of what the law of the day gives no card on.
const refused = -1

// A line of the tariff says what an application on its ground costs, and by which circulars.
func TestTariff(t *testing.T) {
	t.Parallel()
	for _, on := range append(feePeriods[:], "2025-08-04", "2025-02-03") {
		lines := identity.Tariff(day(t, on))
		require.NotEmpty(t, lines)
		for _, l := range lines {
			require.NotEmpty(t, l.Source)
			a := exchange(t)
			a.FiledOn, a.Type, a.Ground, a.Channel = day(t, on), l.Type, cmp.Or(l.Ground, identity.GroundRequest), l.Channel
			held := &identity.HeldCard{Issued: day(t, "2024-08-01")}
			if l.Held == identity.Law2014 {
				held.Issued = day(t, "2022-05-04")
			}
			require.Equal(t, identity.Fee(a, held), l.Amount, "%s: %+v", on, l)
		}
	}
	online := identity.Tariff(day(t, "2025-02-03"))
	require.Contains(t, online, identity.TariffLine{Type: identity.Reissue, Channel: identity.Online, Amount: 35_000, Source: "Circular 73/2024/TT-BTC, art. 4; half by Circular 63/2023/TT-BTC"})
	require.Contains(t, online, identity.TariffLine{Type: identity.Reissue, Channel: identity.AtStation, Amount: 70_000, Source: "Circular 73/2024/TT-BTC, art. 4"})
}

// TestFee_OfEveryGround holds every ground of both laws against every period: which are
// grounds, for which type, and what they cost an adult who holds a card of the type's usual
// law.
func TestFee_OfEveryGround(t *testing.T) {
	t.Parallel()
	cccd := &identity.HeldCard{Issued: day(t, "2022-05-04"), Expiry: identity.Expiry{Date: day(t, "2024-12-31")}}
	canCuoc := &identity.HeldCard{Issued: day(t, "2024-08-01"), Expiry: identity.Expiry{Date: day(t, "2039-12-31")}}
	renumbered := func(card identity.HeldCard, state identity.CardState) *identity.HeldCard {
		card.State, card.Canceled = state, true
		return &card
	}
	for _, tt := range []struct {
		kind   identity.ApplicationType
		ground identity.Ground
		held   *identity.HeldCard
		by     identity.Party
		want   [4]int
	}{
		{identity.FirstIssue, identity.GroundFirstCard, nil, "", [4]int{0, 0, 0, 0}},
		{identity.FirstIssue, identity.GroundFromCMND, nil, "", [4]int{30_000, 0, 0, 0}},
		{identity.Exchange, identity.GroundFromCCCD, cccd, "", [4]int{refused, 30_000, 15_000, 30_000}},
		{identity.Exchange, identity.GroundAge, cccd, "", [4]int{0, 0, 0, 0}},
		{identity.Exchange, identity.GroundDetails, cccd, "", [4]int{50_000, 30_000, 15_000, 30_000}},
		{identity.Exchange, identity.GroundDetails, canCuoc, "", [4]int{50_000, 50_000, 25_000, 50_000}},
		{identity.Exchange, identity.GroundAppearance, canCuoc, "", [4]int{50_000, 50_000, 25_000, 50_000}},
		{identity.Exchange, identity.GroundBiometrics, canCuoc, "", [4]int{refused, 50_000, 25_000, 50_000}},
		{identity.Exchange, identity.GroundSex, canCuoc, "", [4]int{50_000, 50_000, 25_000, 50_000}},
		{identity.Exchange, identity.GroundOrigin, cccd, "", [4]int{50_000, refused, refused, refused}},
		{identity.Exchange, identity.GroundPrintError, canCuoc, identity.ErrorByAuthority, [4]int{0, 0, 0, 0}},
		{identity.Exchange, identity.GroundPrintError, canCuoc, identity.ErrorByCitizen, [4]int{50_000, 50_000, 25_000, 50_000}},
		{identity.Exchange, identity.GroundBoundaries, canCuoc, "", [4]int{0, 0, 0, 0}},
		{identity.Exchange, identity.GroundNumberChanged, renumbered(*canCuoc, identity.CardLive), "", [4]int{50_000, 50_000, 25_000, 50_000}},
		{identity.Exchange, identity.GroundNumberChanged, renumbered(*cccd, identity.CardLive), "", [4]int{50_000, 30_000, 15_000, 30_000}},
		{identity.Exchange, identity.GroundNumberChanged, renumbered(*cccd, identity.CardRevoked), "", [4]int{50_000, 30_000, 15_000, 30_000}},
		{identity.Exchange, identity.GroundRequest, cccd, "", [4]int{50_000, 30_000, 15_000, 30_000}},
		{identity.Exchange, identity.GroundRequest, canCuoc, "", [4]int{50_000, 50_000, 25_000, 50_000}},
		{identity.Exchange, identity.GroundDamaged, cccd, "", [4]int{50_000, refused, refused, refused}},
		{identity.Reissue, identity.GroundDamaged, canCuoc, "", [4]int{refused, 70_000, 35_000, 70_000}},
		{identity.Reissue, identity.GroundLost, canCuoc, "", [4]int{70_000, 70_000, 35_000, 70_000}},
		{identity.Reissue, identity.GroundNationality, nil, "", [4]int{70_000, 70_000, 35_000, 70_000}},
	} {
		t.Run(fmt.Sprint(tt.kind, " ", tt.ground, " ", tt.by, " ", tt.held), func(t *testing.T) {
			t.Parallel()
			for i, filed := range feePeriods {
				a := exchange(t)
				a.Type, a.Ground, a.FiledOn, a.ErrorBy = tt.kind, tt.ground, day(t, filed), tt.by
				a.Person.OldNumber, a.Person.CancelledNumber = "012999999", "001199999991"

				err := a.Check(a.FiledOn)

				if tt.want[i] == refused {
					require.Equal(t, []string{"ground"}, fields(err), filed)
					continue
				}
				require.NoError(t, err, filed)
				require.Equal(t, tt.want[i], identity.Fee(a, tt.held), filed)
				if tt.held != nil && tt.held.Issued.Compare(a.FiledOn) <= 0 {
					require.NoError(t, a.Against(*tt.held), filed)
				}
			}
		})
	}
}

// Age and card are what the registers say, not what a station typed.
func TestFeeByRegister(t *testing.T) {
	t.Parallel()
	typed := exchange(t)
	typed.Person.Birth = day(t, "1960-01-01")
	holder := exchange(t).Person
	require.Zero(t, identity.Fee(typed, nil))
	require.Equal(t, 25_000, typed.FeeByRegister(holder, nil))
	require.Equal(t, 15_000, typed.FeeByRegister(holder, &identity.HeldCard{Issued: day(t, "2022-05-04")}))
	holder.Birth = day(t, "1966-11-23")
	require.Zero(t, exchange(t).FeeByRegister(holder, nil), "sixty on the day of filing")
}

// Under Circular 59/2019 there was no lower fee for those who came from a CCCD.
func TestFee_BetweenTheLawAndItsCircular(t *testing.T) {
	t.Parallel()
	a := exchange(t)
	a.Ground, a.FiledOn = identity.GroundFromCCCD, day(t, "2024-10-20")
	require.Equal(t, 50_000, identity.Fee(a, nil))

	a.FiledOn = day(t, "2024-10-21")
	require.Equal(t, 30_000, identity.Fee(a, nil))
}

func TestFee_InEveryPeriod(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		filed   string
		channel identity.Channel
		want    int
	}{
		{"2021-03-15", identity.AtStation, 35_000},
		{"2022-06-30", identity.AtStation, 35_000},
		{"2022-07-01", identity.AtStation, 70_000},
		{"2023-06-30", identity.AtStation, 70_000},
		{"2023-07-01", identity.AtStation, 35_000},
		{"2023-12-31", identity.AtStation, 35_000},
		{"2024-01-01", identity.AtStation, 70_000},
		{"2024-11-01", identity.Online, 35_000},
		{"2025-06-30", identity.AtStation, 70_000},
		{"2025-07-01", identity.AtStation, 35_000},
		{"2025-08-04", identity.Online, 35_000}, // two reductions are one
		{"2026-12-31", identity.Online, 35_000},
		{"2027-01-01", identity.Online, 70_000},
	} {
		a := exchange(t)
		a.Type, a.Ground, a.FiledOn, a.Channel = identity.Reissue, identity.GroundLost, day(t, tt.filed), tt.channel
		require.Equal(t, tt.want, identity.Fee(a, nil), tt.filed)
	}
}

// Who is a child or old pays nothing under the circular of 2024, asked for or not.
func TestFee_ByAge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		filed, birth string
		want         int
	}{
		{"2024-10-20", "2010-05-05", 70_000},
		{"2024-10-21", "2010-05-05", 0},
		{"2028-05-04", "2012-05-05", 0},
		{"2028-05-05", "2012-05-05", 70_000},
		{"2024-11-01", "1964-11-02", 70_000},
		{"2024-11-01", "1964-11-01", 0},
	} {
		a := exchange(t)
		a.Type, a.Ground, a.FiledOn, a.Person.Birth = identity.Reissue, identity.GroundLost, day(t, tt.filed), day(t, tt.birth)
		require.Equal(t, tt.want, identity.Fee(a, nil), "%s %s", tt.filed, tt.birth)
	}
}

// An exemption is held against the age and asks for its proof; then nothing is paid.
func TestExemptions_AgainstAgeAndProof(t *testing.T) {
	t.Parallel()
	const adult, sixty, fifteen = "1990-05-05", "1960-05-05", "2009-05-05"
	for name, tt := range map[string]struct {
		filed, birth, code, proof string
		refused                   []string
	}{
		"Poor":                   {"2026-11-23", adult, "poor", "Giấy chứng nhận hộ nghèo số 7", nil},
		"PoorWithoutProof":       {"2026-11-23", adult, "poor", "", []string{"exemption_proof"}},
		"ChildOf36":              {"2026-11-23", adult, "child", "", []string{"exemption"}},
		"ChildOf15":              {"2024-11-01", fifteen, "child", "", nil},
		"ElderlyAt36":            {"2026-11-23", adult, "elderly", "", []string{"exemption"}},
		"ElderlyAt60":            {"2026-11-23", sixty, "elderly", "", nil},
		"Island":                 {"2025-06-30", adult, "island", "Sổ hộ khẩu", nil},
		"IslandDistrictsEnded":   {"2025-07-01", adult, "island", "Sổ hộ khẩu", []string{"exemption"}},
		"SpecialZone":            {"2025-07-01", adult, "special-zone", "Xác nhận cư trú", nil},
		"SpecialZoneBeforeThem":  {"2025-06-30", adult, "special-zone", "Xác nhận cư trú", []string{"exemption"}},
		"OrphanOf32":             {"2023-02-01", adult, "orphan", "Giấy báo tử", []string{"exemption"}},
		"OrphanOf16":             {"2023-02-01", "2006-05-05", "orphan", "Giấy báo tử", nil},
		"OrphanNoMore":           {"2024-11-01", fifteen, "orphan", "Giấy báo tử", []string{"exemption"}},
		"ElderlyUnderTheOldOnes": {"2024-10-20", sixty, "elderly", "", []string{"exemption"}},
		"Unknown":                {"2026-11-23", adult, "friend", "", []string{"exemption"}},
		"ProofOfNothing":         {"2026-11-23", adult, "", "Giấy chứng nhận", []string{"exemption_proof"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := exchange(t)
			a.Type, a.Ground, a.FiledOn, a.Exemption, a.ExemptionProof = identity.Reissue, identity.GroundLost, day(t, tt.filed), tt.code, tt.proof
			a.Person.Birth, a.Person.Number = day(t, tt.birth), identity.PersonalNumber("0011"+tt.birth[2:4]+"999990")
			if tt.birth > "2000" {
				a.Person.Number = identity.PersonalNumber("0013" + tt.birth[2:4] + "999990")
			}

			require.Equal(t, tt.refused, fields(a.Check(a.FiledOn)))
			if tt.refused == nil {
				require.Zero(t, identity.Fee(a, nil))
			}
		})
	}
}
