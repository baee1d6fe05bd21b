package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.org/cancuoc/config"
	"example.org/cancuoc/samples/play"
)

func newRun(a *app) *cobra.Command {
	var folder string
	var leave bool
	c := &cobra.Command{
		Use: "run", Short: "Start a whole office and take the sample applications to their ends", GroupID: "set-up",
		Long: `Start a whole office on this machine: PostgreSQL, and a Temporal server with its
UI, where the settings name none; the worker with a simulated station; the gateway.
Then submit the sample applications and play the parts of officers, stations and
citizens by the commands that people use. Everything keeps running until Ctrl-C; a
second run goes on where the first one stopped.`,
		Example: "  starter run\n  CANCUOC_TEMPORAL_ADDRESS=temporal.example.org:7233 CANCUOC_DATABASE_URL=postgres://... starter run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer takeTerminal()()
			return a.runOffice(cmd.Context(), play.NewBoard(cmd.OutOrStdout()), folder, leave)
		},
	}
	c.Flags().StringVar(&folder, "samples", "samples", "folder of the sample applications")
	c.Flags().BoolVar(&leave, "exit", false, "stop everything when all samples have ended, instead of at Ctrl-C")
	return c
}

// runOffice starts the office, plays the samples, and waits.
func (a *app) runOffice(ctx context.Context, board *play.Board, folder string, leave bool) error {
	s := &servers{say: board.Say}
	defer s.stop()
	defer board.Close()
	err := a.startOffice(ctx, s)
	if err == nil {
		err = a.playSamples(ctx, board, s, folder)
	}
	if err != nil {
		if ctx.Err() != nil {
			board.Say("Stopping; the next run goes on from here.")
			return nil
		}
		return err
	}
	if leave {
		return nil
	}
	board.Say("\nEverything keeps running; Ctrl-C stops it. In another terminal:\n  export CANCUOC_CONFIG=%s\n  %s list --all",
		filepath.Join(s.data, settingsFile), filepath.Join(s.data, "bin", "starter"))
	<-ctx.Done()
	return nil
}

// playSamples takes the samples to their ends, and shows what came of them.
func (a *app) playSamples(ctx context.Context, board *play.Board, s *servers, folder string) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	office, err := a.office(ctx)
	if err != nil {
		return err
	}
	player, err := play.New(office, typed, board, folder)
	if err != nil {
		return err
	}
	if err := player.Prepare(ctx); err != nil {
		return err
	}
	if err := player.Play(ctx); err != nil {
		return err
	}
	return player.Report(ctx, play.Addresses{
		TemporalUI: s.ui, StatusPage: c.Gateway.PublicURL, OfficersPages: c.Gateway.OfficersURL,
		Metrics: []string{"http://" + c.Worker.Listen + "/metrics", "http://" + c.Gateway.MetricsListen + "/metrics"},
		Cards:   filepath.Join(c.DataDir, "out", "cards"), Notifications: s.inbox,
	})
}

// typed runs a command of this program, as a person types it.
func typed(ctx context.Context, args ...string) (output []byte, err error) {
	var out, problems bytes.Buffer
	switch run(ctx, args, nil, &out, &problems) {
	case config.ExitDone:
		return out.Bytes(), nil
	case config.ExitRefused:
		return nil, fmt.Errorf("%w: %s", play.ErrRefused, problems.String())
	}
	return nil, errors.New(problems.String())
}
