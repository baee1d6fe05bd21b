// Package profile says, as data, how a chip is personalized.
//
// Two things vary from one chip to the next. One is how it is written: some chips
// take STORE DATA with data groupings after INSTALL [for personalization], others
// CREATE FILE and UPDATE BINARY in the application's own secure channel. That is a
// card profile, [Profile], a list of steps. The other is with what: the eMRTD
// application, the digital signature and the other card applications that the
// Ministry names, each with its module, its files and its secrets. That is an
// [Application], a row of the table of card applications. Both are YAML files in
// this package; see [Load].
//
// [Profile.Run] takes the steps on a card.
package profile
