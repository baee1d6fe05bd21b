// Package profile says, as data, how a chip is personalized.
//
// Two things vary from one chip to the next. How it is filled: one takes STORE
// DATA with data groupings after INSTALL [for personalization], another wants
// CREATE FILE and UPDATE BINARY in the application's own channel. That is a
// [Profile], a list of steps. And with what: the travel document, the digital
// signature and the other applications that the Ministry names, each with its
// module, its files and its secrets. That is an [Application], a row of the
// table. Both are YAML in this package; see [Load].
//
// [Profile.Run] carries the steps out on a card.
package profile
