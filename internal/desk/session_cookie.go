package desk

import "strings"

// SessionCookie names the cookie in which the officers' pages keep the token of a session.
// Where there is TLS, its name keeps other hosts of the domain from setting it (RFC 6265bis,
// section 4.1.3.2).
func (d *Desk) SessionCookie() string {
	if strings.HasPrefix(string(d.Passkeys), "https://") {
		return "__Host-officer"
	}
	return "officer"
}
