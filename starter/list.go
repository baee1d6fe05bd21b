package main

import (
	"context"
	"encoding/json"
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
	"example.org/cancuoc/internal/registry"
)

// listed says which applications are listed.
type listed struct {
	awaiting, stage, province, deadline string
	all, trouble                        bool
	limit                               int
}

// check refuses what names nothing that there is.
func (l listed) check() error {
	return errors.Join(
		identity.Known("awaiting", identity.Action(l.awaiting), identity.Actions),
		identity.Known("stage", identity.Stage(l.stage), identity.Stages),
		identity.Known("province", identity.ProvinceCode(l.province), identity.EveryProvince()),
		identity.Known("deadline", registry.Deadline(l.deadline), registry.Deadlines),
		listable(l.limit),
	)
}

// query asks the office for them.
func (l listed) query() url.Values {
	q := url.Values{"awaiting": {l.awaiting}, "stage": {l.stage}, "province": {l.province}, "deadline": {l.deadline}, "limit": {strconv.Itoa(l.limit)}}
	if l.all {
		q.Set("all", "")
	}
	if l.trouble {
		q.Set("trouble", "")
	}
	return q
}

func newList(a *app) *cobra.Command {
	var l listed
	var quiet bool
	c := &cobra.Command{
		Use: "list", Short: "List applications by where they are and what they wait for, the oldest first", GroupID: "office",
		Example: "  starter list --awaiting approval --province 001\n  starter list --deadline late\n  starter list --stage HandOver --json\n  starter list --all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := l.check(); err != nil {
				return err
			}
			var list []desk.Listed
			if err := a.read(cmd.Context(), "/v1/applications", l.query(), &list); err != nil {
				return err
			}
			total, err := totalOf(cmd.Context(), a.read, l.query(), len(list), l.limit)
			if quiet || a.asJSON {
				return errors.Join(a.print(cmd, list, func(w io.Writer) { printNumbers(w, list) }), a.sayCut(cmd.ErrOrStderr(), len(list), total), err)
			}
			printApplications(cmd.OutOrStdout(), list, total)
			return err
		},
	}
	c.Flags().StringVar(&l.awaiting, "awaiting", "", "only those that wait for this: "+words(identity.Actions))
	c.Flags().StringVar(&l.stage, "stage", "", "only those at this stage: "+words(identity.Stages))
	c.Flags().StringVar(&l.province, "province", "", "only those of this province, for example 001")
	c.Flags().StringVar(&l.deadline, "deadline", "", "only those whose legal deadline is over or near: "+words(registry.Deadlines))
	c.Flags().BoolVar(&l.trouble, "trouble", false, "only those whose last step could not be done")
	c.Flags().BoolVar(&l.all, "all", false, "also those that have ended")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "print application numbers only")
	c.Flags().IntVar(&l.limit, "limit", desk.UsuallyListed, "print at most this many, the oldest")
	completes(c, "awaiting", identity.Actions)
	completes(c, "stage", identity.Stages)
	completes(c, "province", identity.EveryProvince())
	completes(c, "deadline", registry.Deadlines)
	return c
}

// completes offers the values of a flag to the shell.
func completes[T ~string](c *cobra.Command, flag string, values []T) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(texts(values), cobra.ShellCompDirectiveNoFileComp)); err != nil { // there is no such flag
		panic(err)
	}
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

// totalOf asks how many applications there are of a list that has as many as its limit allows.
func totalOf(ctx context.Context, read func(context.Context, string, url.Values, any) error, query url.Values, listed, limit int) (desk.Total, error) {
	total := desk.Total{Count: listed}
	if listed < limit {
		return total, nil
	}
	err := read(ctx, "/v1/applications-count", query, &total)
	return total, err
}

// sayTotal says how many are listed, and of how many.
func sayTotal(w io.Writer, listed int, total desk.Total) {
	switch {
	case total.More:
		say(w, "%d listed, the oldest first, of more than %d: give a greater --limit, or look for fewer\n", listed, total.Count)
	case total.Count > listed:
		say(w, "%d listed, the oldest first, of %d: give a greater --limit\n", listed, total.Count)
	case listed > 0:
		say(w, "%d listed, the oldest first\n", listed)
	}
}

// sayCut tells beside a list that a script reads, of how many it is a part, if it is.
func (a *app) sayCut(w io.Writer, listed int, total desk.Total) error {
	switch {
	case total.Count <= listed && !total.More:
	case a.asJSON:
		return json.NewEncoder(w).Encode(map[string]desk.Total{"total": total})
	default:
		sayTotal(w, listed, total)
	}
	return nil
}

func printNumbers(w io.Writer, list []desk.Listed) {
	for _, l := range list {
		fmt.Fprintln(w, l.Application)
	}
}

func printApplications(w io.Writer, list []desk.Listed, total desk.Total) {
	rows, faults := make([][]string, len(list)), 0
	for i, l := range list {
		rows[i] = []string{
			string(l.Application), string(l.Type), string(l.Province), string(l.Stage), string(l.Awaiting), string(l.Station), string(l.Consignment),
			strings.TrimSpace(l.Due.In(identity.HanoiTime).Format(time.DateOnly) + " " + text(string(l.Deadline))), strings.Trim(sentence(l.Why)+"; "+sentence(l.Trouble)+"; "+l.Fault, "; "),
		}
		if l.Fault != "" {
			faults++
		}
	}
	printTable(w, []string{"APPLICATION", "TYPE", "PROVINCE", "STAGE", "AWAITING", "STATION", "CONSIGNMENT", "DUE", "WHY"}, rows)
	sayTotal(w, len(list), total)
	if faults > 0 {
		say(w, "Of %d of %d what they say of persons cannot be read: tell whoever keeps the database\n", faults, len(list))
	}
}
