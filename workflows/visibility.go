package workflows

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.org/cancuoc/internal/identity"
)

// Search attributes of both workflows. Temporal keeps them unencrypted, so they say
// where the work is and nothing about whom it is for.
var (
	ProvinceKey        = temporal.NewSearchAttributeKeyKeyword("Province")
	ApplicationTypeKey = temporal.NewSearchAttributeKeyKeyword("ApplicationType")
	StageKey           = temporal.NewSearchAttributeKeyKeyword("Stage")
	AwaitingKey        = temporal.NewSearchAttributeKeyKeyword("AwaitingAction")
	StationKey         = temporal.NewSearchAttributeKeyKeyword("Station")
	DeadlineKey        = temporal.NewSearchAttributeKeyTime("Deadline")
	ConsignmentKey     = temporal.NewSearchAttributeKeyKeyword("Consignment")
	FailingActivityKey = temporal.NewSearchAttributeKeyKeyword("FailingActivity")
)

// SearchAttributes lists them all, for the namespace to know before a workflow starts.
var SearchAttributes = []temporal.SearchAttributeKey{
	ProvinceKey, ApplicationTypeKey, StageKey, AwaitingKey, StationKey, DeadlineKey, ConsignmentKey, FailingActivityKey,
}

// shown is what the search attributes say. Only a change is written, because writing
// costs the engine as much as half an activity.
type shown struct {
	stage       identity.Stage
	awaiting    identity.Action
	station     identity.StationID
	consignment identity.ConsignmentNumber
	due         time.Time
	failing     string
}

// show updates current details and search attributes.
func (a *application) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, a.details())
	now := shown{stage: a.stage, awaiting: a.awaiting, station: a.station, consignment: a.consignment, due: a.due, failing: a.failing}
	if now == a.shown {
		return
	}
	updates := []temporal.SearchAttributeUpdate{StageKey.ValueSet(string(a.stage))}
	if now.awaiting != a.shown.awaiting {
		updates = append(updates, AwaitingKey.ValueSet(string(a.awaiting)))
	}
	if now.station != a.shown.station {
		updates = append(updates, StationKey.ValueSet(string(a.station)))
	}
	if now.consignment != a.shown.consignment {
		updates = append(updates, ConsignmentKey.ValueSet(string(a.consignment)))
	}
	if !now.due.Equal(a.shown.due) {
		updates = append(updates, DeadlineKey.ValueSet(a.due))
	}
	if now.failing != a.shown.failing {
		updates = append(updates, failingActivity(now.failing))
	}
	a.shown = now
	must(workflow.UpsertTypedSearchAttributes(ctx, updates...))
}

// failingActivity has none where nothing fails, so that what fails is what has one.
func failingActivity(name string) temporal.SearchAttributeUpdate {
	if name == "" {
		return FailingActivityKey.ValueUnset()
	}
	return FailingActivityKey.ValueSet(name)
}

// fails notes the activity that cannot be done now, for what is shown next.
func (a *application) fails(ctx workflow.Context, activity any) {
	if workflow.GetVersion(ctx, "show-failing-activity", workflow.DefaultVersion, 1) >= 1 {
		a.failing = activityName(activity)
	}
}

// activityName is a method's name, as the worker registers it.
func activityName(method any) string {
	name := runtime.FuncForPC(reflect.ValueOf(method).Pointer()).Name()
	return strings.TrimSuffix(name[strings.LastIndex(name, ".")+1:], "-fm")
}

// showRelease says that nobody is awaited any more. A step that comes after a wait may
// take as long as its station is silent.
func (a *application) showRelease(ctx workflow.Context) {
	if a.shown.awaiting == a.awaiting {
		return
	}
	if workflow.GetVersion(ctx, "show-release", workflow.DefaultVersion, 1) >= 1 {
		a.show(ctx)
	}
}

// packed notes the consignment that the card is in.
func (a *application) packed(ctx workflow.Context, consignment identity.ConsignmentNumber) {
	if a.consignment != consignment {
		a.consignment = consignment
		a.note(ctx, "Packed into consignment "+string(consignment))
	}
	a.show(ctx)
}

// note adds a line to the timeline.
func (a *application) note(ctx workflow.Context, text string) {
	a.timeline = append(a.timeline, TimelineEntry{At: workflow.Now(ctx), Stage: a.stage, Note: text})
	workflow.SetCurrentDetails(ctx, a.details())
}

// lastNote is the timeline's last line.
func (a *application) lastNote() string {
	if len(a.timeline) == 0 {
		return ""
	}
	return a.timeline[len(a.timeline)-1].Note
}

// because is why the application stands where it stands: the last thing that was said of it; of a
// card that is tried again, why it could not be made.
func (a *application) because() string {
	if said := a.lastNote(); said != "" || a.tries == 0 {
		return said
	}
	return a.unmade
}

// details is where the application stands, the line that decides, and the timeline, as
// Markdown for the Temporal UI.
func (a *application) details() string {
	head := "**" + string(a.stage) + "**"
	if a.awaiting != identity.NoAction {
		head += " · awaiting **" + string(a.awaiting) + "**"
	}
	head += fmt.Sprintf(" · card %d · due %s", a.attempt, inHanoi(a.due))
	if a.failing != "" {
		head += " · **" + a.failing + "** fails"
	}
	if a.atRisk {
		head += " · **at risk**"
	}
	lines := []string{head, ""}
	if said := a.because(); said != "" {
		lines = append(lines, said, "")
	}
	for _, e := range a.timeline {
		line := "- " + inHanoi(e.At) + " " + string(e.Stage)
		if e.Note != "" {
			line += ": " + e.Note
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// inHanoi is a time as operators read it, with its zone.
func inHanoi(t time.Time) string {
	return t.In(identity.HanoiTime).Format(time.DateTime + " -07:00")
}

// What the workflows count: ends by end, and cards by outcome.
const (
	CounterEnds  = "cancuoc_ended_applications_total"
	CounterCards = "cancuoc_cards_total"

	CardMade    = "made"
	CardSpoiled = "spoiled"
)

// count counts something for Prometheus, under a name and one label. What is replayed was
// counted before; in a workflow task that is tried again it counts twice.
func count(ctx workflow.Context, name, label, value string) {
	workflow.GetMetricsHandler(ctx).WithTags(map[string]string{label: value}).Counter(name).Inc(1)
}
