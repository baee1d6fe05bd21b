package identity

import (
	"log/slog"
	"maps"
	"slices"
)

// ProvinceCode is a province or city, as the personal number carries it: "001".
// From 100 to 999 it is a country, for a birth registered abroad (Appendix 2 of
// Circular 59/2021/TT-BCA); numbers with such codes are accepted but not allotted
// here.
type ProvinceCode string

// Abroad reports whether the code is that of a country.
func (c ProvinceCode) Abroad() bool {
	return len(c) == 3 && digits(string(c), 3) == nil && c[0] != '0'
}

// known reports whether a personal number can begin with the code.
func (c ProvinceCode) known() bool {
	_, province := provinces[c]
	return province || c.Abroad()
}

// Place is an address or an administrative place, as printed, and its province
// where known.
type Place struct {
	Text     string
	Province ProvinceCode
}

// String hides the place.
func (Place) String() string { return "[place]" }

// GoString hides the place.
func (Place) GoString() string { return "[place]" }

// LogValue hides the place.
func (Place) LogValue() slog.Value { return slog.StringValue("[place]") }

// Province is a province or city under central rule.
type Province struct {
	Name   string       // until 30 June 2025
	City   bool         // under central rule, until then
	Merged ProvinceCode // of the province that it is part of since 1 July 2025 (Resolution 202/2025/QH15)
}

// provincesMerged is the day on which 63 provinces became 34.
var provincesMerged = Date{Year: 2025, Month: 7, Day: 1}

// ProvinceOn gives the name of the province that a code stands for on a day: seven
// codes changed hands on 1 July 2025. ok is false where it stands for none.
func ProvinceOn(code ProvinceCode, day Date) (name string, ok bool) {
	if day.Compare(provincesMerged) >= 0 {
		name, ok = provinces2025[code]
		return name, ok
	}
	p, ok := provinces[code]
	return p.Name, ok
}

// ProvinceCodes lists the codes of the provinces that exist on a day, ascending:
// 63 until 30 June 2025, then 34.
func ProvinceCodes(day Date) []ProvinceCode {
	if day.Compare(provincesMerged) >= 0 {
		return slices.Sorted(maps.Keys(provinces2025))
	}
	return slices.Sorted(maps.Keys(provinces))
}

// provinces are the 63 codes of Appendix 1 of Circular 07/2016/TT-BCA, which stay
// in the numbers allotted by them, and what became of each province.
var provinces = map[ProvinceCode]Province{
	"001": {Name: "Hà Nội", City: true, Merged: "001"},
	"002": {Name: "Hà Giang", Merged: "008"},
	"004": {Name: "Cao Bằng", Merged: "004"},
	"006": {Name: "Bắc Kạn", Merged: "019"},
	"008": {Name: "Tuyên Quang", Merged: "008"},
	"010": {Name: "Lào Cai", Merged: "015"},
	"011": {Name: "Điện Biên", Merged: "011"},
	"012": {Name: "Lai Châu", Merged: "012"},
	"014": {Name: "Sơn La", Merged: "014"},
	"015": {Name: "Yên Bái", Merged: "015"},
	"017": {Name: "Hoà Bình", Merged: "025"},
	"019": {Name: "Thái Nguyên", Merged: "019"},
	"020": {Name: "Lạng Sơn", Merged: "020"},
	"022": {Name: "Quảng Ninh", Merged: "022"},
	"024": {Name: "Bắc Giang", Merged: "024"},
	"025": {Name: "Phú Thọ", Merged: "025"},
	"026": {Name: "Vĩnh Phúc", Merged: "025"},
	"027": {Name: "Bắc Ninh", Merged: "024"},
	"030": {Name: "Hải Dương", Merged: "031"},
	"031": {Name: "Hải Phòng", City: true, Merged: "031"},
	"033": {Name: "Hưng Yên", Merged: "033"},
	"034": {Name: "Thái Bình", Merged: "033"},
	"035": {Name: "Hà Nam", Merged: "037"},
	"036": {Name: "Nam Định", Merged: "037"},
	"037": {Name: "Ninh Bình", Merged: "037"},
	"038": {Name: "Thanh Hóa", Merged: "038"},
	"040": {Name: "Nghệ An", Merged: "040"},
	"042": {Name: "Hà Tĩnh", Merged: "042"},
	"044": {Name: "Quảng Bình", Merged: "044"},
	"045": {Name: "Quảng Trị", Merged: "044"},
	"046": {Name: "Thừa Thiên Huế", Merged: "046"},
	"048": {Name: "Đà Nẵng", City: true, Merged: "048"},
	"049": {Name: "Quảng Nam", Merged: "048"},
	"051": {Name: "Quảng Ngãi", Merged: "051"},
	"052": {Name: "Bình Định", Merged: "052"},
	"054": {Name: "Phú Yên", Merged: "066"},
	"056": {Name: "Khánh Hòa", Merged: "056"},
	"058": {Name: "Ninh Thuận", Merged: "056"},
	"060": {Name: "Bình Thuận", Merged: "068"},
	"062": {Name: "Kon Tum", Merged: "051"},
	"064": {Name: "Gia Lai", Merged: "052"},
	"066": {Name: "Đắk Lắk", Merged: "066"},
	"067": {Name: "Đắk Nông", Merged: "068"},
	"068": {Name: "Lâm Đồng", Merged: "068"},
	"070": {Name: "Bình Phước", Merged: "075"},
	"072": {Name: "Tây Ninh", Merged: "080"},
	"074": {Name: "Bình Dương", Merged: "079"},
	"075": {Name: "Đồng Nai", Merged: "075"},
	"077": {Name: "Bà Rịa - Vũng Tàu", Merged: "079"},
	"079": {Name: "Hồ Chí Minh", City: true, Merged: "079"},
	"080": {Name: "Long An", Merged: "080"},
	"082": {Name: "Tiền Giang", Merged: "082"},
	"083": {Name: "Bến Tre", Merged: "086"},
	"084": {Name: "Trà Vinh", Merged: "086"},
	"086": {Name: "Vĩnh Long", Merged: "086"},
	"087": {Name: "Đồng Tháp", Merged: "082"},
	"089": {Name: "An Giang", Merged: "091"},
	"091": {Name: "Kiên Giang", Merged: "091"},
	"092": {Name: "Cần Thơ", City: true, Merged: "092"},
	"093": {Name: "Hậu Giang", Merged: "092"},
	"094": {Name: "Sóc Trăng", Merged: "092"},
	"095": {Name: "Bạc Liêu", Merged: "096"},
	"096": {Name: "Cà Mau", Merged: "096"},
}

// provinces2025 are the 34 provinces since 1 July 2025, by their statistical codes.
var provinces2025 = map[ProvinceCode]string{
	"001": "Hà Nội",
	"004": "Cao Bằng",
	"008": "Tuyên Quang",
	"011": "Điện Biên",
	"012": "Lai Châu",
	"014": "Sơn La",
	"015": "Lào Cai",
	"019": "Thái Nguyên",
	"020": "Lạng Sơn",
	"022": "Quảng Ninh",
	"024": "Bắc Ninh",
	"025": "Phú Thọ",
	"031": "Hải Phòng",
	"033": "Hưng Yên",
	"037": "Ninh Bình",
	"038": "Thanh Hóa",
	"040": "Nghệ An",
	"042": "Hà Tĩnh",
	"044": "Quảng Trị",
	"046": "Huế",
	"048": "Đà Nẵng",
	"051": "Quảng Ngãi",
	"052": "Gia Lai",
	"056": "Khánh Hòa",
	"066": "Đắk Lắk",
	"068": "Lâm Đồng",
	"075": "Đồng Nai",
	"079": "Hồ Chí Minh",
	"080": "Tây Ninh",
	"082": "Đồng Tháp",
	"086": "Vĩnh Long",
	"091": "An Giang",
	"092": "Cần Thơ",
	"096": "Cà Mau",
}
