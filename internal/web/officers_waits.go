package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// TemporalUI is where a namespace is shown, as .../namespaces/NAME; empty: nowhere.
type TemporalUI string

// workflow is the page of an application's workflow.
func (u TemporalUI) workflow(number identity.ApplicationNumber) string {
	if u == "" {
		return ""
	}
	return string(u) + "/workflows/application-" + url.PathEscape(string(number))
}

// list is the page that lists workflows by a visibility query.
func (u TemporalUI) list(query string) string {
	if u == "" || query == "" {
		return ""
	}
	return string(u) + "/workflows?" + url.Values{"query": {query}}.Encode()
}

// pageSize is how many applications a page lists.
const pageSize = 50

// sought is which applications a page shows. Without anything, those that wait for what the
// officer decides.
type sought struct {
	Stage    identity.Stage
	Awaiting identity.Action
	Province identity.ProvinceCode
	Deadline registry.Deadline
	Trouble  bool
	All      bool // whatever they wait for, and if for nobody
	After    identity.ApplicationNumber
}

// soughtIn reads it from an address or a form.
func soughtIn(q url.Values) sought {
	return sought{
		Stage: identity.Stage(q.Get("stage")), Awaiting: identity.Action(q.Get("awaiting")), Province: identity.ProvinceCode(q.Get("province")),
		Deadline: registry.Deadline(q.Get("deadline")), Trouble: q.Has("trouble"), All: q.Has("all"), After: identity.ApplicationNumber(q.Get("after")),
	}
}

// mine reports whether it is what waits for the officer.
func (s sought) mine() bool {
	s.After, s.Province = "", ""
	return s == sought{}
}

// Fields are its parts that are given, for an address or a form.
func (s sought) Fields() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"stage": string(s.Stage), "awaiting": string(s.Awaiting), "province": string(s.Province), "deadline": string(s.Deadline), "after": string(s.After),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if s.Trouble {
		q.Set("trouble", "1")
	}
	if s.All {
		q.Set("all", "1")
	}
	return q
}

// address is the page that shows it.
func (s sought) address() string {
	if q := s.Fields(); len(q) > 0 {
		return "/officers/?" + q.Encode()
	}
	return "/officers/"
}

// filter is it for the registry.
func (s sought) filter(by identity.Officer, limit int) registry.Filter {
	f := registry.Filter{Stages: identity.OpenStages(), Awaiting: s.Awaiting, Province: s.Province, Deadline: s.Deadline, Trouble: s.Trouble, After: s.After, Limit: limit}
	if s.Stage != "" {
		f.Stages = []identity.Stage{s.Stage}
	}
	if s.mine() {
		f.AnyOf = answered(by)
	}
	return f
}

// visibility is it as a query for the Temporal UI, which knows what waits and where; empty
// where it knows nothing of that.
func (s sought) visibility(now time.Time) string {
	if s.mine() || s.Deadline == registry.AtRisk {
		return ""
	}
	terms := []string{`WorkflowType = "CardApplication"`, `ExecutionStatus = "Running"`}
	for name, value := range map[string]string{"Stage": string(s.Stage), "AwaitingAction": string(s.Awaiting), "Province": string(s.Province)} {
		if value != "" {
			terms = append(terms, fmt.Sprintf("%s = %q", name, value))
		}
	}
	if s.Deadline == registry.Late {
		terms = append(terms, fmt.Sprintf("Deadline < %q", now.UTC().Format(time.RFC3339)), `Stage != "HandOver"`)
	}
	if s.Trouble {
		terms = append(terms, `FailingActivity IS NOT NULL`)
	}
	slices.Sort(terms)
	return strings.Join(terms, " AND ")
}

// counted is a count that leads to its list.
type counted struct {
	title
	desk.Counts

	Address string
	Current bool
	Since   time.Time // since when the first of them waits
}

// workPage is what waits.
type workPage struct {
	By       identity.Officer
	Done     title
	Overview desk.Overview
	Alarms   []wallAlarm
	Totals   []counted
	Groups   []group
	Places   []place

	Sought sought
	Chips  []chip
	List   []listedRow
	Total  desk.Total // of the list, where it has several pages
	More   string     // address of the next page; empty: there is none
	Begin  string     // of the first page; empty: it is shown
	Acts   []offered

	Temporal string // the same list in the Temporal UI
}

// group is a table of counts.
type group struct {
	title

	Rows []counted
}

// place is where an officer does something else.
type place struct {
	title

	Address string
}

// chip is a part of what is sought, which a click takes away.
type chip struct{ Name, Without string }

// listedRow is a line of the list.
type listedRow struct {
	desk.Listed

	Waits    title
	Age      string
	Temporal string
}

// work shows what waits.
func (p *officers) work(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	if err := desk.OnlyFilters(r.URL.Query(), "awaiting", "stage", "province", "deadline", "trouble", "all", "after", "done"); err != nil {
		return err
	}
	want := soughtIn(r.URL.Query())
	page := workPage{By: by, Sought: want, Done: justDone(r)}
	var list []desk.Listed
	if want.After != "" {
		if want.After, err = identity.ParseApplicationNumber(string(want.After)); err != nil {
			return err
		}
	}
	if f := want.filter(by, pageSize+1); f.AnyOf == nil || len(f.AnyOf) > 0 {
		if list, err = p.Desk.Applications(r.Context(), by, f); err != nil {
			return err
		}
		if len(list) > pageSize || want.After != "" {
			if page.Total, err = p.Desk.CountApplications(r.Context(), by, f); err != nil {
				return err
			}
		}
	}
	if page.Overview, err = p.Desk.Overview(r.Context(), by); err != nil {
		return err
	}
	page.describe(by, want)
	page.fill(list, want, p.TemporalUI)
	p.show(w, http.StatusOK, "work", page)
	return nil
}

// fill adds the list.
func (page *workPage) fill(list []desk.Listed, want sought, ui TemporalUI) {
	if page.By.Unit != identity.UnitCenter {
		ui = ""
	}
	if len(list) > pageSize {
		list = list[:pageSize]
		next := want
		next.After = list[pageSize-1].Application
		page.More = next.address()
	}
	if want.After != "" {
		first := want
		first.After = ""
		page.Begin = first.address()
	}
	for _, l := range list {
		page.List = append(page.List, listedRow{l, actionTitle(l.Awaiting), age(l.Since, page.Overview.At), ui.workflow(l.Application)})
	}
	page.Temporal = ui.list(want.visibility(page.Overview.At))
	if len(list) > 0 {
		page.Acts = offersOfMany(page.By, want)
	}
}

// describe adds the counts, and what is sought in words.
func (page *workPage) describe(by identity.Officer, want sought) {
	open := page.Overview.Open
	page.Alarms = withLists(page.Overview.Alarms)
	total := func(vi, en string, n int, s sought) counted {
		return counted{title{vi, en}, desk.Counts{Count: n}, s.address(), sameList(s, want), time.Time{}}
	}
	page.Totals = []counted{
		total("Đang giải quyết", "Open", open.Count, sought{All: true}),
		total("Quá hạn", "Late", open.Late, sought{Deadline: registry.Late}),
		total("Sắp đến hạn", "At risk", open.AtRisk, sought{Deadline: registry.AtRisk}),
		total("Trục trặc", "In trouble", open.Trouble, sought{Trouble: true}),
	}
	with := func(change func(*sought)) (string, bool) {
		s := want
		s.After, s.All = "", false
		change(&s)
		return s.address(), sameList(s, want)
	}
	waits := group{title: title{"Chờ gì", "Awaited"}}
	for _, w := range page.Overview.Waits {
		address, current := with(func(s *sought) { s.Awaiting, s.Stage = w.Awaiting, "" })
		waits.Rows = append(waits.Rows, counted{actionTitle(w.Awaiting), w.Counts, address, current, w.Since})
	}
	stages := group{title: title{"Ở bước nào", "Stage"}}
	for _, st := range page.Overview.Stages {
		if st.Count == 0 {
			continue
		}
		address, current := with(func(s *sought) { s.Stage, s.Awaiting = st.Stage, "" })
		row := counted{stageTitle(st.Stage), st.Counts, address, current, time.Time{}}
		if st.Oldest != nil {
			row.Since = st.Oldest.ReceivedAt
		}
		stages.Rows = append(stages.Rows, row)
	}
	page.Groups = []group{waits, stages}
	if by.Unit == identity.UnitCenter {
		provinces := group{title: title{"Tỉnh, thành phố", "Province"}}
		for _, pr := range page.Overview.Provinces {
			address, current := with(func(s *sought) {
				s.Province = pr.Province
				s.All = s.mine()
			})
			provinces.Rows = append(provinces.Rows, counted{title{string(pr.Province), ""}, pr.Counts, address, current, time.Time{}})
		}
		page.Groups = append(page.Groups, provinces)
	}
	page.Chips = chips(want)
	page.Places = placesOf(by)
}

// sameList reports whether both are the same but for the page.
func sameList(a, b sought) bool {
	a.After, b.After = "", ""
	return a == b
}

// chips are the parts of what is sought.
func chips(want sought) []chip {
	var list []chip
	add := func(name string, without func(*sought)) {
		if name != "" {
			s := want
			s.After = ""
			without(&s)
			list = append(list, chip{name, s.address()})
		}
	}
	if want.Awaiting != "" {
		t := actionTitle(want.Awaiting)
		add(t.VI+" · "+t.EN, func(s *sought) { s.Awaiting = "" })
	}
	if want.Stage != "" {
		add(stageTitle(want.Stage).VI+" · "+string(want.Stage), func(s *sought) { s.Stage = "" })
	}
	add(string(want.Province), func(s *sought) { s.Province = "" })
	switch want.Deadline {
	case registry.Late:
		add("Quá hạn · Late", func(s *sought) { s.Deadline = "" })
	case registry.AtRisk:
		add("Sắp đến hạn · At risk", func(s *sought) { s.Deadline = "" })
	}
	if want.Trouble {
		add("Trục trặc · In trouble", func(s *sought) { s.Trouble = false })
	}
	return list
}

// placesOf are the other pages on which an officer has something to do.
func placesOf(by identity.Officer) []place {
	at := places(by)
	list := []place{{title{"Bảng theo dõi", "Wall"}, wallPath}}
	if movesBoxes(by) {
		list = append(list, place{title{"Hộp thẻ", "Boxes of cards"}, "/officers/boxes"})
	}
	if at[blanksPath] {
		list = append(list, place{title{"Phôi thẻ", "Blanks"}, blanksPath})
	}
	if at[peoplePath] {
		list = append(list, place{title{"Cán bộ và khóa", "Officers and keys"}, peoplePath})
	}
	return list
}

// age is how long something has lasted, in its two largest units.
func age(since, now time.Time) string {
	if since.IsZero() {
		return ""
	}
	const day = 24 * time.Hour
	lasted := max(now.Sub(since), 0)
	switch {
	case lasted >= day:
		return fmt.Sprintf("%d d %d h", lasted/day, lasted%day/time.Hour)
	case lasted >= time.Hour:
		return fmt.Sprintf("%d h %d min", lasted/time.Hour, lasted%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d min", lasted/time.Minute)
}
