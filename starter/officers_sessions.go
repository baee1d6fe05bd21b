package main

import (
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newOfficersSessions(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "sessions", Short: "Show who is logged in", Args: cobra.NoArgs,
		Example: "  starter officers sessions",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []registry.OpenSession
			if err := a.read(cmd.Context(), "/v1/officers/sessions", nil, &list); err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) {
				rows := make([][]string, len(list))
				for i, s := range list {
					rows[i] = []string{string(s.Officer), string(s.Unit), strconv.Itoa(s.Open), s.Until.In(identity.HanoiTime).Format(time.DateTime)}
				}
				printTable(w, []string{"OFFICER", "UNIT", "OPEN", "UNTIL"}, rows)
			})
		},
	}
}
