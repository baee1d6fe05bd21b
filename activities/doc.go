// Package activities is what workflows do to the world: one file per stage, one
// struct per place where the work is done.
//
//	Pipeline  the centre's systems: registry, vault, population registry, ABIS, HSM
//	Station   one personalization station: encoder, printer, camera
//	Centre    the dispatch room: consignments
//
// Every activity is safe to run again and to run twice at once: its writes are
// keyed by (application, step, attempt), the registry's constraints hold them,
// and a second call returns what the first one did. Errors that a retry cannot
// cure are refusals (refusals.go).
package activities
