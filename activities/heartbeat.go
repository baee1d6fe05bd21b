package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// pulse is the heartbeat of an activity.
type pulse struct {
	ctx  context.Context
	done chan struct{}
	news chan string
}

// beat sends heartbeats until it is stopped, so that a dead station is noticed within
// the heartbeat timeout.
func beat(ctx context.Context) *pulse {
	p := &pulse{ctx: ctx, done: make(chan struct{}), news: make(chan string)}
	go p.run()
	return p
}

func (p *pulse) run() {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	var details []any
	for {
		select {
		case <-p.done:
			return
		case <-p.ctx.Done():
			return
		case what := <-p.news:
			details = []any{what}
		case <-tick.C:
		}
		activity.RecordHeartbeat(p.ctx, details...)
	}
}

// tell shows operators what the activity waits for, beside it in the Temporal UI.
func (p *pulse) tell(what string) {
	select {
	case p.news <- what:
	case <-p.ctx.Done():
	}
}

func (p *pulse) stop() { close(p.done) }
