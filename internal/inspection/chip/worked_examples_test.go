package chip

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(tb, err)
	return b
}

// script is a card with the answers of one dialogue, both sides in hexadecimal. It
// checks every command.
type script struct {
	tb    testing.TB
	turns [][2]string
}

func (s *script) Transmit(_ context.Context, command []byte) ([]byte, error) {
	if len(s.turns) == 0 {
		return nil, errors.New("the script is over")
	}
	turn := s.turns[0]
	s.turns = s.turns[1:]
	require.Equal(s.tb, strings.ReplaceAll(turn[0], " ", ""), strings.ToUpper(hex.EncodeToString(command)))
	return unhex(s.tb, turn[1]), nil
}

// ICAO Doc 9303-11, appendices D.1, D.2 and G.1; the last two examples are access keys
// of Vietnamese cards.
func TestDerive_WorkedExamplesOfDoc9303(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, mrz string
		seed      string // its first 16 bytes
		enc, mac  string // 3DES, parity adjusted
	}{
		{
			"appendix D, TD2 and TD3", "L898902C<369080619406236",
			"239AB9CB282DAF66231DC5A4DF6BFBAE", "AB94FDECF2674FDFB9B391F85D7F76F2", "7962D9ECE03D1ACD4C76089DCE131543",
		},
		{
			"identity card 1", "199999990299123152412311",
			"1CD965CBC58DA1B011DB0E53DA23FA07", "C44552FE7FDF8667FE7502F819D6D307", "F145C86E2F92E9136D5B1A98B097F1F1",
		},
		{
			"identity card 2", "064999991264022939912315",
			"10A984F0C7C82B8191EA8F49CE9A3DBA", "B515BF834A4038B0942F89BCE9D3A861", "4A9D6EA1EF52BC894958B3CE616B38C7",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			seed := seedOf(tt.mrz)[:16]

			require.Equal(t, unhex(t, tt.seed), seed)
			require.Equal(t, unhex(t, tt.enc+tt.enc[:16]), desKey(derive(seed, forEncryption, 16)))
			require.Equal(t, unhex(t, tt.mac+tt.mac[:16]), desKey(derive(seed, forMAC, 16)))
		})
	}
	secret := unhex(t, "28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925")
	require.Equal(t, unhex(t, "F5F0E35C0D7161EE6724EE513A0D9A7F"), derive(secret, forEncryption, 16))
	require.Equal(t, unhex(t, "FE251C7858B356B24514B3BD5F4297D1"), derive(secret, forMAC, 16))
	require.Equal(t, unhex(t, "7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD"), seedOf("T22000129364081251010318"))
	require.Equal(t, unhex(t, "89DED1B26624EC1E634C1989302849DD"), derive(seedOf("T22000129364081251010318"), forPassword, 16))
	require.Equal(t, unhex(t, "591468CDA83D65219CCCB8560233600F"), derive([]byte("123456"), forPassword, 16)) // a CAN
}

// ICAO Doc 9303-11, appendix D.3 and D.4: BAC, then reading EF.COM in secure
// messaging, with the terminal's random numbers given there.
func TestBasicAccess_WorkedExampleOfDoc9303(t *testing.T) {
	t.Parallel()
	random := bytes.NewReader(unhex(t, "781723860C06C226 0B795240CB7049B01C19B33E32804F0B"))
	card := &script{t, [][2]string{
		{"0084000008", "4608F91988702212 9000"},
		{
			"0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 28",
			"46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F 2F2D235D074D7449 9000",
		},
		{"0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", "990290008E08FA855A5D4C50A8ED 9000"},
		{"0CB000000D9701048E08ED6705417E96BA5500", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED 9000"},
		{
			"0CB000040D9701128E082EA28A70F3C7B53500",
			"871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D74 9000",
		},
	}}

	s, err := basicAccess(t.Context(), &plainChannel{card: card}, "L898902C<369080619406236", random)
	require.NoError(t, err)
	require.Equal(t, unhex(t, "887022120C06C226"), s.ssc)
	_, err = ask(t.Context(), s, "select EF.COM", apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: []byte{0x01, 0x1E}})
	require.NoError(t, err)
	start, err := ask(t.Context(), s, "read", apdu.Command{INS: 0xB0, Le: 4})
	require.NoError(t, err)
	rest, err := ask(t.Context(), s, "read", apdu.Command{INS: 0xB0, P2: 4, Le: 18})
	require.NoError(t, err)

	com, err := lds.ParseCOM(append(start, rest...))
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, com.DataGroups)
	require.Empty(t, card.turns)
}

// The chip of appendix D with wrong answers.
func TestBasicAccess_TheChipMustProveThatItHasTheKey(t *testing.T) {
	t.Parallel()
	keys, err := newDESSuite(seedOf("L898902C<369080619406236")[:16])
	require.NoError(t, err)
	answer := func(plain string) string {
		sealed := keys.encrypt(nil, unhex(t, plain))
		return hex.EncodeToString(append(sealed, keys.mac(pad(sealed, 8))...)) + "9000"
	}
	good := answer("4608F91988702212 781723860C06C226 0B4F80323EB3191CB04970CB4052790B")
	require.Equal(t, "46b9342a41396cd7386bf5803104d7cedc122b9132139baf2eedc94ee178534f2f2d235d074d74499000", good)
	for name, tt := range map[string]struct{ challenge, answer, says string }{
		"a wrong checksum":       {"4608F919887022129000", "47" + good[2:], "the checksum of the chip's answer is wrong"},
		"too short":              {"4608F919887022129000", good[2:], "the checksum of the chip's answer is wrong"},
		"its own challenge only": {"4608F919887022129000", answer("4608F91988702212 0000000000000000 0B4F80323EB3191CB04970CB4052790B"), "another challenge"},
		"our challenge only":     {"4608F919887022129000", answer("0000000000000000 781723860C06C226 0B4F80323EB3191CB04970CB4052790B"), "another challenge"},
		"a refusal":              {"4608F919887022129000", "6300", "status 6300"},
		"a short challenge":      {"4608F9198870229000", "", "the challenge has 7 bytes, not 8"},
		"no challenge":           {"6D00", "", "GET CHALLENGE: status 6D00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := bytes.NewReader(unhex(t, "781723860C06C226 0B795240CB7049B01C19B33E32804F0B"))
			card := &script{t, [][2]string{
				{"0084000008", tt.challenge},
				{"0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 28", tt.answer},
			}}

			_, err := basicAccess(t.Context(), &plainChannel{card: card}, "L898902C<369080619406236", random)

			require.ErrorIs(t, err, ErrAccess)
			require.ErrorContains(t, err, tt.says)
			require.False(t, isFault(err))
		})
	}
}

// ICAO Doc 9303-11, appendix G.1: PACE by generic mapping with AES-128 on
// brainpoolP256r1 and the MRZ as password, with the terminal's secrets as given
// there.
func TestPACE_WorkedExampleOfDoc9303(t *testing.T) {
	t.Parallel()
	random := bytes.NewReader(unhex(t, "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99"+
		"A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"))
	card := &script{t, [][2]string{
		{"0022C1A40F800A04007F00070202040202830101", "9000"},
		{"10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C3 9000"},
		{
			"10860000457C438141 04" +
				"7ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E" +
				"544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D 00",
			"7C438241 04" +
				"824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57" +
				"30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54 9000",
		},
		{
			"10860000457C438341 04" +
				"2DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C" +
				"3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462 00",
			"7C438441 04" +
				"9E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB" +
				"7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094 9000",
		},
		{"008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C08 9000"},
	}}
	infos, err := lds.ParseCardAccess(unhex(t, "31143012060A04007F0007020204020202010202010D"))
	require.NoError(t, err)
	p, known := choosePACE(&plainChannel{card: card}, infos.PACE, random)
	require.True(t, known)

	s, err := p.run(t.Context(), Access{MRZInformation: "T22000129364081251010318"}.passwords()[0])

	require.NoError(t, err)
	require.Equal(t, make([]byte, 16), s.ssc)
	want, err := newAESSuite(unhex(t, "28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925"), 16)
	require.NoError(t, err)
	require.Equal(t, want.iv(s.ssc), s.suite.(*aesSuite).iv(s.ssc))
	require.Equal(t, want.mac([]byte("one")), s.suite.mac([]byte("one")))
	require.Empty(t, card.turns)
}

// mirror is a chip that sends back what it received, as an attacker without the
// password might.
type mirror struct{ nonce []byte }

func (m mirror) Transmit(_ context.Context, command []byte) ([]byte, error) {
	c, err := apdu.Parse(command)
	if err != nil {
		return nil, err
	}
	if c.INS != 0x86 {
		return []byte{0x90, 0}, nil
	}
	if node, err := tlv.Find(c.Data, 0x7C, 0x81); err == nil { // any other point will do for the mapping
		return apdu.Response{Data: tlv.Encode(0x7C, tlv.Encode(0x82, opposite(node.Value))), SW: apdu.OK}.Bytes(), nil
	}
	if node, err := tlv.Find(c.Data, 0x7C, 0x83); err == nil {
		return apdu.Response{Data: tlv.Encode(0x7C, tlv.Encode(0x84, node.Value)), SW: apdu.OK}.Bytes(), nil
	}
	if node, err := tlv.Find(c.Data, 0x7C, 0x85); err == nil {
		return apdu.Response{Data: tlv.Encode(0x7C, tlv.Encode(0x86, node.Value)), SW: apdu.OK}.Bytes(), nil
	}
	return apdu.Response{Data: tlv.Encode(0x7C, tlv.Encode(0x80, m.nonce)), SW: apdu.OK}.Bytes(), nil
}

// opposite is the negative of a point of brainpoolP256r1.
func opposite(point []byte) []byte {
	out := bytes.Clone(point)
	y := new(big.Int).SetBytes(point[33:])
	new(big.Int).Sub(curve.BrainpoolP256r1().Params().P, y).FillBytes(out[33:])
	return out
}

func TestPACE_RefusesWhatAChipMustNotSend(t *testing.T) {
	t.Parallel()
	infos, err := lds.ParseCardAccess(unhex(t, "31143012060A04007F0007020204020202010202010D"))
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		nonce string
		says  string
	}{
		"own key":                {"95A3A016522EE98D01E76CB6B98B42C3", "the chip sent our own key back"},
		"no nonce":               {"", "the nonce has 0 bytes"},
		"half a nonce":           {"95A3A016522EE98D", "the nonce has 8 bytes"},
		"a nonce that goes on":   {"95A3A016522EE98D01E76CB6B98B42C395A3A016522EE98D01E76CB6B98B42C395A3A016522EE98D01E76CB6B98B42C3", "the nonce has 48 bytes"},
		"a nonce that is zero":   {"1E1A3F5D4D2EC6D8E8D4A9EE3E4A4C5B", ""},
		"another that is longer": {"95A3A016522EE98D01E76CB6B98B42C395A3A016522EE98D01E76CB6B98B42C3", "the chip sent our own key back"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nonce := unhex(t, tt.nonce)
			if tt.says == "" { // what decrypts to zero
				block, err := aes.NewCipher(derive([]byte("123456"), forPassword, 16))
				require.NoError(t, err)
				block.Encrypt(nonce, make([]byte, 16))
				tt.says = "the nonce is zero"
			}
			p, known := choosePACE(&plainChannel{card: mirror{nonce}}, infos.PACE, rand.Reader)
			require.True(t, known)

			_, err := p.run(t.Context(), Access{CAN: "123456"}.passwords()[0])

			require.ErrorIs(t, err, ErrAccess)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestChoosePACE_TakesTheFirstSupportedProtocol(t *testing.T) {
	t.Parallel()
	info := func(arcs string, version, parameter byte) string {
		return "3012060A04007F000702020" + arcs + fmt.Sprintf("0201%02X0201%02X", version, parameter)
	}
	for name, tt := range map[string]struct {
		infos     []string
		size      int // 0: none is known
		parameter int
	}{
		"ECDH-GM-AES-128":                {[]string{info("40202", 2, 13)}, 16, 0},
		"ECDH-GM-AES-192":                {[]string{info("40203", 2, 12)}, 24, 0},
		"ECDH-GM-AES-256":                {[]string{info("40204", 2, 16)}, 32, 0},
		"ECDH-GM-3DES":                   {[]string{info("40201", 2, 13)}, 0, 0},
		"integrated mapping":             {[]string{info("40402", 2, 13)}, 0, 0},
		"DH":                             {[]string{info("40102", 2, 0)}, 0, 0},
		"a curve not known":              {[]string{info("40202", 2, 9)}, 0, 0},
		"version 1":                      {[]string{info("40202", 1, 13)}, 0, 0},
		"the second":                     {[]string{info("40402", 2, 13), info("40204", 2, 13)}, 32, 0},
		"the same on two curves":         {[]string{info("40202", 2, 13), info("40202", 2, 12)}, 16, 13},
		"another suite on another curve": {[]string{info("40202", 2, 13), info("40204", 2, 12)}, 16, 0},
		"nothing":                        {nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			infos, err := lds.ParseCardAccess(tlv.Encode(0x31, unhex(t, strings.Join(tt.infos, ""))))
			require.NoError(t, err)

			p, known := choosePACE(nil, infos.PACE, nil)

			require.Equal(t, tt.size > 0, known)
			if known {
				require.Equal(t, tt.size, p.keySize)
				require.Equal(t, tt.parameter, p.parameter)
			}
		})
	}
}

// ICAO Doc 9303-11, appendix F: Active Authentication with RSA-1024 and SHA-1. The
// example gives no private key, so its representative is signed with another one.
func TestActiveAuthentication_WorkedExampleOfDoc9303(t *testing.T) {
	t.Parallel()
	challenge := unhex(t, "F173589974BF40C6")
	representative := unhex(t, "6A9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC19"+
		"91B543F1696546C5524CF23A5303CD6C98599F40B79F377B5F3A1406B3B4D8F9"+
		"6784D23AA88DB7E1032A405E69325FA91A6E86F5C71AEA978264C4A207446DAD"+
		"4E7292E2DCDA3024B47DA8C063AA1E6D22FBD976AB0FE73D94D2D9C6D88127BC")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	s := new(big.Int).Exp(new(big.Int).SetBytes(representative), key.D, key.N)
	signature := s.FillBytes(make([]byte, 128))
	smaller := new(big.Int).Sub(key.N, s).FillBytes(make([]byte, 128)) // ISO/IEC 9796-2 allows the one or the other

	require.NoError(t, checkRecoverable(&key.PublicKey, challenge, signature))
	require.NoError(t, checkRecoverable(&key.PublicKey, challenge, smaller))
	for i := range challenge {
		other := bytes.Clone(challenge)
		other[i] ^= 1
		require.ErrorIs(t, checkRecoverable(&key.PublicKey, other, signature), ErrAuthentication)
	}
	for i := range signature {
		other := bytes.Clone(signature)
		other[i] ^= 1
		require.ErrorIs(t, checkRecoverable(&key.PublicKey, challenge, other), ErrAuthentication)
	}
	require.ErrorIs(t, checkRecoverable(&key.PublicKey, challenge, signature[:127]), ErrAuthentication)
	require.ErrorIs(t, checkRecoverable(&key.PublicKey, challenge, nil), ErrAuthentication)
}

// A chip chooses its key, which must not keep the reader busy.
func TestActiveAuthentication_BoundsTheModulus(t *testing.T) {
	t.Parallel()
	for _, bits := range []uint{512, 4104, 1 << 17} {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		n.SetBit(n, 0, 1)
		key := &rsa.PublicKey{N: n, E: 65537}

		err := checkRecoverable(key, make([]byte, 8), make([]byte, key.Size()))

		require.ErrorIs(t, err, ErrAuthentication)
		require.ErrorContains(t, err, fmt.Sprintf("a modulus of %d bits", bits))
	}
}

// The identifier of the key is sent, for chips with several keys.
func TestChipAuthentication_NamesTheKey(t *testing.T) {
	t.Parallel()
	key, err := curve.GenerateKey(curve.P256(), rand.Reader)
	require.NoError(t, err)
	for _, tt := range []struct {
		id   int
		says string
	}{{-1, ""}, {0, "840100"}, {1, "840101"}, {255, "8401FF"}, {256, "84020100"}} {
		card := &script{t, [][2]string{{"0022" + "41A4" + fmt.Sprintf("%02X", 12+len(tt.says)/2) + "800A04007F00070202030202" + tt.says, "6A80"}}}
		infos := lds.SecurityInfos{
			ChipAuthentication: []lds.ChipAuthenticationInfo{
				{Protocol: []int{0, 4, 0, 127, 0, 7, 2, 2, 3, 2, 2}, Version: 1, KeyID: tt.id},
			},
			ChipAuthenticationKeys: []lds.ChipAuthenticationKey{{Key: &key.PublicKey, KeyID: 77}, {Key: &key.PublicKey, KeyID: tt.id}},
		}
		info, _, err := chooseChipKey(infos)
		require.NoError(t, err)

		err = sendChipKey(t.Context(), &plainChannel{card: card}, info, []byte{4})

		require.ErrorIs(t, err, apdu.WrongData)
		require.Empty(t, card.turns)
	}
}
