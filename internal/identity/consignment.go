package identity

// ConsignmentNumber names a consignment, for example "C-000001".
type ConsignmentNumber string

// ConsignmentState is how far a consignment is. The values are wire format: the
// registry keeps them, and the search attribute Stage shows them.
type ConsignmentState string

// The states of a consignment, in order.
const (
	ConsignmentOpen     ConsignmentState = "open"     // cards may still join
	ConsignmentSealed   ConsignmentState = "sealed"   // full, or closed by an officer or at the cut-off
	ConsignmentSent     ConsignmentState = "sent"     // the courier has it
	ConsignmentReceived ConsignmentState = "received" // counted at its destination
)

// ConsignmentStates lists every state, in order.
var ConsignmentStates = []ConsignmentState{ConsignmentOpen, ConsignmentSealed, ConsignmentSent, ConsignmentReceived}
