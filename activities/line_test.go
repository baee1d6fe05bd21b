package activities

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// book is what the registry knows of one station.
type book struct {
	at     registry.StationAtWork
	away   bool
	backs  int
	during func() // happens after a report was read, before it is heard
}

func (b *book) ReportStation(_ context.Context, _ identity.StationID, _ int, back bool) (registry.StationAtWork, error) {
	if b.away {
		return registry.StationAtWork{}, errors.New("out of reach")
	}
	if back {
		b.backs++
	}
	at := b.at
	if b.during != nil {
		during := b.during
		b.during = nil
		during()
	}
	return at, nil
}

func (b *book) PauseItself(_ context.Context, _ identity.StationID, why string) error {
	if b.away {
		return errors.New("out of reach")
	}
	b.at.PausedWhy = why
	return nil
}

func newTestLine(slots int) (*Line, *book) {
	b := &book{}
	return NewLine(b, "PX-01", slots, slog.New(slog.DiscardHandler)), b
}

func card(attempt int) CardInput { return CardInput{Application: "7QF3M-9T2XK-D", Attempt: attempt} }

func inSlot(attempts ...int) []registry.CardInSlot {
	var list []registry.CardInSlot
	for _, attempt := range attempts {
		list = append(list, registry.CardInSlot{Application: "7QF3M-9T2XK-D", Attempt: attempt})
	}
	return list
}

// issues reports whether the line issues a slot now, which it keeps.
func issues(l *Line) bool { return at(l.Issue) }

// calls likewise, for a card in a slot.
func calls(l *Line) bool { return at(l.Call) }

// at tries once.
func at(reserve func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	return reserve(ctx) == nil
}

func TestLine_IssuesNothingBeforeTheRegistryIsHeard(t *testing.T) {
	t.Parallel()
	l, b := newTestLine(1)
	b.at.Cards = inSlot(1)
	require.False(t, issues(l))
	require.False(t, calls(l))

	l.report(t.Context())

	require.False(t, issues(l), "the slot holds a card of a process before")
	require.True(t, calls(l), "which goes on")
	require.Equal(t, 1, b.backs)
	b.at.Cards = nil
	l.report(t.Context())
	require.True(t, issues(l))
	require.False(t, issues(l))
	l.Withdraw()
	require.True(t, issues(l))
	require.Equal(t, 1, b.backs, "it came back once")
}

func TestLine_WithoutBlanksItLeavesCardsToStationsThatHaveSome(t *testing.T) {
	t.Parallel()
	l, b := newTestLine(1)
	b.at.Bare = true
	require.True(t, l.turnedAway(t.Context()))
	require.False(t, issues(l))
	require.True(t, calls(l), "what is in its slot goes on")

	b.at.Bare = false
	require.False(t, l.turnedAway(t.Context()))
	require.True(t, issues(l))
}

func TestLine_ACardKeepsItsSlotUntilItHasLeft(t *testing.T) {
	t.Parallel()
	l, _ := newTestLine(1)
	l.report(t.Context())
	require.True(t, issues(l))
	require.NoError(t, l.begin(t.Context(), card(1), true))

	l.end(card(1), true)
	l.Withdraw()
	require.False(t, issues(l), "it stays in the slot")

	require.NoError(t, l.begin(t.Context(), card(1), false))
	require.False(t, issues(l))
	l.end(card(1), false)
	require.True(t, issues(l))
}

func TestLine_AReportIsNoNewerThanWhatEndsMeanwhile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		known []registry.CardInSlot // when the registry was read
		stays bool
		free  bool
	}{
		"TakenAfterIt": {nil, true, false},
		"LeftAfterIt":  {inSlot(1), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, b := newTestLine(1)
			l.report(t.Context())
			require.True(t, issues(l))
			require.NoError(t, l.begin(t.Context(), card(1), true))
			b.at.Cards = tt.known
			b.during = func() {
				l.end(card(1), tt.stays)
				l.Withdraw()
			}

			l.report(t.Context())

			require.Equal(t, tt.free, issues(l))
		})
	}
}

func TestLine_OneTryOfACardAtATime(t *testing.T) {
	t.Parallel()
	l, _ := newTestLine(2)
	require.NoError(t, l.begin(t.Context(), card(1), true))
	waiting, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, l.begin(waiting, card(1), false), context.DeadlineExceeded)
	require.NoError(t, l.begin(t.Context(), card(2), true), "another card need not wait")
	second := make(chan error)
	go func() { second <- l.begin(t.Context(), card(1), false) }()

	l.end(card(1), true)

	require.NoError(t, <-second)
}

func TestLine_PausesItselfForTheSameFailureTwiceInARow(t *testing.T) {
	t.Parallel()
	l, b := newTestLine(1)
	l.report(t.Context())
	l.wentWrong(t.Context(), "printer", "printer: off")
	l.wentWrong(t.Context(), "camera", "camera: blind")
	l.wentWell()
	l.wentWrong(t.Context(), "camera", "camera: blind")
	require.True(t, issues(l), "never twice in a row")
	l.Withdraw()

	l.wentWrong(t.Context(), "camera", "camera: blind")

	require.False(t, issues(l))
	require.False(t, calls(l))
	require.Equal(t, "2 times in a row: camera: blind", b.at.PausedWhy)
	require.ErrorContains(t, l.begin(t.Context(), card(1), true), "camera: blind")

	b.at.PausedWhy = "" // resumed
	l.report(t.Context())
	require.True(t, issues(l))
	l.Withdraw()
	l.wentWrong(t.Context(), "camera", "camera: blind")
	require.True(t, issues(l), "it is counted anew")
}

func TestLine_APauseThatTheRegistryMissedIsToldLater(t *testing.T) {
	t.Parallel()
	l, b := newTestLine(1)
	l.report(t.Context())
	b.away = true
	for range spoils {
		l.wasSpoiled(t.Context(), "chip failed")
	}
	require.Empty(t, b.at.PausedWhy)
	b.away = false

	l.report(t.Context())

	require.Contains(t, b.at.PausedWhy, "chip failed")
	require.False(t, issues(l))
}

func TestLine_APauseIsNotLostToAReportThatIsUnderWay(t *testing.T) {
	t.Parallel()
	l, b := newTestLine(1)
	l.report(t.Context())
	l.wentWrong(t.Context(), "printer", "printer: off")
	paused := make(chan struct{})
	b.during = func() {
		go func() {
			defer close(paused)
			l.wentWrong(context.Background(), "printer", "printer: off")
		}()
		require.Eventually(t, func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.paused != ""
		}, time.Second, time.Millisecond)
	}

	l.report(t.Context())

	require.False(t, issues(l))
	<-paused
	require.Contains(t, b.at.PausedWhy, "printer: off")
}

func TestLine_TakesNothingWhileTheRegistryIsAway(t *testing.T) {
	t.Parallel()
	l, b := newTestLine(1)
	l.report(t.Context())
	b.away = true
	for range silentReports - 1 {
		l.report(t.Context())
	}
	require.True(t, issues(l), "a report may be lost")
	l.Withdraw()

	l.report(t.Context())

	require.False(t, issues(l))
	require.ErrorContains(t, l.begin(t.Context(), card(1), true), "does not reach the registry")
	b.away = false
	l.report(t.Context())
	require.True(t, issues(l))
	require.Equal(t, 2, b.backs)
}
