package main

import "github.com/spf13/cobra"

func newAudit(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "audit", Short: "Verify the audit trail's hash chains", GroupID: "set-up",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newVerifyAudit(a))
	return c
}
