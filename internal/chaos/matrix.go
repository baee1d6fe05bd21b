package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
)

// columns are the faults that strike at every place.
var columns = func() []fault {
	processes := []string{pipelineName, string(stations[0]), gatewayName, temporalName, postgresName}
	var list []fault
	for _, name := range processes {
		list = append(list, fault{kind: kill, target: name})
	}
	for _, name := range processes {
		list = append(list, fault{kind: freeze, target: name, lasts: thaw})
	}
	list = append(list, fault{kind: terminate}, fault{kind: cancel})
	for _, t := range []task{firstTask, middleTask, lastTask} {
		list = append(list, fault{kind: reset, task: t})
	}
	return list
}()

// Times of the matrix.
const (
	thaw     = 15 * time.Second       // until what was frozen goes on
	together = 2 * time.Second        // that a stage is held for others to be struck at the same time
	reach    = 20 * time.Second       // that a round waits for somebody to come to a place
	patience = 3 * time.Minute        // after which nobody is expected to come any more, or to go on
	instant  = 100 * time.Millisecond // in which a signal has arrived
	beat     = 2 * time.Millisecond   // between two looks for who comes to a place
	inFlight = 24                     // applications, at most, that are open at once
)

func anywhere(place) bool { return true }

// matrix strikes with every fault at every place.
type matrix struct {
	*site

	watch  *watch
	report *report
	say    func(string, ...any)
	send   func(*applicant) // until it has its receipt
	queue  []*applicant     // who have not applied yet

	mu   sync.Mutex
	now  []fault          // that strike in this part of the run
	pace time.Duration    // between two who apply
	kept map[string]place // who is to stay until it was struck
	hits []*hit
}

// hit is a fault that struck an application or a consignment at a place.
type hit struct {
	fault fault
	place place
	who   string
	at    time.Time     // zero: it is about to strike
	after time.Duration // it went on; 0: not yet
}

// run strikes until no pair of fault and place is left, and then has the servers be away,
// or does one of the two.
func (m *matrix) run(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	var company sync.WaitGroup
	defer company.Wait()
	defer stop()
	company.Go(func() { m.follow(ctx) })

	if m.report.options.matrix {
		feeding, fed := context.WithCancel(ctx)
		var feeder sync.WaitGroup
		feeder.Go(func() { m.feed(feeding) })
		m.strikeWorkflows(ctx)
		m.strikeProcesses(ctx)
		m.part(nil, time.Second)
		fed()
		feeder.Wait()
	}
	if m.report.options.outages {
		m.sweep(ctx)
	}
	m.quiet(ctx)
	m.judge()
}

// feed has people apply as others come to their ends.
func (m *matrix) feed(ctx context.Context) {
	var stations sync.WaitGroup
	defer stations.Wait()
	for ctx.Err() == nil && len(m.queue) > len(outages)*newcomers {
		if v := m.watch.latest(); v != nil && m.watch.up() && len(spots(v.applications, nil)) < inFlight {
			a := m.queue[0]
			m.queue = m.queue[1:]
			stations.Go(func() { m.send(a) })
		}
		m.mu.Lock()
		pace := m.pace
		m.mu.Unlock()
		pause(ctx, pace)
	}
}

// part begins a part of the run, in which those faults strike and people apply at that
// pace.
func (m *matrix) part(faults []fault, pace time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now, m.pace = faults, pace
	clear(m.kept)
}

// lacks lists those faults that have not struck at a place yet.
func (m *matrix) lacks(at place, faults []fault) []fault {
	return slices.DeleteFunc(slices.Clone(faults), func(f fault) bool {
		return slices.ContainsFunc(m.hits, func(h *hit) bool { return h.fault == f && h.place == at })
	})
}

// keep reports whether somebody is to stay where it waits for people, because a fault is
// to strike there. Where blanks are waited for, all stay: there are none for anybody.
func (m *matrix) keep(who string, at place) bool {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept[who] == at {
		return true
	}
	delete(m.kept, who)
	struck := slices.ContainsFunc(m.hits, func(h *hit) bool { return h.who == who && h.place == at })
	taken := at.awaiting != identity.ToRestock && slices.Contains(slices.Collect(maps.Values(m.kept)), at)
	if struck || taken || len(m.lacks(at, m.now)) == 0 {
		return false
	}
	m.kept[who] = at
	return true
}

// look reads where everything is, and forgets that somebody was to stay who went on.
func (m *matrix) look(ctx context.Context) map[string]spot {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	applications, boxes, err := standings(ctx, m.db, identity.OpenStages())
	if err != nil {
		return nil // looked at again soon
	}
	all := spots(applications, boxes)
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.kept, func(who string, at place) bool { return all[who].place != at })
	return all
}

// claim takes somebody for one of those faults that has not struck at its place yet; nil
// when all have, or it is not to be struck: people are at it, or it was struck there before.
func (m *matrix) claim(who string, at place, faults []fault) *hit {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at.stays() && m.kept[who] != at || slices.ContainsFunc(m.hits, func(h *hit) bool { return h.who == who && h.place == at }) {
		return nil
	}
	lacking := m.lacks(at, faults)
	if len(lacking) == 0 || !slices.Contains(places, at) {
		return nil
	}
	h := &hit{fault: lacking[0], place: at, who: who}
	m.hits = append(m.hits, h)
	return h
}

// struck notes that a fault struck, or gives up who was claimed for it.
func (m *matrix) struck(h *hit, did bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !did {
		m.hits = slices.DeleteFunc(m.hits, func(other *hit) bool { return other == h })
		return
	}
	h.at = time.Now()
	delete(m.kept, h.who)
}

// strikeWorkflows interferes with workflows, each at its place, as they come there.
func (m *matrix) strikeWorkflows(ctx context.Context) {
	faults := slices.DeleteFunc(slices.Clone(columns), func(f fault) bool { return f.target != "" })
	m.part(faults, time.Second)
	var strikes sync.WaitGroup
	defer strikes.Wait()
	for last := time.Now(); ctx.Err() == nil && time.Since(last) < patience && m.left(anywhere, faults...); pause(ctx, beat) {
		for who, s := range m.look(ctx) {
			h := m.claim(who, s.place, faults)
			if h == nil {
				continue
			}
			release, held := m.hold(ctx, who, s.place)
			if !held {
				m.struck(h, false)
				continue
			}
			last = time.Now()
			strikes.Go(func() {
				defer release()
				m.struck(h, m.meddle(ctx, h) == nil)
			})
		}
	}
}

// left reports whether one of those faults has not struck yet at one of those places.
func (m *matrix) left(where func(place) bool, faults ...fault) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(places, func(p place) bool {
		return where(p) && len(m.lacks(p, faults)) > 0
	})
}

// meddle interferes with the workflow of somebody, as soon as that is possible: one that
// is about to begin has no task yet to go back to.
func (m *matrix) meddle(ctx context.Context, h *hit) error {
	ctx, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	for {
		err := m.interfere(ctx, h.fault, workflowOf(h.who))
		if err == nil {
			m.tell(h.fault, fmt.Sprintf("%s at %s", workflowOf(h.who), h.place))
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		pause(ctx, instant)
	}
}

// strikeProcesses has each fault strike its process in rounds, until it has struck at
// every place.
func (m *matrix) strikeProcesses(ctx context.Context) {
	faults := slices.DeleteFunc(slices.Clone(columns), func(f fault) bool { return f.target == "" })
	m.part(faults, 2*time.Second)
	for last := time.Now(); ctx.Err() == nil && time.Since(last) < patience && m.left(anywhere, faults...); {
		for _, f := range faults {
			m.quiet(ctx)
			if m.round(ctx, f) {
				last = time.Now()
			}
		}
	}
}

// round strikes once with a fault, when somebody is where it has not struck yet. It
// reports whether it did.
func (m *matrix) round(ctx context.Context, f fault) bool {
	hits, release := m.gather(ctx, f)
	defer release()
	if len(hits) == 0 {
		return false
	}
	t := m.target(f.target)
	r := t.takeWhenFree(ctx)
	if r == nil {
		return false
	}
	met := make([]string, len(hits))
	for i, h := range hits {
		m.struck(h, true)
		met[i] = h.place.String()
	}
	m.tell(f, f.target+", with some at: "+strings.Join(met, "; "))
	go m.strike(ctx, f, t, r)
	pause(ctx, instant)
	return true
}

// tell notes what a fault struck, for the report and whoever watches.
func (m *matrix) tell(f fault, met string) {
	m.report.struck(f, met)
	m.say("%s  %s %s", time.Now().UTC().Format(time.TimeOnly), f, met)
}

// gather holds one at each place where a fault has not struck yet. Those who wait for
// people stay there; whoever passes a stage is waited for, and held for a moment, so that
// others may be struck with it.
func (m *matrix) gather(ctx context.Context, f fault) (hits []*hit, release func()) {
	var held []func()
	take := func(wanted func(place) bool) {
		for who, s := range m.look(ctx) {
			elsewhere := f.target == string(stations[0]) && s.place.atStation() && s.station != stations[0]
			if elsewhere || !wanted(s.place) {
				continue
			}
			h := m.claim(who, s.place, []fault{f})
			if h == nil {
				continue
			}
			if release, ok := m.hold(ctx, who, s.place); ok {
				hits, held = append(hits, h), append(held, release)
			} else {
				m.struck(h, false)
			}
		}
	}
	rests := func(p place) bool { return !p.passes() }
	for end := time.Now().Add(reach); time.Now().Before(end) && ctx.Err() == nil; pause(ctx, beat) {
		take(place.passes)
		if !m.left(place.passes, f) {
			if take(rests); len(hits) > 0 {
				end = time.Now()
			}
		} else if soon := time.Now().Add(together); len(hits) > 0 && soon.Before(end) {
			end = soon
		}
	}
	take(rests)
	return hits, func() {
		for _, release := range held {
			release()
		}
	}
}

// follow notes when those who were struck go on.
func (m *matrix) follow(ctx context.Context) {
	for ; ctx.Err() == nil; pause(ctx, instant) {
		v := m.watch.latest()
		if v == nil {
			continue
		}
		where := spots(v.applications, v.consignments)
		m.mu.Lock()
		for _, h := range m.hits {
			if h.after == 0 && !h.at.IsZero() && v.at.After(h.at) && where[h.who].place != h.place {
				h.after = v.at.Sub(h.at)
			}
		}
		m.mu.Unlock()
	}
}

// quiet waits until everything runs undisturbed, and everybody who was struck has gone
// on, but for cards in boxes: those go with their box, which may have to stay.
func (m *matrix) quiet(ctx context.Context) {
	for end := time.Now().Add(patience); ctx.Err() == nil; pause(ctx, instant) {
		stuck := m.stuck(func(h *hit) bool { return h.place.stage != identity.Dispatch })
		if len(stuck) == 0 && m.watch.up() {
			return
		}
		if time.Now().After(end) {
			for _, h := range stuck {
				m.report.violate(h.who, fmt.Sprintf("%s, at %s: it had not gone on after %s", h.fault.name(), h.place, patience))
			}
			return
		}
	}
}

// stuck lists those that were struck and have not gone on.
func (m *matrix) stuck(which func(*hit) bool) []*hit {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.hits), func(h *hit) bool { return h.at.IsZero() || h.after > 0 || !which(h) })
}

// judge says what was never struck, and what never went on.
func (m *matrix) judge() {
	for _, h := range m.stuck(func(*hit) bool { return true }) {
		m.report.violate(h.who, fmt.Sprintf("%s, at %s: it never went on", h.fault.name(), h.place))
	}
	for _, p := range places {
		for _, f := range m.lacks(p, columns) {
			if m.report.options.matrix {
				m.report.violate("chaos", fmt.Sprintf("%s was never struck at %s", f.name(), p))
			}
		}
	}
	m.report.hits = m.hits
}
