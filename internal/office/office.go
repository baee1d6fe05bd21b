// Package office puts an office together from its settings: registry, vault, keys,
// the connection to Temporal, and the workers with their activities. Programs,
// benchmarks and tests share it, so that what is tested is what runs.
package office

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
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/vault"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/workflows"
)

// Office is an office put together.
type Office struct {
	Registry *registry.Registry
	Forms    *render.Renderer
	Calendar *identity.Calendar

	config config.Config
	logger *slog.Logger

	metrics client.MetricsHandler // nil: nothing is measured

	mu       sync.Mutex
	temporal client.Client
}

// Measure has the SDK measure what it does, from the first connection on.
func (o *Office) Measure(m client.MetricsHandler) { o.metrics = m }

// Option changes how an office is put together.
type Option func(*registry.Options)

// WithTracer has a tracer see every round trip to the database.
func WithTracer(t pgx.QueryTracer) Option {
	return func(o *registry.Options) { o.Tracer = t }
}

// Open migrates and opens the registry, the vault and the forms. Temporal is
// connected when it is first needed.
func Open(ctx context.Context, c config.Config, logger *slog.Logger, options ...Option) (*Office, error) {
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
	office := &Office{Registry: r, config: c, logger: logger}
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

// WarnOfCalendar tells the log when the working days of this or the next year are
// not decreed: deadlines in it are provisional, or cannot be promised at all.
// Programs that run on call it at their start.
func (o *Office) WarnOfCalendar(ctx context.Context, now time.Time) {
	this := identity.DateOf(now).Year
	for _, year := range []int{this, this + 1} {
		switch {
		case !o.Calendar.Has(year):
			o.logger.WarnContext(ctx, "No working days are known; applications of that year are refused", "year", year)
		case o.Calendar.RuleOnly(year):
			o.logger.WarnContext(ctx, "Working days are computed by rule, for want of the yearly notice; deadlines are provisional", "year", year)
		}
	}
}

// Close gives every connection back.
func (o *Office) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.temporal != nil {
		o.temporal.Close()
	}
	o.Registry.Close()
}

// Temporal connects, once, and sees that the namespace knows the search
// attributes.
func (o *Office) Temporal(ctx context.Context) (client.Client, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.temporal != nil {
		return o.temporal, nil
	}
	t := o.config.Temporal
	if t.Address == "" {
		return nil, errors.New("temporal.address is empty: give it, or use `starter run`, which starts everything")
	}
	keys, err := engine.OpenKeys(t.CodecKeyFile, !o.config.Production())
	if err != nil {
		return nil, err
	}
	connected, err := engine.Dial(ctx, engine.Options{
		Address: t.Address, Namespace: t.Namespace, Keys: keys, Logger: o.logger, Metrics: o.metrics,
		TLS: t.TLS, TLSFiles: engine.TLSFiles{CA: t.TLSCAFile, Cert: t.TLSCertFile, Key: t.TLSKeyFile, ServerName: t.TLSServerName},
	})
	if err != nil {
		return nil, err
	}
	if err := engine.EnsureSearchAttributes(ctx, connected, t.Namespace, workflows.SearchAttributes); err != nil {
		connected.Close()
		return nil, err
	}
	o.temporal = connected
	return connected, nil
}

// Workflows connects to Temporal, and starts, moves and lists workflows with the
// limits of the settings.
func (o *Office) Workflows(ctx context.Context) (*workflows.Client, error) {
	connected, err := o.Temporal(ctx)
	if err != nil {
		return nil, err
	}
	s := o.config.Office
	return &workflows.Client{
		Temporal: connected, CutOff: s.ConsignmentCutOff,
		Limits: workflows.Limits{
			Recapture: s.Recapture, Resolution: s.Resolution, Collect: s.Collect, AtRisk: s.AtRisk,
			StationWait: s.StationWait, Restock: s.Restock, Cards: s.Cards,
		},
	}, nil
}

// Ready asks whether registry and Temporal answer.
func (o *Office) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := o.Registry.Ping(ctx); err != nil {
		return err
	}
	temporal, err := o.Temporal(ctx)
	if err != nil {
		return err
	}
	if _, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("ask Temporal: %w", err)
	}
	return nil
}

// Sizes bound what a submission may bring.
func (o *Office) Sizes() packet.Sizes {
	i := o.config.Intake
	return packet.Sizes{Document: i.DocumentBytes, Portrait: i.PortraitBytes, Finger: i.FingerBytes, Packet: i.PacketBytes}
}

// Door is where packets come in.
func (o *Office) Door(ctx context.Context) (*intake.Door, error) {
	starter, err := o.starter(ctx)
	if err != nil {
		return nil, err
	}
	return &intake.Door{
		Registry: o.Registry, Forms: o.Forms, Calendar: o.Calendar, Sizes: o.Sizes(), Now: time.Now, Start: starter.Start,
	}, nil
}

// Codec decrypts payloads for the Temporal UI of those origins.
func (o *Office) Codec(origins []string) (http.Handler, error) {
	keys, err := engine.OpenKeys(o.config.Temporal.CodecKeyFile, !o.config.Production())
	if err != nil {
		return nil, err
	}
	return engine.CodecHandler(keys, origins), nil
}

// starter starts the workflows of received applications.
func (o *Office) starter(ctx context.Context) (*intake.Starter, error) {
	flows, err := o.Workflows(ctx)
	if err != nil {
		return nil, err
	}
	return &intake.Starter{Registry: o.Registry, Workflows: flows}, nil
}

// Sweep starts, until ctx ends, the workflows of applications that were stored but
// not started.
func (o *Office) Sweep(ctx context.Context) error {
	starter, err := o.starter(ctx)
	if err != nil {
		return err
	}
	starter.Sweep(ctx, o.config.Worker.Sweep, o.logger)
	return nil
}
