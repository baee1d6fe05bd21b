package workflows_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// boxRoom is an office whose pipeline's worker is a process that loses its power.
type boxRoom struct {
	*liveOffice

	worker *workerProcess
	apps   []*liveApplication
}

func newBoxRoom(t *testing.T) *boxRoom {
	t.Helper()
	o := &boxRoom{liveOffice: newLiveOffice(t, settings{"office.consignment_size": 3, "office.consignment_cut_off": "1h", "worker.reconcile": "1s"})}
	o.open(samplePopulation(t))
	o.stock(20)
	o.flows.Patience = 10 * time.Second
	o.worker = newWorkerProcess(o.liveOffice, "pipeline", settings{"worker.role": "pipeline"})
	o.worker.start()
	(&twoStations{liveOffice: o.liveOffice}).begin("PX-01", nil)
	for _, name := range []string{"01-first-issue-at-14", "08-reissue-after-loss", "15-urgent", "16-damaged-card"} { // of one counter
		o.apps = append(o.apps, o.submit(name, nil))
	}
	return o
}

// soon waits for what the registry will have.
func (o *boxRoom) soon(what string, has func() bool) {
	o.t.Helper()
	require.Eventually(o.t, has, 2*time.Minute, 5*time.Millisecond, what)
}

func (o *boxRoom) approve(apps ...*liveApplication) {
	o.t.Helper()
	for _, a := range apps {
		o.soon("to approve", func() bool { return o.record(a).Awaiting == identity.ToApprove })
		a.does(identity.Approve{Officer: approver})
	}
}

func (o *boxRoom) record(a *liveApplication) registry.ApplicationRecord {
	o.t.Helper()
	record, err := o.Registry.Application(o.t.Context(), a.number)
	require.NoError(o.t, err)
	return record
}

// boxOf is the number of the box that an application's card is in; empty while it is in none.
func (o *boxRoom) boxOf(a *liveApplication) identity.ConsignmentNumber {
	return o.record(a).Consignment
}

func (o *boxRoom) is(number identity.ConsignmentNumber, state identity.ConsignmentState) func() bool {
	return func() bool {
		box, err := o.Registry.Consignment(o.t.Context(), number)
		require.NoError(o.t, err)
		return box.State == state
	}
}

// say gives a command until it is answered, as starter does for an officer who does not
// know whether it arrived.
func (o *boxRoom) say(number identity.ConsignmentNumber, act identity.Act) {
	o.t.Helper()
	require.EventuallyWithT(o.t, func(c *assert.CollectT) {
		done, err := o.Registry.Moved(o.t.Context(), number, act)
		if !done && err == nil {
			_, err = o.flows.Move(o.t.Context(), number, act, registrytest.Signed(act, statement.Consignment(number)))
		}
		assert.NoError(c, err)
	}, 2*time.Minute, 100*time.Millisecond)
}

// killing takes the power from the worker when a row of a table is to reach a state: in
// the middle of the statement, or as soon as the registry has it. Do has it come to that; it
// is done again when the worker is back.
func (o *boxRoom) killing(inTheMiddle bool, table, state string, has func() bool, do func()) {
	o.t.Helper()
	began, lift := has, func() {}
	if inTheMiddle {
		began, lift = o.holdBack(table, state)
	}
	given := make(chan struct{})
	go func() {
		defer close(given)
		do()
	}()
	o.soon(state, began)
	o.worker.kill()
	lift()
	o.worker.start()
	<-given
	do()
	o.soon(state, has)
}

// A worker that loses its power at each step of a box, in the middle of it or just after,
// and a count with a missing and a surplus card: the same commands, given again, lead to
// the end. Every card is handed over, and the blanks balance at every moment.
func TestBox_WhoseWorkerIsKilledAtEachStep(t *testing.T) {
	t.Parallel()
	for name, inTheMiddle := range map[string]bool{"InTheMiddle": true, "JustAfter": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newBoxRoom(t)
			stop := o.watchStock()
			missing, surplus := o.apps[0], o.apps[3]
			approve := func(apps ...*liveApplication) func() { return sync.OnceFunc(func() { o.approve(apps...) }) }
			o.killing(inTheMiddle, "cards", string(identity.CardPacked), func() bool { return o.boxOf(missing) != "" }, approve(missing))
			first := o.boxOf(missing) // a number may be lost with the statement
			o.killing(inTheMiddle, "consignments", string(identity.ConsignmentSealed), o.is(first, identity.ConsignmentSealed), approve(o.apps[1], o.apps[2]))
			o.approve(surplus)
			o.soon("the card of another box", func() bool { return o.boxOf(surplus) != "" })

			o.killing(inTheMiddle, "consignments", string(identity.ConsignmentSent), o.is(first, identity.ConsignmentSent), func() {
				o.say(first, identity.SendConsignment{Officer: operator, Courier: "VNPost", Seal: "88001"})
			})
			o.killing(inTheMiddle, "consignments", string(identity.ConsignmentReceived), o.is(first, identity.ConsignmentReceived), func() {
				o.say(first, identity.ReceiveConsignment{
					Officer: receiver, Counted: 3, Missing: []identity.ApplicationNumber{missing.number}, Surplus: []string{string(surplus.number)},
				})
			})

			var second identity.ConsignmentNumber
			o.soon("another card for the missing one", func() bool {
				second = o.boxOf(missing)
				return second != "" && second != first
			})
			o.say(second, identity.SealConsignment{Officer: operator})
			o.say(second, identity.SendConsignment{Officer: operator, Courier: "VNPost", Seal: "88002"})
			o.say(second, identity.ReceiveConsignment{Officer: receiver, Counted: 1})
			for i, a := range o.apps {
				o.soon("at the counter", func() bool { return o.record(a).Awaiting == identity.ToHandOver })
				a.does(identity.HandOverCard{Officer: counter, Method: identity.HandOverByOfficer, Proof: "known to the officer", OldCard: identity.OldCardReceived})
				require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: []int{2, 1, 1, 1}[i]}, a.result())
			}
			stop()
			stock, err := o.Registry.Stock(t.Context())
			require.NoError(t, err)
			require.Equal(t, registry.Stock{Received: 20, InStock: 15, Spoiled: 1, Issued: 4, Balanced: true}, stock)
			require.NoError(t, o.Registry.VerifyBooks(t.Context()))
		})
	}
}

// watchStock counts the blanks again and again until it is stopped.
func (o *liveOffice) watchStock() (stop func()) {
	unequal, stopped := make(chan registry.Stock, 1), make(chan struct{})
	go func() {
		defer close(unequal)
		for {
			select {
			case <-stopped:
				return
			case <-time.After(20 * time.Millisecond):
			}
			if stock, err := o.Registry.Stock(o.t.Context()); err == nil && !stock.Balanced {
				unequal <- stock
				return
			}
		}
	}()
	return func() {
		close(stopped)
		for stock := range unequal {
			require.Failf(o.t, "the stock did not balance", "%+v", stock)
		}
	}
}
