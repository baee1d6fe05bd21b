package printing_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // as the protocol has it
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/OpenPrinting/goipp"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
)

// machine is a printer that prints at once, but for its manners.
type machine struct {
	mu     sync.Mutex
	jobs   []printed // that it took
	asked  []goipp.Op
	manner manner
	mended int // how many jobs it did not begin before it was

	patient bool // with the last job
}

// printed is a job that it took.
type printed struct {
	name, format, sides string
	document            []byte
}

// manner changes what a printer would answer. It may answer by HTTP itself, and reports
// that.
type manner func(m *machine, w http.ResponseWriter, request, answer *goipp.Message) (answered bool)

const (
	pending = 3 + iota
	held
	processing
	stopped
	canceled
	aborted
	completed
)

// took lists the names of the jobs that it took, and began.
func (m *machine) took() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for _, job := range m.jobs[m.mended:] {
		names = append(names, job.name)
	}
	return names
}

func (m *machine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := new(goipp.Message)
	if err := request.Decode(r.Body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	document, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, goipp.Op(request.Code))
	answer := m.answerOf(request, document)
	if m.manner != nil && m.manner(m, w, request, answer) {
		return
	}
	if goipp.Op(request.Code) == goipp.OpPrintJob && answer.Code >= 0x0200 {
		m.jobs = m.jobs[:len(m.jobs)-1] // it did not take it
	}
	reply(w, answer)
}

func reply(w http.ResponseWriter, answer *goipp.Message) {
	b, err := answer.EncodeBytes()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", goipp.ContentType)
	_, _ = w.Write(b)
}

// answerOf is the answer of a printer without manners.
func (m *machine) answerOf(request *goipp.Message, document []byte) *goipp.Message {
	answer := goipp.NewResponse(request.Version, goipp.StatusOk, request.RequestID)
	switch goipp.Op(request.Code) { //nolint:exhaustive // the others have no attributes to answer with
	case goipp.OpGetPrinterAttributes:
		answer.Printer = goipp.Attributes{
			keyword("document-format-supported", "application/octet-stream", "application/pdf"),
			keyword("sides-supported", "one-sided", "two-sided-long-edge"),
			goipp.MakeAttr("printer-state", goipp.TagEnum, goipp.Integer(3)),
			keyword("printer-state-reasons", "none"),
		}
	case goipp.OpPrintJob:
		m.jobs = append(m.jobs, printed{word(request.Operation, "job-name"), word(request.Operation, "document-format"), word(request.Job, "sides"), document})
		answer.Job = m.jobOf(len(m.jobs))
	case goipp.OpGetJobAttributes:
		if id := whole(request.Operation, "job-id"); id >= 1 && id <= len(m.jobs) {
			answer.Job = m.jobOf(id)
		} else {
			answer.Code = goipp.Code(goipp.StatusErrorNotFound)
		}
	case goipp.OpGetJobs:
		if word(request.Operation, "which-jobs") == "completed" {
			for i := range m.jobs {
				answer.Groups.Add(goipp.Group{Tag: goipp.TagJobGroup, Attrs: m.jobOf(i + 1)})
			}
		}
		if answer.Groups != nil {
			answer.Groups = slices.Insert(answer.Groups, 0, goipp.Group{Tag: goipp.TagOperationGroup})
		}
	}
	return answer
}

func (m *machine) jobOf(id int) goipp.Attributes {
	if id <= m.mended {
		return goipp.Attributes{
			count("job-id", id), goipp.MakeAttr("job-name", goipp.TagName, goipp.String(m.jobs[id-1].name)),
			state(aborted), keyword("job-state-reasons", "unsupported-document-format"),
		}
	}
	return goipp.Attributes{
		goipp.MakeAttr("job-id", goipp.TagInteger, goipp.Integer(id)),
		goipp.MakeAttr("job-name", goipp.TagName, goipp.String(m.jobs[id-1].name)),
		goipp.MakeAttr("job-state", goipp.TagEnum, goipp.Integer(completed)),
		keyword("job-state-reasons", "job-completed-successfully"),
	}
}

func keyword(name string, words ...string) goipp.Attribute {
	a := goipp.Attribute{Name: name}
	for _, w := range words {
		a.Values.Add(goipp.TagKeyword, goipp.String(w))
	}
	return a
}

func count(name string, n int) goipp.Attribute {
	return goipp.MakeAttr(name, goipp.TagInteger, goipp.Integer(n))
}

func noValue(name string) goipp.Attribute {
	return goipp.MakeAttr(name, goipp.TagNoValue, goipp.Void{})
}

func word(list goipp.Attributes, name string) string {
	for _, a := range list {
		if a.Name == name {
			return a.Values[0].V.String()
		}
	}
	return ""
}

func whole(list goipp.Attributes, name string) int {
	for _, a := range list {
		if n, ok := a.Values[0].V.(goipp.Integer); ok && a.Name == name {
			return int(n)
		}
	}
	return 0
}

// set changes an attribute, or adds it.
func set(list *goipp.Attributes, a goipp.Attribute) {
	if i := slices.IndexFunc(*list, func(b goipp.Attribute) bool { return a.Name == b.Name }); i >= 0 {
		(*list)[i] = a
		return
	}
	list.Add(a)
}

// The manners of printers.

// whenAsked changes the answer to an operation.
func whenAsked(o goipp.Op, change func(answer *goipp.Message)) manner {
	return func(_ *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
		if goipp.Op(request.Code) == o {
			change(answer)
		}
		return false
	}
}

// answers has it answer an operation with a status.
func answers(o goipp.Op, status goipp.Status) manner {
	return whenAsked(o, func(answer *goipp.Message) {
		*answer = *goipp.NewResponse(answer.Version, status, answer.RequestID)
	})
}

// says has it say of each job.
func says(attributes ...goipp.Attribute) manner {
	return whenAsked(goipp.OpGetJobAttributes, func(answer *goipp.Message) {
		for _, a := range attributes {
			if answer.Job != nil {
				set(&answer.Job, a)
			}
		}
	})
}

// is has it say of itself.
func is(attributes ...goipp.Attribute) manner {
	return whenAsked(goipp.OpGetPrinterAttributes, func(answer *goipp.Message) {
		for _, a := range attributes {
			set(&answer.Printer, a)
		}
	})
}

func state(s int) goipp.Attribute {
	return goipp.MakeAttr("job-state", goipp.TagEnum, goipp.Integer(s))
}

// speaks has it understand one version of IPP.
func speaks(v goipp.Version) manner {
	return func(_ *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
		if request.Version != v {
			*answer = *goipp.NewResponse(v, goipp.StatusErrorVersionNotSupported, answer.RequestID)
		}
		return false
	}
}

// breaks has it answer an operation by HTTP itself. What it took before, it keeps.
func breaks(o goipp.Op, answer func(http.ResponseWriter)) manner {
	return func(_ *machine, w http.ResponseWriter, request, _ *goipp.Message) bool {
		if goipp.Op(request.Code) != o {
			return false
		}
		answer(w)
		return true
	}
}

// refuses has it answer an operation by HTTP, and take nothing.
func refuses(o goipp.Op, status int) manner {
	return func(m *machine, w http.ResponseWriter, request, _ *goipp.Message) bool {
		if goipp.Op(request.Code) != o {
			return false
		}
		if o == goipp.OpPrintJob {
			m.jobs = m.jobs[:len(m.jobs)-1]
		}
		w.WriteHeader(status)
		return true
	}
}

// both has two manners.
func both(all ...manner) manner {
	return func(m *machine, w http.ResponseWriter, request, answer *goipp.Message) bool {
		for _, one := range all {
			if one(m, w, request, answer) {
				return true
			}
		}
		return false
	}
}

func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func page(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html>Log in</html>"))
}

// verdict is what the driver makes of a printer.
type verdict int

const (
	prints  verdict = iota // the card is printed
	doubts                 // the camera has to look at the card
	unfit                  // found before a blank is taken; nothing is sent
	untaken                // the job was not taken, and can be sent again
	waits                  // for a person
)

// Some twenty printers with manners of their own, each of which was seen somewhere. Each
// prints each card once at most, and its driver claims no more than it knows.
func TestIPP_PrintersThatMisbehave(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		manner manner
		want   verdict
		told   string // what the driver says: the doubt, the error, or what a person has to do
	}{
		"one without manners":           {nil, prints, ""},
		"it speaks 2.0 alone":           {speaks(goipp.MakeVersion(2, 0)), prints, ""},
		"it speaks 1.1 alone":           {speaks(goipp.MakeVersion(1, 1)), prints, ""},
		"every job is named Print":      {says(goipp.MakeAttr("job-name", goipp.TagName, goipp.String("Print"))), prints, ""},
		"names have a language":         {says(goipp.MakeAttr("job-name", goipp.TagNameLang, goipp.TextWithLang{Lang: "vi", Text: "CARD-1"})), prints, ""},
		"it lists nothing that is done": {whenWhich("completed", goipp.StatusErrorAttributesOrValues), prints, ""},
		"it lists no jobs":              {answers(goipp.OpGetJobs, goipp.StatusErrorOperationNotSupported), prints, ""},
		"it validates no jobs":          {answers(goipp.OpValidateJob, goipp.StatusErrorOperationNotSupported), prints, ""},
		"it is slow":                    {slow, prints, ""},
		"it counts what it printed":     {says(count("job-impressions-completed", 2)), prints, ""},

		"its answer is cut":                                    {breaks(goipp.OpPrintJob, cut), prints, ""},
		"it says first that it works":                          {says102, prints, ""},
		"its charset is us-ascii":                              {charset("us-ascii"), prints, ""},
		"it says everything twice":                             {says(count("job-id", 1), count("job-id", 1)), prints, ""},
		"it gives a number below 0":                            {whenAsked(goipp.OpPrintJob, func(answer *goipp.Message) { set(&answer.Job, count("job-id", -7)) }), prints, ""},
		"a gateway gives up, and it took the job":              {breaks(goipp.OpPrintJob, gateway(http.StatusGatewayTimeout)), prints, ""},
		"a gateway gives up, and its jobs are named Print":     {both(breaks(goipp.OpPrintJob, gateway(http.StatusBadGateway)), namesAll("Print")), doubts, "did not say that it took it"},
		"it says that it is busy, and gives a number":          {took(goipp.StatusErrorBusy), prints, ""},
		"it says that it is ill, and its jobs are named Print": {both(took(goipp.StatusErrorDevice), namesAll("Print")), prints, ""},
		"it says 2.0 is no request":                            {olderByHTTP(http.StatusBadRequest), prints, ""},
		"it says it has no HTTP for 2.0":                       {olderByHTTP(http.StatusHTTPVersionNotSupported), prints, ""},
		"it says 2.0 is bad, in 2.0":                           {badIn2, prints, ""},
		"it answers HTTP 404 for a job that is not there":      {missingByHTTP, prints, ""},
		"it does not say how a job is for a while":             {unknownFor(3), prints, ""},
		"it never says how a job is":                           {unknownFor(1 << 30), doubts, "does not know it any more"},
		"it passes the job on":                                 {says(keyword("job-state-reasons", "queued-in-device")), doubts, "passed job CARD-1 on"},
		"it found errors":                                      {says(keyword("job-state-reasons", "errors-detected")), doubts, "with errors"},
		"it completed what was canceled":                       {says(keyword("job-state-reasons", "job-canceled-at-device")), doubts, "with errors"},
		"it counts no card":                                    {says(count("job-media-sheets-completed", 0)), doubts, "no card"},
		"it says that the job has one side":                    {says(keyword("sides", "one-sided")), doubts, "otherwise than it was told"},
		"it changes something":                                 {whenAsked(goipp.OpPrintJob, func(answer *goipp.Message) { answer.Code = goipp.Code(goipp.StatusOkIgnoredOrSubstituted) }), doubts, "otherwise than it was told"},
		"a limit is reached, perhaps after a side":             {says(state(aborted), keyword("job-state-reasons", "account-limit-reached")), doubts, "aborted job CARD-1"},
		"a limit is reached before a side":                     {says(state(aborted), keyword("job-state-reasons", "account-limit-reached"), count("job-impressions-completed", 0)), untaken, "did not begin it"},

		"it lists a job twice": {both(breaks(goipp.OpPrintJob, hangUp), twice), prints, ""},
		"its clock went back": {
			both(is(count("printer-up-time", 1)), says(count("time-at-completed", -86400), count("job-printer-up-time", 1), count("time-at-creation", 1<<30))), prints, "",
		},
		"it answers when nobody waits any more": {later, prints, ""},
		"an operator cancels it after a side":   {canceledAfterASide(), doubts, "canceled at the printer (job-canceled-by-operator)"},
		"it shows another's job by that number": {says(goipp.MakeAttr("job-name", goipp.TagName, goipp.String("CARD-2"))), prints, ""},

		"it cancels what takes long":    {cancelsWhatTakesLong(1<<31 - 1), prints, ""},
		"it lets a job take some time":  {cancelsWhatTakesLong(86400), prints, ""},
		"it tells of another job":       {both(namesAll("Print"), says(count("job-id", 7))), doubts, "does not know it any more"},
		"it calls its job by no number": {says(count("job-id", 7)), prints, ""},
		"it lists all jobs as waiting":  {both(breaks(goipp.OpPrintJob, hangUp), allWait, namesAll("Print")), doubts, "did not say that it took it"},
		"it forgets a job that is done": {answers(goipp.OpGetJobAttributes, goipp.StatusErrorNotFound), doubts, "does not know it any more"},
		"it tells of no job":            {answers(goipp.OpGetJobAttributes, goipp.StatusErrorOperationNotSupported), doubts, "does not know it any more"},
		"it printed with errors":        {says(keyword("job-state-reasons", "job-completed-with-errors")), doubts, "with errors"},
		"it printed nothing":            {says(count("job-impressions-completed", 0)), doubts, "0 of the 2 sides"},
		"it printed one side":           {says(count("job-impressions-completed", 1)), doubts, "1 of the 2 sides"},
		"it aborts the job":             {says(state(aborted), keyword("job-state-reasons", "aborted-by-system")), doubts, "aborted job CARD-1 (aborted-by-system)"},
		"it aborts after a side":        {says(state(aborted), keyword("job-state-reasons", "document-format-error"), count("job-impressions-completed", 1)), doubts, "aborted job CARD-1 (document-format-error)"},
		"the job is canceled there":     {says(state(canceled), keyword("job-state-reasons", "job-canceled-at-device")), doubts, "canceled at the printer (job-canceled-at-device)"},
		"it is canceled while it waits": {
			says(state(canceled), keyword("job-state-reasons", "job-canceled-by-operator"), count("job-impressions-completed", 0), noValue("time-at-processing")), untaken, "did not begin it (job-canceled-by-operator)",
		},
		"it waits, and nobody counts":          {says(state(canceled), keyword("job-state-reasons", "job-canceled-by-operator"), noValue("time-at-processing")), doubts, "canceled at the printer"},
		"it is canceled before it ends a side": {says(state(canceled), keyword("job-state-reasons", "job-canceled-by-user"), count("job-impressions-completed", 0), count("time-at-processing", 7)), doubts, "canceled at the printer"},
		"it gives the number 0":                {whenAsked(goipp.OpPrintJob, func(answer *goipp.Message) { set(&answer.Job, count("job-id", 0)) }), prints, ""},
		"it gives no number, and lists no jobs": {
			both(answers(goipp.OpPrintJob, goipp.StatusOk), answers(goipp.OpGetJobs, goipp.StatusErrorOperationNotSupported)), doubts, "did not say that it took it",
		},
		"it changes the job": {whenAsked(goipp.OpPrintJob, func(answer *goipp.Message) {
			answer.Code, answer.Unsupported = goipp.Code(goipp.StatusOkIgnoredOrSubstituted), goipp.Attributes{keyword("sides", "two-sided-long-edge")}
		}), doubts, "otherwise than it was told"},
		"the line is cut, and it took the job":                      {breaks(goipp.OpPrintJob, hangUp), prints, ""},
		"the line is cut, and its jobs are named Print":             {both(breaks(goipp.OpPrintJob, hangUp), namesAll("Print")), doubts, "did not say that it took it"},
		"the line is cut, and it lists no jobs":                     {both(breaks(goipp.OpPrintJob, hangUp), answers(goipp.OpGetJobs, goipp.StatusErrorOperationNotSupported)), doubts, "did not say"},
		"the job gets a web page":                                   {both(breaks(goipp.OpPrintJob, page), answers(goipp.OpGetJobs, goipp.StatusErrorOperationNotSupported)), doubts, "did not say"},
		"the job gets the answer to another request":                {whenAsked(goipp.OpPrintJob, func(answer *goipp.Message) { answer.RequestID += 7 }), prints, ""},
		"the job is canceled while it is sent, and it forgets":      {both(answers(goipp.OpPrintJob, goipp.StatusErrorJobCanceled), forgets), doubts, "did not say"},
		"it refuses a document that it says it takes":               {says(state(aborted), keyword("job-state-reasons", "unsupported-document-format")), untaken, "did not begin it (unsupported-document-format)"},
		"it cannot read the document":                               {says(state(aborted), keyword("job-state-reasons", "document-format-error"), count("job-impressions-completed", 0)), untaken, "did not begin it"},
		"its account is closed":                                     {answers(goipp.OpPrintJob, goipp.StatusErrorAccountClosed), untaken, "client-error-account-closed"},
		"it refuses the job by HTTP 401":                            {refuses(goipp.OpPrintJob, http.StatusUnauthorized), untaken, "printing.password_file"},
		"it refuses the job by HTTP 413":                            {refuses(goipp.OpPrintJob, http.StatusRequestEntityTooLarge), untaken, "too large"},
		"it refuses the job by HTTP 500":                            {refuses(goipp.OpPrintJob, http.StatusInternalServerError), untaken, "HTTP 500"},
		"it sends the job elsewhere":                                {refuses(goipp.OpPrintJob, http.StatusTemporaryRedirect), untaken, "HTTP 307"},
		"it wants TLS for the job":                                  {refuses(goipp.OpPrintJob, http.StatusUpgradeRequired), untaken, "HTTP 426"},
		"it wants TLS":                                              {refuses(goipp.OpGetPrinterAttributes, http.StatusUpgradeRequired), unfit, "HTTP 426"},
		"it printed two copies":                                     {says(count("job-impressions-completed", 4)), doubts, "look for a second card"},
		"it printed with warnings":                                  {says(keyword("job-state-reasons", "job-completed-with-warnings")), prints, ""},
		"it completes, then aborts":                                 {abortsLater(), prints, ""},
		"its answer never ends":                                     {breaks(goipp.OpPrintJob, drip), prints, ""},
		"HTTP 401":                                                  {refuses(goipp.OpValidateJob, http.StatusUnauthorized), unfit, "printing.password_file"},
		"HTTP 403":                                                  {refuses(goipp.OpValidateJob, http.StatusForbidden), unfit, "printing.user"},
		"HTTP 404":                                                  {refuses(goipp.OpGetPrinterAttributes, http.StatusNotFound), unfit, "printing.uri"},
		"HTTP 500":                                                  {refuses(goipp.OpGetPrinterAttributes, http.StatusInternalServerError), unfit, "HTTP 500"},
		"it is elsewhere":                                           {refuses(goipp.OpGetPrinterAttributes, http.StatusMovedPermanently), unfit, "HTTP 301"},
		"it reads no UTF-8":                                         {answers(goipp.OpGetPrinterAttributes, goipp.StatusErrorCharset), unfit, "charset"},
		"its answer about itself is cut":                            {breaks(goipp.OpGetPrinterAttributes, cut), unfit, "EOF"},
		"a web page":                                                {breaks(goipp.OpGetPrinterAttributes, page), unfit, "not an IPP printer"},
		"endless noise":                                             {breaks(goipp.OpGetPrinterAttributes, noise), unfit, "larger than 1048576 bytes"},
		"it may not be asked for jobs":                              {answers(goipp.OpGetJobAttributes, goipp.StatusErrorNotAuthorized), unfit, "printing.password_file"},
		"it may not be asked for its queue":                         {answers(goipp.OpGetJobs, goipp.StatusErrorForbidden), unfit, "printing.password_file"},
		"it prints one side":                                        {is(keyword("sides-supported", "one-sided")), unfit, "does not print on both sides"},
		"it takes neither PDF nor PWG raster":                       {is(keyword("document-format-supported", "image/urf")), unfit, "neither PDF nor PWG raster"},
		"it would change the job":                                   {whenAsked(goipp.OpValidateJob, func(answer *goipp.Message) { answer.Unsupported = goipp.Attributes{keyword("sides", "x")} }), unfit, "does not do as told in sides"},
		"it refuses the job":                                        {answers(goipp.OpValidateJob, goipp.StatusErrorAttributesOrValues), unfit, "client-error-attributes-or-values-not-supported"},
		"it takes no jobs at all":                                   {is(goipp.MakeAttr("operations-supported", goipp.TagEnum, goipp.Integer(goipp.OpGetPrinterAttributes))), unfit, "takes no jobs"},
		"it holds the job":                                          {says(state(held), keyword("job-state-reasons", "none")), waits, "release the job at the printer: it holds it"},
		"it is idle, and does not begin the job":                    {says(state(pending), keyword("job-state-reasons", "none")), waits, "it is idle, and does not begin the job"},
		"it is idle, and says that it is busy":                      {answers(goipp.OpPrintJob, goipp.StatusErrorBusy), waits, "it is idle, and does not begin the job"},
		"it holds the job for a password":                           {says(state(held), keyword("job-state-reasons", "cups-held-for-authentication")), waits, "wants a password"},
		"its account is closed, and it holds the job":               {says(state(held), keyword("job-state-reasons", "account-closed")), waits, "see the printer's panel (account-closed)"},
		"it stopped the job":                                        {says(state(stopped), keyword("job-state-reasons", "job-stopped")), waits, "resume the job at the printer"},
		"it is stopped, and does not say why":                       {both(says(state(pending)), is(goipp.MakeAttr("printer-state", goipp.TagEnum, goipp.Integer(5)))), waits, "see the printer's panel: it is stopped"},
		"it is out of ribbon":                                       {both(says(state(processing)), is(keyword("printer-state-reasons", "marker-supply-empty-error"))), waits, "change the ribbon"},
		"a card is stuck, and it stopped the job":                   {both(says(state(stopped), keyword("job-state-reasons", "resources-are-not-ready")), is(keyword("printer-state-reasons", "media-jam-error"))), waits, "a card is stuck: open the printer and take it out; the printer lacks what the card needs: see its panel"},
		"it accepts no jobs":                                        {both(answers(goipp.OpPrintJob, goipp.StatusErrorNotAcceptingJobs), is(goipp.MakeAttr("printer-is-accepting-jobs", goipp.TagBoolean, goipp.Boolean(false)))), waits, "let the printer accept jobs"},
		"the line is cut, it lists no jobs, and a person is needed": {both(breaks(goipp.OpPrintJob, hangUp), answers(goipp.OpGetJobs, goipp.StatusErrorOperationNotSupported), jammed), waits, "a card is stuck"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &machine{manner: c.manner}
			p := m.driver(t)
			if c.want == unfit {
				require.ErrorContains(t, p.Prove(t.Context()), c.told)
				err := p.Print(t.Context(), "CARD-1", aCard, ignore)
				require.Error(t, err)
				requireFault(t, err)
				require.Empty(t, m.took())
				return
			}
			require.NoError(t, p.Prove(t.Context()))
			m.judge(t, p, c.want, c.told)
		})
	}
}

// judge prints a card twice, as a repeated step does.
func (m *machine) judge(t *testing.T, p *printing.IPP, want verdict, told string) {
	t.Helper()
	for range 2 {
		ctx, stop := context.WithCancel(t.Context())
		err := p.Print(ctx, "CARD-1", aCard, func(what string) {
			if want == waits {
				require.Contains(t, what, told)
				stop()
			}
		})
		stop()
		switch want {
		case prints:
			require.NoError(t, err)
		case doubts:
			var doubt *printing.Doubt
			require.ErrorAs(t, err, &doubt)
			require.ErrorContains(t, err, told)
		case untaken:
			require.ErrorContains(t, err, told)
			requireFault(t, err)
			m.mu.Lock()
			m.manner, m.mended = nil, len(m.jobs) // and the card is printed
			m.mu.Unlock()
			want = prints
		case waits:
			require.ErrorIs(t, err, context.Canceled)
		case unfit:
		}
	}
	require.LessOrEqual(t, len(m.took()), 1, "it is printed once")
	if want == prints {
		require.Equal(t, []string{"CARD-1"}, m.took())
	}
}

// requireFault requires that the card is good, and may be printed later.
func requireFault(t *testing.T, err error) {
	t.Helper()
	require.Empty(t, identity.Refusals(err))
	var doubt *printing.Doubt
	require.NotErrorAs(t, err, &doubt)
}

// driver makes a driver of it.
func (m *machine) driver(t *testing.T) *printing.IPP {
	t.Helper()
	return open(t, m, printing.IPPOptions{})
}

// open makes a driver of a printer on this machine; o.URI is the path alone.
func open(t *testing.T, printer http.Handler, o printing.IPPOptions) *printing.IPP {
	t.Helper()
	server := httptest.NewServer(printer)
	t.Cleanup(server.Close)
	o.URI, o.Poll = strings.Replace(server.URL, "http", "ipp", 1)+cmp.Or(o.URI, "/ipp/print"), time.Millisecond
	if o.Ledger == "" {
		o.Ledger = t.TempDir()
	}
	p, err := printing.OpenIPP(o)
	require.NoError(t, err)
	return p
}

var aCard = printing.Sides{PDF: []byte("%PDF-1.4 a card")}

// whenWhich has it refuse one list of jobs.
func whenWhich(which string, status goipp.Status) manner {
	return func(_ *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
		if goipp.Op(request.Code) == goipp.OpGetJobs && word(request.Operation, "which-jobs") == which {
			*answer = *goipp.NewResponse(answer.Version, status, answer.RequestID)
		}
		return false
	}
}

// cancelsWhatTakesLong has it cancel each job, as CUPS does after three hours, unless it is told to
// wait longer, which may be no more than so many seconds.
func cancelsWhatTakesLong(most int) manner {
	return func(m *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
		switch goipp.Op(request.Code) { //nolint:exhaustive // the others are as they are
		case goipp.OpGetPrinterAttributes:
			answer.Printer.Add(goipp.MakeAttr("job-cancel-after-supported", goipp.TagRange, goipp.Range{Lower: 0, Upper: most}))
		case goipp.OpPrintJob:
			m.patient = whole(request.Job, "job-cancel-after") >= 86400 && whole(request.Job, "job-cancel-after") <= most
		case goipp.OpGetJobAttributes:
			if answer.Job != nil && !m.patient {
				set(&answer.Job, state(canceled))
			}
		}
		return false
	}
}

// allWait has it list every job, also when it is asked for those that wait alone.
func allWait(m *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
	if goipp.Op(request.Code) == goipp.OpGetJobs && word(request.Operation, "which-jobs") == "not-completed" {
		answer.Groups.Add(goipp.Group{Tag: goipp.TagOperationGroup})
		for i := range m.jobs {
			answer.Groups.Add(goipp.Group{Tag: goipp.TagJobGroup, Attrs: m.jobOf(i + 1)})
		}
	}
	return false
}

// namesAll has it call every job the same.
func namesAll(name string) manner {
	return func(_ *machine, _ http.ResponseWriter, _, answer *goipp.Message) bool {
		for _, g := range answer.Groups {
			if g.Tag == goipp.TagJobGroup {
				set(&g.Attrs, goipp.MakeAttr("job-name", goipp.TagName, goipp.String(name)))
			}
		}
		if answer.Job != nil {
			set(&answer.Job, goipp.MakeAttr("job-name", goipp.TagName, goipp.String(name)))
		}
		return false
	}
}

// forgets has it know no job that is done.
func forgets(_ *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
	if goipp.Op(request.Code) == goipp.OpGetJobs {
		answer.Groups = nil
	}
	if goipp.Op(request.Code) == goipp.OpGetJobAttributes {
		*answer = *goipp.NewResponse(answer.Version, goipp.StatusErrorNotFound, answer.RequestID)
	}
	return false
}

// gateway answers for a printer that took the job.
func gateway(status int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(status) }
}

// took has it answer its first job with an error, and the number of the job that it took.
func took(status goipp.Status) manner {
	first := true
	return func(_ *machine, w http.ResponseWriter, request, answer *goipp.Message) bool {
		if goipp.Op(request.Code) != goipp.OpPrintJob || !first {
			return false
		}
		first, answer.Code = false, goipp.Code(status)
		reply(w, answer)
		return true
	}
}

// olderByHTTP has it refuse IPP 2.0 by HTTP.
func olderByHTTP(status int) manner {
	return func(_ *machine, w http.ResponseWriter, request, _ *goipp.Message) bool {
		if request.Version.Major() > 1 {
			w.WriteHeader(status)
		}
		return request.Version.Major() > 1
	}
}

// badIn2 has it refuse IPP 2.0 as a bad request, in 2.0.
func badIn2(_ *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
	if request.Version.Major() > 1 {
		*answer = *goipp.NewResponse(request.Version, goipp.StatusErrorBadRequest, answer.RequestID)
	}
	return false
}

func missingByHTTP(_ *machine, w http.ResponseWriter, request, answer *goipp.Message) bool {
	missing := goipp.Op(request.Code) == goipp.OpGetJobAttributes && answer.Job == nil
	if missing {
		w.WriteHeader(http.StatusNotFound)
	}
	return missing
}

// unknownFor has it not know for some looks how a job is, nor how itself.
func unknownFor(looks int) manner {
	return func(m *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
		if goipp.Op(request.Code) == goipp.OpGetJobAttributes && answer.Job != nil && looks > 0 {
			looks--
			set(&answer.Job, goipp.MakeAttr("job-state", goipp.TagUnknown, goipp.Void{}))
		}
		if goipp.Op(request.Code) == goipp.OpGetPrinterAttributes && len(m.jobs) > 0 {
			set(&answer.Printer, goipp.MakeAttr("printer-state", goipp.TagUnknown, goipp.Void{}))
		}
		return false
	}
}

// jammed has it need a person once it has a job.
func jammed(m *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
	if goipp.Op(request.Code) == goipp.OpGetPrinterAttributes && len(m.jobs) > 0 {
		set(&answer.Printer, keyword("printer-state-reasons", "media-jam-error"))
		set(&answer.Printer, goipp.MakeAttr("printer-state", goipp.TagEnum, goipp.Integer(5)))
	}
	return false
}

func slow(*machine, http.ResponseWriter, *goipp.Message, *goipp.Message) bool {
	time.Sleep(20 * time.Millisecond)
	return false
}

// cut is the beginning of an answer, in chunks, and no end.
func cut(w http.ResponseWriter) {
	w.Header().Set("Content-Type", goipp.ContentType)
	_, _ = w.Write([]byte{2, 0, 0, 0, 0, 0})
	_ = http.NewResponseController(w).Flush()
	hangUp(w)
}

// says102 has it say before each answer that it will come (RFC 2518, 10.1).
func says102(_ *machine, w http.ResponseWriter, _, _ *goipp.Message) bool {
	w.WriteHeader(http.StatusProcessing)
	return false
}

// charset has it answer in one that nobody asked for.
func charset(name string) manner {
	return func(_ *machine, _ http.ResponseWriter, _, answer *goipp.Message) bool {
		set(&answer.Operation, goipp.MakeAttr("attributes-charset", goipp.TagCharset, goipp.String(name)))
		return false
	}
}

// twice has it list each job twice.
func twice(_ *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
	if goipp.Op(request.Code) == goipp.OpGetJobs {
		answer.Groups = slices.Concat(answer.Groups, answer.Groups)
	}
	return false
}

// later has it take a job whose sender has hung up: it is at work, and lists the job after a
// while.
func later(m *machine, w http.ResponseWriter, request, answer *goipp.Message) bool {
	const looks = 12
	since := 0
	if i := slices.Index(m.asked, goipp.OpPrintJob); i >= 0 {
		since = len(m.asked) - i
	}
	switch o := goipp.Op(request.Code); {
	case o == goipp.OpPrintJob:
		hangUp(w)
	case o == goipp.OpGetJobs && since < looks:
		answer.Groups = nil
	case o == goipp.OpGetPrinterAttributes && since > 0 && since < looks:
		set(&answer.Printer, goipp.MakeAttr("printer-state", goipp.TagEnum, goipp.Integer(4)))
	}
	return false
}

// canceledAfterASide has an operator cancel the job after it was seen at work.
func canceledAfterASide() manner {
	seen := false
	return func(_ *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
		if goipp.Op(request.Code) != goipp.OpGetJobAttributes || answer.Job == nil {
			return false
		}
		set(&answer.Job, count("job-impressions-completed", 1))
		set(&answer.Job, state(processing))
		if seen {
			set(&answer.Job, state(canceled))
			set(&answer.Job, keyword("job-state-reasons", "job-canceled-by-operator"))
		}
		seen = true
		return false
	}
}

func noise(w http.ResponseWriter) {
	w.Header().Set("Content-Type", goipp.ContentType)
	for range 32 {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return
		}
	}
}

// A station that died while its job was printed finds it by the printer's own number.
func TestIPP_FindsItsJobByNumber(t *testing.T) {
	t.Parallel()
	dying, die := context.WithCancel(t.Context())
	printing := true
	m := &machine{manner: func(_ *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
		if goipp.Op(request.Code) == goipp.OpGetJobAttributes {
			set(&answer.Job, goipp.MakeAttr("job-name", goipp.TagName, goipp.String("Print")))
			if printing {
				set(&answer.Job, state(processing))
				die()
			}
			printing = false
		}
		return false
	}}
	p := m.driver(t)
	require.ErrorIs(t, p.Print(dying, "CARD-1", aCard, ignore), context.Canceled)

	require.NoError(t, p.Print(t.Context(), "CARD-1", aCard, ignore))

	require.Equal(t, []string{"CARD-1"}, m.took())
}

// A printer that lost its power begins to count again: the number of a job may be that of
// another of ours.
func TestIPP_ANumberThatIsGivenAgain(t *testing.T) {
	t.Parallel()
	m := &machine{manner: says(state(canceled))}
	p := m.driver(t)
	var doubt *printing.Doubt
	require.ErrorAs(t, p.Print(t.Context(), "CARD-1", aCard, ignore), &doubt)
	m.mu.Lock()
	m.jobs, m.manner = nil, nil
	m.mu.Unlock()
	require.NoError(t, p.Print(t.Context(), "CARD-2", printing.Sides{PDF: []byte("another")}, ignore))

	err := p.Print(t.Context(), "CARD-1", aCard, ignore)

	require.ErrorAs(t, err, &doubt, "it is not the job that printed CARD-2")
	require.Equal(t, []string{"CARD-2"}, m.took())
}

// A job that was seen under its name is no longer the one of its number when that has
// another name.
func TestIPP_ANumberThatIsGivenAgainToAnother(t *testing.T) {
	t.Parallel()
	seen := false
	m := &machine{manner: func(_ *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
		if goipp.Op(request.Code) == goipp.OpGetJobAttributes && answer.Job != nil {
			if seen {
				set(&answer.Job, goipp.MakeAttr("job-name", goipp.TagName, goipp.String("Test page")))
			} else {
				set(&answer.Job, state(processing))
			}
			seen = true
		}
		return false
	}}
	p := m.driver(t)
	for range 2 {
		var doubt *printing.Doubt
		require.ErrorAs(t, p.Print(t.Context(), "CARD-1", aCard, ignore), &doubt)
	}
}

// A number that the printer has given before is not that of a job that it did not take.
func TestIPP_ANumberThatIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Print"} {
		m := &machine{}
		m.manner = func(m *machine, w http.ResponseWriter, request, answer *goipp.Message) bool {
			if goipp.Op(request.Code) == goipp.OpPrintJob && len(m.jobs) > 1 {
				m.jobs = m.jobs[:1]
				answer.Job = m.jobOf(1)
			}
			return name != "" && namesAll(name)(m, w, request, answer)
		}
		p := m.driver(t)
		require.NoError(t, p.Print(t.Context(), "CARD-1", aCard, ignore))
		var doubt *printing.Doubt
		require.ErrorAs(t, p.Print(t.Context(), "CARD-2", printing.Sides{PDF: pdf(2)}, ignore), &doubt, name)
	}
}

// What a printer prints of its own, or for others, is no job of ours that it did not take.
func TestIPP_AnothersJobIsNotOurs(t *testing.T) {
	t.Parallel()
	for _, page := range []struct{ name, user string }{{"Status page", ""}, {"Cleaning", "(none)"}, {"26-000123-1", ""}, {"Print", "cancuoc"}} {
		m := &machine{manner: func(m *machine, _ http.ResponseWriter, request, answer *goipp.Message) bool {
			if goipp.Op(request.Code) == goipp.OpPrintJob {
				m.jobs = []printed{{name: page.name}}
				hangUp(nil)
			}
			for _, g := range answer.Groups {
				if g.Tag == goipp.TagJobGroup && page.user != "" {
					set(&g.Attrs, goipp.MakeAttr("job-originating-user-name", goipp.TagName, goipp.String(page.user)))
				}
			}
			return false
		}}
		var doubt *printing.Doubt
		require.ErrorAs(t, m.driver(t).Print(t.Context(), "CARD-1", aCard, ignore), &doubt, page.name)
	}
}

// A printer that says that it did not take a job, and took it, is not given it again, while
// other jobs of ours that it took meanwhile don't keep it from being sent.
func TestIPP_AJobThatItSaysItDidNotTake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lies bool
		want []string
	}{"it did": {true, []string{"CARD-1", "CARD-2"}}, "it did not": {false, []string{"CARD-2", "CARD-1"}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := true
			m := &machine{}
			m.manner = func(m *machine, w http.ResponseWriter, request, answer *goipp.Message) bool {
				if goipp.Op(request.Code) == goipp.OpPrintJob && first {
					first = false
					if !c.lies {
						m.jobs = nil
					}
					w.WriteHeader(http.StatusInternalServerError)
					return true
				}
				return namesAll("Print")(m, w, request, answer)
			}
			p := m.driver(t)
			requireFault(t, p.Print(t.Context(), "CARD-1", aCard, ignore))
			require.NoError(t, p.Print(t.Context(), "CARD-2", printing.Sides{PDF: pdf(2)}, ignore))

			err := p.Print(t.Context(), "CARD-1", aCard, ignore)

			var doubt *printing.Doubt
			require.Equal(t, c.lies, errors.As(err, &doubt), err)
			require.Equal(t, c.want, m.took())
		})
	}
}

// A station that dies while the printer accepts no jobs has lost nothing: the printer said
// that it did not take the job.
func TestIPP_KilledWhileThePrinterAcceptsNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []goipp.Status{goipp.StatusErrorNotAcceptingJobs, goipp.StatusErrorBusy} {
		m := &machine{manner: both(answers(goipp.OpPrintJob, status), is(keyword("printer-state-reasons", "media-empty")))}
		ledger, left := t.TempDir(), t.TempDir()
		waiting, stop := context.WithCancel(t.Context())
		err := open(t, m, printing.IPPOptions{Ledger: ledger}).Print(waiting, "CARD-1", aCard, func(string) {
			require.NoError(t, os.CopyFS(left, os.DirFS(ledger)))
			stop()
		})
		require.ErrorIs(t, err, context.Canceled)
		m.mu.Lock()
		m.manner = nil
		m.mu.Unlock()

		require.NoError(t, open(t, m, printing.IPPOptions{Ledger: left}).Print(t.Context(), "CARD-1", aCard, ignore))

		require.Equal(t, []string{"CARD-1"}, m.took())
	}
}

// A job goes over a connection of its own, and what ended before all of it was sent was not
// taken, nor what was refused before it was read.
func TestIPP_ConnectionsThatEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ends func(net.Conn, *http.Request, int) bool
		want string // "": the card is printed
	}{
		"after each answer": {func(_ net.Conn, _ *http.Request, n int) bool { return n > 1 }, ""},
		"before it reads a large body": {func(conn net.Conn, r *http.Request, _ int) bool {
			if r.ContentLength > 10_000 {
				_, _ = io.WriteString(conn, "HTTP/1.1 413 Too large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}
			return r.ContentLength > 10_000
		}, "HTTP 413"},
		"in the middle of a large body": {func(conn net.Conn, r *http.Request, _ int) bool {
			if r.ContentLength > 10_000 {
				_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
				_, _ = io.CopyN(io.Discard, r.Body, 8192)
			}
			return r.ContentLength > 10_000
		}, "Print-Job"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &machine{}
			p, err := printing.OpenIPP(printing.IPPOptions{URI: "ipp://" + onWire(t, m, c.ends) + "/ipp/print", Ledger: t.TempDir(), Poll: time.Millisecond})
			require.NoError(t, err)

			err = p.Print(t.Context(), "CARD-1", printing.Sides{PDF: make([]byte, 4<<20)}, ignore)

			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			requireFault(t, err)
			require.Empty(t, m.took())
		})
	}
}

// onWire serves a printer whose connections end before a request is answered when that is
// said of it and of its number on the connection. It gives its address.
func onWire(t *testing.T, printer http.Handler, ends func(conn net.Conn, r *http.Request, n int) bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	serve := func(conn net.Conn) {
		defer conn.Close()
		in := bufio.NewReader(conn)
		for n := 1; ; n++ {
			r, err := http.ReadRequest(in)
			if err != nil || ends(conn, r, n) {
				return
			}
			if r.Header.Get("Expect") != "" {
				_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
			}
			w := httptest.NewRecorder()
			printer.ServeHTTP(w, r)
			response := w.Result()
			response.ContentLength = int64(w.Body.Len())
			if response.Write(conn) != nil {
				return
			}
		}
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return listener.Addr().String()
}

// A printer that refuses a document when it has read the beginning of it, and ends the
// connection, is heard, and has taken nothing.
func TestIPP_HearsARefusalInTheMiddleOfADocument(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*httptest.Server){"": (*httptest.Server).Start, "with TLS": (*httptest.Server).StartTLS} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &machine{}
			var locked atomic.Bool
			locked.Store(true)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				beginning := make([]byte, 4)
				_, err := io.ReadFull(r.Body, beginning)
				switch {
				case err != nil:
				case goipp.Op(beginning[3]) == goipp.OpPrintJob && locked.Load():
					w.Header().Set("Connection", "close")
					w.WriteHeader(http.StatusUnauthorized)
				default:
					r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(beginning), r.Body))
					m.ServeHTTP(w, r)
				}
			}))
			start(server)
			t.Cleanup(server.Close)
			o := printing.IPPOptions{URI: strings.Replace(server.URL, "http", "ipp", 1) + "/ipp/print", Ledger: t.TempDir(), Poll: time.Millisecond}
			if server.TLS != nil {
				o.CAFile = filepath.Join(t.TempDir(), "ca.pem")
				require.NoError(t, os.WriteFile(o.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
			}
			p, err := printing.OpenIPP(o)
			require.NoError(t, err)
			card := printing.Sides{PDF: bytes.Repeat([]byte("%PDF-1.4 "), 1<<17)}

			for range 5 {
				err = p.Print(t.Context(), "CARD-1", card, ignore)
				requireFault(t, err)
				require.ErrorContains(t, err, "printing.password_file")
			}
			locked.Store(false)
			require.NoError(t, p.Print(t.Context(), "CARD-1", card, ignore))

			require.Equal(t, []string{"CARD-1"}, m.took())
		})
	}
}

// The password goes where it is asked for, as it is asked for, and nowhere else.
func TestIPP_GivesItsPasswordWhereItIsAsked(t *testing.T) {
	t.Parallel()
	for name, asks := range map[string]func(r *http.Request) (challenge string, ok bool){
		"Basic": func(r *http.Request) (string, bool) {
			user, password, ok := r.BasicAuth()
			return `Basic realm="printer"`, ok && user == "station" && password == "s3cret"
		},
		"Basic beside another": func(r *http.Request) (string, bool) {
			user, password, ok := r.BasicAuth()
			return `Negotiate, Basic realm="printer", charset="UTF-8"`, ok && user == "station" && password == "s3cret"
		},
		"Digest by MD5":     digested("MD5"),
		"Digest by SHA-256": digested("SHA-256"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &machine{}
			asked := 0
			var mu sync.Mutex
			printer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				challenge, ok := asks(r)
				mu.Lock()
				defer mu.Unlock()
				if !ok {
					asked++
					w.Header().Set("WWW-Authenticate", challenge)
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				m.ServeHTTP(w, r)
			})
			p := open(t, printer, printing.IPPOptions{User: "station", Password: "s3cret"})
			require.NoError(t, p.Prove(t.Context()))
			require.NoError(t, p.Print(t.Context(), "CARD-1", aCard, ignore))
			require.Equal(t, []string{"CARD-1"}, m.took())
			require.Equal(t, 1, asked, "afterwards it is given at once")

			asked = 0
			p = open(t, printer, printing.IPPOptions{User: "station", Password: "wr0ng"})
			err := p.Prove(t.Context())
			require.ErrorContains(t, err, "printing.password_file")
			require.NotContains(t, err.Error(), "wr0ng")
			require.Equal(t, 2, asked, "a wrong password is tried once")
			err = p.Print(t.Context(), "CARD-2", printing.Sides{PDF: []byte("another")}, ignore)
			requireFault(t, err)
			p = open(t, printer, printing.IPPOptions{})
			require.ErrorContains(t, p.Prove(t.Context()), "printing.password_file")
			require.Equal(t, []string{"CARD-1"}, m.took())
		})
	}
}

// digested is a printer that asks for the password by RFC 7616.
func digested(algorithm string) func(r *http.Request) (string, bool) {
	sum := func(s string) string {
		if algorithm == "MD5" {
			return fmt.Sprintf("%x", md5.Sum([]byte(s))) //nolint:gosec // as the protocol has it
		}
		return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))
	}
	return func(r *http.Request) (string, bool) {
		const nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c0"
		challenge := fmt.Sprintf(`Digest realm="printer", qop="auth", algorithm=%s, nonce="%s"`, algorithm, nonce)
		given := map[string]string{}
		for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "Digest "), ",") {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			given[key] = strings.Trim(value, `"`)
		}
		secret := sum("station:printer:s3cret")
		want := sum(strings.Join([]string{secret, nonce, given["nc"], given["cnonce"], "auth", sum("POST:" + r.URL.RequestURI())}, ":"))
		return challenge, given["response"] == want
	}
}

// abortsLater has it say of a job that is done, when it is asked again, that it aborted it.
func abortsLater() manner {
	seen := false
	return whenAsked(goipp.OpGetJobAttributes, func(answer *goipp.Message) {
		if seen && answer.Job != nil {
			set(&answer.Job, state(aborted))
		}
		seen = seen || answer.Job != nil
	})
}

// drip is an answer of which a byte comes now and then, and no end.
func drip(w http.ResponseWriter) {
	w.Header().Set("Content-Type", goipp.ContentType)
	_, _ = w.Write([]byte{2, 0, 0, 0, 0, 0, 0, 1})
	for range 40 {
		if _, err := w.Write([]byte{0}); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
