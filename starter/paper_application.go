package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newPaperCaptureSheet(a *app) *cobra.Command {
	return paperOfApplication(a, "capture-sheet", "Draw the capture sheet of an application (form CC01), for the citizen to check and sign")
}

func newPaperRefusal(a *app) *cobra.Command {
	return paperOfApplication(a, "refusal", "Draw the notice that an application was rejected, with the reason (form CC03)")
}

// paperOfApplication is the command of a paper that names the applicant.
func paperOfApplication(a *app, kind, short string) *cobra.Command {
	return paperCommand(a, &cobra.Command{
		Use: kind + " APPLICATION", Short: short,
		Example: "  starter paper " + kind + " 7QF3M-9T2XK-D -o paper.pdf",
		Args:    cobra.ExactArgs(1),
	}, func(args []string) (string, url.Values, string, error) {
		number, err := identity.ParseApplicationNumber(args[0])
		return kind, url.Values{"of": {string(number)}}, fmt.Sprintf("%s-%s.pdf", kind, number), err
	})
}
