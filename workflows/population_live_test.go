package workflows_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/workflows"
)

// registerElsewhere is the population register of another office, which may be away.
func registerElsewhere(t *testing.T) (away *atomic.Bool, changes settings) {
	t.Helper()
	dir := t.TempDir()
	token, clients := filepath.Join(dir, "token"), filepath.Join(dir, "clients")
	digest := sha256.Sum256([]byte("token"))
	require.NoError(t, os.WriteFile(token, []byte("token"), 0o600))
	require.NoError(t, os.WriteFile(clients, fmt.Appendf(nil, "office %s pr.person.read pr.identity.read pr.reference.read uin.generate", hex.EncodeToString(digest[:])), 0o600))
	keeper := newLiveOffice(t, settings{"population.clients_file": clients})
	keeper.open(samplePopulation(t))
	register, err := keeper.PopulationRegister(keeper.Desk())
	require.NoError(t, err)
	away = new(atomic.Bool)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		register.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return away, settings{"population.url": s.URL, "population.token_file": token}
}

// A card is made by a population register elsewhere as by the built-in one. While it is
// away, everything that needs it waits and says so, and nothing ends.
func TestLive_ARegisterElsewhereIsAwayAndComesBack(t *testing.T) {
	t.Parallel()
	away, changes := registerElsewhere(t)
	changes["office.consignment_size"] = 1
	o := newLiveOffice(t, changes)
	o.open(nil) // nobody is known here
	o.stock(2)
	o.work(o.All(t.Context(), "PX-01"))
	waits := func(a *liveApplication, stage identity.Stage) {
		t.Helper()
		require.Eventually(t, func() bool {
			r, err := o.Registry.Application(t.Context(), a.number)
			require.NoError(t, err)
			return r.Stage == stage && r.Trouble != "" && r.Trouble != "no station is free"
		}, time.Minute, 50*time.Millisecond)
		r, err := o.Registry.Application(t.Context(), a.number)
		require.NoError(t, err)
		require.Contains(t, r.Trouble, "the population register does not answer")
	}

	away.Store(true)
	a := o.submit("01-first-issue-at-14", nil)
	waits(a, identity.Validation)
	away.Store(false)
	a.await(identity.ToApprove)
	away.Store(true)
	a.does(identity.Approve{Officer: approver})
	waits(a, identity.DataPreparation)
	away.Store(false)
	a.await(identity.ToHandOver)
	require.NoError(t, a.finger("left-index.fmr"))
	require.Equal(t, identity.Issued, a.result().End)

	card, err := o.Registry.Card(t.Context(), a.number, 1)
	require.NoError(t, err)
	who, err := o.Population.PersonByNumber(t.Context(), card.Card.Person.Number)
	require.NoError(t, err)
	require.Equal(t, who.Person, card.Card.Person)
	require.Equal(t, who.ID, card.Person)
}

// One child, applied for five times without a number, at the same moment and at two
// gateways, and approved five times at the same moment: one person, one number, one application
// that goes on; the others wait for an officer, whichever register it is.
func TestLive_OneChildAppliedForFiveTimes(t *testing.T) {
	t.Parallel()
	for name, register := range map[string]func(t *testing.T) settings{
		"BuiltIn": func(*testing.T) settings { return settings{} },
		"Elsewhere": func(t *testing.T) settings {
			t.Helper()
			_, changes := registerElsewhere(t)
			return changes
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newLiveOffice(t, register(t))
			o.open(nil)
			other := o.another(o.config)
			doors := []*intake.Door{o.Door(), other.Door()}
			packets := make([][]byte, 5)
			for i := range packets {
				packets[i] = o.packet("06-child-under-6", func(s *packet.Submission) {
					s.EnrollmentID, s.Person.Number, s.Person.Name, s.Person.Mother = fmt.Sprintf("E-%d", i), "", "Bùi Gia Nguyên Tịnh", "Đỗ Thị Lan"
				})
			}
			receipts, errs := make([]intake.Receipt, len(packets)), make(chan error, len(packets))
			for i := range packets {
				go func() {
					var err error
					receipts[i], err = doors[i%2].Receive(t.Context(), packets[i])
					errs <- err
				}()
			}
			for range packets {
				require.NoError(t, <-errs)
			}
			o.work(o.Pipeline(t.Context()))

			applications := make([]*liveApplication, len(receipts))
			for i, receipt := range receipts {
				applications[i] = &liveApplication{o: o, number: receipt.Number, id: workflows.ApplicationWorkflowID(receipt.Number)}
				applications[i].await(identity.ToApprove)
			}
			approved := new(sync.WaitGroup)
			for _, a := range applications {
				approved.Go(func() { a.does(provenBy) })
			}
			approved.Wait()
			awaiting := make(map[identity.Action]int)
			for _, a := range applications {
				a.until("stock, or an officer", func(stage, awaiting string) bool { return awaiting != "" && stage != string(identity.Approval) })
				r, err := o.Registry.Application(t.Context(), a.number)
				require.NoError(t, err)
				awaiting[r.Awaiting]++
			}
			require.Equal(t, map[identity.Action]int{identity.ToRestock: 1, identity.ToResolve: 4}, awaiting)
			submitted, err := packet.ReadSubmission(os.DirFS("../samples"), "06-child-under-6/application.json", o.Sizes())
			require.NoError(t, err)
			submitted.Person.Name, submitted.Person.Mother = "Bùi Gia Nguyên Tịnh", "Đỗ Thị Lan"
			claim, err := submitted.Person.Parse()
			require.NoError(t, err)
			matches, err := o.Population.FindPersons(t.Context(), claim)
			require.NoError(t, err)
			require.Len(t, matches, 1)
			o.intact()
		})
	}
}

// packet signs a sample as its station does.
func (o *liveOffice) packet(name string, change func(*packet.Submission)) []byte {
	o.t.Helper()
	s, err := packet.ReadSubmission(os.DirFS("../samples"), name+"/application.json", o.Sizes())
	require.NoError(o.t, err)
	if change != nil {
		change(&s)
	}
	key, err := o.StationKeys().Key(identity.StationID(s.Station))
	require.NoError(o.t, err)
	signed, err := packet.Sign(s, key, cast.Known().State)
	require.NoError(o.t, err)
	return signed
}
