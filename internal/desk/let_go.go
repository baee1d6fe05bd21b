package desk

import (
	"cmp"
	"context"
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// mostLetGo is how many are let go by one act: each is looked for in the registry and in Temporal.
const mostLetGo = 100

// letGo has the workflows end of applications and boxes that the registry does not know. All are
// looked at before the act is kept and any is let go; a workflow looks once more before it ends.
func (d *Desk) letGo(ctx context.Context, act identity.LetGo, signed statement.Signed) (Answer, error) {
	if len(act.Numbers) == 0 || len(act.Numbers) > mostLetGo {
		return Answer{}, identity.RefuseField(identity.Invalid, "numbers", "are %d; 1 to %d are accepted at once", len(act.Numbers), mostLetGo)
	}
	flows, err := d.Office.Workflows(ctx)
	if err != nil {
		return Answer{}, err
	}
	again, err := d.Registry.Kept(ctx, signed)
	if err != nil {
		return Answer{}, err
	}
	ids := make([]string, len(act.Numbers))
	for i, number := range act.Numbers {
		if ids[i], err = d.unknown(ctx, number); err != nil {
			return Answer{}, err
		}
		if again { // it may have ended by this act
			continue
		}
		if runs, err := flows.Runs(ctx, ids[i]); err != nil || !runs {
			return Answer{}, cmp.Or(err, identity.RefuseField(identity.Conflict, "numbers", "%s has no workflow: nobody waits for it", number))
		}
	}
	if err := d.Registry.OnOffice(ctx, act, signed); err != nil {
		return Answer{}, err
	}
	for _, id := range ids {
		if err := flows.LetGo(ctx, id, workflows.LetGo{Officer: act.Officer, Reason: act.Reason}); err != nil {
			return Answer{}, err
		}
	}
	return Answer{}, nil
}

// unknown gives the workflow of an application or a box, and refuses one that the registry knows.
func (d *Desk) unknown(ctx context.Context, number string) (id string, err error) {
	if strings.HasPrefix(number, "C-") {
		box, failed := identity.ParseConsignmentNumber(number)
		if failed != nil {
			return "", identity.InField("numbers", failed)
		}
		id = workflows.ConsignmentWorkflowID(box)
		_, err = d.Registry.Consignment(ctx, box)
	} else {
		application, failed := identity.ParseApplicationNumber(number)
		if failed != nil {
			return "", identity.InField("numbers", failed)
		}
		id = workflows.ApplicationWorkflowID(application)
		_, err = d.Registry.Entry(ctx, application)
	}
	if err == nil {
		return "", identity.RefuseField(identity.Conflict, "numbers", "%s is known to the registry: only what it does not know can be let go", number)
	}
	if identity.Refused(err, identity.NotFound) {
		err = nil
	}
	return id, err
}
