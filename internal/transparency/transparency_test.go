package transparency_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/transparency"
	"example.org/cancuoc/internal/vault"
)

// trail is a registry with applications, a log of its heads, and a superuser's way
// around the triggers.
type trail struct {
	*registry.Registry

	dir, log, kept string
	key            transparency.Key
	anchor         *transparency.Anchor
	db             *pgx.Conn
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	url := registrytest.NewSchema(t, devservertest.Postgres(t))
	tr := &trail{dir: t.TempDir()}
	tr.log, tr.kept = filepath.Join(tr.dir, "log"), filepath.Join(tr.dir, "kept")
	master, err := vault.OpenFile(filepath.Join(tr.dir, "vault.key"), true)
	require.NoError(t, err)
	tr.Registry, err = registry.Open(t.Context(), url, registry.Options{Vault: vault.New(master), MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(tr.Registry.Close)
	registrytest.RegisterStation(t, tr.Registry, "001-TN-01", make([]byte, 32))
	tr.key, err = transparency.ReadKey(filepath.Join(tr.dir, "audit.key"), true)
	require.NoError(t, err)
	tr.anchor = &transparency.Anchor{Log: tr.open(t), Registry: tr, Metrics: transparency.NewMetrics(), Logger: slog.New(slog.DiscardHandler)}
	tr.db, err = pgx.Connect(t.Context(), registrytest.Behind(t, url))
	require.NoError(t, err)
	t.Cleanup(func() { _ = tr.db.Close(context.WithoutCancel(t.Context())) })
	return tr
}

// open opens the log, as another process would.
func (tr *trail) open(t *testing.T) *transparency.Log {
	t.Helper()
	log, err := transparency.Open(tr.log, tr.kept, tr.key)
	require.NoError(t, err)
	return log
}

// received gives an application with a trail of some entries.
func (tr *trail) received(t *testing.T, name string, entries int) identity.ApplicationNumber {
	t.Helper()
	number := registrytest.Receive(t, tr.Registry, identity.Person{
		Name: identity.Name{Text: name}, Birth: identity.Date{Year: 2001, Month: 2, Day: 28}, Sex: identity.Female,
		Residence: identity.Place{Text: "12 Hàng Bài, Hà Nội", Province: "001"},
	}, identity.GroundAge, []byte("templates"))
	tr.write(t, number, entries-1)
	return number
}

func (tr *trail) write(t *testing.T, number identity.ApplicationNumber, entries int) {
	t.Helper()
	for range entries {
		tr.exec(t, `INSERT INTO audit (application, actor, event, reason) VALUES ($1, 'system', 'noted', '')`, number)
	}
}

func (tr *trail) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := tr.db.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

// behind does something to the trail as a superuser, who is stopped by no trigger.
func (tr *trail) behind(t *testing.T, sql string, args ...any) {
	t.Helper()
	tr.exec(t, `ALTER TABLE audit DISABLE TRIGGER ALL`)
	tr.exec(t, sql, args...)
	tr.exec(t, `ALTER TABLE audit ENABLE TRIGGER ALL`)
}

// rewrite changes an entry, and every hash after it, so that the chain fits again.
func (tr *trail) rewrite(t *testing.T, number identity.ApplicationNumber, seq int, actor string) {
	t.Helper()
	tr.behind(t, `UPDATE audit SET actor = $3 WHERE application = $1 AND seq = $2`, number, seq, actor)
	entries, err := tr.Audit(t.Context(), number)
	require.NoError(t, err)
	var prev []byte
	for _, e := range entries {
		fields := fmt.Appendf(nil, "%s", prev)
		for _, f := range []string{string(e.Application), strconv.Itoa(e.Seq), strconv.FormatInt(e.At.UnixMicro(), 10), e.Actor, e.Event, e.Reason} {
			fields = fmt.Appendf(fields, "%d:%s,", len(f), f)
		}
		hash := sha256.Sum256(fields)
		tr.behind(t, `UPDATE audit SET prev = $3, hash = $4 WHERE application = $1 AND seq = $2`, number, e.Seq, append([]byte{}, prev...), hash[:])
		prev = hash[:]
	}
	require.NoError(t, tr.VerifyAudit(t.Context(), number), "the chain alone shows nothing")
}

func (tr *trail) pass(t *testing.T) int {
	t.Helper()
	heads, err := tr.anchor.Pass(t.Context())
	require.NoError(t, err)
	return heads
}

func (tr *trail) verify(t *testing.T, only ...identity.ApplicationNumber) transparency.Report {
	t.Helper()
	report, err := tr.open(t).Verify(t.Context(), tr.Registry, only...)
	require.NoError(t, err)
	return report
}

// refused verifies a log that was changed.
func (tr *trail) refused(t *testing.T, told string) {
	t.Helper()
	_, err := tr.open(t).Verify(t.Context(), tr.Registry)
	require.ErrorIs(t, err, identity.Conflict)
	require.ErrorContains(t, err, told)
}

func TestAnchor_TakesWhatChanged(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	first, second := tr.received(t, "Nguyễn Thị Ánh", 3), tr.received(t, "Trần Văn Bình", 2)

	require.Equal(t, 2, tr.pass(t), "a new log takes every chain")
	require.Zero(t, tr.pass(t))
	tr.write(t, second, 2)
	require.Equal(t, 1, tr.pass(t))

	report := tr.verify(t)
	require.Greater(t, report.Alone, 1, "the act that registered the station, and founders")
	report.Alone = 0
	require.Equal(t, transparency.Report{Leaves: 2, Heads: 3, Key: tr.key.Public()}, report)
	require.Equal(t, 1, tr.verify(t, first).Heads)
	require.Equal(t, 2, tr.verify(t, second).Heads)
	log := tr.open(t)
	checkpoint, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	var leaves []string
	require.NoError(t, log.Leaves(t.Context(), checkpoint, func(_ uint64, leaf []byte) error {
		leaves = append(leaves, string(leaf))
		return nil
	}))
	entries, err := tr.Audit(t.Context(), second)
	require.NoError(t, err)
	require.Regexp(t, `^cancuoc audit heads 1\nnext [0-9]+\n`+string(second)+" 4 ", leaves[1])
	require.Contains(t, leaves[1], base64.StdEncoding.EncodeToString(entries[3].Hash))
}

// An entry that is committed late, by a transaction that was in progress when others
// were anchored, is anchored as well.
func TestAnchor_MissesNoSlowTransaction(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	slow, fast := tr.received(t, "Nguyễn Thị Ánh", 1), tr.received(t, "Trần Văn Bình", 1)
	tr.pass(t)
	tx, err := tr.db.Begin(t.Context())
	require.NoError(t, err)
	tr.write(t, slow, 1)
	other, err := pgx.ConnectConfig(t.Context(), tr.db.Config())
	require.NoError(t, err)
	defer func() { _ = other.Close(context.WithoutCancel(t.Context())) }()
	_, err = other.Exec(t.Context(), `INSERT INTO audit (application, actor, event, reason) VALUES ($1, 'system', 'noted', '')`, fast)
	require.NoError(t, err)

	require.Equal(t, 1, tr.pass(t))
	require.Zero(t, tr.pass(t), "what may be read again is not anchored again")
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, 1, tr.pass(t))

	tr.behind(t, `DELETE FROM audit WHERE application = $1 AND seq = 2`, slow)
	require.Equal(t, []registry.AuditChange{{Application: slow, Seq: 2, Gone: true}}, tr.verify(t).Changed)
}

func TestAnchor_OneProcessAtATime(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	tr.received(t, "Nguyễn Thị Ánh", 1)
	other := &transparency.Anchor{Log: tr.open(t), Registry: tr}

	done, err := tr.ReadAuditHeads(t.Context(), registry.AuditReader{
		Since: func(ctx context.Context) (int64, error) {
			heads, err := other.Pass(ctx)
			require.Zero(t, heads)
			return 0, err
		},
		Head: func(registry.AuditHead) error { return nil },
		End:  func(int64) error { return nil },
	})

	require.NoError(t, err)
	require.True(t, done)
	require.Equal(t, 1, tr.pass(t))
	tr.received(t, "Trần Văn Bình", 1)
	heads, err := other.Pass(t.Context())
	require.NoError(t, err)
	require.NotZero(t, heads, "the other goes on where this one stopped")
	require.EqualValues(t, 2, tr.verify(t).Leaves)
}

// A process that was killed between the leaf and its checkpoint leaves a log that the
// next one goes on with.
func TestAnchor_GoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	tr.received(t, "Nguyễn Thị Ánh", 1)
	tr.pass(t)
	old, err := os.ReadFile(filepath.Join(tr.log, "checkpoint"))
	require.NoError(t, err)
	kept, err := os.ReadFile(tr.kept)
	require.NoError(t, err)
	tr.received(t, "Trần Văn Bình", 1)
	tr.pass(t)
	require.NoError(t, os.WriteFile(filepath.Join(tr.log, "checkpoint"), old, 0o600))
	require.NoError(t, os.WriteFile(tr.kept, kept, 0o600))

	again := &transparency.Anchor{Log: tr.open(t), Registry: tr}
	_, err = again.Pass(t.Context())

	require.NoError(t, err)
	require.Empty(t, tr.verify(t).Changed)
}

func TestAnchor_ManyHeadsMakeFewLeaves(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	number := tr.received(t, "Nguyễn Thị Ánh", 1)
	tr.exec(t, `CREATE TEMP TABLE copies AS SELECT a.*, n FROM applications a, generate_series(1, 1200) n WHERE number = $1`, number)
	tr.behind(t, `ALTER TABLE audit DROP CONSTRAINT audit_application_fkey`)
	tr.behind(t, `
		INSERT INTO audit (application, seq, at, actor, event, reason, prev, hash)
		SELECT 'A' || n, 1, now(), 'system', 'received', '', '', sha256(convert_to(n::text, 'UTF8')) FROM copies`)

	require.Equal(t, 1201, tr.pass(t))

	report := tr.verify(t)
	require.EqualValues(t, 3, report.Leaves)
	require.Equal(t, 1201, report.Heads)
	tr.behind(t, `DELETE FROM audit WHERE application = 'A777'`)
	require.Equal(t, []registry.AuditChange{{Application: "A777", Seq: 1, Gone: true}}, tr.verify(t).Changed)
}

// Production goes on whatever becomes of the log's folder.
func TestAnchor_AFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	t.Run("FromTheBeginning", func(t *testing.T) {
		t.Parallel()
		tr := newTrail(t)
		tr.received(t, "Nguyễn Thị Ánh", 1)
		require.NoError(t, os.WriteFile(tr.log, nil, 0o600))

		_, err := tr.anchor.Pass(t.Context())

		require.Error(t, err)
		require.NoError(t, os.Remove(tr.log))
		require.Equal(t, 1, tr.pass(t))
	})
	t.Run("Later", func(t *testing.T) {
		t.Parallel()
		tr := newTrail(t)
		number := tr.received(t, "Nguyễn Thị Ánh", 1)
		tr.pass(t)
		tr.write(t, number, 1)
		require.NoError(t, os.Rename(tr.log, tr.log+".away"))
		require.NoError(t, os.WriteFile(tr.log, nil, 0o600))

		_, err := tr.anchor.Pass(t.Context())

		require.Error(t, err)
		require.NoError(t, os.Remove(tr.log))
		_, err = tr.anchor.Pass(t.Context())
		require.ErrorContains(t, err, "set back", "no new log is begun where another was")
		require.NoError(t, os.Rename(tr.log+".away", tr.log))
		require.Equal(t, 1, tr.pass(t))
		require.Equal(t, 2, tr.verify(t).Heads)
	})
}

func TestVerify_NamesATrailThatWasChanged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(t *testing.T, tr *trail, number identity.ApplicationNumber)
		want   registry.AuditChange
	}{
		"Cut": {func(t *testing.T, tr *trail, number identity.ApplicationNumber) {
			t.Helper()
			tr.behind(t, `DELETE FROM audit WHERE application = $1 AND seq > 3`, number)
		}, registry.AuditChange{Seq: 4, Gone: true}},
		"CutAndGrown": {func(t *testing.T, tr *trail, number identity.ApplicationNumber) {
			t.Helper()
			tr.behind(t, `DELETE FROM audit WHERE application = $1 AND seq > 3`, number)
			tr.write(t, number, 4)
		}, registry.AuditChange{Seq: 4}},
		"Rewritten": {func(t *testing.T, tr *trail, number identity.ApplicationNumber) {
			t.Helper()
			tr.rewrite(t, number, 2, "CB-001-6666")
		}, registry.AuditChange{Seq: 4}},
		"Deleted": {func(t *testing.T, tr *trail, number identity.ApplicationNumber) {
			t.Helper()
			tr.behind(t, `DELETE FROM audit WHERE application = $1`, number)
		}, registry.AuditChange{Seq: 4, Gone: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrail(t)
			number, other := tr.received(t, "Nguyễn Thị Ánh", 4), tr.received(t, "Trần Văn Bình", 2)
			tr.pass(t)
			tr.write(t, number, 2)
			tr.pass(t)
			require.Empty(t, tr.verify(t).Changed)

			tt.change(t, tr, number)

			want := tt.want
			want.Application = number
			require.Equal(t, []registry.AuditChange{want}, tr.verify(t).Changed)
			require.Empty(t, tr.verify(t, other).Changed)
			tr.pass(t)
			require.Equal(t, []registry.AuditChange{want}, tr.verify(t).Changed, "anchoring goes on, and hides nothing")
		})
	}
}

func TestVerify_FindsALogThatWasChanged(t *testing.T) {
	t.Parallel()
	flip := func(t *testing.T, name string) {
		t.Helper()
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		b[len(b)-2] ^= 1
		require.NoError(t, os.WriteFile(name, b, 0o600))
	}
	for name, tt := range map[string]struct {
		change func(t *testing.T, tr *trail)
		told   string
	}{
		"Leaf": {func(t *testing.T, tr *trail) {
			t.Helper()
			flip(t, filepath.Join(tr.log, "tile/entries/000.p/2"))
		}, "leaf 1 is not what its tile commits to"},
		"Tile": {func(t *testing.T, tr *trail) {
			t.Helper()
			flip(t, filepath.Join(tr.log, "tile/0/000.p/2"))
		}, "leaf 1 is not what its tile commits to"},
		"TileNeverSeen": {func(t *testing.T, tr *trail) {
			t.Helper()
			require.NoError(t, os.Remove(tr.kept))
			flip(t, filepath.Join(tr.log, "tile/0/000.p/2"))
		}, "leaf 1 is not what its tile commits to"},
		"TileGone": {func(t *testing.T, tr *trail) {
			t.Helper()
			require.NoError(t, os.RemoveAll(filepath.Join(tr.log, "tile/0")))
		}, "cannot be "},
		"Checkpoint": {func(t *testing.T, tr *trail) {
			t.Helper()
			flip(t, filepath.Join(tr.log, "checkpoint"))
		}, "not signed by the log's key"},
		"SignedByAnotherKey": {func(t *testing.T, tr *trail) {
			t.Helper()
			require.NoError(t, os.RemoveAll(tr.log))
			key, err := transparency.ReadKey(filepath.Join(tr.dir, "another.key"), true)
			require.NoError(t, err)
			log, err := transparency.Open(tr.log, filepath.Join(tr.dir, "another kept"), key)
			require.NoError(t, err)
			_, err = (&transparency.Anchor{Log: log, Registry: tr}).Pass(t.Context())
			require.NoError(t, err)
		}, "not signed by the log's key"},
		"SetBack": {func(t *testing.T, tr *trail) {
			t.Helper()
			require.NoError(t, os.RemoveAll(tr.log))
			require.NoError(t, os.CopyFS(tr.log, os.DirFS(tr.log+".old")))
		}, "it was set back to an older copy"},
		"SetBackAndGrown": {func(t *testing.T, tr *trail) {
			t.Helper()
			require.NoError(t, os.RemoveAll(tr.log))
			require.NoError(t, os.CopyFS(tr.log, os.DirFS(tr.log+".old")))
			log, err := transparency.Open(tr.log, filepath.Join(tr.dir, "another kept"), tr.key)
			require.NoError(t, err)
			for range 3 {
				tr.received(t, "Lê Thị Cúc", 1)
				_, err = (&transparency.Anchor{Log: log, Registry: tr}).Pass(t.Context())
				require.NoError(t, err)
			}
		}, "it does not hold what the kept checkpoint of 2 leaves commits to"},
		"Gone": {func(t *testing.T, tr *trail) {
			t.Helper()
			require.NoError(t, os.RemoveAll(tr.log))
		}, "it is gone, and had 2 leaves"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrail(t)
			tr.received(t, "Nguyễn Thị Ánh", 2)
			tr.pass(t)
			require.NoError(t, os.CopyFS(tr.log+".old", os.DirFS(tr.log)))
			tr.received(t, "Trần Văn Bình", 2)
			tr.pass(t)
			tr.verify(t)

			tt.change(t, tr)

			tr.refused(t, tt.told)
		})
	}
}

func TestAnchor_BuildsUponNothingThatWasChanged(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	number := tr.received(t, "Nguyễn Thị Ánh", 1)
	tr.pass(t)
	name := filepath.Join(tr.log, "tile/0/000.p/1")
	good, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, make([]byte, len(good)), 0o600))
	tr.write(t, number, 1)

	_, err = tr.anchor.Pass(t.Context())

	require.ErrorIs(t, err, identity.Conflict)
	require.NoError(t, os.WriteFile(name, good, 0o600))
	require.Equal(t, 1, tr.pass(t))
	require.EqualValues(t, 2, tr.verify(t).Leaves)
}

// Files of 256 leaves, and tiles above tiles, fit together however many leaves are added
// at once.
func TestLog_GrowsOverManyTiles(t *testing.T) {
	t.Parallel()
	key, err := transparency.ReadKey(filepath.Join(t.TempDir(), "key"), true)
	require.NoError(t, err)
	dir := t.TempDir()
	log, err := transparency.Open(filepath.Join(dir, "log"), filepath.Join(dir, "kept"), key)
	require.NoError(t, err)
	fake := &heads{}
	anchor := &transparency.Anchor{Log: log, Registry: fake}
	for _, n := range []int{1, 511, 512, 513, 254 * 512, 3 * 512, 70 * 512, 1, 300 * 512} {
		fake.n = n
		_, err := anchor.Pass(t.Context())
		require.NoError(t, err)
		report, err := log.Verify(t.Context(), fake)
		require.NoError(t, err)
		require.Equal(t, fake.given, report.Heads)
	}
	checkpoint, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Greater(t, checkpoint.Size, uint64(512))
	partial, err := filepath.Glob(filepath.Join(dir, "log/tile/entries/000.p"))
	require.NoError(t, err)
	require.Empty(t, partial, "full files take the place of partial ones")

	// Tessera's own check agrees.
	verifier, err := note.NewVerifier(key.Public())
	require.NoError(t, err)
	check := fsck.New(transparency.Origin, verifier, client.FileFetcher{Root: filepath.Join(dir, "log")}, func(b []byte) ([][]byte, error) {
		var bundle api.EntryBundle
		err := bundle.UnmarshalText(b)
		for i, leaf := range bundle.Entries {
			bundle.Entries[i] = rfc6962.DefaultHasher.HashLeaf(leaf)
		}
		return bundle.Entries, err
	}, fsck.Opts{N: 2})
	require.NoError(t, check.Check(t.Context()))
}

// heads is a registry that has n new heads, and changed none.
type heads struct{ n, given int }

func (h *heads) ReadAuditHeads(ctx context.Context, reader registry.AuditReader) (bool, error) {
	if _, err := reader.Since(ctx); err != nil {
		return true, err
	}
	for range h.n {
		h.given++
		hash := sha256.Sum256(strconv.AppendInt(nil, int64(h.given), 10))
		if err := reader.Head(registry.AuditHead{Application: identity.ApplicationNumber("A" + strconv.Itoa(h.given)), Seq: 1, Hash: hash[:]}); err != nil {
			return true, err
		}
	}
	return true, reader.End(1)
}

func (*heads) ChangedHeads(context.Context, []registry.AuditHead) ([]registry.AuditChange, error) {
	return nil, nil
}

func TestKey(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "audit.key")

	_, err := transparency.ReadKey(name, false)
	require.ErrorIs(t, err, os.ErrNotExist)
	made, err := transparency.ReadKey(name, true)
	require.NoError(t, err)
	again, err := transparency.ReadKey(name, false)
	require.NoError(t, err)

	require.Equal(t, made.Public(), again.Public())
	require.True(t, strings.HasPrefix(made.Public(), "cancuoc/audit+"))
	_, err = transparency.OpenPublic("", "", "nonsense")
	require.Error(t, err)
}

// An act that is removed with all that it did, and what nobody signed of a founder, is
// found by the log, and by nothing else.
func TestVerify_NamesActsAndFoundersThatWereChanged(t *testing.T) {
	t.Parallel()
	founder := cast.Founders[1]
	revoke := identity.RevokeOfficer{Officer: cast.Founders[0], Reason: "left"}
	for name, tt := range map[string]struct{ sql, want string }{
		"Removed":   {`WITH o AS (UPDATE officers SET revoked_at = NULL WHERE badge = 'TK-01') DELETE FROM acts WHERE act = 'revoke-officer'`, "the act ID of officer " + string(cast.Founders[0]) + " was anchored and is gone"},
		"Backdated": {`UPDATE acts SET at = at - interval '1 second' WHERE act = 'revoke-officer'`, "the act ID of officer " + string(cast.Founders[0]) + " is not what was anchored"},
		"Roles":     {`UPDATE officers SET roles = roles || '{approving}' WHERE badge = '` + string(founder) + `'`, "the founder " + string(founder) + " is not what was anchored"},
		"Founder":   {`WITH c AS (DELETE FROM credentials WHERE officer = 'TK-1') DELETE FROM officers WHERE badge = 'TK-1'`, "the founder TK-1 was anchored and is gone"},
		"Earlier":   {`UPDATE credentials SET added_at = added_at - interval '1 day' WHERE officer = 'TK-1'`, " of the founder TK-1 is not what was anchored"},
		"Key":       {`UPDATE credentials SET key = '\x302a300506032b6570032100' || sha256('another') WHERE officer = 'TK-1'`, " of the founder TK-1 was anchored and is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrail(t)
			signed := registrytest.Signed(revoke, statement.Officer("TK-01"))
			require.NoError(t, tr.RevokeOfficer(t.Context(), "TK-01", revoke, signed))
			require.Zero(t, tr.pass(t), "there are no chains")
			require.Empty(t, tr.verify(t).Changed)
			_, err := tr.VerifyActs(t.Context())
			require.NoError(t, err)
			leaves := tr.verify(t).Leaves
			require.Zero(t, tr.pass(t))
			require.Equal(t, leaves, tr.verify(t).Leaves, "nothing is anchored again and again")

			tr.exec(t, `SET session_replication_role = replica`)
			tr.exec(t, tt.sql)

			changed := tr.verify(t).Changed
			require.NotEmpty(t, changed)
			var told []string
			for _, c := range changed {
				told = append(told, strings.ReplaceAll(c.String(), signed.ID(), "ID"))
			}
			require.Contains(t, strings.Join(told, "\n"), tt.want)
		})
	}
}

// A founder whom two administrators changed later is what they signed, not what he was.
func TestVerify_AcceptsAFounderWhoWasChanged(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	tr.pass(t)
	act := identity.RegisterOfficer{
		By1: cast.Founders[0], By2: cast.Founders[1],
		Record: identity.Officer{Badge: "TK-01", Unit: identity.UnitCenter, Roles: []identity.Role{identity.Stock}},
	}
	require.NoError(t, tr.RegisterOfficer(t.Context(), act, registrytest.Signed(act, statement.Officer("TK-01"))))
	tr.pass(t)

	require.Empty(t, tr.verify(t).Changed)
	_, err := tr.VerifyActs(t.Context())
	require.NoError(t, err)
	tr.exec(t, `UPDATE officers SET roles = '{approving}' WHERE badge = 'TK-01'`)
	_, err = tr.VerifyActs(t.Context())
	require.ErrorContains(t, err, "officer TK-01: unit, roles or times are not what two administrators signed")
}
