package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/workflows"
)

func newRun(a *app) *cobra.Command {
	var folder string
	var leave bool
	c := &cobra.Command{
		Use: "run", Short: "Bring up a whole office and take the sample applications to their ends", GroupID: "set-up",
		Long: `Bring up a whole office on this machine: a Temporal server with its UI and
PostgreSQL where the settings name none, the worker with a simulated station, the
gateway. Then submit the sample applications and play the people's parts by the
same commands that people use. Everything keeps running until Ctrl-C; a second run
goes on where the first one stopped.`,
		Example: "  starter run\n  CANCUOC_TEMPORAL_ADDRESS=temporal.example.org:7233 CANCUOC_DATABASE_URL=postgres://... starter run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fd := -1
			if f, ok := cmd.OutOrStdout().(*os.File); ok {
				fd = int(f.Fd())
			}
			return a.runOffice(cmd.Context(), newBoard(cmd.OutOrStdout(), fd), folder, leave)
		},
	}
	c.Flags().StringVar(&folder, "samples", "samples", "folder of the sample applications")
	c.Flags().BoolVar(&leave, "exit", false, "stop everything when all samples have ended, instead of at Ctrl-C")
	return c
}

// servers are what runs beside this process, in the order in which it was started.
type servers struct{ stops []func() }

// stop stops what was started last first.
func (s *servers) stop() {
	for _, stop := range slices.Backward(s.stops) {
		stop()
	}
}

// runOffice brings the office up, plays the samples, and waits.
func (a *app) runOffice(ctx context.Context, b *board, folder string, leave bool) error {
	running := &servers{}
	defer running.stop()
	ui, err := a.bringUp(ctx, b, running)
	if err != nil {
		return err
	}
	p, err := newPlay(a, b, folder)
	if err != nil {
		return err
	}
	if err := p.prepare(ctx); err != nil {
		return err
	}
	if err := p.run(ctx); err != nil {
		if ctx.Err() != nil {
			b.say("Stopping; the next run goes on from here.")
			return nil
		}
		return err
	}
	if err := p.report(ctx, ui); err != nil {
		return err
	}
	if leave {
		return nil
	}
	b.say("\nEverything keeps running; Ctrl-C stops it. In another terminal:\n  export CANCUOC_CONFIG=%s\n  %s list --all",
		os.Getenv("CANCUOC_DATA_DIR")+"/"+settingsFile, os.Getenv("CANCUOC_DATA_DIR")+"/bin/starter")
	<-ctx.Done()
	return nil
}

// bringUp starts what the settings do not name, then worker and gateway, and gives
// the address of the Temporal UI.
func (a *app) bringUp(ctx context.Context, b *board, running *servers) (ui string, err error) {
	c, err := a.config()
	if err != nil {
		return "", err
	}
	data, err := filepath.Abs(c.DataDir)
	if err != nil {
		return "", fmt.Errorf("find data folder: %w", err)
	}
	if err := os.MkdirAll(data, 0o711); err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	unlock, err := alone(data)
	if err != nil {
		return "", err
	}
	running.stops = append(running.stops, unlock)
	settings := map[string]string{"CANCUOC_DATA_DIR": data}
	listen, err := devserver.Listen(ctx, c.Gateway.Listen)
	if err != nil {
		return "", err
	}
	if listen != c.Gateway.Listen { // another office runs on this machine
		settings["CANCUOC_GATEWAY_LISTEN"], settings["CANCUOC_GATEWAY_PUBLIC_URL"] = listen, "http://"+listen
	}
	if c.Database.URL == "" {
		postgres, err := devserver.StartPostgres(ctx, devserver.PostgresOptions{Dir: filepath.Join(data, "postgres"), Durable: true, Install: true, Port: 15432}, b.say)
		if err != nil {
			return "", err
		}
		running.stops = append(running.stops, postgres.Stop)
		settings["CANCUOC_DATABASE_URL"] = postgres.URL
	}
	if ui = c.Temporal.UIAddress; c.Temporal.Address == "" {
		temporal, err := devserver.StartTemporal(ctx, devserver.TemporalOptions{
			Dir: filepath.Join(data, "temporal"), Keep: true, UI: true, Port: 7233, Codec: "http://" + listen + "/codec",
			SearchAttributes: workflows.SearchAttributes,
		}, b.say)
		if err != nil {
			return "", err
		}
		running.stops = append(running.stops, temporal.Stop)
		settings["CANCUOC_TEMPORAL_ADDRESS"], ui = temporal.Address, temporal.UIAddress
		settings["CANCUOC_TEMPORAL_UI_ADDRESS"], settings["CANCUOC_GATEWAY_CODEC_ORIGINS"] = ui, ui
	}
	for key, value := range rehearsal {
		if os.Getenv(key) == "" {
			settings[key] = value
		}
	}
	for key, value := range settings { // for the programs started below, and for the commands played here
		if err := os.Setenv(key, value); err != nil {
			return "", fmt.Errorf("pass settings on: %w", err)
		}
	}
	if err := writeSettings(filepath.Join(data, settingsFile), settings); err != nil {
		return "", err
	}
	a.loaded = nil
	if c, err = a.config(); err != nil {
		return "", err
	}
	if err := startPrograms(ctx, b, running, data); err != nil {
		return "", err
	}
	b.say("Waiting for worker and gateway ...")
	return ui, awaitReady(ctx, "http://"+c.Gateway.Listen+"/readyz")
}

// rehearsal are settings that make the samples go through in a minute instead of a
// working day; each can be given otherwise.
var rehearsal = map[string]string{
	"CANCUOC_STATION_WRITE_TIME":         "600ms",
	"CANCUOC_STATION_PRINT_TIME":         "400ms",
	"CANCUOC_STATION_SPOIL_FIRST":        "1",
	"CANCUOC_OFFICE_CONSIGNMENT_CUT_OFF": "6s",
	"CANCUOC_OFFICE_RESTOCK":             "2s",
	"CANCUOC_WORKER_SWEEP":               "5s",
}

// settingsFile is where commands in another terminal find the running office.
const settingsFile = "office.yaml"

// writeSettings writes the settings of this run as a configuration file. It holds
// the database's password.
func writeSettings(name string, settings map[string]string) error {
	tree := make(map[string]map[string]string)
	top := make(map[string]string)
	for key, value := range settings {
		section, rest, nested := strings.Cut(strings.ToLower(strings.TrimPrefix(key, "CANCUOC_")), "_")
		if section == "data" || !nested {
			top[section+"_"+rest] = value
			continue
		}
		if tree[section] == nil {
			tree[section] = make(map[string]string)
		}
		tree[section][rest] = value
	}
	b, err := yaml.Marshal(top)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	sections, err := yaml.Marshal(tree)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	if err := os.WriteFile(name, append(b, sections...), 0o600); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return nil
}

// alone sees that one run at a time uses a data folder.
func alone(data string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(data, "run.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("another run is using this data folder; stop it first"), f.Close())
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}

// startPrograms builds worker and gateway and starts them.
func startPrograms(ctx context.Context, b *board, running *servers, data string) error {
	bin := filepath.Join(data, "bin")
	b.say("Building worker and gateway ...")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin+string(filepath.Separator), "./worker", "./gateway", "./starter")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build worker and gateway: %w\n%s", err, out)
	}
	for _, program := range []string{"worker", "gateway"} {
		process, err := devserver.Start(filepath.Join(bin, program), filepath.Join(data, program+".log"))
		if err != nil {
			return err
		}
		running.stops = append(running.stops, process.Stop)
	}
	return nil
}

// awaitReady asks until the gateway says that work can be done.
func awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("ask gateway: %w", err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = answer.Body.Close() // its status is all that is read
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("it answers %s", answer.Status)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the gateway did not become ready; see its log in the data folder: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// command runs one of this program's own commands, as a person would type it.
func command(ctx context.Context, args ...string) error {
	var problems bytes.Buffer
	code := run(ctx, args, nil, io.Discard, &problems)
	return outcomeOf(code, problems.String())
}

// answerOf runs a command with --json and reads its answer.
func answerOf[T any](ctx context.Context, args ...string) (T, error) {
	var answer T
	var out, problems bytes.Buffer
	code := run(ctx, append(args, "--json"), nil, &out, &problems)
	if err := outcomeOf(code, problems.String()); err != nil {
		return answer, err
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return answer, fmt.Errorf("read answer of %s: %w", args[0], err)
	}
	return answer, nil
}

// errRefused is a command that was refused: the time for it may not have come.
var errRefused = errors.New("refused")

func outcomeOf(code int, problems string) error {
	switch code {
	case config.ExitDone:
		return nil
	case config.ExitRefused:
		return fmt.Errorf("%w: %s", errRefused, problems)
	}
	return errors.New(problems)
}
