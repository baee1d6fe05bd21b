// Package engine is what every program needs to connect to Temporal: the client with
// its payload codec ([Dial]), search attributes for the namespace
// ([EnsureSearchAttributes]), the SDK's metrics for Prometheus ([Metrics]), traces
// for OpenTelemetry ([Tracing]), the codec for the Temporal UI ([CodecHandler]), and workers that start and stop together
// ([Workers]).
//
// Task queues, search attributes and the client of workflows are in package workflows.
package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
)

// Options of a connection.
type Options struct {
	Address   string                // host:port
	Namespace string                // "" is Temporal's "default"
	TLS       bool                  // encrypt the connection; implied by any of TLSFiles
	TLSFiles  TLSFiles              // who is trusted, who we are
	Keys      *Keys                 // encrypt payloads; required
	Logger    *slog.Logger          // required
	Metrics   client.MetricsHandler // nil: nothing is measured
	Tracing   *Tracing              // nil: nothing is traced
}

// TLSFiles name PEM files, read when the connection is made. Each may be empty.
type TLSFiles struct {
	CA         string // who may have signed the server's certificate; "": the system's
	Cert, Key  string // the client's certificate and key; both or neither
	ServerName string // on the server's certificate; "": the address's host
}

// Dial connects, and fails if the server does not answer. Payloads leave the process
// encrypted; the texts of failures hold no personal data, and whoever looks why something
// failed reads them without a session.
func Dial(ctx context.Context, o Options) (client.Client, error) {
	if o.Keys == nil || o.Logger == nil {
		return nil, errors.New("connect to Temporal: payload keys and a logger are needed")
	}
	data := newConverter(o.Keys)
	options := client.Options{
		HostPort: o.Address, Namespace: o.Namespace,
		DataConverter:    data,
		FailureConverter: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: data}),
		Logger:           log.NewStructuredLogger(o.Logger),
		MetricsHandler:   o.Metrics,
	}
	if o.Tracing != nil {
		traced, err := o.Tracing.Interceptor()
		if err != nil {
			return nil, fmt.Errorf("trace: %w", err)
		}
		options.Interceptors = append(options.Interceptors, traced) // of the client, and of its workers
	}
	// Most of what is sent is encrypted, and grows when it is compressed.
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	if o.TLS || o.TLSFiles != (TLSFiles{}) {
		config, err := o.TLSFiles.config()
		if err != nil {
			return nil, fmt.Errorf("connect to Temporal at %s: %w", o.Address, err)
		}
		options.ConnectionOptions.TLS = config
	}
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s: %w", o.Address, err)
	}
	return c, nil
}

// config reads the files.
func (f TLSFiles) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificate authorities: %s holds none", f.CA)
		}
	}
	if f.Cert != "" || f.Key != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
