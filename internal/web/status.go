// Package web is what citizens see: the status of their application, by receipt
// number and birth date, in Vietnamese with English beside it. Pages work
// without script, and say nothing that the citizen did not type.
package web

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

//go:embed status.html
var statusHTML string

// Pages serves the citizens' pages.
type Pages struct {
	Registry interface {
		Application(ctx context.Context, n identity.ApplicationNumber) (registry.Record, error)
	}
	Logger *slog.Logger
}

// Register adds the pages to mux.
func (p *Pages) Register(mux *http.ServeMux) {
	page := template.Must(template.New("status").Parse(statusHTML))
	serve := func(w http.ResponseWriter, r *http.Request) { p.status(w, r, page) }
	mux.HandleFunc("GET /{$}", serve)
	mux.HandleFunc("POST /{$}", serve)
}

// view is what the page shows.
type view struct {
	Asked, Found     bool
	Receipt          string
	Steps            []step
	Due              string
	NextVI, NextEN   string
	EndedVI, EndedEN string
}

type step struct {
	VI, EN        string
	Done, Current bool
}

// status answers a look-up. An unknown receipt and a wrong birth date get one
// and the same answer.
func (p *Pages) status(w http.ResponseWriter, r *http.Request, page *template.Template) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	v := view{Receipt: r.FormValue("receipt"), Asked: r.Method == http.MethodPost}
	if v.Asked {
		record, found, err := p.find(r.Context(), v.Receipt, r.FormValue("birth"))
		if err != nil {
			p.Logger.Error("Status not read", "error", err)
			http.Error(w, "Hệ thống bận, xin thử lại sau. / The system is busy, please try again later.", http.StatusServiceUnavailable)
			return
		}
		if found {
			v.fill(record)
		}
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if err := page.Execute(w, v); err != nil {
		p.Logger.Error("Status page not written", "error", err)
	}
}

// find looks the application up and compares the birth date.
func (p *Pages) find(ctx context.Context, receipt, birth string) (registry.Record, bool, error) {
	number, err := identity.ParseApplicationNumber(receipt)
	if err != nil {
		return registry.Record{}, false, nil
	}
	record, err := p.Registry.Application(ctx, number)
	if identity.Refused(err, identity.NotFound) {
		return registry.Record{}, false, nil
	}
	if err != nil {
		return registry.Record{}, false, fmt.Errorf("read application %s: %w", number, err)
	}
	want, err := record.Application.Person.Birth.MarshalText()
	if err != nil {
		return registry.Record{}, false, fmt.Errorf("read application %s: %w", number, err)
	}
	return record, subtle.ConstantTimeCompare(want, []byte(birth)) == 1, nil
}

// milestones are the stages as a citizen counts them.
var milestones = []struct {
	vi, en string
	until  identity.Stage // done when the application has passed this stage
}{
	{"Đã tiếp nhận hồ sơ", "Application received", identity.Received},
	{"Kiểm tra thông tin và sinh trắc học", "Data and biometrics checked", identity.Deduplication},
	{"Phê duyệt", "Approved", identity.Approval},
	{"Sản xuất thẻ", "Card made", identity.Inspection},
	{"Chuyển thẻ về nơi trả", "Card on its way", identity.Dispatch},
	{"Trả thẻ", "Card handed over", identity.HandOver},
}

// nextSteps say what the citizen has to do.
var nextSteps = map[identity.Action][2]string{
	identity.ToRecapture: {"Mời đến nơi nộp hồ sơ để chụp lại ảnh.", "Please come to the station for a new photograph."},
	identity.ToResolve:   {"Thông tin chưa khớp với Cơ sở dữ liệu quốc gia về dân cư: mời đến nơi nộp hồ sơ.", "Your data differs from the population database: please come to the station."},
	identity.ToHandOver:  {"Thẻ đã sẵn sàng: mời đến nhận, mang theo thẻ cũ nếu có.", "Your card is ready: please collect it, and bring your old card if you have one."},
}

// endings say how it ended.
var endings = map[identity.Stage][2]string{
	identity.Issued:    {"Thẻ đã được trả.", "The card was handed over."},
	identity.Rejected:  {"Hồ sơ bị từ chối; thông báo nêu rõ lý do được gửi riêng.", "The application was refused; a notice with the reason is sent separately."},
	identity.Withdrawn: {"Hồ sơ đã được rút.", "The application was withdrawn."},
	identity.Expired:   {"Hồ sơ hết hạn.", "The application expired."},
}

func (v *view) fill(r registry.Record) {
	v.Found = true
	v.Due = identity.DateOf(r.Due.Add(-time.Nanosecond)).Display()
	at := position(r.Stage)
	for _, m := range milestones {
		done := at > position(m.until)
		v.Steps = append(v.Steps, step{VI: m.vi, EN: m.en, Done: done, Current: !done && !v.hasCurrent() && !r.Stage.Ended()})
	}
	if texts, ok := nextSteps[r.Awaiting]; ok {
		v.NextVI, v.NextEN = texts[0], texts[1]
	}
	if texts, ok := endings[r.Stage]; ok {
		v.EndedVI, v.EndedEN = texts[0], texts[1]
	}
}

func (v *view) hasCurrent() bool {
	for _, s := range v.Steps {
		if s.Current {
			return true
		}
	}
	return false
}

// position is how far a stage is; the ends but Issued are nowhere.
func position(s identity.Stage) int {
	for i, stage := range identity.Stages {
		if stage == s && (!s.Ended() || s == identity.Issued) {
			return i
		}
	}
	return -1
}
