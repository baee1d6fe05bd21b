package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
)

func newList(a *app) *cobra.Command {
	var awaiting, stage, province string
	var all, quiet bool
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List applications by where they are and what they wait for, the oldest first", GroupID: "office",
		Example: "  starter list --awaiting approval --province 001\n  starter list --stage HandOver --json\n  starter list --all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := errors.Join(
				identity.Known("awaiting", identity.Action(awaiting), identity.Actions),
				identity.Known("stage", identity.Stage(stage), identity.Stages),
				identity.Known("province", identity.ProvinceCode(province), identity.EveryProvince()),
				listable(limit),
			)
			if err != nil {
				return err
			}
			query := url.Values{"awaiting": {awaiting}, "stage": {stage}, "province": {province}, "limit": {strconv.Itoa(limit)}}
			if all {
				query.Set("all", "")
			}
			var list []desk.Listed
			if err := a.read(cmd.Context(), "/v1/applications", query, &list); err != nil {
				return err
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

// listable refuses a limit that no list has.
func listable(limit int) error {
	if limit < 1 || limit > desk.MaxListed {
		return identity.RefuseField(identity.Invalid, "limit", "is %d; 1 to %d is accepted", limit, desk.MaxListed)
	}
	return nil
}

// words lists values for a sentence.
func words[T ~string](values []T) string { return strings.Join(texts(values), ", ") }

func printApplications(w io.Writer, list []desk.Listed, quiet bool) {
	if quiet {
		for _, l := range list {
			fmt.Fprintln(w, l.Application)
		}
		return
	}
	rows, faults := make([][]string, len(list)), 0
	for i, l := range list {
		rows[i] = []string{
			string(l.Application), string(l.Type), string(l.Province), string(l.Stage), string(l.Awaiting), string(l.Station), string(l.Consignment),
			l.Due.In(identity.HanoiTime).Format(time.DateOnly), strings.Trim(l.Why+"; "+l.Trouble+"; "+l.Fault, "; "),
		}
		if l.Fault != "" {
			faults++
		}
	}
	printTable(w, []string{"APPLICATION", "TYPE", "PROVINCE", "STAGE", "AWAITING", "STATION", "CONSIGNMENT", "DUE", "WHY"}, rows)
	if faults > 0 {
		fmt.Fprintf(w, "Of %d of %d what they say of persons cannot be read: tell whoever keeps the database\n", faults, len(list))
	}
}
