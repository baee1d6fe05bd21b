package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// report is what a run met and measured.
type report struct {
	options options
	began   time.Time
	stock   registry.Stock
	audit   registry.AuditReport

	mu         sync.Mutex
	strikes    []strike
	violations []violation
	receipts   []time.Duration            // from the first try to the receipt
	answers    map[string]*answers        // by act
	ends       map[identity.Stage]int     // of applications
	lasted     map[string][]time.Duration // suspicions that were over by themselves
	drain      time.Duration              // 0: not everything came to its end
	mishaps    map[string]map[string]int  // by process: what it met that no fault of ours explains
	seen       map[[2]string]bool         // violations, by who and what
	hits       []*hit                     // of a matrix
	outages    []outage
}

// strike is a fault that struck, or found nothing to strike.
type strike struct {
	at  time.Time
	f   fault
	met string
}

// violation is something that must not be.
type violation struct {
	at     time.Time
	who    string // an application, a consignment, a blank ...
	what   string
	faults []strike // the last ones before
}

// answers count what became of an act.
type answers struct {
	accepted, unanswered int
	refused              map[string]int // by sentence
}

func newReport(o options) *report {
	return &report{
		options: o, began: time.Now(), answers: make(map[string]*answers), ends: make(map[identity.Stage]int),
		lasted: make(map[string][]time.Duration), mishaps: make(map[string]map[string]int), seen: make(map[[2]string]bool),
	}
}

func (r *report) struck(f fault, met string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.index == 0 { // not of a schedule
		f.index = len(r.strikes) + 1
	}
	r.strikes = append(r.strikes, strike{time.Now(), f, met})
}

func (r *report) violate(who, what string) { r.violateSince(time.Now(), who, what) }

// violateSince notes a violation that began at that time, once.
func (r *report) violateSince(since time.Time, who, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[[2]string{who, what}] {
		return
	}
	r.seen[[2]string{who, what}] = true
	const last = 3
	var before []strike
	for _, s := range r.strikes {
		if s.met != "" && s.at.Before(since) {
			before = append(before, s)
		}
	}
	r.violations = append(r.violations, violation{since, who, what, before[max(0, len(before)-last):]})
}

func (r *report) received(after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.receipts = append(r.receipts, after)
}

// answered notes what became of an act.
func (r *report) answered(act identity.Act, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.answers[act.ActName()]
	if a == nil {
		a = &answers{refused: make(map[string]int)}
		r.answers[act.ActName()] = a
	}
	switch {
	case err == nil:
		a.accepted++
	case refused(err):
		a.refused[sentence(err)]++
	default:
		a.unanswered++
	}
}

// numbers are what refusals name, and the report does not.
var numbers = regexp.MustCompile(`[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]|C-[0-9]{6}`)

// sentence is what a person read of a refusal.
func sentence(err error) string {
	return numbers.ReplaceAllString(err.Error(), "N")
}

func (r *report) ended(stage identity.Stage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends[stage]++
}

// over notes that a suspicion was over after a while.
func (r *report) over(what string, after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what, _, _ = strings.Cut(what, ": ")
	r.lasted[what] = append(r.lasted[what], after)
}

func (r *report) drained(after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drain = max(after, time.Second)
}

// processes notes what the processes met that no fault of ours explains.
func (r *report) processes(targets []*target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range targets {
		t.mu.Lock()
		met := make(map[string]int)
		for _, what := range t.mishaps {
			met[strings.ReplaceAll(what, r.options.dir, "the office's folder")]++
		}
		if t.stubborn > 0 {
			met["had to be killed half a minute after it was asked to end"] = t.stubborn
		}
		t.mu.Unlock()
		if len(met) > 0 {
			r.mishaps[t.name] = met
		}
	}
}

// summary is for the terminal.
func (r *report) summary(w io.Writer) {
	fmt.Fprintf(w, "seed %d: %d of %d faults struck, %d applications, %d violation(s)\n", r.options.seed, len(r.met()), len(r.strikes), r.applications(), len(r.violations))
	for _, v := range r.violations {
		fmt.Fprintf(w, "  %s  %s: %s\n", v.at.UTC().Format(time.TimeOnly), v.who, firstLine(v.what))
	}
}

func (r *report) applications() int {
	n := 0
	for _, of := range r.ends {
		n += of
	}
	return n
}

// met are the faults that struck something.
func (r *report) met() []strike {
	return slices.DeleteFunc(slices.Clone(r.strikes), func(s strike) bool { return s.met == "" })
}

// write writes the report as Markdown.
func (r *report) write(name string) error {
	var b strings.Builder
	r.head(&b)
	if r.options.matrix {
		r.matrix(&b)
	}
	if r.options.outages {
		r.sweep(&b)
	}
	if !r.options.ordered() {
		r.table(&b)
	}
	r.measured(&b)
	r.listViolations(&b)
	b.WriteString("\n## Every fault\n\n| # | time | fault | struck |\n|---|---|---|---|\n")
	for _, s := range r.sorted() {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", s.f.index, s.at.UTC().Format("15:04:05.0"), s.f, cmp.Or(s.met, "nothing"))
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func (r *report) sorted() []strike {
	return slices.SortedFunc(slices.Values(r.strikes), func(x, y strike) int { return cmp.Compare(x.f.index, y.f.index) })
}

func (r *report) head(b *strings.Builder) {
	o := r.options
	fmt.Fprintf(b, "# Chaos, seed %d\n\n", o.seed)
	if o.ordered() {
		fmt.Fprintf(b, "    go run ./internal/chaos --matrix=%t --outages=%t --seed %d --applications %d --drain %s\n\n", o.matrix, o.outages, o.seed, o.applications, o.drain)
	} else {
		fmt.Fprintf(b, "    go run ./internal/chaos --seed %d --applications %d --faults %d --for %s --wipe=%t --drain %s\n\n", o.seed, o.applications, o.faults, o.duration, o.wipe, o.drain)
	}
	fmt.Fprintf(b, "%s UTC, %d cores. %d of %d faults struck; %d violation(s).\n\n",
		r.began.UTC().Format(time.DateTime), runtime.NumCPU(), len(r.met()), len(r.strikes), len(r.violations))
}

// table counts the faults that struck, by what and where.
func (r *report) table(b *strings.Builder) {
	count := make(map[kind]map[string]int)
	for _, s := range r.met() {
		where := s.met
		if s.f.target == "" {
			where, _, _ = strings.Cut(s.met, "-") // application or consignment
		}
		if count[s.f.kind] == nil {
			count[s.f.kind] = make(map[string]int)
		}
		count[s.f.kind][where]++
	}
	b.WriteString("## Faults\n\n| fault | times | struck |\n|---|---|---|\n")
	for _, k := range []kind{kill, freeze, restart, wipe, terminate, cancel, reset} {
		total, list := 0, []string(nil)
		for _, where := range slices.Sorted(maps.Keys(count[k])) {
			total += count[k][where]
			list = append(list, fmt.Sprintf("%s %d", where, count[k][where]))
		}
		fmt.Fprintf(b, "| %s | %d | %s |\n", k, total, strings.Join(list, ", "))
	}
}

func (r *report) measured(b *strings.Builder) {
	b.WriteString("\n## Measured\n\n")
	for _, stage := range identity.Stages {
		if n := r.ends[stage]; n > 0 {
			fmt.Fprintf(b, "- applications at %s in the end: %d\n", stage, n)
		}
	}
	if r.drain > 0 {
		fmt.Fprintf(b, "- everything had come to its end %s after the last fault\n", r.drain.Round(time.Second))
	}
	fmt.Fprintf(b, "- from the first try to the receipt: %s\n", spread(r.receipts))
	for _, what := range slices.Sorted(maps.Keys(r.lasted)) {
		fmt.Fprintf(b, "- %s, and over by itself: %s\n", what, spread(r.lasted[what]))
	}
	s := r.stock
	fmt.Fprintf(b, "- blanks: %d received = %d in stock + %d in production + %d spoiled + %d issued + %d destroyed\n",
		s.Received, s.InStock, s.InProduction, s.Spoiled, s.Issued, s.Destroyed)
	fmt.Fprintf(b, "- audit trail: %d entries of %d applications\n", r.audit.Entries, r.audit.Applications)
	b.WriteString("\n| act | accepted | unanswered, and done again | refused |\n|---|---|---|---|\n")
	for _, act := range slices.Sorted(maps.Keys(r.answers)) {
		a := r.answers[act]
		var why []string
		for _, sentence := range slices.Sorted(maps.Keys(a.refused)) {
			why = append(why, fmt.Sprintf("%d: %s", a.refused[sentence], sentence))
		}
		fmt.Fprintf(b, "| %s | %d | %d | %s |\n", act, a.accepted, a.unanswered, strings.Join(why, "<br>"))
	}
	for _, name := range slices.Sorted(maps.Keys(r.mishaps)) {
		for _, what := range slices.Sorted(maps.Keys(r.mishaps[name])) {
			fmt.Fprintf(b, "\n%s, %d time(s): %s\n", name, r.mishaps[name][what], what)
		}
	}
}

func (r *report) listViolations(b *strings.Builder) {
	b.WriteString("\n## Violations\n\n")
	if len(r.violations) == 0 {
		b.WriteString("None.\n")
	}
	for _, v := range r.violations {
		fmt.Fprintf(b, "- %s **%s**: %s\n", v.at.UTC().Format(time.TimeOnly), v.who, strings.ReplaceAll(v.what, "\n", " "))
		for _, s := range v.faults {
			fmt.Fprintf(b, "  - %s before: #%d %s %s\n", v.at.Sub(s.at).Round(100*time.Millisecond), s.f.index, s.f, s.met)
		}
	}
}

// spread says how durations spread.
func spread(list []time.Duration) string {
	if len(list) == 0 {
		return "none"
	}
	sorted := slices.Sorted(slices.Values(list))
	at := func(percent int) time.Duration { return sorted[(len(sorted)-1)*percent/100].Round(time.Millisecond) }
	return fmt.Sprintf("%d times, median %s, 95%% within %s, longest %s", len(sorted), at(50), at(95), at(100))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
