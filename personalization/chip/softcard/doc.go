// Package softcard is an identity card's chip in software. At the APDU level it
// behaves as a chip does: a GlobalPlatform issuer security domain with SCP03 and
// life cycle states, applications that are installed and personalized through it,
// and the eMRTD application of ICAO Doc 9303-10 and 9303-11 with BAC, PACE, Chip
// Authentication, Active Authentication and secure messaging.
//
// It is used where there is no chip: in tests, in the simulated station, and
// behind [ServeTCP] and [ServeVPCD], which let any reader program read a card that
// the engine made. It shares no code with the inspection system beyond APDUs, data
// objects, curves and the table of files: two independent implementations of
// 9303-11 test each other.
//
// What is written survives power loss: each command is one transaction, as on a
// chip with anti-tearing. [Card.Snapshot] gives the memory, [Restore] a card with
// that memory. [Card.PowerLossAfter] cuts the power at a chosen command.
//
// The card can be read only when its application is personalized and the card is
// locked (SECURED). From then on no command writes anything but the count of wrong
// passwords, and nothing that the card says to strangers tells it from others.
//
// Start at [New] and [Card.Transmit]; security_domain.go is the issuer security
// domain, emrtd.go the eMRTD application.
package softcard
