package packet

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
)

// ParseSubmission reads a submission strictly: it refuses an unknown or repeated
// member, a value of the wrong type, and anything after the object. The refusal
// names the member.
func ParseSubmission(b []byte) (Submission, error) {
	if bytes.HasPrefix(b, byteOrderMark) {
		return Submission{}, identity.Refuse(identity.Invalid, "the document begins with a byte order mark, which JSON does not allow (RFC 8259, 8.1)")
	}
	if len(b) == 0 {
		return Submission{}, identity.Refuse(identity.Invalid, "the document is empty; an application in JSON is accepted")
	}
	var s Submission
	if err := json.Unmarshal(b, &s, json.RejectUnknownMembers(true)); err != nil {
		return Submission{}, refuseJSON(b, err)
	}
	return s, nil
}

// byteOrderMark is what some editors put at the start of a file.
var byteOrderMark = []byte("\uFEFF")

// refuseJSON tells an officer what is wrong with document b, without its values.
func refuseJSON(b []byte, err error) error {
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		return refuseIn(fieldOf(e.JSONPointer), refuseValue(e))
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return refuseIn(fieldOf(e.JSONPointer), refuseSyntax(b, e))
	}
	return identity.Refuse(identity.Invalid, "the document is not valid JSON")
}

// refuseIn says a sentence of a field, or of the whole document.
func refuseIn(field, what string) error {
	if field == "" {
		return identity.Refuse(identity.Invalid, "the document %s", what)
	}
	return identity.RefuseField(identity.Invalid, field, "%s", what)
}

// refuseValue says what is wrong with a value that does not fit its place.
func refuseValue(e *json.SemanticError) string {
	switch {
	case errors.Is(e, json.ErrUnknownName):
		return "is not a field of an application"
	case e.GoType == nil || e.JSONKind == 0:
		return "is the wrong kind of value"
	case e.GoType == imageType && e.JSONKind == jsontext.KindString:
		return "is not base64 text (RFC 4648, 4)"
	case e.JSONKind == jsontext.KindNumber && e.GoType.Kind() == reflect.Int:
		return "is not a whole number, or is too large"
	}
	return fmt.Sprintf("is %s; %s is accepted", kindName(e.JSONKind), wanted(e.GoType))
}

// refuseSyntax says what is not JSON, and where.
func refuseSyntax(b []byte, e *jsontext.SyntacticError) string {
	at := min(e.ByteOffset, int64(len(b)))
	switch rest := b[at:]; {
	case errors.Is(e, jsontext.ErrDuplicateName):
		return fmt.Sprintf("is given twice (byte %d)", at)
	case e.JSONPointer != "" && len(rest) > 0 && rest[0] < ' ':
		return fmt.Sprintf("holds a control character (U+%04X, byte %d), which JSON does not allow in text", rest[0], at)
	case json.Unmarshal(b[:at], new(jsontext.Value)) == nil:
		return fmt.Sprintf("has more after its end (byte %d); one object is accepted", at)
	case e.JSONPointer != "" && len(rest) > 0 && startsBadly(rest):
		return fmt.Sprintf("is not valid UTF-8 (byte %d)", at)
	}
	return fmt.Sprintf("is not valid JSON (byte %d)", at)
}

// startsBadly reports whether b begins with bytes that are not UTF-8.
func startsBadly(b []byte) bool {
	r, size := utf8.DecodeRune(b)
	return r == utf8.RuneError && size == 1
}

// fieldOf turns a JSON pointer, for example /person/origin/text, into
// person.origin.text. A stranger may have chosen the names, so they are made safe to
// show.
func fieldOf(p jsontext.Pointer) string {
	var parts []string
	for token := range p.Tokens() {
		parts = append(parts, token)
	}
	return shown(strings.Join(parts, "."))
}

// imageType is the Go type of images and templates.
var imageType = reflect.TypeFor[[]byte]()

// kinds name what the kinds of Go type that a Submission is made of take; all others
// take text.
var kinds = map[reflect.Kind]string{
	reflect.Struct: "an object", reflect.Pointer: "an object", reflect.Slice: "an array",
	reflect.Bool: "true or false", reflect.Int: "a whole number",
}

// wanted names the kind of JSON value that a Go type takes.
func wanted(t reflect.Type) string {
	if t == imageType {
		return "base64 text"
	}
	if name, ok := kinds[t.Kind()]; ok {
		return name
	}
	return "text"
}

// kindName names the kind of a JSON value.
func kindName(k jsontext.Kind) string {
	switch k {
	case jsontext.KindBeginObject, jsontext.KindEndObject:
		return "an object"
	case jsontext.KindBeginArray, jsontext.KindEndArray:
		return "an array"
	case jsontext.KindString:
		return "text"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "true or false"
	case jsontext.KindNull, jsontext.KindInvalid:
	}
	return "null"
}
