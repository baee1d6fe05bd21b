package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/workflows"
)

// app is what commands share: the settings, and connections that are made when
// a command first needs one.
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

// office connects to the registry and the vault, and lazily to the rest.
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

// update sends a person's decision to a workflow and waits for its answer.
func (a *app) update(ctx context.Context, workflowID, name string, decision, answer any) error {
	office, err := a.office(ctx)
	if err != nil {
		return err
	}
	temporal, err := office.Temporal(ctx)
	if err != nil {
		return err
	}
	err = sendUpdate(ctx, temporal, patience, workflowID, name, decision, answer)
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return identity.Refuse(identity.NotFound, "%s is not running: it has ended, or there is no such thing", workflowID)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", name, workflowID, err)
	}
	return nil
}

// patience is how long a person waits for the answer to a decision.
const patience = time.Minute

// sendUpdate sends an update and waits for its answer, but not for ever: without a
// worker there is none.
func sendUpdate(ctx context.Context, c client.Client, within time.Duration, workflowID, name string, decision, answer any) error {
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	handle, err := c.UpdateWorkflow(waiting, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: name, Args: []any{decision},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(waiting, answer)
	}
	if err != nil && ctx.Err() == nil && waiting.Err() != nil {
		return fmt.Errorf("there was no answer within %s; it may still come into force when a worker of the pipeline runs: see where it stands before trying again (%w)", within, err)
	}
	return err
}

// decide sends a decision on an application.
func (a *app) decide(ctx context.Context, number, name string, decision any) (workflows.Accepted, error) {
	n, err := identity.ParseApplicationNumber(number)
	if err != nil {
		return workflows.Accepted{}, err
	}
	var answer workflows.Accepted
	err = a.update(ctx, workflows.ApplicationWorkflowID(n), name, decision, &answer)
	return answer, err
}
