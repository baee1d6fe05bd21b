package main

import (
	"context"
	"log/slog"
	"os"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/keys"
)

// app is what commands share: settings, and connections that are made when a command
// first needs them.
type app struct {
	configFile string
	asJSON     bool
	as         string // badge of the officer who asks

	loaded    *config.Config
	opened    *office.Office
	connected *gate
	token     keys.Store // with officers' keys
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
	return a.openOffice(ctx, func(ctx context.Context, c config.Config, logger *slog.Logger) (*office.Office, error) {
		return office.Open(ctx, c, logger)
	})
}

// openOffice opens the office once.
func (a *app) openOffice(ctx context.Context, open func(context.Context, config.Config, *slog.Logger) (*office.Office, error)) (*office.Office, error) {
	if a.opened != nil {
		return a.opened, nil
	}
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	opened, err := open(ctx, c, logger)
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
	if a.token != nil {
		_ = a.token.Close() // what it signed is done
	}
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
