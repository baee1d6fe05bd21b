package reconciler

import (
	"context"
	"slices"
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// LetGo has the workflows end of applications and consignments that a pass found to be
// unknown to the registry. All names are checked before any is let go; a workflow looks
// once more before it ends.
func (r *Reconciler) LetGo(ctx context.Context, report Report, names []string, word workflows.LetGo) error {
	var apps []identity.ApplicationNumber
	var boxes []identity.ConsignmentNumber
	for _, name := range names {
		id := workflows.ConsignmentWorkflowID(identity.ConsignmentNumber(name))
		if !strings.HasPrefix(name, "C-") {
			number, err := identity.ParseApplicationNumber(name)
			if err != nil {
				return err
			}
			apps, id = append(apps, number), workflows.ApplicationWorkflowID(number)
		} else {
			boxes = append(boxes, identity.ConsignmentNumber(name))
		}
		if !slices.Contains(report.Unknown, id) {
			return identity.RefuseField(identity.Conflict, "let-go", "%s is known to the registry, or has no workflow: only what is listed as not known can be let go", name)
		}
	}
	if strings.TrimSpace(string(word.Officer)) == "" && len(names) > 0 {
		return identity.RefuseField(identity.Invalid, "officer", "is empty; say who lets go")
	}
	for _, number := range apps {
		if err := r.Engine.LetGoApplication(ctx, number, word); err != nil {
			return err
		}
	}
	for _, number := range boxes {
		if err := r.Engine.LetGoConsignment(ctx, number, word); err != nil {
			return err
		}
	}
	return nil
}
