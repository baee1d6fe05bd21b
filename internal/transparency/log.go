// Package transparency anchors the heads of the audit trail's chains in a transparency
// log: a Merkle tree in a folder outside the database, with checkpoints that are signed.
// Whoever cuts entries off a trail, or rewrites one with all hashes after it, would have
// to change the log as well, and cannot without its key; and whoever has the key as well
// cannot change what a checkpoint that somebody kept commits to.
//
// The folder is laid out as C2SP's tlog-tiles has it (https://c2sp.org/tlog-tiles), its
// checkpoint as tlog-checkpoint has it, so that anybody's tools can read and witness it.
// It is read and verified by Tessera's client. Its writer is here, since Tessera's own for
// POSIX folders panics, in a goroutine of its own, where a folder turns read-only, and
// would take the worker with it.
package transparency

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"

	"example.org/cancuoc/internal/durable"
	"example.org/cancuoc/internal/identity"
)

// Origin is the log's name, in its checkpoints and its keys.
const Origin = "cancuoc/audit"

// ed25519Note is the algorithm of a note's Ed25519 signature
// (https://c2sp.org/signed-note).
const ed25519Note = 1

// Key is an Ed25519 key that signs checkpoints.
type Key struct {
	signer note.Signer
	public string
}

// ReadKey reads the key's 32 bytes from a file that its owner alone may read. With
// create, a missing file is made.
func ReadKey(name string, create bool) (Key, error) {
	seed, err := durable.ReadKey(name, create)
	if err != nil {
		return Key{}, fmt.Errorf("read key of the audit log: %w", err)
	}
	public, err := note.NewEd25519VerifierKey(Origin, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
	if err != nil {
		return Key{}, fmt.Errorf("read key of the audit log: %w", err)
	}
	secret := append([]byte{ed25519Note}, seed...)
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", Origin, keyID(secret), base64.StdEncoding.EncodeToString(secret)))
	if err != nil {
		return Key{}, fmt.Errorf("read key of the audit log: %w", err)
	}
	return Key{signer: signer, public: public}, nil
}

// keyID is how a note names the public key of a secret one.
func keyID(secret []byte) uint32 {
	public := ed25519.NewKeyFromSeed(secret[1:]).Public().(ed25519.PublicKey)
	sum := sha256.Sum256(append(append([]byte(Origin+"\n"), ed25519Note), public...))
	return binary.BigEndian.Uint32(sum[:])
}

// Public is the key that checks signatures, as text (a note's verifier key).
func (k Key) Public() string { return k.public }

// Log is a log in a folder. Without a signer it can be read only.
type Log struct {
	dir      string
	kept     string // the file with the last checkpoint that was seen here
	signer   note.Signer
	verifier note.Verifier
	public   string
	files    client.FileFetcher
}

// Open names a log: its folder, the file in which the last checkpoint seen is kept, and
// its key. Nothing is read or made before it is needed.
func Open(dir, kept string, key Key) (*Log, error) {
	l, err := OpenPublic(dir, kept, key.public)
	if err == nil {
		l.signer = key.signer
	}
	return l, err
}

// OpenPublic names a log that is to be read only, with its public key.
func OpenPublic(dir, kept, public string) (*Log, error) {
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, fmt.Errorf("public key of the audit log: %w", err)
	}
	if verifier.Name() != Origin {
		return nil, fmt.Errorf("public key of the audit log: it is of %q, not of %s", verifier.Name(), Origin)
	}
	return &Log{dir: dir, kept: kept, verifier: verifier, public: public, files: client.FileFetcher{Root: dir}}, nil
}

// Exists reports whether there is a log in a folder, or was one, of which a checkpoint is
// kept.
func Exists(dir, kept string) bool {
	for _, name := range []string{filepath.Join(dir, layout.CheckpointPath), kept} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// Checkpoint is what a signed checkpoint commits to.
type Checkpoint struct {
	Size uint64 // how many leaves
	Root []byte // hash of the tree
	raw  []byte
}

// Checkpoint reads the newest checkpoint and checks its signature. Where there is no log
// yet, the error is [fs.ErrNotExist].
func (l *Log) Checkpoint(ctx context.Context) (Checkpoint, error) {
	raw, err := l.files.ReadCheckpoint(ctx)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	return l.parse(raw, "the log's checkpoint")
}

func (l *Log) parse(raw []byte, what string) (Checkpoint, error) {
	c, _, _, err := log.ParseCheckpoint(raw, Origin, l.verifier)
	if err != nil {
		return Checkpoint{}, changed("%s is not signed by the log's key: %s", what, err)
	}
	return Checkpoint{Size: c.Size, Root: c.Hash, raw: raw}, nil
}

// Kept is the last checkpoint that was seen and found consistent here; of size 0, where
// there was none.
func (l *Log) Kept() (Checkpoint, error) {
	raw, err := os.ReadFile(l.kept)
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read kept checkpoint: %w", err)
	}
	return l.parse(raw, "the kept checkpoint")
}

// keep remembers a checkpoint that was found consistent with the one before, unless a
// later one is kept.
func (l *Log) keep(c Checkpoint) error {
	kept, err := l.Kept()
	if err != nil || kept.raw != nil && kept.Size >= c.Size {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(l.kept), 0o700); err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	if err := durable.Replace(l.kept, c.raw); err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	return nil
}

// changed refuses a log that is not what it was.
func changed(format string, args ...any) error {
	return identity.Refuse(identity.Conflict, "the audit log was changed: "+format, args...)
}

// consistent proves that the log of now holds everything that an earlier checkpoint
// commits to.
func (l *Log) consistent(ctx context.Context, before, now Checkpoint) error {
	switch {
	case before.Size > now.Size:
		return changed("it has %d leaves, and had %d before: it was set back to an older copy", now.Size, before.Size)
	case before.Size == 0:
		return nil
	case before.Size == now.Size:
		if !bytes.Equal(before.Root, now.Root) {
			return changed("with the same %d leaves its root is another than that of the kept checkpoint", now.Size)
		}
		return nil
	}
	builder, err := client.NewProofBuilder(ctx, now.Size, l.files.ReadTile)
	if err != nil {
		return fmt.Errorf("prove consistency: %w", err)
	}
	nodes, err := builder.ConsistencyProof(ctx, before.Size, now.Size)
	if err != nil {
		return changed("its consistency with the kept checkpoint of %d leaves cannot be proved: %s", before.Size, err)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, before.Size, now.Size, nodes, before.Root, now.Root); err != nil {
		return changed("it does not hold what the kept checkpoint of %d leaves commits to: %s", before.Size, err)
	}
	return nil
}

// Leaves reads every leaf that a checkpoint commits to, in order, and proves that it is
// included: the leaves of each file against the tiles, the tiles against the root, and
// the root against all leaves together. What follows a leaf that does not belong is not
// read.
func (l *Log) Leaves(ctx context.Context, of Checkpoint, each func(index uint64, leaf []byte) error) error {
	hasher := rfc6962.DefaultHasher
	all := (&compact.RangeFactory{Hash: hasher.HashChildren}).NewEmptyRange(0)
	builder, err := client.NewProofBuilder(ctx, of.Size, l.files.ReadTile)
	if err != nil {
		return fmt.Errorf("prove inclusion: %w", err)
	}
	for first := uint64(0); first < of.Size; first += layout.EntryBundleWidth {
		n := min(layout.EntryBundleWidth, of.Size-first)
		leaves, err := l.bundle(ctx, first, of.Size)
		if err != nil {
			return err
		}
		hashes, err := client.FetchLeafHashes(ctx, l.files.ReadTile, first, n, of.Size)
		if err != nil {
			return changed("the tile of leaves %d to %d cannot be read: %s", first, first+n-1, err)
		}
		for i, leaf := range leaves {
			hash := hasher.HashLeaf(leaf)
			if !bytes.Equal(hash, hashes[i]) {
				return changed("leaf %d is not what its tile commits to", first+uint64(i))
			}
			if err := all.Append(hash, nil); err != nil {
				return fmt.Errorf("hash audit log: %w", err)
			}
		}
		if err := included(ctx, builder, of, first, leaves[0]); err != nil {
			return err
		}
		for i, leaf := range leaves {
			if err := each(first+uint64(i), leaf); err != nil {
				return err
			}
		}
	}
	if of.Size == 0 {
		return nil
	}
	root, err := all.GetRootHash(nil)
	if err != nil {
		return fmt.Errorf("hash audit log: %w", err)
	}
	if !bytes.Equal(root, of.Root) {
		return changed("its leaves do not make the root that the checkpoint commits to")
	}
	return nil
}

// bundle reads the file with the leaves from first on.
func (l *Log) bundle(ctx context.Context, first, size uint64) ([][]byte, error) {
	n := min(layout.EntryBundleWidth, size-first)
	bundle, err := client.GetEntryBundle(ctx, l.files.ReadEntryBundle, first/layout.EntryBundleWidth, size)
	if err != nil {
		return nil, changed("leaves %d to %d cannot be read: %s", first, first+n-1, err)
	}
	if uint64(len(bundle.Entries)) < n {
		return nil, changed("of the leaves %d to %d there are %d", first, first+n-1, len(bundle.Entries))
	}
	return bundle.Entries[:n], nil // the file may hold leaves that were added since
}

// included proves that a checkpoint commits to a leaf.
func included(ctx context.Context, builder *client.ProofBuilder, in Checkpoint, index uint64, leaf []byte) error {
	nodes, err := builder.InclusionProof(ctx, index)
	if err == nil {
		err = proof.VerifyInclusion(rfc6962.DefaultHasher, index, in.Size, rfc6962.DefaultHasher.HashLeaf(leaf), nodes, in.Root)
	}
	if err != nil {
		return changed("leaf %d is not included in the checkpoint: %s", index, err)
	}
	return nil
}

// last reads the last leaf that a checkpoint commits to; nil where there is none.
func (l *Log) last(ctx context.Context, of Checkpoint) ([]byte, error) {
	if of.Size == 0 {
		return nil, nil
	}
	leaves, err := l.bundle(ctx, (of.Size-1)/layout.EntryBundleWidth*layout.EntryBundleWidth, of.Size)
	if err != nil {
		return nil, err
	}
	return leaves[len(leaves)-1], nil
}

// append adds leaves to the tree of a checkpoint, and signs one that commits to them. It
// is the last that is written, so that a crash leaves the log as it was before; what was
// written for it until then is written over.
func (l *Log) append(ctx context.Context, before Checkpoint, leaves [][]byte) (Checkpoint, error) {
	if l.signer == nil {
		return Checkpoint{}, errors.New("the key of the audit log is not here")
	}
	unlock, err := l.lock()
	if err != nil {
		return Checkpoint{}, err
	}
	defer unlock()
	if now, err := l.files.ReadCheckpoint(ctx); err == nil && !bytes.Equal(now, before.raw) {
		return Checkpoint{}, errors.New("another process wrote to the audit log; it is read again")
	}
	tree, err := l.tree(ctx, before)
	if err != nil {
		return Checkpoint{}, err
	}
	hashes := make([][]byte, len(leaves))
	for i, leaf := range leaves {
		hashes[i] = rfc6962.DefaultHasher.HashLeaf(leaf)
		if err := tree.Append(hashes[i], nil); err != nil {
			return Checkpoint{}, fmt.Errorf("hash audit log: %w", err)
		}
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("hash audit log: %w", err)
	}
	if err := l.writeLeaves(ctx, before.Size, leaves); err != nil {
		return Checkpoint{}, err
	}
	for level := uint64(0); len(hashes) > 0; level++ {
		if hashes, err = l.writeTiles(ctx, level, before.Size>>(level*layout.TileHeight), hashes); err != nil {
			return Checkpoint{}, err
		}
	}
	text := log.Checkpoint{Origin: Origin, Size: tree.End(), Hash: root}.Marshal()
	raw, err := note.Sign(&note.Note{Text: string(text)}, l.signer)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("sign checkpoint: %w", err)
	}
	if err := l.write(layout.CheckpointPath, raw); err != nil {
		return Checkpoint{}, err
	}
	l.prune(before.Size, tree.End())
	return Checkpoint{Size: tree.End(), Root: root, raw: raw}, nil
}

// lock keeps other processes from writing, one of which may have lost the registry's turn
// without knowing it.
func (l *Log) lock() (unlock func(), err error) {
	if err := l.folder(l.dir); err != nil {
		return nil, fmt.Errorf("lock audit log: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(l.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock audit log: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock audit log: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil // which unlocks
}

// prune removes the partial files of what became full: whoever asks for one is given the
// full one. One that stays does no harm.
func (l *Log) prune(before, now uint64) {
	for index := before / layout.EntryBundleWidth; index < now/layout.EntryBundleWidth; index++ {
		_ = os.RemoveAll(filepath.Join(l.dir, filepath.Dir(layout.EntriesPath(index, 1))))
	}
	for level := uint64(0); now > 0; level, before, now = level+1, before/layout.TileWidth, now/layout.TileWidth {
		for index := before / layout.TileWidth; index < now/layout.TileWidth; index++ {
			_ = os.RemoveAll(filepath.Join(l.dir, filepath.Dir(layout.TilePath(level, index, 1))))
		}
	}
}

// tree reads the right edge of a checkpoint's tree, and refuses one that does not make
// its root: nothing is built upon what was changed.
func (l *Log) tree(ctx context.Context, of Checkpoint) (*compact.Range, error) {
	factory := &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	if of.Size == 0 {
		return factory.NewEmptyRange(0), nil
	}
	nodes, err := client.FetchRangeNodes(ctx, of.Size, l.files.ReadTile)
	if err != nil {
		return nil, changed("its tiles cannot be read: %s", err)
	}
	tree, err := factory.NewRange(0, of.Size, nodes)
	if err != nil {
		return nil, fmt.Errorf("hash audit log: %w", err)
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		return nil, fmt.Errorf("hash audit log: %w", err)
	}
	if !bytes.Equal(root, of.Root) {
		return nil, changed("its tiles do not make the root that the checkpoint commits to")
	}
	return tree, nil
}

// writeLeaves writes leaves that follow size others: each with its length in two bytes
// in front, 256 in a file.
func (l *Log) writeLeaves(ctx context.Context, size uint64, leaves [][]byte) error {
	var content []byte
	if size%layout.EntryBundleWidth > 0 {
		there, err := l.bundle(ctx, size-size%layout.EntryBundleWidth, size)
		if err != nil {
			return err
		}
		for _, leaf := range there {
			content = appendLeaf(content, leaf)
		}
	}
	for i, leaf := range leaves {
		content = appendLeaf(content, leaf)
		size++
		part := size % layout.EntryBundleWidth
		if part > 0 && i < len(leaves)-1 {
			continue
		}
		if err := l.write(layout.EntriesPath((size-1)/layout.EntryBundleWidth, uint8(part)), content); err != nil {
			return err
		}
		content = nil
	}
	return nil
}

func appendLeaf(b, leaf []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(leaf))), leaf...)
}

// writeTiles writes hashes that follow size others of a level of tiles, and gives those
// of the level above: one for each tile that is full.
func (l *Log) writeTiles(ctx context.Context, level, size uint64, hashes [][]byte) (above [][]byte, err error) {
	index, part := size/layout.TileWidth, size%layout.TileWidth
	var tile api.HashTile
	if part > 0 {
		b, err := l.files.ReadTile(ctx, level, index, uint8(part))
		if err == nil {
			err = tile.UnmarshalText(b)
		}
		if err != nil || uint64(len(tile.Nodes)) < part {
			return nil, changed("a tile of level %d cannot be read: %v", level, err)
		}
		tile.Nodes = tile.Nodes[:part]
	}
	for i, hash := range hashes {
		tile.Nodes = append(tile.Nodes, hash)
		part := len(tile.Nodes) % layout.TileWidth
		if part > 0 && i < len(hashes)-1 {
			continue
		}
		b, err := tile.MarshalText()
		if err != nil {
			return nil, fmt.Errorf("write tile: %w", err)
		}
		if err := l.write(layout.TilePath(level, index, uint8(part)), b); err != nil {
			return nil, err
		}
		if part == 0 {
			above = append(above, rootOf(tile.Nodes))
			tile.Nodes, index = nil, index+1
		}
	}
	return above, nil
}

// rootOf is the root of a full tree over these nodes, of which there is a power of two.
func rootOf(nodes [][]byte) []byte {
	if len(nodes) == 1 {
		return nodes[0]
	}
	return rfc6962.DefaultHasher.HashChildren(rootOf(nodes[:len(nodes)/2]), rootOf(nodes[len(nodes)/2:]))
}

// write writes a file of the log, which outlives a crash with the folders that it is in.
func (l *Log) write(name string, content []byte) error {
	file := filepath.Join(l.dir, name)
	if err := l.folder(filepath.Dir(file)); err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	if err := durable.Replace(file, content); err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}

// folder makes a folder and those above it.
func (l *Log) folder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for ; len(dir) >= len(l.dir); dir = filepath.Dir(dir) {
		if err := durable.SyncFolder(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}
