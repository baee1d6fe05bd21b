package qr

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// A line that is scored all at once has the score that its modules have one by one.
func TestLine_ScoresAsItsModules(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same lines each time
	fast := 0
	for range 200_000 {
		m := &Code{size: 21 + 4*random.IntN(11)}
		w := random.Uint64()
		switch random.IntN(3) {
		case 0: // long runs
			w &= random.Uint64() & random.Uint64()
		case 1: // a finder's pattern somewhere
			at := random.IntN(m.size - 6)
			w = w&^(0x7f<<(57-at)) | 0x5d<<(57-at)
		}
		row := []uint64{w & (^uint64(0) << (64 - m.size))}
		require.Equal(t, m.modules(row), m.line(row), "%d modules %064b", m.size, row[0])
		if !m.likeFinder(row[0]) {
			fast++
		}
	}
	require.Greater(t, fast, 100_000)
}
