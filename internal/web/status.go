// Package web serves pages, in Vietnamese with English beside it. Citizens see the status
// of their application, by receipt number and birth date; these pages need no script and
// say nothing about the person. Officers see what waits for them, and decide by passkey.
package web

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

//go:embed status.html
var statusHTML string

// Pages serves the citizens' pages.
type Pages struct {
	Registry interface {
		Application(ctx context.Context, n identity.ApplicationNumber) (registry.ApplicationRecord, error)
	}
	Logger *slog.Logger
}

// Register adds the pages to mux.
func (p *Pages) Register(mux *http.ServeMux) {
	page := template.Must(template.New("status").Parse(statusHTML))
	window := &window{Pages: p, page: page, policy: policy(statusHTML), tries: tries{now: time.Now}} //nolint:forbidigo // how long ago is all that is asked
	mux.HandleFunc("GET /{$}", window.status)
	mux.HandleFunc("POST /{$}", window.status)
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "only GET and POST are accepted here", http.StatusMethodNotAllowed)
	})
}

// window answers look-ups.
type window struct {
	*Pages
	page   *template.Template
	policy string
	tries  tries
}

// policy is the Content-Security-Policy of a page: its style, by hash, and its form
// are allowed, and nothing else.
func policy(html string) string {
	hash := sha256.Sum256([]byte(style(html)))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

// style is the style sheet in a page.
func style(html string) string {
	_, style, _ := strings.Cut(html, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	return style
}

// view is what the page shows.
type view struct {
	Asked, Found     bool
	Receipt, Birth   string // as typed
	Steps            []step
	Tries            int // how many wrong birth dates lock a receipt
	RestMinutes      int
	Due              string
	NextVI, NextEN   string
	EndedVI, EndedEN string
	WhyVI, WhyEN     string // why it ended, or is on hold
}

type step struct {
	VI, EN        string
	Done, Current bool
}

// status answers a look-up. An unknown receipt, a wrong birth date and a locked
// receipt get the same answer.
func (d *window) status(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", d.policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	v := view{Asked: r.Method == http.MethodPost, Tries: maxTries, RestMinutes: int(rest.Minutes())}
	if v.Asked {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		v.Receipt, v.Birth = r.PostFormValue("receipt"), r.PostFormValue("birth")
		record, found, err := d.find(r.Context(), v.Receipt, v.Birth)
		if err != nil {
			d.Logger.Error("Status not read", "error", err)
			http.Error(w, "Hệ thống bận, xin thử lại sau. / The system is busy, please try again later.", http.StatusServiceUnavailable)
			return
		}
		if found {
			v.fill(record)
		}
	}
	if err := d.page.Execute(w, v); err != nil {
		d.Logger.Error("Status page not written", "error", err)
	}
}

// maxForm bounds what a look-up may send, in bytes.
const maxForm = 4 << 10

// find looks the application up and compares the birth date.
func (d *window) find(ctx context.Context, receipt, birth string) (registry.ApplicationRecord, bool, error) {
	number, err := identity.ParseApplicationNumber(receipt)
	if err != nil {
		return registry.ApplicationRecord{}, false, nil
	}
	record, err := d.Registry.Application(ctx, number)
	if identity.Refused(err, identity.NotFound) {
		return registry.ApplicationRecord{}, false, nil
	}
	if err != nil {
		return registry.ApplicationRecord{}, false, fmt.Errorf("read application %s: %w", number, err)
	}
	return record, d.tries.allow(number, born(birth) == record.Application.Person.Birth), nil
}

// born reads a birth date as people write it: 31/12/1990, or 12/1990 or 1990 where
// no more is known, or in ISO 8601. Anything else gives a date that nobody has.
func born(typed string) identity.Date {
	typed = strings.Join(strings.Fields(typed), "")
	if parts := strings.Split(typed, "/"); len(parts) > 1 {
		slices.Reverse(parts)
		for i, part := range parts {
			if len(part) == 1 {
				parts[i] = "0" + part
			}
		}
		typed = strings.Join(parts, "-")
	}
	date, err := identity.ParseDate(typed)
	if err != nil {
		return identity.Date{Year: -1}
	}
	return date
}

// nextSteps say in both languages what the citizen has to do.
var nextSteps = map[identity.Action][2]string{
	identity.ToRecapture: {"Mời đến nơi nộp hồ sơ để chụp lại ảnh.", "Please come to the station for a new photograph."},
	identity.ToResolve:   {"Thông tin chưa khớp với Cơ sở dữ liệu quốc gia về dân cư: mời đến nơi nộp hồ sơ.", "Your data differs from the population database: please come to the station."},
	identity.ToHandOver:  {"Thẻ đã sẵn sàng: mời đến nhận, mang theo thẻ cũ nếu có.", "Your card is ready: please collect it, and bring your old card if you have one."},
}

// onHold is the next step of an application that is on hold until the citizen has
// done something.
var onHold = [2]string{"Hồ sơ tạm dừng: mời liên hệ nơi nộp hồ sơ.", "The application is on hold: please contact the station."}

// byPost is the next step for a card that is delivered by post.
var byPost = [2]string{"Thẻ đã sẵn sàng và được gửi qua bưu điện đến địa chỉ đã đăng ký.", "Your card is ready and comes by post to the address you gave."}

func (v *view) fill(r registry.ApplicationRecord) {
	v.Found, v.Receipt, v.Birth = true, string(r.Number), ""
	v.Due = lastDay(r.Due)
	v.Steps = steps(r.Stage)
	texts, ok := nextSteps[r.Awaiting]
	if r.Awaiting == identity.ToHandOver && r.Application.Delivery == identity.Post {
		texts = byPost
	}
	if ok {
		v.NextVI, v.NextEN = texts[0], texts[1]
	}
	why := r.Why()
	switch {
	case r.Stage.Ended():
		v.EndedVI, v.EndedEN = r.Stage.VI(), r.Stage.EN()
		v.WhyVI, v.WhyEN = why.VI(), why.EN()
	case r.Held && r.ForCitizen:
		v.NextVI, v.NextEN = onHold[0], onHold[1]
		v.WhyVI, v.WhyEN = why.VI(), why.EN()
	}
}

// lastDay is the last day of a time that ends then.
func lastDay(due time.Time) string { return identity.DateOf(due.Add(-time.Nanosecond)).Display() }

// steps are the milestones of an application at that stage. One that ended without a
// card does not say how far it came.
func steps(at identity.Stage) []step {
	reached := slices.Index(identity.Stages, at)
	if at.Ended() && at != identity.Issued {
		reached = -1
	}
	var list []step
	for i, stage := range identity.OpenStages() {
		if n := len(list); n == 0 || list[n-1].EN != stage.EN() {
			list = append(list, step{VI: stage.VI(), EN: stage.EN()})
		}
		last := &list[len(list)-1]
		last.Done = i < reached // of its last stage
		last.Current = last.Current || i == reached
	}
	return list
}
