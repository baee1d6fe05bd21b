// Package station personalizes chips at one station of the centre: it takes the
// blank in the encoder's slot from an empty chip to a locked document.
//
// [Station.Personalize] is idempotent. Its [Journal] keeps, for each blank, what
// it was meant to become and how far it got; after a crash the station looks
// there and at the card in the slot before it acts. A finished card is accepted
// as it is, an unfinished one is made again from the first step under a new
// secure channel, and one that cannot become what it was meant to be is spoiled.
// What the card was made from is named by a reference that the card keeps: a
// digest over all that was written.
//
// An [Encoder] is the machine with the slot: [TCP] for readers behind a network
// connection, PC/SC readers (build tag pcsc), and [Simulated] with software
// cards.
package station
