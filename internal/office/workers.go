package office

import (
	"context"
	"image"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/biometrics/abis"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/workflows"
)

// All gives the workers of every role in one process.
func (o *Office) All(ctx context.Context, id identity.StationID) (engine.Workers, error) {
	pipeline, err := o.Pipeline(ctx)
	if err != nil {
		return nil, err
	}
	stations, err := o.Station(ctx, id)
	if err != nil {
		return nil, err
	}
	return append(pipeline, stations...), nil
}

// options are those of every worker.
func options() worker.Options {
	return worker.Options{
		Interceptors:      []interceptor.WorkerInterceptor{&activities.Refusals{}},
		WorkerStopTimeout: 30 * time.Second,
	}
}

// Deployment is what the workers of workflows are called in Worker Deployment
// Versioning.
const Deployment = "cancuoc"

// deployment has Temporal route workflow tasks to the build that operators made the
// current one. Applications live for months, so that all of them go on with it: the
// replay tests hold a new build to the histories of the old ones.
func deployment(build string) worker.DeploymentOptions {
	if build == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: Deployment, BuildID: build},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}

// Pipeline gives the worker of the workflows and the centre's activities.
func (o *Office) Pipeline(ctx context.Context) (engine.Workers, error) {
	connected, err := o.Temporal(ctx)
	if err != nil {
		return nil, err
	}
	authority, err := o.Authority()
	if err != nil {
		return nil, err
	}
	chip, err := o.chipProfile()
	if err != nil {
		return nil, err
	}
	flows, err := o.Workflows(ctx)
	if err != nil {
		return nil, err
	}
	settings := options()
	settings.MaxConcurrentActivityExecutionSize = o.config.Worker.Concurrency
	settings.DeploymentOptions = deployment(o.config.Worker.Build)
	w := worker.New(connected, workflows.PipelineQueue, settings)
	w.RegisterWorkflow(workflows.CardApplication)
	w.RegisterWorkflow(workflows.Consignment)
	w.RegisterActivity(&activities.Pipeline{
		Registry: o.Registry, Population: o.Registry,
		ABIS:   abis.NewBuiltin(o.Registry),
		Signer: authority.Signers(), Profile: chip,
		Forms: o.Forms, Print: o.print(), Calendar: o.Calendar,
		Consignments: flows, ConsignmentSize: o.config.Office.ConsignmentSize, Now: time.Now,
	})
	w.RegisterActivity(&activities.DispatchRoom{Registry: o.Registry, Applications: flows})
	return engine.Workers{w}, nil
}

// print says how cards are drawn.
func (o *Office) print() render.Options {
	return render.Options{Mode: render.Mode(o.config.Forms.Mode), Specimen: o.config.Forms.Specimen}
}

// Station gives the workers of one station: on the queue that all stations share,
// with as many slots as it has encoders, and on its own.
func (o *Office) Station(ctx context.Context, id identity.StationID) (engine.Workers, error) {
	connected, err := o.Temporal(ctx)
	if err != nil {
		return nil, err
	}
	authority, err := o.Authority()
	if err != nil {
		return nil, err
	}
	chip, err := o.chipStation(authority.Store(), id)
	if err != nil {
		return nil, err
	}
	printer, err := o.printer()
	if err != nil {
		return nil, err
	}
	s := &activities.Station{
		ID: id, Registry: o.Registry, Chip: chip,
		Printer: printer, Print: o.print(),
		Camera: &camera{dpi: o.config.Printing.DPI, print: o.print()},
		Forms:  o.Forms, Trust: cached(authority.TrustStore, time.Minute), Now: time.Now,
	}
	return engine.Workers{
		o.slot(connected, workflows.PersonalizationQueue, o.config.Worker.Slots, s),
		o.slot(connected, workflows.StationQueue(id), 4*o.config.Worker.Slots, s),
	}, nil
}

// printer is the card printer of a station.
func (o *Office) printer() (printing.Printer, error) {
	p, takes := o.config.Printing, o.config.Station.PrintTime
	switch p.Driver {
	case "ipp":
		return printing.OpenIPP(printing.IPPOptions{URI: p.URI, CAFile: p.CAFile, Media: p.Media, Ledger: p.Ledger})
	case "bitmaps":
		return &printing.Bitmaps{Dir: p.Spool, DPI: p.DPI, Time: takes}, nil
	}
	return &printing.Spool{Dir: p.Spool, Time: takes}, nil
}

// slot is a worker that runs the station's activities, so many at once.
func (o *Office) slot(connected client.Client, queue string, n int, s *activities.Station) worker.Worker {
	settings := options()
	settings.MaxConcurrentActivityExecutionSize = n
	settings.DisableWorkflowWorker = true
	w := worker.New(connected, queue, settings)
	w.RegisterActivity(s)
	return w
}

// chipProfile says how chips are filled.
func (o *Office) chipProfile() (lds.Profile, error) {
	chip, err := lds.ProfileByName(o.config.Personalization.Profile)
	chip.NamedCurves = o.config.Personalization.NamedCurves
	return chip, err
}

// Authority opens the certificates and document signers, with keys in the HSM
// where one is named; in development they are files, made at the first start.
func (o *Office) Authority() (*pki.Authority, error) {
	chip, err := o.chipProfile()
	if err != nil {
		return nil, err
	}
	options := pki.Options{
		CSCACurve: chip.SODCurve, SignerCurve: chip.SODCurve, NamedCurves: chip.NamedCurves,
		Production: o.config.Production(),
	}
	token := o.config.Keys.PKCS11
	if token.Module == "" {
		return pki.OpenDev(o.config.PKI.Dir, options)
	}
	pin, err := token.PIN()
	if err != nil {
		return nil, err
	}
	hsm, err := keys.OpenPKCS11(keys.HSM{Module: token.Module, Token: token.Token, PIN: string(pin), Sessions: token.Sessions})
	if err != nil {
		return nil, err
	}
	authority, err := pki.Open(o.config.PKI.Dir, hsm, options)
	if err != nil {
		return nil, err
	}
	return authority, authority.Ensure(time.Now())
}

// Labels and versions of the keys of chips.
const (
	masterLabel    = "card-master"    // from which every chip's own keys come
	transportLabel = "card-transport" // from which the maker's keys come
	cardKeyVersion = 0x01
	makerVersion   = 0x7F
	chipKeyBits    = 128
)

// chipStation puts the encoder, the journal and the keys of a station together.
func (o *Office) chipStation(store keys.Store, id identity.StationID) (*station.Station, error) {
	for _, label := range []string{masterLabel, transportLabel} {
		if err := store.EnsureMaster(label); err != nil {
			return nil, err
		}
	}
	derived := func(label string, version byte) func([]byte) (securechannel.KeySet, error) {
		return func(serial []byte) (securechannel.KeySet, error) {
			return store.CardKeys(label, version, serial, chipKeyBits)
		}
	}
	transport := derived(transportLabel, makerVersion)
	encoder, err := o.encoder(transport)
	if err != nil {
		return nil, err
	}
	catalog, err := profile.Load()
	if err != nil {
		return nil, err
	}
	journal, err := station.OpenJournal(o.config.Station.Journal+"/"+string(id), o.config.Production())
	if err != nil {
		return nil, err
	}
	return &station.Station{
		Encoder: encoder, Journal: journal, Catalog: catalog,
		InitialKeys: transport, CardKeys: derived(masterLabel, cardKeyVersion),
	}, nil
}

// encoder is the machine with the slots.
func (o *Office) encoder(transport func([]byte) (securechannel.KeySet, error)) (station.Encoder, error) {
	s := o.config.Station
	switch s.Driver {
	case "tcp":
		return station.TCP{Address: s.Address}, nil
	case "pcsc":
		return station.NewPCSC(s.Reader)
	}
	return station.NewSimulated(s.Magazine, station.SimulatedOptions{
		InitialKeys: transport,
		Command:     s.WriteTime / commandsPerCard,
		Faults: func(blank string) []station.SimulatedFault {
			if n := trailingNumber(blank); n == 0 || n > s.SpoilFirst {
				return nil
			}
			return []station.SimulatedFault{{Kind: station.CorruptFile, File: 0x0101, Offset: 20}}
		},
	})
}

// commandsPerCard is about how many commands personalize a chip.
const commandsPerCard = 120

// trailingNumber is the number that a blank's serial ends in.
func trailingNumber(serial string) int {
	digits := serial[len(strings.TrimRight(serial, "0123456789")):]
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

// camera is that of the simulated station: what it sees is what the printer was
// given, drawn as dots.
type camera struct {
	dpi   int
	print render.Options
}

// Look implements the camera of activities.Station.
func (c *camera) Look(_ context.Context, form *render.Form, printed render.Content) (front, back image.Image, err error) {
	return form.Bitmaps(printed, c.dpi, c.print)
}

// cached keeps an answer for a while.
func cached[T any](ask func() (T, error), while time.Duration) func() (T, error) {
	type answer struct {
		value T
		at    time.Time
	}
	last := make(chan *answer, 1)
	last <- nil
	return func() (T, error) {
		a := <-last
		defer func() { last <- a }()
		if a != nil && time.Since(a.at) < while {
			return a.value, nil
		}
		value, err := ask()
		if err == nil {
			a = &answer{value, time.Now()}
		}
		return value, err
	}
}
