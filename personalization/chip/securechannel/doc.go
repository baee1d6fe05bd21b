// Package securechannel is Secure Channel Protocol 03 of GlobalPlatform (Card
// Specification 2.3, Amendment D 1.1.2), both ends of it: the host that
// personalizes a chip and the card that is personalized.
//
// A host says [Open] with the chip's [Keys] and gets a [Session], whose Send
// protects each command and checks each response. A card answers INITIALIZE
// UPDATE with [Answer] and gets the [CardSession] of that channel. [PutKey] and
// [ParsePutKey] carry new keys through the channel. Everything is AES-128, -192
// or -256 by the length of the keys.
//
// Challenges are pseudo-random (option i = 70): the card derives its own from
// its sequence counter, so that the whole exchange can be computed beforehand
// and checked afterwards. Cards with random challenges are served as well.
package securechannel
