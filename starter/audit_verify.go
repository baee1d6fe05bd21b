package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newVerifyAudit(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "verify [APPLICATION...]", Short: "Check that no entry was changed, added or removed (default: in all applications)",
		Example: "  starter audit verify\n  starter audit verify 7QF3M-9T2XK-D",
		RunE: func(cmd *cobra.Command, args []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			intact := make([]identity.ApplicationNumber, 0, len(args))
			for _, arg := range args {
				number, err := identity.ParseApplicationNumber(arg)
				if err != nil {
					return err
				}
				if err := office.Registry.VerifyAudit(cmd.Context(), number); err != nil {
					return err
				}
				intact = append(intact, number)
			}
			if len(args) > 0 {
				return a.print(cmd, intact, func(w io.Writer) {
					for _, number := range intact {
						fmt.Fprintf(w, "%s intact\n", number)
					}
				})
			}
			report, err := office.Registry.VerifyAllAudit(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(cmd, report, func(w io.Writer) {
				fmt.Fprintf(w, "intact: %d entries of %d applications\n", report.Entries, report.Applications)
			})
		},
	}
}
