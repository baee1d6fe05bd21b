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
		registry.Wanted{Role: registry.RolePortrait, Attempt: in.Round}, registry.Wanted{Role: registry.RoleTemplates, Attempt: in.Round})
	if err != nil {
		return JudgeCaptureResult{}, err
	}
	portrait, err := evidence.Get(registry.RolePortrait)
	if err != nil {
		return JudgeCaptureResult{}, err
	}
	judgement, err := biometrics.JudgePortrait(portrait, biometrics.DefaultPortraitLimits())
	if err != nil {
		return JudgeCaptureResult{}, fmt.Errorf("judge portrait: %w", err)
	}
	reasons := judgement.Codes()
	if raw, taken := evidence[registry.RoleTemplates]; taken { // else every finger is missing, with reasons that intake checked
		fingers, err := judgeFingers(raw)
		if err != nil {
			return JudgeCaptureResult{}, err
		}
		reasons = append(reasons, fingers.Codes()...)
	}
	return JudgeCaptureResult{Good: len(reasons) == 0, Reasons: reasons}, nil
}

func judgeFingers(raw []byte) (biometrics.Judgement, error) {
	var templates biometrics.Templates
	if err := templates.UnmarshalBinary(raw); err != nil {
		return biometrics.Judgement{}, fmt.Errorf("read templates: %w", err)
	}
	judgement, err := biometrics.JudgeFingers(templates, biometrics.DefaultFingerLimits())
	if err != nil {
		return biometrics.Judgement{}, fmt.Errorf("judge fingers: %w", err)
	}
	return judgement, nil
}

// evidence reads what a round of capture put into the vault. What a later round
// did not bring again is the earlier round's.
func (p *Pipeline) evidence(ctx context.Context, app identity.ApplicationNumber, role registry.Role, round int) ([]byte, error) {
	for ; ; round-- {
		b, err := p.Registry.Evidence(ctx, app, role, round)
		if identity.Refused(err, identity.NotFound) && round > 1 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s of round %d: %w", role, round, err)
		}
		return b, nil
	}
}

// templates reads the fingerprint templates of a round.
func (p *Pipeline) templates(ctx context.Context, app identity.ApplicationNumber, round int) (biometrics.Templates, error) {
	b, err := p.evidence(ctx, app, registry.RoleTemplates, round)
	if err != nil {
		return nil, err
	}
	var templates biometrics.Templates
	if err := templates.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	return templates, nil
}
