package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// AuditEntry is one line of the audit trail.
type AuditEntry struct {
	Application identity.ApplicationNumber
	Seq         int
	At          time.Time
	Actor       string
	Event       string
	Reason      string
	Prev        []byte
	Hash        []byte
}

// The events by which WrittenOff finds write-offs, as SQL literals; the number of
// the card follows.
const (
	eventSpoiled   = `'spoiled card '`
	eventMissed    = `'missed card '`
	eventDestroyed = `'destroyed card '`
)

// Audit gives the whole trail of an application.
func (r *Registry) Audit(ctx context.Context, number identity.ApplicationNumber) ([]AuditEntry, error) {
	rows, _ := r.db.Query(ctx, selectAudit+` WHERE application = $1 ORDER BY seq`, number) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[AuditEntry])
	return list, fail("read audit trail", err)
}

const selectAudit = `SELECT application, seq, at, actor, event, reason, prev, hash FROM audit`

// VerifyAudit recomputes the chain of an application, and refuses it if it was
// changed.
func (r *Registry) VerifyAudit(ctx context.Context, number identity.ApplicationNumber) error {
	entries, err := r.Audit(ctx, number)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return noApplication(number)
	}
	return verify(entries)
}

// verify recomputes one chain from its beginning.
func verify(entries []AuditEntry) error {
	var prev []byte
	for i, e := range entries {
		if e.Seq != i+1 || !bytes.Equal(e.Prev, prev) || !bytes.Equal(e.Hash, e.digest()) {
			return identity.Refuse(identity.Conflict, "the audit trail of %s was changed at entry %d", e.Application, i+1)
		}
		prev = e.Hash
	}
	return nil
}

// digest is SHA-256 over the previous hash and the entry's fields, each preceded by
// its length so that no two entries read alike; as the trigger chain_audit
// computes it.
func (e AuditEntry) digest() []byte {
	h := sha256.New()
	h.Write(e.Prev)
	for _, field := range []string{
		string(e.Application), strconv.Itoa(e.Seq), strconv.FormatInt(e.At.UnixMicro(), 10), e.Actor, e.Event, e.Reason,
	} {
		h.Write([]byte(strconv.Itoa(len(field)) + ":" + field + ","))
	}
	return h.Sum(nil)
}

// AuditReport counts what was verified.
type AuditReport struct {
	Applications int `json:"applications"`
	Entries      int `json:"entries"`
}

// VerifyAllAudit recomputes every chain. It refuses at the first that was changed,
// and where an application has none.
func (r *Registry) VerifyAllAudit(ctx context.Context) (AuditReport, error) {
	var report AuditReport
	rows, err := r.db.Query(ctx, selectAudit+` ORDER BY application, seq`)
	if err != nil {
		return report, fail("read audit trail", err)
	}
	var chain []AuditEntry
	var e AuditEntry
	_, err = pgx.ForEachRow(rows, []any{&e.Application, &e.Seq, &e.At, &e.Actor, &e.Event, &e.Reason, &e.Prev, &e.Hash}, func() error {
		report.Entries++
		if len(chain) > 0 && chain[0].Application != e.Application {
			if err := verify(chain); err != nil {
				return err
			}
			chain = chain[:0]
		}
		if len(chain) == 0 {
			report.Applications++
		}
		entry := e
		entry.Prev, entry.Hash = bytes.Clone(e.Prev), bytes.Clone(e.Hash)
		chain = append(chain, entry)
		return nil
	})
	if err != nil {
		return report, fail("verify audit trail", err)
	}
	if err := verify(chain); err != nil {
		return report, err
	}
	var without int
	err = r.db.QueryRow(ctx, `SELECT count(*) FROM applications a WHERE NOT EXISTS (SELECT FROM audit WHERE application = a.number)`).Scan(&without)
	if err == nil && without > 0 {
		return report, identity.Refuse(identity.Conflict, "%d application(s) have no audit trail", without)
	}
	return report, fail("verify audit trail", err)
}
