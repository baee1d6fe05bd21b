package identity

// Action is what an application waits for a person to do. The strings are wire
// format: they stand in the registry and in the search attribute AwaitingAction.
type Action string

// The actions, each with who acts.
const (
	NoAction     Action = ""             // the system is at work
	ToRecapture  Action = "recapture"    // station: portrait or fingerprints again
	ToResolve    Action = "resolution"   // officer: the population registry disagrees
	ToAdjudicate Action = "adjudication" // adjudicator: another person has these fingers
	ToApprove    Action = "approval"     // provincial officer
	ToRestock    Action = "stock"        // center: no blank to take
	ToRepair     Action = "production"   // center: cards keep failing, or the station is gone
	ToRelease    Action = "release"      // whoever holds it
	ToAttend     Action = "attention"    // operator: something that nobody foresaw; the reason says what
	ToHandOver   Action = "hand-over"    // station: the citizen collects
	ToSendAway   Action = "dispatch"     // center: the consignment goes to the courier
	ToCountIn    Action = "receipt"      // destination: the consignment is counted
)

// Actions lists every action but NoAction.
var Actions = []Action{
	ToRecapture, ToResolve, ToAdjudicate, ToApprove, ToRestock, ToRepair, ToRelease, ToAttend, ToHandOver, ToSendAway, ToCountIn,
}
