package printing

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The Print-Job request of RFC 8010, appendix A.1, byte for byte.
func TestMessage_IsEncodedAsInRFC8010(t *testing.T) {
	t.Parallel()
	request := message{version: [2]byte{1, 1}, code: uint16(opPrintJob), request: 1, groups: []group{
		{tagOperation, []attribute{
			{"attributes-charset", []value{text(tagCharset, "utf-8")}},
			{"attributes-natural-language", []value{text(tagLanguage, "en-us")}},
			{"printer-uri", []value{text(tagURI, "ipp://printer.example.com/ipp/print/pinetree")}},
			{"job-name", []value{text(tagName, "foobar")}},
			{"ipp-attribute-fidelity", []value{{0x22, []byte{1}}}},
		}},
		{tagJob, []attribute{
			{"copies", []value{integer(tagInteger, 20)}},
			{"sides", []value{text(tagKeyword, "two-sided-long-edge")}},
		}},
	}}
	want := strings.Join([]string{
		"0101", "0002", "00000001", "01",
		"47", "0012", hex.EncodeToString([]byte("attributes-charset")), "0005", hex.EncodeToString([]byte("utf-8")),
		"48", "001b", hex.EncodeToString([]byte("attributes-natural-language")), "0005", hex.EncodeToString([]byte("en-us")),
		"45", "000b", hex.EncodeToString([]byte("printer-uri")), "002c", hex.EncodeToString([]byte("ipp://printer.example.com/ipp/print/pinetree")),
		"42", "0008", hex.EncodeToString([]byte("job-name")), "0006", hex.EncodeToString([]byte("foobar")),
		"22", "0016", hex.EncodeToString([]byte("ipp-attribute-fidelity")), "0001", "01",
		"02",
		"21", "0006", hex.EncodeToString([]byte("copies")), "0004", "00000014",
		"44", "0005", hex.EncodeToString([]byte("sides")), "0013", hex.EncodeToString([]byte("two-sided-long-edge")),
		"03",
	}, "")

	require.Equal(t, want, hex.EncodeToString(request.encode()))

	read, err := decode(request.encode())
	require.NoError(t, err)
	require.Equal(t, request, read)
}

func TestMessage_HasFurtherValuesAndCollections(t *testing.T) {
	t.Parallel()
	m := message{version: [2]byte{2, 0}, groups: []group{{tagPrinter, []attribute{
		{"printer-state-reasons", []value{text(tagKeyword, "media-empty-error"), text(tagKeyword, "cover-open")}},
		{"media-col", []value{{0x34, nil}, {0x4a, []byte("x-dimension")}, integer(tagInteger, 8560), {0x37, nil}}},
		{"printer-state", []value{integer(tagEnum, 5)}},
	}}}}

	read, err := decode(m.encode())

	require.NoError(t, err)
	require.Equal(t, []string{"media-empty-error", "cover-open"}, keywords(read.one(tagPrinter), "printer-state-reasons"))
	require.EqualValues(t, 5, read.one(tagPrinter).first("printer-state").integer())
	require.Zero(t, read.one(tagPrinter).first("media-col").integer())
	require.Empty(t, read.one(tagJob).first("job-id").raw)
}

func TestDecode_RefusesMalformedMessages(t *testing.T) {
	t.Parallel()
	good := message{version: [2]byte{2, 0}, groups: []group{{tagJob, []attribute{{"job-id", []value{integer(tagInteger, 7)}}}}}}.encode()
	for i := range good {
		_, err := decode(good[:i])
		require.Error(t, err, "cut at %d", i)
	}
	for name, b := range map[string][]byte{
		"another version":         append([]byte{3}, good[1:]...),
		"a page":                  []byte("<html><body>Login</body></html>"),
		"a value without a group": {2, 0, 0, 0, 0, 0, 0, 1, 0x44, 0, 1, 'a', 0, 0, 3},
		"a value without a name":  {2, 0, 0, 0, 0, 0, 0, 1, 1, 0x44, 0, 0, 0, 0, 3},
		"a length beyond the end": {2, 0, 0, 0, 0, 0, 0, 1, 1, 0x44, 0xFF, 0xFF, 'a'},
	} {
		_, err := decode(b)
		require.Error(t, err, name)
	}
}

// Whatever a printer answers, there is no panic, and what was read is written the
// same.
func FuzzDecode(f *testing.F) {
	f.Add(message{version: [2]byte{2, 0}, groups: []group{{tagJob, []attribute{{"job-id", []value{integer(tagInteger, 7)}}}}}}.encode())
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 1, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		written := m.encode()
		if len(written) <= len(b) && !bytes.Equal(written, b[:len(written)]) {
			again, err := decode(written)
			require.NoError(t, err)
			require.Equal(t, m, again)
		}
	})
}

func TestAttention_SaysWhatToDo(t *testing.T) {
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
		require.Equal(t, want, attention(strings.Split(reasons, ",")), reasons)
	}
}

func FuzzAttention(f *testing.F) {
	f.Add("media-empty-error")
	f.Fuzz(func(t *testing.T, reason string) {
		require.LessOrEqual(t, len(attention([]string{reason})), 100)
	})
}
