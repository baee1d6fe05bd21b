package softcard

import (
	"bytes"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/tlv"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(tb, err)
	return b
}

func transportKeys() securechannel.KeySet {
	return securechannel.KeySet{
		Version: 0x30, ENC: bytes.Repeat([]byte{1}, 16), MAC: bytes.Repeat([]byte{2}, 16), DEK: bytes.Repeat([]byte{3}, 16),
	}
}

var testSerial = []byte{0x47, 0x90, 0x51, 0x63, 0, 0, 0, 1, 0xBA, 0x7C}

// finished makes a locked card with an eMRTD application, without personalizing it.
func finished(tb testing.TB, random io.Reader, files lds.Files, secrets map[uint16][]byte) *Card {
	tb.Helper()
	c, err := New(Blank{ChipSerial: testSerial, Keys: transportKeys()}, Options{Random: random})
	require.NoError(tb, err)
	a := &application{
		aid: unhex(tb, moduleEMRTD), module: unhex(tb, moduleEMRTD),
		privileges: globalplatform.PrivilegeCardReset, life: globalplatform.Personalized,
	}
	for ef, data := range files {
		row, found := lds.Find(ef)
		require.True(tb, found)
		a.files = append(a.files, &file{row.FID, data})
	}
	for tag, value := range secrets {
		a.secrets = append(a.secrets, object{tag, value})
	}
	c.nv.apps, c.nv.life = []*application{a}, globalplatform.Secured
	require.NoError(tb, c.Reset(tb.Context()))
	return c
}

// converse sends commands and compares the responses; both hexadecimal.
func converse(t *testing.T, c *Card, dialogue [][2]string) {
	t.Helper()
	for _, d := range dialogue {
		r, err := c.Transmit(t.Context(), unhex(t, d[0]))
		require.NoError(t, err)
		require.Equal(t, strings.ToLower(strings.ReplaceAll(d[1], " ", "")), hex.EncodeToString(r), "after %s", d[0])
	}
}

// The worked example of ICAO Doc 9303-11, appendix D: Basic Access Control and
// secure messaging, with the chip's random numbers given there.
func TestBasicAccess_WorkedExampleOfDoc9303(t *testing.T) {
	t.Parallel()
	random := bytes.NewReader(unhex(t, "4608F91988702212 0B4F80323EB3191CB04970CB4052790B"))
	c := finished(t, random,
		lds.Files{lds.COM: unhex(t, "60145F0104303130365F36063034303030305C026175")},
		map[uint16][]byte{secretMRZ: []byte("L898902C<369080619406236")})

	converse(t, c, [][2]string{
		{"00A4040C07A0000002471001", "9000"},
		{"0084000008", "4608F91988702212 9000"},
		{
			"0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7 28",
			"46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449 9000",
		},
		{"0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", "990290008E08FA855A5D4C50A8ED 9000"},
		{"0CB000000D9701048E08ED6705417E96BA5500", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED 9000"},
		{
			"0CB000040D9701128E082EA28A70F3C7B53500",
			"871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D74 9000",
		},
	})
}

// The worked example of ICAO Doc 9303-11, appendix G.1: PACE by generic mapping
// with AES-128 on brainpoolP256r1 and the MRZ as password.
func TestPACE_WorkedExampleOfDoc9303(t *testing.T) {
	t.Parallel()
	random := bytes.NewReader(unhex(t, `3F00C4D39D153F2B2A214A078D899B22`+
		`498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560`+
		`107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A`))
	c := finished(t, random,
		lds.Files{lds.CardAccess: unhex(t, "31143012060A04007F0007020204020202010202010D")},
		map[uint16][]byte{secretMRZ: []byte("T22000129364081251010318")})

	converse(t, c, [][2]string{
		{"0022C1A40F800A04007F00070202040202830101", "9000"},
		{"10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C3 9000"},
		{
			"10860000457C438141" +
				"047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E" +
				"544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D 00",
			"7C438241" +
				"04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57" +
				"30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54 9000",
		},
		{
			"10860000457C438341" +
				"042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C" +
				"3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462 00",
			"7C438441" +
				"049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB" +
				"7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094 9000",
		},
		{"008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C08 9000"},
	})
	require.True(t, c.ram.application.granted)
	require.Equal(t, unhex(t, "FE251C7858B356B24514B3BD5F4297D1"), c.ram.application.messaging.macKey)
}

// secured is the terminal's end of secure messaging, for tests that need it: it has
// the chip's keys and a counter.
type secured struct {
	t *testing.T
	c *Card
	m *messaging
}

// accessed begins secure messaging without BAC or PACE.
func accessed(t *testing.T, c *Card) *secured {
	t.Helper()
	secret := bytes.Repeat([]byte{7}, 16)
	chip, err := newMessaging(suiteAES128, secret, nil)
	require.NoError(t, err)
	terminal, err := newMessaging(suiteAES128, secret, nil)
	require.NoError(t, err)
	require.NoError(t, c.Reset(t.Context()))
	c.ram.application = applicationSession{inside: true, messaging: chip, granted: true}
	return &secured{t, c, terminal}
}

// send protects a command and decrypts the data of the response.
func (s *secured) send(c apdu.Command) apdu.Response {
	s.t.Helper()
	r, err := s.c.Transmit(s.t.Context(), s.wrap(c))
	require.NoError(s.t, err)
	response, err := apdu.ParseResponse(r)
	require.NoError(s.t, err)
	s.m.step()
	nodes, err := tlv.ParseAll(response.Data)
	require.NoError(s.t, err)
	if len(nodes) == 0 {
		return response
	}
	var plain []byte
	if n := nodes[0]; n.Tag == 0x87 || n.Tag == 0x85 {
		sealed := n.Value
		if n.Tag == 0x87 {
			sealed = sealed[1:]
		}
		var ok bool
		plain, ok = s.m.decrypt(sealed)
		require.True(s.t, ok)
	}
	return apdu.Response{Data: plain, SW: response.SW}
}

func (s *secured) wrap(c apdu.Command) []byte {
	s.m.step()
	var objects []byte
	if len(c.Data) > 0 && c.INS&1 == 0 {
		objects = tlv.Encode(0x87, []byte{1}, s.m.encrypt(c.Data))
	} else if len(c.Data) > 0 {
		objects = tlv.Encode(0x85, s.m.encrypt(c.Data))
	}
	switch {
	case c.Le > 0 && c.Le <= 256:
		objects = append(objects, 0x97, 1, byte(c.Le&0xFF))
	case c.Le > 256:
		objects = append(objects, 0x97, 2, byte(c.Le>>8&0xFF), byte(c.Le&0xFF))
	}
	message := append(isoPad([]byte{0x0C, c.INS, c.P1, c.P2}, 16), objects...)
	objects = append(objects, tlv.Encode(0x8E, s.m.mac(message))...)
	b, err := apdu.Command{CLA: 0x0C, INS: c.INS, P1: c.P1, P2: c.P2, Data: objects, Le: 65536}.Bytes()
	require.NoError(s.t, err)
	return b
}

func bigFile() []byte {
	b := make([]byte, 40000)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

func TestReadBinary_AnswersByISO7816(t *testing.T) {
	t.Parallel()
	dg2 := bigFile()
	short := []byte{0x61, 3, 1, 2, 3}
	for _, tt := range []struct {
		name string
		c    apdu.Command
		sw   apdu.Status
		data []byte
	}{
		{"by short identifier", apdu.Command{INS: 0xB0, P1: 0x81, Le: 4}, apdu.OK, short[:4]},
		{"all there is, short Le", apdu.Command{INS: 0xB0, P1: 0x81, Le: 256}, apdu.OK, short},
		{"all there is, extended Le", apdu.Command{INS: 0xB0, P1: 0x81, Le: 65536}, apdu.OK, short},
		{"past the end", apdu.Command{INS: 0xB0, P1: 0x81, P2: 2, Le: 100}, apdu.EndOfFile, short[2:]},
		{"offset outside", apdu.Command{INS: 0xB0, P1: 0x81, P2: 5, Le: 1}, apdu.OutsideFile, nil},
		{"no Le", apdu.Command{INS: 0xB0, P1: 0x81}, apdu.WrongLength, nil},
		{"no such file", apdu.Command{INS: 0xB0, P1: 0x90, Le: 4}, apdu.FileNotFound, nil},
		{"fingers", apdu.Command{INS: 0xB0, P1: 0x83, Le: 4}, apdu.SecurityNotSatisfied, nil},
		{"no current file", apdu.Command{INS: 0xB0, Le: 4}, apdu.NotAllowed, nil},
		{"extended Le", apdu.Command{INS: 0xB0, P1: 0x82, Le: 5000}, apdu.OK, dg2[:5000]},
		{"odd, far offset", apdu.Command{INS: 0xB1, P2: 0x02, Data: []byte{0x54, 2, 0x90, 0x00}, Le: 12}, apdu.OK, tlv.Encode(0x53, dg2[0x9000:0x900A])},
		{"odd by identifier", apdu.Command{INS: 0xB1, P1: 0x01, P2: 0x02, Data: []byte{0x54, 1, 0x10}, Le: 6}, apdu.OK, tlv.Encode(0x53, dg2[0x10:0x14])},
		{"odd without offset", apdu.Command{INS: 0xB1, P2: 0x02, Le: 12}, apdu.WrongData, nil},
		{"select an absent file", apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: []byte{0x01, 0x0B}}, apdu.FileNotFound, nil},
		{"select fingers", apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: []byte{0x01, 0x03}}, apdu.SecurityNotSatisfied, nil},
		{"select the master file", apdu.Command{INS: 0xA4, P2: 0x0C, Data: []byte{0x3F, 0x00}}, apdu.OK, nil},
		{"no such instruction", apdu.Command{INS: 0x10}, apdu.InstructionNotSupported, nil},
		{"write", apdu.Command{INS: 0xD6, Data: []byte{1}}, apdu.SecurityNotSatisfied, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := finished(t, nil, lds.Files{lds.DG1: short, lds.DG2: dg2, lds.DG3: short, lds.COM: short}, nil)
			s := accessed(t, c)

			r := s.send(tt.c)

			require.ErrorIs(t, r.SW, tt.sw)
			require.True(t, bytes.Equal(tt.data, r.Data))
		})
	}
}

func TestEMRTD_IsClosedWithoutAccessControl(t *testing.T) {
	t.Parallel()
	c := finished(t, nil,
		lds.Files{lds.DG1: {0x61, 0}, lds.COM: {0x60, 0}, lds.CardAccess: {0x31, 0}},
		map[uint16][]byte{secretMRZ: []byte("L898902C<369080619406236")})

	converse(t, c, [][2]string{
		{"00A4000C023F00", "9000"},
		{"00A4020C02011C", "9000"},
		{"00B0000000", "31009000"},
		{"00B09C0000", "31009000"},
		{"00A4040C07A0000002471001", "9000"},
		{"00A4020C02011E", "6982"},
		{"00B0810004", "6982"},
		{"00A4020C02011C", "9000"},
		{"0088000008010203040506070800", "6982"},
		{"002241A40F800A04007F000702020302028401 01", "6982"},
		{"00840000", "6700"},
		{"0084000004", "6c08"},
		{"0082000001AA00", "6985"},
		{"0022C1A40F800A04007F00070202040202830103", "6a80"},
		{"01B0000000", "6881"},
		{"60B0000000", "6e00"},
		{"00B000", "6700"},
		{"00A4040C05A000000999", "6a82"},
		{"0CB0000000", "6982"},
	})
}

func TestMessaging_AnErrorEndsTheSession(t *testing.T) {
	t.Parallel()
	files := lds.Files{lds.DG1: {0x61, 3, 1, 2, 3}}
	read := apdu.Command{INS: 0xB0, P1: 0x81, Le: 5}
	for name, tt := range map[string]struct {
		spoil func([]byte) []byte
		sw    string
	}{
		"wrong checksum":   {func(b []byte) []byte { b[len(b)-3] ^= 1; return b }, "6988"},
		"changed offset":   {func(b []byte) []byte { b[3] ^= 1; return b }, "6988"},
		"no checksum":      {func([]byte) []byte { return []byte{0x0C, 0xB0, 0x81, 0, 3, 0x97, 1, 5, 0} }, "6987"},
		"no objects":       {func([]byte) []byte { return []byte{0x0C, 0xB0, 0x81, 0, 2, 0x99, 0, 0} }, "6988"},
		"a plain command":  {func([]byte) []byte { return []byte{0x00, 0xB0, 0x81, 0, 5} }, "6982"},
		"malformed object": {func([]byte) []byte { return []byte{0x0C, 0xB0, 0x81, 0, 2, 0x8E, 0x7F, 0} }, "6988"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := accessed(t, finished(t, nil, files, nil))
			require.Equal(t, apdu.OK, s.send(read).SW)

			r, err := s.c.Transmit(t.Context(), tt.spoil(s.wrap(read)))

			require.NoError(t, err)
			require.Equal(t, tt.sw, hex.EncodeToString(r))
			require.Nil(t, s.c.ram.application.messaging)
			require.False(t, s.c.ram.application.granted)
		})
	}
}

func TestChipAuthentication_ChangesTheKeys(t *testing.T) {
	t.Parallel()
	key, err := curve.GenerateKey(curve.BrainpoolP256r1(), bytes.NewReader(bytes.Repeat([]byte{5}, 32)))
	require.NoError(t, err)
	der, err := curve.MarshalPrivateKey(key, curve.Explicit)
	require.NoError(t, err)
	terminal, err := curve.GenerateKey(curve.BrainpoolP256r1(), bytes.NewReader(bytes.Repeat([]byte{6}, 32)))
	require.NoError(t, err)
	point, err := curve.MarshalPoint(&terminal.PublicKey)
	require.NoError(t, err)
	dg14 := unhex(t, "6E13 3111 300F060A04007F00070202030204020101")
	s := accessed(t, finished(t, nil, lds.Files{lds.DG1: {0x61, 0}, lds.DG14: dg14}, map[uint16][]byte{secretChipAuthentication: der}))
	for _, suite := range []byte{1, 2, 3, 5} { // EF.DG14 announces 4
		data := tlv.Encode(0x80, append(chipPrefix(), suite))
		require.Equal(t, apdu.WrongData, s.send(apdu.Command{INS: 0x22, P1: 0x41, P2: 0xA4, Data: data}).SW)
	}
	require.Equal(t, apdu.WrongData, s.send(apdu.Command{INS: 0x22, P1: 0x41, P2: 0xA6, Data: tlv.Encode(0x91, point)}).SW)

	set := s.send(apdu.Command{INS: 0x22, P1: 0x41, P2: 0xA4, Data: tlv.Encode(0x80, append(chipPrefix(), 4))})
	agreed := s.send(apdu.Command{INS: 0x86, Data: tlv.Encode(0x7C, tlv.Encode(0x80, point)), Le: 256})

	require.Equal(t, apdu.OK, set.SW)
	require.Equal(t, apdu.Response{Data: []byte{0x7C, 0}, SW: apdu.OK}, agreed)
	secret, err := curve.ECDH(terminal, &key.PublicKey)
	require.NoError(t, err)
	s.m, err = newMessaging(suiteAES256, secret, nil)
	require.NoError(t, err)
	require.Equal(t, apdu.OK, s.send(apdu.Command{INS: 0xB0, P1: 0x81, Le: 2}).SW)
}

func TestReadBinary_AShortResponseStaysShort(t *testing.T) {
	t.Parallel()
	c := finished(t, nil, lds.Files{lds.DG2: bigFile()}, nil)
	s := accessed(t, c)
	command, err := apdu.Parse(s.wrap(apdu.Command{INS: 0xB0, P1: 0x82, Le: 256}))
	require.NoError(t, err)
	command.Le = 256
	b, err := command.Bytes()
	require.NoError(t, err)

	r, err := c.Transmit(t.Context(), b)

	require.NoError(t, err)
	require.LessOrEqual(t, len(r), 258)
	require.Greater(t, len(r), 240) // 223 bytes of the file
	require.Equal(t, []byte{0x90, 0x00}, r[len(r)-2:])
}
