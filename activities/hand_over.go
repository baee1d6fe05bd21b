package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// methodFingerprint is the only way of handing over that a machine decides.
const methodFingerprint = "fingerprint"

// HandOver matches the citizen's finger with the capture where the method asks
// for it, and issues the card: live in the citizen's record, the old card
// revoked, the blank accounted for, in one transaction. A card is issued once; a
// second call finds it issued.
func (p *Pipeline) HandOver(ctx context.Context, in HandOverInput) error {
	var score float64
	if in.Method == methodFingerprint {
		matched, err := p.match(ctx, in)
		if err != nil {
			return err
		}
		score = matched
	}
	err := p.Registry.Issue(ctx, registry.HandOver{
		Application: in.Application, Attempt: in.Attempt, Officer: in.Officer, Method: in.Method,
		Proof: in.Proof, Score: score, OldCardCollected: in.OldCardCollected, At: in.At,
	})
	if err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	return nil
}

// match compares the probe with the captured fingers and refuses a finger that
// is not the holder's.
func (p *Pipeline) match(ctx context.Context, in HandOverInput) (float64, error) {
	evidence, err := p.Registry.EvidenceOf(ctx, in.Application,
		registry.Wanted{Role: registry.RoleTemplates, Attempt: in.CaptureRound}, registry.Wanted{Role: registry.RoleProbe, Attempt: in.Probe})
	if err != nil {
		return 0, fmt.Errorf("read fingers: %w", err)
	}
	if _, taken := evidence[registry.RoleTemplates]; !taken {
		return 0, identity.RefuseField(identity.Conflict, "method", "no fingerprints were captured for this application: hand over by proxy or officer")
	}
	captured, err := templatesOf(evidence, registry.RoleTemplates)
	if err != nil {
		return 0, err
	}
	probe, err := templatesOf(evidence, registry.RoleProbe)
	if err != nil {
		return 0, err
	}
	verification, err := biometrics.Verify(captured, probe, biometrics.DefaultMatchLimits())
	if err != nil {
		return 0, fmt.Errorf("match finger: %w", err)
	}
	if !verification.Match {
		return 0, identity.RefuseField(identity.Forbidden, "fingerprint", "does not match the holder's: try again or another finger, or an officer decides with a reason")
	}
	return verification.Score, nil
}
