// Package vault keeps what is secret, encrypted: packets, portraits, fingerprints, chip
// images as blobs of its own, and values that stand in columns of other tables. A blob is
// named by application, kind and attempt, and never changes. Each application has its own
// data key, wrapped by the master key; without that key, all of it is noise.
//
// Start at Vault.Put and Vault.Get.
package vault

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.org/cancuoc/internal/identity"
)

// MaxBlob bounds a blob, in bytes.
const MaxBlob = 8 << 20

// Key names a blob.
type Key struct {
	Application string
	Kind        string
	Attempt     int
}

// String is the additional data that authenticates the blob's ciphertext.
func (k Key) String() string { return fmt.Sprintf("%s/%s/%d", k.Application, k.Kind, k.Attempt) }

// Blob is content to store, under an application and attempt.
type Blob struct {
	Kind      string
	Plaintext []byte
}

// DB is the part of a connection, pool or transaction that the vault uses. In a
// transaction, blobs are stored together with the rows that refer to them.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Wrapper wraps data keys with the master key, which it does not disclose.
type Wrapper interface {
	// Wrap encrypts a data key for that application.
	Wrap(application string, key []byte) ([]byte, error)
	// Unwrap decrypts what Wrap made for the same application.
	Unwrap(application string, wrapped []byte) ([]byte, error)
	// Digest gives 32 bytes that nobody can compute without the master key, and that
	// are the same each time.
	Digest(content []byte) ([]byte, error)
}

// Vault seals and opens blobs.
type Vault struct {
	master Wrapper

	// Unwrapped keys, by the hash of application and wrapped key; emptied when full. The wrapped key is read from the database every time, so
	// that a key made in a transaction that was rolled back is never used again.
	mu   sync.Mutex
	keys map[[sha256.Size]byte]cipher.AEAD
}

// maxKeys bounds the data keys held in memory.
const maxKeys = 10_000

// New makes a vault.
func New(master Wrapper) *Vault {
	return &Vault{master: master, keys: make(map[[sha256.Size]byte]cipher.AEAD)}
}

// Digest gives 32 bytes that nobody can compute without the master key, and that are
// the same for the same content each time.
func (v *Vault) Digest(content []byte) ([]byte, error) { return v.master.Digest(content) }

// Put stores a blob. The same content again changes nothing; other content under
// the same key is refused with Conflict. Two round trips.
func (v *Vault) Put(ctx context.Context, db DB, k Key, plaintext []byte) error {
	sealed, err := v.Seal(ctx, db, k.Application, k.Attempt, []Blob{{Kind: k.Kind, Plaintext: plaintext}})
	if err != nil {
		return err
	}
	tag, err := db.Exec(ctx, insertBlobs, sealed.args()...)
	if err != nil {
		return fmt.Errorf("store %s: %w", k, withoutValues(err))
	}
	if tag.RowsAffected() == 1 {
		return nil
	}
	stored, err := v.Get(ctx, db, k)
	if err == nil && !bytes.Equal(stored, plaintext) {
		return identity.Refuse(identity.Conflict, "the vault has other content under %s", k)
	}
	return err
}

// Sealed is what was encrypted with an application's data key and is not stored yet.
type Sealed struct {
	application string
	key         cipher.AEAD
	wrapped     []byte // a new data key; nil where it is stored already
	attempt     int
	kinds       []string
	blobs       [][]byte
}

// insertBlobs stores blobs, and their application's data key where it is new.
const insertBlobs = `
	WITH made AS (
		INSERT INTO vault_keys (application, wrapped) SELECT $1, $2 WHERE $2::bytea IS NOT NULL
	)
	INSERT INTO vault_blobs (application, kind, attempt, sealed)
	SELECT $1, kind, $3, sealed FROM unnest($4::text[], $5::bytea[]) AS b (kind, sealed)
	ON CONFLICT (application, kind, attempt) DO NOTHING`

func (s *Sealed) args() []any { return []any{s.application, s.wrapped, s.attempt, s.kinds, s.blobs} }

// Column names a value that stands in a column of another table, in the application's
// row with that number. No kind of blob has a dot in its name, and every column has one.
func Column(application, table, column string, row int) Key {
	return Key{Application: application, Kind: table + "." + column, Attempt: row}
}

// Value encrypts a value of the same application, for the caller to store. It opens
// under its key alone, so that nobody can move it to another column or row.
func (s *Sealed) Value(k Key, plaintext []byte) ([]byte, error) {
	if k.Application != s.application {
		return nil, fmt.Errorf("seal %s: with the data key of %s", k, s.application)
	}
	return seal(s.key, k, plaintext), nil
}

// Wrapped is the data key of SealNew as it is stored.
func (s *Sealed) Wrapped() []byte { return s.wrapped }

// Queue adds the storing of the blobs, and of a new data key, to a batch, and so to its
// transaction. What is already stored under their keys stays.
func (s *Sealed) Queue(b *pgx.Batch) {
	if len(s.kinds) > 0 || s.wrapped != nil {
		b.Queue(insertBlobs, s.args()...)
	}
}

// Seal encrypts blobs with the application's data key, which is made if missing. One
// round trip.
func (v *Vault) Seal(ctx context.Context, db DB, application string, attempt int, blobs []Blob) (*Sealed, error) {
	if err := checkSizes(blobs); err != nil {
		return nil, err
	}
	key, err := v.keyForSealing(ctx, db, application)
	if err != nil {
		return nil, err
	}
	return sealAll(key, application, attempt, blobs), nil
}

// SealNew encrypts the blobs of a new application, with a data key that is stored
// with them. No round trip.
func (v *Vault) SealNew(application string, attempt int, blobs []Blob) (*Sealed, error) {
	if err := checkSizes(blobs); err != nil {
		return nil, err
	}
	wrapped, err := v.makeKey(application)
	if err != nil {
		return nil, err
	}
	key, err := v.unwrap(application, wrapped)
	if err != nil {
		return nil, err
	}
	s := sealAll(key, application, attempt, blobs)
	s.wrapped = wrapped
	return s, nil
}

// With gives an application's data key that was read from the database, to seal values.
func (v *Vault) With(application string, wrapped []byte) (*Sealed, error) {
	key, err := v.unwrap(application, wrapped)
	if err != nil {
		return nil, err
	}
	return &Sealed{application: application, key: key}, nil
}

func checkSizes(blobs []Blob) error {
	for _, b := range blobs {
		if len(b.Plaintext) > MaxBlob {
			return identity.Refuse(identity.Invalid, "%s is %d bytes; the vault takes at most %d", b.Kind, len(b.Plaintext), MaxBlob)
		}
	}
	return nil
}

func sealAll(key cipher.AEAD, application string, attempt int, blobs []Blob) *Sealed {
	s := &Sealed{application: application, key: key, attempt: attempt}
	for _, b := range blobs {
		s.kinds = append(s.kinds, b.Kind)
		s.blobs = append(s.blobs, seal(key, Key{application, b.Kind, attempt}, b.Plaintext))
	}
	return s
}

// seal encrypts with AES-256-GCM, bound to the key's name, after a random nonce.
// NIST SP 800-38D section 8.3 allows 2^32 random nonces for a data key; an
// application has a few dozen blobs and values.
func seal(key cipher.AEAD, k Key, plaintext []byte) []byte {
	nonce := make([]byte, key.NonceSize(), key.NonceSize()+len(plaintext)+key.Overhead())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return key.Seal(nonce, nonce, plaintext, []byte(k.String()))
}

// Get opens a blob, or refuses with NotFound. One round trip.
func (v *Vault) Get(ctx context.Context, db DB, k Key) ([]byte, error) {
	var sealed, wrapped []byte
	err := db.QueryRow(ctx, `
		SELECT b.sealed, k.wrapped FROM vault_blobs b JOIN vault_keys k USING (application)
		WHERE b.application = $1 AND b.kind = $2 AND b.attempt = $3`,
		k.Application, k.Kind, k.Attempt).Scan(&sealed, &wrapped)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, identity.Refuse(identity.NotFound, "the vault has no %s", k)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", k, withoutValues(err))
	}
	return v.Open(k, sealed, wrapped)
}

// Open decrypts a blob that was read together with its application's wrapped
// data key.
func (v *Vault) Open(k Key, sealed, wrapped []byte) ([]byte, error) {
	key, err := v.unwrap(k.Application, wrapped)
	if err != nil {
		return nil, err
	}
	if len(sealed) < key.NonceSize() {
		return nil, fmt.Errorf("open %s: it is truncated", k)
	}
	plaintext, err := key.Open(nil, sealed[:key.NonceSize()], sealed[key.NonceSize():], []byte(k.String()))
	if err != nil {
		return nil, fmt.Errorf("open %s: it was altered, moved, or sealed with another key", k)
	}
	return plaintext, nil
}

// keyForSealing reads the application's data key, or makes it. Callers that make it
// at the same time get the same key.
func (v *Vault) keyForSealing(ctx context.Context, db DB, application string) (cipher.AEAD, error) {
	made, err := v.makeKey(application)
	if err != nil {
		return nil, err
	}
	wrapped, err := keep(ctx, db, application, made)
	if errors.Is(err, pgx.ErrNoRows) { // another process made it at this moment; now it is stored
		wrapped, err = keep(ctx, db, application, made)
	}
	if err != nil {
		return nil, fmt.Errorf("store data key of %s: %w", application, withoutValues(err))
	}
	return v.unwrap(application, wrapped)
}

// makeKey draws a data key and wraps it.
func (v *Vault) makeKey(application string) ([]byte, error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	wrapped, err := v.master.Wrap(application, raw)
	if err != nil {
		return nil, fmt.Errorf("wrap data key of %s: %w", application, err)
	}
	return wrapped, nil
}

// keep reads the application's wrapped data key, or stores made as such.
func keep(ctx context.Context, db DB, application string, made []byte) ([]byte, error) {
	var wrapped []byte
	err := db.QueryRow(ctx, `
		WITH kept AS (
			SELECT wrapped FROM vault_keys WHERE application = $1
		), made AS (
			INSERT INTO vault_keys (application, wrapped) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM kept)
			ON CONFLICT (application) DO NOTHING RETURNING wrapped
		)
		SELECT wrapped FROM kept UNION ALL SELECT wrapped FROM made`, application, made).Scan(&wrapped)
	return wrapped, err
}

// unwrap decrypts a data key, or takes it from the cache.
func (v *Vault) unwrap(application string, wrapped []byte) (cipher.AEAD, error) {
	id := sha256.Sum256(append([]byte(application+"\x00"), wrapped...))
	v.mu.Lock()
	key, known := v.keys[id]
	v.mu.Unlock()
	if known {
		return key, nil
	}
	raw, err := v.master.Unwrap(application, wrapped)
	if err != nil {
		return nil, fmt.Errorf("unwrap data key of %s: %w", application, err)
	}
	key, err = aead(raw)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.keys) >= maxKeys {
		clear(v.keys)
	}
	v.keys[id] = key
	return key, nil
}

// withoutValues keeps values, which PostgreSQL names in its details, out of error
// texts: the SQLSTATE is enough to find the cause.
func withoutValues(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("database error (SQLSTATE %s)", pg.Code)
	}
	return err
}

func aead(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("use key: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("use key: %w", err)
	}
	return gcm, nil
}
