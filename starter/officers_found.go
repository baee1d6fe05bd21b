package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
)

func newFoundOffice(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "found BADGE BADGE...", Short: "Register the first administrators of an office, by the role that owns the schema",
		Long: `Register the first administrators of an office, who register everybody else. Their keys
are in client.keys; one that is not there is made. This is done once, by whoever migrates
the schema (database.owner_url): no program and no officer can do it. Who is registered already
stays as he is; one who was revoked is refused, and so is everybody named beside him.`,
		Example: "  starter officers found QT-C06-0001 QT-C06-0002",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			badges := make([]identity.OfficerID, len(args))
			for i, arg := range args {
				badges[i] = identity.OfficerID(arg)
			}
			registered, err := a.found(cmd.Context(), c, badges)
			if err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"administrators": args, "registered": registered}, func(w io.Writer) {
				fmt.Fprintf(w, "%d administrators registered\n", len(registered))
				for _, badge := range badges {
					if !slices.Contains(registered, badge) {
						fmt.Fprintf(w, "%s is registered already, and stays as he is\n", badge)
					}
				}
			})
		},
	}
}

// found registers the first administrators with their keys on this machine, and gives those who
// were not registered before.
func (a *app) found(ctx context.Context, c config.Config, badges []identity.OfficerID) ([]identity.OfficerID, error) {
	g, err := a.client()
	if err != nil {
		return nil, err
	}
	founders := make([]registry.Founder, len(badges))
	for i, badge := range badges {
		key, err := g.keys.ensure(badge)
		if err != nil {
			return nil, err
		}
		founders[i] = registry.Founder{Key: key, Officer: identity.Officer{Badge: badge, Unit: identity.UnitCenter, Roles: []identity.Role{identity.Administrator}}}
	}
	return office.Found(ctx, c, founders)
}
