package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
	"gopkg.in/yaml.v3"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/workflows"
)

// liveOffice is the office as the programs put it together, on a real Temporal
// server, in a namespace of its own, and a real PostgreSQL.
type liveOffice struct {
	*office.Office

	t         *testing.T
	settings  settings
	config    config.Config
	temporal  client.Client
	flows     *workflows.Client
	namespace string
	codec     *engine.Codec
	log       *logbook
	boxes     map[identity.ConsignmentNumber]bool // that have been taken to their destination
	lose      bool                                // the courier loses the next box's cards
}

// logbook keeps what is logged.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// settings are what a test changes in the configuration, by key.
type settings map[string]any

// newLiveOffice opens an office without workers.
func newLiveOffice(t *testing.T, changes settings) *liveOffice {
	t.Helper()
	address := devservertest.Temporal(t)
	o := &liveOffice{t: t, namespace: devservertest.Namespace(t, address), log: &logbook{}, boxes: make(map[identity.ConsignmentNumber]bool)}
	dir := t.TempDir()
	all := settings{
		"data_dir":           dir,
		"temporal.address":   address,
		"temporal.namespace": o.namespace,
		"database.url":       registrytest.NewSchema(t, devservertest.Postgres(t)),
		"database.max_conns": 8,
	}
	maps.Copy(all, changes)
	o.settings = all
	c, err := config.Load(o.settingsFile("office", nil))
	require.NoError(t, err)
	o.config = c
	o.Office = o.another(c)
	o.flows, err = o.Workflows(t.Context())
	require.NoError(t, err)
	o.temporal = o.flows.Temporal
	keys, err := engine.OpenKeys(c.Temporal.CodecKeyFile, false)
	require.NoError(t, err)
	o.codec = &engine.Codec{Keys: keys}
	return o
}

// intact requires that an auditor finds nothing in what people and programs did.
func (o *liveOffice) intact() {
	o.t.Helper()
	_, err := o.Registry.VerifyActs(o.t.Context())
	require.NoError(o.t, err)
	_, err = intake.Verify(o.t.Context(), o.Registry, intake.Scope{Every: true})
	require.NoError(o.t, err)
}

// settingsFile writes the office's settings with changes, for one of its programs.
func (o *liveOffice) settingsFile(program string, changes settings) string {
	o.t.Helper()
	all := maps.Clone(o.settings)
	maps.Copy(all, changes)
	name := filepath.Join(o.settings["data_dir"].(string), program+".yaml")
	text, err := yaml.Marshal(nested(all))
	require.NoError(o.t, err)
	require.NoError(o.t, os.WriteFile(name, text, 0o600))
	return name
}

// another opens the office once more, with other settings.
func (o *liveOffice) another(c config.Config) *office.Office {
	o.t.Helper()
	opened, err := office.Open(o.t.Context(), c, slog.New(slog.NewTextHandler(o.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	require.NoError(o.t, err)
	o.t.Cleanup(opened.Close)
	return opened
}

// nested turns keys with dots into maps.
func nested(flat settings) map[string]any {
	out := make(map[string]any)
	for key, value := range flat {
		group, name, inGroup := strings.Cut(key, ".")
		if !inGroup {
			out[key] = value
			continue
		}
		if out[group] == nil {
			out[group] = make(map[string]any)
		}
		out[group].(map[string]any)[name] = value
	}
	return out
}

// work starts workers, which stop when the test ends.
func (o *liveOffice) work(workers engine.Workers, err error) {
	o.t.Helper()
	require.NoError(o.t, err)
	require.NoError(o.t, workers.Start())
	o.t.Cleanup(workers.Stop)
}

// open registers stations and people.
func (o *liveOffice) open(population []samples.Citizen) {
	o.t.Helper()
	ctx := o.t.Context()
	script, err := samples.ReadScript(os.DirFS("../samples"))
	require.NoError(o.t, err)
	for _, s := range script.Stations {
		key, err := o.StationKeys().Ensure(s.ID)
		require.NoError(o.t, err)
		registrytest.RegisterStation(o.t, o.Registry, s.ID, key)
	}
	for _, c := range population {
		require.NoError(o.t, o.Registry.SeedCitizen(ctx, seeded(c)))
	}
}

// stock takes in a box of blanks.
func (o *liveOffice) stock(n int) {
	o.t.Helper()
	require.NoError(o.t, registrytest.Signing{Registry: o.Registry}.ReceiveBlanks(o.t.Context(), identity.ReceiveBlanks{
		Box: "B-1", First: "PT0001", Last: identity.BlankSerial(fmt.Sprintf("PT%04d", n)), Location: identity.LocationCenter,
		ReceivedBy: "TK-C06-0001", CountedBy: "TK-C06-0002",
	}))
}

// submit sends a sample as its station does, signed.
func (o *liveOffice) submit(name string, change func(*packet.Submission)) *liveApplication {
	o.t.Helper()
	receipt, err := o.Door().Receive(o.t.Context(), o.packet(name, change))
	require.NoError(o.t, err)
	return &liveApplication{o: o, folder: filepath.Join("..", "samples", name), number: receipt.Number, id: workflows.ApplicationWorkflowID(receipt.Number)}
}

// liveApplication is one application of a live office.
type liveApplication struct {
	o      *liveOffice
	folder string
	number identity.ApplicationNumber
	id     string
}

// await waits until the application waits for that.
func (a *liveApplication) await(action identity.Action) {
	a.o.t.Helper()
	a.until(string(action), func(_, awaiting string) bool { return awaiting == string(action) })
}

// until waits for a state that Temporal shows; boxes travel meanwhile.
func (a *liveApplication) until(what string, reached func(stage, awaiting string) bool) {
	a.o.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		a.o.ship()
		shown := a.attributes()
		if identity.Stage(shown["Stage"]).Ended() {
			require.Empty(a.o.t, shown["FailingActivity"], "it fails no more")
		}
		if reached(shown["Stage"], shown["AwaitingAction"]) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	require.Failf(a.o.t, "nothing happened", "%s was awaited; %s", what, a.o.log)
}

// attributes are what Temporal shows of it, by name.
func (a *liveApplication) attributes() map[string]string {
	a.o.t.Helper()
	described, err := a.o.temporal.DescribeWorkflowExecution(a.o.t.Context(), a.id, "")
	require.NoError(a.o.t, err)
	info := described.GetWorkflowExecutionInfo()
	require.Contains(a.o.t, []enumspb.WorkflowExecutionStatus{
		enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
	}, info.GetStatus())
	shown := make(map[string]string)
	for name, payload := range info.GetSearchAttributes().GetIndexedFields() {
		var text string
		if converter.GetDefaultDataConverter().FromPayload(payload, &text) == nil {
			shown[name] = text
		}
	}
	return shown
}

// result waits for the end.
func (a *liveApplication) result() workflows.CardApplicationResult {
	a.o.t.Helper()
	a.until("an end", func(stage, _ string) bool { return identity.Stage(stage).Ended() })
	var result workflows.CardApplicationResult
	require.NoError(a.o.t, a.o.temporal.GetWorkflow(a.o.t.Context(), a.id, "").Get(a.o.t.Context(), &result))
	return result
}

func (a *liveApplication) decide(act identity.Act) error {
	a.o.t.Helper()
	if _, handsOver := act.(identity.HandOverCard); handsOver {
		registrytest.Pay(a.o.t, a.o.Registry, a.number, registrytest.Signed)
	}
	_, err := a.o.flows.Decide(a.o.t.Context(), a.number, act, registrytest.Signed(act, statement.Application(a.number)))
	if _, lastAct := act.(identity.HandOverCard); lastAct && identity.Refused(err, identity.NotFound) {
		// The workflow ended before its answer was heard, and the client asked again: the desk
		// answers from the registry then, and so is it here.
		record, fault := a.o.Registry.Application(a.o.t.Context(), a.number)
		require.NoError(a.o.t, fault)
		if record.Stage == identity.Issued {
			return nil
		}
	}
	return err
}

func (a *liveApplication) does(act identity.Act) {
	a.o.t.Helper()
	require.NoError(a.o.t, a.decide(act))
}

func (a *liveApplication) approve() {
	a.o.t.Helper()
	a.await(identity.ToApprove)
	a.does(identity.Approve{Officer: approver})
}

// finger lays a finger on the reader.
func (a *liveApplication) finger(file string) error {
	a.o.t.Helper()
	template, err := os.ReadFile(filepath.Join(a.folder, file))
	require.NoError(a.o.t, err)
	probe, err := fingerprint.Templates{fingerprint.LeftIndex: template}.MarshalBinary()
	require.NoError(a.o.t, err)
	try, err := a.o.Registry.Probe(a.o.t.Context(), a.number, probe)
	require.NoError(a.o.t, err)
	return a.decide(identity.HandOverCard{Officer: counter, Method: identity.HandOverByFingerprint, Probe: try, OldCard: identity.OldCardReceived})
}

// ship takes boxes that are sealed to their destinations.
func (o *liveOffice) ship() {
	o.t.Helper()
	boxes, err := o.Registry.Consignments(o.t.Context(), time.Now())
	require.NoError(o.t, err)
	for _, box := range boxes {
		if box.State != identity.ConsignmentSealed || o.boxes[box.Number] {
			continue
		}
		var missing []identity.ApplicationNumber
		if o.lose {
			o.lose = false
			missing = append(missing, box.Cards[0].Application)
		}
		err := o.move(box.Number, identity.SendConsignment{Officer: operator, Courier: "VNPost", Seal: "88001"})
		if err != nil && (identity.Refused(err, identity.NotFound) || identity.Refused(err, identity.NotNow)) {
			continue // its workflow does not know yet
		}
		require.NoError(o.t, err)
		require.NoError(o.t, o.move(box.Number, identity.ReceiveConsignment{Officer: receiver, Counted: len(box.Cards) - len(missing), Missing: missing}))
		o.boxes[box.Number] = true
	}
}

// move carries an act to a box, signed.
func (o *liveOffice) move(box identity.ConsignmentNumber, act identity.Act) error {
	o.t.Helper()
	_, err := o.flows.Move(o.t.Context(), box, act, registrytest.Signed(act, statement.Consignment(box)))
	return err
}

// metadata is what the Temporal UI shows of a workflow beside its history: the details that
// it has now, and which updates, queries and signals it takes.
func (o *liveOffice) metadata(id string) *sdkpb.WorkflowMetadata {
	o.t.Helper()
	answer, err := o.temporal.QueryWorkflow(o.t.Context(), id, "", "__temporal_workflow_metadata")
	require.NoError(o.t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(o.t, answer.Get(&metadata))
	return &metadata
}

// history reads a history, as it is stored or with its payloads opened.
func (o *liveOffice) history(id string, opened bool) *historypb.History {
	o.t.Helper()
	events := o.temporal.GetWorkflowHistory(o.t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	history := &historypb.History{}
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(o.t, err)
		history.Events = append(history.Events, event)
	}
	if opened {
		err := proxy.VisitPayloads(context.WithoutCancel(o.t.Context()), history, proxy.VisitPayloadsOptions{
			SkipSearchAttributes: true,
			Visitor: func(_ *proxy.VisitPayloadsContext, p []*commonpb.Payload) ([]*commonpb.Payload, error) {
				return o.codec.Decode(p)
			},
		})
		require.NoError(o.t, err)
	}
	return history
}

// samplePopulation is who the samples are about.
func samplePopulation(t *testing.T) []samples.Citizen {
	t.Helper()
	citizens, err := samples.ReadPopulation(os.DirFS("../samples"))
	require.NoError(t, err)
	return citizens
}

// size is what a history takes, in bytes.
func size(history *historypb.History) int { return proto.Size(history) }
