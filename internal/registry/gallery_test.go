package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Two applications of one person in flight at once always meet: whoever commits
// second finds the first, and a reader that goes on from the last entry it saw
// misses none.
func TestGallery_IsInTheOrderOfCommits(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const writers = 6
	submissions := make([]registry.Submission, writers*5)
	for i := range submissions {
		submissions[i] = b.submission()
	}
	done := make(chan struct{})
	seen := make(chan []identity.ApplicationNumber)
	go func() {
		var last int64
		var list []identity.ApplicationNumber
		for finished := false; ; {
			entries, err := b.Gallery(t.Context(), last, 3)
			if err != nil || finished && len(entries) == 0 {
				seen <- list
				return
			}
			for _, e := range entries {
				list, last = append(list, e.Application), e.Seq
			}
			select {
			case <-done:
				finished = true
			default:
			}
		}
	}()

	errs := atOnce(writers, func(i int) error {
		for _, s := range submissions[i*5 : i*5+5] {
			receipt, err := b.Receive(t.Context(), s)
			if err != nil {
				return err
			}
			entries, err := b.Gallery(t.Context(), 0, 1000)
			if err != nil {
				return err
			}
			found := false
			for _, e := range entries {
				found = found || e.Application == receipt.Number
			}
			if !found {
				return identity.Refuse(identity.NotFound, "%s does not see itself", receipt.Number)
			}
		}
		return nil
	})
	close(done)

	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, <-seen, len(submissions))
}
