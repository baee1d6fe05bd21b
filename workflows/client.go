package workflows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Client is the one way by which programs and activities reach workflows: it starts
// them, carries people's acts to them, tells them what happened elsewhere, and
// lists them.
type Client struct {
	Temporal client.Client
	Limits   Limits        // pinned to each application that is started
	CutOff   time.Duration // pinned to each consignment that is started
	Patience time.Duration // how long an act waits for its answer; 0 is one minute

	unanswered atomic.Int64 // when an application last did not hear at once that its card arrived, in Unix seconds
}

// ApplicationStart is what the workflow of an application is begun with.
type ApplicationStart struct {
	Number      identity.ApplicationNumber
	Application identity.Application // of which only facts that name no citizen go into the workflow
	Province    identity.ProvinceCode
	Due         time.Time // the legal deadline
	RiskAt      time.Time // when it comes near
	Resumed     bool      // it has lived before: the workflow begins by reading where it stands
}

// StartApplication begins the workflow of an application, unless it runs.
func (c *Client) StartApplication(ctx context.Context, s ApplicationStart) error {
	app := s.Application
	options := startOptions(ApplicationWorkflowID(s.Number),
		fmt.Sprintf("%s · %s · province %s", app.Type, app.Ground, s.Province),
		fmt.Sprintf("Enrolled by %s. Legal deadline, when the workflow was begun: %s; hurried from %s.\n\nLimits: %s; %d spoiled card(s), then a person is asked.",
			app.Officer, inHanoi(s.Due), inHanoi(s.RiskAt), c.Limits, c.Limits.Cards))
	options.Priority = temporal.Priority{PriorityKey: priorityNormal, FairnessKey: string(s.Province)}
	options.EnableEagerStart = true // where the pipeline's worker is in this process, it begins at once
	options.TypedSearchAttributes = temporal.NewSearchAttributes(
		StageKey.ValueSet(string(identity.Received)),
		ProvinceKey.ValueSet(string(s.Province)),
		ApplicationTypeKey.ValueSet(string(app.Type)),
		DeadlineKey.ValueSet(s.Due),
	)
	return c.start(ctx, options, CardApplication, CardApplicationInput{
		Application: s.Number, Type: app.Type, Province: s.Province, EnrolledBy: app.Officer,
		NeedsCapture: app.NeedsCapture(), Urgent: app.Urgent, Due: s.Due, RiskAt: s.RiskAt, Limits: c.Limits, Resumed: s.Resumed,
		Release: CurrentRelease,
	})
}

// Packed begins the workflow of a consignment unless it runs, and tells it when it is
// full.
func (c *Client) Packed(ctx context.Context, number identity.ConsignmentNumber, destination identity.StationID, full bool) error {
	if err := c.BeginConsignment(ctx, number, destination); err != nil || !full {
		return err
	}
	return c.signal(ctx, ConsignmentWorkflowID(number), SignalFull, nil)
}

// BeginConsignment begins the workflow of a consignment, unless it runs.
func (c *Client) BeginConsignment(ctx context.Context, number identity.ConsignmentNumber, destination identity.StationID) error {
	options := startOptions(ConsignmentWorkflowID(number), "Cards for "+string(destination),
		"Sealed when it is full, when an officer says so, or "+activities.Readable(c.CutOff)+" after it was opened.")
	return c.start(ctx, options, Consignment, ConsignmentInput{Number: number, Destination: destination, CutOff: c.CutOff})
}

// LookApplication has an application's workflow read the registry, where something
// changed that it may wait for.
func (c *Client) LookApplication(ctx context.Context, number identity.ApplicationNumber) error {
	return c.signal(ctx, ApplicationWorkflowID(number), SignalLook, nil)
}

// LookConsignment has a consignment's workflow read the registry.
func (c *Client) LookConsignment(ctx context.Context, number identity.ConsignmentNumber) error {
	return c.signal(ctx, ConsignmentWorkflowID(number), SignalLook, nil)
}

// LetGo has the workflow of an application or a consignment end, should the registry not know it.
func (c *Client) LetGo(ctx context.Context, id string, word LetGo) error {
	return c.signal(ctx, id, SignalLetGo, word)
}

// Arrived tells an application that its consignment was counted in: by an update, which
// costs the engine one write of the workflow's state, or where no worker answers at once,
// by a signal, which costs three and waits for one. Hearing it twice changes nothing.
func (c *Client) Arrived(ctx context.Context, app identity.ApplicationNumber, consignment identity.ConsignmentNumber, missing bool) error {
	id, m := ApplicationWorkflowID(app), Arrived{Consignment: consignment, Missing: missing}
	if time.Since(time.Unix(c.unanswered.Load(), 0)) > time.Minute { //nolint:forbidigo // of programs and activities, not of workflows
		waiting, cancel := context.WithTimeout(ctx, min(5*time.Second, cmp.Or(c.Patience, 5*time.Second)))
		defer cancel()
		err := c.send(waiting, id, "", UpdateArrived, []any{m}, nil)
		if _, ended := errors.AsType[*serviceerror.NotFound](err); err == nil || ended {
			return nil
		}
		c.unanswered.Store(time.Now().Unix()) //nolint:forbidigo // so here
	}
	return c.signal(ctx, id, SignalArrived, m)
}

// startOptions begin a workflow unless one of that ID runs. One that was terminated,
// failed or lost may be begun again: the registry holds what must happen only once.
func startOptions(id, summary, details string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: PipelineQueue, StaticSummary: summary,
		StaticDetails:            details + "\n\n" + whoDecides,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowExecutionTimeout: 0, // an application lives for as long as it takes
		WorkflowRunTimeout:       0,
		WorkflowTaskTimeout:      10 * time.Second,
	}
}

// whoDecides is what the details of every workflow end with.
const whoDecides = "What people decide is a statement that they sign, at the officers' pages or by starter; from the Temporal UI nothing is decided."

func (c *Client) start(ctx context.Context, options client.StartWorkflowOptions, run, in any) error {
	if _, err := c.Temporal.ExecuteWorkflow(ctx, options, run, in); err != nil {
		return fmt.Errorf("start %s: %w", options.ID, err)
	}
	return nil
}

// signal tells a workflow something. One that has ended needs to hear no more.
func (c *Client) signal(ctx context.Context, id, name string, content any) error {
	err := c.Temporal.SignalWorkflow(ctx, id, "", name, content)
	if _, ended := errors.AsType[*serviceerror.NotFound](err); err != nil && !ended {
		return fmt.Errorf("signal %s to %s: %w", name, id, err)
	}
	return nil
}

// Decide carries a person's act to an application and waits for the answer. A refusal by the
// workflow or by the registry is an [identity.Refusal], as one by the client itself; with
// [identity.NotNow] the workflow refuses by where it stands itself, which may be behind the
// registry.
//
// The act is the statement that its officer signed. Whoever has to ask again sends the same
// statement: it is answered by what was decided, and decides nothing twice.
func (c *Client) Decide(ctx context.Context, number identity.ApplicationNumber, act identity.Act, signed statement.Signed) (Accepted, error) {
	var answer Accepted
	err := c.update(ctx, ApplicationWorkflowID(number), act, statement.Application(number), signed, &answer)
	if err == nil && answer.Act != "" && answer.Act != act.ActName() { // Temporal answers by the identifier alone
		return Accepted{}, identity.RefuseField(identity.Conflict, "id", "belongs to another decision, which was carried out before: %s", answer.Act)
	}
	return answer, err
}

// Move carries a person's act to a consignment, as Decide does.
func (c *Client) Move(ctx context.Context, consignment identity.ConsignmentNumber, act identity.Act, signed statement.Signed) (ConsignmentState, error) {
	var state ConsignmentState
	err := c.update(ctx, ConsignmentWorkflowID(consignment), act, statement.Consignment(consignment), signed, &state)
	return state, err
}

// ErrUnanswered is the error of an act that no worker answered in time.
var ErrUnanswered = errors.New("no worker has answered; the act may still take effect, and given again it is answered by what was decided")

// endedMeanwhile is what Temporal calls the failure of an update that was on its way when its
// workflow ended, or was terminated.
const endedMeanwhile = "AcceptedUpdateCompletedWorkflow"

// update checks an act, sends it and waits for its answer, within patience: without a worker
// there is none.
func (c *Client) update(ctx context.Context, workflow string, act identity.Act, subject string, signed statement.Signed, answer any) error {
	id := signed.ID()
	if err := errors.Join(act.Check(), CheckUpdateID(id), signed.Says(act, subject, id)); err != nil {
		return err
	}
	patience := cmp.Or(c.Patience, time.Minute)
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := c.send(waiting, workflow, id, act.ActName(), []any{act, signed}, answer)
	_, ended := errors.AsType[*serviceerror.NotFound](err)
	if failure, ok := errors.AsType[*temporal.ApplicationError](err); ended || ok && failure.Type() == endedMeanwhile {
		return identity.Refuse(identity.NotFound, "%s is not running: it has ended, or never existed", workflow)
	}
	if failure, ok := errors.AsType[*temporal.ApplicationError](err); ok && failure.NonRetryable() {
		return &identity.Refusal{Kind: identity.Kind(failure.Type()), Detail: failure.Message()}
	}
	_, unanswered := errors.AsType[*client.WorkflowUpdateServiceTimeoutOrCanceledError](err)
	if err != nil && ctx.Err() == nil && (unanswered || waiting.Err() != nil) {
		return fmt.Errorf("%s %s: %w within %s (%w)", act.ActName(), workflow, ErrUnanswered, patience, err)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", act.ActName(), workflow, err)
	}
	return nil
}

// CheckUpdateID refuses an identifier that is too long, or that holds more than letters,
// digits and hyphens: it stands unencrypted in the history.
func CheckUpdateID(id string) error {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-'
	}
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return !plain(r) }) {
		return identity.RefuseField(identity.Invalid, "id", "must be at most 64 letters, digits and hyphens")
	}
	return nil
}

// send sends an update and waits for its answer. The SDK draws a random identifier where
// none is given. One that was not taken, because the workflow's task failed just then, is
// sent again for as long as ctx lasts: the task is tried again as well.
func (c *Client) send(ctx context.Context, workflow, id, name string, content []any, answer any) error {
	for {
		handle, err := c.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: workflow, UpdateID: id, UpdateName: name, Args: content, WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		if err == nil {
			err = handle.Get(ctx, answer)
		}
		if _, untaken := errors.AsType[*serviceerror.WorkflowNotReady](err); !untaken {
			return err //nolint:wrapcheck // the callers say what it was about
		}
		pause, over := context.WithTimeout(ctx, 200*time.Millisecond)
		<-pause.Done()
		over()
		if ctx.Err() != nil {
			return err //nolint:wrapcheck // so here
		}
	}
}

// Filter selects applications to list; what is empty selects all.
type Filter struct {
	Awaiting identity.Action
	Stage    identity.Stage // where they rest; passing stages are not shown
	Province identity.ProvinceCode
	Ended    bool // ended ones too
	Limit    int  // list no more than this many
}

// query is the filter in Temporal's list filter syntax.
func (f Filter) query() (string, error) {
	terms := []string{"WorkflowType = 'CardApplication'"}
	if !f.Ended {
		terms = append(terms, "ExecutionStatus = 'Running'")
	}
	for _, t := range []struct {
		key   temporal.SearchAttributeKeyKeyword
		value string
	}{{AwaitingKey, string(f.Awaiting)}, {StageKey, string(f.Stage)}, {ProvinceKey, string(f.Province)}} {
		if t.value == "" {
			continue
		}
		if strings.ContainsAny(t.value, `'"\`) {
			return "", identity.RefuseField(identity.Invalid, t.key.GetName(), "contains a quotation mark or a backslash")
		}
		terms = append(terms, fmt.Sprintf("%s = '%s'", t.key.GetName(), t.value))
	}
	return strings.Join(terms, " AND "), nil
}

// Listed is where one application stands, as Temporal's visibility shows it.
type Listed struct {
	Application identity.ApplicationNumber `json:"application"`
	Type        identity.ApplicationType   `json:"type"`
	Province    identity.ProvinceCode      `json:"province"`
	Stage       identity.Stage             `json:"stage"`
	Awaiting    identity.Action            `json:"awaiting,omitzero"`
	Station     identity.StationID         `json:"station,omitzero"`
	Consignment identity.ConsignmentNumber `json:"consignment,omitzero"`
	Deadline    time.Time                  `json:"deadline,omitzero"`
	Failing     string                     `json:"failing,omitzero"` // the activity that could not be done when it was last shown
	Since       time.Time                  `json:"since"`
	Ended       bool                       `json:"ended,omitzero"`
}

// List gives the applications that a filter selects, the oldest first.
func (c *Client) List(ctx context.Context, f Filter) ([]Listed, error) {
	query, err := f.query()
	if err != nil {
		return nil, err
	}
	list := []Listed{}
	err = c.visit(ctx, query, 200, func(e *workflowpb.WorkflowExecutionInfo) bool {
		list = append(list, listed(e))
		return len(list) < f.Limit
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(x, y Listed) int {
		return cmp.Or(x.Since.Compare(y.Since), cmp.Compare(x.Application, y.Application))
	})
	return list[:min(len(list), f.Limit)], nil
}

// listed reads the search attributes of one execution.
func listed(e *workflowpb.WorkflowExecutionInfo) Listed {
	deadline, _ := time.Parse(time.RFC3339Nano, attribute(e, DeadlineKey)) // absent: zero
	return Listed{
		Application: identity.ApplicationNumber(strings.TrimPrefix(e.GetExecution().GetWorkflowId(), applicationPrefix)),
		Type:        identity.ApplicationType(attribute(e, ApplicationTypeKey)),
		Province:    identity.ProvinceCode(attribute(e, ProvinceKey)),
		Stage:       identity.Stage(attribute(e, StageKey)),
		Awaiting:    identity.Action(attribute(e, AwaitingKey)),
		Station:     identity.StationID(attribute(e, StationKey)),
		Consignment: identity.ConsignmentNumber(attribute(e, ConsignmentKey)),
		Deadline:    deadline,
		Failing:     attribute(e, FailingActivityKey),
		Since:       e.GetStartTime().AsTime(),
		Ended:       e.GetCloseTime() != nil,
	}
}

// Shown is what the engine shows of a running application.
type Shown struct {
	Stage       identity.Stage // where it rests; passing stages are not shown
	Awaiting    identity.Action
	Consignment identity.ConsignmentNumber
}

// Running is what the engine runs.
type Running struct {
	Applications map[identity.ApplicationNumber]Shown
	Consignments map[identity.ConsignmentNumber]identity.ConsignmentState
}

// Running lists the applications and consignments whose workflows run, from Temporal's
// visibility, which may lag by some seconds.
func (c *Client) Running(ctx context.Context) (Running, error) {
	running := Running{
		Applications: make(map[identity.ApplicationNumber]Shown),
		Consignments: make(map[identity.ConsignmentNumber]identity.ConsignmentState),
	}
	err := c.visit(ctx, "ExecutionStatus = 'Running'", 1000, func(e *workflowpb.WorkflowExecutionInfo) bool {
		id := e.GetExecution().GetWorkflowId()
		if number, ok := strings.CutPrefix(id, consignmentPrefix); ok {
			running.Consignments[identity.ConsignmentNumber(number)] = identity.ConsignmentState(attribute(e, StageKey))
		}
		if number, ok := ApplicationOf(id); ok {
			running.Applications[number] = Shown{
				Stage: identity.Stage(attribute(e, StageKey)), Awaiting: identity.Action(attribute(e, AwaitingKey)),
				Consignment: identity.ConsignmentNumber(attribute(e, ConsignmentKey)),
			}
		}
		return true
	})
	return running, err
}

// CountRunning counts the applications whose workflows run.
func (c *Client) CountRunning(ctx context.Context) (int, error) {
	answer, err := c.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: "WorkflowType = 'CardApplication' AND ExecutionStatus = 'Running'",
	})
	if err != nil {
		return 0, fmt.Errorf("count workflows: %w", err)
	}
	return int(answer.GetCount()), nil
}

// Runs reports whether a workflow of that ID runs.
func (c *Client) Runs(ctx context.Context, id string) (bool, error) {
	described, err := c.Temporal.DescribeWorkflowExecution(ctx, id, "")
	if _, never := errors.AsType[*serviceerror.NotFound](err); never {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", id, err)
	}
	return described.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil
}

// Closed lists the applications and consignments of which a workflow ended since a time,
// by the engine's clock, each with the run that ended last. Another one may run meanwhile.
func (c *Client) Closed(ctx context.Context, since time.Time) (apps map[identity.ApplicationNumber]string, boxes map[identity.ConsignmentNumber]string, err error) {
	apps, boxes = make(map[identity.ApplicationNumber]string), make(map[identity.ConsignmentNumber]string)
	query := fmt.Sprintf("ExecutionStatus IN ('Completed', 'Failed', 'Canceled', 'Terminated', 'TimedOut') AND CloseTime >= '%s'", since.UTC().Format(time.RFC3339Nano))
	err = c.visit(ctx, query, 1000, func(e *workflowpb.WorkflowExecutionInfo) bool { // the last one first
		id, run := e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId()
		if number, ok := strings.CutPrefix(id, consignmentPrefix); ok {
			boxes[identity.ConsignmentNumber(number)] = cmp.Or(boxes[identity.ConsignmentNumber(number)], run)
		}
		if number, ok := ApplicationOf(id); ok {
			apps[number] = cmp.Or(apps[number], run)
		}
		return true
	})
	return apps, boxes, err
}

// LatestConsignment is the greatest number after that one of which the engine ever had a
// workflow, or that one.
func (c *Client) LatestConsignment(ctx context.Context, after identity.ConsignmentNumber) (identity.ConsignmentNumber, error) {
	latest := after
	query := fmt.Sprintf("WorkflowType = 'Consignment' AND %s > '%s'", ConsignmentKey.GetName(), after)
	err := c.visit(ctx, query, 1000, func(e *workflowpb.WorkflowExecutionInfo) bool {
		latest = max(latest, identity.ConsignmentNumber(strings.TrimPrefix(e.GetExecution().GetWorkflowId(), consignmentPrefix)))
		return true
	})
	return latest, err
}

// visit gives each execution that a query selects, until told to stop.
func (c *Client) visit(ctx context.Context, query string, page int32, each func(*workflowpb.WorkflowExecutionInfo) bool) error {
	var next []byte
	for {
		answer, err := c.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, NextPageToken: next, PageSize: page})
		if err != nil {
			return fmt.Errorf("list workflows: %w", err)
		}
		for _, e := range answer.GetExecutions() {
			if !each(e) {
				return nil
			}
		}
		if next = answer.GetNextPageToken(); len(next) == 0 {
			return nil
		}
	}
}

// attribute reads a search attribute as text; "" when there is none.
func attribute(e *workflowpb.WorkflowExecutionInfo, key temporal.SearchAttributeKey) string {
	var s string
	if p := e.GetSearchAttributes().GetIndexedFields()[key.GetName()]; p != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(p, &s) // an attribute that is not text is shown as none
	}
	return s
}
