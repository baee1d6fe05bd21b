// Command gateway is the office's HTTP server: it receives packets from stations and
// shows citizens the status of their applications.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/web"
)

func main() {
	config.Program{
		Name: "gateway",
		About: `Serve stations, which send packets, and citizens, who ask for the status of their
applications, at gateway.listen of the settings.`,
		Run: run,
	}.Main()
}

func run(ctx context.Context, c config.Config) error {
	logger := c.Log.Logger(os.Stderr)
	office, err := office.Await(ctx, c, logger)
	if err != nil {
		return err
	}
	defer office.Close()
	office.WarnOfCalendar(ctx, office.Now())
	door := office.Door()
	handler, err := routes(office, door.Receive, c.Gateway, logger)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Gateway.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Gateway.Listen, err)
	}
	return serve(ctx, listener, handler, logger)
}

// routes serves the interface for stations, the citizens' pages and, for the Temporal
// UI, the codec.
func routes(office *office.Office, receive func(context.Context, []byte) (intake.Receipt, error), c config.Gateway, logger *slog.Logger) (http.Handler, error) {
	mux := http.NewServeMux()
	(&api.Server{Receive: receive, Ready: office.Ready, MaxPacket: office.Sizes().Packet, Logger: logger}).Register(mux)
	(&web.Pages{Registry: office.Registry, Logger: logger}).Register(mux)
	if len(c.CodecOrigins) == 0 {
		return mux, nil
	}
	codec, err := office.Codec(c.CodecOrigins)
	if err != nil {
		return nil, err
	}
	mux.Handle("/codec/", http.StripPrefix("/codec", codec))
	return mux, nil
}

// serve answers requests until ctx ends, then lets running ones finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, logger *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	logger.Info("Gateway listens", "address", listener.Addr().String())
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}
