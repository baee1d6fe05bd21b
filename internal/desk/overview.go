package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Overview is an office, or what of it belongs to a province, at one look.
type Overview struct {
	At        time.Time       `json:"at"`
	Unit      identity.Unit   `json:"unit"`
	Open      Counts          `json:"open"`
	Waits     []Wait          `json:"waits"`  // by what is awaited, each that there is
	Stages    []AtStage       `json:"stages"` // each, in their order
	Provinces []InProvince    `json:"provinces"`
	Alarms    []Alarm         `json:"alarms"`
	Center    *CenterOverview `json:"center,omitempty"` // for officers of the center
}

// Counts count open applications.
type Counts struct {
	Count   int `json:"count"`
	Waiting int `json:"waiting"` // for a person
	Late    int `json:"late"`    // past the legal deadline
	AtRisk  int `json:"at_risk"` // the deadline is near
	Trouble int `json:"trouble"` // the last step could not be done
}

// Wait counts the applications that wait for an action.
type Wait struct {
	Awaiting identity.Action `json:"awaiting"`
	Counts

	Since time.Time `json:"since"` // since when the first of them waits
}

// AtStage counts the applications that are at a stage.
type AtStage struct {
	Stage identity.Stage `json:"stage"`
	Counts

	Oldest *registry.Oldest `json:"oldest,omitempty"`
}

// InProvince counts the applications of a province.
type InProvince struct {
	Province identity.ProvinceCode `json:"province"`
	Counts
}

// CenterOverview is what the center makes, and of what.
type CenterOverview struct {
	Stations []Station       `json:"stations"`
	Slots    int             `json:"slots"` // of the stations that work
	Taken    int             `json:"slots_taken"`
	Queues   []Queue         `json:"queues"`
	Stock    []Place         `json:"stock"`
	ADay     int             `json:"blanks_a_day"`        // taken, on an average of the last seven days
	DaysLeft *int            `json:"days_left,omitempty"` // for which the stock lasts at that; nil: nothing was taken
	Today    registry.Hour   `json:"today"`               // since midnight
	Hours    []registry.Hour `json:"hours"`               // the last 24; the last one is not over
}

// Queue counts the applications that wait for no person.
type Queue struct {
	Name  string `json:"queue"` // stations, or service: a register, the ABIS, the HSM
	Depth int    `json:"depth"`
}

// Place is where blanks are in stock.
type Place struct {
	Location string            `json:"location"`
	Document identity.Document `json:"document"` // that is made of them
	Blanks   int               `json:"blanks"`
}

// Alarm is what is out of order, by the name that its alert has in deploy/prometheus/rules.yml
// and its runbook in docs/alerts.md. Those that only the programs' own metrics tell are
// Prometheus's alone.
type Alarm struct {
	Alert    string            `json:"alert"`
	Critical bool              `json:"critical"`
	Of       string            `json:"of,omitzero"` // the station, the place, or the receiver
	VI       string            `json:"vi"`
	EN       string            `json:"en"`
	Awaiting identity.Action   `json:"awaiting,omitzero"` // of the applications that it is about
	Deadline registry.Deadline `json:"deadline,omitzero"` // of them
	Runbook  string            `json:"runbook"`
}

// When an alarm is raised, as the rules have it.
const (
	SilentTooLong   = 2 * time.Minute
	FewBlanks       = 500
	FewSheets       = 100 // of certificates
	AdjudicatedLate = 24 * time.Hour
	HeldTooLong     = 7 * 24 * time.Hour
	BoxTooLong      = 4 * 24 * time.Hour
	ToldLate        = time.Hour
	QueuedTooLong   = time.Hour
)

// Overview looks over what an officer may see: the whole office, or his province's part.
func (d *Desk) Overview(ctx context.Context, by identity.Officer) (Overview, error) {
	var province identity.ProvinceCode
	if by.Unit != identity.UnitCenter {
		province = identity.ProvinceCode(by.Unit)
	}
	at, err := d.Registry.Now(ctx)
	if err != nil {
		return Overview{}, err
	}
	near, err := d.Near(at)
	if err != nil {
		return Overview{}, err
	}
	seen, err := d.Registry.OverviewOf(ctx, province, near)
	if err != nil {
		return Overview{}, err
	}
	o := counted(seen)
	o.At, o.Unit = at, by.Unit
	o.ofApplications()
	if province == "" {
		o.ofBoxes(seen.Boxes)
		err = d.ofCenter(ctx, &o, seen)
	}
	slices.SortStableFunc(o.Alarms, func(a, b Alarm) int { return rank(a) - rank(b) })
	return o, err
}

func rank(a Alarm) int {
	if a.Critical {
		return 0
	}
	return 1
}

// add counts a group of applications.
func (c *Counts) add(g registry.Group) {
	c.Count += g.Count
	c.Late += g.Late
	c.AtRisk += g.Near
	c.Trouble += g.Trouble
	if g.Awaiting != identity.NoAction {
		c.Waiting += g.Count
	}
}

// counted sums the groups up, by everything that they are grouped by.
func counted(seen registry.Overview) Overview {
	o := Overview{Waits: []Wait{}, Provinces: []InProvince{}, Alarms: []Alarm{}}
	for _, stage := range identity.OpenStages() {
		at := AtStage{Stage: stage}
		if i := slices.IndexFunc(seen.Oldest, func(o registry.Oldest) bool { return o.Stage == stage }); i >= 0 {
			at.Oldest = &seen.Oldest[i]
		}
		o.Stages = append(o.Stages, at)
	}
	for _, action := range identity.Actions {
		w := Wait{Awaiting: action}
		for _, g := range seen.Groups {
			if g.Awaiting == action {
				w.add(g)
				if g.Since != nil && (w.Since.IsZero() || g.Since.Before(w.Since)) {
					w.Since = *g.Since
				}
			}
		}
		if w.Count > 0 {
			o.Waits = append(o.Waits, w)
		}
	}
	for _, g := range seen.Groups {
		o.Open.add(g)
		o.Stages[slices.Index(identity.OpenStages(), g.Stage)].add(g)
		i := slices.IndexFunc(o.Provinces, func(p InProvince) bool { return p.Province == g.Province })
		if i < 0 {
			i = len(o.Provinces)
			o.Provinces = append(o.Provinces, InProvince{Province: g.Province})
		}
		o.Provinces[i].add(g)
	}
	slices.SortFunc(o.Provinces, func(a, b InProvince) int { return cmp.Compare(a.Province, b.Province) })
	return o
}

// raise adds an alarm.
func (o *Overview) raise(a Alarm) {
	a.Runbook = "docs/alerts.md#" + strings.ToLower(a.Alert)
	o.Alarms = append(o.Alarms, a)
}

// ofApplications raises the alarms about applications.
func (o *Overview) ofApplications() {
	if n := o.Open.Late; n > 0 {
		o.raise(Alarm{Alert: "ApplicationsLate", Critical: true, Deadline: registry.Late, VI: fmt.Sprintf("%d hồ sơ đã quá hạn giải quyết", n), EN: fmt.Sprintf("%d applications are past the legal deadline", n)})
	}
	for _, w := range o.Waits {
		waited := o.At.Sub(w.Since)
		switch {
		case w.Awaiting == identity.ToAttend:
			o.raise(Alarm{Alert: "NeedsAttention", Awaiting: w.Awaiting, VI: fmt.Sprintf("%d hồ sơ gặp việc chưa lường trước", w.Count), EN: fmt.Sprintf("%d applications wait for an operator", w.Count)})
		case w.Awaiting == identity.ToRestock:
			o.raise(Alarm{Alert: "StockAwaited", Critical: true, Awaiting: w.Awaiting, VI: fmt.Sprintf("%d hồ sơ chờ phôi", w.Count), EN: fmt.Sprintf("%d applications wait for blanks", w.Count)})
		case w.Awaiting == identity.ToAdjudicate && waited > AdjudicatedLate:
			o.raise(Alarm{Alert: "AdjudicationWaits", Awaiting: w.Awaiting, VI: "có hồ sơ chờ kết luận trùng sinh trắc học quá 24 giờ", EN: "an application has waited for an adjudicator for more than a day"})
		case w.Awaiting == identity.ToRelease && waited > HeldTooLong:
			o.raise(Alarm{Alert: "HoldForgotten", Awaiting: w.Awaiting, VI: "có hồ sơ tạm dừng quá 7 ngày", EN: "an application has been on hold for more than a week"})
		}
	}
}

// ofBoxes adds what waits with its box, and the alarm about it.
func (o *Overview) ofBoxes(boxes []registry.BoxesWaiting) {
	for _, b := range boxes {
		o.Waits = append(o.Waits, Wait{Awaiting: b.Awaiting, Since: o.At.Add(-b.Longest), Counts: Counts{Count: b.Cards}})
		if b.Longest > BoxTooLong {
			o.raise(Alarm{Alert: "BoxesWait", Awaiting: b.Awaiting, VI: "có hộp thẻ chưa gửi hoặc chưa kiểm nhận quá 4 ngày", EN: "a box has waited for more than four days to be sent, or to be counted in"})
		}
	}
}

// ofCenter adds what the center's officers see, and its alarms.
func (d *Desk) ofCenter(ctx context.Context, o *Overview, seen registry.Overview) error {
	stations, err := d.Registry.StationsAtWork(ctx)
	if err != nil {
		return err
	}
	backlogs, err := d.Registry.Backlogs(ctx)
	if err != nil {
		return err
	}
	const days = 7
	c := &CenterOverview{Stations: make([]Station, len(stations)), Stock: make([]Place, len(seen.Stock)), Today: seen.Today, Hours: seen.Hours, ADay: (seen.Begun + days - 1) / days}
	o.Center = c
	for i, s := range stations {
		c.Stations[i] = describeStation(s)
		c.Taken += len(s.Cards)
		if s.Works() {
			c.Slots += s.Slots
		}
		if s.PausedWhy != "" {
			o.raise(Alarm{Alert: "StationPaused", Of: string(s.ID), VI: "trạm tạm ngừng: " + s.PausedWhy, EN: "takes no cards: " + s.PausedWhy})
		}
		if s.Silent > SilentTooLong {
			o.raise(Alarm{Alert: "StationSilent", Of: string(s.ID), VI: "trạm không trả lời", EN: "has not been heard of since " + s.SeenAt.In(identity.HanoiTime).Format(time.DateTime)})
		}
	}
	blanks := 0
	for i, s := range seen.Stock {
		c.Stock[i] = Place{s.Location, s.Document, s.Count}
		few, vi, en := FewBlanks, "còn %d phôi thẻ", "%d blanks are left"
		if s.Document == identity.Certificate {
			few, vi, en = FewSheets, "còn %d phôi giấy chứng nhận", "%d sheets for certificates are left"
		} else {
			blanks += s.Count
		}
		if s.Count < few {
			o.raise(Alarm{Alert: "BlanksRunOut", Critical: true, Of: s.Location, VI: fmt.Sprintf(vi, s.Count), EN: fmt.Sprintf(en, s.Count)})
		}
	}
	if c.ADay > 0 {
		left := blanks / c.ADay
		c.DaysLeft = &left
	}
	for _, b := range backlogs {
		if b.Oldest > ToldLate {
			o.raise(Alarm{Alert: "NotificationsLate", Of: b.Receiver, VI: "chưa nhận được thông báo", EN: "has not been told of something since " + b.Since.In(identity.HanoiTime).Format(time.DateTime)})
		}
		if b.Dead > 0 {
			o.raise(Alarm{Alert: "NotificationsDead", Of: b.Receiver, VI: fmt.Sprintf("%d thông báo không gửi được", b.Dead), EN: fmt.Sprintf("%d events were given up", b.Dead)})
		}
	}
	c.Queues = queues(seen)
	d.ofEngine(ctx, o, seen)
	return nil
}

// ofEngine raises the alarms about Temporal, and about who reaches it.
func (d *Desk) ofEngine(ctx context.Context, o *Overview, seen registry.Overview) {
	if err := d.reachTemporal(ctx); err != nil {
		o.raise(Alarm{Alert: "TemporalDown", Critical: true, VI: "Temporal không trả lời: hồ sơ đứng yên, không mất gì", EN: "Temporal does not answer: applications stand still, and nothing is lost"})
	}
	if seen.Alone {
		o.raise(Alarm{Alert: "NothingReconciles", Critical: true, VI: "không có worker nào đối chiếu sổ với Temporal quá 5 phút", EN: "no worker has compared registry and Temporal for more than five minutes"})
	}
	if n := seen.Unsigned; n > 0 {
		o.raise(Alarm{Alert: "ActsThatNobodySigned", Critical: true, VI: fmt.Sprintf("đã từ chối %d thao tác không có chữ ký", n), EN: fmt.Sprintf("%d acts that nobody signed were refused", n)})
	}
	if seen.Queued > QueuedTooLong {
		o.raise(Alarm{Alert: "CardsWaitForAStation", VI: "có thẻ chờ trạm quá một giờ", EN: "a card has waited for a station for more than an hour"})
	}
}

// reachTemporal asks whether it answers, for no longer than a screen waits.
func (d *Desk) reachTemporal(ctx context.Context) error {
	if d.Temporal == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return d.Temporal(ctx)
}

// queues count who waits for no person: a station's slot, or an answer of a service.
func queues(seen registry.Overview) []Queue {
	stations, service := Queue{Name: "stations"}, Queue{Name: "service"}
	for _, g := range seen.Groups {
		switch {
		case g.Awaiting != identity.NoAction:
		case slices.Contains(registry.StagesForStations, g.Stage):
			stations.Depth += g.Count
		case g.Stage == identity.Received, g.Stage == identity.BiometricCapture, g.Stage == identity.Validation, g.Stage == identity.Deduplication, g.Stage == identity.Approval:
			service.Depth += g.Count
		}
	}
	return []Queue{stations, service}
}
