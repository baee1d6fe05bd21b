package registry

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// lines are a table of what is kept for auditors alone, and follows from no act. Each line
// has a number, and a code under the vault's key over itself and the code before.
type lines struct {
	table   string
	columns []string // what a line says
	said    string   // the same as text, in SQL, with the number and the time
	beside  []string // what is kept with a line, and is none of it: arguments of the same names
}

func linesOf(table string, columns ...string) lines {
	// As SQL writes JSON, whatever the session's settings.
	return lines{table: table, columns: columns, said: `jsonb_build_array(seq, (extract(epoch FROM at) * 1000000)::bigint, ` + strings.Join(columns, ", ") + `)::text`}
}

// with is lines with columns beside them.
func (l lines) with(beside ...string) lines {
	l.beside = beside
	return l
}

var (
	linesOfRefusals = linesOf("refused_acts", "act", "subject", "claimed", "why", "statement", "digest").with("source")
	linesOfDecodes  = linesOf("decodes", "officer", "payloads", "named", "redacted")
	linesOfReads    = linesOf("reads", "officer", "subject", "what")
	linesOfReports  = linesOf("card_reports", "card", "became", "by_whom", "reason")
	everyLines      = []lines{linesOfRefusals, linesOfDecodes, linesOfReads, linesOfReports}
)

// code is a line's code, where that of the line before is known.
func (r *Registry) code(l lines, said string, before []byte) ([]byte, error) {
	return r.vault.Digest([]byte("line of " + l.table + "\n" + said + "\n" + hex.EncodeToString(before)))
}

// keepLine adds a line. What it says is given in SQL, in the order of the columns. The line
// of a digest that is there already is not added again.
func (r *Registry) keepLine(ctx context.Context, tx pgx.Tx, l lines, says string, args pgx.NamedArgs) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('lines'), hashtext(current_schema() || $1))`, l.table); err != nil {
		return err
	}
	var next int64
	var before []byte
	err := tx.QueryRow(ctx, `SELECT seq + 1, mac FROM `+l.table+` ORDER BY seq DESC LIMIT 1`).Scan(&next, &before)
	if errors.Is(err, pgx.ErrNoRows) {
		next, err = 1, nil
	}
	if err != nil {
		return err
	}
	line := `WITH line (seq, at, ` + strings.Join(l.columns, ", ") + `) AS (SELECT @line_seq::bigint, now(), ` + says + `) `
	named := pgx.NamedArgs{"line_seq": next}
	maps.Copy(named, args)
	var said string
	if err := tx.QueryRow(ctx, line+`SELECT `+l.said+` FROM line`, named).Scan(&said); err != nil {
		return err
	}
	if named["line_mac"], err = r.code(l, said, before); err != nil {
		return err
	}
	columns, values := strings.Join(l.columns, ", "), strings.Join(l.columns, ", ")
	for _, column := range l.beside {
		columns, values = columns+", "+column, values+", @"+column
	}
	_, err = tx.Exec(ctx, line+`INSERT INTO `+l.table+` (seq, mac, `+columns+`) SELECT seq, @line_mac::bytea, `+values+` FROM line ON CONFLICT DO NOTHING`, named)
	return err
}

// keepReads keeps that an officer looked at subjects, of the kind that is named.
func (r *Registry) keepReads(ctx context.Context, officer identity.OfficerID, what string, subjects []string) error {
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		for _, subject := range subjects {
			args := pgx.NamedArgs{"officer": officer, "subject": subject, "what": what}
			if err := r.keepLine(ctx, tx, linesOfReads, `@officer::text, @subject::text, @what::text`, args); err != nil {
				return err
			}
		}
		return nil
	})
	return fail("keep who asked", err)
}

// keepReport keeps what just became of a card by no officer's act.
func (r *Registry) keepReport(ctx context.Context, tx pgx.Tx, card int64, became, by, reason string) error {
	return r.keepLine(ctx, tx, linesOfReports, `@card::bigint, @became::text, @by::text, @reason::text`, pgx.NamedArgs{"card": card, "became": became, "by": by, "reason": reason})
}

// lines recomputes the codes of what is kept for auditors alone.
func (v *verifier) lines(ctx context.Context) error {
	for _, l := range everyLines {
		if err := v.linesIn(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) linesIn(ctx context.Context, l lines) error {
	rows, err := v.tx.Query(ctx, `SELECT seq, mac, `+l.said+` FROM `+l.table+` ORDER BY seq`)
	if err != nil {
		return err
	}
	var seq, last int64
	var mac, before []byte
	var said string
	_, err = pgx.ForEachRow(rows, []any{&seq, &mac, &said}, func() error {
		code := mac
		if v.registry.vault != nil { // else an auditor without its key, for whom the lines are numbered and anchored
			var err error
			if code, err = v.registry.code(l, said, before); err != nil {
				return err
			}
		}
		if seq != last+1 || !bytes.Equal(code, mac) {
			v.wrong("%s: line %d, or what was before it, was changed, added or removed", l.table, seq)
		}
		last, before, mac = seq, mac, nil // the next row has bytes of its own
		return nil
	})
	return err
}

// The chain of a table of lines is anchored under the table's name.
const linesChain = "lines" // lines/TABLE

// readLines gives the newest line of each table that has one since that transaction.
func readLines(ctx context.Context, conn *pgx.Conn, since, next int64, head func(AuditHead) error) error {
	for _, l := range everyLines {
		h := alone(nil, linesChain, l.table)
		err := conn.QueryRow(ctx, `
			SELECT seq, mac, txid >= $1 FROM `+l.table+`
			WHERE ($2 = 0 OR txid >= $2 AND txid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint) ORDER BY seq DESC LIMIT 1`, next, since).
			Scan(&h.Seq, &h.Hash, &h.Again)
		if errors.Is(err, pgx.ErrNoRows) {
			continue
		}
		if err == nil {
			err = head(h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// changedLines gives those lines that the registry does not have as they were anchored.
func (r *Registry) changedLines(ctx context.Context, heads []AuditHead) ([]AuditChange, error) {
	var list []AuditChange
	for _, l := range everyLines {
		name := alone(nil, linesChain, l.table).Application
		var seqs []int64
		var codes [][]byte
		for _, h := range heads {
			if h.Application == name {
				seqs, codes = append(seqs, int64(h.Seq)), append(codes, h.Hash)
			}
		}
		rows, _ := r.db.Query(ctx, `
			SELECT $1, was.seq::int, now.mac IS NULL FROM unnest($2::bigint[], $3::bytea[]) AS was (seq, mac) LEFT JOIN `+l.table+` now USING (seq)
			WHERE now.mac IS DISTINCT FROM was.mac ORDER BY was.seq`, string(name), seqs, codes) // CollectRows reports the error
		changed, err := pgx.CollectRows(rows, pgx.RowToStructByPos[AuditChange])
		if err != nil {
			return nil, err
		}
		list = append(list, changed...)
	}
	return list, nil
}

// isLines reports whether a head is of such a table.
func (h AuditHead) isLines() bool {
	return strings.HasPrefix(string(h.Application), linesChain+"/")
}
