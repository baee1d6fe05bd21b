// Package notify tells webhooks what happened to applications: other systems, and the
// adapters through which citizens are told who agreed to it.
//
// What there is to tell stands in the registry, written in the transaction in which it
// happened. Here it is sent: to each receiver at least once, and about one application in the
// order in which it happened. Each receiver has a line of its own, so that one which is slow
// or away keeps nobody else waiting; what is on its way is bounded, and nothing else is in
// memory.
package notify

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Receiver is a webhook.
type Receiver struct {
	registry.Receiver

	URL         string
	Keys        Keys         // that sign what is sent
	ByReference bool         // applications are named by a reference of this receiver's alone; else by their receipt
	Client      *http.Client // as NewClient makes it
}

// Sender sends what there is to tell.
type Sender struct {
	Registry  Registry
	Receivers []Receiver
	Source    string                          // of the events: the office's address for citizens
	Code      func(of []byte) ([]byte, error) // a digest under a key of the office
	Now       func() time.Time                // the office's clock
	Pause     func(times int) time.Duration   // before what was not taken so often is tried again
	Patience  registry.Patience               // with a delivery
	Timeout   time.Duration                   // of a try, from its connection to the end of the answer
	AtOnce    int                             // tries under way to one receiver
	Remind    time.Duration                   // how long before the end of the time to collect a card
	Look      time.Duration                   // how often it looks for what is due
	Metrics   *Metrics                        // nil: nothing is counted
	Logger    *slog.Logger
}

// Registry is what the sender needs of the registry.
type Registry interface {
	SetReceivers(ctx context.Context, receivers []registry.Receiver) error
	TakeDeliveries(ctx context.Context, receiver string, most int, lasts time.Duration) ([]registry.Delivery, error)
	Delivered(ctx context.Context, d registry.Delivery) error
	Void(ctx context.Context, d registry.Delivery, why string) error
	Undelivered(ctx context.Context, d registry.Delivery, why string, pause time.Duration, p registry.Patience) (dead bool, err error)
	Remind(ctx context.Context, ahead time.Duration, most int) (int, error)
}

const (
	slack      = 10 * time.Second // beyond the time of a try, before others may take its delivery
	retrying   = 5 * time.Second  // after the registry did not answer
	reminding  = time.Hour        // how often it looks whom to remind, which is counted in days
	remindMost = 1000             // in one transaction
)

// Run sends until ctx ends. It may run in several processes, with the same receivers. What
// was on its way then is sent again, by whoever runs.
func (s *Sender) Run(ctx context.Context) {
	for s.introduce(ctx) != nil {
		if !sleep(ctx, retrying) {
			return
		}
	}
	var lines sync.WaitGroup
	for i := range s.Receivers {
		lines.Go(func() { (&line{Sender: s, to: &s.Receivers[i]}).run(ctx) })
	}
	if len(s.Receivers) > 0 {
		lines.Go(func() { s.remind(ctx) })
	}
	lines.Wait()
}

// introduce tells the registry who is told what.
func (s *Sender) introduce(ctx context.Context) error {
	known := make([]registry.Receiver, len(s.Receivers))
	for i, r := range s.Receivers {
		known[i] = r.Receiver
	}
	err := s.Registry.SetReceivers(ctx, known)
	s.complain(ctx, err)
	return err
}

// remind looks whom to remind, until ctx ends.
func (s *Sender) remind(ctx context.Context) {
	for {
		for {
			n, err := s.Registry.Remind(ctx, s.Remind, remindMost)
			s.complain(ctx, err)
			if err != nil || n < remindMost {
				break
			}
		}
		if !sleep(ctx, reminding) {
			return
		}
	}
}

func (s *Sender) complain(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.Logger.ErrorContext(ctx, "Notifications wait for the registry", "error", err)
	}
}

// line is what goes to one receiver.
type line struct {
	*Sender

	to       *Receiver
	failures int // without an answer of health in between
}

// run keeps as many tries under way as there may be. While the receiver fails it is one at a
// time, with growing pauses.
func (l *line) run(ctx context.Context) {
	tried, under := make(chan outcome), 0
	more := time.NewTimer(0) // after each try and each look it says when to look for more
	defer more.Stop()
	for {
		select {
		case <-ctx.Done():
			for ; under > 0; under-- {
				<-tried
			}
			return
		case o := <-tried:
			under--
			more.Reset(l.note(o))
		case <-more.C:
			room := l.room() - under
			if room <= 0 {
				continue
			}
			due, err := l.Registry.TakeDeliveries(ctx, l.to.Name, room, l.Timeout+slack)
			for _, d := range due {
				under++
				go func() { tried <- l.deliver(ctx, d) }()
			}
			switch {
			case err != nil:
				l.complain(ctx, err)
				more.Reset(retrying)
			case len(due) < room: // that is all
				more.Reset(l.Look)
			}
		}
	}
}

// room is how many tries may be under way.
func (l *line) room() int {
	if l.failures > 0 {
		return 1
	}
	return l.AtOnce
}

// note remembers how a try went, and gives how long to wait before there is another.
func (l *line) note(o outcome) time.Duration {
	switch o {
	case well:
		l.failures = 0
		return 0
	case unwell:
		l.failures++
		return l.Pause(l.failures)
	case unheard:
	}
	return l.Look
}

// outcome is what a try says of the receiver.
type outcome int

const (
	well    outcome = iota // it answers
	unwell                 // it does not, or not as it should
	unheard                // it was not asked
)

// deliver tries a delivery, and has the registry know.
func (l *line) deliver(ctx context.Context, d registry.Delivery) outcome {
	if why := l.nowhere(d); why != "" {
		l.complain(ctx, l.Registry.Void(ctx, d, why))
		return unheard
	}
	if d.Unread != nil && l.to.Way != "" {
		l.undelivered(ctx, d, d.Unread.Error())
		return unheard
	}
	message, err := l.message(d)
	if err != nil {
		l.complain(ctx, err)
		return unheard // it is taken again
	}
	began := time.Now()
	why, health := l.post(ctx, message)
	if ctx.Err() != nil {
		return unheard
	}
	l.Metrics.tried(l.to.Name, why == "", time.Since(began))
	if why == "" {
		l.complain(ctx, l.Registry.Delivered(ctx, d))
		return health
	}
	l.undelivered(ctx, d, why)
	return health
}

// undelivered has a delivery tried again later, or given up.
func (l *line) undelivered(ctx context.Context, d registry.Delivery, why string) {
	dead, err := l.Registry.Undelivered(ctx, d, why, l.Pause(d.Try), l.Patience)
	l.complain(ctx, err)
	if dead {
		l.Logger.ErrorContext(ctx, "Notification given up; starter notifications shows it", "receiver", l.to.Name, "application", d.Application, "event", d.Kind, "error", why)
	}
}

// nowhere says why a delivery has nobody to go to, "" if it has.
func (l *line) nowhere(d registry.Delivery) string {
	switch {
	case l.to.Way == "":
		return ""
	case d.Erased:
		return "the person's data were erased"
	case d.Unread == nil && address(d, l.to.Way) == "":
		return "the citizen has no personal number yet"
	}
	return ""
}

// sleep waits, and reports whether ctx goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// lastDay is the last day of a time that ends then.
func lastDay(end time.Time) identity.Date { return identity.DateOf(end.Add(-time.Nanosecond)) }
