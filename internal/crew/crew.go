// Package crew puts an office together from its settings: registry, vault, keys,
// the connection to Temporal, and the workers with their activities. Programs,
// benchmarks and tests share it, so that what is tested is what runs.
package crew

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/vault"
	"example.org/cancuoc/templates"
)

// Crew is an office put together.
type Crew struct {
	Registry *registry.Registry
	Forms    *templates.Catalog
	Calendar *identity.Calendar

	config config.Config
	logger *slog.Logger

	metrics client.MetricsHandler // nil: nothing is measured

	mu       sync.Mutex
	temporal client.Client
}

// Measure has the SDK measure what it does, from the first connection on.
func (c *Crew) Measure(m client.MetricsHandler) { c.metrics = m }

// Option changes how an office is put together.
type Option func(*registry.Options)

// WithTracer has a tracer see every round trip to the database.
func WithTracer(t pgx.QueryTracer) Option {
	return func(o *registry.Options) { o.Tracer = t }
}

// Open migrates and opens the registry, the vault and the forms. Temporal is
// connected when it is first needed.
func Open(ctx context.Context, c config.Config, logger *slog.Logger, options ...Option) (*Crew, error) {
	if c.Database.URL == "" {
		return nil, errors.New("database.url is empty: give it, or use `starter run`, which starts everything")
	}
	master, err := vault.OpenFile(c.Vault.KeyFile, !c.Production())
	if err != nil {
		return nil, err
	}
	if err := registry.Migrate(ctx, string(c.Database.URL)); err != nil {
		return nil, err
	}
	o := registry.Options{Vault: vault.New(master), MaxConns: c.Database.MaxConns}
	for _, option := range options {
		option(&o)
	}
	r, err := registry.Open(ctx, string(c.Database.URL), o)
	if err != nil {
		return nil, err
	}
	crew := &Crew{Registry: r, config: c, logger: logger}
	if crew.Forms, err = templates.Load(); err != nil {
		r.Close()
		return nil, err
	}
	if crew.Calendar, err = identity.LoadCalendar(); err != nil {
		r.Close()
		return nil, err
	}
	return crew, nil
}

// WarnOfCalendar tells the log when the working days of this or the next year are
// not decreed: deadlines in it are provisional, or cannot be promised at all.
// Programs that run on call it at their start.
func (c *Crew) WarnOfCalendar(ctx context.Context, now time.Time) {
	this := identity.DateOf(now).Year
	for _, year := range []int{this, this + 1} {
		switch {
		case !c.Calendar.Has(year):
			c.logger.WarnContext(ctx, "No working days are known; applications of that year are refused", "year", year)
		case c.Calendar.RuleOnly(year):
			c.logger.WarnContext(ctx, "Working days are computed by rule, for want of the yearly notice; deadlines are provisional", "year", year)
		}
	}
}

// Close gives every connection back.
func (c *Crew) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.temporal != nil {
		c.temporal.Close()
	}
	c.Registry.Close()
}

// Temporal connects, once, and sees that the namespace knows the search
// attributes.
func (c *Crew) Temporal(ctx context.Context) (client.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.temporal != nil {
		return c.temporal, nil
	}
	t := c.config.Temporal
	if t.Address == "" {
		return nil, errors.New("temporal.address is empty: give it, or use `starter run`, which starts everything")
	}
	keys, err := engine.OpenKeys(t.CodecKeyFile, !c.config.Production())
	if err != nil {
		return nil, err
	}
	connected, err := engine.Dial(ctx, engine.Options{
		Address: t.Address, Namespace: t.Namespace, Keys: keys, Logger: c.logger, Metrics: c.metrics,
		TLS: t.TLS, TLSFiles: engine.TLSFiles{CA: t.TLSCAFile, Cert: t.TLSCertFile, Key: t.TLSKeyFile, ServerName: t.TLSServerName},
	})
	if err != nil {
		return nil, err
	}
	if err := engine.EnsureSearchAttributes(ctx, connected, t.Namespace); err != nil {
		connected.Close()
		return nil, err
	}
	c.temporal = connected
	return connected, nil
}

// Ready asks whether registry and Temporal answer.
func (c *Crew) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := c.Registry.Ping(ctx); err != nil {
		return err
	}
	temporal, err := c.Temporal(ctx)
	if err != nil {
		return err
	}
	if _, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("ask Temporal: %w", err)
	}
	return nil
}

// Sizes bound what a submission may bring.
func (c *Crew) Sizes() intake.Sizes {
	i := c.config.Intake
	return intake.Sizes{Document: i.DocumentBytes, Portrait: i.PortraitBytes, Finger: i.FingerBytes, Packet: i.PacketBytes}
}

// Door is where packets come in.
func (c *Crew) Door(ctx context.Context) (*intake.Door, error) {
	starter, err := c.starter(ctx)
	if err != nil {
		return nil, err
	}
	return &intake.Door{
		Registry: c.Registry, Forms: c.Forms, Calendar: c.Calendar, Sizes: c.Sizes(), Start: starter.application,
	}, nil
}

// Codec decrypts payloads for the Temporal UI of those origins.
func (c *Crew) Codec(origins []string) (http.Handler, error) {
	keys, err := engine.OpenKeys(c.config.Temporal.CodecKeyFile, !c.config.Production())
	if err != nil {
		return nil, err
	}
	return engine.CodecHandler(keys, origins), nil
}
