package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// HandOver matches the citizen's finger with the captured ones, if that is the method,
// and issues the card: live in the citizen's record, the old card revoked, the blank
// accounted for, in one transaction. A second call finds it issued.
func (p *Pipeline) HandOver(ctx context.Context, in HandOverInput) error {
	act := registry.HandOver{HandOverCard: in.HandOverCard, Application: in.Application, Attempt: in.Attempt, Signed: in.Signed}
	if err := p.mayReceive(ctx, in); err != nil {
		return err
	}
	if in.Method == identity.HandOverByFingerprint {
		if err := p.Registry.MayMatch(ctx, act); err != nil {
			return fmt.Errorf("match finger: %w", err)
		}
		matched, err := p.match(ctx, in, act)
		if err != nil {
			return err
		}
		act.Score = matched
	}
	if err := p.Registry.Issue(ctx, act); err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	return nil
}

// mayReceive refuses to hand over a card whose holder can have none, or whose record
// changed. One that was handed over before is not looked at again.
func (p *Pipeline) mayReceive(ctx context.Context, in HandOverInput) error {
	card, err := p.Registry.Card(ctx, in.Application, in.Attempt)
	if err != nil {
		return fmt.Errorf("read card %d: %w", in.Attempt, err)
	}
	if card.State != identity.CardArrived {
		return nil // the registry says why it cannot be handed over, or that it was
	}
	err = stillSo(ctx, p.Registry, p.Population, card)
	if identity.Refused(err, identity.Outdated) {
		return identity.RefuseField(identity.Conflict, "card", "was prepared before the population register's record was corrected: two officers destroy it, and another is made")
	}
	return err
}

// match compares the probe with the captured fingers, and refuses a finger that is not
// the holder's.
func (p *Pipeline) match(ctx context.Context, in HandOverInput, act registry.HandOver) (float64, error) {
	evidence, err := p.Registry.EvidenceOf(ctx, in.Application,
		registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: in.CaptureRound}, registry.EvidenceKey{Kind: identity.EvidenceProbe, Attempt: in.Probe})
	if err != nil {
		return 0, fmt.Errorf("read fingers: %w", err)
	}
	if _, taken := evidence[identity.EvidenceTemplates]; !taken {
		return 0, identity.RefuseField(identity.Conflict, "method", "no fingerprints were captured for this application: hand over by proxy or officer")
	}
	captured, err := templatesOf(evidence, identity.EvidenceTemplates)
	if err != nil {
		return 0, err
	}
	probe, err := templatesOf(evidence, identity.EvidenceProbe)
	if err != nil {
		return 0, err
	}
	verification, err := fingerprint.Verify(captured, probe, fingerprint.DefaultMatchLimits())
	if err != nil {
		return 0, fmt.Errorf("match finger: %w", err)
	}
	if !verification.Match {
		if err := p.Registry.Mismatched(ctx, act); err != nil {
			return 0, fmt.Errorf("note mismatch: %w", err)
		}
		return 0, identity.RefuseField(identity.Forbidden, "fingerprint", "does not match the holder's: try again or another finger, or an officer decides with a reason")
	}
	return verification.Score, nil
}
