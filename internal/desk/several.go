package desk

import (
	"context"
	"sync"

	"example.org/cancuoc/internal/statement"
)

// Done is what came of one of several statements.
type Done struct {
	Answer

	Err error
}

// DoSeveral does what several statements say, each by itself, and tells of each what came of
// it, in their order. The same ones again are answered by what was done.
func (d *Desk) DoSeveral(ctx context.Context, all []statement.Signed) []Done {
	const atOnce = 8
	done := make([]Done, len(all))
	turns := make(chan struct{}, atOnce)
	var each sync.WaitGroup
	for i, signed := range all {
		turns <- struct{}{}
		each.Go(func() {
			defer func() { <-turns }()
			done[i].Answer, done[i].Err = d.Do(ctx, signed, nil)
		})
	}
	each.Wait()
	return done
}
