package printing_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/printing"
)

// server is cupsd, with one card printer behind it that prints into a folder.
type server struct {
	dir  string
	port int
}

// serverOptions are the settings of a cupsd that matter here.
type serverOptions struct {
	History bool // it remembers jobs that are done
	Basic   bool // it asks for a password: that of station is s3cret
	// Device is what its printer does with the file in $1.
	Device string
}

const cupsdConf = `Listen 127.0.0.1:{{.Port}}
LogLevel warn
Browsing Off
WebInterface No
PreserveJobHistory {{if .History}}Yes{{else}}No{{end}}
PreserveJobFiles No
DefaultAuthType Basic
<Location />
Order allow,deny
Allow localhost
</Location>
<Policy default>
JobPrivateAccess default
JobPrivateValues default
<Limit All>
{{if .Basic}}AuthType Basic
Require valid-user{{end}}
Order deny,allow
</Limit>
</Policy>
`

const cupsFilesConf = `ServerRoot {{.Dir}}/etc
RequestRoot {{.Dir}}/spool
TempDir {{.Dir}}/spool/tmp
CacheDir {{.Dir}}/cache
StateDir {{.Dir}}/state
ServerBin {{.Dir}}/bin
DataDir /usr/share/cups
DocumentRoot {{.Dir}}
AccessLog {{.Dir}}/log/access
ErrorLog {{.Dir}}/log/error
PageLog {{.Dir}}/log/page
FatalErrors none
`

const printersConf = `<Printer card>
Info A card printer
DeviceURI card:/
State Idle
Accepting Yes
JobSheets none none
OpPolicy default
ErrorPolicy abort-job
</Printer>
`

// backend is called as cupsd calls one: job, user, title, copies, options and file.
const backend = `#!/bin/sh
cd {{.Dir}}/out
if [ -n "$6" ]; then cat "$6" > "$1.pdf"; else cat > "$1.pdf"; fi
{{.Device}}
echo "$3 $(sha256sum < "$1.pdf" | cut -c1-64) $5" >> printed
`

// newServer starts cupsd as whoever runs the test. If it is not installed the test is
// skipped, or fails in CI.
func newServer(t *testing.T, o serverOptions) *server {
	t.Helper()
	program, err := exec.LookPath("cupsd")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/cupsd")
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("cupsd (Debian: cups-daemon) is needed")
	}
	s := &server{dir: t.TempDir(), port: freePort(t)}
	for _, dir := range []string{"etc/ppd", "spool/tmp", "cache", "state", "bin/backend", "log", "out"} {
		require.NoError(t, os.MkdirAll(filepath.Join(s.dir, dir), 0o755))
	}
	require.NoError(t, os.Symlink("/usr/lib/cups/daemon", filepath.Join(s.dir, "bin/daemon")))
	ppd, err := os.ReadFile("testdata/cups/card.ppd")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "etc/ppd/card.ppd"), ppd, 0o644))
	for name, text := range map[string]string{
		"etc/cupsd.conf": cupsdConf, "etc/cups-files.conf": cupsFilesConf, "etc/printers.conf": printersConf, "bin/backend/card": backend,
	} {
		s.write(t, name, text, o)
	}
	cmd := exec.Command(program, "-f", "-c", filepath.Join(s.dir, "etc/cupsd.conf"), "-s", filepath.Join(s.dir, "etc/cups-files.conf"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if o.Basic {
		cmd.Env = append(os.Environ(), "LD_PRELOAD="+preloaded(t, "testdata/pam.c"))
	}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()
	})
	require.Eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", s.port), time.Second)
		return err == nil && conn.Close() == nil
	}, 20*time.Second, 20*time.Millisecond, "cupsd does not listen")
	return s
}

func (s *server) write(t *testing.T, name, text string, o serverOptions) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_CREATE|os.O_WRONLY, 0o700)
	require.NoError(t, err)
	err = template.Must(template.New(name).Parse(text)).Execute(f, struct {
		serverOptions
		Dir  string
		Port int
	}{o, s.dir, s.port})
	require.NoError(t, errors.Join(err, f.Close()))
}

// printed lists what came out: job, content and options.
func (s *server) printed(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, "out/printed"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

func (s *server) driver(t *testing.T, o printing.IPPOptions) *printing.IPP {
	t.Helper()
	o.URI, o.Poll = fmt.Sprintf("ipp://127.0.0.1:%d/printers/card", s.port), 10*time.Millisecond
	if o.Ledger == "" {
		o.Ledger = t.TempDir()
	}
	p, err := printing.OpenIPP(o)
	require.NoError(t, err)
	return p
}

// A queue of CUPS prints each card once. Without a history it forgets a job when that is
// done, and whether it was printed is for the camera to say.
func TestIPP_CUPS(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]serverOptions{
		"with history":    {History: true, Device: `echo "PAGE: 1 1" >&2; echo "PAGE: 2 1" >&2`},
		"without history": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, o)
			p := s.driver(t, printing.IPPOptions{})
			require.NoError(t, p.Prove(t.Context()))
			for i := range 5 {
				for range 2 {
					err := p.Print(t.Context(), fmt.Sprintf("CARD-%d", i), printing.Sides{PDF: pdf(i)}, ignore)
					var doubt *printing.Doubt
					if o.History || !errors.As(err, &doubt) {
						require.NoError(t, err)
					}
				}
			}
			all := s.printed(t)
			require.Len(t, all, 5)
			for i, line := range all {
				require.Contains(t, line, fmt.Sprintf("CARD-%d ", i))
				require.Contains(t, line, "sides=two-sided-long-edge")
			}
		})
	}
}

// What the device behind CUPS fails at, and what it does not count, is in doubt, and is
// printed once.
func TestIPP_CUPSWithADeviceThatFails(t *testing.T) {
	t.Parallel()
	for name, device := range map[string]string{
		"it fails":          "echo x >> tried; exit 1",
		"it counts no page": "echo x >> tried",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, serverOptions{History: true, Device: device})
			p := s.driver(t, printing.IPPOptions{})
			for range 2 {
				err := p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)
				var doubt *printing.Doubt
				require.ErrorAs(t, err, &doubt)
			}
			tried, err := os.ReadFile(filepath.Join(s.dir, "out/tried"))
			require.NoError(t, err)
			require.Equal(t, "x\n", string(tried))
		})
	}
}

// A password that CUPS refuses spoils nothing, since nothing was sent; with the right one each
// card is printed once.
func TestIPP_CUPSAsksForAPassword(t *testing.T) {
	t.Parallel()
	for name, history := range map[string]bool{"with history": true, "without history": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, serverOptions{History: history, Basic: true, Device: `echo "PAGE: 1 1" >&2; echo "PAGE: 2 1" >&2`})
			for _, o := range []printing.IPPOptions{{}, {User: "nobody-here", Password: "wr0ng"}, {User: "station", Password: "wr0ng"}} {
				p := s.driver(t, o)
				require.ErrorContains(t, p.Prove(t.Context()), "printing.password_file")
				err := p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)
				require.ErrorContains(t, err, "printing.password_file")
				require.NotContains(t, err.Error(), "wr0ng")
				requireFault(t, err)
			}
			require.Empty(t, s.printed(t))

			p := s.driver(t, printing.IPPOptions{User: "station", Password: "s3cret"})
			require.NoError(t, p.Prove(t.Context()))
			for range 2 {
				err := p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)
				var doubt *printing.Doubt
				if history || !errors.As(err, &doubt) {
					require.NoError(t, err)
				}
			}
			require.Len(t, s.printed(t), 1)
			require.Contains(t, s.printed(t)[0], "CARD-1 ")
		})
	}
}

// A password that is asked for before CUPS, as a proxy does, is given to it.
func TestIPP_CUPSBehindAPassword(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{History: true, Device: `echo "PAGE: 1 1" >&2; echo "PAGE: 2 1" >&2`})
	to, err := url.Parse(fmt.Sprintf("http://127.0.0.1:%d", s.port))
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Del("Authorization")
	}}
	asks := digested("SHA-256")
	p := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if challenge, ok := asks(r); !ok {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}), printing.IPPOptions{URI: "/printers/card", User: "station", Password: "s3cret"})
	require.NoError(t, p.Prove(t.Context()))

	require.NoError(t, p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore))

	require.Len(t, s.printed(t), 1)
}
