package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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
	eventFound     = `'found card '`
	eventDestroyed = `'destroyed card '`
	eventMismatch  = `'finger did not match, try '`
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

// VerifyAllAudit recomputes every chain. It refuses each that was changed, by its name, and
// where an application has none.
func (r *Registry) VerifyAllAudit(ctx context.Context) (AuditReport, error) {
	var report AuditReport
	var faults []error
	judge := func(chain []AuditEntry) {
		if err := verify(chain); err != nil && len(faults) < r.faults {
			faults = append(faults, err)
		}
	}
	rows, err := r.db.Query(ctx, selectAudit+` ORDER BY application, seq`)
	if err != nil {
		return report, fail("read audit trail", err)
	}
	var chain []AuditEntry
	var e AuditEntry
	_, err = pgx.ForEachRow(rows, []any{&e.Application, &e.Seq, &e.At, &e.Actor, &e.Event, &e.Reason, &e.Prev, &e.Hash}, func() error {
		report.Entries++
		if len(chain) > 0 && chain[0].Application != e.Application {
			judge(chain)
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
	judge(chain)
	var without int
	err = r.db.QueryRow(ctx, `SELECT count(*) FROM applications a WHERE NOT EXISTS (SELECT FROM audit WHERE application = a.number)`).Scan(&without)
	if err == nil && without > 0 {
		faults = append(faults, identity.Refuse(identity.Conflict, "%d application(s) have no audit trail", without))
	}
	return report, errors.Join(append(faults, fail("verify audit trail", err))...)
}

// AuditHead is the newest entry of an application's chain, which stands for all before
// it; or an act, or a founder, each of which is a chain of one.
type AuditHead struct {
	Application identity.ApplicationNumber // or the name of what stands alone
	Seq         int
	Hash        []byte
	Again       bool // the next reading may give it again, though it did not change
}

// AuditReader takes the heads of the chains that changed.
type AuditReader struct {
	Since func(context.Context) (int64, error) // where the last reading ended; 0: every chain is read
	Head  func(AuditHead) error                // takes a head
	End   func(next int64) error               // takes where this reading ended
}

// ReadAuditHeads has the heads read of chains that changed since the last reading, unless
// another process is reading them; it reports whether it was done. It has a connection
// of its own, so that a slow reader takes none from others.
func (r *Registry) ReadAuditHeads(ctx context.Context, reader AuditReader) (done bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, r.db.Config().ConnConfig)
	if err != nil {
		return false, fail("read heads of the audit trail", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	const lock = `(hashtext('audit heads'), hashtext(current_schema()))`
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock`+lock).Scan(&done); err != nil || !done {
		return false, fail("await turn to read heads of the audit trail", err)
	}
	// Unlocked here, since the server may see only later that the connection has ended.
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock`+lock) }()
	return true, fail("read heads of the audit trail", readHeads(ctx, conn, reader))
}

// readHeads goes by the numbers of transactions, not by time: what was in progress when
// the reading began has the number with which it ends, or a later one.
func readHeads(ctx context.Context, conn *pgx.Conn, reader AuditReader) error {
	since, err := reader.Since(ctx)
	if err != nil {
		return err
	}
	var next, end int64
	err = conn.QueryRow(ctx, `
		SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s`).Scan(&next, &end)
	if err != nil {
		return err
	}
	const heads, order = `SELECT DISTINCT ON (application) application, seq, hash, txid >= $1 FROM audit`, ` ORDER BY application, seq DESC`
	sql, args := heads+order, []any{next}
	if 0 < since && since <= end { // else the registry was restored into another server, which counts from less
		// What another server numbered higher is not new.
		sql = heads + ` WHERE txid >= $2 AND txid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint` + order
		args = append(args, since)
	}
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	var h AuditHead
	_, err = pgx.ForEachRow(rows, []any{&h.Application, &h.Seq, &h.Hash, &h.Again}, func() error {
		head := h
		head.Hash = bytes.Clone(h.Hash)
		return reader.Head(head)
	})
	if err != nil {
		return err
	}
	if since > end {
		since = 0
	}
	if err := readAlone(ctx, conn, since, next, reader.Head); err != nil {
		return err
	}
	if err := readLines(ctx, conn, since, next, reader.Head); err != nil {
		return err
	}
	return reader.End(next)
}

// AuditChange is an entry that was there and is not as it was.
type AuditChange struct {
	Application identity.ApplicationNumber `json:"application"`
	Seq         int                        `json:"entry"`
	Gone        bool                       `json:"gone"` // or its hash is another
}

// String says what was changed.
func (c AuditChange) String() string {
	if h := (AuditHead{Application: c.Application}); h.StandsAlone() || h.isLines() {
		return c.standingAlone()
	}
	if c.Gone {
		return fmt.Sprintf("the audit trail of %s was cut: entry %d was anchored and is gone", c.Application, c.Seq)
	}
	return fmt.Sprintf("the audit trail of %s was rewritten: entry %d, or one before it, is not what was anchored", c.Application, c.Seq)
}

// ChangedHeads gives those entries, and those acts and founders, that the registry does
// not have with that hash.
func (r *Registry) ChangedHeads(ctx context.Context, heads []AuditHead) ([]AuditChange, error) {
	var chains, lone, lines []AuditHead
	for _, h := range heads {
		switch {
		case h.isLines():
			lines = append(lines, h)
		case h.StandsAlone():
			lone = append(lone, h)
		default:
			chains = append(chains, h)
		}
	}
	list, err := r.changedChains(ctx, chains)
	if err == nil && len(lines) > 0 {
		var more []AuditChange
		more, err = r.changedLines(ctx, lines)
		list = append(list, more...)
	}
	if err == nil && len(lone) > 0 {
		var more []AuditChange
		more, err = r.changedAlone(ctx, lone)
		list = append(list, more...)
	}
	return list, fail("compare with what was anchored", err)
}

func (r *Registry) changedChains(ctx context.Context, heads []AuditHead) ([]AuditChange, error) {
	applications, seqs, hashes := make([]string, len(heads)), make([]int32, len(heads)), make([][]byte, len(heads))
	for i, h := range heads {
		applications[i], seqs[i], hashes[i] = string(h.Application), int32(h.Seq), h.Hash
	}
	rows, _ := r.db.Query(ctx, `
		SELECT was.application, was.seq, a.hash IS NULL
		FROM unnest($1::text[], $2::int[], $3::bytea[]) AS was (application, seq, hash) LEFT JOIN audit a USING (application, seq)
		WHERE a.hash IS DISTINCT FROM was.hash ORDER BY was.application, was.seq`, applications, seqs, hashes) // CollectRows reports the error
	return pgx.CollectRows(rows, pgx.RowToStructByPos[AuditChange])
}
