package forms_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/templates/forms/formstest"
)

// The worked examples of both forms; persons are invented.
func TestQRPayload(t *testing.T) {
	t.Parallel()
	adult := identity.Person{
		Number: "001199999990", OldNumber: "012999999", Name: identity.Name{Text: "ĐẶNG THỊ NGỌC ƯỚC"}, Birth: day(t, "1999-12-31"),
		Sex: identity.Female, Residence: identity.Place{Text: "Số 1 Đường A, Phường B, Quận C, Hà Nội"},
		Father: identity.Name{Text: "Đặng Văn A"}, Mother: identity.Name{Text: "Trần Thị B"},
	}
	child := identity.Person{
		Number: "096323999992", Name: identity.Name{Text: "Phạm Hoàng Khánh Quỳnh"}, Birth: day(t, "2023-07-01"),
		Sex: identity.Female, Residence: identity.Place{Text: "Số 2, Cà Mau"},
		Father: identity.Name{Text: "PHẠM HOÀNG SƠN"},
	}
	twelve, cancelled := adult, adult
	twelve.OldNumber = "001199999990"
	cancelled.CancelledNumber = "001099999991"
	for _, tt := range []struct {
		name, issued string
		form         identity.FormID
		person       identity.Person
		want         string
	}{
		{
			"FormOf2021", "2021-03-15", formstest.CCCD2021, adult,
			"001199999990|012999999|Đặng Thị Ngọc Ước|31121999|Nữ|Số 1 Đường A, Phường B, Quận C, Hà Nội|15032021",
		},
		{
			"FormOf2024", "2021-03-15", formstest.CanCuoc2024, adult,
			"001199999990|012999999|Đặng Thị Ngọc Ước|31121999|Nữ|Số 1 Đường A, Phường B, Quận C, Hà Nội|15032021||||",
		},
		{
			"TwelveDigitCMND", "2021-03-15", formstest.CCCD2021, twelve,
			"001199999990||Đặng Thị Ngọc Ước|31121999|Nữ|Số 1 Đường A, Phường B, Quận C, Hà Nội|15032021",
		},
		{
			"CancelledNumber", "2024-08-01", formstest.CanCuoc2024, cancelled,
			"001199999990|012999999|Đặng Thị Ngọc Ước|31121999|Nữ|Số 1 Đường A, Phường B, Quận C, Hà Nội|01082024|001099999991|||",
		},
		{
			"Child", "2024-08-01", formstest.CanCuoc2024Under6, child,
			"096323999992||Phạm Hoàng Khánh Quỳnh|01072023|Nữ|Số 2, Cà Mau|01082024||Phạm Hoàng Sơn||",
		},
		{
			"ChildOf13", "2037-06-30", formstest.CanCuoc2024, child,
			"096323999992||Phạm Hoàng Khánh Quỳnh|01072023|Nữ|Số 2, Cà Mau|30062037||Phạm Hoàng Sơn||",
		},
		{
			"NoChildAt14", "2037-07-01", formstest.CanCuoc2024, child,
			"096323999992||Phạm Hoàng Khánh Quỳnh|01072023|Nữ|Số 2, Cà Mau|01072037||||",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := identity.Card{Form: tt.form, Person: tt.person, Issued: day(t, tt.issued)}
			require.Equal(t, tt.want, formstest.Form(t, tt.form).QRPayload(c))
		})
	}
}

// The worked example is 126 bytes.
func TestQRPayload_Length(t *testing.T) {
	t.Parallel()
	c := identity.Card{Form: formstest.CCCD2021, Issued: day(t, "2021-03-15"), Person: identity.Person{
		Number: "001199999990", OldNumber: "012999999", Name: identity.Name{Text: "Đặng Thị Ngọc Ước"}, Birth: day(t, "1999-12-31"),
		Sex: identity.Female, Residence: identity.Place{Text: "Số 1 Đường A, Phường B, Quận C, Hà Nội"},
	}}
	require.Len(t, formstest.Form(t, formstest.CCCD2021).QRPayload(c), 126)
}

func TestQRPayload_HasEveryValue(t *testing.T) {
	t.Parallel()
	for id, values := range map[identity.FormID]int{formstest.CCCD2021: 7, formstest.CanCuoc2024: 11, formstest.CanCuoc2024Under6: 11} {
		f := formstest.Form(t, id)
		for seed := range uint64(1000) {
			require.Len(t, strings.Split(f.QRPayload(formstest.Card(identitytest.Seeded(seed), f)), "|"), values, "%s, seed %d", id, seed)
		}
	}
}
