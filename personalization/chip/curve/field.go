package curve

import (
	"math/big"
	"math/bits"
)

// element is a field element in Montgomery form, little-endian limbs. A field
// of 256 bits uses the first four, one of 384 bits all six.
type element [6]uint64

// field is a prime field of 256 or 384 bits whose modulus has its top bit set,
// as all of Brainpool's have. Its arithmetic takes the same time whatever the
// values are. The subtraction of the modulus that ends mul4, mul6 and add is
// written out in each: a function of its own makes point multiplication a tenth
// slower.
type field struct {
	limbs   int // 4 or 6
	modulus element
	negInv  uint64  // -1/modulus mod 2^64
	one     element // 1 in Montgomery form
	square  element // R squared: into Montgomery form
	p       *big.Int
	minus2  []byte // p-2, big-endian: the exponent of an inversion
}

// newField prepares the arithmetic modulo p.
func newField(p *big.Int) *field {
	f := &field{limbs: p.BitLen() / 64, p: p}
	f.modulus = f.limbsOf(p)
	f.negInv = -inverse64(f.modulus[0])
	r := new(big.Int).Lsh(big.NewInt(1), uint(64*f.limbs))
	f.one = f.limbsOf(new(big.Int).Mod(r, p))
	f.square = f.limbsOf(new(big.Int).Mod(new(big.Int).Mul(r, r), p))
	f.minus2 = new(big.Int).Sub(p, big.NewInt(2)).Bytes()
	return f
}

// inverse64 is 1/x modulo 2^64 for an odd x, by Newton's iteration.
func inverse64(x uint64) uint64 {
	inv := x // right to 3 bits
	for range 5 {
		inv *= 2 - x*inv
	}
	return inv
}

// limbsOf splits a number below 2^384.
func (f *field) limbsOf(x *big.Int) element {
	var b [48]byte
	x.FillBytes(b[:])
	var e element
	for i := range e {
		for j := range 8 {
			e[i] |= uint64(b[47-8*i-j]) << (8 * j)
		}
	}
	return e
}

// fromBig takes a number from 0 to p-1 to the field.
func (f *field) fromBig(x *big.Int) element {
	plain := f.limbsOf(x)
	var e element
	f.mul(&e, &plain, &f.square)
	return e
}

// toBig takes an element back to a number.
func (f *field) toBig(e *element) *big.Int {
	var plain element
	f.mul(&plain, e, &element{1})
	b := make([]byte, 8*f.limbs)
	for i := range f.limbs {
		for j := range 8 {
			b[len(b)-1-8*i-j] = byte(plain[i] >> (8 * j) & 0xFF)
		}
	}
	return new(big.Int).SetBytes(b)
}

// mul sets z = x*y.
func (f *field) mul(z, x, y *element) {
	if f.limbs == 4 {
		f.mul4(z, x, y)
		return
	}
	f.mul6(z, x, y)
}

// mulAdd is x*y + add + carry, which fits in two words.
func mulAdd(x, y, add, carry uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(x, y)
	lo, c := bits.Add64(lo, add, 0)
	hi, _ = bits.Add64(hi, 0, c)
	lo, c = bits.Add64(lo, carry, 0)
	hi, _ = bits.Add64(hi, 0, c)
	return hi, lo
}

// mul4 is Montgomery multiplication by rows (CIOS) over four limbs. The products of
// a row are added up separately from the sum so far: two short carry chains run in
// parallel, where one long chain would wait.
func (f *field) mul4(z, x, y *element) {
	p0, p1, p2, p3 := f.modulus[0], f.modulus[1], f.modulus[2], f.modulus[3]
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	var t0, t1, t2, t3, t4, over, c uint64
	for i := range 4 {
		d := y[i]
		h0, l0 := bits.Mul64(x0, d)
		h1, l1 := bits.Mul64(x1, d)
		h2, l2 := bits.Mul64(x2, d)
		h3, l3 := bits.Mul64(x3, d)
		l1, c = bits.Add64(l1, h0, 0)
		l2, c = bits.Add64(l2, h1, c)
		l3, c = bits.Add64(l3, h2, c)
		h3 += c // does not overflow: h3 is the high word of a product
		t0, c = bits.Add64(t0, l0, 0)
		t1, c = bits.Add64(t1, l1, c)
		t2, c = bits.Add64(t2, l2, c)
		t3, c = bits.Add64(t3, l3, c)
		t4, over = bits.Add64(t4, h3, c)

		m := t0 * f.negInv
		h0, l0 = bits.Mul64(m, p0)
		h1, l1 = bits.Mul64(m, p1)
		h2, l2 = bits.Mul64(m, p2)
		h3, l3 = bits.Mul64(m, p3)
		l1, c = bits.Add64(l1, h0, 0)
		l2, c = bits.Add64(l2, h1, c)
		l3, c = bits.Add64(l3, h2, c)
		h3 += c
		_, c = bits.Add64(t0, l0, 0)
		t0, c = bits.Add64(t1, l1, c)
		t1, c = bits.Add64(t2, l2, c)
		t2, c = bits.Add64(t3, l3, c)
		t3, c = bits.Add64(t4, h3, c)
		t4 = over + c
	}
	// t < 2p: subtract p, and take that unless it borrowed.
	s0, b := bits.Sub64(t0, p0, 0)
	s1, b := bits.Sub64(t1, p1, b)
	s2, b := bits.Sub64(t2, p2, b)
	s3, b := bits.Sub64(t3, p3, b)
	_, b = bits.Sub64(t4, 0, b)
	keep := -b
	z[0] = s0 ^ keep&(s0^t0)
	z[1] = s1 ^ keep&(s1^t1)
	z[2] = s2 ^ keep&(s2^t2)
	z[3] = s3 ^ keep&(s3^t3)
}

// mul6 is Montgomery multiplication by rows over six limbs, too many for the
// registers to hold twice.
func (f *field) mul6(z, x, y *element) {
	p := &f.modulus
	x0, x1, x2, x3, x4, x5 := x[0], x[1], x[2], x[3], x[4], x[5]
	var t0, t1, t2, t3, t4, t5, t6 uint64
	for i := range 6 {
		var c, over uint64
		d := y[i]
		c, t0 = mulAdd(x0, d, t0, 0)
		c, t1 = mulAdd(x1, d, t1, c)
		c, t2 = mulAdd(x2, d, t2, c)
		c, t3 = mulAdd(x3, d, t3, c)
		c, t4 = mulAdd(x4, d, t4, c)
		c, t5 = mulAdd(x5, d, t5, c)
		t6, over = bits.Add64(t6, c, 0)

		m := t0 * f.negInv
		c, _ = mulAdd(m, p[0], t0, 0)
		c, t0 = mulAdd(m, p[1], t1, c)
		c, t1 = mulAdd(m, p[2], t2, c)
		c, t2 = mulAdd(m, p[3], t3, c)
		c, t3 = mulAdd(m, p[4], t4, c)
		c, t4 = mulAdd(m, p[5], t5, c)
		t5, c = bits.Add64(t6, c, 0)
		t6 = over + c
	}
	s0, b := bits.Sub64(t0, p[0], 0)
	s1, b := bits.Sub64(t1, p[1], b)
	s2, b := bits.Sub64(t2, p[2], b)
	s3, b := bits.Sub64(t3, p[3], b)
	s4, b := bits.Sub64(t4, p[4], b)
	s5, b := bits.Sub64(t5, p[5], b)
	_, b = bits.Sub64(t6, 0, b)
	keep := -b
	z[0] = s0 ^ keep&(s0^t0)
	z[1] = s1 ^ keep&(s1^t1)
	z[2] = s2 ^ keep&(s2^t2)
	z[3] = s3 ^ keep&(s3^t3)
	z[4] = s4 ^ keep&(s4^t4)
	z[5] = s5 ^ keep&(s5^t5)
}

// add sets z = x+y. Limbs that a field does not use stay zero.
func (f *field) add(z, x, y *element) {
	p := &f.modulus
	var t4, t5 uint64
	t0, c := bits.Add64(x[0], y[0], 0)
	t1, c := bits.Add64(x[1], y[1], c)
	t2, c := bits.Add64(x[2], y[2], c)
	t3, c := bits.Add64(x[3], y[3], c)
	s0, b := bits.Sub64(t0, p[0], 0)
	s1, b := bits.Sub64(t1, p[1], b)
	s2, b := bits.Sub64(t2, p[2], b)
	s3, b := bits.Sub64(t3, p[3], b)
	var s4, s5 uint64
	if f.limbs == 6 {
		t4, c = bits.Add64(x[4], y[4], c)
		t5, c = bits.Add64(x[5], y[5], c)
		s4, b = bits.Sub64(t4, p[4], b)
		s5, b = bits.Sub64(t5, p[5], b)
	}
	_, b = bits.Sub64(c, 0, b)
	keep := -b
	z[0] = s0 ^ keep&(s0^t0)
	z[1] = s1 ^ keep&(s1^t1)
	z[2] = s2 ^ keep&(s2^t2)
	z[3] = s3 ^ keep&(s3^t3)
	z[4] = s4 ^ keep&(s4^t4)
	z[5] = s5 ^ keep&(s5^t5)
}

// sub sets z = x-y.
func (f *field) sub(z, x, y *element) {
	p := &f.modulus
	var t4, t5 uint64
	t0, b := bits.Sub64(x[0], y[0], 0)
	t1, b := bits.Sub64(x[1], y[1], b)
	t2, b := bits.Sub64(x[2], y[2], b)
	t3, b := bits.Sub64(x[3], y[3], b)
	if f.limbs == 6 {
		t4, b = bits.Sub64(x[4], y[4], b)
		t5, b = bits.Sub64(x[5], y[5], b)
	}
	mask := -b // add p back where it borrowed
	var c uint64
	z[0], c = bits.Add64(t0, mask&p[0], 0)
	z[1], c = bits.Add64(t1, mask&p[1], c)
	z[2], c = bits.Add64(t2, mask&p[2], c)
	z[3], c = bits.Add64(t3, mask&p[3], c)
	if f.limbs == 6 {
		z[4], c = bits.Add64(t4, mask&p[4], c)
		z[5], _ = bits.Add64(t5, mask&p[5], c)
	}
}

// pickIfZero sets z = x if y is 0 and leaves z otherwise, in the same time.
func (f *field) pickIfZero(z, y, x *element) {
	var set uint64
	for _, limb := range y {
		set |= limb
	}
	mask := (set|-set)>>63 - 1 // all ones where y is 0
	for i := range z {
		z[i] ^= mask & (z[i] ^ x[i])
	}
}

// invert sets z = 1/x by Fermat's little theorem; 0 gives 0.
func (f *field) invert(z, x *element) {
	var table [16]element
	table[0] = f.one
	for i := 1; i < 16; i++ {
		f.mul(&table[i], &table[i-1], x)
	}
	// The exponent is public, so its digits may choose the factors.
	acc := f.one
	for _, digits := range f.minus2 {
		for _, digit := range [2]byte{digits >> 4, digits & 15} {
			for range 4 {
				f.mul(&acc, &acc, &acc)
			}
			f.mul(&acc, &acc, &table[digit])
		}
	}
	*z = acc
}
