package activities

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Line keeps the slots of a station. A card holds its slot from the moment its blank is
// taken until it has passed inspection, is spoiled or is given back: also while its
// station is away, so that no other card is put on top of it. A line that is paused, or
// that the registry does not hear of, takes no card, and one without blanks leaves the
// cards to stations that have some.
//
// Use NewLine. Run keeps it up to date.
type Line struct {
	id       identity.StationID
	slots    int
	registry Reports
	logger   *slog.Logger

	reporting sync.Mutex // one report at a time

	// told is asked about cards in its slots that others gave up; nil: nobody is.
	told func(ctx context.Context, unsure []registry.CardInSlot)

	mu      sync.Mutex
	changed chan struct{} // closed, and made anew, when something changed
	known   bool          // the registry has been heard of lately
	silent  int           // reports in a row that did not reach it
	heard   time.Time     // when it was heard of last, or the line was made
	paused  string        // why it takes no card; empty while it works
	unsaid  string        // a pause that the registry does not have yet
	bare    bool          // another station has blanks, and this one has none
	issued  int           // slots that wait for a card, or have one from there
	calls   int           // tasks of cards in slots that are awaited, or in work
	making  map[CardInput]*work
	inSlot  map[CardInput]bool // that nobody works at now
	ended   map[CardInput]bool // work since the report that is under way was begun; true: the card stays in its slot

	part    string // that failed last
	failed  int    // how often in a row
	spoiled int    // cards in a row
}

// Reports is where stations report themselves.
type Reports interface {
	// ReportStation records that a station lives, or is back, and reads whether it is
	// paused and which cards its slots hold.
	ReportStation(ctx context.Context, id identity.StationID, slots int, back bool) (registry.StationAtWork, error)
	// PauseItself has a station take no more cards, unless it is paused already.
	PauseItself(ctx context.Context, id identity.StationID, why string) error
}

// work is a card that is being made.
type work struct {
	issued bool          // in a slot that was issued for it
	done   chan struct{} // closed when nobody works at it any more
}

// Limits of a line.
const (
	reportEvery   = 5 * time.Second
	reportWithin  = 3 * time.Second
	silentReports = 3 // after so many, the registry counts as out of reach
	failures      = 2 // in a row, for the same reason, before a line pauses itself
	spoils        = 5 // cards in a row, likewise
)

// NewLine gives the line of a station with that many slots.
func NewLine(r Reports, id identity.StationID, slots int, logger *slog.Logger) *Line {
	return &Line{
		id: id, slots: slots, registry: r, logger: logger, changed: make(chan struct{}),
		heard:  time.Now(), //nolint:forbidigo // how long ago is all that is asked
		making: make(map[CardInput]*work), inSlot: make(map[CardInput]bool), ended: make(map[CardInput]bool),
	}
}

// Slots is how many cards the line makes at once.
func (l *Line) Slots() int { return l.slots }

// ID is the line's station.
func (l *Line) ID() identity.StationID { return l.id }

// Unreached is for how long the registry has not been reached; 0 while it is.
func (l *Line) Unreached() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.silent == 0 && l.known {
		return 0
	}
	return time.Since(l.heard)
}

// Calls is how many tasks of cards in slots may be awaited or in work at once: a second
// try of a card may come before the first one has ended.
func (l *Line) Calls() int { return 2 * l.slots }

// Run reports the station to the registry, and learns from there whether it is paused
// and which cards are in its slots, until ctx ends.
func (l *Line) Run(ctx context.Context) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		l.report(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// report tells the registry that the station lives, and of a pause that it does not have,
// and takes over what the registry knows.
func (l *Line) report(ctx context.Context) {
	l.reporting.Lock()
	defer l.reporting.Unlock()
	if unsure := l.exchange(ctx); len(unsure) > 0 && l.told != nil {
		l.told(ctx, unsure)
	}
}

// exchange gives the cards that others gave up and nobody works at.
func (l *Line) exchange(ctx context.Context) []registry.CardInSlot {
	l.mu.Lock()
	clear(l.ended)
	back, unsaid := !l.known, l.unsaid
	l.mu.Unlock()
	asking, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	at, err := l.registry.ReportStation(asking, l.id, l.slots, back)
	if err == nil && unsaid != "" {
		err = l.registry.PauseItself(asking, l.id, unsaid)
		at.PausedWhy = cmp.Or(at.PausedWhy, unsaid)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.notify()
	if err != nil {
		if l.silent++; l.silent >= silentReports && l.known && ctx.Err() == nil {
			l.known = false
			l.logger.Warn("The registry is out of reach; the station takes no cards", "station", l.id, "error", err)
		}
		return nil
	}
	if l.silent >= silentReports {
		l.logger.Info("The registry is in reach again", "station", l.id, "after", time.Since(l.heard).Round(time.Second))
	}
	l.silent, l.known, l.bare = 0, true, at.Bare
	l.heard = time.Now()    //nolint:forbidigo // so here
	if l.unsaid == unsaid { // it did not pause itself meanwhile
		l.unsaid = ""
		l.heed(at.PausedWhy)
	}
	clear(l.inSlot)
	for _, c := range at.Cards {
		l.inSlot[CardInput{Application: c.Application, Attempt: c.Attempt}] = true
	}
	maps.Copy(l.inSlot, l.ended)
	maps.DeleteFunc(l.inSlot, func(card CardInput, in bool) bool { return !in || l.making[card] != nil })
	return slices.DeleteFunc(at.Unsure, func(c registry.CardInSlot) bool {
		return l.making[CardInput{Application: c.Application, Attempt: c.Attempt}] != nil
	})
}

// turnedAway asks the registry anew, and reports whether the station is paused, or has no
// blanks and others have: it takes no more cards then.
func (l *Line) turnedAway(ctx context.Context) bool {
	l.report(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bare || l.paused != ""
}

// heed takes over whether the registry has the line paused. The caller holds the lock.
func (l *Line) heed(why string) {
	if l.paused != "" && why == "" {
		l.failed, l.spoiled = 0, 0
		l.logger.Info("The station works again", "station", l.id)
	}
	l.paused = why
}

// notify wakes everybody who waits for a change. The caller holds the lock.
func (l *Line) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// free reports whether a slot can be issued. The caller holds the lock.
func (l *Line) free() bool {
	taken := l.issued + len(l.inSlot)
	for _, w := range l.making {
		if !w.issued {
			taken++
		}
	}
	return l.known && l.paused == "" && !l.bare && taken < l.slots
}

// Issue waits for a free slot, for a card that no station has begun, and issues it.
// Withdraw takes it back.
func (l *Line) Issue(ctx context.Context) error { return l.await(ctx, l.free, &l.issued) }

// Withdraw takes back a slot that was issued.
func (l *Line) Withdraw() { l.release(&l.issued) }

// Call waits until the line may work at a card in one of its slots. HangUp ends it.
func (l *Line) Call(ctx context.Context) error {
	return l.await(ctx, func() bool { return l.known && l.paused == "" && l.calls < l.Calls() }, &l.calls)
}

// HangUp ends a call.
func (l *Line) HangUp() { l.release(&l.calls) }

func (l *Line) await(ctx context.Context, may func() bool, count *int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !may() {
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			l.mu.Lock()
			return ctx.Err()
		case <-changed:
		}
		l.mu.Lock()
	}
	*count++
	return nil
}

func (l *Line) release(count *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*count--
	l.notify()
}

// begin begins the work at a card, in a slot that was issued for it or in its own, when
// nobody works at it any more. A line that takes no cards refuses.
func (l *Line) begin(ctx context.Context, card CardInput, issued bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.making[card] != nil {
		done := l.making[card].done
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			l.mu.Lock()
			return ctx.Err()
		case <-done:
		}
		l.mu.Lock()
	}
	switch {
	case l.paused != "":
		return fmt.Errorf("station %s is paused: %s", l.id, l.paused)
	case l.silent >= silentReports:
		return fmt.Errorf("station %s does not reach the registry", l.id)
	}
	l.making[card] = &work{issued: issued, done: make(chan struct{})}
	delete(l.inSlot, card)
	return nil
}

// end ends the work at a card, which has left its slot or stays in it.
func (l *Line) end(card CardInput, stays bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.making[card].done)
	delete(l.making, card)
	l.ended[card] = stays
	if stays {
		l.inSlot[card] = true
	}
	l.notify()
}

// wentWell notes that a card was made.
func (l *Line) wentWell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part, l.failed, l.spoiled = "", 0, 0
}

// wentWrong notes that a part of the station failed. It pauses the line when that part
// failed again.
func (l *Line) wentWrong(ctx context.Context, part, why string) {
	l.mu.Lock()
	if l.part != part {
		l.part, l.failed = part, 0
	}
	l.failed++
	again := l.failed >= failures
	l.mu.Unlock()
	if again {
		l.pause(ctx, fmt.Sprintf("%d times in a row: %s", failures, why))
	}
}

// wasSpoiled notes that a card was spoiled. It pauses the line when several were, one
// after the other.
func (l *Line) wasSpoiled(ctx context.Context, why string) {
	l.mu.Lock()
	l.spoiled++
	many := l.spoiled >= spoils
	l.mu.Unlock()
	if many {
		l.pause(ctx, fmt.Sprintf("%d cards in a row were spoiled, the last one: %s", spoils, why))
	}
}

// pause has the line take no more cards until a person lets it. What the registry does
// not hear now, it hears by one of the next reports.
func (l *Line) pause(ctx context.Context, why string) {
	l.mu.Lock()
	if l.paused == "" {
		l.paused, l.unsaid = why, why
	}
	l.mu.Unlock()
	l.logger.Warn("The station pauses itself", "station", l.id, "reason", why)
	l.report(context.WithoutCancel(ctx))
}
