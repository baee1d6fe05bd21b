package workflows_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/OpenPrinting/goipp"
	"github.com/stretchr/testify/require"
)

// ippPrinter is a printer in the network that prints into a folder.
type ippPrinter struct {
	dir string
	// wants is what it wants a password for, which it is not given; nothing: no password.
	wants atomic.Pointer[func(goipp.Op) bool]
	jobs  atomic.Int32
}

// newIPPPrinter gives a printer, and the settings of a station with it and a camera that
// sees what it prints.
func newIPPPrinter(t *testing.T) (*ippPrinter, settings) {
	t.Helper()
	p := &ippPrinter{dir: t.TempDir()}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return p, settings{
		"printing.driver": "ipp", "printing.uri": strings.Replace(server.URL, "http", "ipp", 1) + "/ipp/print",
		"printing.ledger": t.TempDir(), "camera.dir": p.dir,
	}
}

// lock has it want a password for some operations.
func (p *ippPrinter) lock(wants func(goipp.Op) bool) { p.wants.Store(&wants) }

// open has it want none.
func (p *ippPrinter) open() { p.wants.Store(nil) }

func (p *ippPrinter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := new(goipp.Message)
	if request.Decode(r.Body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	o := goipp.Op(request.Code)
	if wants := p.wants.Load(); wants != nil && (*wants)(o) {
		w.Header().Set("WWW-Authenticate", `Basic realm="printer"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer := goipp.NewResponse(request.Version, goipp.StatusOk, request.RequestID)
	if o == goipp.OpGetJobAttributes {
		answer.Job = goipp.Attributes{goipp.MakeAttr("job-state", goipp.TagEnum, goipp.Integer(9))}
	}
	if o == goipp.OpPrintJob {
		answer.Job = goipp.Attributes{goipp.MakeAttr("job-id", goipp.TagInteger, goipp.Integer(p.jobs.Add(1)))}
		document, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(p.dir, name(request)+".pdf"), document, 0o600)
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	b, err := answer.EncodeBytes()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", goipp.ContentType)
	_, _ = w.Write(b)
}

// name is that of a request's job.
func name(request *goipp.Message) string {
	for _, a := range request.Operation {
		if a.Name == "job-name" {
			return a.Values[0].V.String()
		}
	}
	return ""
}

// A password that the printer of one of two stations refuses spoils no card, whenever it
// begins to.
func TestSickStation_PrinterWantsAPassword(t *testing.T) {
	t.Parallel()
	for when, wants := range map[string]func(goipp.Op) bool{
		"BeforeTheBlank": func(o goipp.Op) bool { return o == goipp.OpValidateJob },
		"AfterTheChip":   func(o goipp.Op) bool { return o == goipp.OpPrintJob },
	} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			o := newTwoStations(t, nil)
			printer, of := newIPPPrinter(t)
			printer.lock(wants)
			o.begin("PX-01", of)
			o.approveAll()

			o.awaitPause()
			require.Zero(t, printer.jobs.Load())
			o.begin("PX-02", nil)
			o.awaitOthers()
			o.told("printing.password_file")
			o.shown("printing.password_file")
			printer.open()
			o.resume()
			o.finish()
		})
	}
}
