// Package softcard is an identity card's chip in software. At the APDU level it
// behaves as a chip does: a GlobalPlatform issuer security domain with SCP03 and
// a life cycle, applications that are installed and personalized through it, and
// the travel document application of ICAO Doc 9303-10 and 9303-11 with BAC,
// PACE, Chip Authentication, Active Authentication and secure messaging.
//
// It stands in for the chip where there is none: in tests, in the simulated
// station, and behind [ServeTCP] and [ServeVPCD], so that any reader program can
// read a card that the engine made. It shares no code with the inspection
// system beyond APDUs, data objects and curves: two independent
// implementations of 9303-11 test each other.
//
// What is written survives power loss: each command is one transaction, as on a
// chip with anti-tearing. [Card.Snapshot] gives the memory, [Restore] a card
// that has it. [Card.PowerLossAfter] pulls the plug at a chosen command.
//
// The card shows a document only when its application is personalized and the
// card is locked (SECURED). From then on no command writes anything.
//
// Start at [New] and [Card.Transmit]; domain.go is the security domain,
// document.go the travel document.
package softcard
