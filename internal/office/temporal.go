package office

import (
	"context"
	"errors"
	"net/http"

	"go.temporal.io/sdk/client"

	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

// Temporal connects once, and ensures that the namespace knows the search attributes.
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
		Address: t.Address, Namespace: t.Namespace, Keys: keys, Logger: o.logger, Metrics: o.metrics, Tracing: o.tracing,
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

// Workflows is the way to all workflows, with the limits of the settings.
func (o *Office) Workflows(ctx context.Context) (*workflows.Client, error) {
	connected, err := o.Temporal(ctx)
	if err != nil {
		return nil, err
	}
	s := o.config.Office
	return &workflows.Client{
		Temporal: connected, CutOff: s.ConsignmentCutOff,
		Limits: workflows.Limits{
			Recapture: s.Recapture, Resolution: s.Resolution, Collect: s.Collect, StationWait: s.StationWait, Cards: s.Cards,
		},
	}, nil
}

// AwaitTemporal waits until Temporal answers, for a program that runs on.
func (o *Office) AwaitTemporal(ctx context.Context) error {
	for {
		_, err := o.Temporal(ctx)
		if err == nil || o.config.Temporal.Address == "" {
			return err
		}
		o.logger.WarnContext(ctx, "Temporal does not answer; trying again", "error", err)
		if !pause(ctx) {
			return ctx.Err()
		}
	}
}

// Codec decrypts payloads for officers who are logged in, in Temporal UIs at those
// origins.
func (o *Office) Codec(origins []string) (http.Handler, error) {
	keys, err := engine.OpenKeys(o.config.Temporal.CodecKeyFile, !o.config.Production())
	if err != nil {
		return nil, err
	}
	return &engine.CodecHandler{
		Keys: keys, Origins: origins, Cookie: o.Desk().SessionCookie(), Logger: o.logger, Session: o.Registry.Session,
		Record: func(ctx context.Context, d engine.Decoding) error {
			return o.Registry.RecordDecode(ctx, registry.Decode{Officer: d.Officer, Payloads: d.Payloads, Named: d.Named, Redacted: d.Redacted})
		},
	}, nil
}
