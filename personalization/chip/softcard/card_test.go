package softcard

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/tlv"
)

func blankCard(tb testing.TB) *Card {
	tb.Helper()
	c, err := New(Blank{ChipSerial: testSerial, Keys: transportKeys()}, Options{})
	require.NoError(tb, err)
	return c
}

// domain selects the issuer security domain and opens a secure channel.
func domain(tb testing.TB, c *Card) *securechannel.Session {
	tb.Helper()
	r, err := apdu.Send(tb.Context(), c, apdu.Command{INS: 0xA4, P1: 4, P2: 0x0C, Data: globalplatform.IssuerSecurityDomain()})
	require.NoError(tb, err)
	require.NoError(tb, r.Err())
	s, err := securechannel.Open(tb.Context(), c, transportKeys(), securechannel.FullProtection, rand.Reader)
	require.NoError(tb, err)
	return s
}

// expect sends commands through the channel and compares the status words.
func expect(tb testing.TB, s *securechannel.Session, want apdu.Status, c apdu.Command) {
	tb.Helper()
	c.CLA |= 0x80
	r, err := s.Send(tb.Context(), c)
	require.NoError(tb, err)
	require.ErrorIs(tb, r.SW, want)
}

func installCommand(module string) apdu.Command {
	aid := unhexed(module)
	data := []byte{5}
	data = append(data, aid[:5]...)
	data = append(append(data, byte(len(aid)&0xFF)), aid...)
	data = append(append(data, byte(len(aid)&0xFF)), aid...)
	return apdu.Command{INS: 0xE6, P1: 0x0C, Data: append(data, 1, 0, 0, 0)}
}

func unhexed(s string) []byte {
	n, _ := new(big.Int).SetString(s, 16)
	return n.Bytes()
}

func TestSecurityDomain_LifeCycleDataIsPublic(t *testing.T) {
	t.Parallel()
	c := blankCard(t)

	r, err := apdu.Send(t.Context(), c, apdu.Command{CLA: 0x80, INS: 0xCA, P1: 0x9F, P2: 0x7F, Le: 256})

	require.NoError(t, err)
	node, err := tlv.ParseOnly(r.Data, 0x9F7F)
	require.NoError(t, err)
	require.Equal(t, testSerial, append(bytes.Clone(node.Value[:2]), node.Value[10:18]...))
	converse(t, c, [][2]string{{"80CA00E000", "E012C00401308810C00402308810C00403308810 9000"}})
	r, err = apdu.Send(t.Context(), c, apdu.Command{CLA: 0x80, INS: 0xCA, P2: 0x66, Le: 256})
	require.NoError(t, err)
	protocol, err := tlv.Find(r.Data, 0x66, 0x73, 0x64, 0x06)
	require.NoError(t, err)
	require.Equal(t, []byte{3, 0x70}, protocol.Value[len(protocol.Value)-2:])
}

func TestSecurityDomain_RefusesWithoutAChannel(t *testing.T) {
	t.Parallel()
	converse(t, blankCard(t), [][2]string{
		{"80F28002024F0000", "6982"},
		{"80E60C0001AA", "6982"},
		{"80E2800001AA", "6982"},
		{"80D8008101AA", "6982"},
		{"80F0800F", "6982"},
		{"80E40000024F00", "6982"},
		{"00D6000001AA", "6982"},
		{"80CADF2000", "6982"},
		{"84F2800208AAAAAAAAAAAAAAAA", "6982"},
	})
}

func TestSecurityDomain_WrongKeyVersionAndWrongCryptogram(t *testing.T) {
	t.Parallel()
	c := blankCard(t)
	r, err := apdu.Send(t.Context(), c, apdu.Command{CLA: 0x80, INS: 0x50, P1: 0x55, Data: make([]byte, 8), Le: 256})
	require.NoError(t, err)
	require.ErrorIs(t, r.SW, apdu.ReferenceNotFound)
	r, err = apdu.Send(t.Context(), c, apdu.Command{CLA: 0x80, INS: 0x50, P1: 0x30, Data: make([]byte, 8), Le: 256})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	r, err = apdu.Send(t.Context(), c, apdu.Command{CLA: 0x84, INS: 0x82, P1: 0x33, Data: make([]byte, 16)})
	require.NoError(t, err)
	require.ErrorIs(t, r.SW, apdu.SecurityNotSatisfied)
	r, err = apdu.Send(t.Context(), c, apdu.Command{CLA: 0x84, INS: 0x82, P1: 0x33, Data: make([]byte, 16)})
	require.NoError(t, err)
	require.ErrorIs(t, r.SW, apdu.ConditionsNotSatisfied)
}

func TestSecurityDomain_LifeCycleGoesForwardOnly(t *testing.T) {
	t.Parallel()
	c := blankCard(t)
	s := domain(t, c)

	expect(t, s, apdu.ConditionsNotSatisfied, apdu.Command{INS: 0xF0, P1: 0x80, P2: 0x0F}) // not past INITIALIZED
	expect(t, s, apdu.OK, apdu.Command{INS: 0xF0, P1: 0x80, P2: 0x07})
	require.Equal(t, globalplatform.Initialized, c.LifeCycle())
	expect(t, s, apdu.WrongParameters, apdu.Command{INS: 0xF0, P1: 0x80, P2: 0x01})
	expect(t, s, apdu.OK, apdu.Command{INS: 0xF0, P1: 0x80, P2: 0x0F})
	require.Equal(t, globalplatform.Secured, c.LifeCycle())
	expect(t, s, apdu.ConditionsNotSatisfied, apdu.Command{INS: 0xF0, P1: 0x80, P2: 0x07})
	expect(t, s, apdu.OK, apdu.Command{INS: 0xF2, P1: 0x80, P2: 0x02, Data: []byte{0x4F, 0}, Le: 256})
}

func TestInstall_RefusesUnknownModulesAndApplications(t *testing.T) {
	t.Parallel()
	s := domain(t, blankCard(t))

	expect(t, s, apdu.ReferenceNotFound, installCommand("a000000724560199"))
	expect(t, s, apdu.OK, installCommand(moduleEMRTD))
	expect(t, s, apdu.NameExists, installCommand(moduleEMRTD))
	expect(t, s, apdu.WrongData, apdu.Command{INS: 0xE6, P1: 0x0C, Data: []byte{9, 1}})
	expect(t, s, apdu.ConditionsNotSatisfied, apdu.Command{INS: 0xF0, P1: 0x40, P2: 0x0F, Data: unhexed(moduleEMRTD)}) // nothing in it
	expect(t, s, apdu.OK, apdu.Command{INS: 0xE4, Data: tlv.Encode(0x4F, unhexed(moduleEMRTD))})
	expect(t, s, apdu.ReferenceNotFound, apdu.Command{INS: 0xE4, Data: tlv.Encode(0x4F, unhexed(moduleEMRTD))})
}

func TestStoreData_ChecksOrderAndBounds(t *testing.T) {
	t.Parallel()
	begin := apdu.Command{INS: 0xE6, P1: 0x20, Data: append(append([]byte{0, 0, 7}, unhexed(moduleEMRTD)...), 0, 0, 0)}
	for name, tt := range map[string]struct {
		commands []apdu.Command
		last     apdu.Status
	}{
		"a block left out":   {[]apdu.Command{{P1: 0x08, Data: []byte{1, 1, 1, 9}}, {P1: 0x88, P2: 2, Data: []byte{1, 2, 1, 9}}}, apdu.WrongParameters},
		"ends in the middle": {[]apdu.Command{{P1: 0x88, Data: []byte{1, 1, 5, 9}}}, apdu.WrongData},
		"goes on in a block": {[]apdu.Command{{P1: 0x08, Data: []byte{1, 1, 3, 9}}, {P1: 0x88, P2: 1, Data: []byte{9, 9}}}, apdu.OK},
		"twice the same":     {[]apdu.Command{{P1: 0x88, Data: []byte{1, 1, 1, 9}}, {P1: 0x88, Data: []byte{1, 1, 1, 9}}}, apdu.FileExists},
		"a secret in plain":  {[]apdu.Command{{P1: 0x88, Data: []byte{0x80, 2, 1, 9}}}, apdu.WrongData},
		"not a secret":       {[]apdu.Command{{P1: 0xE8, Data: append([]byte{0x80, 2, 16}, make([]byte, 16)...)}}, apdu.WrongData},
		"no structure":       {[]apdu.Command{{P1: 0x80, Data: []byte{1}}}, apdu.WrongParameters},
		"header cut short":   {[]apdu.Command{{P1: 0x88, Data: []byte{1}}}, apdu.WrongData},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := domain(t, blankCard(t))
			expect(t, s, apdu.OK, installCommand(moduleEMRTD))
			expect(t, s, apdu.OK, begin)

			for i, c := range tt.commands {
				c.INS = 0xE2
				want := apdu.OK
				if i == len(tt.commands)-1 {
					want = tt.last
				}
				expect(t, s, want, c)
			}
		})
	}
}

func TestSnapshot_IsTheWholeCard(t *testing.T) {
	t.Parallel()
	c := finished(t, nil, lds.Files{lds.DG1: {0x61, 0}}, map[uint16][]byte{secretCAN: []byte("123456")})

	restored, err := Restore(c.Snapshot(), Options{})

	require.NoError(t, err)
	require.Equal(t, c.Snapshot(), restored.Snapshot())
	require.Equal(t, globalplatform.Secured, restored.LifeCycle())
	require.Equal(t, c.ChipSerial(), restored.ChipSerial())
	for n := range c.Snapshot() {
		_, err := Restore(c.Snapshot()[:n], Options{})
		require.ErrorIs(t, err, ErrSnapshot)
	}
}

func TestPowerLoss_TheSequenceCounterNeverGoesBack(t *testing.T) {
	t.Parallel()
	c := blankCard(t)
	initialize := apdu.Command{CLA: 0x80, INS: 0x50, Data: make([]byte, 8), Le: 256}
	first, err := apdu.Send(t.Context(), c, initialize)
	require.NoError(t, err)
	c.PowerLossAfter(0, AfterCommit)

	_, err = apdu.Send(t.Context(), c, initialize)
	require.ErrorIs(t, err, ErrPowerLost)
	_, err = apdu.Send(t.Context(), c, initialize)
	require.ErrorIs(t, err, ErrPowerLost)
	require.NoError(t, c.Reset(t.Context()))
	third, err := apdu.Send(t.Context(), c, initialize)

	require.NoError(t, err)
	require.Equal(t, byte(1), first.Data[31])
	require.Equal(t, byte(3), third.Data[31])
}

func TestChaining_JoinsDataAndEndsCleanly(t *testing.T) {
	t.Parallel()
	c := finished(t, nil, lds.Files{lds.CardAccess: {0x31, 0}}, nil)

	converse(t, c, [][2]string{
		{"10A4020C0101", "9000"},
		{"00A4020C011C", "9000"},
		{"00B0000000", "31009000"},
		{"10A4020C0101", "9000"},
		{"10B0000001AA", "6883"},
		{"00B0000000", "31009000"},
	})
}

func TestActiveAuthentication_SignsWithEveryKindOfKey(t *testing.T) {
	t.Parallel()
	challenge := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	command := apdu.Command{INS: 0x88, Data: challenge, Le: 65536}
	t.Run("P-384", func(t *testing.T) {
		t.Parallel()
		key, err := curve.GenerateKey(curve.P384(), rand.Reader)
		require.NoError(t, err)
		der, err := curve.MarshalPrivateKey(key, curve.Named)
		require.NoError(t, err)
		s := accessed(t, finished(t, nil, nil, map[uint16][]byte{secretActiveAuthentication: der}))

		r := s.send(command)

		require.NoError(t, r.Err())
		require.Len(t, r.Data, 96)
	})
	t.Run("RSA", func(t *testing.T) {
		t.Parallel()
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		s := accessed(t, finished(t, nil, nil, map[uint16][]byte{secretActiveAuthentication: der}))

		r := s.send(command)

		require.NoError(t, r.Err())
		opened := new(big.Int).Exp(new(big.Int).SetBytes(r.Data), big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, 256))
		require.Equal(t, byte(0x6A), opened[0])
		require.Equal(t, []byte{0x34, 0xCC}, opened[254:])
		sum := sha256.Sum256(append(bytes.Clone(opened[1:222]), challenge...))
		require.Equal(t, sum[:], opened[222:254])
	})
	t.Run("a chip that refuses", func(t *testing.T) {
		t.Parallel()
		key, err := curve.GenerateKey(curve.P256(), rand.Reader)
		require.NoError(t, err)
		der, err := curve.MarshalPrivateKey(key, curve.Named)
		require.NoError(t, err)
		c := finished(t, nil, nil, map[uint16][]byte{secretActiveAuthentication: der})
		c.defects.RefuseActiveAuthentication = true

		require.ErrorIs(t, accessed(t, c).send(command).SW, apdu.ConditionsNotSatisfied)
	})
}

func TestDefects_OneByteReadsWrong(t *testing.T) {
	t.Parallel()
	c := finished(t, nil, lds.Files{lds.DG1: {0x61, 3, 1, 2, 3}}, nil)
	c.defects = Defects{CorruptFile: 0x0101, CorruptOffset: 3}

	r := accessed(t, c).send(apdu.Command{INS: 0xB0, P1: 0x81, P2: 2, Le: 3})

	require.Equal(t, []byte{1, 0xFD, 3}, r.Data)
}

// The test is the virtual reader: it sends control bytes and commands.
func TestServeVPCD_AnswersTheVirtualReader(t *testing.T) {
	t.Parallel()
	c := finished(t, nil, lds.Files{lds.CardAccess: {0x31, 0}}, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- ServeVPCD(ctx, listener.Addr().String(), c) }()
	conn, err := listener.Accept()
	require.NoError(t, err)
	say := func(b ...byte) {
		_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
		require.NoError(t, err)
	}
	hear := func() []byte {
		b, err := readFrame(conn)
		require.NoError(t, err)
		return b
	}

	say(vpcdOn)
	say(vpcdATR)
	require.Equal(t, c.ATR(), hear())
	say(unhex(t, "00A4020C02011C")...)
	require.Equal(t, []byte{0x90, 0}, hear())
	say(unhex(t, "FFCA000000")...) // to the reader: the chip's identifier, a random one
	uid := hear()
	require.Len(t, uid, 6)
	require.Equal(t, []byte{0x08, 0x90, 0}, []byte{uid[0], uid[4], uid[5]})
	say(unhex(t, "FFCA010000")...) // and its historical bytes
	require.Equal(t, unhex(t, "8073C021C09000"), hear())
	say(unhex(t, "FFCA020000")...)
	require.Equal(t, []byte{0x6A, 0x81}, hear())
	say(unhex(t, "FF00000000")...)
	require.Equal(t, []byte{0x6D, 0x00}, hear())
	say(vpcdReset)
	say(unhex(t, "00B0000000")...)
	require.Equal(t, []byte{0x69, 0x86}, hear()) // the reset has forgotten the file
	say(vpcdOff)
	cancel()

	require.NoError(t, <-served)
	require.NoError(t, conn.Close())
	require.NoError(t, listener.Close())
}

func TestServeVPCD_ReportsThatTheReaderIsGone(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	card := blankCard(t)
	go func() { served <- ServeVPCD(t.Context(), listener.Addr().String(), card) }()
	conn, err := listener.Accept()
	require.NoError(t, err)
	require.NoError(t, conn.Close())

	require.ErrorIs(t, <-served, io.ErrUnexpectedEOF)
	require.NoError(t, listener.Close())
}

// heapLimit bounds the memory that any input makes the card use, in bytes.
const heapLimit = 16 << 20

// FuzzCard sends commands, each after one byte of length, to a blank card and to a
// locked one. The card answers every command and stays small.
func FuzzCard(f *testing.F) {
	document := finished(f, nil,
		lds.Files{
			lds.CardAccess: unhex(f, "31143012060A04007F0007020204020202010202010D"),
			lds.COM:        {0x60, 0}, lds.DG1: {0x61, 3, 1, 2, 3}, lds.SOD: {0x77, 0},
		},
		map[uint16][]byte{secretMRZ: []byte("L898902C<369080619406236"), secretCAN: []byte("123456")}).Snapshot()
	blank := blankCard(f).Snapshot()
	for _, seed := range []string{
		"0D00A4040C07A0000002471001 0500840000 08",
		"0E0022C1A40980020101830101 08 1086000002 7C0000",
		"07 00B0810000 0000 07 0CB0810000 0000",
		"0E 8050000008010203040506070800 15 84823300 10 00000000000000000000000000000000",
	} {
		f.Add(unhex(f, seed), true)
		f.Add(unhex(f, seed), false)
	}
	f.Fuzz(func(t *testing.T, script []byte, locked bool) {
		snapshot := blank
		if locked {
			snapshot = document
		}
		c, err := Restore(snapshot, Options{Random: mathrand.NewChaCha8([32]byte{}), Wait: func(context.Context, time.Duration) error { return nil }}) // one input, one path
		require.NoError(t, err)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if len(script)%3 == 1 { // as if access or a channel had been granted
			c.ram.application.granted, c.ram.application.inside = true, true
			c.ram.selected = c.nv.application(unhexed(moduleEMRTD))
		}
		for n := 0; len(script) > 0 && n < 64; n++ {
			length := min(int(script[0]), len(script)-1)
			r, err := c.Transmit(t.Context(), script[1:1+length])
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(r), 2)
			script = script[1+length:]
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(heapLimit))
	})
}

// FuzzChannel sends fuzzed commands in an open secure channel, in which a blank card
// serves all of them.
func FuzzChannel(f *testing.F) {
	begin := append(append([]byte{0, 0, 7}, unhexed(moduleEMRTD)...), 0, 0, 0)
	f.Add(byte(0xE2), byte(0x88), byte(0), []byte{1, 1, 1, 9})
	f.Add(byte(0xE2), byte(0xE8), byte(0), append([]byte{0x80, 2, 16}, make([]byte, 16)...))
	f.Add(byte(0xE6), byte(0x20), byte(0), begin)
	f.Add(byte(0xD8), byte(0), byte(0x81), []byte{1, 0x88, 17, 16})
	f.Fuzz(func(t *testing.T, ins, p1, p2 byte, data []byte) {
		if len(data) > 4096 || ins == 0x50 || ins == 0x82 {
			return
		}
		c := blankCard(t)
		s := domain(t, c)
		expect(t, s, apdu.OK, installCommand(moduleEMRTD))
		expect(t, s, apdu.OK, apdu.Command{INS: 0xE6, P1: 0x20, Data: begin})
		for range 2 {
			if _, err := s.Send(t.Context(), apdu.Command{CLA: 0x80, INS: ins, P1: p1, P2: p2, Data: data}); err != nil {
				return // the channel ended, as after SELECT
			}
		}
		_, err := Restore(c.Snapshot(), Options{})
		require.NoError(t, err)
	})
}

// FuzzRestore reads fuzzed snapshots.
func FuzzRestore(f *testing.F) {
	f.Add(finished(f, nil, lds.Files{lds.DG1: {0x61, 0}}, map[uint16][]byte{secretCAN: []byte("123456")}).Snapshot())
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		c, err := Restore(snapshot, Options{})
		if err != nil {
			require.ErrorIs(t, err, ErrSnapshot)
			return
		}
		require.Equal(t, snapshot, c.Snapshot())
		_, err = c.Transmit(t.Context(), []byte{0x00, 0xA4, 0x04, 0x0C, 0x01, 0xA0})
		require.NoError(t, err)
	})
}
