package main

import (
	"context"
	"log/slog"
	"os"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

// app is what commands share: settings, and connections that are made when a command
// first needs them.
type app struct {
	configFile string
	asJSON     bool

	loaded *config.Config
	opened *office.Office
}

// config loads the settings once.
func (a *app) config() (config.Config, error) {
	if a.loaded == nil {
		c, err := config.Load(a.configFile)
		if err != nil {
			return config.Config{}, identity.Refuse(identity.Invalid, "%s", err)
		}
		a.loaded = &c
	}
	return *a.loaded, nil
}

// office connects to the registry and the vault; Temporal is connected when needed.
func (a *app) office(ctx context.Context) (*office.Office, error) {
	if a.opened != nil {
		return a.opened, nil
	}
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	opened, err := office.Open(ctx, c, logger)
	if err != nil {
		return nil, err
	}
	a.opened = opened
	return opened, nil
}

func (a *app) close() {
	if a.opened != nil {
		a.opened.Close()
	}
}

// workflows connects to Temporal.
func (a *app) workflows(ctx context.Context) (*workflows.Client, error) {
	office, err := a.office(ctx)
	if err != nil {
		return nil, err
	}
	return office.Workflows(ctx)
}

// decide carries an act to an application. A decision that the officer took before is
// answered by where the application stands, though its workflow has ended.
func (a *app) decide(ctx context.Context, number string, act identity.Act, id string) (workflows.Accepted, error) {
	n, record, err := a.record(ctx, number)
	if err != nil {
		return workflows.Accepted{}, err
	}
	officer := identity.OfficerID("")
	switch m := act.(type) {
	case identity.Approve:
		officer = m.Officer
	case identity.Reject:
		officer = m.Officer
		m.Seen = record.Stage
		act = m
	case identity.Withdraw:
		officer = m.Officer
	case identity.Adjudicate:
		officer = m.Officer
	}
	if record.Stage.Ended() && officer != "" {
		decided, err := a.opened.Registry.Decided(ctx, n, identity.DecisionStep(act.ActName()), officer)
		if err != nil || decided {
			return workflows.Accepted{Stage: record.Stage}, err
		}
	}
	flows, err := a.workflows(ctx)
	if err != nil {
		return workflows.Accepted{}, err
	}
	return flows.Decide(ctx, n, act, id)
}

// record reads the application that an argument names.
func (a *app) record(ctx context.Context, arg string) (identity.ApplicationNumber, registry.ApplicationRecord, error) {
	number, err := identity.ParseApplicationNumber(arg)
	if err != nil {
		return "", registry.ApplicationRecord{}, err
	}
	office, err := a.office(ctx)
	if err != nil {
		return "", registry.ApplicationRecord{}, err
	}
	record, err := office.Registry.Application(ctx, number)
	return number, record, err
}
