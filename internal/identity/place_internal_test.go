package identity

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A unit that has ended is refused wherever it stands in an address, and however its parts are
// told apart; streets that are named after one are not.
func TestCurrent_AbolishedUnitsWhereverTheyStand(t *testing.T) {
	t.Parallel()
	today := Date{Year: 2026, Month: 11, Day: 29}
	for _, ended := range []string{
		"Xa A, Ha Giang", "Xã A, tỉnh Ha Giang", "Xã A, tỉnh Hà Giang cũ, Tuyên Quang", "Xã A (huyện Đồng Văn), Tuyên Quang", "Xã A Hà Giang",
		"Số 3 H. Đồng Văn, Tuyên Quang", "Khu Thị trấn Đồng Văn, Tuyên Quang", "Thôn Thị trấn Đồng Văn, Tuyên Quang", "Xã A-Huyện B-Hà Giang", "Xã A -Huyện B",
		"Xã A, Hà Giang. Việt Nam", "12 Lê Lợi Q.1 TP. Hồ Chí Minh", "Quận: Ba Đình", "Xã A, Thừa Thiên - Huế", "Xã A, Đak Nong", "Xã A, BR-VT",
		"Số 3 Phường B Bình Dương", "Xa A, huyen Dong Van, Tuyen Quang", "Thi tran A, Tuyen Quang", "Xã A-Hà Giang", "Xã A, Hà Giang (cũ)",
		"Tổ 3 Thị trấn Đồng Văn, Tuyên Quang", "Số 3 Đường A Quận Ba Đình, Hà Nội", "Thôn Hạ - Huyện Mê Linh - Hà Nội",
		"Số 3; Quận 3; TP. Hồ Chí Minh", "Xã A; Hà Giang", "Số 3 xã A tỉnh Hà Giang", "Xã A, Hà Giang, Vietnam", "Xã A, Hà Giang (cũ)",
		"Xã A, tỉnh Hà Giang cũ", "Xã A, tỉnh Đắc Nông", "Xã A, Bình Dương, TP. Hồ Chí Minh", "Phường A, Kiên Giang, An Giang",
		"Phường A, Q1, TP. Hồ Chí Minh", "Phường A, Q 1, TP. Hồ Chí Minh", "Thành phố Thủ Đức, Thành phố Hồ Chí Minh",
		"Phường 1 Thành phố Vĩnh Long Tỉnh Vĩnh Long", "Số 3 Phường A TP.Thủ Đức TP. Hồ Chí Minh", "Phường Rạch Ông Quận 8 Thành phố Hồ Chí Minh",
		"Phường Hà Cầu Quận Hà Đông Thành phố Hà Nội", "Xã Cái Bà Huyện B Tỉnh An Giang", "Xã Châu Thôn Huyện Quế Phong Tỉnh Nghệ An",
		"Thị trấn A, Huyện B, Hà Giang", "Phường A, Bà Rịa - Vũng Tàu", "Xã A, tỉnh Hà Giang, Tuyên Quang", "Số 3 Huyện Mê Linh Hà Nội",
	} {
		require.Error(t, Place{Text: ended}.current("residence", today), ended)
		require.NoError(t, Place{Text: "Xã A, Hà Nội"}.current("residence", today))
	}
	for _, stands := range []string{
		"Số 3 Bà Huyện Thanh Quan, Phường Xuân Hòa, TP. Hồ Chí Minh", "Số 5, Đường Huyện 12, Xã A, Đồng Tháp", "Ấp 3, Huyện lộ 5, Xã A, Đồng Tháp",
		"Phường Bắc Giang, Bắc Ninh", "Phường Bình Phước, Đồng Nai", "Long An, Xã A, Tây Ninh", "Phường Bến Thành, Thành phố Hồ Chí Minh, Việt Nam",
		"Thôn 3 - Xã A - Đắk Lắk", "Xã A, Đắc Lắc", "Căn hộ 1205, Tòa Q1, Phường A, Hà Nội", "Phường Bến Thành Thành phố Hồ Chí Minh", "Xã A",
		"Phường Quán Thánh, Hà Nội", "Phuong Quan Thanh, Ha Noi", "Số 1 Huyền Trân Công Chúa, Phường A, Huế", "So 1 Huyen Tran Cong Chua, Phuong A, Hue",
		"Phường Bình Dương", "Số 5 Phố Hà Nam, Phường A, Hà Nội", "TT. Hội nghị Quốc gia, Phường A, Hà Nội", "12-14 Lê Lợi, Phường A, Huế", "Xã A (thôn 3), Hà Nội",
		"Số 3 Bà Huyện Thanh Quan Phường Xuân Hòa TP. Hồ Chí Minh", "Xã A Đường Huyện 12 Tỉnh Đồng Tháp", "Phường Bến Thành TP.Hồ Chí Minh",
		"Đặc khu Phú Quốc, An Giang", "Thành phố mới Bình Dương, Phường Bình Dương, TP. Hồ Chí Minh", "",
	} {
		require.NoError(t, Place{Text: stands}.current("residence", today), stands)
	}
	require.NoError(t, Place{Text: "Thị trấn A, Huyện B, Hà Giang"}.current("residence", lastOf63))
}

// What a text says and its code says is one province, by its name of now or of before.
func TestOneProvince(t *testing.T) {
	t.Parallel()
	for _, same := range []Place{
		{"Xã A, Đà Nẵng", "048"},
		{"Xã A, Huyện B, Hà Giang", "002"},
		{"Xã A, Huyện B, Hà Giang", "008"},
		{"Xã A, Tuyên Quang", "002"},
		{"Xã A, Huyện B, Yên Bái", "015"},
		{"Xã A, Lào Cai", "010"},
		{"Phnom Penh", "116"},
		{"Xã A", "001"},
		{"", "001"},
		{"Xã A, Đà Nẵng", ""},
	} {
		require.NoError(t, same.oneProvince("p"), same.Text)
	}
	for _, two := range []Place{{"Xã A, Đà Nẵng", "001"}, {"Xã A, Huyện B, Hà Giang", "079"}} {
		require.Error(t, two.oneProvince("p"), two.Text)
	}
}

// A residence of before the units were rearranged is corrected before it is printed.
func TestByRecord_ResidenceOfBefore(t *testing.T) {
	t.Parallel()
	p := Person{Birth: Date{Year: 1990, Month: 3, Day: 1}, Sex: Male, Residence: Place{Text: "Thị trấn A, Huyện B, Hà Giang", Province: "002"}}
	a := Application{Type: Exchange, Ground: GroundRequest, FiledOn: Date{Year: 2026, Month: 11, Day: 29}, Channel: AtStation, Person: p}
	require.ErrorContains(t, a.ByRecord(p), "person.residence: names a unit of the district level")
	a.FiledOn = lastOf63
	require.NoError(t, a.ByRecord(p))

	a.FiledOn, p.Residence = Date{Year: 2026, Month: 11, Day: 29}, Place{Text: "Phường Hoàn Kiếm, Hà Nội", Province: "001"}
	a.Exemption, a.ExemptionProof = "special-zone", "Giấy xác nhận 5"
	require.ErrorContains(t, a.ByRecord(p), "exemption: is special-zone")
	p.Residence.Text = "Số 1, Phố Đặc khu Vân Đồn, Phường Hoàn Kiếm, Hà Nội"
	require.ErrorContains(t, a.ByRecord(p), "exemption: is special-zone", "a street")
	for _, zone := range []string{"Đặc khu Phú Quốc, An Giang", "Số 3 Đường Trần Phú Đặc khu Phú Quốc, An Giang"} {
		p.Residence = Place{Text: zone, Province: "091"}
		require.NoError(t, a.ByRecord(p), zone)
	}
}
