package printing

import (
	"os"
	"strings"
	"testing"

	"github.com/OpenPrinting/goipp"
	"github.com/stretchr/testify/require"
)

// Whatever a printer answers, there is no panic, and what the driver asks of it is safe to
// show.
func FuzzDecode(f *testing.F) {
	good := goipp.NewResponse(goipp.DefaultVersion, goipp.StatusOk, 1)
	good.Job = goipp.Attributes{
		goipp.MakeAttr("job-id", goipp.TagInteger, goipp.Integer(7)),
		goipp.MakeAttr("job-state-reasons", goipp.TagKeyword, goipp.String("job-printing"), goipp.String("\x1b[2J")),
		goipp.MakeAttr("job-name", goipp.TagNameLang, goipp.TextWithLang{Lang: "en", Text: "Print"}),
	}
	b, err := good.EncodeBytes()
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 1, 3})
	f.Add([]byte("<html><body>Login</body></html>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		require.NotContains(t, reasons(m.Job), "\x1b")
		require.NotContains(t, attend(m.Printer, m.Job), "\x1b")
		require.GreaterOrEqual(t, number(m.Job, "job-id"), int32(0))
		_ = text(m.Job, "job-name")
		_ = neverBegun(m.Job)
		_, _ = rasterFor(m.Printer, text(m.Printer, "media"), longEdge)
	})
}

func TestAttend_SaysWhatToDo(t *testing.T) {
	t.Parallel()
	for reasons, want := range map[string]string{
		"none":                          "",
		"":                              "",
		"media-empty-error":             "put blank cards into the hopper",
		"media-empty-warning":           "put blank cards into the hopper",
		"media-needed,media-empty":      "put blank cards into the hopper",
		"media-jam-error,cover-open":    "a card is stuck: open the printer and take it out; close the cover",
		"marker-supply-empty-error":     "change the ribbon",
		"shutdown":                      "switch the printer on",
		"com.example-laminator\x1b[31m": "see the printer's panel (com.example-laminator31m)",
	} {
		printer := goipp.Attributes{{Name: "printer-state-reasons"}}
		for reason := range strings.SplitSeq(reasons, ",") {
			printer[0].Values.Add(goipp.TagKeyword, goipp.String(reason))
		}
		require.Equal(t, want, attend(printer, nil), reasons)
	}
}

func FuzzAttend(f *testing.F) {
	f.Add("media-empty-error")
	f.Fuzz(func(t *testing.T, reason string) {
		printer := goipp.Attributes{goipp.MakeAttr("printer-state-reasons", goipp.TagKeyword, goipp.String(reason))}
		require.LessOrEqual(t, len(attend(printer, nil)), 100)
	})
}

// Entries of before have no job-id, or do not say what the printer knew.
func TestLedger_ReadsEntriesOfBefore(t *testing.T) {
	t.Parallel()
	l, err := openLedger(t.TempDir())
	require.NoError(t, err)
	e := entryOf([]byte("%PDF-1.4 a card"), sent)
	for written, want := range map[string]entry{
		" sent":             {e.digest, sent, 0, -1, false},
		" sent 12":          {e.digest, sent, 12, -1, false},
		" sent 12 11":       {e.digest, sent, 12, 11, false},
		" sent 12 11 named": {e.digest, sent, 12, 11, true},
	} {
		require.NoError(t, os.WriteFile(l.file("CARD-1"), []byte(e.digest+written+"\n"), 0o600))
		read, err := l.read("CARD-1")
		require.NoError(t, err)
		require.Equal(t, want, read)
		require.NoError(t, l.write("CARD-1", want))
		read, err = l.read("CARD-1")
		require.NoError(t, err)
		require.Equal(t, want, read)
	}
	for _, damaged := range []string{"", "sent", e.digest + " gone", e.digest + " sent x", e.digest + " sent 1 2 3", e.digest + " sent 1 2 named 3"} {
		require.NoError(t, os.WriteFile(l.file("CARD-2"), []byte(damaged), 0o600))
		_, err := l.read("CARD-2")
		require.ErrorContains(t, err, "damaged")
	}
}
