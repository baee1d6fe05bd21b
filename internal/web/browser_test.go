package web_test

import (
	"bytes"
	"context"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/web/webtest"
)

// fill is a page that fills in the citizen's form and sends it.
const fill = `<!doctype html><form method="post" action="/">
<input name="receipt" value="6h0nn jm7nv 4"><input name="birth" value="5/10/2012"></form>
<script>document.forms[0].submit()</script>`

// A real browser finds the application, applies the style that the policy allows,
// and complains of nothing.
func TestStatus_InABrowser(t *testing.T) {
	t.Parallel()
	chromium := webtest.Chromium(t)
	mux := http.NewServeMux()
	mux.Handle("/", pages(shelved(record(identity.HandOver, identity.ToHandOver))))
	mux.HandleFunc("/fill", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(fill)) })
	server := httptest.NewServer(mux)
	defer server.Close()
	picture := filepath.Join(t.TempDir(), "page.png")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var page, complaints bytes.Buffer
	c := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(),
		"--enable-logging=stderr", "--virtual-time-budget=3000", "--window-size=500,1000", "--dump-dom", "--screenshot="+picture, server.URL+"/fill")
	c.Stdout, c.Stderr = &page, &complaints

	err := c.Run()

	require.NoError(t, err, complaints.String())
	require.Contains(t, page.String(), "<h2>"+receipt+"</h2>")
	require.Contains(t, page.String(), "Thẻ đã sẵn sàng")
	require.NotContains(t, complaints.String(), "Content Security Policy")
	f, err := os.Open(picture)
	require.NoError(t, err)
	defer f.Close()
	m, err := png.Decode(f)
	require.NoError(t, err)
	styled := false
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			styled = styled || color.RGBAModel.Convert(m.At(x, y)) == color.RGBA{0x06, 0x53, 0x9a, 0xff} // the button
		}
	}
	require.True(t, styled)
}
