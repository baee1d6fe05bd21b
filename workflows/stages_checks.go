package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
)

// received has nothing to do: intake stored the packet before the workflow began.
func (a *application) received(workflow.Context) (identity.Stage, error) {
	if a.in.NeedsCapture {
		return identity.BiometricCapture, nil
	}
	return identity.Validation, nil
}

// biometricCapture has the portrait and the fingerprints judged. Poor ones are captured
// again, while the legal clock stands still.
func (a *application) biometricCapture(ctx workflow.Context) (identity.Stage, error) {
	var out activities.JudgeCaptureResult
	round := a.round
	in := activities.JudgeCaptureInput{Application: a.in.Application, Round: round, Approved: a.approvedBy != ""}
	if err := a.do(ctx, "Quality of portrait and fingerprints", pipeline.JudgeCapture, in, &out); err != nil {
		return "", fmt.Errorf("judge capture %d: %w", round, err)
	}
	if out.Good {
		return identity.Validation, nil
	}
	return a.awaitCitizen(ctx, wait{
		action: identity.ToRecapture, why: "The capture is not good enough: " + out.Summary(), round: round, found: out,
		limit: a.in.Limits.Recapture, expired: identity.ReasonNotRecaptured,
	}, func() bool { return a.round > round })
}

// validation checks the law and the population registry. A contradiction is resolved in
// the population registry first, or an officer says that its record stands; then the
// application is checked again. Who may be somebody of the register waits for an officer.
func (a *application) validation(ctx workflow.Context) (identity.Stage, error) {
	var out activities.ValidateResult
	releases := a.releases
	in := activities.ValidateInput{Application: a.in.Application, Round: releases, Approved: a.approvedBy != ""}
	if err := a.do(ctx, "Law and population registry", pipeline.Validate, in, &out); err != nil {
		return "", fmt.Errorf("validate: %w", err)
	}
	switch {
	case out.Matches > 0:
		_, err := a.await(ctx, wait{
			action: identity.ToResolve, why: fmt.Sprintf("%d person(s) of the population register may be the applicant: an officer says who it is", out.Matches),
			round: releases, found: out,
		}, func() bool { return a.releases > releases })
		return a.stage, err
	case len(out.Contradictions) > 0:
		return a.awaitCitizen(ctx, wait{
			action: identity.ToResolve, why: fmt.Sprintf("The population registry disagrees on: %v", out.Contradictions), round: releases, found: out,
			limit: a.in.Limits.Resolution, expired: identity.ReasonNotResolved,
		}, func() bool { return a.releases > releases })
	case a.in.NeedsCapture || a.round > 1: // a child may have grown into it
		return identity.Deduplication, nil
	}
	return identity.Approval, nil
}

// hitsNamed is how many applications of others an adjudicator is told of in the lists.
const hitsNamed = 10

// deduplication asks the ABIS whether another person has these fingers. A hit goes to an
// adjudicator, who must not be the officer who enrolled. Whoever comes by here again after an
// adjudicator told the persons apart waits for nobody, unless somebody is found who was the
// applicant's own then, or was not there.
func (a *application) deduplication(ctx workflow.Context) (identity.Stage, error) {
	before := a.adjudication
	if before == nil || before.verdict == identity.DifferentPersons &&
		workflow.GetVersion(ctx, "deduplicated-on-each-way", workflow.DefaultVersion, 1) >= 1 {
		var out activities.DeduplicateResult
		in := activities.DeduplicateInput{Application: a.in.Application, Round: a.round}
		if err := a.do(ctx, "Search among all fingerprints", pipeline.Deduplicate, in, &out); err != nil {
			return "", fmt.Errorf("deduplicate: %w", err)
		}
		if len(out.Hits) == 0 {
			return identity.Approval, nil
		}
		if before == nil || out.Search > 0 && workflow.GetVersion(ctx, "adjudicated-on-each-search", workflow.DefaultVersion, 1) >= 1 {
			a.adjudication, a.search = nil, cmp.Or(out.Search, a.round)
			decided, err := a.await(ctx, wait{
				action: identity.ToAdjudicate, why: fmt.Sprintf("%d other person(s) with these fingerprints: an adjudicator decides; see %s", len(out.Hits), join(out.Hits[:min(len(out.Hits), hitsNamed)])), round: a.search, found: out,
			}, func() bool { return a.adjudication != nil })
			if err != nil || decided != came {
				return a.stage, err
			}
		}
	}
	if a.adjudication.verdict == identity.SamePerson {
		a.ending = &ending{identity.Rejected, identity.ReasonDuplicate, a.adjudication.by}
		return a.stage, nil
	}
	return identity.Approval, nil
}

// approval waits for a provincial officer, without limit. Nothing approves itself.
func (a *application) approval(ctx workflow.Context) (identity.Stage, error) {
	if a.approvedBy == "" {
		why := "An officer who did not enroll grants or refuses the card"
		if a.outdatedBy != "" {
			why = fmt.Sprintf("Approved by %s before an officer said whose it is: it is approved anew for that person, by another than who said so, or refused", a.outdatedBy)
		}
		decided, err := a.await(ctx, wait{action: identity.ToApprove, why: why},
			func() bool { return a.approvedBy != "" })
		if err != nil || decided != came {
			return a.stage, err
		}
		return identity.DataPreparation, nil
	}
	// Who was captured again after the approval comes by here, or was looked for again, and waits
	// for nothing.
	if a.round > 1 && workflow.GetVersion(ctx, "captured-after-approval", workflow.DefaultVersion, 1) >= 1 ||
		workflow.GetVersion(ctx, "looked-for-after-approval", workflow.DefaultVersion, 1) >= 1 {
		in := activities.EnterInput{Application: a.in.Application, To: identity.Approval, Attempt: a.attempt}
		if err := a.do(ctx, "Note that it is approved", pipeline.Enter, in, nil); err != nil {
			return "", fmt.Errorf("pass approval: %w", err)
		}
	}
	return identity.DataPreparation, nil
}
