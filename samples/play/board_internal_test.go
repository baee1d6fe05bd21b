package play

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// sampleRows are applications of which the first seven have ended.
func sampleRows(n int) []row {
	list := make([]row, n)
	for i := range list {
		list[i] = row{
			application: identity.ApplicationNumber(fmt.Sprintf("%05d-9T2XK-D", i)), sample: fmt.Sprintf("%02d-sample", i),
			stage: identity.OpenStages()[i%len(identity.OpenStages())], since: time.Unix(1_700_000_000, 0),
		}
		if i < 7 {
			list[i].stage = identity.Issued
		}
		if list[i].stage == identity.Approval {
			list[i].awaiting = identity.ToApprove
		}
	}
	return list
}

// screen is a terminal as far as the board uses one: it wraps, scrolls, moves up and
// erases.
type screen struct {
	width, height int
	lines         [][]rune
	x, y          int
	gone          []string // lines that have left the screen at its top
}

func newScreen(width, height int) *screen {
	return &screen{width: width, height: height, lines: make([][]rune, height)}
}

func (s *screen) newLine() {
	s.x = 0
	if s.y++; s.y < s.height {
		return
	}
	s.y--
	s.gone = append(s.gone, string(s.lines[0]))
	s.lines = append(s.lines[1:], nil)
}

// eraseLine erases from the cursor to the end of the line.
func (s *screen) eraseLine() {
	s.lines[s.y] = s.lines[s.y][:min(s.x, len(s.lines[s.y]))]
}

func (s *screen) write(t *testing.T, text string) {
	t.Helper()
	for text != "" {
		if rest, escape := strings.CutPrefix(text, "\x1b["); escape {
			end := strings.IndexAny(rest, "AJK")
			require.GreaterOrEqual(t, end, 0, "unknown escape sequence %q", text)
			switch rest[end] {
			case 'A':
				n, err := strconv.Atoi(rest[:end])
				require.NoError(t, err)
				s.y = max(s.y-n, 0)
			case 'K':
				s.eraseLine()
			case 'J':
				require.False(t, s.x == 0 && s.y == 0 && strings.Join(s.text(), "") != "", "the whole screen is cleared")
				s.eraseLine()
				clear(s.lines[s.y+1:])
			}
			text = rest[end+1:]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\r':
			s.x = 0
		case '\n':
			s.newLine()
		default:
			if s.x == s.width {
				s.newLine()
			}
			if s.x == len(s.lines[s.y]) {
				s.lines[s.y] = append(s.lines[s.y], r)
			} else {
				s.lines[s.y][s.x] = r
			}
			s.x++
		}
	}
}

// text is what stands on the screen.
func (s *screen) text() []string {
	lines := make([]string, s.height)
	for i, l := range s.lines {
		lines[i] = strings.TrimRight(string(l), " ")
	}
	return lines
}

// A table that is painted again and again stands on the screen once, whatever the
// size of the screen.
func TestBoard_IsPaintedOverItself(t *testing.T) {
	t.Parallel()
	for _, width := range []int{1, 2, 20, 62, 63, 80, 93, 94, 200} {
		for _, height := range []int{1, 2, 10, 22, 50} {
			t.Run(fmt.Sprintf("%dx%d", width, height), func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				at := newScreen(width, height)
				b := &Board{out: &out, size: func() (int, int) { return width, height }}
				paint := func() {
					b.show(sampleRows(21), time.Unix(1_700_000_123, 0))
					at.write(t, out.String())
					out.Reset()
				}

				paint()
				first, gone := at.text(), len(at.gone)
				paint()
				paint()

				require.Equal(t, first, at.text())
				require.Len(t, at.gone, gone, "nothing scrolls")
				if width < 20 {
					return
				}
				for _, line := range at.text() {
					require.Less(t, len([]rune(line)), width)
				}
				text := strings.Join(at.text(), "\n")
				require.Contains(t, text, "7 of 21 ended")
				require.Equal(t, height > 21-7+2, strings.Contains(text, string(identity.Issued)), "those that have ended go first")
			})
		}
	}
}

func TestBoard_SaysLinesAboveTheTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &Board{out: &out, size: func() (int, int) { return 80, 10 }}
	at := newScreen(80, 10)

	b.Say("Submitting ...")
	b.show(sampleRows(3), time.Time{})
	b.Say("Sealed.")
	b.show(sampleRows(2), time.Time{})
	b.Close()
	_, _ = out.WriteString("starter: broken off\n")
	at.write(t, out.String())

	require.Equal(t, []string{
		"Submitting ...", "Sealed.",
		"00000-9T2XK-D  00-sample                    Issued",
		"00001-9T2XK-D  01-sample                    Issued",
		"2 of 2 ended", "starter: broken off", "", "", "", "",
	}, at.text())
}

// A pipe, and a terminal that does not know its size, get a line for each change.
func TestNewBoard_PaintsOnTerminalsOnly(t *testing.T) {
	t.Parallel()
	const change = "00000-9T2XK-D  00-sample                    Issued\n"
	for _, tt := range []struct {
		name string
		size *pty.Winsize // nil: a pipe
		live bool
	}{
		{"Pipe", nil, false},
		{"0x0", &pty.Winsize{}, false},
		{"0x24", &pty.Winsize{Rows: 24}, false},
		{"20x10", &pty.Winsize{Cols: 20, Rows: 10}, true},
		{"80x24", &pty.Winsize{Cols: 80, Rows: 24}, true},
		{"200x50", &pty.Winsize{Cols: 200, Rows: 50}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in, out := open(t, tt.size)
			b := NewBoard(out)
			require.Equal(t, tt.live, b.Live())

			for range 3 {
				b.show(sampleRows(21), time.Unix(1_700_000_123, 0))
			}
			require.NoError(t, out.Close())
			text, err := io.ReadAll(in)
			if !errors.Is(err, syscall.EIO) { // the end of a pseudo-terminal
				require.NoError(t, err)
			}

			if !tt.live {
				require.True(t, strings.HasPrefix(strings.ReplaceAll(string(text), "\r\n", "\n"), change))
				require.Equal(t, 21, strings.Count(string(text), "\n"))
				require.NotContains(t, string(text), "\x1b")
				return
			}
			at := newScreen(int(tt.size.Cols), int(tt.size.Rows))
			at.write(t, string(text))
			require.Empty(t, at.gone)
			require.Contains(t, strings.Join(at.text(), "\n"), "7 of 21 ended")
		})
	}
}

// open opens a pipe, or a pseudo-terminal of that size.
func open(t *testing.T, size *pty.Winsize) (in, out *os.File) {
	t.Helper()
	if size == nil {
		in, out, err := os.Pipe()
		require.NoError(t, err)
		return in, out
	}
	in, out, err := pty.Open()
	require.NoError(t, err)
	require.NoError(t, pty.Setsize(in, size))
	return in, out
}
