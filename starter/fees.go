package main

import (
	"cmp"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

func newFees(a *app) *cobra.Command {
	return parent("fees", "station", "What citizens pay, and get back",
		newFee(a, "collect", "Record that the fee of an application was paid", "is paid", func(f identity.OfFee) identity.Act { return identity.CollectFee{OfFee: f} }),
		newFee(a, "refund", "Record that the fee of a rejected application was given back", "is given back", func(f identity.OfFee) identity.Act { return identity.RefundFee{OfFee: f} }),
		newFeesDue(a), newTariff(a))
}

func newTariff(a *app) *cobra.Command {
	var on string
	c := &cobra.Command{
		Use: "table", Short: "Show what applications cost that are filed on a day, and by which circular",
		Example: "  starter fees table --on 2027-01-04", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			day, err := identity.ParseDate(on)
			if err != nil || !day.Complete() {
				return identity.RefuseField(identity.Invalid, "on", "is not a date such as 2027-01-01")
			}
			list := identity.Tariff(day)
			return a.print(cmd, list, func(w io.Writer) {
				rows := make([][]string, len(list))
				for i, l := range list {
					rows[i] = []string{string(l.Type), cmp.Or(string(l.Ground), "*"), cmp.Or(string(l.Held), "*"), string(l.Channel), strconv.Itoa(l.Amount), l.Source}
				}
				printTable(w, []string{"TYPE", "GROUND", "CARD HELD", "CHANNEL", "VND", "SOURCE"}, rows)
			})
		},
	}
	c.Flags().StringVar(&on, "on", "", "the day of filing (required)")
	required(c, "on")
	return c
}

// newFee makes the command of an act on the fee of an application.
func newFee(a *app, use, short, became string, act func(identity.OfFee) identity.Act) *cobra.Command {
	var f identity.OfFee
	var officer, id string
	c := &cobra.Command{
		Use: use + " APPLICATION", Short: short,
		Example: "  starter fees " + use + " 7QF3M-9T2XK-D --amount 25000 --receipt BL-0012345 --officer CB-001-0007",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := identity.ParseApplicationNumber(args[0])
			if err != nil {
				return err
			}
			f.Officer = identity.OfficerID(officer)
			if _, err := a.act(cmd.Context(), act(f), statement.Application(number), id, nil); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"application": number, "amount": f.Amount, "receipt": f.Receipt}, func(w io.Writer) {
				say(w, "%s: the fee of %d VND %s, receipt %s\n", number, f.Amount, text(became), f.Receipt)
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer at the counter (required)")
	c.Flags().IntVar(&f.Amount, "amount", 0, "the fee, in VND (required)")
	c.Flags().StringVar(&f.Receipt, "receipt", "", "number of the receipt (required)")
	c.Flags().StringVar(&id, "id", "", "identifier of the act, to send it again")
	required(c, "officer", "amount", "receipt")
	return c
}

func newFeesDue(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "due", Short: "List the fees that have to be given back: of applications that were rejected, or cost another amount",
		Example: "  starter fees due", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []registry.FeeDue
			if err := a.read(cmd.Context(), "/v1/fees", nil, &list); err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) {
				rows := make([][]string, len(list))
				for i, f := range list {
					rows[i] = []string{string(f.Application), strconv.Itoa(f.Amount), f.Receipt, string(f.Station)}
				}
				printTable(w, []string{"APPLICATION", "VND", "RECEIPT", "STATION"}, rows)
			})
		},
	}
}
