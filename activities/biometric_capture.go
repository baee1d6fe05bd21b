package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// JudgeCapture judges portrait and fingerprints of one round of capture. The judgment
// depends on the vault alone: the same round gives the same one.
func (p *Pipeline) JudgeCapture(ctx context.Context, in JudgeCaptureInput) (JudgeCaptureResult, error) {
	var before JudgeCaptureResult
	record, evidence, found, err := p.begin(ctx, registry.StageChange{Application: in.Application, To: identity.BiometricCapture, Round: in.Round, Approved: in.Approved}, &before,
		registry.EvidenceKey{Kind: identity.EvidencePortrait, Attempt: in.Round}, registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: in.Round})
	if err != nil || found {
		return before, err
	}
	if in.Round == 1 && !record.Application.NeedsPortrait() { // a child who is old enough by now
		return JudgeCaptureResult{Reasons: []string{"portrait-due", "fingers-due"}, Advice: []string{
			"The child is old enough now for a portrait and fingerprints: take both",
		}}, nil
	}
	picture, err := evidence.Get(identity.EvidencePortrait)
	if identity.Refused(err, identity.NotFound) { // of that child, fingers alone were taken
		return JudgeCaptureResult{Reasons: []string{"portrait-due"}, Advice: []string{"There is no portrait yet: take one"}}, nil
	}
	if err != nil {
		return JudgeCaptureResult{}, err
	}
	judgment, err := portrait.Judge(picture, portrait.DefaultLimits())
	if err != nil {
		return JudgeCaptureResult{}, fmt.Errorf("judge portrait: %w", err)
	}
	result := JudgeCaptureResult{Reasons: judgment.Codes(), Advice: judgment.Advice()}
	if _, taken := evidence[identity.EvidenceTemplates]; taken { // else every finger is missing, with reasons that intake checked
		templates, err := templatesOf(evidence, identity.EvidenceTemplates)
		if err != nil {
			return JudgeCaptureResult{}, err
		}
		fingers, err := fingerprint.Judge(templates, fingerprint.DefaultQualityLimits())
		if err != nil {
			return JudgeCaptureResult{}, fmt.Errorf("judge fingers: %w", err)
		}
		result.Reasons, result.Fingers = append(result.Reasons, fingers.Codes()...), fingers.Fingers
		result.Advice = append(result.Advice, fingers.Advice()...)
	}
	result.Good = len(result.Reasons) == 0
	return result, nil
}

// templatesOf reads fingerprint templates.
func templatesOf(evidence registry.Evidence, kind identity.EvidenceKind) (fingerprint.Templates, error) {
	raw, err := evidence.Get(kind)
	if err != nil {
		return nil, err
	}
	var templates fingerprint.Templates
	if err := templates.UnmarshalBinary(raw); err != nil {
		return nil, fmt.Errorf("read %s: %w", kind, err)
	}
	return templates, nil
}
