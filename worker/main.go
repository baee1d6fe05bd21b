// Command worker runs the workflows and the activities of the production center
// (--role pipeline), one personalization station (--role station), or everything in one
// process (--role all).
package main

import (
	"context"
	"log/slog"
	"os"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
)

func main() {
	config.Program{
		Name: "worker",
		About: `Run the workflows and the activities of the production center (--role pipeline),
one personalization station (--role station), or everything in one process
(--role all).`,
		Flags: []config.Flag{
			{Name: "role", Key: "worker.role", Usage: "all, pipeline or station"},
			{Name: "station", Key: "worker.station", Usage: "which personalization station, for example PX-01"},
		},
		Run: run,
	}.Main()
}

func run(ctx context.Context, c config.Config) error {
	office.SpareCollection()
	logger := c.Log.Logger(os.Stderr)
	office, err := office.Await(ctx, c, logger)
	if err != nil {
		return err
	}
	defer office.Close()
	office.WarnOfCalendar(ctx, office.Now())
	tracing, err := office.Trace(ctx, "worker "+c.Worker.Role)
	if err != nil {
		return err
	}
	defer tracing.Stop(ctx)
	if c.Worker.Listen != "" {
		stop, err := engine.ServeTelemetry(ctx, c.Worker.Listen, office.MeasureWorker(c.Worker.Role), office.Ready, logger)
		if err != nil {
			return err
		}
		defer stop()
	}
	return serve(ctx, office, c.Worker, logger)
}

// serve runs the role until ctx ends, then lets running activities finish.
func serve(ctx context.Context, office *office.Office, c config.Worker, logger *slog.Logger) error {
	if err := office.AwaitTemporal(ctx); err != nil {
		return err
	}
	var workers engine.Workers
	var err error
	switch c.Role {
	case "pipeline":
		workers, err = office.Pipeline(ctx)
	case "station":
		workers, err = office.Station(ctx, identity.StationID(c.Station))
	default: // all
		workers, err = office.All(ctx, identity.StationID(c.Station))
	}
	if err != nil {
		return err
	}
	if c.Role != "station" {
		if err := office.StartAnchoring(ctx); err != nil {
			return err
		}
		if err := office.StartNotifying(ctx); err != nil {
			return err
		}
		go office.Erase(ctx)
	}
	if err := workers.Start(); err != nil {
		return err
	}
	defer workers.Stop()
	logger.Info("Worker started", "role", c.Role, "station", c.Station)
	if c.Role == "station" {
		<-ctx.Done()
	} else if err := office.Reconcile(ctx); err != nil { // it returns when ctx ends
		return err
	}
	logger.Info("Worker stopping; running activities may finish")
	return nil
}
