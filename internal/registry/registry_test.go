package registry_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/vault"
)

const (
	enrollment = identity.StationID("001-TN-01")
	press      = identity.StationID("PX-01")

	enroller    = identity.OfficerID("CB-001-0001")
	adjudicator = identity.OfficerID("GD-01")
	approver    = identity.OfficerID("CB-001-0003")
	counter     = identity.OfficerID("TK-02")
)

// bundle is a registry in a schema of its own, with a station, and what tests
// need to look behind it.
type bundle struct {
	registrytest.Signing

	url        string
	vault      *vault.Vault
	db         *pgx.Conn // of a superuser; may be used by one goroutine
	roundTrips *roundTrips
	serial     atomic.Int64
}

// roundTrips counts them.
type roundTrips struct{ n atomic.Int64 }

func (c *roundTrips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (*roundTrips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *roundTrips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (*roundTrips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (*roundTrips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

func newBundle(t *testing.T) *bundle {
	t.Helper()
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "master.key"), true)
	require.NoError(t, err)
	return newBundleWith(t, vault.New(master))
}

func newBundleWith(t *testing.T, v *vault.Vault) *bundle {
	t.Helper()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	trips := &roundTrips{}
	r, err := registry.Open(t.Context(), url, registry.Options{Vault: v, MaxConns: 12, Tracer: trips})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	conn, err := pgx.Connect(t.Context(), registrytest.Behind(t, url))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	b := &bundle{Signing: registrytest.Signing{Registry: r}, url: url, vault: v, db: conn, roundTrips: trips}
	registrytest.RegisterStation(t, r, enrollment, make([]byte, 32))
	return b
}

// submission is a valid submission of a new person, changed by change.
func (b *bundle) submission(change ...func(*registry.Submission)) registry.Submission {
	n := b.serial.Add(1)
	s := registry.Submission{
		Application: identity.Application{
			EnrollmentID: fmt.Sprintf("E-%d", n), Station: enrollment, Officer: enroller, Channel: identity.AtStation,
			Type: identity.Exchange, Ground: identity.GroundAge, FiledOn: identity.Date{Year: 2026, Month: 3, Day: 2},
			Person: identity.Person{
				Number: identity.PersonalNumber(fmt.Sprintf("001201%06d", n)), Name: identity.Name{Text: "Nguyễn Thị Ánh"},
				Birth: identity.Date{Year: 2001, Month: 2, Day: 28}, Sex: identity.Female,
				Residence: identity.Place{Text: "12 Hàng Bài, Hà Nội", Province: "001"},
			},
			Delivery: identity.Collect,
		},
		Rules: identity.Rules{
			Law: identity.Law2023, Form: "can-cuoc-2024", ProcessingDays: 7, Fee: 50000,
			Due:    time.Date(2026, 3, 12, 0, 0, 0, 0, identity.HanoiTime),
			Expiry: identity.Expiry{Date: identity.Date{Year: 2026, Month: 2, Day: 28}},
		},
		Evidence: map[identity.EvidenceKind][]byte{identity.EvidencePacket: []byte("packet"), identity.EvidencePortrait: []byte("portrait"), identity.EvidenceTemplates: []byte("templates")},
	}
	for _, c := range change {
		c(&s)
	}
	s.Digest = sha256.Sum256([]byte(s.Application.EnrollmentID))
	return s
}

func (b *bundle) received(t *testing.T, change ...func(*registry.Submission)) identity.ApplicationNumber {
	t.Helper()
	receipt, err := b.Receive(t.Context(), b.submission(change...))
	require.NoError(t, err)
	return receipt.Number
}

func (b *bundle) enter(t *testing.T, number identity.ApplicationNumber, attempt int, stages ...identity.Stage) {
	t.Helper()
	for _, s := range stages {
		b.decided(t, number, s)
		require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: s, Attempt: attempt, Actor: "system"})))
	}
}

// decided has an officer decide on an end, which nothing else brings about.
func (b *bundle) decided(t *testing.T, number identity.ApplicationNumber, end identity.Stage) {
	t.Helper()
	d, decides := map[identity.Stage]identity.Decision{
		identity.Rejected:  {Step: identity.StepReject, Reason: identity.Reason{Code: "not-entitled"}},
		identity.Withdrawn: {Step: identity.StepWithdraw, Reason: identity.Reason{Code: identity.ReasonOther, Note: "by word"}},
	}[end]
	if !decides {
		return
	}
	d.Application, d.Round, d.Officer = number, 1, approver
	require.NoError(t, errOf(b.Decide(t.Context(), d, time.Time{})))
}

func (b *bundle) card(t *testing.T, number identity.ApplicationNumber, attempt int) registry.CardData {
	t.Helper()
	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	serial, err := identity.NewCardSerial(rand.Reader)
	require.NoError(t, err)
	return registry.CardData{
		Application: number, Attempt: attempt,
		Card: identity.Card{
			Form: record.Rules.Form, Serial: serial, Person: record.Application.Person,
			Issued: identity.Date{Year: 2026, Month: 3, Day: 4}, Expiry: identity.Expiry{Date: identity.Date{Year: 2041, Month: 2, Day: 28}},
		},
		DigestForm: [32]byte{1}, DigestSOD: [32]byte{2}, DigestPrint: [32]byte{3},
		Evidence: map[identity.EvidenceKind][]byte{identity.EvidenceChipImage: []byte("chip"), identity.EvidencePrint: []byte("pdf")},
	}
}

// prepared is an approved application with the data of its first card.
func (b *bundle) prepared(t *testing.T, change ...func(*registry.Submission)) identity.ApplicationNumber {
	t.Helper()
	number := b.received(t, change...)
	b.enter(t, number, 1, identity.BiometricCapture, identity.Validation, identity.Deduplication, identity.Approval)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "approve", Round: 1, Officer: approver}, time.Time{})))
	b.enter(t, number, 1, identity.DataPreparation)
	require.NoError(t, b.SaveCard(t.Context(), b.card(t, number, 1)))
	b.enter(t, number, 1, identity.Personalization)
	return number
}

// inspected is an application with a good card on a blank from stock.
func (b *bundle) inspected(t *testing.T, change ...func(*registry.Submission)) identity.ApplicationNumber {
	t.Helper()
	number := b.prepared(t, change...)
	_, err := b.db.Exec(t.Context(), `INSERT INTO stations_at_work (id, slots) VALUES ($1, 1) ON CONFLICT DO NOTHING`, press) // as a station reports itself
	require.NoError(t, err)
	_, err = b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)
	b.made(t, number)
	return number
}

// made has a card inspected that is being written.
func (b *bundle) made(t *testing.T, number identity.ApplicationNumber) {
	t.Helper()
	for _, made := range []struct {
		card identity.CardState
		next identity.Stage
	}{{identity.CardPersonalized, identity.Printing}, {identity.CardPrinted, identity.Inspection}, {identity.CardInspected, identity.Dispatch}} {
		require.NoError(t, b.Advance(t.Context(), number, 1, made.card, ""))
		b.enter(t, number, 1, made.next)
	}
}

// arrived is an application whose card waits for its holder.
func (b *bundle) arrived(t *testing.T, change ...func(*registry.Submission)) identity.ApplicationNumber {
	t.Helper()
	number := b.inspected(t, change...)
	b.delivered(t, number)
	registrytest.Pay(t, b.Registry, number, registrytest.Signed)
	return number
}

// delivered has an inspected card brought to where it is handed over.
func (b *bundle) delivered(t *testing.T, number identity.ApplicationNumber) {
	t.Helper()
	p, err := b.Pack(t.Context(), number, 1, 1, "system")
	require.NoError(t, err)
	require.True(t, p.Full)
	_, _, err = b.SealConsignment(t.Context(), p.Consignment, "")
	require.NoError(t, err)
	require.NoError(t, b.SendConsignment(t.Context(), p.Consignment, identity.SendConsignment{Officer: approver, Courier: "VNPost", Seal: "88213"}))
	require.NoError(t, b.ReceiveConsignment(t.Context(), p.Consignment, identity.ReceiveConsignment{Officer: counter, Counted: 1}))
	b.enter(t, number, 1, identity.HandOver)
}

func (b *bundle) stock(t *testing.T, blanks int) {
	t.Helper()
	first := b.serial.Add(int64(blanks)) - int64(blanks)
	require.NoError(t, b.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
		Box: fmt.Sprintf("B-%d", first), First: identity.BlankSerial(fmt.Sprintf("PT%08d", first)),
		Last: identity.BlankSerial(fmt.Sprintf("PT%08d", first+int64(blanks)-1)), Location: identity.LocationCenter, ReceivedBy: approver, CountedBy: counter,
	}))
}

func handOver(number identity.ApplicationNumber) registry.HandOver {
	act := identity.HandOverCard{Officer: enroller, Method: identity.HandOverByFingerprint, OldCard: identity.OldCardReceived}
	return registry.HandOver{HandOverCard: act, Application: number, Attempt: 1}
}

// balanced requires that every blank is accounted for.
func (b *bundle) balanced(t *testing.T) registry.Stock {
	t.Helper()
	s, err := b.Stock(t.Context())
	require.NoError(t, err)
	require.True(t, s.Balanced, "%+v", s)
	return s
}

// atOnce runs f in n goroutines that start together, and gives their errors.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// trail is the events of an application's audit trail, which must verify.
func (b *bundle) trail(t *testing.T, number identity.ApplicationNumber) []string {
	t.Helper()
	require.NoError(t, b.VerifyAudit(t.Context(), number))
	entries, err := b.Audit(t.Context(), number)
	require.NoError(t, err)
	events := make([]string, len(entries))
	for i, e := range entries {
		events[i] = e.Event
	}
	return events
}

// errOf is the error of a call whose result is of no interest.
func errOf[T any](_ T, err error) error { return err }
