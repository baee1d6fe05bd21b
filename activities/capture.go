package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// JudgeCapture judges portrait and fingerprints of one round. The same round
// again gives the same judgement: it depends on the vault alone.
func (p *Pipeline) JudgeCapture(ctx context.Context, in JudgeCaptureInput) (JudgeCaptureResult, error) {
	_, evidence, err := p.enterWith(ctx, EnterInput{Application: in.Application, To: identity.BiometricCapture},
		registry.EvidenceKey{Kind: identity.EvidencePortrait, Attempt: in.Round}, registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: in.Round})
	if err != nil {
		return JudgeCaptureResult{}, err
	}
	portrait, err := evidence.Get(identity.EvidencePortrait)
	if err != nil {
		return JudgeCaptureResult{}, err
	}
	judgement, err := biometrics.JudgePortrait(portrait, biometrics.DefaultPortraitLimits())
	if err != nil {
		return JudgeCaptureResult{}, fmt.Errorf("judge portrait: %w", err)
	}
	reasons := judgement.Codes()
	if _, taken := evidence[identity.EvidenceTemplates]; taken { // else every finger is missing, with reasons that intake checked
		templates, err := templatesOf(evidence, identity.EvidenceTemplates)
		if err != nil {
			return JudgeCaptureResult{}, err
		}
		fingers, err := biometrics.JudgeFingers(templates, biometrics.DefaultFingerLimits())
		if err != nil {
			return JudgeCaptureResult{}, fmt.Errorf("judge fingers: %w", err)
		}
		reasons = append(reasons, fingers.Codes()...)
	}
	return JudgeCaptureResult{Good: len(reasons) == 0, Reasons: reasons}, nil
}

// templatesOf reads fingerprint templates.
func templatesOf(evidence registry.Evidence, role identity.EvidenceKind) (biometrics.Templates, error) {
	raw, err := evidence.Get(role)
	if err != nil {
		return nil, err
	}
	var templates biometrics.Templates
	if err := templates.UnmarshalBinary(raw); err != nil {
		return nil, fmt.Errorf("read %s: %w", role, err)
	}
	return templates, nil
}
