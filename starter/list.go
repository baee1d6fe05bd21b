package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// listed is one line of the list.
type listed struct {
	Application identity.ApplicationNumber `json:"application"`
	Type        identity.ApplicationType   `json:"type"`
	Province    identity.ProvinceCode      `json:"province"`
	Stage       identity.Stage             `json:"stage"`
	Awaiting    identity.Action            `json:"awaiting,omitzero"`
	Why         string                     `json:"why,omitzero"`
	Since       time.Time                  `json:"since,omitzero"`
	Trouble     string                     `json:"trouble,omitzero"` // at the station that makes its card
	Station     identity.StationID         `json:"station,omitzero"`
	Consignment identity.ConsignmentNumber `json:"consignment,omitzero"`
	Due         time.Time                  `json:"due"`
}

func newList(a *app) *cobra.Command {
	var awaiting, stage, province string
	var all, quiet bool
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List applications by where they are and what they wait for, the oldest first", GroupID: "office",
		Example: "  starter list --awaiting approval --province 001\n  starter list --stage HandOver --json\n  starter list --all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter := registry.Filter{
				Stages: identity.OpenStages(), Awaiting: identity.Action(awaiting), Province: identity.ProvinceCode(province), Limit: limit,
			}
			if all {
				filter.Stages = nil
			}
			if stage != "" {
				filter.Stages = []identity.Stage{identity.Stage(stage)}
			}
			if err := known("awaiting", identity.Action(awaiting), identity.Actions); err != nil {
				return err
			}
			if err := known("stage", identity.Stage(stage), identity.Stages); err != nil {
				return err
			}
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			records, err := office.Registry.List(cmd.Context(), filter)
			if err != nil {
				return err
			}
			list := make([]listed, len(records))
			for i, r := range records {
				list[i] = listed{
					Application: r.Number, Type: r.Application.Type, Province: r.Province, Stage: r.Stage, Awaiting: r.Awaiting,
					Why: r.AwaitingWhy, Since: r.Since, Trouble: r.Trouble, Station: r.Station, Consignment: r.Consignment, Due: r.Due,
				}
			}
			return a.print(cmd, list, func(w io.Writer) { printApplications(w, list, quiet) })
		},
	}
	c.Flags().StringVar(&awaiting, "awaiting", "", "only those that wait for this: "+words(identity.Actions))
	c.Flags().StringVar(&stage, "stage", "", "only those at this stage: "+words(identity.Stages))
	c.Flags().StringVar(&province, "province", "", "only those of this province, for example 001")
	c.Flags().BoolVar(&all, "all", false, "also those that have ended")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "print application numbers only")
	c.Flags().IntVar(&limit, "limit", 1000, "print at most this many, the oldest")
	return c
}

// known refuses a value that is not one of a list.
func known[T ~string](flag string, value T, of []T) error {
	if value == "" || slices.Contains(of, value) {
		return nil
	}
	return identity.RefuseField(identity.Invalid, flag, "%q is not known; there are %s", value, words(of))
}

// words lists values for a sentence.
func words[T ~string](values []T) string { return strings.Join(texts(values), ", ") }

func printApplications(w io.Writer, list []listed, quiet bool) {
	if quiet {
		for _, l := range list {
			fmt.Fprintln(w, l.Application)
		}
		return
	}
	rows := make([][]string, len(list))
	for i, l := range list {
		rows[i] = []string{
			string(l.Application), string(l.Type), string(l.Province), string(l.Stage), string(l.Awaiting), string(l.Station), string(l.Consignment),
			l.Due.In(identity.HanoiTime).Format(time.DateOnly), cmp.Or(l.Why, l.Trouble),
		}
	}
	printTable(w, []string{"APPLICATION", "TYPE", "PROVINCE", "STAGE", "AWAITING", "STATION", "CONSIGNMENT", "DUE", "WHY"}, rows)
}
