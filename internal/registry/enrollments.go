package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/vault"
)

// Enrollment is an application with what its officers signed for: the packet that it came as, and the
// captures that took the place of that one's.
type Enrollment struct {
	Record    ApplicationRecord
	Digest    []byte           // of the submission
	Signed    statement.Signed // that it was enrolled; without signatures
	SameHuman bool             // whether it is filed under the number that it names, if it names one
	Captures  []Capturing      // the one that it came with, round 1, and those after it that count
}

// Capturing is a round of capture, as it is kept.
type Capturing struct {
	Round    int
	Signed   []byte // what the officer signed for, as [identity.Recapture] has it; nil: nothing, or it is round 1
	Evidence Evidence
	Unread   bool // something of it cannot be opened, and is not there
}

// recentlyEnded is how long an application that ended is compared with its packet each time.
const recentlyEnded = 30 * 24 * time.Hour

// Enrollments reads the applications whose evidence is not erased, as each says to have been enrolled:
// those that are open or ended lately, or all. It reports whether it could, which takes the vault's key
// and a role that reads what is kept in it. One is in memory at a time.
func (r *Registry) Enrollments(ctx context.Context, all bool, each func(Enrollment) error) (bool, error) {
	var may bool
	if err := r.db.QueryRow(ctx, `SELECT has_table_privilege('vault_blobs', 'SELECT') AND has_column_privilege('applications', 'sealed', 'SELECT')`).Scan(&may); err != nil {
		return false, fail("ask who may open evidence", err)
	}
	if r.vault == nil || !may {
		return false, nil
	}
	for last := identity.ApplicationNumber(""); ; {
		rows, _ := r.db.Query(ctx, `
			SELECT number FROM applications
			WHERE number > $1 AND erased_at IS NULL AND enrolled_act IS NOT NULL AND ($2 OR stage NOT IN `+ends+` OR entered_at > now() - $3::interval)
			ORDER BY number LIMIT 1000`, last, all, recentlyEnded) // CollectRows reports the error
		page, err := pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
		if err != nil || len(page) == 0 {
			return true, fail("list enrollments", err)
		}
		for _, last = range page {
			e, err := r.enrollment(ctx, last)
			if err == nil && !e.Record.Erased { // it may have been, meanwhile
				err = each(e)
			}
			if err != nil {
				return true, err
			}
		}
	}
}

func (r *Registry) enrollment(ctx context.Context, number identity.ApplicationNumber) (Enrollment, error) {
	var e Enrollment
	var err error
	if e.Record, err = r.Entry(ctx, number); err != nil || e.Record.Erased {
		return e, err
	}
	var filed []byte
	err = r.db.QueryRow(ctx, `
		SELECT a.digest, a.citizen, s.statement FROM applications a LEFT JOIN acts s ON s.id = a.enrolled_act AND s.officer = a.officer WHERE a.number = $1`, number).
		Scan(&e.Digest, &filed, &e.Signed.Statement)
	if err != nil {
		return e, fail("read enrollment", err)
	}
	named, err := r.citizen(e.Record.Application.Person.Number)
	if err != nil {
		return e, err
	}
	e.SameHuman = named == nil || string(named) == string(filed)
	e.Captures = []Capturing{{Round: 1}}
	rows, _ := r.db.Query(ctx, `
		SELECT d.round, s.statement FROM decisions d JOIN acts s ON s.id = d.request AND s.officer = d.officer
		WHERE d.application = $1 AND d.step = `+stepRecapture+` ORDER BY d.round`, number) // ForEachRow reports the error
	var round int
	var said statement.Signed
	_, err = pgx.ForEachRow(rows, []any{&round, &said.Statement}, func() error {
		e.Captures = append(e.Captures, Capturing{Round: round, Signed: captureSaid(said)})
		said.Statement = nil // the next row has bytes of its own
		return nil
	})
	for i := range e.Captures {
		if err == nil {
			err = r.readCapture(ctx, number, &e.Captures[i])
		}
	}
	return e, fail("read enrollment", err)
}

// captureSaid is what a statement says of the files that were captured; nil: it says nothing, or is
// no statement, which VerifyActs names.
func captureSaid(signed statement.Signed) []byte {
	said, err := signed.Read()
	if err != nil {
		return nil
	}
	act, err := said.Does()
	if err != nil {
		return nil
	}
	recapture, _ := act.(identity.Recapture)
	return recapture.Captured
}

// readCapture opens what was stored with a round of capture, and nothing of the rounds before.
func (r *Registry) readCapture(ctx context.Context, number identity.ApplicationNumber, c *Capturing) error {
	rows, _ := r.db.Query(ctx, `
		SELECT b.kind, b.sealed, k.wrapped FROM vault_blobs b JOIN vault_keys k USING (application)
		WHERE b.application = $1 AND b.attempt = $2 AND b.kind = ANY($3)`, number, c.Round, append([]string{string(identity.EvidencePacket)}, kindsOfCapture...)) // ForEachRow reports the error
	c.Evidence = make(Evidence)
	key := vault.Key{Application: string(number), Attempt: c.Round}
	var sealed, wrapped []byte
	_, err := pgx.ForEachRow(rows, []any{&key.Kind, &sealed, &wrapped}, func() error {
		plain, err := r.vault.Open(key, sealed, wrapped)
		if r.unread(err) != nil { // one that was damaged hides no other application
			c.Unread = true
			return nil
		}
		c.Evidence[identity.EvidenceKind(key.Kind)] = plain
		return nil
	})
	return err
}
