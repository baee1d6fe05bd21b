package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newWatch(a *app) *cobra.Command {
	var every time.Duration
	c := &cobra.Command{
		Use: "watch", Short: "Watch the office: what waits and for how long, stations, stock, alarms; into a pipe it is printed once", GroupID: "office",
		Example: "  starter watch\n  starter watch --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < time.Second {
				return identity.RefuseField(identity.Invalid, "every", "is %s; 1s and more is accepted", every)
			}
			screen, is := cmd.OutOrStdout().(*os.File)
			if is && term.IsTerminal(screen.Fd()) && !a.asJSON {
				m := &watch{ctx: cmd.Context(), read: a.read, every: every}
				_, err := tea.NewProgram(m, tea.WithContext(cmd.Context()), tea.WithOutput(screen)).Run()
				if cmd.Context().Err() != nil { // Ctrl-C is how it ends
					return nil
				}
				return err
			}
			var o desk.Overview
			if err := a.read(cmd.Context(), "/v1/office", nil, &o); err != nil {
				return err
			}
			return a.print(cmd, o, func(w io.Writer) {
				for _, l := range overviewLines(o) {
					fmt.Fprintln(w, strings.TrimRight(l.text, " "))
				}
			})
		},
	}
	c.Flags().DurationVar(&every, "every", 5*time.Second, "how often it looks")
	return c
}

// line is a line of the screen; one with a list leads there.
type line struct {
	text string
	list url.Values                 // of /v1/applications; nil: it leads nowhere
	one  identity.ApplicationNumber // the application that it leads to
}

// overviewLines write an office at one look.
func overviewLines(o desk.Overview) []line {
	lines := []line{{text: fmt.Sprintf(text("%s  office %s"), o.At.In(identity.HanoiTime).Format("2006-01-02 15:04:05"), o.Unit)}}
	say := func(list url.Values, format string, args ...any) {
		lines = append(lines, line{text: shown(fmt.Sprintf(text(format), args...)), list: list})
	}
	for _, alarm := range o.Alarms {
		mark, list := "!", url.Values(nil)
		if alarm.Critical {
			mark = "!!"
		}
		if alarm.Awaiting != "" || alarm.Deadline != "" {
			list = url.Values{"awaiting": {string(alarm.Awaiting)}, "deadline": {string(alarm.Deadline)}}
		}
		say(list, "%-2s %s", mark, strings.Join(strings.Fields(strings.Join([]string{alarm.Alert, alarm.Of, alarmText(alarm) + ",", alarm.Runbook}, " ")), " "))
	}
	say(url.Values{}, "open %d, for people %d", o.Open.Count, o.Open.Waiting)
	say(url.Values{"deadline": {string(registry.Late)}}, "late %d", o.Open.Late)
	say(url.Values{"deadline": {string(registry.AtRisk)}}, "at risk %d", o.Open.AtRisk)
	say(url.Values{"trouble": {""}}, "in trouble %d", o.Open.Trouble)
	for _, w := range o.Waits {
		say(url.Values{"awaiting": {string(w.Awaiting)}}, "awaiting %-14s %6d  longest %s", w.Awaiting, w.Count, lasted(o.At, w.Since))
	}
	for _, s := range o.Stages {
		oldest := ""
		if s.Oldest != nil {
			oldest = text("  oldest ") + lasted(o.At, s.Oldest.ReceivedAt) + " " + string(s.Oldest.Application)
		}
		say(url.Values{"stage": {string(s.Stage)}}, "stage    %-16s %4d%s", s.Stage, s.Count, oldest)
	}
	if c := o.Center; c != nil {
		for _, l := range centerLines(*c) {
			say(nil, "%s", l)
		}
	}
	return lines
}

// alarmText is what an alarm says, in the locale's language.
func alarmText(a desk.Alarm) string {
	if spoken() != nil {
		return a.VI
	}
	return a.EN
}

// centerLines write what the center makes.
func centerLines(c desk.CenterOverview) []string {
	var lines []string
	for _, q := range c.Queues {
		lines = append(lines, fmt.Sprintf(text("queue    %-16s %4d"), q.Name, q.Depth))
	}
	lines = append(lines, fmt.Sprintf(text("slots    %d of %d taken"), c.Taken, c.Slots))
	for _, s := range c.Stations {
		lines = append(lines, fmt.Sprintf(text("station  %-10s %-7s [%s%s] %s"), s.Station, s.State, strings.Repeat("#", len(s.Cards)), strings.Repeat(".", max(s.Slots-len(s.Cards), 0)), s.Why))
	}
	lines = append(lines,
		fmt.Sprintf(text("today    received %d, cards begun %d, spoiled %d, handed over %d"), c.Today.Received, c.Today.Begun, c.Today.Spoiled, c.Today.HandedOver),
		text("an hour  cards begun ")+spark(c.Hours, func(h registry.Hour) int { return h.Begun }),
	)
	for _, p := range c.Stock {
		line := fmt.Sprintf(text("blanks   %-10s %d"), p.Location, p.Blanks)
		if p.Document != identity.CardDocument {
			line += " " + string(p.Document)
		}
		lines = append(lines, line)
	}
	left := text("nothing was taken in seven days")
	if c.DaysLeft != nil {
		left = fmt.Sprintf(text("%d days left at %d a day"), *c.DaysLeft, c.ADay)
	}
	return append(lines, text("stock    ")+left)
}

// spark draws the hours as bars of text, with the last whole hour's number.
func spark(hours []registry.Hour, value func(registry.Hour) int) string {
	most := 1
	for _, h := range hours {
		most = max(most, value(h))
	}
	bars := []rune(" ▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, h := range hours {
		b.WriteRune(bars[(value(h)*(len(bars)-1)+most-1)/most])
	}
	const open = 2 // the last hour is not over
	if len(hours) >= open {
		say(&b, " %d in the last whole hour", value(hours[len(hours)-open]))
	}
	return b.String()
}

// lasted is how long something has lasted.
func lasted(now, since time.Time) string {
	if since.IsZero() {
		return "-"
	}
	return max(now.Sub(since), 0).Truncate(time.Minute).String()
}

// shown is a text that draws nothing but itself.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// watch is the screen: the office, a list, or an application.
type watch struct {
	ctx   context.Context //nolint:containedctx // of the program, for its commands
	read  func(ctx context.Context, path string, query url.Values, answer any) error
	every time.Duration

	width, height int
	lines         []line
	at            int
	path          string // what is read; empty: the office
	query         url.Values
	before        []place
	fault         string
	turn          int // of the last question: later answers to earlier ones are dropped
}

// place is where the screen was.
type place struct {
	path  string
	query url.Values
	at    int
}

// answered is what the office answered.
type answered struct {
	turn  int
	lines []line
	err   error
}

type tick struct{ turn int }

// Init implements tea.Model.
func (w *watch) Init() tea.Cmd { return w.ask() }

// ask reads what the screen shows.
func (w *watch) ask() tea.Cmd {
	w.turn++
	turn, path, query := w.turn, w.path, w.query
	return func() tea.Msg {
		lines, err := w.look(path, query)
		return answered{turn, lines, err}
	}
}

func (w *watch) look(path string, query url.Values) ([]line, error) {
	switch path {
	case "":
		var o desk.Overview
		err := w.read(w.ctx, "/v1/office", nil, &o)
		return overviewLines(o), err
	case "/v1/applications":
		var list []desk.Listed
		if err := w.read(w.ctx, path, query, &list); err != nil {
			return nil, err
		}
		total, err := totalOf(w.ctx, w.read, query, len(list), desk.UsuallyListed)
		return listLines(list, total), err
	}
	var s desk.Status
	err := w.read(w.ctx, path, nil, &s)
	var text strings.Builder
	printStatus(&text, s)
	var lines []line
	for t := range strings.Lines(text.String()) {
		lines = append(lines, line{text: shown(strings.TrimRight(t, "\n"))})
	}
	return lines, err
}

// listLines write a list of applications, each of which leads to it.
func listLines(list []desk.Listed, total desk.Total) []line {
	head := fmt.Sprintf(text("%d applications, the oldest first"), len(list))
	switch {
	case total.More:
		head += fmt.Sprintf(text(", of more than %d"), total.Count)
	case total.Count > len(list):
		head += fmt.Sprintf(text(", of %d"), total.Count)
	}
	lines := []line{{text: head}}
	for _, l := range list {
		lines = append(lines, line{
			text: shown(fmt.Sprintf(text("%s %s %-16s %-12s due %s %-7s %s"), l.Application, l.Province, l.Stage, l.Awaiting, l.Due.In(identity.HanoiTime).Format(time.DateOnly), l.Deadline, strings.Trim(sentence(l.Why)+"; "+sentence(l.Trouble), "; "))),
			one:  l.Application,
		})
	}
	return lines
}

// Update implements tea.Model.
func (w *watch) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		w.width, w.height = msg.Width, msg.Height
	case answered:
		if msg.turn != w.turn {
			return w, nil
		}
		w.fault = ""
		if msg.err != nil {
			w.fault = shown(strings.Join(explain(msg.err), "; "))
		} else {
			w.lines = msg.lines
			w.at = min(w.at, max(len(w.lines)-1, 0))
		}
		return w, tea.Tick(w.every, func(time.Time) tea.Msg { return tick{msg.turn} })
	case tick:
		if msg.turn == w.turn {
			return w, w.ask()
		}
	case tea.KeyPressMsg:
		return w, w.key(msg.String())
	}
	return w, nil
}

// key does what a key is for.
func (w *watch) key(key string) tea.Cmd {
	switch key {
	case "q", "ctrl+c":
		return tea.Quit
	case "up", "k":
		w.at = max(w.at-1, 0)
	case "down", "j":
		w.at = min(w.at+1, max(len(w.lines)-1, 0))
	case "r":
		return w.ask()
	case "esc", "left", "backspace":
		if last := len(w.before) - 1; last >= 0 {
			p := w.before[last]
			w.path, w.query, w.at, w.lines, w.before = p.path, p.query, p.at, nil, w.before[:last]
			return w.ask()
		}
	case "enter", "right":
		return w.open()
	}
	return nil
}

// open goes to where the line leads.
func (w *watch) open() tea.Cmd {
	if w.at >= len(w.lines) {
		return nil
	}
	l := w.lines[w.at]
	path := "/v1/applications"
	switch {
	case l.one != "":
		path += "/" + string(l.one)
	case l.list == nil:
		return nil
	}
	w.before = append(w.before, place{w.path, w.query, w.at})
	w.path, w.query, w.at, w.lines = path, l.list, 0, nil
	return w.ask()
}

// View implements tea.Model.
func (w *watch) View() tea.View {
	v := tea.NewView(strings.Join(w.screen(), "\n"))
	v.AltScreen = true
	return v
}

// screen is as many lines as there is room for, around the one that is chosen.
func (w *watch) screen() []string {
	room := len(w.lines)
	const rest = 2 // the fault, and the keys
	if w.height > 0 {
		room = max(w.height-rest, 1)
	}
	first := max(min(w.at-room/2, len(w.lines)-room), 0)
	var screen []string
	for i, l := range w.lines[first:min(first+room, len(w.lines))] {
		mark := "  "
		if first+i == w.at {
			mark = "> "
		}
		screen = append(screen, mark+l.text)
	}
	screen = append(screen, w.fault, cmp.Or(map[bool]string{true: "reading"}[len(w.lines) == 0 && w.fault == ""], "up, down; enter: open; esc: back; r: now; q: end"))
	if w.width > 0 {
		for i, text := range screen {
			screen[i] = ansi.Truncate(text, w.width, "…")
		}
	}
	return screen
}
