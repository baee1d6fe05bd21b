// Package office is the composition root: it puts an office together from its
// settings, each part in a file named after it. Programs, benchmarks and tests share
// it, so that what is tested is what runs.
package office

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/notify"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/reconciler"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/transparency"
	"example.org/cancuoc/internal/vault"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/templates/render"
)

// Office is an issuing office put together.
type Office struct {
	Registry   *registry.Registry
	Population population.Register // the registry's, or one elsewhere
	Forms      *render.Renderer
	Calendar   *identity.Calendar

	config config.Config
	vault  *vault.Vault
	chip   lds.Profile
	logger *slog.Logger
	clock  *clock

	lines       lines
	reconciling *reconciler.Metrics
	anchoring   *transparency.Metrics
	notifying   *notify.Metrics
	metrics     client.MetricsHandler // nil: nothing is measured
	tracing     *engine.Tracing       // nil: nothing is traced

	mu       sync.Mutex
	temporal client.Client
	status   *Status // nil: not opened
}

// Trace sends spans of what the program does to the collector of the settings, if they name
// one. It is called before the first connection, and its result stopped at the end.
func (o *Office) Trace(ctx context.Context, program string) (*engine.Tracing, error) {
	c := o.config.Tracing
	if c.URL == "" {
		return nil, nil //nolint:nilnil // nothing is traced, and nothing is wrong
	}
	var err error
	o.tracing, err = engine.OpenTracing(ctx, engine.TracingOptions{URL: c.URL, Share: c.Share, Program: program, Logger: o.logger})
	return o.tracing, err
}

// Option changes how an office is put together.
type Option func(*registry.Options)

// WithTracer lets a tracer see every round trip to the database.
func WithTracer(t pgx.QueryTracer) Option {
	return func(o *registry.Options) { o.Tracer = t }
}

// Open opens the registry, the vault and the forms. Temporal is connected when it is
// first needed.
func Open(ctx context.Context, c config.Config, logger *slog.Logger, options ...Option) (*Office, error) {
	sealing, err := openVault(c, !c.Production())
	if err != nil {
		return nil, err
	}
	return open(ctx, c, logger, sealing, options...)
}

// OpenToVerify opens the registry for who verifies it: without the vault where there is no
// key, which an auditor does not have, and makes none.
func OpenToVerify(ctx context.Context, c config.Config, logger *slog.Logger) (*Office, error) {
	sealing, err := openVault(c, false)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return open(ctx, c, logger, sealing)
}

// open is Open with the vault, if there is one.
func open(ctx context.Context, c config.Config, logger *slog.Logger, sealing *vault.Vault, options ...Option) (*Office, error) {
	if c.Database.URL == "" {
		return nil, errors.New("database.url is empty: give it, or use `starter run`, which starts everything")
	}
	o := registry.Options{Vault: sealing, MaxConns: c.Database.MaxConns, Passkeys: passkey.Origin(c.Gateway.OfficersURL)}
	for _, option := range options {
		option(&o)
	}
	r, err := registry.Open(ctx, string(c.Database.URL), o)
	if err != nil {
		return nil, err
	}
	office := &Office{Registry: r, config: c, vault: o.Vault, logger: logger, clock: &clock{ask: r.Now, here: time.Now}} //nolint:forbidigo // it is compared with the database's
	if err := office.checkDatabase(ctx); err != nil {
		r.Close()
		return nil, err
	}
	if office.chip, err = chipProfile(c.Personalization); err != nil {
		r.Close()
		return nil, err
	}
	if office.Population, err = openPopulation(c.Population, r); err != nil {
		r.Close()
		return nil, err
	}
	if office.Forms, err = loadForms(c.Forms.Dir); err != nil {
		r.Close()
		return nil, err
	}
	if office.Calendar, err = identity.LoadCalendar(); err != nil {
		r.Close()
		return nil, err
	}
	return office, nil
}

// openVault opens the vault with its master key, and makes that if it may.
func openVault(c config.Config, create bool) (*vault.Vault, error) {
	master, err := vault.OpenFile(c.Vault.KeyFile, create)
	if err != nil {
		return nil, err
	}
	return vault.New(master), nil
}

// WarnOfCalendar logs a warning when the working days of this or the next year are not
// decreed yet: deadlines in it are provisional, or cannot be promised at all.
// Long-running programs call it at their start.
func (o *Office) WarnOfCalendar(ctx context.Context, now time.Time) {
	this := identity.DateOf(now).Year
	for _, year := range []int{this, this + 1} {
		switch {
		case !o.Calendar.Has(year):
			o.logger.WarnContext(ctx, "No working days are known; applications of that year are refused", "year", year)
		case o.Calendar.RuleOnly(year):
			o.logger.WarnContext(ctx, "Working days are computed by rule, since the yearly notice is missing; deadlines are provisional", "year", year)
		}
	}
}

// Close closes every connection.
func (o *Office) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.temporal != nil {
		o.temporal.Close()
	}
	o.Registry.Close()
}

// Ready asks whether registry and Temporal answer.
func (o *Office) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := o.Registry.Ping(ctx); err != nil {
		return err
	}
	return o.reachTemporal(ctx)
}

func (o *Office) reachTemporal(ctx context.Context) error {
	temporal, err := o.Temporal(ctx)
	if err != nil {
		return err
	}
	if _, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("ask Temporal: %w", err)
	}
	return nil
}

// Await opens an office for a program that runs on: it waits for a database that does
// not answer yet or is not migrated yet, and for a clock that is wrong.
func Await(ctx context.Context, c config.Config, logger *slog.Logger, options ...Option) (*Office, error) {
	for {
		o, err := Open(ctx, c, logger, options...)
		_, old := errors.AsType[*registry.SchemaError](err)
		if !away(err) && !old && !errors.Is(err, ErrClock) {
			return o, err
		}
		logger.WarnContext(ctx, "Not ready to work; trying again", "error", err)
		if !pause(ctx) {
			return nil, ctx.Err()
		}
	}
}

// away reports whether err is of a database that does not answer, or that was stopped
// or restarted while it was asked.
func away(err error) bool {
	if _, unreached := errors.AsType[*pgconn.ConnectError](err); unreached {
		return true
	}
	if _, network := errors.AsType[net.Error](err); network {
		return true
	}
	state := ""
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		state = refusal.Code
	}
	if fault, ok := errors.AsType[*registry.Fault](err); ok {
		state = fault.SQLState
	}
	// Class 08 is of connections; 57P01 to 57P03 are of a server that stops or starts.
	return strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P0") ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn)
}

// pause waits before another try, and reports whether there is to be one.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(2 * time.Second):
		return true
	}
}
