package cardstatus

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// The lists: one entry of two bits for each card, a million entries to a list (256 kB, and
// much less when it is compressed), and a list for each million places. A hundred million
// cards are 96 lists, 25 MB.
const (
	entryBits    = 2
	listEntries  = 1 << 20
	listBytes    = listEntries * entryBits / 8
	blockEntries = 1 << 24 // among which the places of cards are shuffled
)

// locate is where a place is.
func locate(place int64) (list int, index int64) {
	return int(place / listEntries), place % listEntries
}

// The values of entries (Token Status List, section 7.1).
// The last is the application's own.
var entryOf = map[identity.CardStatus]byte{identity.StatusValid: 0, identity.StatusInvalid: 1, identity.StatusSuspended: 2, identity.StatusSignerRevoked: 3}

// statusList is one list, its entries in the order of the draft: the first in the lowest bits
// of the first byte.
type statusList struct {
	entries []byte // nil: all are valid
	token   []byte // nil: the entries have changed
	signed  time.Time
}

// set reports whether that changed the entry.
func (l *statusList) set(index int64, value byte) bool {
	if l.entries == nil {
		if value == 0 {
			return false
		}
		l.entries = make([]byte, listBytes)
	}
	at, shift := index*entryBits/8, index*entryBits%8
	before := l.entries[at]
	l.entries[at] = before&^(3<<shift) | value<<shift
	return l.entries[at] != before
}

// Lists gives the status lists, each as of at most a second ago.
type Lists struct {
	registry Registry
	signer   *Signer
	issuer   string // address at which the lists are
	ttl      time.Duration
	now      func() time.Time

	mu    sync.Mutex
	lists []*statusList
	next  time.Time // from when on the registry's changes are to be asked for
	read  time.Time // when they were
	whole time.Time // when everything was
}

const (
	freshFor = 500 * time.Millisecond // for which what was read is not read again
	wholeFor = time.Hour              // after which everything is read again
)

// NewLists gives lists under an address, which verifiers may keep for that long.
func NewLists(r Registry, s *Signer, issuer string, ttl time.Duration, now func() time.Time) *Lists {
	return &Lists{registry: r, signer: s, issuer: issuer, ttl: ttl, now: now}
}

// path is where the lists are below the issuer's address.
const path = "/v1/status-lists/"

func (l *Lists) uri(list int) string { return fmt.Sprintf("%s%s%d", l.issuer, path, list) }

// list are the claims of a status list (section 5.1).
type list struct {
	Subject string  `json:"sub"`
	Issuer  string  `json:"iss"`
	At      int64   `json:"iat"`
	Expires int64   `json:"exp"`
	TTL     int64   `json:"ttl"`
	List    entries `json:"status_list"`
}

type entries struct {
	Bits int    `json:"bits"`
	List string `json:"lst"` // zlib (RFC 1950), base64url
}

// Token is a list, signed; or refuses with NotFound.
func (l *Lists) Token(ctx context.Context, number int) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refresh(ctx); err != nil {
		return nil, err
	}
	if number < 0 || number >= len(l.lists) {
		return nil, identity.Refuse(identity.NotFound, "there is no such status list")
	}
	one := l.lists[number]
	now := l.now()
	if one.token != nil && now.Sub(one.signed) < l.ttl/2 {
		return one.token, nil
	}
	compressed, err := compress(one.entries)
	if err != nil {
		return nil, err
	}
	token, err := l.signer.sign(l.signer.lists, list{
		Subject: l.uri(number), Issuer: l.issuer, At: now.Unix(), Expires: now.Add(2 * l.ttl).Unix(), TTL: int64(l.ttl / time.Second),
		List: entries{entryBits, base64.RawURLEncoding.EncodeToString(compressed)},
	})
	if err == nil {
		one.token, one.signed = token, now
	}
	return token, err
}

// URIs lists the lists (section 9).
func (l *Lists) URIs(ctx context.Context) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refresh(ctx); err != nil {
		return nil, err
	}
	uris := make([]string, len(l.lists))
	for i := range uris {
		uris[i] = l.uri(i)
	}
	return uris, nil
}

// refresh reads what has changed since it was read last.
func (l *Lists) refresh(ctx context.Context) error {
	now := l.now()
	if now.Sub(l.read) < freshFor {
		return nil
	}
	since, whole := l.next, l.whole
	if now.Sub(whole) > wholeFor {
		since, whole = time.Time{}, now
	}
	var changed []registry.PlacedStatus
	places, next, err := l.registry.NotValid(ctx, since, func(p registry.PlacedStatus) { changed = append(changed, p) })
	if err != nil {
		return err
	}
	// Every list of a block is there from its first card on: how many cards a list has is
	// nobody's to know.
	for blocks := (places + blockEntries - 1) / blockEntries; int64(len(l.lists)) < blocks*blockEntries/listEntries; {
		l.lists = append(l.lists, &statusList{})
	}
	if since.IsZero() {
		l.replace(changed)
	} else {
		for _, p := range changed {
			if number, index := locate(p.Place); number < len(l.lists) && l.lists[number].set(index, entryOf[p.Status]) {
				l.lists[number].token = nil
			}
		}
	}
	l.next, l.read, l.whole = next, now, whole
	return nil
}

// replace makes every list of what is not valid, and keeps what is the same as before.
func (l *Lists) replace(notValid []registry.PlacedStatus) {
	anew := make([]statusList, len(l.lists))
	for _, p := range notValid {
		if number, index := locate(p.Place); number < len(anew) {
			anew[number].set(index, entryOf[p.Status])
		}
	}
	for i, before := range l.lists {
		if !bytes.Equal(before.entries, anew[i].entries) {
			l.lists[i] = &anew[i]
		}
	}
}

// compress gives entries as section 4.1 wants them.
func compress(entries []byte) ([]byte, error) {
	if entries == nil {
		entries = make([]byte, listBytes)
	}
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	if err == nil {
		_, err = w.Write(entries)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("compress status list: %w", err)
	}
	return b.Bytes(), nil
}
