// Package securechannel is Secure Channel Protocol 03 of GlobalPlatform (Card
// Specification 2.3, Amendment D 1.1.2), both ends of it: the host that
// personalizes a chip and the card that is personalized.
//
// A host calls [Open] with the chip's [KeySet] and gets a [Session], whose Send
// protects each command and checks each response. A card answers INITIALIZE
// UPDATE with [Answer] and gets the [CardSession] of that channel. [PutKey] and
// [ParsePutKey] carry a new key set through the channel. AES-128, -192 or -256 is
// used, by the length of the keys.
//
// Challenges are pseudo-random (option i = 70): the card derives its own from
// its sequence counter, so that the whole exchange can be computed beforehand
// and checked afterwards. The host also accepts cards with random challenges.
package securechannel
