// Package abis finds a person among many by their fingers. Builtin is an ABIS for
// small installations, on a Gallery in memory.
//
// The matcher was measured on synthetic fingers and is not evaluated on a real
// population: a hit is for a person to judge. See docs/biometrics.md.
package abis

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
)

// Encounters is where captures are kept: the registry's gallery table.
type Encounters interface {
	// Gallery gives at most limit captures in the order they were committed, those
	// of applications in flight too, from the first after afterSeq.
	Gallery(ctx context.Context, afterSeq int64, limit int) ([]identity.Encounter, error)
}

// Builtin searches all encounters with the built-in matcher. Applications in flight
// are among them, so that two of one person always meet: whichever searches second
// finds the other.
type Builtin struct {
	encounters Encounters

	reading sync.Mutex // held while new encounters are read into the gallery
	last    read       // the last one that was read

	mu      sync.Mutex // guards what follows; the gallery is never asked while it is held
	gallery *Gallery
	owners  map[string]identity.ApplicationNumber // of captures, by identifier in the gallery
	citizen map[identity.ApplicationNumber]string
}

// read is an encounter that was read.
type read struct {
	seq int64
	id  string // in the gallery
}

// NewBuiltin makes an ABIS that has read nothing yet: the first search reads all
// encounters.
func NewBuiltin(encounters Encounters) *Builtin {
	b := &Builtin{encounters: encounters}
	b.forget()
	return b
}

// forget has all encounters read again.
func (b *Builtin) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last, b.gallery = read{}, NewGallery()
	b.owners = make(map[string]identity.ApplicationNumber)
	b.citizen = make(map[identity.ApplicationNumber]string)
}

// Identify lists the applications of other persons that have these fingers, which
// were captured for app. Another application of the same citizen is not a hit.
func (b *Builtin) Identify(ctx context.Context, app identity.ApplicationNumber, fingers fingerprint.Templates) ([]identity.ApplicationNumber, error) {
	if err := b.catchUp(ctx); err != nil {
		return nil, err
	}
	limits := DefaultLimits()
	limits.Skip = b.own(app)
	b.mu.Lock()
	gallery := b.gallery
	b.mu.Unlock()
	found, err := gallery.Identify(ctx, fingers, limits)
	if err != nil {
		return nil, err
	}
	return b.applications(found), nil
}

// own reports which captures are the applicant's, of this application and of
// others, so that they do not take the places of hits.
func (b *Builtin) own(app identity.ApplicationNumber) func(id string) bool {
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

// applications lists the applications of the captures that were found, each once.
func (b *Builtin) applications(found []Candidate) []identity.ApplicationNumber {
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

// pageSize is how many encounters are read at once.
const pageSize = 1000

// catchUp reads the encounters that came since the last search. It reads the last one
// again: where another stands in its place, the registry was restored to an earlier
// instant, and everything is read anew.
func (b *Builtin) catchUp(ctx context.Context) error {
	b.reading.Lock()
	defer b.reading.Unlock()
	for {
		encounters, err := b.encounters.Gallery(ctx, b.last.seq-1, pageSize)
		if err != nil {
			return fmt.Errorf("read encounters: %w", err)
		}
		if b.last.seq > 0 && (len(encounters) == 0 || b.last != read{encounters[0].Seq, idOf(encounters[0])}) {
			b.forget()
			continue
		}
		for _, e := range encounters {
			if err := b.add(e); err != nil {
				return err
			}
		}
		if len(encounters) < pageSize {
			return nil
		}
	}
}

// idOf is an encounter's identifier in the gallery.
func idOf(e identity.Encounter) string { return fmt.Sprintf("%s/%d", e.Application, e.Round) }

// add puts an encounter into the gallery.
func (b *Builtin) add(e identity.Encounter) error {
	var templates fingerprint.Templates
	if err := templates.UnmarshalBinary(e.Templates); err != nil {
		return fmt.Errorf("read encounter %d: %w", e.Seq, err)
	}
	b.note(idOf(e), e.Application, e.Citizen) // before it can be found
	if err := b.gallery.Add(idOf(e), templates); err != nil {
		return fmt.Errorf("add encounter %d: %w", e.Seq, err)
	}
	b.last = read{e.Seq, idOf(e)}
	return nil
}

// note remembers whose a capture is.
func (b *Builtin) note(id string, app identity.ApplicationNumber, citizen string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.owners[id], b.citizen[app] = app, citizen
}
