package identity

import (
	"slices"
	"strings"
)

// Stage is where an application stands. The strings are wire format: they stand
// in the registry, in histories and in the search attribute Stage.
type Stage string

// The stages, in the order an application passes them, then the ends.
const (
	Received         Stage = "Received"         // the packet is stored; station
	BiometricCapture Stage = "BiometricCapture" // portrait and fingerprints are judged; station, system
	Validation       Stage = "Validation"       // law and population registry; system
	Deduplication    Stage = "Deduplication"    // no other person has these fingers; ABIS, adjudicator
	Approval         Stage = "Approval"         // four eyes; provincial officer
	DataPreparation  Stage = "DataPreparation"  // LDS, SOD, printed sides; system, HSM
	Personalization  Stage = "Personalization"  // the chip is written and locked; station
	Printing         Stage = "Printing"         // both sides; the same station
	Inspection       Stage = "Inspection"       // read back and compared; the same station
	Dispatch         Stage = "Dispatch"         // packed, sent, received at the destination; center
	HandOver         Stage = "HandOver"         // the citizen receives the card; station

	Issued    Stage = "Issued"    // the card is live in the citizen's record
	Rejected  Stage = "Rejected"  // an officer refused
	Withdrawn Stage = "Withdrawn" // the citizen took the application back
	Expired   Stage = "Expired"   // never recaptured or collected within the legal time
)

// stageRow is one line of the table of stages.
type stageRow struct {
	stage  Stage
	vi, en string  // as citizens read it, passed or not: several stages may be one milestone; of an end, how it ended
	next   []Stage // that may follow it; none for an end
	chip   bool    // only a document with a chip passes it; others go on with what may follow it
}

// stages is the table of stages, in the order an application passes them, the ends
// last. A card that was ruined, or lost on its way, or destroyed before it was handed
// over, goes back to DataPreparation: another blank gets data of its own. A child who is old
// enough for a capture by then goes back to BiometricCapture, and who may be somebody of the
// population register by then to Validation. The stops may follow every open
// stage.
var stages = []stageRow{
	{stage: Received, vi: "Đã tiếp nhận hồ sơ", en: "Application received", next: []Stage{BiometricCapture, Validation}},
	{stage: BiometricCapture, vi: checkedVI, en: checkedEN, next: []Stage{Validation}},
	{stage: Validation, vi: checkedVI, en: checkedEN, next: []Stage{Deduplication, Approval}},
	{stage: Deduplication, vi: checkedVI, en: checkedEN, next: []Stage{Approval}},
	{stage: Approval, vi: "Phê duyệt", en: "Approval", next: []Stage{DataPreparation}},
	{stage: DataPreparation, vi: madeVI, en: madeEN, next: []Stage{Personalization, BiometricCapture, Validation}},
	{stage: Personalization, vi: madeVI, en: madeEN, next: []Stage{Printing, DataPreparation}, chip: true},
	{stage: Printing, vi: madeVI, en: madeEN, next: []Stage{Inspection, DataPreparation}},
	{stage: Inspection, vi: madeVI, en: madeEN, next: []Stage{Dispatch, DataPreparation}},
	{stage: Dispatch, vi: "Chuyển thẻ về nơi trả", en: "Card on its way", next: []Stage{HandOver, DataPreparation}},
	{stage: HandOver, vi: "Trả thẻ", en: "Hand-over of the card", next: []Stage{Issued, DataPreparation}},

	{stage: Issued, vi: "Thẻ đã được trả.", en: "The card was handed over."},
	{stage: Rejected, vi: "Hồ sơ bị từ chối.", en: "The application was refused."},
	{stage: Withdrawn, vi: "Hồ sơ đã được rút.", en: "The application was withdrawn."},
	{stage: Expired, vi: "Hồ sơ hết hạn.", en: "The application expired."},
}

// stops are the ends that may follow every open stage: an application can be stopped
// at any moment before the card is handed over.
var stops = []Stage{Rejected, Withdrawn, Expired}

// The milestones of several stages.
const (
	checkedVI, checkedEN = "Kiểm tra thông tin và sinh trắc học", "Checks of data and biometrics"
	madeVI, madeEN       = "Sản xuất thẻ", "Making of the card"
)

// Stages lists every stage in order, the ends last.
var Stages = func() []Stage {
	list := make([]Stage, len(stages))
	for i, row := range stages {
		list[i] = row.stage
	}
	return list
}()

// row is the stage's line of the table; an unknown stage has an empty one.
func (s Stage) row() stageRow {
	for _, row := range stages {
		if row.stage == s {
			return row
		}
	}
	return stageRow{}
}

// Enter returns to, the stage that an application for a card at s is to enter, or refuses.
// Entering the stage one is at already changes nothing.
func (s Stage) Enter(to Stage) (Stage, error) { return CardDocument.Enter(s, to) }

// Enter is Stage.Enter of an application for the document.
func (d Document) Enter(s, to Stage) (Stage, error) {
	if s == to || slices.Contains(d.After(s), to) || len(s.row().next) > 0 && slices.Contains(stops, to) {
		return to, nil
	}
	return s, Refuse(Conflict, "an application for a %s at %s cannot enter %s", d, s, to)
}

// After lists the stages that may follow one on the way to the document, first the one that
// follows when all goes well: those of the table, but for what has no chip.
func (d Document) After(s Stage) []Stage {
	if !d.passes(s) {
		return nil
	}
	var after []Stage
	for _, next := range s.row().next {
		if d.passes(next) {
			after = append(after, next)
			continue
		}
		after = append(after, next.row().next...)
	}
	return after
}

// passes reports whether an application for the document passes a stage.
func (d Document) passes(s Stage) bool { return d.HasChip() || !s.row().chip }

// MakingBegins is the stage at which a station begins to make the document.
func (d Document) MakingBegins() Stage { return d.After(DataPreparation)[0] }

// Ended reports whether s is a stage that no other follows.
func (s Stage) Ended() bool {
	return slices.Contains(Stages, s) && len(s.row().next) == 0
}

// VI says in Vietnamese what a citizen reads of the stage, of an application for a card.
func (s Stage) VI() string { return s.row().vi }

// EN says in English what a citizen reads of the stage, of an application for a card.
func (s Stage) EN() string { return s.row().en }

// certificateNamed calls what was written of a card a certificate.
var certificateNamed = strings.NewReplacer("Thẻ", "Giấy chứng nhận", "thẻ", "giấy chứng nhận", "Card", "Certificate", "card", "certificate")

// Named has a text for citizens, written of a card, speak of the document.
func (d Document) Named(text string) string {
	if d == Certificate {
		return certificateNamed.Replace(text)
	}
	return text
}

// OpenStages lists the stages of applications that have not ended.
func OpenStages() []Stage {
	return slices.DeleteFunc(slices.Clone(Stages), Stage.Ended)
}

// Ends lists the stages of applications that have ended.
func Ends() []Stage {
	return slices.DeleteFunc(slices.Clone(Stages), func(s Stage) bool { return !s.Ended() })
}
