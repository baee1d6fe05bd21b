package intake

import (
	"errors"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/iris"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
)

// eyes are where a submission has each eye, and as what it is kept.
var eyes = []struct {
	field string
	eye   iris.Eye
	kind  identity.EvidenceKind
	of    func(packet.Submission) *packet.Iris
}{
	{"iris_left", iris.Left, identity.EvidenceLeftIris, func(s packet.Submission) *packet.Iris { return s.IrisLeft }},
	{"iris_right", iris.Right, identity.EvidenceRightIris, func(s packet.Submission) *packet.Iris { return s.IrisRight }},
}

// takeIrises checks the eyes that a station sent, and keeps their images. What is poor about
// them is told by irisWarnings: nothing here can do more with them than keep them.
func takeIrises(s packet.Submission, limit int64, found map[identity.EvidenceKind][]byte) error {
	var wrong []error
	for _, e := range eyes {
		sent := e.of(s)
		if sent == nil {
			continue
		}
		err := checkIris(sent, e.eye, limit)
		if err == nil && sent.Missing == "" {
			found[e.kind] = sent.Data
		}
		wrong = append(wrong, identity.InField(e.field, err))
	}
	return errors.Join(wrong...)
}

// checkIris refuses an eye that is neither an image that can be read nor a reason.
func checkIris(sent *packet.Iris, eye iris.Eye, limit int64) error {
	var wrong []error
	if sent.File != "" {
		wrong = append(wrong, refuseFile())
	}
	switch {
	case sent.Missing != "":
		wrong = append(wrong, identity.InField("missing", fingerprint.CheckMissing(sent.Missing)))
		if len(sent.Data) > 0 {
			wrong = append(wrong, identity.RefuseField(identity.Invalid, "missing", "is given together with the eye; give one of the two"))
		}
	case len(sent.Data) > 0:
		err := within(sent.Data, limit)
		if err == nil {
			_, err = iris.Read(sent.Data, eye)
		}
		wrong = append(wrong, err)
	case sent.File == "":
		wrong = append(wrong, identity.Refuse(identity.Invalid, "is empty; give an image, or why it is missing"))
	}
	return errors.Join(wrong...)
}

// irisWarnings tells what is poor about the eyes of a submission that passed.
func irisWarnings(s packet.Submission) []Warning {
	var warnings []Warning
	for _, e := range eyes {
		sent := e.of(s)
		if sent == nil || sent.Missing != "" {
			continue
		}
		picture, err := iris.Read(sent.Data, e.eye)
		if err != nil {
			continue // refused before
		}
		if advice := iris.Measure(picture).Advice(); advice != "" {
			warnings = append(warnings, Warning{e.field, advice + "; it is kept as it is"})
		}
	}
	return warnings
}
