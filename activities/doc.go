// Package activities is what workflows do to the world: one file for each stage, and
// one struct for each place where work is done.
//
//	Pipeline      the systems of the center: registry, vault, population registry, ABIS, HSM
//	Station       one personalization station: encoder, printer, camera
//	DispatchRoom  consignments
//
// Pipeline.Enter (pipeline.go) enters a stage that begins with no other activity, such
// as Approval; Pipeline.Decide (decisions.go) records what people decide.
//
// Every activity may run again, and twice at once: its writes are keyed by
// application, step and attempt, the registry's constraints hold them, and a second
// run returns what the first one did. Errors that a retry cannot cure are refusals
// (refusals.go).
package activities
