package identity

// HandOverMethod is how it was made sure that the card reached its holder. The
// values are wire format: they stand in the registry and in histories.
type HandOverMethod string

// The hand-over methods. All but the fingerprint need a proof in words.
const (
	HandOverByFingerprint HandOverMethod = "fingerprint" // the holder's finger matched
	HandOverByProxy       HandOverMethod = "proxy"       // for children and the ill; proof: the proxy's paper
	HandOverByPost        HandOverMethod = "post"        // proof: the tracking number
	HandOverByOfficer     HandOverMethod = "officer"     // the finger did not match; proof: the officer's reason
)

// HandOverMethods lists every method.
var HandOverMethods = []HandOverMethod{HandOverByFingerprint, HandOverByProxy, HandOverByPost, HandOverByOfficer}
