package vault_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/vault"
)

// bundle is a database and two vaults on it with one master key, as two
// processes have them.
type bundle struct {
	db          *pgxpool.Pool
	behind      string // URL of a superuser
	vault, twin *vault.Vault
	masterFile  string
}

func newBundle(t *testing.T) bundle {
	t.Helper()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SELECT enter_office('a program')`) // as registry.Open does
		return err
	}
	db, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	behind := registrytest.Behind(t, url)
	owner, err := pgx.Connect(t.Context(), behind)
	require.NoError(t, err)
	defer func() { _ = owner.Close(t.Context()) }()
	_, err = owner.Exec(t.Context(), `ALTER TABLE vault_blobs DISABLE TRIGGER add_evidence`) // here is no application that it could be of
	require.NoError(t, err)
	b := bundle{db: db, behind: behind, masterFile: filepath.Join(t.TempDir(), "keys", "master.key")}
	b.vault, b.twin = openVault(t, b.masterFile), openVault(t, b.masterFile)
	return b
}

func openVault(t *testing.T, file string) *vault.Vault {
	t.Helper()
	master, err := vault.OpenFile(file, true)
	require.NoError(t, err)
	return vault.New(master)
}

var portrait = vault.Key{Application: "7QF3M-9T2XK-5", Kind: "portrait", Attempt: 1}

func TestVault_GivesBackWhatWasPut(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i, content := range [][]byte{{}, []byte("x"), make([]byte, vault.MaxBlob)} {
		k := portrait
		k.Attempt = i

		require.NoError(t, b.vault.Put(t.Context(), b.db, k, content))

		got, err := b.twin.Get(t.Context(), b.db, k)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
	}
	_, err := b.vault.Get(t.Context(), b.db, vault.Key{Application: "other", Kind: "portrait", Attempt: 1})
	require.ErrorIs(t, err, identity.NotFound)
	require.ErrorIs(t, b.vault.Put(t.Context(), b.db, portrait, make([]byte, vault.MaxBlob+1)), identity.Invalid)
}

func TestVault_StoresNoPlaintext(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	secret := []byte("a face that nobody shall see here")

	require.NoError(t, b.vault.Put(t.Context(), b.db, portrait, secret))

	var sealed, wrapped []byte
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT sealed, wrapped FROM vault_blobs JOIN vault_keys USING (application)`).Scan(&sealed, &wrapped))
	require.NotContains(t, string(sealed), "face")
	require.Len(t, sealed, 12+len(secret)+16)
	require.Len(t, wrapped, 12+32+16)
}

func TestVault_ABlobNeverChanges(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, b.vault.Put(t.Context(), b.db, portrait, []byte("first")))

	require.NoError(t, b.twin.Put(t.Context(), b.db, portrait, []byte("first")))
	require.ErrorIs(t, b.twin.Put(t.Context(), b.db, portrait, []byte("other")), identity.Conflict)

	got, err := b.vault.Get(t.Context(), b.db, portrait)
	require.NoError(t, err)
	require.Equal(t, "first", string(got))
}

func TestVault_ConcurrentPutsGetOneDataKey(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			k := portrait
			k.Attempt = i
			errs[i] = []*vault.Vault{b.vault, b.twin}[i%2].Put(t.Context(), b.db, k, []byte(strconv.Itoa(i)))
		})
	}
	wg.Wait()

	require.NoError(t, errors.Join(errs...))
	fresh := openVault(t, b.masterFile)
	for i := range errs {
		k := portrait
		k.Attempt = i
		got, err := fresh.Get(t.Context(), b.db, k)
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(i), string(got))
	}
}

// A blob that is altered, or put in another's place, is not opened.
func TestVault_IsBoundToItsKey(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"Altered":          `UPDATE vault_blobs SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)`,
		"CutShort":         `UPDATE vault_blobs SET sealed = substr(sealed, 1, 10)`,
		"OtherAttempt":     `UPDATE vault_blobs SET attempt = 2`,
		"OtherKind":        `UPDATE vault_blobs SET kind = 'probe'`,
		"OtherApplication": `INSERT INTO vault_keys SELECT 'B', wrapped FROM vault_keys; UPDATE vault_blobs SET application = 'B'`,
		"KeyAltered":       `UPDATE vault_keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			require.NoError(t, b.vault.Put(t.Context(), b.db, portrait, []byte("a face")))

			behind, err := pgx.Connect(t.Context(), b.behind)
			require.NoError(t, err)
			_, err = behind.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
			require.NoError(t, behind.Close(t.Context()))

			var k vault.Key
			require.NoError(t, b.db.QueryRow(t.Context(), `SELECT application, kind, attempt FROM vault_blobs`).Scan(&k.Application, &k.Kind, &k.Attempt))
			_, err = b.vault.Get(t.Context(), b.db, k)
			require.Error(t, err)
		})
	}
}

// A data key made in a transaction that was undone is forgotten, so that what is
// stored later can be read by everybody.
func TestVault_DoesNotReuseAKeyThatWasRolledBack(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	undone := errors.New("undone")
	err := pgx.BeginFunc(t.Context(), b.db, func(tx pgx.Tx) error {
		require.NoError(t, b.vault.Put(t.Context(), tx, portrait, []byte("first")))
		return undone
	})
	require.ErrorIs(t, err, undone)

	require.NoError(t, b.vault.Put(t.Context(), b.db, portrait, []byte("second")))

	got, err := b.twin.Get(t.Context(), b.db, portrait)
	require.NoError(t, err)
	require.Equal(t, "second", string(got))
}

func TestOpenFile_ProcessesThatStartTogetherGetOneMasterKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys", "master.key")
	masters := make([]*vault.FileWrapper, 8)
	errs := make([]error, len(masters))
	var wg sync.WaitGroup
	for i := range masters {
		wg.Go(func() { masters[i], errs[i] = vault.OpenFile(file, true) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))

	wrapped, err := masters[0].Wrap("A", []byte("a data key of thirty-two bytes!!"))
	require.NoError(t, err)
	for _, m := range masters {
		key, err := m.Unwrap("A", wrapped)
		require.NoError(t, err)
		require.Equal(t, "a data key of thirty-two bytes!!", string(key))
		_, err = m.Unwrap("B", wrapped)
		require.Error(t, err)
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestOpenFile_RefusesAFileThatIsNotAKey(t *testing.T) {
	t.Parallel()
	good := []byte("a master key of thirty-two bytes")
	for name, tt := range map[string]struct {
		content []byte
		mode    os.FileMode
		told    string
	}{
		"Short":       {[]byte("short"), 0o600, "32 are required"},
		"LineBreak":   {append(good[:32:32], '\n'), 0o600, "32 are required"},
		"Empty":       {nil, 0o600, "32 are required"},
		"Zeros":       {make([]byte, 32), 0o600, "random"},
		"OpenToGroup": {good, 0o640, "0600"},
		"OpenToAll":   {good, 0o604, "0600"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "master.key")
			require.NoError(t, os.WriteFile(file, tt.content, 0o600))
			require.NoError(t, os.Chmod(file, tt.mode))

			_, err := vault.OpenFile(file, true)

			require.ErrorContains(t, err, tt.told)
			kept, err := os.ReadFile(file)
			require.NoError(t, err)
			require.True(t, bytes.Equal(tt.content, kept)) // never written over
		})
	}
}

// Production is given its key: a path that leads nowhere is a fault, and no key
// that nobody has a copy of.
func TestOpenFile_MakesAKeyOnlyWhereAsked(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys", "master.key")

	_, err := vault.OpenFile(file, false)

	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoDirExists(t, filepath.Dir(file))

	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte("a master key of thirty-two bytes"), 0o400)) // as secrets are mounted
	_, err = vault.OpenFile(file, false)
	require.NoError(t, err)
}

func BenchmarkVault_Seal(b *testing.B) {
	master, err := vault.OpenFile(filepath.Join(b.TempDir(), "master.key"), true)
	require.NoError(b, err)
	v := vault.New(master)
	blob := make([]byte, 1<<20)
	_, _ = rand.Read(blob)
	b.SetBytes(int64(len(blob)))
	for b.Loop() {
		_, err := v.SealNew("A", 1, []vault.Blob{{Kind: "packet", Plaintext: blob}})
		require.NoError(b, err)
	}
}

var _ vault.DB = (*pgx.Conn)(nil)
