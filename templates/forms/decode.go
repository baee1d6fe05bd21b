package forms

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// decode reads the form's YAML and refuses keys that are not settings of a form. Faults
// name file and line.
func (f *Form) decode() error {
	var document yaml.Node
	if err := yaml.Unmarshal(f.data, &document); err != nil {
		return f.faultsOf(err)
	}
	if faults := numbers(&document); faults != nil {
		return f.faultsOf(&yaml.TypeError{Errors: faults})
	}
	decoder := yaml.NewDecoder(bytes.NewReader(f.data))
	decoder.KnownFields(true)
	if err := decoder.Decode(f); err != nil {
		return f.faultsOf(err)
	}
	return nil
}

// largest bounds every number of a form: nothing on a card is a meter wide.
const largest = 1000

// numbers finds numbers that are not finite, or too large to make sense.
func numbers(n *yaml.Node) (faults []string) {
	if n.Kind == yaml.ScalarNode && (n.ShortTag() == "!!float" || n.ShortTag() == "!!int") {
		v, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || math.IsNaN(v) || math.Abs(v) > largest {
			faults = append(faults, fmt.Sprintf("line %d: %s is not a number that a form can hold; -%d to %d are accepted", n.Line, n.Value, largest, largest))
		}
	}
	for _, part := range n.Content {
		faults = append(faults, numbers(part)...)
	}
	return faults
}

// yamlLine matches how yaml.v3 begins a fault.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// faultsOf brings YAML's faults into the shape of all others.
func (f *Form) faultsOf(err error) error {
	list := []string{err.Error()}
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		list = typed.Errors
	}
	faults := make([]error, 0, len(list))
	for _, fault := range list {
		line := 1
		if found := yamlLine.FindStringSubmatch(fault); found != nil {
			if n, err := strconv.Atoi(found[1]); err == nil {
				line = n
			}
			fault = fault[len(found[0]):]
		}
		faults = append(faults, fmt.Errorf("form %s:%d: %s", f.file, line, strings.TrimPrefix(fault, "yaml: ")))
	}
	return errors.Join(faults...)
}

// UnmarshalYAML keeps the line for faults.
func (i *Issued) UnmarshalYAML(n *yaml.Node) error {
	type plain Issued
	i.line = n.Line
	return strict(n, (*plain)(i))
}

// UnmarshalYAML keeps the line for faults.
func (v *QRValue) UnmarshalYAML(n *yaml.Node) error {
	type plain QRValue
	v.line = n.Line
	return strict(n, (*plain)(v))
}

// UnmarshalYAML keeps the line for faults.
func (z *Zone) UnmarshalYAML(n *yaml.Node) error {
	type plain Zone
	z.Line = n.Line
	return strict(n, (*plain)(z))
}

// UnmarshalYAML keeps the line for faults.
func (g *Grid) UnmarshalYAML(n *yaml.Node) error {
	type plain Grid
	g.line = n.Line
	return strict(n, (*plain)(g))
}

// UnmarshalYAML keeps the line for faults.
func (m *Mark) UnmarshalYAML(n *yaml.Node) error {
	type plain Mark
	m.Line = n.Line
	return strict(n, (*plain)(m))
}

// UnmarshalYAML keeps the line for faults.
func (m *Motif) UnmarshalYAML(n *yaml.Node) error {
	type plain Motif
	m.Line = n.Line
	return strict(n, (*plain)(m))
}

// UnmarshalYAML keeps the line for faults.
func (t *Text) UnmarshalYAML(n *yaml.Node) error {
	type plain Text
	t.Line = n.Line
	return strict(n, (*plain)(t))
}

// UnmarshalYAML keeps the line for faults.
func (m *Micro) UnmarshalYAML(n *yaml.Node) error {
	type plain Micro
	m.Line = n.Line
	return strict(n, (*plain)(m))
}

// UnmarshalYAML keeps the line for faults.
func (f *Field) UnmarshalYAML(n *yaml.Node) error {
	type plain Field
	f.Line = n.Line
	return strict(n, (*plain)(f))
}

// UnmarshalYAML keeps the line for faults.
func (s *Sample) UnmarshalYAML(n *yaml.Node) error {
	type plain Sample
	s.Line = n.Line
	return strict(n, (*plain)(s))
}

// strict decodes a mapping and refuses unknown keys: yaml.v3 forgets KnownFields inside
// a custom unmarshaler. Known are the keys with which into itself is written.
func strict(n *yaml.Node, into any) error {
	var known yaml.Node
	if err := known.Encode(into); err != nil {
		return err
	}
	places := make(map[string]bool)
	for i := 0; i+1 < len(known.Content); i += 2 {
		places[known.Content[i].Value] = true
	}
	var faults []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !places[n.Content[i].Value] {
			faults = append(faults, fmt.Sprintf("line %d: there is no setting %q", n.Content[i].Line, n.Content[i].Value))
		}
	}
	if faults != nil {
		return &yaml.TypeError{Errors: faults}
	}
	return n.Decode(into)
}
