package web

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// The wall is the office at one look, for a screen that hangs there: it says nothing of
// persons, opens nothing, and comes anew by itself.
const (
	wallPath    = "/officers/wall"
	wallRefresh = "20" // seconds
	wallCookie  = "officers-wall"
	wallPasses  = 12 * time.Hour // how long it is shown after an officer's session
)

// wallPage is the wall.
type wallPage struct {
	desk.Overview

	By      identity.Officer
	Until   time.Time // to when it is shown without a session; zero: there is one
	Alarms  []wallAlarm
	Waits   []counted
	Stages  []bar
	Charts  []chart
	Slots   []wallStation
	ListOf  string // of all that is open
	LateOf  string
	RiskOf  string
	WrongOf string
}

// wallAlarm is an alarm with the list that it is about.
type wallAlarm struct {
	desk.Alarm

	Address string // empty: it is about no application
}

// bar is a bar of a chart that lies.
type bar struct {
	counted

	Width int // of 100
	Age   string
}

// chart is a small chart of the last 24 hours.
type chart struct {
	title

	Total int // today
	Peak  int
	Bars  []hourBar
}

// hourBar is an hour of a chart 240 wide and 60 high.
type hourBar struct {
	X, Y, Height int
	Hour         string
	N            int
}

// wallStation is a station with its slots.
type wallStation struct {
	desk.Station

	Marks []string // of each slot: taken, trouble or free
}

// wall shows the wall to who is logged in, or was when it was put up.
func (p *officers) wall(w http.ResponseWriter, r *http.Request) error {
	by, until, err := p.wallOf(r)
	if err != nil {
		return err
	}
	o, err := p.Desk.Overview(r.Context(), by)
	if err != nil {
		return err
	}
	w.Header().Set("Refresh", wallRefresh)
	p.show(w, http.StatusOK, "wall", wallOf(o, by, until))
	return nil
}

// withLists leads from each alarm to the applications that it is about.
func withLists(alarms []desk.Alarm) []wallAlarm {
	list := make([]wallAlarm, len(alarms))
	for i, a := range alarms {
		list[i].Alarm = a
		if about := (sought{Awaiting: a.Awaiting, Deadline: a.Deadline}); !about.mine() {
			list[i].Address = about.address()
		}
	}
	return list
}

func wallOf(o desk.Overview, by identity.Officer, until time.Time) wallPage {
	page := wallPage{
		Overview: o, By: by, Until: until, Alarms: withLists(o.Alarms), ListOf: sought{All: true}.address(), LateOf: sought{Deadline: registry.Late}.address(),
		RiskOf: sought{Deadline: registry.AtRisk}.address(), WrongOf: sought{Trouble: true}.address(),
	}
	for _, w := range o.Waits {
		page.Waits = append(page.Waits, counted{actionTitle(w.Awaiting), w.Counts, sought{Awaiting: w.Awaiting}.address(), false, w.Since})
	}
	most := 1
	for _, s := range o.Stages {
		most = max(most, s.Count)
	}
	for _, s := range o.Stages {
		b := bar{counted: counted{stageTitle(s.Stage), s.Counts, sought{Stage: s.Stage}.address(), false, time.Time{}}, Width: (s.Count*100 + most - 1) / most}
		if s.Oldest != nil {
			b.Age = age(s.Oldest.ReceivedAt, o.At)
		}
		page.Stages = append(page.Stages, b)
	}
	if o.Center != nil {
		page.addCenter(*o.Center)
	}
	return page
}

// addCenter adds what the center makes.
func (page *wallPage) addCenter(c desk.CenterOverview) {
	page.Charts = []chart{
		chartOf(title{"Thẻ bắt đầu làm, mỗi giờ", "Cards begun, each hour"}, c.Hours, c.Today.Begun, func(h registry.Hour) int { return h.Begun }),
		chartOf(title{"Hồ sơ tiếp nhận, mỗi giờ", "Applications received, each hour"}, c.Hours, c.Today.Received, func(h registry.Hour) int { return h.Received }),
		chartOf(title{"Thẻ đã trả, mỗi giờ", "Cards handed over, each hour"}, c.Hours, c.Today.HandedOver, func(h registry.Hour) int { return h.HandedOver }),
		chartOf(title{"Thẻ hỏng, mỗi giờ", "Cards spoiled, each hour"}, c.Hours, c.Today.Spoiled, func(h registry.Hour) int { return h.Spoiled }),
	}
	for _, s := range c.Stations {
		w := wallStation{Station: s}
		for _, card := range s.Cards {
			mark := "taken"
			if card.Trouble != "" {
				mark = "trouble"
			}
			w.Marks = append(w.Marks, mark)
		}
		for len(w.Marks) < s.Slots {
			w.Marks = append(w.Marks, "free")
		}
		page.Slots = append(page.Slots, w)
	}
}

func chartOf(t title, hours []registry.Hour, today int, value func(registry.Hour) int) chart {
	const high, step = 60, 10
	c := chart{title: t, Total: today}
	for _, h := range hours {
		c.Peak = max(c.Peak, value(h))
	}
	for i, h := range hours {
		n := value(h)
		height := 0
		if n > 0 {
			height = max(n*high/c.Peak, 2)
		}
		c.Bars = append(c.Bars, hourBar{X: i * step, Y: high - height, Height: height, Hour: h.From.In(identity.HanoiTime).Format("15:04"), N: n})
	}
	return c
}

// wallOf is whose wall it is, the officer's who is logged in or who put it up, and until when
// it is shown without a session.
func (p *officers) wallOf(r *http.Request) (by identity.Officer, until time.Time, err error) {
	badge, key, until := p.pass(r)
	by, err = p.session(r)
	if err == nil && badge != by.Badge {
		until = time.Time{}
	}
	if !errors.Is(err, errLoggedOut) || badge == "" {
		return by, until, err
	}
	officer, failed := p.Desk.Registry.Officer(r.Context(), badge)
	now := p.Now()
	switch {
	case failed != nil:
		return by, until, failed
	case !officer.RevokedAt.IsZero(), now.Before(officer.ValidFrom), !officer.ValidTo.IsZero() && !now.Before(officer.ValidTo), !holds(officer, key):
		return by, until, err
	}
	return officer.Officer, until, nil
}

// holds reports whether an officer still has the key of that hash.
func holds(officer registry.RegisteredOfficer, hash string) bool {
	return slices.ContainsFunc(officer.Credentials, func(c registry.Credential) bool { return c.RevokedAt.IsZero() && hashOf(c.Key) == hash })
}

func hashOf(key []byte) string {
	sum := sha256.Sum256(key)
	return encode(sum[:])
}

// pass reads who put the wall up, by which key, and until when; nobody where it was not, or that
// is over.
func (p *officers) pass(r *http.Request) (badge identity.OfficerID, key string, until time.Time) {
	held, err := r.Cookie(wallCookie)
	if err != nil {
		return "", "", time.Time{}
	}
	said, code, _ := strings.Cut(held.Value, ".")
	content, unread := base64.RawURLEncoding.DecodeString(said)
	seal, broken := base64.RawURLEncoding.DecodeString(code)
	if unread != nil || broken != nil || p.sealedBy(seal, "wall", content) != nil {
		return "", "", time.Time{}
	}
	parts := strings.Fields(string(content))
	if len(parts) != 3 {
		return "", "", time.Time{}
	}
	seconds, err := strconv.ParseInt(parts[1], 10, 64)
	until = time.Unix(seconds, 0)
	if err != nil || !p.Now().Before(until) {
		return "", "", time.Time{}
	}
	return identity.OfficerID(parts[0]), parts[2], until
}

// putUp has the browser show the wall after the session has ended.
func (p *officers) putUp(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	held, err := r.Cookie(p.Desk.SessionCookie())
	if err != nil {
		return errLoggedOut
	}
	key, err := p.Desk.Registry.SessionKey(r.Context(), held.Value)
	if err != nil {
		return err
	}
	until := p.Now().Add(wallPasses)
	content := []byte(string(by.Badge) + " " + strconv.FormatInt(until.Unix(), 10) + " " + hashOf(key))
	seal, err := p.sealed("wall", content)
	if err != nil {
		return err
	}
	http.SetCookie(w, p.wallCookie(encode(content)+"."+encode(seal), until))
	http.Redirect(w, r, wallPath, http.StatusSeeOther)
	return nil
}

// wallCookie lets a browser show the wall, and nothing else.
func (p *officers) wallCookie(value string, until time.Time) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // secure where there is TLS, which is everywhere but in development
		Name: wallCookie, Value: value, Path: wallPath, Expires: until, HttpOnly: true, Secure: p.secure(), SameSite: http.SameSiteStrictMode,
	}
}
