package main

import (
	"cmp"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newConsignments(a *app) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "consignments", Short: "Show consignments, and move them", GroupID: "center",
		Example: "  starter consignments\n  starter consignments seal C-000001 --officer GV-01\n" +
			"  starter consignments send C-000001 --courier \"VNPost\" --seal 88213 --officer GV-01\n" +
			"  starter consignments receive C-000001 --counted 4 --officer CB-001-0007\n" +
			"  starter consignments recount C-000001 --found 7QF3M-9T2XK-D --officer CB-001-0007 --witness CB-001-0008",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			if all {
				query.Set("all", "")
			}
			var list []registry.Consignment
			if err := a.read(cmd.Context(), "/v1/consignments", query, &list); err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) { printConsignments(w, list) })
		},
	}
	c.Flags().BoolVar(&all, "all", false, "show those too that were received more than 30 days ago")
	c.AddCommand(newSeal(a), newReopen(a), newSend(a), newReceive(a), newLost(a), newRecount(a), newSurplus(a))
	return c
}

func printConsignments(w io.Writer, list []registry.Consignment) {
	rows := make([][]string, len(list))
	for i, c := range list {
		sent := ""
		if c.SentAt != nil {
			sent = c.SentAt.In(identity.HanoiTime).Format(time.DateOnly)
		}
		rows[i] = []string{string(c.Number), string(c.Destination), string(c.State), strconv.Itoa(len(c.Cards)), c.Courier, cmp.Or(string(c.Origin), identity.LocationCenter), sent}
	}
	printTable(w, []string{"CONSIGNMENT", "DESTINATION", "STATE", "CARDS", "COURIER", "FROM", "SENT"}, rows)
}
