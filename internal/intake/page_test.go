package intake_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/biometrics/ridges"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// filed is the day on which the page's example was filed.
var filed = identity.Date{Year: 2026, Month: 11, Day: 23}

// page reads docs/packet.md.
func page(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/packet.md")
	require.NoError(t, err)
	return string(b)
}

// table gives the rows, cell by cell, of the page's table whose first heading that
// is.
func table(t *testing.T, page, heading string) [][]string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n| "+heading+" |")
	require.True(t, found, "no table of %s", heading)
	var rows [][]string
	for _, line := range strings.Split(rest, "\n")[2:] { // the rest of the heading, and the rule below it
		if !strings.HasPrefix(line, "| ") {
			break
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		rows = append(rows, cells)
	}
	require.NotEmpty(t, rows)
	return rows
}

// quoted lists the words in backticks.
func quoted(text string) []string {
	var words []string
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		words = append(words, match[1])
	}
	return words
}

// field is a row of the page's table of fields.
type field struct{ name, kind, required, text string }

func fields(t *testing.T) []field {
	t.Helper()
	var list []field
	for _, row := range table(t, page(t), "field") {
		require.Len(t, row, 4, "%v", row)
		list = append(list, field{strings.Trim(row[0], "`"), row[1], row[2], row[3]})
	}
	return list
}

// oneOf lists the accepted values that the row names, if it does.
func (f field) oneOf() []string {
	_, list, found := strings.Cut(f.text, "one of ")
	if !found {
		return nil
	}
	list, _, _ = strings.Cut(list, ";")
	return quoted(list)
}

// limit is how many letters the row accepts, or 0.
func (f field) limit() int {
	match := regexp.MustCompile(`at most (\d+) letters`).FindStringSubmatch(f.text)
	if match == nil {
		return 0
	}
	n, _ := strconv.Atoi(match[1])
	return n
}

// inJSON lists the fields of a Go type as JSON has them, with their types.
func inJSON(t reflect.Type, prefix string, into map[string]string) {
	for member := range t.Fields() {
		name, _, _ := strings.Cut(member.Tag.Get("json"), ",")
		name = prefix + name
		typ := member.Type
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		switch {
		case typ == reflect.TypeFor[[]byte]():
			into[name] = "base64"
		case typ.Kind() == reflect.Slice:
			into[name] = "list"
			inJSON(typ.Elem(), name+".", into)
		case typ.Kind() == reflect.Struct:
			into[name] = "object"
			inJSON(typ, name+".", into)
		default:
			into[name] = map[reflect.Kind]string{reflect.String: "text", reflect.Int: "whole number", reflect.Bool: "true or false"}[typ.Kind()]
		}
	}
}

func TestPage_ListsEveryFieldWithItsType(t *testing.T) {
	t.Parallel()
	want := make(map[string]string)
	inJSON(reflect.TypeFor[packet.Submission](), "", want)

	got := make(map[string]string)
	for _, f := range fields(t) {
		require.NotContains(t, got, f.name)
		got[f.name] = f.kind
	}

	require.Equal(t, want, got)
}

// payload is the example of the page with one change.
type payload map[string]any

func example(t *testing.T) payload {
	t.Helper()
	s := sample(t)
	s.Fingerprints[1] = packet.Fingerprint{Position: "right-index", Missing: "BANDAGED"}
	b, err := json.Marshal(s)
	require.NoError(t, err)
	var p payload
	require.NoError(t, json.Unmarshal(b, &p))
	return p
}

// set changes a field, or removes it if the value is nil. In a list, it is that of the
// first element.
func (p payload) set(name string, value any) payload {
	object := map[string]any(p)
	path := strings.Split(name, ".")
	for _, step := range path[:len(path)-1] {
		switch inner := object[step].(type) {
		case map[string]any:
			object = inner
		case []any:
			object = inner[0].(map[string]any)
		default:
			made := make(map[string]any)
			object[step] = made
			object = made
		}
	}
	if object[path[len(path)-1]] = value; value == nil {
		delete(object, path[len(path)-1])
	}
	return p
}

// refused gives what the door says of a field of the payload, "" if nothing.
func (p payload) refused(t *testing.T, name string) string {
	t.Helper()
	b, err := json.Marshal(p)
	require.NoError(t, err)
	s, err := packet.ParseSubmission(b)
	if err == nil {
		_, err = newDoor(t, filed).Check(s)
	}
	name = strings.Replace(name, "fingerprints.", "fingerprints.0.", 1)
	for _, r := range identity.Refusals(err) {
		if r.Field != "" && (strings.HasPrefix(name+".", r.Field+".") || strings.HasPrefix(r.Field, name+".")) {
			return r.Error()
		}
	}
	return ""
}

func TestPage_SaysWhichFieldsAreRequired(t *testing.T) {
	t.Parallel()
	for _, f := range fields(t) {
		told := example(t).set(f.name, nil).refused(t, f.name)
		switch f.required {
		case "yes":
			require.NotEmpty(t, told, "%s is not required", f.name)
		case "no":
			require.Empty(t, told, "%s is required", f.name)
		case "never":
			require.NotEmpty(t, example(t).set(f.name, "portrait.jpg").refused(t, f.name), "%s is accepted", f.name)
		default:
			require.Equal(t, "if", f.required, f.name)
		}
	}
	for name, without := range map[string]payload{
		"person.number":           example(t),
		"person.old_number":       example(t).set("type", "first-issue").set("ground", "from-cmnd").set("filed_on", "2026-03-14"),
		"exemption_proof":         example(t).set("exemption", "poor"),
		"error_by":                example(t).set("ground", "print-error"),
		"late_reason":             example(t).set("filed_on", "2026-11-10"),
		"person.cancelled_number": example(t).set("ground", "number-changed"),
		"representative":          example(t).set("person.birth", "2013-11-24"),
		"delivery_to":             example(t).set("delivery", "post"),
		"portrait":                example(t),
		"fingerprints":            example(t),
		"person.birth_registration.province": example(t).set("person.number", nil).set("type", "first-issue").set("ground", "first-card").
			set("person.origin.province", nil).set("person.residence.province", nil).set("person.birth_registration.text", "Phường Trần Phú"),
	} {
		require.NotEmpty(t, without.set(name, nil).refused(t, name), name)
	}
}

func TestPage_ListsTheAcceptedValues(t *testing.T) {
	t.Parallel()
	for _, f := range fields(t) {
		values := f.oneOf()
		if values == nil {
			continue
		}
		require.NotEmpty(t, example(t).set(f.name, "x").refused(t, f.name), "%s: x is accepted", f.name)
		for _, value := range values {
			changed := example(t).set(f.name, value)
			switch f.name {
			case "channel":
				changed.set("type", "reissue").set("ground", "lost")
			case "error_by":
				changed.set("ground", "print-error")
			case "exemption":
				changed.set("exemption_proof", "Giấy chứng nhận số 7")
				changed.set("person.birth", map[string]any{"child": "2012-11-02", "elderly": "1960-11-02"}[value])
				if value == "minority" {
					changed.set("person.ethnicity", "Tày")
				}
			case "delivery":
				changed.set("delivery_to", map[string]any{"collect": nil, "post": "Số 1, Phố Mẫu"}[value])
			case "person.sex":
				changed.set("person.number", nil).set("type", "first-issue").set("ground", "first-card")
			case "fingerprints.missing":
				changed.set("fingerprints.data", nil).set("fingerprints.template_data", nil)
			case "fingerprints.position":
				changed.set("fingerprints.template_data", nil)
				changed["fingerprints"] = changed["fingerprints"].([]any)[:1]
			}
			require.Empty(t, changed.refused(t, f.name), "%s", value)
		}
	}
	require.ElementsMatch(t, identity.Exemptions(filed), fieldNamed(t, "exemption").oneOf())
	positions := fieldNamed(t, "fingerprints.position").oneOf()
	require.Len(t, positions, len(fingerprint.Positions()))
}

func fieldNamed(t *testing.T, name string) field {
	t.Helper()
	list := fields(t)
	at := slices.IndexFunc(list, func(f field) bool { return f.name == name })
	require.GreaterOrEqual(t, at, 0)
	return list[at]
}

func TestPage_ListsTheGroundsOfEachLaw(t *testing.T) {
	t.Parallel()
	for _, row := range table(t, page(t), "application type") {
		for i, day := range []string{"2026-11-23", "2024-01-02"} {
			listed := quoted(row[1+i])
			for ground := range grounds {
				told := example(t).set("type", quoted(row[0])[0]).set("ground", ground).set("filed_on", day).set("person.birth", "2000-11-02").refused(t, "ground")
				require.Equal(t, slices.Contains(listed, ground), told == "", "%s %s on %s: %s", row[0], ground, day, told)
			}
		}
	}
}

// grounds are all there are under either law.
var grounds = map[string]bool{
	"first-card": true, "from-cmnd": true, "from-cccd": true, "age": true, "details": true, "appearance": true, "print-error": true,
	"biometrics": true, "sex": true, "origin": true, "boundaries": true, "number-changed": true, "request": true, "lost": true, "damaged": true, "nationality": true,
	"first-certificate": true, "expired": true,
}

func TestPage_SaysHowLongTextsMayBe(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, f := range fields(t) {
		limit := f.limit()
		if limit == 0 {
			continue
		}
		tried++
		for _, n := range []int{limit, limit + 1} {
			b, err := json.Marshal(example(t).set(f.name, strings.Repeat("A", n)))
			require.NoError(t, err)
			s, err := packet.ParseSubmission(b)
			require.NoError(t, err)
			_, err = s.Application(filed)
			refused := slices.ContainsFunc(identity.Refusals(err), func(r *identity.Refusal) bool {
				return r.Field == f.name && !strings.Contains(r.Detail, "is given, but")
			})
			require.Equal(t, n > limit, refused, "%s with %d letters: %v", f.name, n, err)
		}
	}
	require.Greater(t, tried, 12)
}

func TestPage_SaysHowLargeImagesMayBe(t *testing.T) {
	t.Parallel()
	text := page(t)
	c, err := config.Load("")
	require.NoError(t, err)
	good, fingers := portrait.DefaultLimits(), fingerprint.DefaultQualityLimits()
	for _, want := range []string{
		fmt.Sprintf("A packet\nis at most %d bytes", c.Intake.PacketBytes),
		fmt.Sprintf("JSON file of at most\n%d bytes", c.Intake.DocumentBytes),
		fmt.Sprintf("%d x %d to %d x %d pixels upright, at most %d bytes", portrait.MinWidth, portrait.MinHeight, portrait.MaxSide, portrait.MaxSide, c.Intake.PortraitBytes),
		fmt.Sprintf("%d to %d pixels a side, at most %d bytes", ridges.MinSide, ridges.MaxSide, c.Intake.FingerBytes),
		fmt.Sprintf("at most %d minutiae", minutiae.MaxCount),
		fmt.Sprintf("at least %d x %d pixels", good.MinWidth, good.MinHeight),
		fmt.Sprintf("at least %d and %d minutiae", fingers.MinQuality, fingers.MinMinutiae),
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, packet.Sizes{Document: c.Intake.DocumentBytes, Portrait: c.Intake.PortraitBytes, Finger: c.Intake.FingerBytes, Packet: c.Intake.PacketBytes}, sizes)
}

// script runs the first shell script of a section in the folder of its sample, with
// the station's key beside it.
func script(t *testing.T, section string, key ed25519.PrivateKey) (folder string) {
	t.Helper()
	shell, missing := exec.LookPath("bash")
	_, err := exec.LookPath("openssl")
	if err = errors.Join(err, missing); err != nil && os.Getenv("CI") == "" {
		t.Skip("bash and openssl are needed")
	}
	require.NoError(t, err)
	_, rest, found := strings.Cut(page(t), "\n## "+section+"\n")
	require.True(t, found)
	_, rest, _ = strings.Cut(rest, "\n```sh\n")
	text, _, _ := strings.Cut(rest, "\n```\n")
	folder = t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS("../../samples/02-exchange-at-25")))
	for name, key := range map[string]ed25519.PrivateKey{"048-TN-01.pem": key, "CB-048-0007.pem": cast.Known().Of("CB-048-0007")} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	}
	cmd := exec.CommandContext(t.Context(), shell, "-euc", text)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return folder
}

// gateway serves the door of an office in a schema of its own, where the example's
// station is registered.
type gateway struct {
	*httptest.Server
	door *intake.Door
	url  string // of its schema
}

// roomy has room for the packets of a test.
var roomy = api.Capacity{Bytes: 64 << 20, Guests: 10, Quick: 2, Heavy: 1}

func serve(t *testing.T, public ed25519.PublicKey, capacity api.Capacity) gateway {
	t.Helper()
	door := newDoor(t, filed)
	url := registrytest.NewSchema(t, registrytest.URL(t))
	door.Registry = registrytest.OpenIn(t, url)
	door.Start = func(context.Context, identity.ApplicationNumber) error { return nil }
	for _, id := range []identity.StationID{"048-TN-01", "048-TN-02"} {
		registrytest.RegisterStation(t, door.Registry, id, public)
	}
	mux := http.NewServeMux()
	(&api.Server{
		Door: door, Ready: func(context.Context) error { return nil },
		MaxPacket: door.Sizes.Packet, Capacity: capacity, Logger: slog.New(slog.DiscardHandler),
	}).Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return gateway{server, door, url}
}

// send sends a request and gives the status and the body of the answer.
func (g gateway) send(t *testing.T, method, contentType string, body []byte) (status int, answer map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, g.URL+"/v1/packets", bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", contentType)
	w, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer w.Body.Close()
	require.NoError(t, json.NewDecoder(w.Body).Decode(&answer))
	return w.StatusCode, answer
}

// members lists the members of an object.
func members(object map[string]any) []string { return slices.Sorted(maps.Keys(object)) }

func TestPage_TheExampleIsReceived(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	g := serve(t, public, roomy)
	signed, err := os.ReadFile(filepath.Join(script(t, "A worked example", key), "packet.jws"))
	require.NoError(t, err)

	status, first := g.send(t, http.MethodPost, "application/jose", signed)
	require.Equal(t, http.StatusCreated, status, "%v", first)
	status, again := g.send(t, http.MethodPost, "application/jose", signed)
	require.Equal(t, http.StatusOK, status)

	var shown map[string]any
	_, rest, _ := strings.Cut(page(t), "```json\n")
	text, _, _ := strings.Cut(rest, "\n```")
	require.NoError(t, json.Unmarshal([]byte(text), &shown))
	require.Equal(t, members(shown), members(first))
	require.Equal(t, shown["due"], first["due"])
	require.Equal(t, shown["fee_vnd"], first["fee_vnd"])
	first["existing"] = true
	require.Equal(t, first, again)
}

// A text that readers of chips lose is accepted with a warning, each time it is sent.
func TestPage_AReceiptWarnsOfWhatReadersOfChipsLose(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	g := serve(t, public, roomy)
	s := sample(t)
	s.Person.Residence.Text = strings.Repeat("Ngõ 1, ", 12) + s.Person.Residence.Text
	signed, err := packet.Sign(s, key, cast.Known().State)
	require.NoError(t, err)

	for _, want := range []int{http.StatusCreated, http.StatusOK} {
		status, receipt := g.send(t, http.MethodPost, "application/jose", signed)

		require.Equal(t, want, status, "%v", receipt)
		require.Equal(t, []any{map[string]any{
			"field": "person.residence.text", "detail": "is accepted, but too long for many readers of chips, which will not show it",
		}}, receipt["warnings"])
	}
}

// Each status of the page's table is produced, and there are no others.
func TestPage_ListsTheAnswers(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	g := serve(t, public, roomy)
	sign := func(change func(*packet.Submission)) []byte {
		s := sample(t)
		if change != nil {
			change(&s)
		}
		signed, err := packet.Sign(s, key, cast.Known().State)
		require.NoError(t, err)
		return signed
	}
	const jose = "application/jose"
	seen := make(map[int]bool)
	expect := func(want int, method, contentType string, body []byte) {
		t.Helper()
		status, answer := g.send(t, method, contentType, body)
		require.Equal(t, want, status, "%v", answer)
		seen[status] = true
		if status >= http.StatusBadRequest {
			require.Subset(t, []string{"errors", "status", "title", "type"}, members(answer))
			require.InDelta(t, want, answer["status"], 0)
		}
	}

	expect(http.StatusCreated, http.MethodPost, jose, sign(nil))
	expect(http.StatusOK, http.MethodPost, jose, sign(func(s *packet.Submission) { s.Person.Name = norm.NFD.String(s.Person.Name) }))
	expect(http.StatusForbidden, http.MethodPost, jose, sign(func(s *packet.Submission) { s.Station = "048-TN-77" }))
	expect(http.StatusMethodNotAllowed, http.MethodPut, jose, sign(nil))
	expect(http.StatusConflict, http.MethodPost, jose, sign(func(s *packet.Submission) { s.Urgent = true }))
	expect(http.StatusConflict, http.MethodPost, jose, sign(func(s *packet.Submission) { s.EnrollmentID = "048-2026-7002" }))
	expect(http.StatusRequestEntityTooLarge, http.MethodPost, jose, make([]byte, sizes.Packet+1))
	expect(http.StatusUnsupportedMediaType, http.MethodPost, "application/json", sign(nil))
	expect(http.StatusUnprocessableEntity, http.MethodPost, jose, sign(func(s *packet.Submission) { s.Person.Sex = "X" }))
	expect(http.StatusUnprocessableEntity, http.MethodPost, jose, sign(nil)[:2000])
	seen[unfinished(t, g, true)] = true
	seen[unfinished(t, g, false)] = true
	status, _ := serve(t, public, api.Capacity{Quick: 1}).send(t, http.MethodPost, jose, sign(nil)) // no room at all
	seen[status] = true
	revoke := identity.RevokeStation{Officer: cast.Founders[0], Reason: "its key is lost"}
	require.NoError(t, g.door.Registry.RevokeStation(t.Context(), "048-TN-02", revoke, registrytest.Signed(revoke, statement.Station("048-TN-02"))))
	expect(http.StatusForbidden, http.MethodPost, jose, sign(func(s *packet.Submission) { s.Station = "048-TN-02" }))
	g.door.Registry.Close()
	expect(http.StatusServiceUnavailable, http.MethodPost, jose, sign(nil))

	listed := make(map[int]bool)
	for _, row := range table(t, page(t), "status") {
		status, err := strconv.Atoi(row[0])
		require.NoError(t, err)
		listed[status] = true
	}
	require.Equal(t, listed, seen)
}

// unfinished sends half a body and breaks off or is silent, and gives the status of the
// answer.
func unfinished(t *testing.T, g gateway, breakOff bool) int {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", g.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /v1/packets HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: 500\r\n\r\nhalf")
	require.NoError(t, err)
	if breakOff {
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	}
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	status, err := strconv.Atoi(strings.Fields(string(answer))[1])
	require.NoError(t, err)
	return status
}
