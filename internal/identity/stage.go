package identity

import "slices"

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
	vi, en string  // as citizens read it: several stages may be one milestone; of an end, how it ended
	next   []Stage // that may follow it; none for an end
}

// stages is the table of stages, in the order an application passes them, the ends
// last. A card that was ruined, or lost on its way, or destroyed before it was handed
// over, goes back to DataPreparation: another blank gets data of its own. The stops may
// follow every open stage.
var stages = []stageRow{
	{Received, "Đã tiếp nhận hồ sơ", "Application received", []Stage{BiometricCapture, Validation}},
	{BiometricCapture, checkedVI, checkedEN, []Stage{Validation}},
	{Validation, checkedVI, checkedEN, []Stage{Deduplication, Approval}},
	{Deduplication, checkedVI, checkedEN, []Stage{Approval}},
	{Approval, "Phê duyệt", "Approved", []Stage{DataPreparation}},
	{DataPreparation, madeVI, madeEN, []Stage{Personalization}},
	{Personalization, madeVI, madeEN, []Stage{Printing, DataPreparation}},
	{Printing, madeVI, madeEN, []Stage{Inspection, DataPreparation}},
	{Inspection, madeVI, madeEN, []Stage{Dispatch, DataPreparation}},
	{Dispatch, "Chuyển thẻ về nơi trả", "Card on its way", []Stage{HandOver, DataPreparation}},
	{HandOver, "Trả thẻ", "Card handed over", []Stage{Issued, DataPreparation}},

	{Issued, "Thẻ đã được trả.", "The card was handed over.", nil},
	{Rejected, "Hồ sơ bị từ chối; thông báo nêu rõ lý do được gửi riêng.", "The application was refused; a notice with the reason is sent separately.", nil},
	{Withdrawn, "Hồ sơ đã được rút.", "The application was withdrawn.", nil},
	{Expired, "Hồ sơ hết hạn.", "The application expired.", nil},
}

// stops are the ends that may follow every open stage: an application can be stopped
// at any moment before the card is handed over.
var stops = []Stage{Rejected, Withdrawn, Expired}

// The milestones of several stages.
const (
	checkedVI, checkedEN = "Kiểm tra thông tin và sinh trắc học", "Data and biometrics checked"
	madeVI, madeEN       = "Sản xuất thẻ", "Card made"
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

// Enter returns to, the stage that an application at s is to enter, or refuses.
// Entering the stage one is at already changes nothing.
func (s Stage) Enter(to Stage) (Stage, error) {
	if s == to || slices.Contains(s.row().next, to) || len(s.row().next) > 0 && slices.Contains(stops, to) {
		return to, nil
	}
	return s, Refuse(Conflict, "an application at %s cannot enter %s", s, to)
}

// Ended reports whether s is a stage that no other follows.
func (s Stage) Ended() bool {
	return slices.Contains(Stages, s) && len(s.row().next) == 0
}

// VI says in Vietnamese what a citizen reads of the stage.
func (s Stage) VI() string { return s.row().vi }

// EN says in English what a citizen reads of the stage.
func (s Stage) EN() string { return s.row().en }

// OpenStages lists the stages of applications that have not ended.
func OpenStages() []Stage {
	return slices.DeleteFunc(slices.Clone(Stages), Stage.Ended)
}

// Ends lists the stages of applications that have ended.
func Ends() []Stage {
	return slices.DeleteFunc(slices.Clone(Stages), func(s Stage) bool { return !s.Ended() })
}
