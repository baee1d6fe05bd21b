package registrytest

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Backup keeps what a schema holds now. What it gives puts it back, as of one moment,
// under whoever works with it: the registry restored to an earlier instant. A superuser
// does so, since the registry itself takes nothing away.
func Backup(tb testing.TB, programs string) (restore func()) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, Behind(tb, programs))
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close(ctx) })
	rows, _ := conn.Query(ctx, `SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename`) // CollectRows reports the error
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(tb, err)
	contents := make([]bytes.Buffer, len(tables))
	var sequences map[string]*int64
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		for i, table := range tables {
			if _, err := tx.Conn().PgConn().CopyTo(ctx, &contents[i], `COPY `+table+` TO STDOUT`); err != nil {
				return err
			}
		}
		return tx.QueryRow(ctx, `SELECT coalesce(jsonb_object_agg(quote_ident(sequencename), last_value), '{}') FROM pg_sequences WHERE schemaname = current_schema()`).Scan(&sequences)
	})
	require.NoError(tb, err)
	return func() {
		tb.Helper()
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SET LOCAL session_replication_role = replica; TRUNCATE `+strings.Join(tables, ", ")); err != nil {
				return err
			}
			for i, table := range tables {
				if _, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(contents[i].Bytes()), `COPY `+table+` FROM STDIN`); err != nil {
					return err
				}
			}
			for name, last := range sequences {
				if _, err := tx.Exec(ctx, `SELECT setval($1, coalesce($2, 1), $2 IS NOT NULL)`, name, last); err != nil {
					return err
				}
			}
			return nil
		})
		require.NoError(tb, err)
	}
}

// Dump is all that the tables of a schema hold, as text.
func Dump(tb testing.TB, programs string) []byte {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, Behind(tb, programs))
	require.NoError(tb, err)
	defer func() { _ = conn.Close(ctx) }()
	rows, _ := conn.Query(ctx, `SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()`) // CollectRows reports the error
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(tb, err)
	var dump bytes.Buffer
	for _, table := range tables {
		_, err := conn.PgConn().CopyTo(ctx, &dump, `COPY `+table+` TO STDOUT`)
		require.NoError(tb, err)
	}
	return dump.Bytes()
}

// Written begins to watch what the server writes to its write-ahead log, of all schemas: what
// was written once, and is in no table any more, is in it, and in every backup with it. What
// it gives reads the log, by the file.
func Written(tb testing.TB, programs string) func() [][]byte {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	ask := func(sql string, args ...any) [][]byte {
		tb.Helper()
		conn, err := pgx.Connect(ctx, Behind(tb, programs))
		require.NoError(tb, err)
		defer func() { _ = conn.Close(ctx) }()
		rows, _ := conn.Query(ctx, sql, args...) // CollectRows reports the error
		answer, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		require.NoError(tb, err)
		return answer
	}
	const file = `pg_walfile_name(pg_current_wal_insert_lsn())`
	from := string(ask(`SELECT ` + file + `::bytea`)[0])
	return func() [][]byte {
		tb.Helper()
		ask(`SELECT ''::bytea FROM pg_switch_wal()`) // what is in memory is written
		return ask(`SELECT pg_read_binary_file('pg_wal/' || name, 0, pg_size_bytes(current_setting('wal_segment_size')), true) FROM pg_ls_waldir() WHERE name >= $1 AND name ~ '^[0-9A-F]{24}$' AND name <= `+file, from)
	}
}

// Columns is all that each column of a schema holds, a line for each value, by its table's
// and its own name: as text, and of bytes also the bytes themselves.
func Columns(tb testing.TB, programs string) map[string]string {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, Behind(tb, programs))
	require.NoError(tb, err)
	defer func() { _ = conn.Close(ctx) }()
	rows, _ := conn.Query(ctx, `
		SELECT table_name, column_name, data_type = 'bytea' FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`) // CollectRows reports the error
	type column struct {
		Table, Name string
		Bytes       bool
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	require.NoError(tb, err)
	held := make(map[string]string, len(columns))
	for _, c := range columns {
		var b strings.Builder
		name := pgx.Identifier{c.Name}.Sanitize()
		rows, _ := conn.Query(ctx, `SELECT coalesce(`+name+`::text, ''), CASE WHEN $1 THEN coalesce(`+name+`::text, '\x') ELSE '\x' END::bytea FROM `+pgx.Identifier{c.Table}.Sanitize(), c.Bytes) // ForEachRow reports the error
		var text string
		var raw []byte
		_, err := pgx.ForEachRow(rows, []any{&text, &raw}, func() error {
			b.WriteString(text + "\n" + string(raw) + "\n")
			return nil
		})
		require.NoError(tb, err)
		held[c.Table+"."+c.Name] = b.String()
	}
	return held
}
