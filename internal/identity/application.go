package identity

import (
	"log/slog"
	"time"
)

// ApplicationNumber names an application and is the receipt number that the
// citizen gets: ten random digits of Crockford's base 32 and a check digit, for
// example "7QF3M-9T2XK-D". It says nothing about the person and cannot be guessed.
type ApplicationNumber string

// ApplicationType is what the law calls the request.
type ApplicationType string

// The types of Law 26/2023/QH15 art. 23 and 24, and those for its identity certificate.
const (
	FirstIssue ApplicationType = "first-issue" // cấp
	Exchange   ApplicationType = "exchange"    // cấp đổi
	Reissue    ApplicationType = "reissue"     // cấp lại

	CertificateIssue    ApplicationType = "certificate-issue"    // cấp giấy chứng nhận căn cước
	CertificateExchange ApplicationType = "certificate-exchange" // cấp đổi giấy chứng nhận căn cước
	CertificateReissue  ApplicationType = "certificate-reissue"  // cấp lại giấy chứng nhận căn cước
)

// Ground is why the law gives a card. The values are wire format.
type Ground string

// The grounds, by type; art. 23, 24.1, 24.2 and 46.1 of Law 26/2023/QH15, art. 23 of Law
// 59/2014/QH13; those of certificates, art. 25 of Decree 70/2024/NĐ-CP. The table of
// provisions says which law gives a card or certificate on which.
const (
	GroundFirstCard     Ground = "first-card"     // first issue: never had one
	GroundFromCMND      Ground = "from-cmnd"      // first issue: from the old 9- or 12-digit card
	GroundFromCCCD      Ground = "from-cccd"      // exchange 46.1: of a card of the law of 2014 for one of 2023, on request
	GroundAge           Ground = "age"            // exchange 24.1(a): 14, 25, 40, 60 reached
	GroundDetails       Ground = "details"        // exchange 24.1(b): name or birth date changed or corrected
	GroundAppearance    Ground = "appearance"     // exchange 24.1(c): appearance changed
	GroundBiometrics    Ground = "biometrics"     // exchange 24.1(c): portrait or fingerprints added
	GroundSex           Ground = "sex"            // exchange 24.1(c): sex re-determined or changed
	GroundOrigin        Ground = "origin"         // exchange under the law of 2014: place of origin corrected
	GroundPrintError    Ground = "print-error"    // exchange 24.1(d): error in the printed information
	GroundBoundaries    Ground = "boundaries"     // exchange 24.1(đ): administrative units rearranged
	GroundNumberChanged Ground = "number-changed" // exchange 24.1(e): personal number re-established
	GroundRequest       Ground = "request"        // exchange 24.1(g): on request
	GroundLost          Ground = "lost"           // reissue 24.2(a)
	GroundDamaged       Ground = "damaged"        // reissue 24.2(a); exchange under the law of 2014
	GroundNationality   Ground = "nationality"    // reissue 24.2(b): nationality regained

	GroundFirstCertificate Ground = "first-certificate" // art. 30.1: never had a certificate
	GroundExpired          Ground = "expired"           // exchange of a certificate: its two years are over
)

// Channel is how the application was filed.
type Channel string

// The channels.
const (
	AtStation Channel = "station" // presence and capture
	Online    Channel = "online"  // the public-service portal; no capture
)

// Delivery is how the citizen wants the card.
type Delivery string

// The ways of delivery.
const (
	Collect Delivery = "collect" // at the station
	Post    Delivery = "post"    // to the stated address, with proof
)

// Application is what a station submits. Portrait and fingerprints travel
// beside it and are kept in the vault.
type Application struct {
	EnrollmentID   string // the station's own identifier; with Station it tells a resubmission from a new one (OSIA enrollmentId)
	Station        StationID
	Officer        OfficerID // the enrolling officer
	Channel        Channel
	Type           ApplicationType
	Ground         Ground
	FiledOn        Date   // the day the file was complete; pins form and rules
	Person         Person // its Number is empty where one has to be allotted
	Representative Name   // of a child; zero otherwise
	Delivery       Delivery
	DeliveryTo     string // postal address, when Delivery is Post
	Urgent         bool
	Exemption      string // fee exemption code, or empty
	ExemptionProof string // the paper that proves the exemption, where age alone does not
	ErrorBy        Party  // whose error the card shows, with the ground print-error
	LateReason     string // why it was entered long after the day of filing, or empty
	SignedSheet    string // where the scan of the signed capture sheet (form CC01) is kept, or empty
	OriginProof    string // the paper that proves Vietnamese descent, with the first certificate; or empty
	ResidingSince  Date   // the day since when the applicant has lived in the commune, likewise
	Contact        Contact
}

// Party is whose an error is. The values are wire format.
type Party string

// The parties.
const (
	ErrorByAuthority Party = "authority" // who corrects it free of charge (art. 38 of Law 26/2023/QH15)
	ErrorByCitizen   Party = "citizen"
)

// HeldCard is the card that the applicant holds, as the card record has it; or, where the
// applicant holds none any more, the last one that was withdrawn, or revoked with the number
// that it bears.
type HeldCard struct {
	Issued      Date
	Expiry      Expiry
	Certificate bool      // it is an identity certificate
	State       CardState // empty: live
	Canceled    bool      // the number that it bears is not the holder's any more
	InError     bool      // it was withdrawn as issued wrongly, or ended with the death of its holder, who lives

	NationalityLost bool // it was withdrawn when its holder lost nationality
}

// standing reports whether it is the applicant's card still.
func (h HeldCard) standing() bool { return h.State == "" || h.State.Standing() }

// document is what it is.
func (h HeldCard) document() Document {
	if h.Certificate {
		return Certificate
	}
	return CardDocument
}

// law is the one that the card was issued under.
func (h HeldCard) law() Law { return LawOn(h.Issued) }

// String hides the application.
func (Application) String() string { return "[application]" }

// GoString hides the application.
func (Application) GoString() string { return "[application]" }

// LogValue hides the application: a log line never shows a person.
func (Application) LogValue() slog.Value { return slog.StringValue("[application]") }

// Rules is the law as it stood when the application was filed, pinned for the
// application's whole life.
type Rules struct {
	Law            Law
	Form           FormID
	ProcessingDays int       // working days, art. 25 (2014) and 26 (2023); days, of the first certificate
	Due            time.Time // the last second of the last working day, Asia/Ho_Chi_Minh
	Fee            int       // VND
	Expiry         Expiry
}
