package intake_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// malformed is a packet that must be refused, and a field that the refusal names; any,
// where it is empty.
type malformed struct {
	name   string
	packet []byte
	field  string
}

const header = `{"alg":"EdDSA","cty":"application/vnd.cancuoc.application+json","kid":"048-TN-01"}`

// signRaw signs a payload whatever it is, under that header.
func signRaw(key ed25519.PrivateKey, head string, payload []byte) []byte {
	if head == header { // its officer signs too
		head = enrolledBy(statement.Station("048-TN-01"), payload)
	}
	return signHeader(key, head, payload)
}

// enrolledBy is the header with what the officer whom a payload names says of it, or that of
// the example.
func enrolledBy(subject string, payload []byte) string {
	by, sum := identity.OfficerID("CB-048-0007"), sha256.Sum256(payload)
	var named struct {
		Officer identity.OfficerID `json:"officer"`
	}
	if _ = json.Unmarshal(payload, &named); named.Officer.Check() == nil {
		by = named.Officer
	}
	signed := registrytest.Signed(identity.Enroll{Officer: by, Payload: sum[:]}, subject)
	return withStatement(signed)
}

// withStatement is the header with a statement.
func withStatement(signed statement.Signed) string {
	member, _ := json.Marshal(map[string][]byte{"statement": signed.Statement, "key": signed.Signatures[0].Key, "signature": signed.Signatures[0].Value})
	return strings.TrimSuffix(header, "}") + `,"enrolled":` + string(member) + "}"
}

// signHeader makes a packet, whatever its header and payload.
func signHeader(key ed25519.PrivateKey, header string, payload []byte) []byte {
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	return []byte(signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(signed))))
}

// withField gives the example with a field set to raw JSON.
func withField(t *testing.T, name, raw string) []byte {
	t.Helper()
	const mark = "here is the value"
	b, err := json.Marshal(example(t).set(name, mark))
	require.NoError(t, err)
	return bytes.Replace(b, []byte(`"`+mark+`"`), []byte(raw), 1)
}

// badFields are the example with each field in turn as it must not be.
func badFields(t *testing.T, key ed25519.PrivateKey) []malformed {
	t.Helper()
	kinds := make(map[string]string)
	inJSON(reflect.TypeFor[packet.Submission](), "", kinds)
	wrong := map[string][]string{
		"text":          {`null`, `7`, `true`, `{}`, `["a"]`, `"a\u0000b"`, `"a\u202eb"`, `"\ud800"`, "\"a\xffb\"", `"北"`, `"` + strings.Repeat("a", 4000) + `"`},
		"whole number":  {`null`, `"1"`, `1.5`, `1e999`, `-1`, `99999999999999999999`, `{}`},
		"true or false": {`null`, `"true"`, `1`, `[]`},
		"object":        {`null`, `"a"`, `[]`, `7`},
		"list":          {`null`, `"a"`, `{}`, `[7]`, `[null]`, `[{}]`, `[[]]`},
		"base64":        {`null`, `7`, `"?"`, `"AA"`, `{}`, `"AAAA"`},
	}
	var all []malformed
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		for _, raw := range wrong[kinds[name]] {
			all = append(all, malformed{name + " " + raw[:min(len(raw), 20)], signRaw(key, header, withField(t, name, raw)), name})
		}
		object, member := name[:strings.LastIndex(name, ".")+1], name[strings.LastIndex(name, ".")+1:]
		all = append(all, malformed{"unknown beside " + name, signRaw(key, header, withField(t, object+"frob_"+member, `{"a":[1]}`)), object + "frob_" + member})
	}
	return all
}

// badDocuments are payloads that are no application at all.
func badDocuments(key ed25519.PrivateKey, good []byte) []malformed {
	var all []malformed
	for name, payload := range map[string]string{
		"nothing": "", "null": "null", "list": "[]", "text": `"a"`, "number": "1", "empty object": "{}", "open": "{", "half": string(good[:len(good)/2]),
		"marked": "\ufeff" + string(good), "twice": string(good) + string(good), "trailing": string(good) + "x", "zero byte": "\x00", "UTF-16": "{\x00}\x00",
		"deep objects": strings.Repeat(`{"person":`, 20000), "deep lists": strings.Repeat("[", 20000), "deep unknown": `{"x":` + strings.Repeat("[", 20000),
		"many unknown": "{" + strings.Repeat(`"a":1,`, 20000) + `"b":1}`, "many fingers": `{"fingerprints":[` + strings.Repeat("{},", 100_000) + "{}]}",
		"long name": `{"` + strings.Repeat("a", 1_000_000) + `":1}`, "comment": "/**/" + string(good), "XML": "<a/>", "spaces": strings.Repeat(" ", 100_000) + string(good),
		"all twice": strings.Replace(string(good), "{", `{"portrait":{"data":""},"station":"048-TN-01",`, 1),
	} {
		all = append(all, malformed{"document " + name, signRaw(key, header, []byte(payload)), ""})
	}
	return all
}

// badEnvelopes are packets of which header, signature or form is wrong.
func badEnvelopes(key ed25519.PrivateKey, good []byte) []malformed {
	var all []malformed
	signed := signRaw(key, header, good)
	parts := strings.Split(string(signed), ".")
	for i := range parts {
		for name, part := range map[string]string{
			"without": "", "half": parts[i][:len(parts[i])/2], "doubled": parts[i] + parts[i], "foreign": "????", "padded": parts[i] + "=", "dotted": parts[i] + ".", "spaced": " " + parts[i],
		} {
			changed := slices.Clone(parts)
			changed[i] = part
			all = append(all, malformed{fmt.Sprintf("part %d %s", i, name), []byte(strings.Join(changed, ".")), ""})
		}
		all = append(all, malformed{fmt.Sprintf("only %d parts", i), []byte(strings.Join(parts[:i], ".")), ""})
	}
	for _, h := range []string{
		`{}`, `null`, `[]`, `{"alg":"none","kid":"048-TN-01"}`, `{"alg":"HS256","kid":"048-TN-01"}`, `{"alg":"ES256","kid":"048-TN-01"}`, `{"alg":"EdDSA"}`, `{"alg":"EdDSA","kid":7}`,
		`{"alg":"EdDSA","kid":""}`, `{"alg":"EdDSA","kid":"../../etc"}`, `{"alg":"EdDSA","kid":"` + strings.Repeat("A", 5000) + `"}`, `{"alg":"EdDSA","kid":"048-TN-99"}`,
		`{"alg":"EdDSA","kid":"048-TN-01","crit":["b64"],"b64":false}`, `{"alg":"EdDSA","kid":"048-TN-01","crit":["exp"],"exp":1}`, `{"alg":"EdDSA","kid":"048-TN-02"}`,
		`{"alg":"EdDSA","alg":"none","kid":"048-TN-01"`, strings.Repeat(`{"a":`, 150), "\x00\xff",
	} {
		all = append(all, malformed{"header " + h[:min(len(h), 40)], signRaw(key, h, good), ""})
	}
	_, foreign, _ := ed25519.GenerateKey(rand.Reader)
	return append(all,
		malformed{"foreign key", signRaw(foreign, header, good), "signature"},
		malformed{"changed", bytes.Replace(signed, []byte("a"), []byte("b"), 1), ""},
		malformed{"as JSON", []byte(`{"payload":"` + parts[1] + `","signatures":[]}`), "signature"},
		malformed{"junk", bytes.Repeat([]byte("A"), 100_000), "signature"},
		malformed{"nothing", nil, "signature"},
		malformed{"zeros", make([]byte, 100_000), "signature"},
		malformed{"dots", bytes.Repeat([]byte("."), 100_000), "signature"},
	)
}

// badImages are the example with portraits and fingers that are none, or not accepted.
func badImages(t *testing.T, key ed25519.PrivateKey) []malformed {
	t.Helper()
	s := sample(t)
	picture, finger := s.Portrait.Data, s.Fingerprints[0].Data
	frame := bytes.Index(picture, []byte{0xff, 0xc0})
	patched := func(b []byte, at int, with ...byte) []byte {
		changed := bytes.Clone(b)
		copy(changed[at:], with)
		return changed
	}
	portraits := map[string][]byte{
		"a finger": finger, "progressive": patched(picture, frame+1, 0xc2), "arithmetic": patched(picture, frame+1, 0xc9), "lossless": patched(picture, frame+1, 0xc3),
		"12 bits": patched(picture, frame+4, 12), "four colors": patched(picture, frame+9, 4), "no lines": patched(picture, frame+5, 0, 0), "65535 lines": patched(picture, frame+5, 0xff, 0xff),
		"no colors": patched(picture, frame+9, 0), "long segment": patched(picture, frame+2, 0xff, 0xff), "zeros": make([]byte, 1000), "one byte": {0xff},
		"tiny": file(t, "tiny.jpg"), "odd sampling": file(t, "oddsample.jpg"), "no end": file(t, "no-end-marker.jpg"), "4096 a side": patched(picture, frame+5, 0x10, 0, 0x10, 0),
		"too large": append(bytes.Clone(picture), make([]byte, sizes.Portrait)...),
	}
	for i := 1; i < 20; i++ {
		portraits[fmt.Sprintf("cut at %d of 20", i)] = picture[:len(picture)*i/20]
	}
	fingers := map[string][]byte{
		"a portrait": picture, "1 x 1": patched(finger, 16, 0, 0, 0, 1, 0, 0, 0, 1), "huge": patched(finger, 16, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff),
		"wide": patched(finger, 16, binary.BigEndian.AppendUint32(nil, 1201)...), "no color type": patched(finger, 25, 99), "bad sum": patched(finger, 29, 1, 2, 3, 4),
		"too large": append(bytes.Clone(finger), make([]byte, sizes.Finger)...),
	}
	for i := 1; i < 20; i++ {
		fingers[fmt.Sprintf("cut at %d of 20", i)] = finger[:len(finger)*i/20]
	}
	var all []malformed
	add := func(name, field string, change func(s *packet.Submission)) {
		s := sample(t)
		change(&s)
		b, err := json.Marshal(s)
		require.NoError(t, err)
		all = append(all, malformed{name, signRaw(key, header, b), field})
	}
	for name, b := range portraits {
		add("portrait "+name, "portrait", func(s *packet.Submission) { s.Portrait.Data = b })
	}
	for name, b := range fingers {
		add("finger "+name, "fingerprints.0", func(s *packet.Submission) {
			s.Fingerprints[0].Data, s.Fingerprints[0].TemplateData = b, nil
		})
		add("template "+name, "fingerprints.1.template", func(s *packet.Submission) { s.Fingerprints[1].TemplateData = b })
	}
	add("finger twice", "fingerprints.1.position", func(s *packet.Submission) { s.Fingerprints[1].Position = s.Fingerprints[0].Position })
	add("eleven fingers", "fingerprints", func(s *packet.Submission) { s.Fingerprints = make([]packet.Fingerprint, 11) })
	return all
}

// TestDoor_RefusesEveryMalformedPacket: each is refused with a problem that names the
// field, none looks like a fault of the office, and nothing of any is stored.
func TestDoor_RefusesEveryMalformedPacket(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	g := serve(t, public, roomy)
	good, err := json.Marshal(example(t))
	require.NoError(t, err)
	corpus := slices.Concat(badFields(t, key), badDocuments(key, good), badEnvelopes(key, good), badImages(t, key))
	require.Greater(t, len(corpus), 500)

	for _, m := range corpus {
		status, answer := g.send(t, http.MethodPost, "application/jose", m.packet)

		require.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusForbidden}, status, "%s: %v", m.name, answer)
		require.NotEmpty(t, answer["errors"], m.name)
		named := make([]string, 0)
		for _, e := range answer["errors"].([]any) {
			field, _ := e.(map[string]any)["field"].(string)
			named = append(named, field)
			require.NotEmpty(t, e.(map[string]any)["detail"], m.name)
		}
		field := strings.Replace(m.field, "fingerprints.", "fingerprints.0.", 1)
		file := strings.TrimSuffix(field, "_data") // a template that cannot be read is named as its file is
		require.True(t, m.field == "" || slices.ContainsFunc(named, func(n string) bool { return about(n, field) || about(n, file) || about(n, m.field) }), "%s: only %v", m.name, named)
	}
	stored, err := g.door.Registry.List(t.Context(), registry.Filter{})
	require.NoError(t, err)
	require.Empty(t, stored)
	status, answer := g.send(t, http.MethodPost, "application/jose", signRaw(key, header, good))
	require.Equal(t, http.StatusCreated, status, "%v", answer)
}

// about reports whether a refusal of one field tells of the other: it is the same, or
// one is part of the other.
func about(named, field string) bool {
	return strings.HasPrefix(named+".", field+".") || named != "" && strings.HasPrefix(field+".", named+".")
}

// TestDoor_HoldsEveryLimitOfTheSettings, and names what it refuses and how much is
// accepted.
func TestDoor_HoldsEveryLimitOfTheSettings(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	good, err := json.Marshal(sample(t))
	require.NoError(t, err)
	signed := signRaw(key, header, good)
	for told, limit := range map[string]func(*packet.Sizes){
		"the document without its images has ": func(s *packet.Sizes) { s.Document = 500 },
		"portrait: is larger than the ":        func(s *packet.Sizes) { s.Portrait = 10_000 },
		"fingerprints.0: is larger than the ":  func(s *packet.Sizes) { s.Finger = 10_000 },
		"packet: is larger than the ":          func(s *packet.Sizes) { s.Packet = 100_000 },
	} {
		g := serve(t, public, roomy)
		_, err := g.door.Open(t.Context(), signed)
		require.NoError(t, err)
		limit(&g.door.Sizes)
		_, err = g.door.Receive(t.Context(), signed)
		require.ErrorContains(t, err, told)
	}
}

// TestDoor_TellsEverythingInOneRound, of whatever kind it is.
func TestDoor_TellsEverythingInOneRound(t *testing.T) {
	t.Parallel()
	p := example(t).set("frobnicate", 1).set("person.sex", nil).set("person.birth", "31/12/1990").set("person.origin.province", "003").
		set("channel", 7).set("filed_on", "2999-01-01").set("delivery_to", "北").set("fingerprints.position", "left-toe").set("portrait.data", "AAAA")
	b, err := json.Marshal(p)
	require.NoError(t, err)
	b = bytes.Replace(b, []byte("{"), []byte(`{"urgent":null,"officer":"CB-1",`), 1)
	s, err := packet.ParseSubmission(b)
	_, err = newDoor(t, filed).CheckRest(s, err)

	var named []string
	for _, r := range identity.Refusals(err) {
		named = append(named, r.Field)
	}
	require.ElementsMatch(t, []string{
		"frobnicate", "urgent", "officer", "channel", "person.sex", "person.birth", "person.origin.province", "filed_on", "delivery_to", "fingerprints.0.position", "portrait",
	}, named)
}
