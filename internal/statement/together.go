package statement

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"example.org/cancuoc/internal/identity"
)

// MaxTogether is how many statements one signature may be for.
const MaxTogether = 128

// maxPath bounds the way up a tree of that many leaves, in bytes.
const maxPath = 7 * sha256.Size

// What is hashed begins otherwise than what one statement's challenge is the hash of, and
// a leaf otherwise than what is above it.
const (
	ofLeaf = 0
	ofPair = 1
)

// Together is what a passkey has to sign for several statements at once: the root of a tree
// of hashes whose leaves are their challenges. Each goes on by itself, with its own path to
// the root, and is verified without the others. There must be at most [MaxTogether]; one alone
// has its own challenge, and no path.
func Together(all []Signed) (challenge []byte, paths [][]byte) {
	level, under := make([][]byte, len(all)), make([][]int, len(all))
	paths = make([][]byte, len(all))
	if len(all) == 1 {
		return all[0].Challenge(), paths
	}
	for i, s := range all {
		level[i], under[i] = hashOf(ofLeaf, s.Challenge()), []int{i}
	}
	for len(level) > 1 {
		var above [][]byte
		var leaves [][]int
		for left := 0; left < len(level); left += 2 {
			right := left + 1
			if right == len(level) { // it goes up as it is
				above, leaves = append(above, level[left]), append(leaves, under[left])
				continue
			}
			for _, leaf := range under[left] {
				paths[leaf] = append(paths[leaf], level[right]...)
			}
			for _, leaf := range under[right] {
				paths[leaf] = append(paths[leaf], level[left]...)
			}
			above, leaves = append(above, hashOfPair(level[left], level[right])), append(leaves, slices.Concat(under[left], under[right]))
		}
		level, under = above, leaves
	}
	return level[0], paths
}

// Asked is the challenge that an authenticator has to have answered for a statement: its own,
// or that of the statements that were signed together. It refuses a path that is none.
func (p Passkey) Asked(s Signed) ([]byte, error) {
	if len(p.Path) == 0 {
		return s.Challenge(), nil
	}
	if len(p.Path) > maxPath || len(p.Path)%sha256.Size != 0 {
		return nil, identity.RefuseField(identity.Invalid, "path", "is not the path of one of at most %d statements that were signed together", MaxTogether)
	}
	at := hashOf(ofLeaf, s.Challenge())
	for beside := range slices.Chunk(p.Path, sha256.Size) {
		at = hashOfPair(at, beside)
	}
	return at, nil
}

func hashOf(kind byte, content ...[]byte) []byte {
	sum := sha256.Sum256(append([]byte{kind}, slices.Concat(content...)...))
	return sum[:]
}

// hashOfPair is the same for both orders, so that a path needs no turns.
func hashOfPair(a, b []byte) []byte {
	if bytes.Compare(a, b) > 0 {
		a, b = b, a
	}
	return hashOf(ofPair, a, b)
}
