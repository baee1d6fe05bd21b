package securechannel

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/apdu"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(tb, err)
	return b
}

// trace is one recorded conversation with a real card. The nine AES traces are
// those of the test suite of osmocom's pySim (test_globalplatform.py); keys are
// counted-up bytes, as there.
type trace struct {
	name                       string
	keys                       KeySet
	initUpdate, initAnswer     string
	externalAuthenticate       string
	storeData, storeDataAnswer string // STORE DATA 80E2910006BF3E035C015A00
	cases                      [4]string
}

func countedKeys(tb testing.TB, version byte, length int) KeySet {
	tb.Helper()
	key := func(start byte) []byte {
		k := make([]byte, length)
		for i := range k {
			k[i] = start + byte(i%16)
		}
		return k
	}
	return KeySet{Version: version, ENC: key(0x00), MAC: key(0x10), DEK: key(0x20)}
}

func traces(tb testing.TB) []trace {
	tb.Helper()
	k128, k192, k256 := countedKeys(tb, 0x30, 16), countedKeys(tb, 0x31, 24), countedKeys(tb, 0x32, 32)
	return []trace{
		{
			"AES-128 level 11", k128, "8050300008b13e5f938fc108c400",
			"000000000000000000003003703eb51047495b249f66c484c1d2ef1948000002",
			"84821100107d5f5826a993ebc89eea24957fa0b3ce",
			"84e291000ebf3e035c015a558d036518a2829700", "bf3e125a1089882119900000000000000000000005971be68992dbbdfa",
			[4]string{"84f220020863a63f8959827fb2", "84ca006608a0c6a4a74166f7ce00", "84f22002124f0212345c054f9f70c52249b50272656536", "84f280020a4f00e91443f6dce6b8ed00"},
		},
		{
			"AES-128 level 03", k128, "80503000088e1552d0513c60f300",
			"0000000000000000000030037030760cd2c47c1dd395065fe5ead8a9d7000001",
			"8482030010fd4721a14d9b07003c451d2f8ae6bb21",
			"84e2910018ca9c00f6713d79bc8baa642bdff51c3f6a4082d3bd9ad26c00", "bf3e125a1089882119900000000000000000000005",
			[4]string{"84f2200208c9811b11f1264cf1", "84ca006608e10ab60b3054798800", "84f22002184e2908bdb48b2315a55482e9e936ca122d6ecfae7d17416e", "84f28002180dd10a6b6193e5340b9e77d32d5a179cd710ac2773aefb2800"},
		},
		{
			"AES-128 level 33", k128, "8050300008fdf38259a1e0de4400",
			"000000000000000000003003703b1aca81e821f219081cdc01c26b372d000003",
			"84823300108c36f96bcc00724a4e13ad591d7da3f0",
			"84e2910018267a85dfe4a98fca6fb0527e0dfecce4914e40401433c87f00", "f3ba2b1013aa6224f5e1c138d71805c569e5439b47576260b75fc021b25097cb2e68f8a0144975b9",
			[4]string{"84f2200208ac6a59024bed84cc", "84ca006608409912ad8fb7aed000", "84f22002185f3dafc3ac14c381536a488bf44e06d056df9d74dbd21e5a", "84f280021865165105be3373347d0424d4400af2ac393f569ec779389e00"},
		},
		{
			"AES-192 level 11", k192, "80503100087396430b768b085b00",
			"000000000000000000003103708cfc23522ffdbf1e5df5542cac8fd866000003",
			"84821100102145ed30b146f5db252fb7e624cec244",
			"84e291000ebf3e035c015aff42cf801d14394400", "bf3e125a1089882119900000000000000000000005162fbd33e04940a9",
			[4]string{"84f22002084584e4f6784811ee", "84ca006608937776ebe190fa3000", "84f22002124f0212345c054f9f70c59a52bddf3040368c", "84f280020a4f009804b11411f7393d00"},
		},
		{
			"AES-192 level 03", k192, "805031000869c65da8202bf19f00",
			"00000000000000000000310370b570a67be38446717729d6dd3d2ec5b1000001",
			"848203001065df4f1a356a887905466516d9e5b7c1",
			"84e2910018d2c6fb477c5d4afe4fd4d21f17eff10d3578ec1774a12a2d00", "bf3e125a1089882119900000000000000000000005",
			[4]string{"84f2200208964e188f0b1bb697", "84ca006608f0820035a41d3e1800", "84f220021806b076ed452cd1fa84f77f5c08a146aa77a9286757dea791", "84f2800218d06527e39222dce091fabdb8e9b898417a67a6852d3577db00"},
		},
		{
			"AES-192 level 33", k192, "80503100089b3f2eef0e8c937400",
			"00000000000000000000310370f6bb305a15bae1a68f79fb08212fbed7000002",
			"84823300109100bc22d58b45b86a26365ce39ff3cf",
			"84e29100188f7f946c84f70d17994bc6e8791251bb1bb1bf02cf8de58900", "c05176c1b6f72aae50c32cbee63b0e95998928fd4dfb2be9f27ffde8c8476f5909b4805cc4039599",
			[4]string{"84f2200208d5d97754b6b3d2ba", "84ca006608516c82b8e30adbeb00", "84f2200218cc247f4761e6944277a4e0d6e32e44025b1e31537e2fc668", "84f2800218ba22b63d509bef5d093b43e5eaed03ed23144ab2d9cb51de00"},
		},
		{
			"AES-256 level 11", k256, "805032000811666d57866c6f5400",
			"0000000000000000000032037053ea8847efa7674e41498a4d66cf0dee000003",
			"84821100102f2ad190eff2fafc4908996d1cebd310",
			"84e291000ebf3e035c015af4b680372542b59d00", "bf3e125a10898821199000000000000000000000058012dd7f01f1c4c1",
			[4]string{"84f2200208d618b7da68d5fe52", "84ca0066088f3e055db23ad5e500", "84f22002124f0212345c054f9f70c5b6e15cc42404915e", "84f280020a4f00aa124aa74afe7f7500"},
		},
		{
			"AES-256 level 03", k256, "8050320008c6066990fc426e1d00",
			"000000000000000000003203708682cd81bbd8919f2de3f2664581f118000001",
			"848203001077c493b632edadaf865a1e64acc07ce9",
			"84e29100183ddaa60594963befaada3525b492ede23c2ab2c1ce3afe4400", "bf3e125a1089882119900000000000000000000005",
			[4]string{"84f2200208480ddc8e419da38d", "84ca0066083e9d6a6c0b2d732000", "84f22002183ebfef2da8b04af2a85f491f299b76973df76ff08a4031be", "84f2800218783fff80990f5585b1055010ea95094a26e4a8f1ef4b18e100"},
		},
		{
			"AES-256 level 33", k256, "805032000897b2055fe58599fd00",
			"00000000000000000000320370a8439a22cedf045fa9f1903b2834f26e000002",
			"8482330010508a0fd959d2e547c6b33154a6be2057",
			"84e29100187a5ef717eaf1e135ae92fe54429d0e465decda65f5fe5aea00", "ea90dbfa648a67c5eb6abc57f8530b97d0cd5647c5e8732016b55203b078dd2ace7f8bc5d1c1cd99",
			[4]string{"84f2200208bcc5c17275545d93", "84ca00660804806aba9d543bb600", "84f2200218717222491556ec81a45f49ce48be33320024801a1c4cb0e0", "84f2800218561f105bccd3a1642904b251ccc1228beb80a82370a8637000"},
		},
	}
}

// replay is a card that gives recorded answers and records the commands.
type replay struct {
	answers [][]byte
	asked   []string
}

func (r *replay) Transmit(_ context.Context, command []byte) ([]byte, error) {
	r.asked = append(r.asked, hex.EncodeToString(command))
	answer := r.answers[0]
	r.answers = r.answers[1:]
	return answer, nil
}

func TestSession_SpeaksAsRecordedWithRealCards(t *testing.T) {
	t.Parallel()
	for _, tt := range traces(t) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ok := []byte{0x90, 0x00}
			noData := []byte{0x6A, 0x88} // an error has no protection
			card := &replay{answers: [][]byte{
				append(unhex(t, tt.initAnswer), ok...), ok, append(unhex(t, tt.storeDataAnswer), ok...), noData, noData, noData, noData,
			}}
			initUpdate, err := apdu.Parse(unhex(t, tt.initUpdate))
			require.NoError(t, err)
			level := Level(unhex(t, tt.externalAuthenticate)[2])

			s, err := Open(t.Context(), card, tt.keys, level, bytes.NewReader(initUpdate.Data))

			require.NoError(t, err)
			r, err := s.Send(t.Context(), apdu.Command{CLA: 0x80, INS: 0xE2, P1: 0x91, Data: unhex(t, "BF3E035C015A"), Le: 256})
			require.NoError(t, err)
			require.Equal(t, unhex(t, "bf3e125a1089882119900000000000000000000005"), r.Data)
			for _, plain := range []string{"80F22002", "80ca006600", "80F220020a4f0212345c054f9f70c5", "80f28002024f0000"} {
				c, err := apdu.Parse(unhex(t, plain))
				require.NoError(t, err)
				_, err = s.Send(t.Context(), c)
				require.NoError(t, err)
			}
			want := append([]string{tt.initUpdate, tt.externalAuthenticate, tt.storeData}, tt.cases[:]...)
			require.Equal(t, want, card.asked)
		})
	}
}

func TestCardSession_AcceptsWhatWasRecordedWithRealCards(t *testing.T) {
	t.Parallel()
	for _, tt := range traces(t) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recorded := unhex(t, tt.initAnswer)
			initiation, err := parseInitiation(recorded)
			require.NoError(t, err)
			host := unhex(t, tt.initUpdate)[5:13]

			c, err := newChannel(tt.keys, host, initiation.challenge)

			require.NoError(t, err)
			require.Equal(t, initiation.cryptogram, c.cardCryptogram)
			card := &CardSession{channel: c, keys: tt.keys}
			require.Equal(t, apdu.OK, card.Authenticate(parse(t, tt.externalAuthenticate)))
			plain, sw := card.Unwrap(parse(t, tt.storeData))
			require.Equal(t, apdu.OK, sw)
			require.Equal(t, parse(t, "80E2910006BF3E035C015A00"), plain)
			r := card.Wrap(apdu.Response{Data: unhex(t, "bf3e125a1089882119900000000000000000000005"), SW: apdu.OK})
			require.Equal(t, tt.storeDataAnswer, hex.EncodeToString(r.Data))
			for i, want := range []string{"80F22002", "80ca006600", "80F220020a4f0212345c054f9f70c5", "80f28002024f0000"} {
				plain, sw := card.Unwrap(parse(t, tt.cases[i]))
				require.Equal(t, apdu.OK, sw)
				require.Equal(t, parse(t, want), normal(plain))
			}
		})
	}
}

func parse(tb testing.TB, s string) apdu.Command {
	tb.Helper()
	c, err := apdu.Parse(unhex(tb, s))
	require.NoError(tb, err)
	return normal(c)
}

// normal makes absent and empty data equal.
func normal(c apdu.Command) apdu.Command {
	if len(c.Data) == 0 {
		c.Data = nil
	}
	return c
}

// The trace of a chip of the NXP P71 family with the published test keys, made
// with GlobalPlatformPro; the pseudo-random challenge is derived from the sequence
// counter and the AID A000000151000000.
func TestAnswer_IsThatOfARealChipWithPseudoRandomChallenges(t *testing.T) {
	t.Parallel()
	key := unhex(t, "404142434445464748494A4B4C4D4E4F")
	keys := KeySet{Version: 1, ENC: key, MAC: key, DEK: key}

	s, answer, err := Answer(keys, unhex(t, "03700000000000000000"), 2, unhex(t, "A000000151000000"), unhex(t, "FE0530CF61BAA9F3"))

	require.NoError(t, err)
	require.Equal(t, unhex(t, "0370000000000000000001037083FA042C5C10F778148C0CAF84B0E110000002"), answer)
	require.Equal(t, apdu.OK, s.Authenticate(parse(t, "84820100107B54E3B21E27DA5FFCA958062C7CA0C5")))
}

func TestCheckValue_OfTheDefaultKey(t *testing.T) {
	t.Parallel()

	check, err := CheckValue(unhex(t, "404142434445464748494A4B4C4D4E4F"))

	require.NoError(t, err)
	require.Equal(t, "504a77", hex.EncodeToString(check)) // AES-128(key, 01 x 16)
}

func TestPutKey_ArrivesWithEveryKeyLength(t *testing.T) {
	t.Parallel()
	for _, length := range []int{16, 24, 32} {
		t.Run(strconv.Itoa(8*length), func(t *testing.T) {
			t.Parallel()
			current, next := countedKeys(t, 0x30, length), countedKeys(t, 0x01, length)
			next.MAC = bytes.Repeat([]byte{0xAB}, length)

			c, receipt, err := PutKey(current, 0, next)

			require.NoError(t, err)
			got, err := ParsePutKey(current.DEK, c.Data)
			require.NoError(t, err)
			require.Equal(t, next, got)
			require.Len(t, receipt, 10)

			c.Data[5] ^= 1
			_, err = ParsePutKey(current.DEK, c.Data)
			require.ErrorIs(t, err, ErrKeys)
		})
	}
}

// card is a card that does nothing but echo in a secure channel.
type card struct {
	keys    KeySet
	channel *CardSession
	corrupt bool
}

func (c *card) Transmit(_ context.Context, command []byte) ([]byte, error) {
	cmd, err := apdu.Parse(command)
	if err != nil {
		return nil, err
	}
	switch cmd.INS {
	case apdu.InitializeUpdate:
		s, answer, err := Answer(c.keys, make([]byte, 10), 7, []byte{0xA0, 0, 0, 1, 0x51, 0, 0, 0}, cmd.Data)
		c.channel = s
		return apdu.Response{Data: answer, SW: apdu.OK}.Bytes(), err
	case apdu.ExternalAuthenticate:
		return apdu.Response{SW: c.channel.Authenticate(cmd)}.Bytes(), nil
	}
	plain, sw := c.channel.Unwrap(cmd)
	if sw != apdu.OK {
		return apdu.Response{SW: sw}.Bytes(), nil
	}
	r := c.channel.Wrap(apdu.Response{Data: plain.Data, SW: apdu.OK}).Bytes()
	if c.corrupt {
		r[0] ^= 1
	}
	return r, nil
}

func TestSession_EveryLevelAndLengthEchoes(t *testing.T) {
	t.Parallel()
	for _, level := range []Level{CMAC, CMACDecryption, CMACRMAC, DecryptionRMAC, FullProtection} {
		for _, length := range []int{16, 24, 32} {
			t.Run(fmt.Sprintf("level %02X AES-%d", byte(level), 8*length), func(t *testing.T) {
				t.Parallel()
				keys := countedKeys(t, 1, length)

				s, err := Open(t.Context(), &card{keys: keys}, keys, level, rand.Reader)

				require.NoError(t, err)
				for _, n := range []int{0, 1, 15, 16, 230, 255, 256, 5000} {
					data := bytes.Repeat([]byte{byte(n & 0xFF)}, n)
					r, err := s.Send(t.Context(), apdu.Command{CLA: 0x80, INS: 0xE2, Data: data, Le: 65536})
					require.NoError(t, err)
					require.NoError(t, r.Err())
					require.True(t, bytes.Equal(data, r.Data))
				}
			})
		}
	}
}

func TestSession_WrongKeysAndForgedResponsesAreRefused(t *testing.T) {
	t.Parallel()
	keys := countedKeys(t, 1, 16)
	other := countedKeys(t, 1, 32)

	_, err := Open(t.Context(), &card{keys: other}, keys, CMAC, rand.Reader)
	require.ErrorIs(t, err, ErrCryptogram)

	forged := &card{keys: keys}
	s, err := Open(t.Context(), forged, keys, FullProtection, rand.Reader)
	require.NoError(t, err)
	forged.corrupt = true
	_, err = s.Send(t.Context(), apdu.Command{CLA: 0x80, INS: 0xF2, Data: []byte{1}})
	require.ErrorIs(t, err, ErrMAC)
	forged.corrupt = false
	_, err = s.Send(t.Context(), apdu.Command{CLA: 0x80, INS: 0xF2, Data: []byte{1}})
	require.ErrorIs(t, err, ErrClosed)
}

func TestCardSession_ReplayedCommandEndsTheChannel(t *testing.T) {
	t.Parallel()
	keys := countedKeys(t, 1, 16)
	c := &card{keys: keys}
	s, err := Open(t.Context(), c, keys, CMACDecryption, rand.Reader)
	require.NoError(t, err)
	wrapped, err := s.wrap(apdu.Command{CLA: 0x80, INS: 0xE2, Data: []byte{1}})
	require.NoError(t, err)

	_, first := c.channel.Unwrap(wrapped)
	_, second := c.channel.Unwrap(wrapped)

	require.Equal(t, apdu.OK, first)
	require.Equal(t, apdu.SecurityNotSatisfied, second)
	require.False(t, c.channel.Open())
}

func TestSession_MaxDataFillsAShortCommand(t *testing.T) {
	t.Parallel()
	keys := countedKeys(t, 1, 16)
	for _, level := range []Level{CMAC, CMACDecryption} {
		s, err := Open(t.Context(), &card{keys: keys}, keys, level, rand.Reader)
		require.NoError(t, err)

		wrapped, err := s.wrap(apdu.Command{CLA: 0x80, INS: 0xE2, Data: make([]byte, s.MaxData(255))})

		require.NoError(t, err)
		require.LessOrEqual(t, len(wrapped.Data), 255)
		require.False(t, wrapped.Extended())
	}
}

func TestKeySet_IsNeverPrinted(t *testing.T) {
	t.Parallel()
	keys := countedKeys(t, 0x30, 16)

	require.Equal(t, "[key set 30]", fmt.Sprintf("%v", keys))
	require.Equal(t, "[key set 30]", fmt.Sprintf("%#v", keys))
	require.Equal(t, "[key set 30]", keys.LogValue().String())
}

func FuzzParsePutKey(f *testing.F) {
	keys := countedKeys(f, 1, 24)
	c, _, err := PutKey(keys, 0, keys)
	require.NoError(f, err)
	f.Add(c.Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := ParsePutKey(keys.DEK, data)
		if err == nil {
			require.NoError(t, k.Check())
		}
	})
}

func FuzzUnwrap(f *testing.F) {
	keys := countedKeys(f, 1, 16)
	f.Add([]byte{0x84, 0xE2, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		cmd, err := apdu.Parse(b)
		if err != nil {
			return
		}
		c, err := newChannel(keys, make([]byte, 8), make([]byte, 8))
		require.NoError(t, err)
		s := &CardSession{channel: c, keys: keys, open: true}
		s.level = CMACDecryption
		_, sw := s.Unwrap(cmd)
		require.NotEqual(t, apdu.OK, sw)
		_, err = (&Session{channel: c}).unwrap(apdu.Response{Data: b, SW: apdu.OK})
		require.NoError(t, err) // the level asks no protection of responses
	})
}
