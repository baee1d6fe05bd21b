package identity

import (
	"io"
	"log/slog"
	"strings"
)

// FormID names a form of card, for example "can-cuoc-2024". What the form shows, and
// whose card gets it, is data in templates/forms.
type FormID string

// Card is everything that one card says about its holder. Print, QR code and chip
// are made from it alone.
type Card struct {
	Form   FormID
	Serial CardSerial // of this card body's data, DG13 field 16; not the blank's serial
	Person Person
	Issued Date
	Expiry Expiry
}

// CardSerial is the serial of a card as its chip carries it: 16 upper-case
// hexadecimal digits.
type CardSerial string

// String hides the card.
func (Card) String() string { return "[card]" }

// GoString hides the card.
func (Card) GoString() string { return "[card]" }

// LogValue hides the card: a log line never shows a person.
func (Card) LogValue() slog.Value { return slog.StringValue("[card]") }

// Person is what the State knows of a citizen and puts on cards.
type Person struct {
	Number            PersonalNumber
	Name              Name
	Birth             Date
	Sex               Sex
	Ethnicity         string // dân tộc, as text: "Kinh"
	Religion          string // tôn giáo, as text: "Không"
	BloodGroup        string // "A", "B", "AB" or "O", with + or - where known, or empty
	Origin            Place  // quê quán: commune, district, province
	BirthRegistration Place  // nơi đăng ký khai sinh
	Residence         Place  // nơi cư trú / nơi thường trú
	Marks             string // đặc điểm nhận dạng
	Father            Name   // zero when unknown
	Mother            Name
	Spouse            Name
	OldNumber         OldNumber         // 9-digit CMND, or empty
	CancelledNumber   PersonalNumber    // or empty
	Nationality       NationalityStatus `json:",omitzero"`
}

// String hides the person.
func (Person) String() string { return "[person]" }

// GoString hides the person.
func (Person) GoString() string { return "[person]" }

// LogValue hides the person.
func (Person) LogValue() slog.Value { return slog.StringValue("[person]") }

// Nationality as both forms of card print it, and as the MRZ gives it (ISO 3166-1 with ICAO's codes).
const (
	Nationality     = "Việt Nam"
	NationalityCode = "VNM"
)

// Expiry is when a card expires: a date, or never.
type Expiry struct{ Date Date } // the zero Date: no expiry (không thời hạn)

// Never reports whether the card has no expiry.
func (e Expiry) Never() bool { return e.Date == Date{} }

// String gives it as the forms print it: dd/mm/yyyy or "Không thời hạn".
func (e Expiry) String() string {
	if e.Never() {
		return "Không thời hạn"
	}
	return e.Date.Display()
}

// NewCardSerial draws a serial.
func NewCardSerial(random io.Reader) (CardSerial, error) {
	s, err := drawFrom(random, 16, "0123456789ABCDEF")
	return CardSerial(s), err
}

// ParseCardSerial reads 16 upper-case hexadecimal digits.
func ParseCardSerial(s string) (CardSerial, error) {
	if len(s) != 16 || strings.Trim(s, "0123456789ABCDEF") != "" {
		return "", Refuse(Invalid, "a card serial is 16 upper-case hexadecimal digits")
	}
	return CardSerial(s), nil
}
