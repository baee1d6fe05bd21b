package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// maxResident is what the gateway may need at most, whoever is at its door, in bytes.
const maxResident = 512 << 20

// siegeStation is the enrollment station whose packets are sent.
const siegeStation = identity.StationID("001-TN-02")

// process is a gateway as it is run, in a process of its own, and what its station
// signs with.
type process struct {
	address  string
	citizens string // its address for them
	pid      int
	key      ed25519.PrivateKey
}

// runGateway builds and starts a gateway.
func runGateway(t *testing.T) process {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "gateway")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	schema := registrytest.NewSchema(t, devservertest.Postgres(t))
	master := filepath.Join(dir, "vault.key")
	command := exec.CommandContext(t.Context(), program)
	command.Env = append(os.Environ(), "CANCUOC_DATA_DIR="+dir, "CANCUOC_VAULT_KEY_FILE="+master, "CANCUOC_DATABASE_URL="+schema,
		"CANCUOC_TEMPORAL_ADDRESS="+devservertest.Temporal(t), "CANCUOC_GATEWAY_LISTEN=127.0.0.1:0", "CANCUOC_GATEWAY_CITIZENS_LISTEN=127.0.0.1:0", "CANCUOC_LOG_LEVEL=info")
	log, err := command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Signal(syscall.SIGTERM); _ = command.Wait() })
	p := process{pid: command.Process.Pid}
	listens := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(log)
		for (p.address == "" || p.citizens == "") && lines.Scan() {
			if _, found, ok := strings.Cut(lines.Text(), `msg="Gateway listens" address=`); ok {
				p.address = found
			}
			if _, found, ok := strings.Cut(lines.Text(), `msg="Gateway listens for citizens" address=`); ok {
				p.citizens = found
			}
		}
		close(listens)
		_, _ = io.Copy(io.Discard, log)
	}()
	select {
	case <-listens:
	case <-time.After(time.Minute):
	}
	require.NotEmpty(t, p.address, "the gateway did not start")
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	p.key = key
	registrytest.RegisterStation(t, registrytest.OpenWith(t, schema, master), siegeStation, public)
	return p
}

// resident is the most memory that the process had so far, in bytes.
func (p process) resident(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	require.NoError(t, err)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(b)
	require.NotNil(t, found)
	kB, err := strconv.ParseInt(string(found[1]), 10, 64)
	require.NoError(t, err)
	return kB << 10
}

// packet signs a sample under an enrollment of its own, after a change.
func (p process) packet(t *testing.T, enrollment string, change func(*packet.Submission)) []byte {
	t.Helper()
	s, err := packet.ReadSubmission(os.DirFS("../samples"), "01-first-issue-at-14/application.json",
		packet.Sizes{Document: 1 << 16, Portrait: 2 << 20, Finger: 1 << 20, Packet: 8 << 20})
	require.NoError(t, err)
	s.EnrollmentID, s.Station, s.Person.Number = enrollment, string(siegeStation), ""
	change(&s)
	signed, err := packet.Sign(s, p.key, cast.Known().State)
	require.NoError(t, err)
	return signed
}

// blankJPEG is a picture of that size of one color: large in pixels, small in bytes.
func blankJPEG(t *testing.T, side int) []byte {
	t.Helper()
	picture := image.NewYCbCr(image.Rect(0, 0, side, side), image.YCbCrSubsampleRatio420)
	for i := range picture.Y {
		picture.Y[i] = 128
	}
	for i := range picture.Cb {
		picture.Cb[i], picture.Cr[i] = 100, 150
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, picture, nil))
	return b.Bytes()
}

// stripedPNG is an image of stripes of that size, of which a template has to be made.
func stripedPNG(t *testing.T, side int) []byte {
	t.Helper()
	g := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			g.SetGray(x, y, color.Gray{Y: uint8((x*x/300 + y) % 10 * 25)})
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, g))
	return b.Bytes()
}

// siege is what many clients do to a gateway at once, until its context ends.
type siege struct {
	ctx     context.Context
	address string
	clients sync.WaitGroup
	mu      sync.Mutex
	answers map[string]int
}

// client repeats what one client does.
func (s *siege) client(n int, name string, do func(c net.Conn) string) {
	s.clientAt(s.address, n, name, do)
}

// clientAt is client at another address.
func (s *siege) clientAt(address string, n int, name string, do func(c net.Conn) string) {
	for range n {
		s.clients.Go(func() {
			for s.ctx.Err() == nil {
				c, err := (&net.Dialer{}).DialContext(s.ctx, "tcp", address)
				if err != nil {
					s.pause(100 * time.Millisecond)
					continue
				}
				stop := context.AfterFunc(s.ctx, func() { _ = c.Close() })
				got := do(c)
				stop()
				_ = c.Close()
				s.mu.Lock()
				s.answers[name+": "+got]++
				s.mu.Unlock()
				s.pause(100 * time.Millisecond)
			}
		})
	}
}

func (s *siege) pause(d time.Duration) {
	select {
	case <-s.ctx.Done():
	case <-time.After(d):
	}
}

// status reads the status of an answer.
func status(c net.Conn) string {
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
	line, err := bufio.NewReader(c).ReadString('\n')
	if len(line) < len("HTTP/1.1 200") {
		if err != nil {
			return "no answer"
		}
		return "?"
	}
	return line[9:12]
}

func post(length int) string {
	return fmt.Sprintf("POST /v1/packets HTTP/1.1\r\nHost: a\r\nContent-Type: application/jose\r\nContent-Length: %d\r\n\r\n", length)
}

// trickle sends a byte now and then.
func (s *siege) trickle(c net.Conn, every time.Duration) {
	for s.ctx.Err() == nil {
		if _, err := c.Write([]byte("A")); err != nil {
			return
		}
		s.pause(every)
	}
}

// send writes a body and does not mind that it is not taken.
func send(c net.Conn, parts ...[]byte) {
	_ = c.SetWriteDeadline(time.Now().Add(30 * time.Second))
	for _, part := range parts {
		if _, err := c.Write(part); err != nil {
			return
		}
	}
}

// lay begins the siege.
func (s *siege) lay(t *testing.T, p process) {
	t.Helper()
	good := p.packet(t, "greedy", func(*packet.Submission) {})
	header := good[:bytes.IndexByte(good, '.')+1]
	junk := bytes.Repeat([]byte("A"), 8<<20)
	s.client(150, "slow headers", func(c net.Conn) string {
		send(c, []byte("POST /v1/packets HTTP/1.1\r\nX: "))
		s.trickle(c, time.Second)
		return status(c)
	})
	s.client(100, "idle", func(c net.Conn) string {
		send(c, []byte("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"))
		got := status(c)
		_, _ = io.Copy(io.Discard, c)
		return got
	})
	s.client(150, "slow body", func(c net.Conn) string {
		send(c, []byte(post(8<<20-1)), header)
		s.trickle(c, 200*time.Millisecond)
		return status(c)
	})
	s.client(100, "held junk", func(c net.Conn) string {
		send(c, []byte(post(8<<20)), junk[:8<<20-1])
		got := status(c)
		_, _ = io.Copy(io.Discard, c)
		return got
	})
	s.client(150, "held junk of a station", func(c net.Conn) string {
		send(c, []byte(post(8<<20)), header, junk[:8<<20-1-len(header)])
		got := status(c)
		_, _ = io.Copy(io.Discard, c)
		return got
	})
	s.client(50, "junk of a station", func(c net.Conn) string {
		send(c, []byte(post(8<<20)), header, junk[:8<<20-len(header)])
		return status(c)
	})
	s.client(100, "endless chunks", func(c net.Conn) string {
		send(c, []byte("POST /v1/packets HTTP/1.1\r\nHost: a\r\nContent-Type: application/jose\r\nTransfer-Encoding: chunked\r\n\r\n"))
		send(c, fmt.Appendf(nil, "%x\r\n%s\r\n", len(header), header))
		for s.ctx.Err() == nil {
			if _, err := fmt.Fprintf(c, "10000\r\n%s\r\n", junk[:0x10000]); err != nil {
				break
			}
			s.pause(10 * time.Millisecond)
		}
		return status(c)
	})
	s.client(50, "half closed", func(c net.Conn) string {
		send(c, []byte(post(len(good))), good[:len(good)/2])
		_ = c.(*net.TCPConn).CloseWrite()
		return status(c)
	})
	s.client(40, "huge headers", func(c net.Conn) string {
		send(c, []byte("GET / HTTP/1.1\r\nX: "), junk[:1<<20])
		return status(c)
	})
	s.client(20, "no HTTP", func(c net.Conn) string {
		send(c, junk[:100], []byte("\r\n\r\n"))
		return status(c)
	})
	s.client(20, "elsewhere", func(c net.Conn) string {
		send(c, []byte("PUT /v1/elsewhere HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"), junk[:100000])
		return status(c)
	})
	body := func(n int, name string, change func(*packet.Submission)) {
		signed := p.packet(t, name, change)
		s.client(n, fmt.Sprintf("%s, %d kB", name, len(signed)>>10), func(c net.Conn) string {
			send(c, []byte(post(len(signed))), signed)
			return status(c)
		})
	}
	huge, large, finger := blankJPEG(t, 4096), blankJPEG(t, 2048), stripedPNG(t, 1200)
	body(20, "greedy", func(*packet.Submission) {})
	body(20, "portrait of 4096 x 4096", func(s *packet.Submission) { s.Portrait.Data = huge })
	body(20, "portrait of 2048 x 2048", func(s *packet.Submission) { s.Portrait.Data = large; s.Officer = "x" })
	body(10, "fingers of 1200 x 1200", func(s *packet.Submission) {
		s.Officer = "x"
		for i := range s.Fingerprints {
			s.Fingerprints[i].Data, s.Fingerprints[i].TemplateData = finger, nil
		}
	})
}

// layElsewhere begins a siege of where officers act and citizens ask.
func (s *siege) layElsewhere(t *testing.T, p process) {
	t.Helper()
	junk := bytes.Repeat([]byte("A"), 8<<20)
	good, err := json.Marshal(api.Act{Signed: registrytest.Signed(identity.Hold{Officer: "PD-001-0001", Reason: "under-verification"}, "application/B7K2M-4QX9T-6")})
	require.NoError(t, err)
	inside := func(path, header string, length int) []byte {
		return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n", path, header, length)
	}
	chunks := func(c net.Conn, path string) string {
		send(c, []byte("POST "+path+" HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Bearer x\r\nTransfer-Encoding: chunked\r\n\r\n"))
		for s.ctx.Err() == nil {
			if _, err := fmt.Fprintf(c, "10000\r\n%s\r\n", junk[:0x10000]); err != nil {
				break
			}
			s.pause(10 * time.Millisecond)
		}
		return status(c)
	}
	for _, path := range []string{"/v1/acts", "/v1/sessions", "/v1/cards/find"} {
		s.client(60, "slow "+path, func(c net.Conn) string {
			send(c, inside(path, "", 100<<10), []byte("{"))
			s.trickle(c, 200*time.Millisecond)
			return status(c)
		})
		s.client(40, "held "+path, func(c net.Conn) string {
			send(c, inside(path, "", 128<<10), junk[:128<<10-1])
			got := status(c)
			_, _ = io.Copy(io.Discard, c)
			return got
		})
		s.client(30, "large "+path, func(c net.Conn) string {
			send(c, inside(path, "Authorization: Bearer x\r\n", 8<<20), junk)
			return status(c)
		})
		s.client(30, "chunks "+path, func(c net.Conn) string { return chunks(c, path) })
	}
	s.client(80, "unwanted acts", func(c net.Conn) string {
		send(c, inside("/v1/acts", "", len(good)), good)
		return status(c)
	})
	for _, path := range []string{"/v1/application-status", "/"} {
		s.clientAt(p.citizens, 60, "citizens, slow "+path, func(c net.Conn) string {
			send(c, inside(path, "", 4000), []byte("{"))
			s.trickle(c, 200*time.Millisecond)
			return status(c)
		})
		s.clientAt(p.citizens, 40, "citizens, large "+path, func(c net.Conn) string {
			send(c, inside(path, "", 8<<20), junk)
			return status(c)
		})
		s.clientAt(p.citizens, 40, "citizens, chunks "+path, func(c net.Conn) string { return chunks(c, path) })
	}
	s.clientAt(p.citizens, 100, "citizens, guesses", func(c net.Conn) string {
		guess := `{"receipt":"B7K2M-4QX9T-6","birth":"1990-01-01"}`
		send(c, inside("/v1/application-status", "", len(guess)), []byte(guess))
		return status(c)
	})
	s.clientAt(p.citizens, 60, "citizens, slow headers", func(c net.Conn) string {
		send(c, []byte("GET / HTTP/1.1\r\nX: "))
		s.trickle(c, time.Second)
		return status(c)
	})
}

// TestGateway_UnderSiegeElsewhere: what 1,000 clients do where officers act and citizens ask
// keeps no station, officer or citizen waiting.
func TestGateway_UnderSiegeElsewhere(t *testing.T) { //nolint:paralleltest // it takes the whole machine
	if testing.Short() {
		t.Skip("takes the whole machine for some seconds")
	}
	p := runGateway(t)
	ctx, end := context.WithCancel(t.Context())
	s := &siege{ctx: ctx, address: p.address, answers: make(map[string]int)}
	s.layElsewhere(t, p)
	s.pause(2 * time.Second)
	client := http.Client{Timeout: 30 * time.Second}
	took := make(map[string][]time.Duration)
	ask := func(name, address, contentType string, body []byte, want int) {
		sent := time.Now()
		answer, err := client.Post(address, contentType, bytes.NewReader(body)) //nolint:noctx // it has its time
		require.NoError(t, err, name)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, want, answer.StatusCode, name)
		took[name] = append(took[name], time.Since(sent))
	}
	for i, began := 0, time.Now(); time.Since(began) < siegeTime; i++ {
		login, err := json.Marshal(api.Act{Signed: registrytest.Signed(identity.LogIn{Officer: "SX-01"}, statement.Office)})
		require.NoError(t, err)
		ask("packet", "http://"+p.address+"/v1/packets", "application/jose", p.packet(t, fmt.Sprintf("good-%d", i), func(*packet.Submission) {}), http.StatusCreated)
		ask("act", "http://"+p.address+"/v1/sessions", "application/json", login, http.StatusCreated)
		ask("citizen", "http://"+p.citizens+"/", "application/x-www-form-urlencoded", []byte("receipt=x"), http.StatusUnprocessableEntity)
		s.pause(time.Second / 4)
	}
	end()
	s.clients.Wait()
	for name, all := range took {
		slices.Sort(all)
		t.Logf("%d of %s: median %s, slowest %s", len(all), name, all[len(all)/2], all[len(all)-1])
	}
	t.Logf("VmHWM %d MB", p.resident(t)>>20)
	for _, name := range slices.Sorted(maps.Keys(s.answers)) {
		t.Logf("%6d %s", s.answers[name], name)
		require.NotContains(t, name, ": 5") // it never looks like a fault
	}
	require.Less(t, p.resident(t), int64(maxResident))
}

// TestGateway_UnderSiege: whatever 1,000 clients do at the door, its memory is bounded,
// and a station that does nothing wrong has its receipt.
func TestGateway_UnderSiege(t *testing.T) { //nolint:paralleltest // it takes the whole machine
	if testing.Short() {
		t.Skip("takes the whole machine for some seconds")
	}
	p := runGateway(t)
	ctx, end := context.WithCancel(t.Context())
	s := &siege{ctx: ctx, address: p.address, answers: make(map[string]int)}
	s.lay(t, p)
	s.pause(2 * time.Second)
	client := http.Client{Timeout: 30 * time.Second}
	var took []time.Duration
	for i, began := 0, time.Now(); time.Since(began) < siegeTime; i++ {
		signed := p.packet(t, fmt.Sprintf("good-%d", i), func(*packet.Submission) {})
		sent := time.Now()
		answer, err := client.Post("http://"+p.address+"/v1/packets", "application/jose", bytes.NewReader(signed)) //nolint:noctx // it has its time
		require.NoError(t, err, "good packet %d", i)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusCreated, answer.StatusCode, "good packet %d", i)
		took = append(took, time.Since(sent))
		s.pause(time.Second / 4)
	}
	end()
	s.clients.Wait()
	slices.Sort(took)
	t.Logf("VmHWM %d MB; %d good packets: median %s, slowest %s", p.resident(t)>>20, len(took), took[len(took)/2], took[len(took)-1])
	for _, name := range slices.Sorted(maps.Keys(s.answers)) {
		t.Logf("%6d %s", s.answers[name], name)
		require.NotContains(t, name, ": 5") // it never looks like a fault
	}
	require.Less(t, p.resident(t), int64(maxResident))
}

// siegeTime is how long the siege lasts.
const siegeTime = 8 * time.Second
