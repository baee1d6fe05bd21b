package engine

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	commonpb "go.temporal.io/api/common/v1"

	"example.org/cancuoc/internal/identity"
)

// sight is how much of the payloads an officer sees.
type sight int

const (
	noSight       sight = iota // ciphertext
	redactedSight              // all but what people wrote, and what was found about persons
	fullSight
)

// sightOf says what an officer sees. Histories are not divided by provinces, so they are
// for officers of the center: those who audit or decide on what stands there see all,
// those who run the stations see where the work is and what failed.
func sightOf(o identity.Officer) sight {
	has := func(r identity.Role) bool { return slices.Contains(o.Roles, r) }
	switch {
	case o.Unit != identity.UnitCenter:
		return noSight
	case has(identity.Auditor), has(identity.Adjudicating), has(identity.Approving):
		return fullSight
	case has(identity.Production):
		return redactedSight
	}
	return noSight
}

// hidden are the fields that redaction empties, whatever they hold.
var hidden = map[string]bool{
	"reason": true, "oldcardreason": true, "proof": true, "paper": true, "place": true, "named": true, "surplus": true, // people's words
	"found": true, "hits": true, "verdict": true, "sameperson": true, "contradictions": true, "person": true, "notthese": true, // about persons
}

// spoken are the fields with sentences of the engine's own. Other texts that are more
// than a word are taken for a person's.
var spoken = map[string]bool{
	"why": true, "note": true, "message": true, "stack_trace": true, "source": true, "currentdetails": true, "description": true, "": true, // "": a whole payload, such as a summary
}

// held is where the engine's sentences quote a person: why an application is held.
var held = regexp.MustCompile(`(?m)(Held: ).*`)

const (
	blackened           = "[redacted]"
	metadataMessageType = "messageType"
)

// redacted is a payload as those see it who may not see what people wrote. What cannot be
// read as JSON is not shown.
func redacted(p *commonpb.Payload) *commonpb.Payload {
	encoding := string(p.GetMetadata()[metadataEncoding])
	if encoding == "binary/null" {
		return p
	}
	metadata := map[string][]byte{metadataEncoding: []byte("json/plain")}
	var v any
	switch isJSON := readJSON(p.GetData(), &v); {
	case isJSON && encoding == "json/protobuf": // a message of Temporal's own: a workflow's metadata, with its details
		metadata = map[string][]byte{metadataEncoding: []byte(encoding), metadataMessageType: p.GetMetadata()[metadataMessageType]}
	case !isJSON || encoding != "json/plain":
		v = blackened
	}
	b, err := json.Marshal(blacken("", v))
	if err != nil {
		b = []byte(`"` + blackened + `"`)
	}
	return &commonpb.Payload{Metadata: metadata, Data: b}
}

// readJSON reads one value with its numbers as they are written.
func readJSON(b []byte, v *any) bool {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v) == nil && !d.More()
}

// blacken goes through the value of a field.
func blacken(field string, v any) any {
	field = strings.ToLower(field)
	if hidden[field] {
		return blackened
	}
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			v[name] = blacken(name, inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = blacken(field, inner)
		}
	case string:
		return blackenText(field, v)
	}
	return v
}

func blackenText(field, text string) string {
	switch {
	case field == "statement": // what was signed, in base64, quotes the act
		return blackenStatement(text)
	case spoken[field]:
		return held.ReplaceAllString(text, "${1}"+blackened)
	case strings.ContainsAny(strings.TrimSpace(text), " \t\n"):
		return blackened
	}
	return text
}

// blackenStatement leaves of a signed statement what its act and subject are.
func blackenStatement(text string) string {
	var v any
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !readJSON(b, &v) {
		return blackened
	}
	if b, err = json.Marshal(blacken("", v)); err != nil {
		return blackened
	}
	return base64.StdEncoding.EncodeToString(b)
}

// numbers are those of applications and consignments, as they stand in payloads.
var numbers = regexp.MustCompile(`\b([0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]|C-[0-9]{6,12})\b`)

// maxNamed is how many numbers of a payload are recorded; a list of many is recorded by
// its first.
const maxNamed = 100

// statements are what officers signed, as they stand in payloads: in base64.
var statements = regexp.MustCompile(`(?i)"statement"\s*:\s*"([A-Za-z0-9+/=]+)"`)

// named gives the applications and consignments that stand in a payload, or in what officers
// signed there, which is all that says of what application an act is.
func named(p *commonpb.Payload) []string {
	text := p.GetData()
	for _, statement := range statements.FindAllSubmatch(p.GetData(), maxNamed) {
		said, _ := base64.StdEncoding.AppendDecode([]byte("\n"), statement[1]) // what cannot be read names nothing
		text = append(slices.Clip(text), said...)
	}
	found := numbers.FindAllString(string(text), maxNamed)
	return slices.DeleteFunc(found, func(number string) bool {
		_, err := identity.ParseApplicationNumber(number)
		return err != nil && !strings.HasPrefix(number, "C-")
	})
}
