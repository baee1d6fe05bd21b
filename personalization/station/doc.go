// Package station personalizes chips at one personalization station of the centre:
// it takes the blank in the encoder's slot from an empty chip to a locked card.
//
// [Station.Personalize] is idempotent. For each blank the [Journal] keeps which
// card it is to become and how far that got; after a crash the station looks there
// and at the card in the slot before it acts. A finished card is accepted as it
// is, an unfinished one is personalized again from the first step in a new secure
// channel, and a blank that cannot become its card any more is spoiled. The card
// keeps a reference, a digest of everything that was written, by which it is
// recognized.
//
// An [Encoder] is the machine with the slot: [TCP] for readers behind a network
// connection, PC/SC readers (build tag pcsc), and [Simulated] with software cards.
package station
