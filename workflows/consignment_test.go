package workflows_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// destination is where the boxes of these tests go.
const destination = identity.StationID("001-TN-01")

// dispatchRoom is the center with one box, in a real registry; the applications
// whose cards are in the box only listen.
type dispatchRoom struct {
	*registry.Registry

	t        *testing.T
	clock    func(time.Time)
	env      *testsuite.TestWorkflowEnvironment
	box      identity.ConsignmentNumber
	cards    []identity.ApplicationNumber
	hears    sync.Mutex // arrived; several hear of their cards at once
	arrived  map[identity.ApplicationNumber]bool
	answered []string
}

// newDispatchRoom has so many cards in an open box.
func newDispatchRoom(t *testing.T, cards int) *dispatchRoom {
	t.Helper()
	r, clock := newRegistry(t, registrytest.NewSchema(t, registrytest.URL(t)))
	d := &dispatchRoom{t: t, Registry: r, clock: clock, arrived: make(map[identity.ApplicationNumber]bool)}
	registrytest.RegisterStation(t, r, destination, make([]byte, 32))
	require.NoError(t, registrytest.Signing{Registry: r}.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
		Box: "B-1", First: "PT0001", Last: identity.BlankSerial(fmt.Sprintf("PT%04d", cards)), Location: identity.LocationCenter,
		ReceivedBy: "TK-C06-0001", CountedBy: "TK-C06-0002",
	}))
	for i := range cards {
		d.pack(i)
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet())
	d.env = suite.NewTestWorkflowEnvironment()
	d.env.SetTestTimeout(5 * time.Minute) // of the wall clock
	d.env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&activities.Refusals{}},
		DeadlockDetectionTimeout: time.Minute, // officers sign in the registry meanwhile
	})
	d.env.RegisterActivity(&activities.DispatchRoom{Registry: d.Registry, Applications: d})
	return d
}

// pack takes a card as far as the box.
func (d *dispatchRoom) pack(i int) {
	d.t.Helper()
	ctx := d.t.Context()
	receipt, err := registrytest.Signing{Registry: d.Registry}.Receive(ctx, registry.Submission{
		Application: identity.Application{
			EnrollmentID: fmt.Sprintf("E-%d", i), Station: destination, Officer: enroller, Ground: identity.GroundAge,
			FiledOn: identity.Date{Year: 2026, Month: 11, Day: 23}, Person: identity.Person{Number: identity.PersonalNumber(fmt.Sprintf("001201%06d", i))},
		},
		Rules: identity.Rules{Due: monday},
	})
	require.NoError(d.t, err)
	card := activities.CardInput{Application: receipt.Number, Attempt: 1}
	enter := func(stages ...identity.Stage) {
		for _, stage := range stages {
			require.NoError(d.t, errOf(d.Enter(ctx, registry.StageChange{Application: receipt.Number, To: stage, Attempt: 1, Actor: "system"})))
		}
	}
	enter(identity.BiometricCapture, identity.Validation, identity.Deduplication, identity.Approval)
	_, err = registrytest.Signing{Registry: d.Registry}.Decide(ctx, identity.Decision{Application: receipt.Number, Step: identity.StepApprove, Round: 1, Officer: approver}, time.Time{})
	require.NoError(d.t, err)
	enter(identity.DataPreparation)
	serial, err := identity.NewCardSerial(rand.Reader)
	require.NoError(d.t, err)
	require.NoError(d.t, d.SaveCard(ctx, registry.CardData{
		Application: card.Application, Attempt: 1,
		Card: identity.Card{Serial: serial, Person: identity.Person{Number: identity.PersonalNumber(fmt.Sprintf("001201%06d", i))}, Issued: identity.DateOf(monday)},
	}))
	enter(identity.Personalization)
	_, err = d.TakeBlank(ctx, card.Application, 1, "PX-01")
	require.NoError(d.t, err)
	require.NoError(d.t, d.Advance(ctx, card.Application, 1, identity.CardPersonalized, ""))
	enter(identity.Printing)
	require.NoError(d.t, d.Advance(ctx, card.Application, 1, identity.CardPrinted, ""))
	enter(identity.Inspection)
	require.NoError(d.t, d.Advance(ctx, card.Application, 1, identity.CardInspected, ""))
	enter(identity.Dispatch)
	packed, err := d.Pack(ctx, card.Application, 1, 100, "system")
	require.NoError(d.t, err)
	d.box, d.cards = packed.Consignment, append(d.cards, card.Application)
}

// Arrived is an application that hears of its card.
func (d *dispatchRoom) Arrived(_ context.Context, app identity.ApplicationNumber, _ identity.ConsignmentNumber, missing bool) error {
	d.hears.Lock()
	defer d.hears.Unlock()
	d.arrived[app] = !missing
	return nil
}

// LookApplication is an application that is told to read the registry.
func (d *dispatchRoom) LookApplication(context.Context, identity.ApplicationNumber) error { return nil }

// after sends an update, signed, that much after the box was opened, and notes the answer.
func (d *dispatchRoom) after(delay time.Duration, message identity.Act) {
	d.afterStating(delay, message, func() statement.Signed {
		return registrytest.SignedAt(d.env.Now(), message, statement.Consignment(d.box), "")
	})
}

// afterStating is after with any statement.
func (d *dispatchRoom) afterStating(delay time.Duration, message identity.Act, state func() statement.Signed) {
	name := message.ActName()
	d.env.RegisterDelayedCallback(func() {
		answer := func(err error) {
			text := "accepted"
			if err != nil {
				text = sentence(err)
			}
			d.answered = append(d.answered, name+": "+text)
		}
		d.clock(d.env.Now())
		signed := state()
		d.env.UpdateWorkflow(name, signed.ID(), &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: answer, OnComplete: func(_ any, err error) { answer(err) },
		}, message, signed)
	}, delay)
}

// process takes the box to its destination.
func (d *dispatchRoom) process() workflows.ConsignmentResult {
	d.t.Helper()
	d.env.ExecuteWorkflow(workflows.Consignment, workflows.ConsignmentInput{Number: d.box, Destination: destination, CutOff: day})
	require.True(d.t, d.env.IsWorkflowCompleted())
	require.NoError(d.t, d.env.GetWorkflowError())
	var result workflows.ConsignmentResult
	require.NoError(d.t, d.env.GetWorkflowResult(&result))
	return result
}

// state is the box's, as the registry has it.
func (d *dispatchRoom) state() identity.ConsignmentState {
	d.t.Helper()
	box, err := d.Registry.Consignment(d.t.Context(), d.box)
	require.NoError(d.t, err)
	return box.State
}

var (
	seals = identity.SealConsignment{Officer: operator}
	sends = identity.SendConsignment{Officer: operator, Courier: "VNPost", Seal: "88001"}
)

func TestConsignment_IsSealedWhenItsTimeIsUp(t *testing.T) {
	t.Parallel()
	d := newDispatchRoom(t, 2)
	d.after(day-time.Minute, sends)
	d.after(day+time.Minute, sends)
	d.after(2*day, identity.ReceiveConsignment{Officer: counter, Counted: 2})

	result := d.process()

	require.Equal(t, workflows.ConsignmentResult{Sent: 2, Arrived: 2}, result)
	require.Equal(t, []string{"send: consignment C-000001 cannot be sent now: it is open", "send: accepted", "receive: accepted"}, d.answered)
	require.Equal(t, identity.ConsignmentReceived, d.state())
}

func TestConsignment_IsSealedWhenItIsFull(t *testing.T) {
	t.Parallel()
	d := newDispatchRoom(t, 1)
	d.env.RegisterDelayedCallback(func() { d.env.SignalWorkflow(workflows.SignalFull, nil) }, time.Minute)
	d.after(time.Hour, sends)
	d.after(2*time.Hour, identity.ReceiveConsignment{Officer: counter, Counted: 1})

	result := d.process()

	require.Equal(t, workflows.ConsignmentResult{Sent: 1, Arrived: 1}, result)
	require.Equal(t, []string{"send: accepted", "receive: accepted"}, d.answered)
}

func TestConsignment_IsSealedByAnOfficer(t *testing.T) {
	t.Parallel()
	d := newDispatchRoom(t, 1)
	d.after(time.Minute, seals)
	d.after(2*time.Minute, seals)
	d.after(time.Hour, sends)
	d.after(2*time.Hour, identity.ReceiveConsignment{Officer: counter, Counted: 1})

	d.process()

	require.Equal(t, []string{
		"seal: accepted", "seal: consignment C-000001 cannot be sealed now: it is sealed", "send: accepted", "receive: accepted",
	}, d.answered)
}

func TestConsignment_TellsEveryApplicationWhetherItsCardArrived(t *testing.T) {
	t.Parallel()
	d := newDispatchRoom(t, 3)
	lost := d.cards[1]
	d.after(time.Minute, seals)
	d.after(time.Hour, sends)
	d.after(2*time.Hour, identity.ReceiveConsignment{Officer: counter, Counted: 2, Missing: []identity.ApplicationNumber{lost}})

	result := d.process()

	require.Equal(t, workflows.ConsignmentResult{Sent: 3, Arrived: 2, Missing: 1}, result)
	require.Equal(t, map[identity.ApplicationNumber]bool{d.cards[0]: true, lost: false, d.cards[2]: true}, d.arrived)
}

func TestConsignment_WrongCountIsRefusedUntilItIsRight(t *testing.T) {
	t.Parallel()
	d := newDispatchRoom(t, 2)
	d.after(time.Minute, seals)
	d.after(time.Hour, sends)
	d.after(2*time.Hour, identity.ReceiveConsignment{Officer: counter, Counted: 1})
	d.after(3*time.Hour, identity.ReceiveConsignment{Officer: counter, Counted: 1, Missing: []identity.ApplicationNumber{"00000-00000-0"}})
	d.after(4*time.Hour, identity.ReceiveConsignment{Officer: counter, Counted: 2})

	d.process()

	require.Equal(t, []string{
		"seal: accepted", "send: accepted",
		"receive: counted: 1 counted, 0 of them surplus, and 0 missing do not make the 2 on the manifest: name each card of the manifest that is not in the box as missing, and each card in the box that is not on it as surplus",
		"receive: missing: 00000-00000-0 is not on the manifest",
		"receive: accepted",
	}, d.answered)
}

func TestConsignment_RefusesWhatIsIncomplete(t *testing.T) {
	t.Parallel()
	d := newDispatchRoom(t, 1)
	d.after(1*time.Minute, identity.SealConsignment{})
	d.after(2*time.Minute, identity.ReceiveConsignment{Officer: counter, Counted: 1})
	d.after(3*time.Minute, seals)
	d.after(4*time.Minute, identity.SendConsignment{Officer: operator, Seal: "88001"})
	d.after(5*time.Minute, identity.SendConsignment{Officer: operator, Courier: "VNPost"})
	d.after(6*time.Minute, sends)
	d.after(7*time.Minute, identity.ReceiveConsignment{Officer: counter, Counted: 1})

	d.process()

	require.Equal(t, []string{
		"seal: officer: is empty; say who decides",
		"receive: consignment C-000001 cannot be received now: it is open",
		"seal: accepted",
		"send: courier: is empty; say who takes it",
		"send: seal: is empty; give the number on the seal",
		"send: accepted",
		"receive: accepted",
	}, d.answered)
}
