package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
)

func newVerifyChip(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "verify APPLICATION", Short: "Read the chip as an inspection system at a border does, and compare it with the application",
		Example: "  starter chip verify 7QF3M-9T2XK-D", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			card, err := a.finished(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			result, err := a.opened.InspectChip(cmd.Context(), card)
			if err != nil {
				return err
			}
			if err := a.print(cmd, inspectionOf(result), func(w io.Writer) { printInspection(w, result) }); err != nil {
				return err
			}
			if !result.OK() {
				return identity.Refuse(identity.Spoiled, "the chip failed inspection")
			}
			return nil
		},
	}
}

// inspected is what --json prints of an inspection.
type inspected struct {
	Access   string        `json:"access,omitzero"`
	Good     bool          `json:"good"`
	Checks   []chipCheck   `json:"checks"`
	Findings []chipFinding `json:"findings,omitzero"` // what differs from the application
}

type chipCheck struct {
	Name   string `json:"name"`
	Good   bool   `json:"good"`
	Detail string `json:"detail,omitzero"`
}

type chipFinding struct {
	File    string `json:"file"`
	Field   string `json:"field,omitzero"`
	Problem string `json:"problem"`
}

func inspectionOf(r chipinspection.Result) inspected {
	shown := inspected{Access: r.Access, Good: r.OK(), Checks: make([]chipCheck, len(r.Checks))}
	for i, c := range r.Checks {
		shown.Checks[i] = chipCheck{Name: c.Name, Good: c.OK, Detail: c.Detail}
	}
	for _, f := range r.Findings {
		shown.Findings = append(shown.Findings, chipFinding{File: string(f.File), Field: f.Field, Problem: f.Problem})
	}
	return shown
}

func printInspection(w io.Writer, r chipinspection.Result) {
	fmt.Fprintf(w, "access by %s\n", r.Access)
	for _, c := range r.Checks {
		verdict := "good"
		if !c.OK {
			verdict = "BAD: " + c.Detail
		}
		fmt.Fprintf(w, "  %-24s %s\n", c.Name, verdict)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(w, "  DIFFERS: %s\n", f)
	}
}
