package specimens

import (
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// Specimen is a card that is hard to draw, or an ordinary one.
type Specimen struct {
	Name    string // short, fit for a file name
	Note    string // what is special about it
	Content render.Content
}

// extreme is what makes a specimen special.
type extreme struct {
	name, note string
	person     identity.Person
	noExpiry   bool
}

// people are the persons on specimens, the first an ordinary one. None exists, and nobody
// has their numbers.
var people = []extreme{
	{name: "ordinary", note: "an ordinary card", person: identity.Person{
		Name: named("Trần Thị Khánh Vy"), Residence: place("Số 12, Ngõ 5, Đường Mẫu, Phường Hoàn Kiếm, Hà Nội"),
		Origin: place("Phường Hoàn Kiếm, Hà Nội"), BirthRegistration: place("Phường Hoàn Kiếm, Hà Nội"), Marks: "Nốt ruồi C: 1cm trên sau mép trái",
	}},
	{name: "longest", note: "120 letters of name, a long address, no expiry", noExpiry: true, person: identity.Person{
		Name:              named("Nguyễn Phước Khuyến Nghĩa Thượng Hoàng Phương Thảo Quyên Trường Nguyễn Phước Khuyến Nghĩa Thượng Hoàng Phương Thảo"),
		Residence:         place("Căn hộ A-12.05, Chung cư số 9, Đường Xô Viết Nghệ Tĩnh, Khu phố 7, Phường 25, Quận Bình Thạnh, Thành phố Hồ Chí Minh"),
		Origin:            place("Thị trấn Dương Minh Châu, Huyện Dương Minh Châu, Tỉnh Tây Ninh"),
		BirthRegistration: place("Thị trấn Dương Minh Châu, Huyện Dương Minh Châu, Tỉnh Tây Ninh"),
		Marks:             "Sẹo chấm C: 0,5cm trên trước đầu lông mày trái; nốt ruồi C: 3cm dưới sau cánh mũi phải",
		Father:            named("Nguyễn Phước Khuyến Nghĩa Thượng Hoàng"), Mother: named("Công Tằng Tôn Nữ Thị Bích Huyền Trân"), OldNumber: "012999999",
		Ethnicity: "Bru-Vân Kiều", Religion: "Giáo hội Cơ đốc Phục lâm Việt Nam", Spouse: named("Nguyễn Phước Khuyến Nghĩa Thượng Hoàng Phương Thảo Quyên"),
	}},
	{name: "ten-words", note: "ten words, one over two lines", person: identity.Person{
		Name: named("Lương Hoàng Thị Thanh Thảo Nguyên Phương Trâm Anh Nhiên"), Residence: place("Thôn Lũng Cú, Xã Đồng Văn, Tuyên Quang"),
		Origin: place("Xã Đồng Văn, Tuyên Quang"), BirthRegistration: place("Xã Đồng Văn, Huyện Đồng Văn, Tỉnh Hà Giang"),
		Marks: "Sẹo chấm C: 2cm dưới trước đuôi mắt phải",
	}},
	{name: "shortest", note: "one short word, and nothing that is optional", person: identity.Person{
		Name: named("Y"), Residence: place("Huế"),
	}},
	{name: "tallest", note: "the tallest letters above the deepest", person: identity.Person{
		Name: named("Ẳng Ặng Ợt Ẩn Ỗng Ỵ Ể Ậu Ẵm Ộng Ắc Ặc"), Residence: place("Xã Ỷ Tịch, ngõ Ợp Ẩm, bản Ẳng Ặng, đội Ỵ Ẵng Ậm, phường Ỗ Ộp Ể, Ỷ Ẩn Ặc Ẳc"),
		Origin: place("Bản Ẳng Ặng, Xã Ỷ Tịch, Ộp Ẩm"), BirthRegistration: place("Bản Ẳng Ặng, Xã Ỷ Tịch, Ộp Ẩm"), Marks: "Ẳ Ậ Ộ Ỵ Ễ Ợ Ặ; ẳ ậ ộ ỵ ễ ợ ặ gọng (gq) ỷ",
	}},
	{name: "minorities", note: "letters of Ede, Jrai, Bahnar and Cơ-ho", person: identity.Person{
		Name: named("Y Bhŭk Niê Kƀrông Ê̆ Ô̆ Ơ̆ Ư̆ Ĕ Ĭ Ŏ Č Ñ"), Residence: place("Buôn Čư Ŏng Ê̆ban, nhà H'Hen Niê, Xã Ea Kao, Đắk Lắk; ê̆ ô̆ ơ̆ ư̆ ĕ ĭ ŏ ŭ č ñ ƀ"),
		Origin: place("Buôn Kŏ Siêr, Xã Ea Ƀrơ̆, Đắk Lắk"), BirthRegistration: place("Buôn Kŏ Siêr, Xã Ea Ƀrơ̆, Đắk Lắk"), Marks: "Không",
	}},
	{name: "alphabet", note: "every letter of Vietnamese", person: identity.Person{
		Name:      named("Ăn Âu Đen Êm Ôm Ơn Ưa Quyết Xoài Giỏ Hổ Khẽ Lễ Mỡ Ngữ Phẫu Rẽ Sẹo Tụy Vỹ"),
		Residence: place("àảãáạ ăằẳẵắặ âầẩẫấậ đ èẻẽéẹ êềểễếệ ìỉĩíị òỏõóọ ôồổỗốộ ơờởỡớợ ùủũúụ ưừửữứự ỳỷỹýỵ (số 1/2-3, 45°; \"a\" & b + c% № 7)"),
		Origin:    place("ÀẢÃÁẠ ĂẰẲẴẮẶ ÂẦẨẪẤẬ Đ ÈẺẼÉẸ ÊỀỂỄẾỆ ÌỈĨÍỊ"), BirthRegistration: place("ÒỎÕÓỌ ÔỒỔỖỐỘ ƠỜỞỠỚỢ ÙỦŨÚỤ ƯỪỬỮỨỰ ỲỶỸÝỴ"), Marks: "AaBbCcDdEeGgHhIiKkLlMmNnOoPpQqRrSsTtUuVvXxYy FfJjWwZz",
	}},
}

// Compose gives what a form shows of a card: personalization.Compose, which is above this
// package.
type Compose func(*render.Form, identity.Card, render.Pictures) (render.Content, error)

// Of gives the specimens of a form, the ordinary one first.
func Of(form *render.Form, compose Compose) ([]Specimen, error) {
	shown, err := pictures(form)
	if err != nil {
		return nil, fmt.Errorf("draw pictures: %w", err)
	}
	specimens := make([]Specimen, 0, len(people))
	for i, e := range people {
		content, err := compose(form, e.card(&form.Form, i), shown)
		if err != nil {
			return nil, fmt.Errorf("specimen %s: %w", e.name, err)
		}
		specimens = append(specimens, Specimen{Name: e.name, Note: e.note, Content: content})
	}
	return specimens, nil
}

// card is the specimen on a form: of a woman born in 1999, or, where the form is not
// issued to her, of a girl one year older than its youngest holder.
func (e extreme) card(form *forms.Form, i int) identity.Card {
	issued := identity.Date{Year: form.Issued.From.Year, Month: 3, Day: 15}
	if issued.Compare(form.Issued.From) < 0 {
		issued.Year++
	}
	p := e.person
	p.Sex, p.Birth = identity.Female, identity.Date{Year: 1999, Month: 12, Day: 31}
	if !form.Issued.HasAge(p.Birth.AgeOn(issued)) {
		p.Birth = identity.Date{Year: issued.Year - form.Issued.FromAge - 2, Month: 7, Day: 1}
	}
	century := 2*(p.Birth.Year/100-19) + 1
	p.Number = identity.PersonalNumber(fmt.Sprintf("001%d%02d99999%d", century, p.Birth.Year%100, i))
	card := identity.Card{Form: form.ID, Serial: specimenSerial, Person: p, Issued: issued, Expiry: form.Issued.Document.Validity(form.Issued.Law, p.Birth, issued)}
	if e.noExpiry {
		card.Expiry = identity.Expiry{}
	}
	return card
}

func named(text string) identity.Name  { return identity.Name{Text: text} }
func place(text string) identity.Place { return identity.Place{Text: text, Province: "001"} }

// specimenSerial is that of every specimen.
const specimenSerial identity.CardSerial = "0123456789ABCDEF"
