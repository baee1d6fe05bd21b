package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// outages are how long PostgreSQL and Temporal are away, one after the other, and
// newcomers how many apply while one is.
var outages = []time.Duration{time.Second, 5 * time.Second, 20 * time.Second, time.Minute, 2 * time.Minute}

const newcomers = 10

// outage is what became of one.
type outage struct {
	target   string
	lasted   time.Duration
	receipts []time.Duration // of those who applied meanwhile
	open     int             // applications and consignments when it began
	after    time.Duration   // the target was back, all of those had gone on; 0: not all did
}

// sweep has PostgreSQL and Temporal be away for longer and longer, while people apply.
func (m *matrix) sweep(ctx context.Context) {
	for _, lasts := range outages {
		for _, target := range []string{temporalName, postgresName} {
			m.quiet(ctx)
			m.report.outages = append(m.report.outages, m.beAway(ctx, fault{kind: kill, target: target, lasts: lasts}))
		}
	}
}

// beAway has a server be away, people apply meanwhile, and everything go on.
func (m *matrix) beAway(ctx context.Context, f fault) outage {
	t := m.target(f.target)
	r := t.takeWhenFree(ctx)
	open := m.look(ctx)
	o := outage{target: f.target, lasted: f.lasts, open: len(open)}
	if r == nil {
		return o
	}
	began := time.Now()
	m.tell(f, fmt.Sprintf("%s, with %d open", f.target, o.open))
	go m.strike(ctx, f, t, r)
	pause(ctx, instant)

	var mu sync.Mutex
	var stations sync.WaitGroup
	for _, a := range m.queue[:min(newcomers, len(m.queue))] {
		stations.Go(func() {
			sent := time.Now()
			m.send(a)
			mu.Lock()
			defer mu.Unlock()
			o.receipts = append(o.receipts, time.Since(sent))
		})
	}
	m.queue = m.queue[min(newcomers, len(m.queue)):]
	stations.Wait()
	if m.wentOn(ctx, open, began.Add(f.lasts)) {
		o.after = time.Since(began.Add(f.lasts))
	} else {
		m.report.violate("office", fmt.Sprintf("%s was away for %s, and not everything had gone on %s later", f.target, f.lasts, patience))
	}
	return o
}

// wentOn waits until everybody has left the place of before, once a server is back.
func (m *matrix) wentOn(ctx context.Context, before map[string]spot, back time.Time) bool {
	for end := back.Add(patience); ctx.Err() == nil && time.Now().Before(end); pause(ctx, instant) {
		v := m.watch.latest()
		if v == nil || v.at.Before(back) {
			continue
		}
		now := spots(v.applications, v.consignments)
		for who, s := range before {
			if now[who].place != s.place {
				delete(before, who)
			}
		}
		if len(before) == 0 && m.watch.up() {
			return true
		}
	}
	return false
}
