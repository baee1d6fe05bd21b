package curve_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"slices"
	"testing"

	"github.com/osanderson/brainpool"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/curve"
)

// group is elliptic.Curve, whose methods are deprecated for the standard library's
// curves.
type group interface {
	Params() *elliptic.CurveParams
	IsOnCurve(x, y *big.Int) bool
	Add(x1, y1, x2, y2 *big.Int) (x, y *big.Int)
	Double(x1, y1 *big.Int) (x, y *big.Int)
	ScalarMult(x1, y1 *big.Int, k []byte) (x, y *big.Int)
	ScalarBaseMult(k []byte) (x, y *big.Int)
}

// pairs are the Brainpool curves, each with another author's implementation.
func pairs() map[string][2]group {
	return map[string][2]group{
		"brainpoolP256r1": {curve.BrainpoolP256r1(), brainpool.P256r1()},
		"brainpoolP384r1": {curve.BrainpoolP384r1(), brainpool.P384r1()},
	}
}

func TestBrainpool_AgreesWithAnotherImplementation(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := pair[0], pair[1]
			require.Equal(t, theirs.Params().Gx, ours.Params().Gx)
			require.Equal(t, theirs.Params().N, ours.Params().N)
			require.Equal(t, theirs.Params().P, ours.Params().P)
			n := ours.Params().N
			scalars := [][]byte{
				{},
				{1},
				{2},
				{3},
				{15},
				{16},
				{17},
				{255},
				make([]byte, 80),
				new(big.Int).Sub(n, big.NewInt(1)).Bytes(),
				new(big.Int).Sub(n, big.NewInt(2)).Bytes(),
				new(big.Int).Rsh(n, 1).Bytes(),
			}
			for range 8 {
				k, err := rand.Int(rand.Reader, n)
				require.NoError(t, err)
				scalars = append(scalars, k.Bytes())
			}
			x, y := ours.Params().Gx, ours.Params().Gy
			for i, k := range scalars {
				wantX, wantY := theirs.ScalarMult(x, y, k)
				gotX, gotY := ours.ScalarMult(x, y, k)
				equal(t, wantX, wantY, gotX, gotY)
				wantX, wantY = theirs.ScalarBaseMult(k)
				gotX, gotY = ours.ScalarBaseMult(k)
				equal(t, wantX, wantY, gotX, gotY)
				if gotX.Sign() != 0 {
					require.True(t, ours.IsOnCurve(gotX, gotY), "scalar %d", i)
					x, y = gotX, gotY
				}
			}
		})
	}
}

func TestBrainpool_InfinityAndOpposites(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := pair[0]
			g := c.Params()
			zero := new(big.Int)
			opposite := new(big.Int).Sub(g.P, g.Gy)

			x, y := c.Add(g.Gx, g.Gy, g.Gx, opposite)
			equal(t, zero, zero, x, y)
			x, y = c.Add(g.Gx, g.Gy, zero, zero)
			equal(t, g.Gx, g.Gy, x, y)
			x, y = c.Double(zero, zero)
			equal(t, zero, zero, x, y)
			x, y = c.ScalarBaseMult(g.N.Bytes())
			equal(t, zero, zero, x, y)
			x, y = c.ScalarMult(g.Gx, g.Gy, new(big.Int).Add(g.N, big.NewInt(1)).Bytes())
			equal(t, g.Gx, g.Gy, x, y)
			x, y = c.Add(g.Gx, g.Gy, g.Gx, g.Gy)
			wantX, wantY := c.Double(g.Gx, g.Gy)
			equal(t, wantX, wantY, x, y)
			require.Panics(t, func() { c.Double(g.Gx, g.Gx) })
			require.False(t, c.IsOnCurve(new(big.Int).Add(g.Gx, g.P), g.Gy))
		})
	}
}

func equal(t *testing.T, wantX, wantY, gotX, gotY *big.Int) {
	t.Helper()
	require.Zero(t, wantX.Cmp(gotX))
	require.Zero(t, wantY.Cmp(gotY))
}

func TestPrecompute_VerifiesLikeTheKeyItself(t *testing.T) {
	t.Parallel()
	for _, on := range curves() {
		t.Run(on.Params().Name, func(t *testing.T) {
			t.Parallel()
			key, err := curve.GenerateKey(on, rand.Reader)
			require.NoError(t, err)
			prepared := curve.Precompute(&key.PublicKey)

			for i := range 20 {
				digest := sha256.Sum256([]byte{byte(i)})
				signature, err := curve.Sign(rand.Reader, key, digest[:], crypto.SHA256)
				require.NoError(t, err)
				require.NoError(t, curve.Verify(prepared, digest[:], signature))
				digest[i] ^= 1
				require.ErrorIs(t, curve.Verify(prepared, digest[:], signature), curve.ErrSignature)
			}
		})
	}
	for name, pair := range pairs() {
		on, err := curve.ByName(name)
		require.NoError(t, err)
		g := on.Params()
		generator, err := curve.ParsePoint(on, slices.Concat([]byte{4}, g.Gx.FillBytes(make([]byte, curve.Size(on))), g.Gy.FillBytes(make([]byte, curve.Size(on)))))
		require.NoError(t, err)
		var fast group = curve.Precompute(generator).Curve
		for _, k := range [][]byte{{}, {1}, {2}, {0xFF}, {1, 0}, g.N.Bytes(), new(big.Int).Sub(g.N, big.NewInt(1)).Bytes()} {
			wantX, wantY := pair[0].ScalarBaseMult(k)
			x, y := fast.ScalarBaseMult(k)
			equal(t, wantX, wantY, x, y)
			x, y = fast.ScalarMult(g.Gx, g.Gy, k)
			equal(t, wantX, wantY, x, y)
		}
		x, y := pair[0].Double(g.Gx, g.Gy)
		wantX, wantY := pair[0].ScalarMult(x, y, []byte{7})
		gotX, gotY := fast.ScalarMult(x, y, []byte{7}) // another point
		equal(t, wantX, wantY, gotX, gotY)
		x, y = fast.Add(g.Gx, g.Gy, g.Gx, new(big.Int).Sub(g.P, g.Gy))
		equal(t, new(big.Int), new(big.Int), x, y)
	}
}

func FuzzBrainpool(f *testing.F) {
	f.Add([]byte{1}, []byte{2})
	f.Add(make([]byte, 48), []byte{0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, k, l []byte) {
		if len(k) > 64 || len(l) > 64 {
			return
		}
		for _, pair := range pairs() {
			ours, theirs := pair[0], pair[1]
			x, y := ours.ScalarBaseMult(k)
			if x.Sign() == 0 {
				continue
			}
			gotX, gotY := ours.ScalarMult(x, y, l)
			wantX, wantY := theirs.ScalarMult(x, y, l)
			equal(t, wantX, wantY, gotX, gotY)
			wantX, wantY = theirs.Add(x, y, wantX, wantY)
			gotX, gotY = ours.Add(x, y, gotX, gotY)
			equal(t, wantX, wantY, gotX, gotY)
		}
	})
}

func BenchmarkScalarMult(b *testing.B) {
	for _, c := range []group{curve.P256(), curve.BrainpoolP256r1(), curve.P384(), curve.BrainpoolP384r1()} {
		k := new(big.Int).Sub(c.Params().N, big.NewInt(12345)).Bytes()
		b.Run(c.Params().Name+"/Point", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.ScalarMult(c.Params().Gx, c.Params().Gy, k)
			}
		})
		b.Run(c.Params().Name+"/Generator", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.ScalarBaseMult(k)
			}
		})
	}
}
