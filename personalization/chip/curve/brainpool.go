package curve

import (
	"crypto/elliptic"
	"crypto/subtle"
	"math/big"
	"sync"
)

// brainpool is one of the random curves of RFC 5639. It computes on the twisted
// curve, which is isomorphic (by multiplication with powers of z) and has a = -3,
// with the complete formulas of Renes, Costello and Batina (ePrint 2015/1060,
// algorithms 4 and 6). They have no special cases, so nothing branches on a secret.
// Runs of doublings use other coordinates, which are faster (double4).
type brainpool struct {
	params *elliptic.CurveParams
	a      *big.Int
	f      *field
	b      element // of the twisted curve

	zSquare, zCube       element // to the twisted curve
	invSquare, invCube   element // and back
	generator            point
	base                 func() [][16]point // multiples of the generator, by window
	wide                 func() [][]point   // more of them, to verify signatures
	scalarBytes, windows int
}

// point is a point of the twisted curve in projective coordinates, (X/Z, Y/Z).
type point struct{ x, y, z element }

// The parameters of RFC 5639, 3.4 and 3.6: p, a, b, x, y, q and z.
var (
	brainpoolP256r1 = sync.OnceValue(func() *brainpool {
		return newBrainpool("brainpoolP256r1",
			"A9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377",
			"7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9",
			"26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6",
			"8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262",
			"547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997",
			"A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7",
			"3E2D4BD9597B58639AE7AA669CAB9837CF5CF20A2C852D10F655668DFC150EF0")
	})
	brainpoolP384r1 = sync.OnceValue(func() *brainpool {
		return newBrainpool("brainpoolP384r1",
			"8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B412B1DA197FB71123ACD3A729901D1A71874700133107EC53",
			"7BC382C63D8C150C3C72080ACE05AFA0C2BEA28E4FB22787139165EFBA91F90F8AA5814A503AD4EB04A8C7DD22CE2826",
			"04A8C7DD22CE28268B39B55416F0447C2FB77DE107DCD2A62E880EA53EEB62D57CB4390295DBC9943AB78696FA504C11",
			"1D1C64F068CF45FFA2A63A81B7C13F6B8847A3E77EF14FE3DB7FCAFE0CBD10E8E826E03436D646AAEF87B2E247D4AF1E",
			"8ABE1D7520F9C2A45CB1EB8E95CFD55262B70B29FEEC5864E19C054FF99129280E4646217791811142820341263C5315",
			"8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B31F166E6CAC0425A7CF3AB6AF6B7FC3103B883202E9046565",
			"41DFE8DD399331F7166A66076734A89CD0D2BCDB7D068E44E1F378F41ECBAE97D2D63DBC87BCCDDCCC5DA39E8589291C")
	})
)

// newBrainpool prepares a curve from its parameters in hexadecimal.
func newBrainpool(name, p, a, b, x, y, q, z string) *brainpool {
	params := &elliptic.CurveParams{P: hexInt(p), N: hexInt(q), B: hexInt(b), Gx: hexInt(x), Gy: hexInt(y), Name: name}
	params.BitSize = params.P.BitLen()
	f := newField(params.P)
	c := &brainpool{params: params, a: hexInt(a), f: f, scalarBytes: (params.N.BitLen() + 7) / 8}
	c.windows = 2 * c.scalarBytes

	zz := f.fromBig(hexInt(z))
	f.mul(&c.zSquare, &zz, &zz)
	f.mul(&c.zCube, &c.zSquare, &zz)
	f.invert(&c.invSquare, &c.zSquare)
	f.invert(&c.invCube, &c.zCube)
	c.b = f.fromBig(params.B) // b of the twisted curve is b*z^6
	f.mul(&c.b, &c.b, &c.zCube)
	f.mul(&c.b, &c.b, &c.zCube)
	c.generator = c.point(params.Gx, params.Gy)
	c.base = sync.OnceValue(c.baseTable)
	c.wide = sync.OnceValue(func() [][]point { return c.wideTable(c.generator) })
	return c
}

// hexInt reads a constant of this file.
func hexInt(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("curve: malformed parameter")
	}
	return n
}

// Params gives the curve's parameters. CurveParams does not have a, so that its own
// methods compute on another curve: use those of this one.
func (c *brainpool) Params() *elliptic.CurveParams { return c.params }

// IsOnCurve reports whether (x, y) satisfies y² = x³ + ax + b.
func (c *brainpool) IsOnCurve(x, y *big.Int) bool {
	p := c.params.P
	if x.Sign() < 0 || y.Sign() < 0 || x.Cmp(p) >= 0 || y.Cmp(p) >= 0 {
		return false
	}
	f, at := c.f, c.point(x, y) // of the twisted curve: y² = (x² - 3) x + b
	var left, right element
	f.mul(&right, &at.x, &at.x)
	for range 3 {
		f.sub(&right, &right, &f.one)
	}
	f.mul(&right, &right, &at.x)
	f.add(&right, &right, &c.b)
	f.mul(&left, &at.y, &at.y)
	return left == right
}

// Add gives the sum of two points of the curve. (0, 0) is the point at infinity, as
// everywhere in package elliptic.
func (c *brainpool) Add(x1, y1, x2, y2 *big.Int) (x, y *big.Int) {
	p, q := c.checked(x1, y1), c.checked(x2, y2)
	c.add(&p, &p, &q)
	return c.affine(&p)
}

// Double gives the double of a point of the curve.
func (c *brainpool) Double(x1, y1 *big.Int) (x, y *big.Int) {
	p := c.checked(x1, y1)
	c.double(&p, &p)
	return c.affine(&p)
}

// ScalarMult gives k times a point of the curve, by windows of four bits. For k
// below the group's order the time does not depend on k.
func (c *brainpool) ScalarMult(x1, y1 *big.Int, k []byte) (x, y *big.Int) {
	var table [16]point
	table[0] = c.infinity()
	table[1] = c.checked(x1, y1)
	for i := 2; i < 16; i++ {
		if i%2 == 0 {
			c.double(&table[i], &table[i/2])
		} else {
			c.add(&table[i], &table[i-1], &table[1])
		}
	}
	acc := c.infinity()
	var chosen point
	for _, digits := range c.scalar(k) {
		for _, digit := range [2]byte{digits >> 4, digits & 15} {
			c.double4(&acc)
			c.choose(&chosen, &table, digit)
			c.add(&acc, &acc, &chosen)
		}
	}
	return c.affine(&acc)
}

// double4 doubles p four times, in Jacobian coordinates (X/Z², Y/Z³): for a = -3 a
// doubling takes 8 multiplications there and 13 in projective coordinates
// (Bernstein, 2001). It has no special cases: the group's order is odd, and Z stays
// 0 at infinity.
func (c *brainpool) double4(p *point) {
	f := c.f
	var zz, delta, gamma, beta, alpha, t element
	f.mul(&zz, &p.z, &p.z)
	f.mul(&p.x, &p.x, &p.z)
	f.mul(&p.y, &p.y, &zz)
	for range 4 {
		f.mul(&delta, &p.z, &p.z)
		f.mul(&gamma, &p.y, &p.y)
		f.mul(&beta, &p.x, &gamma)
		f.sub(&t, &p.x, &delta)
		f.add(&alpha, &p.x, &delta)
		f.mul(&t, &t, &alpha)
		f.add(&alpha, &t, &t)
		f.add(&alpha, &alpha, &t) // 3 (X-δ)(X+δ)

		f.add(&t, &p.y, &p.z)
		f.mul(&t, &t, &t)
		f.sub(&t, &t, &gamma)
		f.sub(&p.z, &t, &delta) // (Y+Z)² - γ - δ

		f.add(&beta, &beta, &beta)
		f.add(&beta, &beta, &beta)
		f.mul(&p.x, &alpha, &alpha)
		f.sub(&p.x, &p.x, &beta)
		f.sub(&p.x, &p.x, &beta) // α² - 8β

		f.sub(&t, &beta, &p.x)
		f.mul(&t, &alpha, &t)
		f.mul(&gamma, &gamma, &gamma)
		f.add(&gamma, &gamma, &gamma)
		f.add(&gamma, &gamma, &gamma)
		f.add(&gamma, &gamma, &gamma)
		f.sub(&p.y, &t, &gamma) // α (4β - X) - 8γ²
	}
	f.mul(&zz, &p.z, &p.z)
	f.mul(&p.x, &p.x, &p.z)
	f.pickIfZero(&p.y, &p.z, &f.one) // infinity is (0 : 1 : 0)
	f.mul(&p.z, &p.z, &zz)
}

// ScalarBaseMult gives k times the generator, by a table of its multiples that the
// first call makes (140 kB for 256 bits, 200 kB for 384).
func (c *brainpool) ScalarBaseMult(k []byte) (x, y *big.Int) {
	table := c.base()
	acc := c.infinity()
	var chosen point
	scalar := c.scalar(k)
	for i, digits := range scalar {
		low := 2 * (len(scalar) - 1 - i)
		c.choose(&chosen, &table[low], digits&15)
		c.add(&acc, &acc, &chosen)
		c.choose(&chosen, &table[low+1], digits>>4)
		c.add(&acc, &acc, &chosen)
	}
	return c.affine(&acc)
}

// baseTable makes the table: row i has 0 to 15 times 16^i times the generator.
func (c *brainpool) baseTable() [][16]point {
	table := make([][16]point, c.windows)
	unit := c.generator
	for i := range table {
		table[i][0] = c.infinity()
		for j := 1; j < 16; j++ {
			c.add(&table[i][j], &table[i][j-1], &unit)
		}
		c.add(&unit, &table[i][15], &unit)
	}
	return table
}

// scalar brings k to the length of the group's order.
func (c *brainpool) scalar(k []byte) []byte {
	n := new(big.Int).SetBytes(k)
	if n.Cmp(c.params.N) >= 0 {
		n.Mod(n, c.params.N)
	}
	return n.FillBytes(make([]byte, c.scalarBytes))
}

// choose copies table[i], reading all of the table so that the cache does not
// reveal i.
func (c *brainpool) choose(to *point, table *[16]point, i byte) {
	*to = point{}
	for j := range table {
		mask := -uint64(subtle.ConstantTimeByteEq(i, byte(j)))
		from := &table[j]
		for l := range c.f.limbs {
			to.x[l] |= mask & from.x[l]
			to.y[l] |= mask & from.y[l]
			to.z[l] |= mask & from.z[l]
		}
	}
}

// infinity is the neutral element.
func (c *brainpool) infinity() point { return point{y: c.f.one} }

// checked is point for points from outside the package. It panics on a point that
// is not on the curve, as package elliptic does: parsing refuses such a point.
func (c *brainpool) checked(x, y *big.Int) point {
	if x.Sign() == 0 && y.Sign() == 0 {
		return c.infinity()
	}
	if !c.IsOnCurve(x, y) {
		panic("curve: point is not on " + c.params.Name)
	}
	return c.point(x, y)
}

// point takes an affine point of the curve to the twisted curve.
func (c *brainpool) point(x, y *big.Int) point {
	p := point{x: c.f.fromBig(x), y: c.f.fromBig(y), z: c.f.one}
	c.f.mul(&p.x, &p.x, &c.zSquare)
	c.f.mul(&p.y, &p.y, &c.zCube)
	return p
}

// affine takes a point of the twisted curve back to the curve.
func (c *brainpool) affine(p *point) (x, y *big.Int) {
	f := c.f
	if p.z == (element{}) {
		return new(big.Int), new(big.Int)
	}
	var inv, t element
	f.invert(&inv, &p.z)
	f.mul(&t, &p.x, &inv)
	f.mul(&t, &t, &c.invSquare)
	x = f.toBig(&t)
	f.mul(&t, &p.y, &inv)
	f.mul(&t, &t, &c.invCube)
	return x, f.toBig(&t)
}

// add is algorithm 4 of 2015/1060: complete addition for a = -3.
func (c *brainpool) add(r, p, q *point) {
	f := c.f
	var t0, t1, t2, t3, t4, x3, y3, z3 element
	f.mul(&t0, &p.x, &q.x)
	f.mul(&t1, &p.y, &q.y)
	f.mul(&t2, &p.z, &q.z)
	f.add(&t3, &p.x, &p.y)
	f.add(&t4, &q.x, &q.y)
	f.mul(&t3, &t3, &t4)
	f.add(&t4, &t0, &t1)
	f.sub(&t3, &t3, &t4)
	f.add(&t4, &p.y, &p.z)
	f.add(&x3, &q.y, &q.z)
	f.mul(&t4, &t4, &x3)
	f.add(&x3, &t1, &t2)
	f.sub(&t4, &t4, &x3)
	f.add(&x3, &p.x, &p.z)
	f.add(&y3, &q.x, &q.z)
	f.mul(&x3, &x3, &y3)
	f.add(&y3, &t0, &t2)
	f.sub(&y3, &x3, &y3)
	f.mul(&z3, &c.b, &t2)
	f.sub(&x3, &y3, &z3)
	f.add(&z3, &x3, &x3)
	f.add(&x3, &x3, &z3)
	f.sub(&z3, &t1, &x3)
	f.add(&x3, &t1, &x3)
	f.mul(&y3, &c.b, &y3)
	f.add(&t1, &t2, &t2)
	f.add(&t2, &t1, &t2)
	f.sub(&y3, &y3, &t2)
	f.sub(&y3, &y3, &t0)
	f.add(&t1, &y3, &y3)
	f.add(&y3, &t1, &y3)
	f.add(&t1, &t0, &t0)
	f.add(&t0, &t1, &t0)
	f.sub(&t0, &t0, &t2)
	f.mul(&t1, &t4, &y3)
	f.mul(&t2, &t0, &y3)
	f.mul(&y3, &x3, &z3)
	f.add(&y3, &y3, &t2)
	f.mul(&x3, &t3, &x3)
	f.sub(&x3, &x3, &t1)
	f.mul(&z3, &t4, &z3)
	f.mul(&t1, &t3, &t0)
	f.add(&z3, &z3, &t1)
	*r = point{x3, y3, z3}
}

// double is algorithm 6 of 2015/1060: exception-free doubling for a = -3.
func (c *brainpool) double(r, p *point) {
	f := c.f
	var t0, t1, t2, t3, x3, y3, z3 element
	f.mul(&t0, &p.x, &p.x)
	f.mul(&t1, &p.y, &p.y)
	f.mul(&t2, &p.z, &p.z)
	f.mul(&t3, &p.x, &p.y)
	f.add(&t3, &t3, &t3)
	f.mul(&z3, &p.x, &p.z)
	f.add(&z3, &z3, &z3)
	f.mul(&y3, &c.b, &t2)
	f.sub(&y3, &y3, &z3)
	f.add(&x3, &y3, &y3)
	f.add(&y3, &x3, &y3)
	f.sub(&x3, &t1, &y3)
	f.add(&y3, &t1, &y3)
	f.mul(&y3, &x3, &y3)
	f.mul(&x3, &x3, &t3)
	f.add(&t3, &t2, &t2)
	f.add(&t2, &t2, &t3)
	f.mul(&z3, &c.b, &z3)
	f.sub(&z3, &z3, &t2)
	f.sub(&z3, &z3, &t0)
	f.add(&t3, &z3, &z3)
	f.add(&z3, &z3, &t3)
	f.add(&t3, &t0, &t0)
	f.add(&t0, &t3, &t0)
	f.sub(&t0, &t0, &t2)
	f.mul(&t0, &t0, &z3)
	f.add(&y3, &y3, &t0)
	f.mul(&t0, &p.y, &p.z)
	f.add(&t0, &t0, &t0)
	f.mul(&z3, &t0, &z3)
	f.sub(&x3, &x3, &z3)
	f.mul(&z3, &t0, &t1)
	f.add(&z3, &z3, &z3)
	f.add(&z3, &z3, &z3)
	*r = point{x3, y3, z3}
}
