package identity

// Encounter is the fingers of one capture, as the ABIS keeps and searches them
// (OSIA ABIS: encounter).
type Encounter struct {
	Seq         int64 // of commit, ascending
	Application ApplicationNumber
	Round       int    // of capture, from 1
	Citizen     string // tells one citizen's applications from another's, and nothing else; empty until a number is allotted
	Templates   []byte // records of ISO/IEC 19794-2:2005, one after the other
}
