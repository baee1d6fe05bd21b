package identity

import "log/slog"

// ProvinceCode is a province or city, as the personal number carries it: "001".
type ProvinceCode string

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
	Merged ProvinceCode // the code of the unit that it is part of since 1 July 2025 (Resolution 202/2025/QH15)
}

// provincesMerged is the day from which the 34 units of 2025 stand.
var provincesMerged = Date{Year: 2025, Month: 7, Day: 1}

// ProvinceOn gives the name that a code stands for on a day: seven codes changed
// their owner on 1 July 2025. It reports whether the code stood for anything.
func ProvinceOn(code ProvinceCode, day Date) (name string, ok bool) {
	if day.Compare(provincesMerged) >= 0 {
		name, ok = provinces2025[code]
		return name, ok
	}
	p, ok := provinces[code]
	return p.Name, ok
}

// provinces are the 63 codes of Appendix 1 of Circular 07/2016/TT-BCA, which
// numbers keep for ever, and what became of each.
var provinces = map[ProvinceCode]Province{
	"001": {Name: "Hà Nội", City: true, Merged: "001"},
	"002": {Name: "Hà Giang", City: false, Merged: "008"},
	"004": {Name: "Cao Bằng", City: false, Merged: "004"},
	"006": {Name: "Bắc Kạn", City: false, Merged: "019"},
	"008": {Name: "Tuyên Quang", City: false, Merged: "008"},
	"010": {Name: "Lào Cai", City: false, Merged: "015"},
	"011": {Name: "Điện Biên", City: false, Merged: "011"},
	"012": {Name: "Lai Châu", City: false, Merged: "012"},
	"014": {Name: "Sơn La", City: false, Merged: "014"},
	"015": {Name: "Yên Bái", City: false, Merged: "015"},
	"017": {Name: "Hoà Bình", City: false, Merged: "025"},
	"019": {Name: "Thái Nguyên", City: false, Merged: "019"},
	"020": {Name: "Lạng Sơn", City: false, Merged: "020"},
	"022": {Name: "Quảng Ninh", City: false, Merged: "022"},
	"024": {Name: "Bắc Giang", City: false, Merged: "024"},
	"025": {Name: "Phú Thọ", City: false, Merged: "025"},
	"026": {Name: "Vĩnh Phúc", City: false, Merged: "025"},
	"027": {Name: "Bắc Ninh", City: false, Merged: "024"},
	"030": {Name: "Hải Dương", City: false, Merged: "031"},
	"031": {Name: "Hải Phòng", City: true, Merged: "031"},
	"033": {Name: "Hưng Yên", City: false, Merged: "033"},
	"034": {Name: "Thái Bình", City: false, Merged: "033"},
	"035": {Name: "Hà Nam", City: false, Merged: "037"},
	"036": {Name: "Nam Định", City: false, Merged: "037"},
	"037": {Name: "Ninh Bình", City: false, Merged: "037"},
	"038": {Name: "Thanh Hóa", City: false, Merged: "038"},
	"040": {Name: "Nghệ An", City: false, Merged: "040"},
	"042": {Name: "Hà Tĩnh", City: false, Merged: "042"},
	"044": {Name: "Quảng Bình", City: false, Merged: "044"},
	"045": {Name: "Quảng Trị", City: false, Merged: "044"},
	"046": {Name: "Thừa Thiên Huế", City: false, Merged: "046"},
	"048": {Name: "Đà Nẵng", City: true, Merged: "048"},
	"049": {Name: "Quảng Nam", City: false, Merged: "048"},
	"051": {Name: "Quảng Ngãi", City: false, Merged: "051"},
	"052": {Name: "Bình Định", City: false, Merged: "052"},
	"054": {Name: "Phú Yên", City: false, Merged: "066"},
	"056": {Name: "Khánh Hòa", City: false, Merged: "056"},
	"058": {Name: "Ninh Thuận", City: false, Merged: "056"},
	"060": {Name: "Bình Thuận", City: false, Merged: "068"},
	"062": {Name: "Kon Tum", City: false, Merged: "051"},
	"064": {Name: "Gia Lai", City: false, Merged: "052"},
	"066": {Name: "Đắk Lắk", City: false, Merged: "066"},
	"067": {Name: "Đắk Nông", City: false, Merged: "068"},
	"068": {Name: "Lâm Đồng", City: false, Merged: "068"},
	"070": {Name: "Bình Phước", City: false, Merged: "075"},
	"072": {Name: "Tây Ninh", City: false, Merged: "080"},
	"074": {Name: "Bình Dương", City: false, Merged: "079"},
	"075": {Name: "Đồng Nai", City: false, Merged: "075"},
	"077": {Name: "Bà Rịa - Vũng Tàu", City: false, Merged: "079"},
	"079": {Name: "Hồ Chí Minh", City: true, Merged: "079"},
	"080": {Name: "Long An", City: false, Merged: "080"},
	"082": {Name: "Tiền Giang", City: false, Merged: "082"},
	"083": {Name: "Bến Tre", City: false, Merged: "086"},
	"084": {Name: "Trà Vinh", City: false, Merged: "086"},
	"086": {Name: "Vĩnh Long", City: false, Merged: "086"},
	"087": {Name: "Đồng Tháp", City: false, Merged: "082"},
	"089": {Name: "An Giang", City: false, Merged: "091"},
	"091": {Name: "Kiên Giang", City: false, Merged: "091"},
	"092": {Name: "Cần Thơ", City: true, Merged: "092"},
	"093": {Name: "Hậu Giang", City: false, Merged: "092"},
	"094": {Name: "Sóc Trăng", City: false, Merged: "092"},
	"095": {Name: "Bạc Liêu", City: false, Merged: "096"},
	"096": {Name: "Cà Mau", City: false, Merged: "096"},
}

// provinces2025 are the 34 units since 1 July 2025, by their statistical codes.
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
