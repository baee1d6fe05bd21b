package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// office answers what watch reads.
func officeOf(fault *error) func(context.Context, string, url.Values, any) error {
	now := time.Date(2026, 11, 29, 3, 0, 0, 0, time.UTC)
	return func(_ context.Context, path string, query url.Values, answer any) error {
		if *fault != nil {
			return *fault
		}
		switch v := answer.(type) {
		case *desk.Overview:
			left := 3
			*v = desk.Overview{
				At: now, Unit: identity.UnitCenter, Open: desk.Counts{Count: 12, Late: 2},
				Alarms: []desk.Alarm{{Alert: "ApplicationsLate", Critical: true, EN: "2 applications are past the legal deadline", Deadline: registry.Late, Runbook: "docs/alerts.md#applicationslate"}, {Alert: "StationPaused", Of: "PX-01", EN: "takes no cards: \x1b[31mcleaning", Runbook: "docs/alerts.md#stationpaused"}},
				Waits:  []desk.Wait{{Awaiting: identity.ToApprove, Counts: desk.Counts{Count: 10}, Since: now.Add(-26 * time.Hour)}},
				Center: &desk.CenterOverview{
					Stations: []desk.Station{{Station: "PX-01", State: "paused", Slots: 4, Cards: make([]registry.CardInSlot, 1)}}, Slots: 4, Taken: 1, ADay: 500, DaysLeft: &left,
					Hours: []registry.Hour{{Begun: 1}, {Begun: 80}, {Begun: 40}}, Stock: []desk.Place{{Location: "center", Document: identity.CardDocument, Blanks: 1500}},
				},
			}
		case *[]desk.Listed:
			if query.Get("deadline") != "late" {
				return fmt.Errorf("asked for %v", query)
			}
			*v = []desk.Listed{{Application: "7QF3M-9T2XK-D", Stage: identity.Approval, Deadline: registry.Late, Why: "Nguyễn"}}
		case *desk.Status:
			if path != "/v1/applications/7QF3M-9T2XK-D" {
				return fmt.Errorf("asked for %s", path)
			}
			*v = desk.Status{Application: "7QF3M-9T2XK-D", Stage: identity.Approval}
		}
		return nil
	}
}

// One key leads from an alarm to its list, and one from there to the application; a fault is
// said, and what was shown stays.
func TestWatch_FromAnAlarmToTheApplication(t *testing.T) {
	t.Parallel()
	var fault error
	w := &watch{ctx: t.Context(), read: officeOf(&fault), every: time.Second}
	settle := func(c tea.Cmd) {
		if c != nil {
			_, _ = w.Update(c())
		}
	}
	press := func(key rune) { _, c := w.Update(tea.KeyPressMsg{Code: key}); settle(c) }
	shows := func() string { return strings.Join(w.screen(), "\n") }
	settle(w.Init())
	require.Contains(t, shows(), "stock    3 days left at 500 a day")
	require.Contains(t, shows(), "PX-01      paused  [#...]")
	require.Contains(t, shows(), "▁█▄ 80 in the last whole hour")
	require.NotContains(t, shows(), "\x1b")
	press(tea.KeyDown)
	press(tea.KeyEnter)
	require.Contains(t, shows(), "1 applications, the oldest first")
	press(tea.KeyDown)
	press(tea.KeyEnter)
	require.Contains(t, shows(), "7QF3M-9T2XK-D  Approval")
	press(tea.KeyEscape)
	press(tea.KeyEscape)
	require.Contains(t, shows(), "> !! ApplicationsLate")
	fault = errors.New("the office does not answer")
	press('r')
	require.Contains(t, shows(), "> !! ApplicationsLate")
	require.Contains(t, shows(), "the office does not answer")
	_, c := w.Update(tea.KeyPressMsg{Code: 'q', Text: "q"})
	require.Equal(t, tea.Quit(), c())
}

// Whatever the screen's size, nothing is wider or higher than it, and the chosen line is there.
func TestWatch_FitsTheScreen(t *testing.T) {
	t.Parallel()
	var fault error
	for _, size := range [][2]int{{0, 0}, {1, 1}, {20, 5}, {80, 24}, {200, 60}} {
		w := &watch{ctx: t.Context(), read: officeOf(&fault), every: time.Second}
		_, _ = w.Update(w.Init()())
		_, _ = w.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		for range len(w.lines) {
			screen := w.screen()
			if size[0] > 0 {
				require.LessOrEqual(t, len(screen), max(size[1], 3))
				for _, l := range screen {
					require.LessOrEqual(t, ansi.StringWidth(l), size[0])
				}
			}
			require.True(t, size[0] < 2 || strings.Contains(strings.Join(screen, "\n"), "> "))
			_, _ = w.Update(tea.KeyPressMsg{Code: tea.KeyDown})
		}
	}
}
