package identity

import (
	"cmp"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ProvinceCode is a province or city, as the personal number carries it: "001".
// From 100 to 999 it is a country, for a birth registered abroad (Appendix 2 of
// Circular 59/2021/TT-BCA).
type ProvinceCode string

// Abroad reports whether the code is that of a country.
func (c ProvinceCode) Abroad() bool {
	return len(c) == 3 && digits(string(c), 3) == nil && c[0] != '0'
}

// known reports whether a personal number can begin with the code.
func (c ProvinceCode) known() bool {
	return slices.ContainsFunc(provinces, func(p Province) bool { return p.Code == c }) || c.Abroad()
}

// stands reports whether a province has the code on a day.
func (c ProvinceCode) stands(day Date) bool {
	_, ok := ProvinceOn(c, day)
	return ok
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

// Province is a province, or a city under central rule, for as long as it has that name
// and that kind.
type Province struct {
	Code      ProvinceCode
	Name      string
	City      bool         // under central rule
	Either    bool         // sources differ on whether it is a city: both words pass
	From, To  Date         // the days on which it stands, both included; a zero From: before chip cards, a zero To: still
	Successor ProvinceCode // what it became, or became part of, after To
}

// The merger of Resolution 202/2025/QH15: 63 provinces became 34.
var (
	lastOf63  = Date{Year: 2025, Month: 6, Day: 30}
	firstOf34 = lastOf63.AddDays(1)
)

func (p Province) stands(day Date) bool { return period{p.From, p.To}.includes(day) }

// ProvinceOn gives the name of the province that a code stands for on a day: seven
// codes changed hands on 1 July 2025. ok is false where it stands for none.
func ProvinceOn(code ProvinceCode, day Date) (name string, ok bool) {
	for _, p := range provinces {
		if p.Code == code && p.stands(day) {
			return p.Name, true
		}
	}
	return "", false
}

// ProvinceNow gives the code, since 1 July 2025, of the province that a code stood for.
func ProvinceNow(code ProvinceCode) ProvinceCode { return code.successor(firstOf34) }

// ProvinceCodes lists the codes of the provinces that exist on a day, ascending:
// 63 until 30 June 2025, then 34.
func ProvinceCodes(day Date) []ProvinceCode {
	var codes []ProvinceCode
	for _, p := range provinces {
		if p.stands(day) {
			codes = append(codes, p.Code)
		}
	}
	return codes
}

// EveryProvince lists the codes of all provinces that there are and were: applications keep
// theirs.
func EveryProvince() []ProvinceCode { return ProvinceCodes(lastOf63) }

// rearrangedUntil gives the first day on which the units of a person's places stood as they do
// on a day; the zero date before July 2025, when communes were rearranged by resolutions of
// each province. Since then they stand as Resolution 202/2025/QH15 and those of 2026 left them.
// A place without a code is where its text says; one that is not known may be anywhere.
func (p Person) rearrangedUntil(day Date) Date {
	var places []ProvinceCode
	for _, place := range []Place{p.Residence, p.BirthRegistration, p.Origin} {
		places = append(places, cmp.Or(place.Province, place.named(day)))
	}
	var last Date
	for _, u := range provinces {
		concerned := u.From == firstOf34 || slices.Contains(places, u.Code) || slices.Contains(places, "") // unknown: any
		if concerned && u.From.Compare(firstOf34) >= 0 && u.From.Compare(day) <= 0 && u.From.Compare(last) > 0 {
			last = u.From
		}
	}
	return last
}

// successor is the code, of the provinces that stand on a day, of what became of a
// province.
func (c ProvinceCode) successor(day Date) ProvinceCode {
	if !c.stands(day) {
		for _, p := range provinces {
			if p.Code == c && p.Successor != "" {
				return p.Successor
			}
		}
	}
	return c
}

// The words before the names of units, long and short. Those of the district level, and
// townships, ended with June 2025 (Resolutions 190/2025/QH15 and 202/2025/QH15, Law
// 72/2025/QH15). Stations write without tones too.
var (
	cityWords          = []string{"thành phố ", "thanh pho ", "tp. ", "tp.", "tp "}
	provinceWords      = []string{"tỉnh ", "tinh ", "t. "}
	shortDistrictWords = []string{"q. ", "q.", "h. ", "h.", "tx. ", "tx.", "tx ", "tt. ", "tt.", "tt "}
)

// current refuses an address that names a unit which has ended before that day, wherever it
// stands in it: a district, a township, a province that was merged into another, or one that
// has become a city.
func (p Place) current(field string, day Date) error {
	parts := p.parts()
	last := len(parts) - 1
	for i, part := range parts[:last] {
		// What begins an address may be a new town that calls itself a city, or a center (TT.).
		below := i > 0 && (wordBefore(part, shortDistrictWords) != "" || numberedDistrict.MatchString(part)) ||
			(i > 0 || last == 1) && wordBefore(part, cityWords) != ""
		if (below || namesDistrict(part)) && day.Compare(lastOf63) > 0 {
			return refuseDistrict(field)
		}
		asProvince := wordBefore(part, provinceWords) != ""
		if u := endedBy(day, bareProvince(part)); u != nil && (asProvince || i > 0 && i == last-1) {
			return refuseEnded(field, *u)
		}
	}
	if namesDistrict(parts[last]) && day.Compare(lastOf63) > 0 {
		return refuseDistrict(field)
	}
	return currentProvince(field, parts[last], day)
}

// currentProvince refuses the part of an address that names its province, unless that stands
// on the day, and is of that kind.
func currentProvince(field, part string, day Date) error {
	part = fromProvince(part)
	asCity, asProvince := wordBefore(part, cityWords) != "", wordBefore(part, provinceWords) != ""
	name := bareProvince(part)
	for _, u := range provincesOf()[name] {
		switch {
		case !u.stands(day):
		case u.Either || (!u.City || !asProvince) && (u.City || !asCity):
			return nil
		case u.City:
			return RefuseField(Invalid, field, "calls a province (tỉnh) what is a city under central rule since %s", u.From.Display())
		default:
			return RefuseField(Invalid, field, "calls a city (thành phố) what is a province")
		}
	}
	if u := cmp.Or(endedBy(day, name), endedBehind(day, part)); u != nil {
		return refuseEnded(field, *u)
	}
	return nil
}

func refuseDistrict(field string) error {
	return RefuseField(Invalid, field, "names a unit of the district level, or a township; these ended on 30 June 2025: give commune and province as they are now")
}

func refuseEnded(field string, u Province) error {
	return RefuseField(Invalid, field, "names a province that ended on %s: give the one that it is part of now", u.To.Display())
}

// endedBy is the province of that folded name, if it ended before the day and none of the name
// stands then.
func endedBy(day Date, name string) *Province {
	var ended *Province
	for _, u := range provincesOf()[name] {
		if u.stands(day) {
			return nil
		}
		if ended == nil && !u.To.IsZero() && u.To.Compare(day) < 0 {
			ended = &u
		}
	}
	return ended
}

var (
	separators       = regexp.MustCompile(`[,;()]|\s[-–]\s`)
	hyphened         = regexp.MustCompile(`(?i)(bà rịa|thừa thiên)\s*[-–]\s*(vũng tàu|huế)`)
	bareHyphen       = regexp.MustCompile(`(?i)\s*[-–]\s*((?:xã|phường|quận|huyện|thị xã|thị trấn|tỉnh|thành phố)\s)`)
	ofBefore         = regexp.MustCompile(`(?i)\s+(\(cũ\)|cũ)(\s|[,;]|$)`)
	country          = regexp.MustCompile(`(?i)[,.;]\s*vi[eệ]t ?nam$`)
	numberedDistrict = regexp.MustCompile(`(?i)^q\.? ?[0-9]{1,2}$`)

	// A district's word within a part; what stands before and after it tells a road or a street
	// that is named after one, or after whom. Without tones it is told only where it is nothing else.
	districtWithin = regexp.MustCompile(`(?i)(?:^|(\S+)\s+)(quận|huyện|thị xã|thị trấn|huyen|thi xa|thi tran|quan [0-9]+)(?::?\s+(\S+)|$)`)
	shortWithin    = regexp.MustCompile(`\S\s+(?:(?i:q|h|tx|tt)\.\s*\p{Lu}|(?i:q)\. ?[0-9]{1,2}(?:\s|$))`)
	beforeNamed    = []string{"đường", "phố", "bà", "ông", "chợ", "cầu", "ngõ", "hẻm", "duong", "pho"}
	settlements    = []string{"thôn", "ấp", "xóm", "bản", "khu"}
	afterNamed     = []string{"lộ", "công", "ủy", "uỷ", "đội", "đường", "lỵ", "lo", "cong", "uy", "tran"}
	specialZone    = regexp.MustCompile(`(?i)(?:^|\s)((?:đặc khu|dac khu)\s+\S)`)
	communeWithin  = regexp.MustCompile(`(?i)(?:^|\s)(xã|phường|đặc khu|xa|phuong)\s`)
	cityWithin     = regexp.MustCompile(`(?i)(?:^|\s)(?:xã|phường|xa|phuong)\s+\S.*\s(?:thành phố|thanh pho|tp\.?)\s*\S`) // before a province
	communeBefore  = regexp.MustCompile(`(?i)(?:^|\s)(xã|phường|đặc khu|xa|phuong|đường|phố|duong|pho)$`)
)

// parts are those of an address, from the smallest unit to the province, without the country, and
// without the word for what was before.
func (p Place) parts() []string {
	text := country.ReplaceAllString(strings.TrimRight(p.Text, " ."), "")
	text = bareHyphen.ReplaceAllString(hyphened.ReplaceAllString(text, "$1 $2"), ", $1")
	if at := strings.LastIndexAny(text, "-–"); at > 0 && endsWithProvince(strings.TrimLeft(text[at:], "-–")) {
		text = text[:at] + ", " + strings.TrimLeft(text[at:], "-–")
	}
	parts := slices.DeleteFunc(separators.Split(ofBefore.ReplaceAllString(text, "$2"), -1), func(part string) bool { return strings.TrimSpace(part) == "" })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if len(parts) == 0 {
		return []string{""}
	}
	return parts
}

// namesDistrict reports whether a part of an address names a district or a township. Behind a
// commune's word, what stands before a district's is the end of the commune's name, and no street.
func namesDistrict(part string) bool {
	for _, at := range districtWithin.FindAllStringSubmatchIndex(part, -1) {
		before, word, after := submatch(part, at, 1), submatch(part, at, 2), submatch(part, at, 3)
		behind := communeWithin.MatchString(part[:at[0]]+" ") && (word != "huyện" || strings.Trim(after, "0123456789") != "")
		named := !behind && (slices.Contains(beforeNamed, before) || slices.Contains(settlements, before) && (word == "quận" || word == "huyện"))
		if !named && !slices.Contains(afterNamed, after) && (after != "" || strings.HasPrefix(word, "quan ")) {
			return true
		}
	}
	return shortWithin.MatchString(part) || cityWithin.MatchString(strings.TrimSuffix(part, fromProvince(part)))
}

// submatch is a group of a match in a text, in lower case; empty where there is none.
func submatch(text string, at []int, group int) string {
	if at[2*group] < 0 {
		return ""
	}
	return strings.ToLower(text[at[2*group]:at[2*group+1]])
}

// endedBehind is the province that has ended by that day whose name are the last words of a part,
// behind a commune's: of whom it is the name of the commune, or of a street, it is not.
func endedBehind(day Date, part string) *Province {
	words := strings.Fields(part)
	for n := min(4, len(words)-2); n >= 2; n-- {
		before := strings.Join(words[:len(words)-n], " ")
		if u := endedBy(day, provinceKey(strings.Join(words[len(words)-n:], " "))); u != nil && communeWithin.MatchString(before) && !communeBefore.MatchString(before) {
			return u
		}
	}
	return nil
}

// fromProvince is what a part of an address says from the last word before a province or a
// city on; the whole part without such a word.
func fromProvince(part string) string {
	from, lower := 0, strings.ToLower(part)
	if len(lower) != len(part) {
		return part
	}
	for _, word := range slices.Concat(cityWords, provinceWords) {
		if at := strings.LastIndex(lower, " "+word); at >= from && endsWithProvince(part[at+1+len(word):]) {
			from = at + 1
		}
	}
	return part[from:]
}

// endsWithProvince reports whether a text is the name of a province, of whichever time.
func endsWithProvince(text string) bool {
	return provincesOf()[provinceKey(strings.TrimSpace(text))] != nil
}

// bareProvince is the folded name of a part without the word before it.
func bareProvince(part string) string {
	return provinceKey(strings.TrimSpace(part[len(wordBefore(part, slices.Concat(cityWords, provinceWords))):]))
}

// provinceKey folds the name of a province, with tones or without, however its hyphen is set and
// its Đắk is written.
func provinceKey(name string) string {
	bare := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ' || r == 'ð':
			return 'd'
		case r == '-' || r == '–':
			return ' '
		}
		return r
	}, norm.NFD.String(strings.ToLower(name)))
	key := strings.Join(strings.Fields(bare), " ")
	if rest, is := strings.CutPrefix(key, "dac "); is {
		return "dak " + rest
	}
	if key == "br vt" {
		return "ba ria vung tau"
	}
	return key
}

// provincesOf are the provinces of every time by their folded names, each list in the order of
// the table.
var provincesOf = sync.OnceValue(func() map[string][]Province {
	named := make(map[string][]Province, len(provinces))
	for _, u := range provinces {
		key := provinceKey(u.Name)
		named[key] = append(named[key], u)
	}
	return named
})

// named is the code of the province that an address ends with: of those of a day, or else of
// any that there was; empty: of none.
func (p Place) named(day Date) ProvinceCode {
	parts := p.parts()
	last := bareProvince(fromProvince(parts[len(parts)-1]))
	var code ProvinceCode
	for _, u := range provincesOf()[last] {
		if code == "" || u.stands(day) {
			code = u.Code
		}
	}
	return code
}

// onBorder are the provinces with communes on a land border (art. 3 of Decree 34/2014/NĐ-CP): 25
// of 63, and since the merger 22 of 34.
var onBorder = []struct {
	period
	codes []ProvinceCode
}{
	{period{to: lastOf63}, []ProvinceCode{
		"002", "004", "010", "011", "012", "014", "020", "022", "038", "040", "042", "044", "045", "046", "049", "062", "064", "066", "067", "070", "072", "080", "087", "089", "091",
	}},
	{period{from: firstOf34}, []ProvinceCode{
		"004", "008", "011", "012", "014", "015", "020", "022", "038", "040", "042", "044", "046", "048", "051", "052", "066", "068", "075", "080", "082", "091",
	}},
}

// inSpecialZone reports whether an address names a special zone as its commune; a street may have
// the name of one.
func (p Place) inSpecialZone() bool {
	return slices.ContainsFunc(p.parts(), func(part string) bool {
		at := specialZone.FindStringSubmatchIndex(part)
		return at != nil && !communeBefore.MatchString(strings.TrimSpace(part[:at[2]]))
	})
}

// bordersOn reports whether a place may be a commune on a land border: its province, by its code
// or its name, has one on that day. Of a place of no known province it may be.
func (p Place) bordersOn(day Date) bool {
	code := cmp.Or(p.Province, p.named(day))
	for _, b := range onBorder {
		if code != "" && b.includes(day) {
			return slices.Contains(b.codes, code) || slices.Contains(b.codes, code.successor(day))
		}
	}
	return true
}

// oneProvince refuses a place of which text and code are of two provinces.
func (p Place) oneProvince(field string) error {
	parts := p.parts()
	name := bareProvince(fromProvince(parts[len(parts)-1]))
	known := false
	for _, u := range provincesOf()[name] {
		if u.Code == p.Province || u.Code.successor(firstOf34) == ProvinceNow(p.Province) || u.Successor == ProvinceNow(p.Province) {
			return nil
		}
		known = true
	}
	if known && p.Province.known() {
		return RefuseField(Invalid, field, "is the code of another province than the text names")
	}
	return nil
}

// wordBefore is the word of the list that a part of an address begins with, as the part
// has it.
func wordBefore(part string, list []string) string {
	part = strings.TrimSpace(part)
	for _, word := range list {
		if len(part) > len(word) && strings.EqualFold(part[:len(word)], word) {
			return part[:len(word)]
		}
	}
	return ""
}

// provinces are the 63 of Appendix 1 of Circular 07/2016/TT-BCA, whose codes stay in the
// numbers allotted by them, then the 34 since 1 July 2025 by their statistical codes
// (Resolution 202/2025/QH15). Đồng Nai is a city since 30 April 2026.
var provinces = []Province{
	{Code: "001", Name: "Hà Nội", City: true, To: lastOf63, Successor: "001"},
	{Code: "002", Name: "Hà Giang", To: lastOf63, Successor: "008"},
	{Code: "004", Name: "Cao Bằng", To: lastOf63, Successor: "004"},
	{Code: "006", Name: "Bắc Kạn", To: lastOf63, Successor: "019"},
	{Code: "008", Name: "Tuyên Quang", To: lastOf63, Successor: "008"},
	{Code: "010", Name: "Lào Cai", To: lastOf63, Successor: "015"},
	{Code: "011", Name: "Điện Biên", To: lastOf63, Successor: "011"},
	{Code: "012", Name: "Lai Châu", To: lastOf63, Successor: "012"},
	{Code: "014", Name: "Sơn La", To: lastOf63, Successor: "014"},
	{Code: "015", Name: "Yên Bái", To: lastOf63, Successor: "015"},
	{Code: "017", Name: "Hoà Bình", To: lastOf63, Successor: "025"},
	{Code: "019", Name: "Thái Nguyên", To: lastOf63, Successor: "019"},
	{Code: "020", Name: "Lạng Sơn", To: lastOf63, Successor: "020"},
	{Code: "022", Name: "Quảng Ninh", To: lastOf63, Successor: "022"},
	{Code: "024", Name: "Bắc Giang", To: lastOf63, Successor: "024"},
	{Code: "025", Name: "Phú Thọ", To: lastOf63, Successor: "025"},
	{Code: "026", Name: "Vĩnh Phúc", To: lastOf63, Successor: "025"},
	{Code: "027", Name: "Bắc Ninh", To: lastOf63, Successor: "024"},
	{Code: "030", Name: "Hải Dương", To: lastOf63, Successor: "031"},
	{Code: "031", Name: "Hải Phòng", City: true, To: lastOf63, Successor: "031"},
	{Code: "033", Name: "Hưng Yên", To: lastOf63, Successor: "033"},
	{Code: "034", Name: "Thái Bình", To: lastOf63, Successor: "033"},
	{Code: "035", Name: "Hà Nam", To: lastOf63, Successor: "037"},
	{Code: "036", Name: "Nam Định", To: lastOf63, Successor: "037"},
	{Code: "037", Name: "Ninh Bình", To: lastOf63, Successor: "037"},
	{Code: "038", Name: "Thanh Hóa", To: lastOf63, Successor: "038"},
	{Code: "040", Name: "Nghệ An", To: lastOf63, Successor: "040"},
	{Code: "042", Name: "Hà Tĩnh", To: lastOf63, Successor: "042"},
	{Code: "044", Name: "Quảng Bình", To: lastOf63, Successor: "044"},
	{Code: "045", Name: "Quảng Trị", To: lastOf63, Successor: "044"},
	{Code: "046", Name: "Thừa Thiên Huế", To: Date{2024, 12, 31}, Successor: "046"},
	{Code: "046", Name: "Huế", City: true, From: Date{2025, 1, 1}, To: lastOf63, Successor: "046"}, // Resolution 175/2024/QH15
	{Code: "048", Name: "Đà Nẵng", City: true, To: lastOf63, Successor: "048"},
	{Code: "049", Name: "Quảng Nam", To: lastOf63, Successor: "048"},
	{Code: "051", Name: "Quảng Ngãi", To: lastOf63, Successor: "051"},
	{Code: "052", Name: "Bình Định", To: lastOf63, Successor: "052"},
	{Code: "054", Name: "Phú Yên", To: lastOf63, Successor: "066"},
	{Code: "056", Name: "Khánh Hòa", To: lastOf63, Successor: "056"},
	{Code: "058", Name: "Ninh Thuận", To: lastOf63, Successor: "056"},
	{Code: "060", Name: "Bình Thuận", To: lastOf63, Successor: "068"},
	{Code: "062", Name: "Kon Tum", To: lastOf63, Successor: "051"},
	{Code: "064", Name: "Gia Lai", To: lastOf63, Successor: "052"},
	{Code: "066", Name: "Đắk Lắk", To: lastOf63, Successor: "066"},
	{Code: "067", Name: "Đắk Nông", To: lastOf63, Successor: "068"},
	{Code: "068", Name: "Lâm Đồng", To: lastOf63, Successor: "068"},
	{Code: "070", Name: "Bình Phước", To: lastOf63, Successor: "075"},
	{Code: "072", Name: "Tây Ninh", To: lastOf63, Successor: "080"},
	{Code: "074", Name: "Bình Dương", To: lastOf63, Successor: "079"},
	{Code: "075", Name: "Đồng Nai", To: lastOf63, Successor: "075"},
	{Code: "077", Name: "Bà Rịa - Vũng Tàu", To: lastOf63, Successor: "079"},
	{Code: "079", Name: "Hồ Chí Minh", City: true, To: lastOf63, Successor: "079"},
	{Code: "080", Name: "Long An", To: lastOf63, Successor: "080"},
	{Code: "082", Name: "Tiền Giang", To: lastOf63, Successor: "082"},
	{Code: "083", Name: "Bến Tre", To: lastOf63, Successor: "086"},
	{Code: "084", Name: "Trà Vinh", To: lastOf63, Successor: "086"},
	{Code: "086", Name: "Vĩnh Long", To: lastOf63, Successor: "086"},
	{Code: "087", Name: "Đồng Tháp", To: lastOf63, Successor: "082"},
	{Code: "089", Name: "An Giang", To: lastOf63, Successor: "091"},
	{Code: "091", Name: "Kiên Giang", To: lastOf63, Successor: "091"},
	{Code: "092", Name: "Cần Thơ", City: true, To: lastOf63, Successor: "092"},
	{Code: "093", Name: "Hậu Giang", To: lastOf63, Successor: "092"},
	{Code: "094", Name: "Sóc Trăng", To: lastOf63, Successor: "092"},
	{Code: "095", Name: "Bạc Liêu", To: lastOf63, Successor: "096"},
	{Code: "096", Name: "Cà Mau", To: lastOf63, Successor: "096"},

	{Code: "001", Name: "Hà Nội", City: true, From: firstOf34},
	{Code: "004", Name: "Cao Bằng", From: firstOf34},
	{Code: "008", Name: "Tuyên Quang", From: firstOf34},
	{Code: "011", Name: "Điện Biên", From: firstOf34},
	{Code: "012", Name: "Lai Châu", From: firstOf34},
	{Code: "014", Name: "Sơn La", From: firstOf34},
	{Code: "015", Name: "Lào Cai", From: firstOf34},
	{Code: "019", Name: "Thái Nguyên", From: firstOf34},
	{Code: "020", Name: "Lạng Sơn", From: firstOf34},
	{Code: "022", Name: "Quảng Ninh", From: firstOf34, To: Date{2025, 12, 31}, Successor: "022"},
	{Code: "022", Name: "Quảng Ninh", Either: true, From: Date{2026, 1, 1}}, // raised in 2026, by some
	{Code: "024", Name: "Bắc Ninh", From: firstOf34},
	{Code: "025", Name: "Phú Thọ", From: firstOf34},
	{Code: "031", Name: "Hải Phòng", City: true, From: firstOf34},
	{Code: "033", Name: "Hưng Yên", From: firstOf34},
	{Code: "037", Name: "Ninh Bình", From: firstOf34},
	{Code: "038", Name: "Thanh Hóa", From: firstOf34},
	{Code: "040", Name: "Nghệ An", From: firstOf34},
	{Code: "042", Name: "Hà Tĩnh", From: firstOf34},
	{Code: "044", Name: "Quảng Trị", From: firstOf34},
	{Code: "046", Name: "Huế", City: true, From: firstOf34},
	{Code: "048", Name: "Đà Nẵng", City: true, From: firstOf34},
	{Code: "051", Name: "Quảng Ngãi", From: firstOf34},
	{Code: "052", Name: "Gia Lai", From: firstOf34},
	{Code: "056", Name: "Khánh Hòa", From: firstOf34},
	{Code: "066", Name: "Đắk Lắk", From: firstOf34},
	{Code: "068", Name: "Lâm Đồng", From: firstOf34},
	{Code: "075", Name: "Đồng Nai", From: firstOf34, To: Date{2026, 4, 29}, Successor: "075"},
	{Code: "075", Name: "Đồng Nai", City: true, From: Date{2026, 4, 30}},
	{Code: "079", Name: "Hồ Chí Minh", City: true, From: firstOf34},
	{Code: "080", Name: "Tây Ninh", From: firstOf34},
	{Code: "082", Name: "Đồng Tháp", From: firstOf34},
	{Code: "086", Name: "Vĩnh Long", From: firstOf34},
	{Code: "091", Name: "An Giang", From: firstOf34},
	{Code: "092", Name: "Cần Thơ", City: true, From: firstOf34},
	{Code: "096", Name: "Cà Mau", From: firstOf34},
}
