package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newLogin(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "login", Short: "Log in: what an officer reads is read by a session of a quarter of an hour", GroupID: "office",
		Long: `Log in with an officer's key. Commands that read log in by themselves when there is no
session; what an officer does is signed each time, and needs none.`,
		Example: "  starter login --as PD-001-0002",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			g, err := a.client()
			if err != nil {
				return err
			}
			officer, err := g.keys.asking()
			if err != nil {
				return err
			}
			session, err := g.logIn(cmd.Context(), officer)
			if err != nil {
				return err
			}
			if err := g.keys.keepSession(officer, g.gateway, session); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"officer": officer, "until": session.Until}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is logged in until %s\n", officer, session.Until.In(identity.HanoiTime).Format("15:04"))
			})
		},
	}
}

func newLogout(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "End an officer's session", GroupID: "office",
		Example: "  starter logout --as PD-001-0002",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			g, err := a.client()
			if err != nil {
				return err
			}
			officer, err := g.keys.asking()
			if err != nil {
				return err
			}
			if token, has := g.keys.session(officer, g.gateway); has {
				if err := g.ask(cmd.Context(), http.MethodDelete, "/v1/sessions", token, "", nil, nil); err != nil {
					return err
				}
			}
			if err := g.keys.forgetSession(officer); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"officer": officer}, func(w io.Writer) { fmt.Fprintf(w, "%s is logged out\n", officer) })
		},
	}
}
