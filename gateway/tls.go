package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"example.org/cancuoc/config"
)

// encryption is the TLS configuration of both listeners, the first for stations and
// officers; both nil: they speak plain HTTP.
func encryption(c config.Config, logger *slog.Logger) (inside, outside *tls.Config, err error) {
	g := c.Gateway
	if g.TLSCertFile == "" {
		if c.Production() && !g.BehindProxy {
			return nil, nil, errors.New("gateway.tls_cert_file is empty; production needs it and gateway.tls_key_file, or gateway.behind_proxy where a proxy before the gateway encrypts")
		}
		return nil, nil, nil
	}
	pair := &certificate{cert: g.TLSCertFile, key: g.TLSKeyFile, logger: logger}
	if err := pair.read(); err != nil {
		return nil, nil, fmt.Errorf("read gateway.tls_cert_file and gateway.tls_key_file: %w", err)
	}
	// HTTP/1.1 alone, whose connections are counted: a connection is a request at a time.
	outside = &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}, GetCertificate: pair.get}
	inside = outside.Clone()
	if g.TLSClientCAFile != "" {
		pem, err := os.ReadFile(g.TLSClientCAFile)
		if err != nil {
			return nil, nil, fmt.Errorf("read gateway.tls_client_ca_file: %w", err)
		}
		inside.ClientCAs, inside.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !inside.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, nil, errors.New("gateway.tls_client_ca_file holds no certificate in PEM")
		}
	}
	return inside, outside, nil
}

// certificate is the gateway's, which is renewed while it serves.
type certificate struct {
	cert, key string
	logger    *slog.Logger

	mu   sync.Mutex
	at   [2]time.Time // when the files last changed
	pair tls.Certificate
}

// read reads the files if they changed.
func (c *certificate) read() error {
	var at [2]time.Time
	for i, name := range []string{c.cert, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		at[i] = info.ModTime()
	}
	if at == c.at {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err == nil {
		c.pair, c.at = pair, at
	}
	return err
}

// get implements tls.Config.GetCertificate. While new files cannot be used, as between
// the renewal of one and of the other, the last that could are.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.read(); err != nil {
		c.logger.Warn("The gateway's new certificate cannot be used; it goes on with the one before", "error", err)
	}
	pair := c.pair
	return &pair, nil
}

// secured gives every answer the headers that tell browsers what not to do with it; a
// page sets a policy of its own.
func secured(next http.Handler, c config.Gateway) http.Handler {
	encrypted := c.TLSCertFile != "" || c.BehindProxy
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), usb=()")
		if encrypted {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if conn, is := r.Context().Value(tlsKey{}).(*tls.Conn); is {
			state := conn.ConnectionState()
			r.TLS = &state
		}
		next.ServeHTTP(w, r)
	})
}

// tlsKey is where a request's context has its encrypted connection, which net/http does
// not see behind a [line].
type tlsKey struct{}

// encryptionOf implements http.Server.ConnContext.
func encryptionOf(ctx context.Context, c net.Conn) context.Context {
	if wrapped, is := c.(line); is {
		if encrypted, is := wrapped.Conn.(*tls.Conn); is {
			return context.WithValue(ctx, tlsKey{}, encrypted)
		}
	}
	return ctx
}
