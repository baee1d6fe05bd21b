package packet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
)

// ParseSubmission reads a submission strictly: it refuses an unknown or repeated
// member, a value of the wrong type, and anything after the object. The refusal names
// each of them. Where it is PartlyRead, the submission holds the rest.
func ParseSubmission(b []byte) (Submission, error) {
	if bytes.HasPrefix(b, byteOrderMark) {
		return Submission{}, identity.Refuse(identity.Invalid, "the document begins with a byte order mark, which JSON does not allow (RFC 8259, 8.1)")
	}
	if len(b) == 0 {
		return Submission{}, identity.Refuse(identity.Invalid, "the document is empty; an application in JSON is accepted")
	}
	var s Submission
	r := reader{decoder: jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true))}
	object := r.decoder.PeekKind() == jsontext.KindBeginObject
	err := r.value("", reflect.ValueOf(&s).Elem())
	if err == nil {
		err = r.end()
	}
	if err != nil && !r.refusedAbove(err) {
		r.refuse("", refuseJSON(b, err))
	}
	switch wrong := errors.Join(r.wrong...); {
	case wrong == nil:
		return s, nil
	case err == nil && object:
		return s, PartlyRead{wrong}
	default:
		return Submission{}, wrong
	}
}

// PartlyRead is the error of a document of which all that fits was read.
type PartlyRead struct{ wrong error }

// Error lists what does not fit.
func (e PartlyRead) Error() string { return e.wrong.Error() }

// Unwrap gives what does not fit.
func (e PartlyRead) Unwrap() error { return e.wrong }

// reader reads a document into Go values, and goes on after what does not fit.
type reader struct {
	decoder *jsontext.Decoder
	wrong   []error
}

// end refuses what follows the document.
func (r *reader) end() error {
	_, err := r.decoder.ReadToken()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		err = &jsontext.SyntacticError{ByteOffset: r.decoder.InputOffset() - 1}
	}
	return err
}

// maxWrong is how many refusals of one document are told.
const maxWrong = 50

func (r *reader) refuse(field string, refusal error) {
	if len(r.wrong) < maxWrong {
		r.wrong = append(r.wrong, identity.InField(field, refusal))
	}
}

// refusedAbove reports whether what is not JSON is within a member that was refused.
func (r *reader) refusedAbove(err error) bool {
	told := make(map[string]bool)
	for _, refusal := range identity.Refusals(errors.Join(r.wrong...)) {
		told[refusal.Field] = true
	}
	e, ok := errors.AsType[*jsontext.SyntacticError](err)
	return ok && (told[""] || within(told, fieldOf(e.JSONPointer.Parent())))
}

// value reads the next value. Its error is of what is not JSON.
func (r *reader) value(field string, into reflect.Value) error {
	kind, fits := r.decoder.PeekKind(), composed(into.Type())
	simple := kind == jsontext.KindString || kind == jsontext.KindNumber || kind == jsontext.KindTrue || kind == jsontext.KindFalse
	switch {
	case kind == jsontext.KindInvalid, simple && fits == jsontext.KindInvalid: // read whole, or told below why it is none
	case kind != fits:
		r.refuse("", refuseIn(shown(field), fmt.Sprintf("is %s; %s is accepted", kindName(kind), wanted(into.Type()))))
		return r.decoder.SkipValue()
	case kind == jsontext.KindBeginArray:
		return r.list(field, into)
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return r.object(field, into.Elem())
	default:
		return r.object(field, into)
	}
	value, err := r.decoder.ReadValue()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(value, into.Addr().Interface()); err != nil {
		r.refuse("", refuseIn(shown(field), refuseValue(err)))
		into.SetZero()
	}
	return nil
}

// composed gives the kind of JSON value that a Go type is read from member by member;
// none for text, numbers and images.
func composed(t reflect.Type) jsontext.Kind {
	switch {
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Pointer:
		return jsontext.KindBeginObject
	case t.Kind() == reflect.Slice && t != imageType:
		return jsontext.KindBeginArray
	}
	return jsontext.KindInvalid
}

// object reads an object's members.
func (r *reader) object(field string, into reflect.Value) error {
	if _, err := r.decoder.ReadToken(); err != nil {
		return err
	}
	members := membersOf(into)
	given := make(map[string]bool, len(members))
	for r.decoder.PeekKind() != jsontext.KindEndObject {
		token, err := r.decoder.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		inside := strings.TrimPrefix(field+"."+name, ".")
		member, known := members[name]
		switch {
		case known && !given[name]:
			given[name] = true
			err = r.value(inside, member)
		case known:
			r.refuse(shown(inside), identity.Refuse(identity.Invalid, "is given twice (byte %d)", r.decoder.InputOffset()-int64(len(name)+len(`""`))))
			err = r.decoder.SkipValue()
		default:
			r.refuse(shown(inside), identity.Refuse(identity.Invalid, "is not a field of an application"))
			err = r.decoder.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := r.decoder.ReadToken()
	return err
}

// list reads an array of fingerprints, and no more than people have fingers.
func (r *reader) list(field string, into reflect.Value) error {
	if _, err := r.decoder.ReadToken(); err != nil {
		return err
	}
	for i := 0; r.decoder.PeekKind() != jsontext.KindEndArray; i++ {
		if i == MaxFingers {
			r.refuse("", refuseCount())
		}
		if i >= MaxFingers {
			if err := r.decoder.SkipValue(); err != nil {
				return err
			}
			continue
		}
		element := reflect.New(into.Type().Elem()).Elem()
		if err := r.value(fmt.Sprintf("%s.%d", field, i), element); err != nil {
			return err
		}
		into.Set(reflect.Append(into, element))
	}
	_, err := r.decoder.ReadToken()
	return err
}

// membersOf gives the fields of a struct by their names in JSON.
func membersOf(object reflect.Value) map[string]reflect.Value {
	members := make(map[string]reflect.Value, object.NumField())
	for i := range object.NumField() {
		name, _, _ := strings.Cut(object.Type().Field(i).Tag.Get("json"), ",")
		members[name] = object.Field(i)
	}
	return members
}

// byteOrderMark is what some editors put at the start of a file.
var byteOrderMark = []byte("\uFEFF")

// refuseJSON tells an officer what is wrong with document b, without its values.
func refuseJSON(b []byte, err error) error {
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
func refuseValue(err error) string {
	e, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case !ok || e.GoType == nil || e.JSONKind == 0:
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
