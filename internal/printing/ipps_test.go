package printing_test

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
)

// secure starts a printer behind TLS that is busy once, then takes one job and leaves
// it in that state. It gives the printer's URI and the file of its certificate, and
// counts the jobs that the printer took.
func secure(t *testing.T, state byte) (uri, ca string, took *atomic.Int32) {
	t.Helper()
	took = new(atomic.Int32)
	var asked atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := io.ReadAll(r.Body)
		if err != nil || len(request) < 8 {
			return
		}
		answer := append([]byte{2, 0, 0, 0}, request[4:8]...)
		switch {
		case request[3] == 0x02 && asked.Add(1) == 1:
			answer[2], answer[3] = 0x05, 0x07 // server-error-busy
		case request[3] == 0x02:
			took.Add(1)
			answer = append(answer, "\x02\x21\x00\x06job-id\x00\x04\x00\x00\x00\x07"...)
		case request[3] == 0x09:
			answer = append(answer, "\x02\x23\x00\x09job-state\x00\x04\x00\x00\x00"...)
			answer = append(answer, state)
		}
		w.Header().Set("Content-Type", "application/ipp")
		_, _ = w.Write(append(answer, 3))
	}))
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(ca, block, 0o600))
	return strings.Replace(server.URL, "https", "ipps", 1) + "/ipp/print", ca, took
}

func TestIPP_PrintsBehindTLSOnceThePrinterIsFree(t *testing.T) {
	t.Parallel()
	uri, ca, took := secure(t, 9)
	p, err := printing.OpenIPP(printing.IPPOptions{URI: uri, CAFile: ca, Ledger: t.TempDir(), Poll: time.Millisecond})
	require.NoError(t, err)

	require.NoError(t, p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore))

	require.EqualValues(t, 1, took.Load())
}

func TestIPP_SendsNothingToAnUntrustedPrinter(t *testing.T) {
	t.Parallel()
	uri, _, took := secure(t, 9)
	p, err := printing.OpenIPP(printing.IPPOptions{URI: uri, Ledger: t.TempDir(), Poll: time.Millisecond})
	require.NoError(t, err)

	err = p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)

	require.ErrorContains(t, err, "certificate")
	require.NotErrorIs(t, err, identity.Spoiled)
	require.Zero(t, took.Load())
}

// A printer whose certificate is another's gets nothing, though the authority is known.
func TestIPP_SendsNothingToAPrinterOfAnotherName(t *testing.T) {
	t.Parallel()
	uri, ca, took := secure(t, 9)
	p, err := printing.OpenIPP(printing.IPPOptions{URI: strings.Replace(uri, "127.0.0.1", "localhost", 1), CAFile: ca, Ledger: t.TempDir(), Poll: time.Millisecond})
	require.NoError(t, err)

	require.ErrorContains(t, p.Prove(t.Context()), "not localhost")
	err = p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)

	require.ErrorContains(t, err, "not localhost")
	requireFault(t, err)
	require.Zero(t, took.Load())
}

// A canceled job may have been printed nevertheless.
func TestIPP_ACanceledCardIsInDoubt(t *testing.T) {
	t.Parallel()
	uri, ca, took := secure(t, 7)
	p, err := printing.OpenIPP(printing.IPPOptions{URI: uri, CAFile: ca, Ledger: t.TempDir(), Poll: time.Millisecond})
	require.NoError(t, err)

	for range 2 {
		err = p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)
		var doubt *printing.Doubt
		require.ErrorAs(t, err, &doubt)
	}

	require.EqualValues(t, 1, took.Load(), "it is not sent again")
}
