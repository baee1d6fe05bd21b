package identity

// EvidenceKind is what a blob in the vault is to its application. The values are
// wire format: the registry keeps them, and ciphertexts are bound to them.
type EvidenceKind string

// The kinds of evidence, each with what its number counts.
const (
	EvidencePacket        EvidenceKind = "packet"             // round of capture
	EvidencePortrait      EvidenceKind = "portrait"           // round of capture
	EvidenceLeftIndex     EvidenceKind = "finger-left-index"  // round of capture
	EvidenceRightIndex    EvidenceKind = "finger-right-index" // round of capture
	EvidenceTemplates     EvidenceKind = "templates"          // round of capture
	EvidenceLeftIris      EvidenceKind = "iris-left"          // round of capture
	EvidenceRightIris     EvidenceKind = "iris-right"         // round of capture
	EvidenceChipImage     EvidenceKind = "chip"               // card
	EvidencePrint         EvidenceKind = "print-pdf"          // card
	EvidencePrintPortrait EvidenceKind = "print-portrait"     // card
	EvidenceProbe         EvidenceKind = "probe"              // try at hand-over
	EvidenceCaptureSheet  EvidenceKind = "capture-sheet"      // record of the person that it was drawn from
)
