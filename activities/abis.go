package activities

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// BuiltinABIS searches the registry's own gallery with the built-in matcher: for
// small installations. Applications in flight are in the gallery too, so that two
// of one person always meet: whichever searches second finds the other.
type BuiltinABIS struct {
	Registry *registry.Registry
	Gallery  *biometrics.Gallery

	turn sync.Mutex // of who reads what came into the gallery
	seen int64      // the last entry that was read

	mu      sync.Mutex                            // of the maps; the gallery is never asked while it is held
	owners  map[string]identity.ApplicationNumber // of captures
	citizen map[identity.ApplicationNumber]identity.PersonalNumber
}

// Identify lists the applications of other persons with the fingers captured for
// app. Another application of the same citizen is no hit.
func (b *BuiltinABIS) Identify(ctx context.Context, app identity.ApplicationNumber, fingers biometrics.Templates) ([]identity.ApplicationNumber, error) {
	if err := b.catchUp(ctx); err != nil {
		return nil, err
	}
	limits := biometrics.DefaultIdentifyLimits()
	limits.Skip = b.own(app)
	found, err := b.Gallery.Identify(ctx, fingers, limits)
	if err != nil {
		return nil, fmt.Errorf("search gallery: %w", err)
	}
	return b.applications(found), nil
}

// own tells the applicant's own captures, of this application and of others, so
// that they do not take the places of hits.
func (b *BuiltinABIS) own(app identity.ApplicationNumber) func(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	self := b.citizen[app]
	return func(id string) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		owner := b.owners[id]
		return owner == app || self != "" && b.citizen[owner] == self
	}
}

// applications names the applications of captures that were found, each once.
func (b *BuiltinABIS) applications(found []biometrics.Candidate) []identity.ApplicationNumber {
	b.mu.Lock()
	defer b.mu.Unlock()
	var hits []identity.ApplicationNumber
	for _, candidate := range found {
		if owner := b.owners[candidate.ID]; !slices.Contains(hits, owner) {
			hits = append(hits, owner)
		}
	}
	return hits
}

// atOnce is how many entries are read at once.
const atOnce = 1000

// catchUp reads what came into the gallery since the last search.
func (b *BuiltinABIS) catchUp(ctx context.Context) error {
	b.turn.Lock()
	defer b.turn.Unlock()
	for {
		entries, err := b.Registry.Gallery(ctx, b.seen, atOnce)
		if err != nil {
			return fmt.Errorf("read gallery: %w", err)
		}
		for _, e := range entries {
			var templates biometrics.Templates
			if err := templates.UnmarshalBinary(e.Templates); err != nil {
				return fmt.Errorf("read gallery entry %d: %w", e.Seq, err)
			}
			id := fmt.Sprintf("%s/%d", e.Application, e.Round)
			b.note(id, e.Application, e.Citizen) // before it can be found
			if err := b.Gallery.Add(id, templates); err != nil {
				return fmt.Errorf("add gallery entry %d: %w", e.Seq, err)
			}
			b.seen = e.Seq
		}
		if len(entries) < atOnce {
			return nil
		}
	}
}

// note remembers whose a capture is.
func (b *BuiltinABIS) note(id string, app identity.ApplicationNumber, citizen identity.PersonalNumber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.owners == nil {
		b.owners = make(map[string]identity.ApplicationNumber)
		b.citizen = make(map[identity.ApplicationNumber]identity.PersonalNumber)
	}
	b.owners[id], b.citizen[app] = app, citizen
}
