package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// What stands alone is anchored as a chain of one entry, under a name that is no
// application's: each signature of an act, and each founder with the key that nobody
// registered; and the newest line of each table of lines. The parts of a name are escaped,
// since clients choose some of them.
const (
	actChain     = "act"               // act/ID/OFFICER
	founderChain = "founder"           // founder/BADGE
	keyChain     = "founder-key"       // founder-key/BADGE/SHA-256 of the key
	sinceChain   = "founder-key-since" // of that key, since when it is the founder's; logs of before have none

	maxName = 512 // bytes; an identifier has 64 at most
)

// StandsAlone reports whether a head is of no chain.
func (h AuditHead) StandsAlone() bool {
	return strings.Contains(string(h.Application), "/") && !h.isLines()
}

// alone is the head of what stands alone.
func alone(digest []byte, kind string, parts ...string) AuditHead {
	escaped := []string{kind}
	for _, part := range parts {
		escaped = append(escaped, url.PathEscape(part))
	}
	name := strings.Join(escaped, "/")
	if len(name) > maxName { // no program of ours wrote that
		sum := sha256.Sum256([]byte(name))
		name = kind + "/" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return AuditHead{Application: identity.ApplicationNumber(name), Seq: 1, Hash: digest}
}

// parts reads such a name.
func (h AuditHead) parts() (kind string, parts []string) {
	for i, part := range strings.Split(string(h.Application), "/") {
		part, err := url.PathUnescape(part)
		if err != nil {
			return "", nil
		}
		if i == 0 {
			kind = part
		} else {
			parts = append(parts, part)
		}
	}
	return kind, parts
}

// digestOf is SHA-256 over fields, each preceded by its length.
func digestOf(fields ...[]byte) []byte {
	h := sha256.New()
	for _, field := range fields {
		h.Write([]byte(strconv.Itoa(len(field)) + ":"))
		h.Write(field)
		h.Write([]byte(","))
	}
	return h.Sum(nil)
}

func moment(t *time.Time) []byte {
	if t == nil {
		return nil
	}
	return strconv.AppendInt(nil, t.UnixMicro(), 10)
}

// keptAct is one signature of an act, as it is kept.
type keptAct struct {
	ID      string
	Officer identity.OfficerID
	Act     string
	Subject string
	At      time.Time

	Key, Statement, Signature, Authenticator, Client, Path []byte

	Code []byte // not anchored: it is the office's own
}

const selectActs = `SELECT id, officer, act, subject, at, key, statement, signature, authenticator_data, client_data, path, mac`

func (a *keptAct) fields() []any {
	return []any{&a.ID, &a.Officer, &a.Act, &a.Subject, &a.At, &a.Key, &a.Statement, &a.Signature, &a.Authenticator, &a.Client, &a.Path, &a.Code}
}

func (a keptAct) head() AuditHead {
	said := [][]byte{[]byte(a.ID), []byte(a.Officer), []byte(a.Act), []byte(a.Subject), moment(&a.At), a.Key, a.Statement, a.Signature, a.Authenticator, a.Client}
	if a.Path != nil {
		said = append(said, a.Path)
	}
	return alone(digestOf(said...), actChain, a.ID, string(a.Officer))
}

// keptFounder is a founder with a key that no act registered.
type keptFounder struct {
	Badge    identity.OfficerID
	Unit     string
	Roles    []string
	From, To *time.Time
	Key      []byte
	Added    *time.Time // the key
}

const selectFounders = `SELECT o.badge, o.unit, o.roles, o.valid_from, o.valid_to, c.key, c.added_at`

func (f *keptFounder) fields() []any {
	return []any{&f.Badge, &f.Unit, &f.Roles, &f.From, &f.To, &f.Key, &f.Added}
}

// heads are those of the officer, of the key, and of since when the key is the officer's.
func (f keptFounder) heads() [3]AuditHead {
	digest := digestOf([]byte(f.Badge), []byte(f.Unit), []byte(strings.Join(f.Roles, " ")), moment(f.From), moment(f.To))
	sum := sha256.Sum256(f.Key)
	key := base64.RawURLEncoding.EncodeToString(sum[:])
	return [3]AuditHead{
		alone(digest, founderChain, string(f.Badge)),
		alone(digestOf([]byte(f.Badge), f.Key), keyChain, string(f.Badge), key),
		alone(digestOf([]byte(f.Badge), f.Key, moment(f.Added)), sinceChain, string(f.Badge), key),
	}
}

// readAlone gives the heads of what stands alone and is new since that transaction.
func readAlone(ctx context.Context, conn *pgx.Conn, since, next int64, head func(AuditHead) error) error {
	const recent = ` txid >= $2 AND txid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint`
	rows, err := conn.Query(ctx, selectActs+`, txid >= $1 FROM acts WHERE $2 = 0 OR `+recent, next, since)
	if err != nil {
		return err
	}
	var act keptAct
	var again bool
	_, err = pgx.ForEachRow(rows, append(act.fields(), &again), func() error {
		h := act.head()
		h.Again = again
		return head(h)
	})
	if err != nil {
		return err
	}
	rows, err = conn.Query(ctx, selectFounders+`, c.txid >= $1 FROM credentials c JOIN officers o ON o.badge = c.officer AND o.founder
		WHERE c.act IS NULL AND o.act IS NULL AND ($2 = 0 OR `+strings.ReplaceAll(recent, " txid", " c.txid")+`) ORDER BY o.badge`, next, since)
	if err != nil {
		return err
	}
	var founder keptFounder
	_, err = pgx.ForEachRow(rows, append(founder.fields(), &again), func() error {
		heads := founder.heads()
		founder.Roles = nil // the next row has a list of its own
		for _, h := range heads {
			h.Again = again
			if err := head(h); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// changedAlone gives those of what stands alone that the registry does not have as they
// were anchored.
func (r *Registry) changedAlone(ctx context.Context, heads []AuditHead) ([]AuditChange, error) {
	var ids, officers, badges []string
	for _, h := range heads {
		switch kind, parts := h.parts(); {
		case kind == actChain && len(parts) == 2:
			ids, officers = append(ids, parts[0]), append(officers, parts[1])
		case len(parts) > 0:
			badges = append(badges, parts[0])
		}
	}
	now := make(map[identity.ApplicationNumber][]byte, len(heads))
	rows, err := r.db.Query(ctx, selectActs+` FROM acts WHERE (id, officer) IN (SELECT * FROM unnest($1::text[], $2::text[]))`, ids, officers)
	if err != nil {
		return nil, err
	}
	var act keptAct
	_, err = pgx.ForEachRow(rows, act.fields(), func() error {
		h := act.head()
		now[h.Application] = h.Hash
		return nil
	})
	if err != nil {
		return nil, err
	}
	changed := make(map[identity.ApplicationNumber]bool) // by an act, which VerifyActs compares with the officer
	rows, err = r.db.Query(ctx, selectFounders+`, o.act IS NOT NULL FROM officers o JOIN credentials c ON c.officer = o.badge AND c.act IS NULL
		WHERE o.founder AND o.badge = ANY($1)`, badges)
	if err != nil {
		return nil, err
	}
	var founder keptFounder
	var byAct bool
	_, err = pgx.ForEachRow(rows, append(founder.fields(), &byAct), func() error {
		heads := founder.heads()
		founder.Roles = nil
		for _, h := range heads {
			now[h.Application] = h.Hash
		}
		changed[heads[0].Application] = byAct
		return nil
	})
	var list []AuditChange
	for _, h := range heads {
		hash, there := now[h.Application]
		if !bytes.Equal(hash, h.Hash) && !changed[h.Application] {
			list = append(list, AuditChange{Application: h.Application, Seq: h.Seq, Gone: !there})
		}
	}
	return list, err
}

// standingAlone says what of such a name was changed.
func (c AuditChange) standingAlone() string {
	kind, parts := AuditHead{Application: c.Application}.parts()
	what := string(c.Application)
	switch {
	case kind == actChain && len(parts) == 2:
		what = "the act " + identity.OneLine(parts[0]) + " of officer " + parts[1]
	case kind == founderChain && len(parts) == 1:
		what = "the founder " + parts[0]
	case kind == linesChain && len(parts) == 1:
		what = "line " + strconv.Itoa(c.Seq) + " of " + parts[0]
	case kind == keyChain && len(parts) == 2:
		what = "the key " + parts[1] + " of the founder " + parts[0]
	case kind == sinceChain && len(parts) == 2:
		what = "the time since when the key " + parts[1] + " is of the founder " + parts[0]
	}
	if c.Gone {
		return what + " was anchored and is gone"
	}
	return what + " is not what was anchored"
}
