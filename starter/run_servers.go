package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/notify"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/samples/play"
	"example.org/cancuoc/workflows"
)

// servers are what runs beside this process.
type servers struct {
	say      devserver.Say
	data     string            // the data folder, absolute
	settings map[string]string // by which programs and commands find the servers, as variables of the environment
	ui       string            // URL of the Temporal UI; "" where there is none
	inbox    string            // file of the notifications; "" where the settings name who is told
	stops    []func()          // in the order of starting
}

// stop stops what was started, the last first.
func (s *servers) stop() {
	for _, stop := range slices.Backward(s.stops) {
		stop()
	}
}

// startOffice starts what the settings do not name, then worker and gateway, and
// makes this process use them.
func (a *app) startOffice(ctx context.Context, s *servers) error {
	if err := a.forgetPublished(); err != nil {
		return err
	}
	c, err := a.config()
	if err != nil {
		return err
	}
	if err := s.claim(c.DataDir); err != nil {
		return err
	}
	listen, err := devserver.Listen(ctx, c.Gateway.Listen)
	if err != nil {
		return err
	}
	citizens, err := devserver.Listen(ctx, c.Gateway.CitizensListen)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if listen != c.Gateway.Listen || citizens != c.Gateway.CitizensListen { // another office runs on this machine
		s.settings["CANCUOC_GATEWAY_LISTEN"], s.settings["CANCUOC_GATEWAY_CITIZENS_LISTEN"] = listen, citizens
		s.settings["CANCUOC_GATEWAY_PUBLIC_URL"] = "http://" + citizens
		s.settings["CANCUOC_GATEWAY_OFFICERS_URL"] = "http://localhost:" + port
	}
	if c.Database.URL == "" {
		if err := s.startPostgres(ctx); err != nil {
			return err
		}
	}
	if s.ui = c.Temporal.UIAddress; c.Temporal.Address == "" {
		if err := s.startTemporal(ctx, "http://localhost:"+port+"/codec"); err != nil {
			return err
		}
	}
	if len(c.Notifications.Receivers) == 0 {
		if err := s.startInbox(ctx); err != nil {
			return err
		}
	}
	if err := s.measure(ctx, c); err != nil { // last, since a port that is free may be taken meanwhile
		return err
	}
	if err := s.publish(a.configFile); err != nil {
		return err
	}
	a.loaded = nil // load them again, with what was published
	if c, err = a.config(); err != nil {
		return err
	}
	if _, err := office.Migrate(ctx, c); err != nil {
		return err
	}
	if _, err := a.found(ctx, c, cast.Founders); err != nil {
		return err
	}
	if err := s.startPrograms(ctx); err != nil {
		return err
	}
	s.say("Waiting for worker and gateway ...")
	return awaitReady(ctx, "http://"+listen+"/readyz")
}

// measure has worker and gateway serve Prometheus where the settings do not say where.
func (s *servers) measure(ctx context.Context, c config.Config) error {
	for _, program := range []struct{ key, set, own string }{
		{"CANCUOC_WORKER_LISTEN", c.Worker.Listen, "127.0.0.1:9464"},
		{"CANCUOC_GATEWAY_METRICS_LISTEN", c.Gateway.MetricsListen, "127.0.0.1:9465"},
	} {
		if program.set != "" {
			continue
		}
		listen, err := devserver.Listen(ctx, program.own)
		if err != nil {
			return err
		}
		s.settings[program.key] = listen
	}
	return nil
}

// claim makes the data folder, for one run at a time.
func (s *servers) claim(data string) (err error) {
	if s.data, err = filepath.Abs(data); err != nil {
		return fmt.Errorf("find data folder: %w", err)
	}
	if err := os.MkdirAll(s.data, 0o711); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	release, err := devserver.Claim(s.data, "run.lock")
	if err != nil {
		return err
	}
	s.stops = append(s.stops, release)
	s.settings = map[string]string{"CANCUOC_DATA_DIR": s.data}
	return nil
}

// startPostgres starts a private cluster.
func (s *servers) startPostgres(ctx context.Context) error {
	postgres, err := devserver.StartPostgres(ctx, devserver.PostgresOptions{Dir: filepath.Join(s.data, "postgres"), Durable: true, Install: true, Port: 15432}, s.say)
	if err != nil {
		return err
	}
	s.watch("PostgreSQL", postgres.Process, postgres.Stop)
	// The owner's URL is in a file, which only starter migrate reads.
	owner := filepath.Join(s.data, "owner_url")
	if err := os.WriteFile(owner, []byte(postgres.OwnerURL+"\n"), 0o600); err != nil {
		return fmt.Errorf("publish settings: %w", err)
	}
	s.settings["CANCUOC_DATABASE_URL"], s.settings["CANCUOC_DATABASE_OWNER_URL_FILE"] = postgres.URL, owner
	return nil
}

// startTemporal starts a development server whose UI has payloads decrypted by the
// codec at that URL.
func (s *servers) startTemporal(ctx context.Context, codec string) error {
	temporal, err := devserver.StartTemporal(ctx, devserver.TemporalOptions{
		Dir: filepath.Join(s.data, "temporal"), Keep: true, UI: true, Port: 7233, Codec: codec,
		SearchAttributes: workflows.SearchAttributes,
	}, s.say)
	if err != nil {
		return err
	}
	s.watch("Temporal", temporal.Process, temporal.Stop)
	// On one site with the officers' pages, whose cookie the codec asks for.
	s.ui = strings.Replace(temporal.UIAddress, "127.0.0.1", "localhost", 1)
	s.settings["CANCUOC_TEMPORAL_ADDRESS"] = temporal.Address
	s.settings["CANCUOC_TEMPORAL_UI_ADDRESS"], s.settings["CANCUOC_GATEWAY_CODEC_ORIGINS"] = s.ui, s.ui
	return nil
}

// startInbox has an office whose settings name no receiver of notifications tell a file: of all
// applications, and with address and text of those whose citizens agreed to e-mail.
func (s *servers) startInbox(ctx context.Context) error {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	secret := "whsec_" + base64.StdEncoding.EncodeToString(key)
	keys, err := notify.ParseKeys(secret)
	if err != nil {
		return err
	}
	secretFile := filepath.Join(s.data, "inbox.key")
	if err := os.WriteFile(secretFile, []byte(secret+"\n"), 0o600); err != nil {
		return fmt.Errorf("start inbox: %w", err)
	}
	s.inbox = filepath.Join(s.data, "notifications.jsonl")
	inbox, err := play.OpenInbox(s.inbox, keys, time.Now)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("start inbox: %w", err), inbox.Close())
	}
	server := &http.Server{Handler: inbox, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()                                           // until it is closed
	s.stops = append(s.stops, func() { _ = errors.Join(server.Close(), inbox.Close()) }) // what it answered is on the disk
	url := "http://" + listener.Addr().String() + "/"
	receivers, err := json.Marshal([]map[string]any{
		{"name": "inbox", "url": url, "secret_file": secretFile},
		{"name": "inbox-email", "url": url, "secret_file": secretFile, "by": identity.ByEmail},
	})
	s.settings["CANCUOC_NOTIFICATIONS_RECEIVERS"] = string(receivers)
	return err
}

// startPrograms builds worker and gateway, and this program for other terminals,
// and starts the two.
func (s *servers) startPrograms(ctx context.Context) error {
	bin := filepath.Join(s.data, "bin")
	s.say("Building worker and gateway ...")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin+string(filepath.Separator), "./worker", "./gateway", "./starter")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build worker and gateway: %w\n%s", err, out)
	}
	for _, program := range []string{"worker", "gateway"} {
		started, err := s.startProgram(program)
		if err != nil {
			return err
		}
		s.keep(program, started)
	}
	return nil
}

func (s *servers) startProgram(name string) (*devserver.Process, error) {
	return devserver.Start(filepath.Join(s.data, "bin", name), filepath.Join(s.data, name+".log"))
}

// keep says when the program ends before it is stopped, and starts it again: whoever
// kills one of an office's programs sees the work go on.
func (s *servers) keep(name string, running *devserver.Process) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		// One that ends again and again is started more and more seldom.
		for pause := time.Second; ; pause = min(2*pause, time.Minute) {
			select {
			case <-stop:
				running.Stop()
				return
			case <-running.Ended:
			}
			s.say("The %s has ended (%s); it is started again in %s. Its log ends:\n%s", name, running.How, pause, running.LastWords())
			select {
			case <-stop:
				return
			case <-time.After(pause):
			}
			again, err := s.startProgram(name)
			if err != nil {
				s.say("%v; what needs the %s waits until make run is begun anew.", err, name)
				<-stop
				return
			}
			running = again
		}
	}()
	s.stops = append(s.stops, func() { close(stop); <-stopped })
}

// watch says when a server ends before it is stopped. It is not started again: its
// address may be taken meanwhile, and the programs know no other.
func (s *servers) watch(name string, server *devserver.Process, end func()) {
	stop := make(chan struct{})
	go func() {
		select {
		case <-stop:
		case <-server.Ended:
			s.say("%s has ended (%s); Ctrl-C and a new make run go on from here. Its log ends:\n%s", name, server.How, server.LastWords())
		}
	}()
	s.stops = append(s.stops, end, func() { close(stop) })
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
