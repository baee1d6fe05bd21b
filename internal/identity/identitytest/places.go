package identitytest

import (
	"fmt"
	"math/rand/v2"

	"example.org/cancuoc/internal/identity"
)

var (
	ethnicities = []string{"Kinh", "Kinh", "Kinh", "Tày", "Thái", "Khmer", "Mường", "Mông", "Gia-rai", "Ê-đê", "Bru - Vân Kiều", "Sán Chay (Cao Lan - Sán Chỉ)", ""}
	religions   = []string{"Không", "Không", "Phật giáo", "Công giáo", "Tôn giáo Baha'i", "Minh lý đạo - Tam Tông Miếu", ""}
	bloodGroups = []string{"", "A", "B+", "AB-", "O+"}
	marks       = []string{
		"", "Nốt ruồi C: 1cm trên sau mép trái", "Sẹo chấm C: 2cm dưới trước đuôi mắt phải",
		"Sẹo chấm C: 0,5cm trên trước đầu lông mày trái; nốt ruồi C: 3cm dưới sau cánh mũi phải",
	}
	communes = []string{
		"Phường Hoàn Kiếm", "Xã Ea Kao", "Đặc khu Phú Quý", "Xã Ỷ Tịch", "Phường Bến Thành", "Xã Đắk D'rông",
	}
	// oldCommunes are as papers of before July 2025 name them.
	oldCommunes = append([]string{
		"Thị trấn Dương Minh Châu, Huyện Dương Minh Châu", "Phường Mỹ Đình 1, Quận Nam Từ Liêm", "Xã Đắk D'rông, Huyện Cư Jút",
	}, communes...)
	streets = []string{
		"Số 1, Đường Mẫu", "Số 12/34B, Ngõ 56, Phố Lý Thường Kiệt", "Thôn 7", "Buôn Ma Thuột, tổ 3", "Căn hộ A-12.05, Chung cư số 9, Đường Xô Viết Nghệ Tĩnh",
		"Nhà ông K'Brẽo, làng Đê Kjêng",
	}
)

// place is a commune in a province that stood on that day.
func place(r *rand.Rand, day identity.Date) identity.Place {
	code := pick(r, identity.ProvinceCodes(day))
	province, _ := identity.ProvinceOn(code, day)
	list := communes
	if day.Compare(merger) < 0 {
		list = oldCommunes
	}
	return identity.Place{Text: pick(r, list) + ", " + province, Province: code}
}

// merger is the day on which districts and half of the provinces were no more.
var merger = identity.Date{Year: 2025, Month: 7, Day: 1}

// address is a place with street and house, as of a day.
func address(r *rand.Rand, day identity.Date) identity.Place {
	p := place(r, day)
	p.Text = pick(r, streets) + ", " + p.Text
	return p
}

// station is an enrollment station of the person's province.
func station(r *rand.Rand, p identity.Person) identity.StationID {
	return identity.StationID(fmt.Sprintf("%s-TN-%02d", p.Residence.Province, 1+r.IntN(20)))
}
