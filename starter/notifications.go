package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newNotifications(a *app) *cobra.Command {
	return parent("notifications", "center", "What receivers were to be told, and have not taken", newNotificationsList(a), newNotificationsReplay(a))
}

func newNotificationsList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the receivers, and what they have not taken: dead letters first, the oldest first",
		Example: "  starter notifications list", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var found desk.Notifications
			if err := a.read(cmd.Context(), "/v1/notifications", nil, &found); err != nil {
				return err
			}
			return a.print(cmd, found, func(w io.Writer) { printNotifications(w, found) })
		},
	}
}

func printNotifications(w io.Writer, found desk.Notifications) {
	receivers := make([][]string, len(found.Receivers))
	for i, r := range found.Receivers {
		note := ""
		if !r.Active {
			note = "not in the settings any more"
		}
		receivers[i] = []string{r.Receiver, strconv.Itoa(r.Waiting), moment(r.Since), strconv.Itoa(r.Dead), note}
	}
	printTable(w, []string{"RECEIVER", "WAIT", "SINCE", "DEAD", ""}, receivers)
	if len(found.Letters) == 0 {
		return
	}
	letters := make([][]string, len(found.Letters))
	for i, l := range found.Letters {
		letters[i] = []string{l.Receiver, string(l.Application), string(l.Event), l.State, moment(l.Since), strconv.Itoa(l.Tries), cmp.Or(moment(l.Next), "-"), l.Why}
	}
	fmt.Fprintln(w)
	printTable(w, []string{"RECEIVER", "APPLICATION", "EVENT", "STATE", "SINCE", "TRIES", "NEXT", "WHY"}, letters)
}

// moment is a time for people, or nothing.
func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(identity.HanoiTime).Format(time.DateTime)
}

func newNotificationsReplay(a *app) *cobra.Command {
	var act identity.ReplayNotifications
	var officer, application, id string
	c := &cobra.Command{
		Use: "replay RECEIVER", Short: "Send the dead letters of a receiver again, each with all its time",
		Example: "  starter notifications replay portal --reason \"its disk was full\" --officer SX-C06-0001",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act.Officer, act.Receiver, act.Application = identity.OfficerID(officer), args[0], identity.ApplicationNumber(application)
			answer, err := a.act(cmd.Context(), act, statement.Office, id, nil)
			if err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"receiver": act.Receiver, "letters": answer.Letters}, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %d event(s) are sent again\n", act.Receiver, answer.Letters)
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer of production who has it done (required)")
	c.Flags().StringVar(&act.Reason, "reason", "", "why (required)")
	c.Flags().StringVar(&application, "application", "", "of this application alone")
	c.Flags().StringVar(&id, "id", "", "identifier of the act, to send it again")
	required(c, "officer", "reason")
	return offersReceivers(a, c)
}
