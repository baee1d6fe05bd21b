package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// biometricCapture has the portrait and the fingerprints judged. Poor ones are
// captured again, while the legal clock stands still.
func (a *application) biometricCapture(ctx workflow.Context) error {
	if !a.in.NeedsCapture {
		return nil
	}
	for {
		a.begin(ctx, identity.BiometricCapture)
		var out activities.JudgeCaptureResult
		in := activities.JudgeCaptureInput{Application: a.in.Application, Round: a.round}
		if err := workflow.ExecuteLocalActivity(inRegistry(ctx), pipeline.JudgeCapture, in).Get(ctx, &out); err != nil {
			return fmt.Errorf("judge capture %d: %w", a.round, err)
		}
		if out.Good {
			return a.pass(ctx)
		}
		a.note(ctx, "The capture is not good enough: "+out.Summary())
		round := a.round
		came, err := a.awaitCitizen(ctx, identity.ToRecapture, a.in.Limits.Recapture, func() bool { return a.round > round })
		if err != nil {
			return err
		}
		if !came {
			return a.end(ctx, identity.Expired, identity.ReasonNotRecaptured)
		}
		if a.stage.Ended() || a.refusal != nil {
			return a.pass(ctx)
		}
	}
}

// validation checks the law and the population registry. A contradiction is resolved
// in the population registry first; then an officer releases the application and it
// is checked again.
func (a *application) validation(ctx workflow.Context) error {
	for {
		a.begin(ctx, identity.Validation)
		var out activities.ValidateResult
		in := activities.ValidateInput{Application: a.in.Application, Round: a.releases}
		if err := a.step(ctx, "Law and population registry", pipeline.Validate, in, &out); err != nil {
			return fmt.Errorf("validate: %w", err)
		}
		if len(out.Contradictions) == 0 {
			return a.pass(ctx)
		}
		a.note(ctx, fmt.Sprintf("The population registry disagrees on: %v", out.Contradictions))
		releases := a.releases
		came, err := a.awaitCitizen(ctx, identity.ToResolve, a.in.Limits.Resolution, func() bool { return a.releases > releases })
		if err != nil {
			return err
		}
		if !came {
			return a.end(ctx, identity.Expired, identity.ReasonNotResolved)
		}
		if a.refusal != nil {
			return a.pass(ctx)
		}
	}
}

// deduplication asks the ABIS whether another person has these fingers. A hit goes
// to an adjudicator, who must not be the officer who enrolled.
func (a *application) deduplication(ctx workflow.Context) error {
	if !a.in.NeedsCapture {
		return nil
	}
	a.begin(ctx, identity.Deduplication)
	var out activities.DeduplicateResult
	in := activities.DeduplicateInput{Application: a.in.Application, Round: a.round}
	if err := a.step(ctx, "Search among all fingerprints", pipeline.Deduplicate, in, &out); err != nil {
		return fmt.Errorf("deduplicate: %w", err)
	}
	if len(out.Hits) == 0 {
		return a.pass(ctx)
	}
	a.note(ctx, fmt.Sprintf("%d other person(s) with these fingerprints: an adjudicator decides", len(out.Hits)))
	if err := a.awaitPerson(ctx, identity.ToAdjudicate, func() bool { return a.adjudication != nil }); err != nil {
		return err
	}
	if a.refusal == nil && a.adjudication.SamePerson {
		return a.end(ctx, identity.Rejected, identity.ReasonDuplicate)
	}
	return a.pass(ctx)
}

// approval waits for a provincial officer, without limit.
func (a *application) approval(ctx workflow.Context) error {
	if err := a.enter(ctx, identity.Approval, identity.ToApprove); err != nil {
		return err
	}
	if err := a.awaitPerson(ctx, identity.ToApprove, func() bool { return a.approved }); err != nil {
		return err
	}
	return a.pass(ctx)
}
