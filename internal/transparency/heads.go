package transparency

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// A leaf commits to the heads of a batch of chains. It is text, in lines that end with
// \n: the format, where the next reading of the registry begins, and a line for each
// head with the application, the number of its newest entry, and that entry's hash:
//
//	cancuoc audit heads 1
//	next 48213377
//	7QF3M-9T2XK-D 12 zD7mXIDOwUbQ9mRVqd5Uy7Xl1r8bOZc0EJvWlQzq0Zk=
//
// The signature of an act, and a founder, is a chain of one entry, with a name of its own.
type leaf struct {
	next  int64 // the registry's transaction number from which on heads were not read yet
	heads []registry.AuditHead
}

const (
	leafFormat = "cancuoc audit heads 1"
	leafBytes  = 32 << 10 // of heads, about 500; a log accepts leaves below 65,535 bytes
)

// marshal writes a leaf.
func (l leaf) marshal() []byte {
	b := fmt.Appendf(nil, "%s\nnext %d\n", leafFormat, l.next)
	for _, h := range l.heads {
		b = appendHead(b, h)
	}
	return b
}

func appendHead(b []byte, h registry.AuditHead) []byte {
	return fmt.Appendf(b, "%s %d %s\n", h.Application, h.Seq, base64.StdEncoding.EncodeToString(h.Hash))
}

// parseLeaf reads what marshal wrote, and nothing else.
func parseLeaf(b []byte) (leaf, error) {
	var l leaf
	text, whole := strings.CutSuffix(string(b), "\n")
	lines := strings.Split(text, "\n")
	if !whole || len(lines) < 2 || lines[0] != leafFormat {
		return l, errors.New("it is not in the format of " + leafFormat)
	}
	next, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "next "), 10, 64)
	if err != nil {
		return l, fmt.Errorf("line 2: %w", err)
	}
	l.next = next
	for i, line := range lines[2:] {
		fields := strings.Split(line, " ")
		if len(fields) != 3 {
			return l, fmt.Errorf("line %d does not have three fields", i+3)
		}
		seq, err := strconv.Atoi(fields[1])
		if err != nil {
			return l, fmt.Errorf("line %d: %w", i+3, err)
		}
		hash, err := base64.StdEncoding.DecodeString(fields[2])
		if err != nil {
			return l, fmt.Errorf("line %d: %w", i+3, err)
		}
		l.heads = append(l.heads, registry.AuditHead{Application: identity.ApplicationNumber(fields[0]), Seq: seq, Hash: hash})
	}
	if !bytes.Equal(l.marshal(), b) {
		return l, errors.New("it is not written as it has to be")
	}
	return l, nil
}
