package print

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Four dots that are blurred at once are what each would be alone, in pictures of any width.
func TestShades_AreBlurredDotByDot(t *testing.T) {
	t.Parallel()
	for w := 1; w < 12; w++ {
		const h = 5
		in, out := newShades(w, h), newShades(w, h)
		for y := range h {
			for x := range w {
				put(in.row(y), x, (x*x*1013+y*977+w*331)*613%(255*sixteenth+1))
			}
		}
		in.blurred(out, make([]uint64, in.numbers()*h))
		at := func(x, y int) int { return dotAt(in.row(min(max(y, 0), h-1)), min(max(x, 0), w-1)) }
		across := func(x, y int) int { return at(x-1, y) + 2*at(x, y) + at(x+1, y) }
		for y := range h {
			for x := range w {
				want := (across(x, y-1) + 2*across(x, y) + across(x, y+1) + 8) / 16
				require.Equal(t, want, dotAt(out.row(y), x), "dot %d, %d of %d", x, y, w)
			}
		}
	}
}
