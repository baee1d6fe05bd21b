package identity

// ReasonCode says why something was done. The codes are wire format.
type ReasonCode string

// Why an application ended without a card. These codes are sentences, since they
// stand so in the results of recorded histories.
const (
	ReasonRefused       ReasonCode = "refused by an officer"
	ReasonDuplicate     ReasonCode = "another person has these fingerprints"
	ReasonWithdrawn     ReasonCode = "withdrawn by the citizen"
	ReasonNotRecaptured ReasonCode = "not recaptured within the time"
	ReasonNotResolved   ReasonCode = "contradiction with the population registry not resolved within the time"
	ReasonNotCollected  ReasonCode = "not collected within the time"
)
