// Command gateway is the office's HTTP server: it receives packets from stations and acts
// from officers and, at an address of its own, shows citizens the status of their
// applications.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/web"
)

func main() {
	config.Program{
		Name: "gateway",
		About: `Serve stations, which send packets, and officers, who log in, at gateway.listen of the
settings, and citizens, who ask for the status of their applications, at
gateway.citizens_listen.`,
		Run: run,
	}.Main()
}

func run(ctx context.Context, c config.Config) error {
	logger := c.Log.Logger(os.Stderr)
	forInside, forOutside, err := encryption(c, logger)
	if err != nil {
		return err
	}
	office, err := office.Await(ctx, c, logger)
	if err != nil {
		return err
	}
	defer office.Close()
	office.WarnOfCalendar(ctx, office.Now())
	debug.SetMemoryLimit(c.Gateway.MemoryBytes)
	tracing, err := office.Trace(ctx, "gateway")
	if err != nil {
		return err
	}
	defer tracing.Stop(ctx)
	measures := api.NewMeasures()
	measured := append(office.MeasureGateway(), measures)
	inside, err := insideRoutes(office, office.Door(), c.Gateway, c.Intake.PacketBytes, logger)
	if err != nil {
		return err
	}
	outside, err := citizensRoutes(office, c.Gateway, logger)
	if err != nil {
		return err
	}
	doors := []*door{
		{at: c.Gateway.Listen, handler: inside, encryption: forInside},
		{at: c.Gateway.CitizensListen, handler: outside, encryption: forOutside, citizens: true},
	}
	doors = slices.DeleteFunc(doors, func(d *door) bool { return d.at == "" })
	for _, d := range doors {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", d.at)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", d.at, err)
		}
		d.lines = newLines(listener, c.Gateway.Connections, d.encryption)
		measures.Connections(d.name(), d.lines.count)
		d.handler = measures.Around(d.name(), tracing.Around(d.name(), d.handler))
	}
	if c.Gateway.MetricsListen != "" {
		stop, err := engine.ServeTelemetry(ctx, c.Gateway.MetricsListen, measured, office.Ready, logger)
		if err != nil {
			return err
		}
		defer stop()
	}
	return serveAll(ctx, doors, c.Gateway, logger)
}

// door is one listener with what it serves.
type door struct {
	at         string
	citizens   bool
	handler    http.Handler
	encryption *tls.Config // nil: none
	lines      *lines
}

// name is the door's, for metrics.
func (d *door) name() string {
	if d.citizens {
		return "citizens"
	}
	return "office"
}

// serveAll serves until ctx ends, or one of the doors cannot be served.
func serveAll(ctx context.Context, doors []*door, c config.Gateway, logger *slog.Logger) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ends := make(chan error, len(doors))
	for _, d := range doors {
		if d.citizens {
			logger.Info("Gateway listens for citizens", "address", d.lines.Addr().String())
		} else {
			logger.Info("Gateway listens", "address", d.lines.Addr().String())
		}
		go func() { ends <- serve(ctx, d.lines, d.handler, c, logger) }()
	}
	var all error
	for range doors {
		all = errors.Join(all, <-ends)
		stop()
	}
	return all
}

// insideRoutes serve those who have to say who they are: the interface for stations and
// officers and, for the Temporal UI, the codec.
func insideRoutes(office *office.Office, door *intake.Door, c config.Gateway, maxPacket int64, logger *slog.Logger) (http.Handler, error) {
	mux, desk := http.NewServeMux(), office.Desk()
	var verifiers *api.Verifiers
	status, err := office.Status()
	if err != nil {
		return nil, err
	}
	if status != nil {
		verifiers = &api.Verifiers{Known: status.Verifiers, Answers: status.Answers}
	}
	(&api.Server{
		Door: door, Ready: office.Ready, MaxPacket: maxPacket, Capacity: capacity(c, maxPacket), Logger: logger,
		Officers: &api.Officers{Desk: desk, MaxBody: maxPacket, Now: office.Now}, Verifiers: verifiers,
	}).Register(mux)
	if c.OfficersURL != "" {
		(&web.Officers{Desk: desk, Seal: office.Seal, Now: office.Now, Logger: logger, TemporalUI: web.TemporalUI(office.TemporalUI())}).Register(mux)
	}
	register, err := office.PopulationRegister(desk)
	if err != nil {
		return nil, err
	}
	if register != nil {
		mux.Handle("/osia/", http.StripPrefix("/osia", register))
	}
	if len(c.CodecOrigins) > 0 {
		codec, err := office.Codec(c.CodecOrigins)
		if err != nil {
			return nil, err
		}
		mux.Handle("/codec/", http.StripPrefix("/codec", codec))
	}
	return secured(addressed(mux), c), nil
}

// citizensRoutes serve everybody.
func citizensRoutes(office *office.Office, c config.Gateway, logger *slog.Logger) (http.Handler, error) {
	mux := http.NewServeMux()
	var lists *api.StatusLists
	status, err := office.Status()
	if err != nil {
		return nil, err
	}
	if status != nil {
		lists = &api.StatusLists{Lists: status.Lists, Signer: status.Signer}
	}
	(&api.Server{Ready: office.Ready, Logger: logger, Lists: lists}).Register(mux)
	(&web.Pages{
		Registry: office.Registry, Code: office.Seal, Tries: web.Tries{Receipt: c.LookUpTries, All: c.LookUpMisses},
		BehindProxy: c.BehindProxy, Contact: c.Contact, VNeID: c.VNeIDURL, Logger: logger,
	}).Register(mux)
	return secured(addressed(mux), c), nil
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
func serve(ctx context.Context, listener *lines, handler http.Handler, c config.Gateway, logger *slog.Logger) error {
	server := &http.Server{
		Handler:     handler,
		ConnState:   listener.watch,
		ConnContext: encryptionOf,
		// A packet, which may be large, sets its own.
		ReadHeaderTimeout: c.HeaderTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout, IdleTimeout: c.IdleTimeout,
		MaxHeaderBytes: 12 << 10, // net/http adds 4 kB
		ErrorLog:       slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.StopTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}
