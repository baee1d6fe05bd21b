package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// mend does, whenever the registry was restored to an earlier instant, what
// docs/operations.md says: stations submit again, boxes of blanks are received again,
// and boxes of cards that nobody knows are let go.
func (p *people) mend(ctx context.Context) {
	for seen := int64(0); ctx.Err() == nil; pause(ctx, time.Second) {
		n := p.restored.Load()
		if n > seen && p.forget(ctx) == nil {
			seen = n
			p.enrollment.again(ctx)
		}
		if seen > 0 {
			p.letGo(ctx)
		}
	}
}

// forget forgets what the registry has forgotten: answers that officers had, fingers that
// were refused, boxes of blanks.
func (p *people) forget(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var boxes int
	if err := p.db.QueryRow(asking, `SELECT count(*) FROM boxes`).Scan(&boxes); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.boxes = boxes
	clear(p.accepted)
	clear(p.fingers)
	return nil
}

// again submits every packet again that has a receipt, which must give the same number.
func (e *enrollment) again(ctx context.Context) {
	pause(ctx, 2*time.Second) // for receipts that are on their way
	list, _ := e.known()
	var stations sync.WaitGroup
	turns := make(chan struct{}, 8)
	for number, a := range list {
		stations.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if got := e.insist(ctx, a); got != number && ctx.Err() == nil {
				e.report.violate(string(number), fmt.Sprintf("submitted again after a restore, it got another number: %s", got))
			}
		})
	}
	stations.Wait()
}

// letGo lets boxes of cards go that the registry does not know.
func (p *people) letGo(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := p.office.Reconciler(asking)
	if err != nil {
		return
	}
	found, err := r.Pass(asking)
	if err != nil {
		return // looked at again soon
	}
	var boxes []string
	for _, id := range found.Unknown {
		if number, box := strings.CutPrefix(id, workflows.ConsignmentWorkflowID("")); box {
			boxes = append(boxes, number)
		}
	}
	if len(boxes) == 0 {
		return
	}
	act := identity.LetGo{Officer: "SX-C06-0001", Numbers: boxes, Reason: because}
	if signed, err := p.keys.State(act, statement.Office, ""); err == nil {
		_, _ = p.office.Desk().Do(asking, signed, nil) // else again soon
	}
}
