package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/templates/render/rendertest"
)

func TestPaper(t *testing.T) {
	t.Parallel()
	pdftotext, pdftoppm, zbarimg := needs(t, "pdftotext", "poppler-utils"), needs(t, "pdftoppm", "poppler-utils"), needs(t, "zbarimg", "zbar-tools")
	c := rendertest.BuiltIn(t)
	draw := func() []byte {
		p := c.Paper(148, 210, "Giấy hẹn")
		p.AddPage()
		require.NoError(t, p.Text(20, 30, render.Style{Bold: true, Size: 14}, "GIẤY HẸN TRẢ THẺ CĂN CƯỚC"))
		p.Draw().Line(20, 33, 128, 33)
		require.NoError(t, p.Text(20, 45, render.Style{Size: 10, Gray: 60}, "Y Bhŭk Ê̆ban (số 7)"))
		require.NoError(t, p.QR(20, 60, 30, "https://example.org/status/7QF3M-9T2XK-D"))
		b, err := p.Bytes()
		require.NoError(t, err)
		return b
	}
	b, dir := draw(), t.TempDir()
	require.Equal(t, b, draw())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "slip.pdf"), b, 0o600))

	require.Equal(t, "GIẤY HẸN TRẢ THẺ CĂN CƯỚC Y Bhŭk Ê̆ban (số 7)", words(run(t, dir, pdftotext, "-raw", "-enc", "UTF-8", "slip.pdf", "-")))
	run(t, dir, pdftoppm, "-r", "200", "-png", "slip.pdf", "slip")
	pages, err := filepath.Glob(filepath.Join(dir, "slip*.png"))
	require.NoError(t, err)
	require.Len(t, pages, 1)
	require.Equal(t, "https://example.org/status/7QF3M-9T2XK-D\n", run(t, dir, zbarimg, "-q", "--raw", pages[0]))
}

func TestPaper_Refuses(t *testing.T) {
	t.Parallel()
	c := rendertest.BuiltIn(t)
	p := c.Paper(148, 210, "Giấy hẹn")
	p.AddPage()
	require.ErrorIs(t, p.Text(20, 30, render.Style{Size: 10}, "Ω"), identity.Invalid)
	require.ErrorIs(t, p.QR(20, 60, 12, strings.Repeat("a", 400)), identity.Invalid)
	wide, err := p.Width(render.Style{Size: 10, Bold: true}, "Thẻ")
	require.NoError(t, err)
	narrow, err := p.Width(render.Style{Size: 10}, "Thẻ")
	require.NoError(t, err)
	require.Greater(t, wide, narrow)
}
