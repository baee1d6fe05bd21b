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
	"runtime"
	"runtime/debug"
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
	debug.SetMemoryLimit(c.Gateway.MemoryBytes)
	handler, err := routes(office, office.Door(), c.Gateway, c.Intake.PacketBytes, logger)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Gateway.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Gateway.Listen, err)
	}
	return serve(ctx, newLines(listener, c.Gateway.Connections), handler, logger)
}

// routes serves the interface for stations, the citizens' pages and, for the Temporal
// UI, the codec.
func routes(office *office.Office, door *intake.Door, c config.Gateway, maxPacket int64, logger *slog.Logger) (http.Handler, error) {
	mux := http.NewServeMux()
	(&api.Server{
		Door: door, Ready: office.Ready, MaxPacket: maxPacket, Capacity: capacity(c, maxPacket), Logger: logger,
		Officers: &api.Officers{Desk: office.Desk(), MaxBody: maxPacket, Now: office.Now},
	}).Register(mux)
	(&web.Pages{Registry: office.Registry, Logger: logger}).Register(mux)
	if len(c.CodecOrigins) == 0 {
		return addressed(mux), nil
	}
	codec, err := office.Codec(c.CodecOrigins)
	if err != nil {
		return nil, err
	}
	mux.Handle("/codec/", http.StripPrefix("/codec", codec))
	return addressed(mux), nil
}

// capacity is what packets may take at once: a fifth of the memory for those that come
// in and wait, and not more than half for those that are worked on. Opening one takes
// about five times its size, and the pixels of one that is heavy up to 150 MB.
func capacity(c config.Gateway, maxPacket int64) api.Capacity {
	processors, half := runtime.GOMAXPROCS(0), c.MemoryBytes/2
	return api.Capacity{
		Bytes: c.MemoryBytes / 5, Guests: c.Connections / 2,
		Quick: min(processors, int(half/(5*maxPacket))), Heavy: max(min(processors/2, int(half/(150<<20))), 1),
	}
}

// serve answers requests until ctx ends, then lets running ones finish.
func serve(ctx context.Context, listener *lines, handler http.Handler, logger *slog.Logger) error {
	server := &http.Server{
		Handler:   handler,
		ConnState: listener.watch,
		// A packet, which may be large, sets its own.
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 12 << 10, // net/http adds 4 kB
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
