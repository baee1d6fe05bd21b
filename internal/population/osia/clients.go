package osia

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
)

// The scopes of the operations that Server has, as the interface names them.
const (
	scopeReadPersons    = "pr.person.read"
	scopeReadIdentities = "pr.identity.read"
	scopeReadReferences = "pr.reference.read"
	scopeWrite          = "pr.identity.write"
	scopeRegister       = "uin.generate"
)

var scopes = []string{scopeReadPersons, scopeReadIdentities, scopeReadReferences, scopeWrite, scopeRegister}

// Clients are the systems that the built-in register answers, by the SHA-256 of the token
// that each shows.
type Clients map[[sha256.Size]byte]client

type client struct {
	name   string
	scopes []string
}

// ReadClients reads a file that names one client a line: its name, the SHA-256 of its token
// in hexadecimal, and its scopes. Lines that begin with # say nothing.
func ReadClients(file string) (Clients, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	clients := make(Clients)
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) < 3 {
			return nil, fmt.Errorf("line %d of the population register's clients: a name, the SHA-256 of a token and scopes are needed", n)
		}
		digest, err := hex.DecodeString(words[1])
		if err != nil || len(digest) != sha256.Size {
			return nil, fmt.Errorf("line %d of the population register's clients: the second word is no SHA-256 in hexadecimal", n)
		}
		for _, scope := range words[2:] {
			if !slices.Contains(scopes, scope) {
				return nil, fmt.Errorf("line %d of the population register's clients: a scope must be one of %s", n, strings.Join(scopes, ", "))
			}
		}
		key := [sha256.Size]byte(digest)
		if _, twice := clients[key]; twice {
			return nil, fmt.Errorf("line %d of the population register's clients: another client has that token", n)
		}
		clients[key] = client{words[0], words[2:]}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the population register's clients: %w", err)
	}
	return clients, nil
}
