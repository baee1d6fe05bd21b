package main

import "github.com/spf13/cobra"

func newAudit(a *app) *cobra.Command {
	return parent("audit", "set-up", "Verify the audit trail and the log that anchors it; show who decoded what",
		newVerifyAudit(a), newDecodes(a))
}
