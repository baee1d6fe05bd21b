package main

import (
	"context"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/registry"
)

// What the office knows is offered to the shell's completion while an officer is logged in: it
// logs nobody in, signs nothing, and says nothing where the office does not answer.

// offerWithin is how long somebody who pressed Tab may wait.
const offerWithin = 3 * time.Second

// offers has the shell complete the first argument of a command by what the office lists at a
// path.
func offers[T any](a *app, c *cobra.Command, path string, named func(list T) []cobra.Completion) *cobra.Command {
	c.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var list T
		if len(args) > 0 || !a.glance(cmd.Context(), path, &list) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return named(list), cobra.ShellCompDirectiveNoFileComp
	}
	return c
}

// glance reads what an officer who is logged in may read, and reports whether there was an
// answer.
func (a *app) glance(ctx context.Context, path string, answer any) bool {
	c, err := a.client()
	if err != nil {
		return false
	}
	officer, err := c.keys.asking()
	if err != nil {
		return false
	}
	token, ok := c.keys.session(officer, c.gateway)
	if !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, offerWithin)
	defer cancel()
	return c.ask(ctx, http.MethodGet, path, token, "", nil, answer) == nil
}

// offersBoxes completes a consignment, with its state and where it goes.
func offersBoxes(a *app, c *cobra.Command) *cobra.Command {
	return offers(a, c, "/v1/consignments", func(list []registry.Consignment) (all []cobra.Completion) {
		for _, box := range list {
			all = append(all, cobra.CompletionWithDesc(string(box.Number), string(box.State)+", "+string(box.Destination)))
		}
		return all
	})
}

// offersStations completes a personalization station, with its state.
func offersStations(a *app, c *cobra.Command) *cobra.Command {
	return offers(a, c, "/v1/stations", func(list []desk.Station) (all []cobra.Completion) {
		for _, s := range list {
			all = append(all, cobra.CompletionWithDesc(string(s.Station), s.State))
		}
		return all
	})
}

// offersReceivers completes a receiver of events.
func offersReceivers(a *app, c *cobra.Command) *cobra.Command {
	return offers(a, c, "/v1/notifications", func(found desk.Notifications) (all []cobra.Completion) {
		for _, r := range found.Receivers {
			all = append(all, r.Receiver)
		}
		return all
	})
}
