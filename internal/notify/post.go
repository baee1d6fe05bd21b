package notify

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Limits of what a receiver may answer, of which nothing is kept.
const (
	maxAnswer = 64 << 10
	maxHeader = 16 << 10
)

// NewClient makes the client for one receiver: it follows no redirect, so that what is said of
// a citizen goes to that address and to no other, asks no proxy, and trusts the certificates
// in a file; "" are the system's.
func NewClient(caFile string, connections int, timeout time.Duration) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", caFile)
		}
	}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:     (&net.Dialer{Timeout: timeout}).DialContext,
			TLSClientConfig: config, TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout,
			MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: maxHeader, DisableCompression: true, ForceAttemptHTTP2: true,
		},
	}, nil
}

// post sends a message, and gives why it was not taken, "" if it was, and how the receiver is.
// What it answered is told by its status alone: its text may say anything.
func (l *line) post(ctx context.Context, m message) (why string, health outcome) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.to.URL, bytes.NewReader(m.body))
	if err != nil {
		return "its URL cannot be asked", unwell
	}
	now := l.Now()
	request.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	request.Header.Set("User-Agent", "cancuoc")
	request.Header.Set("Webhook-Id", m.id)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("Webhook-Signature", l.to.Keys.Sign(m.id, now, m.body))
	response, err := l.to.Client.Do(request)
	if err != nil {
		return unreached(err), unwell
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // so that the connection can be used again; its status counts
	_ = response.Body.Close()
	switch code := response.StatusCode; {
	case code/100 == 2:
		return "", well
	case code/100 == 3:
		return fmt.Sprintf("answered %d: redirects are not followed; give the address that it leads to", code), unwell
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code/100 == 5:
		return fmt.Sprintf("answered %d", code), unwell
	default: // it has something against this one
		return fmt.Sprintf("answered %d", code), well
	}
}

// unreached says why a receiver was not reached, without what may name a person or hold a
// password: of what it answered that is not HTTP, net/http's errors quote a part.
func unreached(err error) string {
	if failed, ok := errors.AsType[*url.Error](err); ok && failed.Timeout() {
		return "did not answer in time"
	}
	if broken, ok := errors.AsType[*net.OpError](err); ok {
		return "not reached: " + broken.Error()
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "not reached: " + untrusted.Error()
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "not reached: it does not speak TLS there"
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "not reached: it closed the connection"
	}
	return "not reached: its answer cannot be read as HTTP"
}

// Backoff is the pause before a try after so many that failed: from first on, twice as long
// each time, up to most, of which up to half is left to chance, so that not all come at once.
func Backoff(first, most time.Duration) func(times int) time.Duration {
	return func(times int) time.Duration {
		pause := first
		for range times - 1 {
			if pause *= 2; pause >= most {
				break
			}
		}
		pause = min(pause, most)
		return pause/2 + rand.N(pause/2+1) //nolint:gosec // chance, no secret
	}
}

// Keys sign messages as Standard Webhooks has it, each on its own: while one is replaced, a
// receiver believes either.
type Keys []key

type key struct {
	secret []byte             // of HMAC-SHA256
	sign   ed25519.PrivateKey // else
}

// The prefixes of keys, and the sizes of secrets.
const (
	prefixSecret = "whsec_"
	prefixSign   = "whsk_"
	minSecret    = 24
	maxSecret    = 64
)

// ParseKeys reads the keys of one receiver, one a line: whsec_ and 24 to 64 bytes in base64
// (HMAC-SHA256), or whsk_ and the seed of an Ed25519 key.
func ParseKeys(text string) (Keys, error) {
	var keys Keys
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		secret, isSecret := strings.CutPrefix(line, prefixSecret)
		seed, isSeed := strings.CutPrefix(line, prefixSign)
		bytes, err := base64.StdEncoding.DecodeString(secret)
		if isSeed {
			bytes, err = base64.StdEncoding.DecodeString(seed)
		}
		switch {
		case err == nil && isSecret && len(bytes) >= minSecret && len(bytes) <= maxSecret:
			keys = append(keys, key{secret: bytes})
		case err == nil && isSeed && len(bytes) == ed25519.SeedSize:
			keys = append(keys, key{sign: ed25519.NewKeyFromSeed(bytes)})
		default:
			return nil, fmt.Errorf("key %d is neither whsec_ with 24 to 64 bytes in base64 nor whsk_ with the 32 bytes of an Ed25519 seed", len(keys)+1)
		}
	}
	if keys == nil {
		return nil, errors.New("there is no key; one a line is accepted: whsec_ with 24 to 64 bytes in base64, or whsk_ with the 32 bytes of an Ed25519 seed")
	}
	return keys, nil
}

// Sign gives the signatures of a message, one of each key.
func (k Keys) Sign(id string, at time.Time, body []byte) string {
	signed := fmt.Appendf(nil, "%s.%d.%s", id, at.Unix(), body)
	signatures := make([]string, len(k))
	for i, key := range k {
		if key.sign != nil {
			signatures[i] = "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(key.sign, signed))
			continue
		}
		mac := hmac.New(sha256.New, key.secret)
		_, _ = mac.Write(signed) // never fails
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}

// String hides the keys.
func (Keys) String() string { return "[keys]" }

// GoString hides the keys.
func (Keys) GoString() string { return "[keys]" }
