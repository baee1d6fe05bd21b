package chip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/tlv"
)

// answering is a card that gives one answer to everything.
type answering []byte

func (a answering) Transmit(context.Context, []byte) ([]byte, error) { return bytes.Clone(a), nil }

// sessionWith is an AES session on a card.
func sessionWith(tb testing.TB, card apdu.Card) *session {
	tb.Helper()
	suite, err := newAESSuite(make([]byte, 32), 16)
	require.NoError(tb, err)
	return &session{line: &plainChannel{card: card}, suite: suite, ssc: make([]byte, 16), unproven: true}
}

// sealed is a response as a chip protects it, at a count of the send sequence
// counter.
func sealed(tb testing.TB, count byte, odd bool, data []byte, sw apdu.Status) []byte {
	tb.Helper()
	s := sessionWith(tb, nil)
	s.ssc[15] = count
	var objects []byte
	if len(data) > 0 {
		cryptogram := s.suite.encrypt(s.ssc, pad(data, 16))
		if odd {
			objects = tlv.Encode(doEncryptedTLV, cryptogram)
		} else {
			objects = tlv.Encode(doEncrypted, []byte{1}, cryptogram)
		}
	}
	objects = append(objects, tlv.Encode(doStatus, []byte{sw.SW1(), sw.SW2()})...)
	objects = append(objects, tlv.Encode(doMAC, s.mac(objects, s.padding(len(objects))))...)
	return apdu.Response{Data: objects, SW: sw}.Bytes()
}

func TestSession_OpensWhatTheChipProtected(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer []byte
		data   []byte
		sw     apdu.Status
	}{
		"data":               {sealed(t, 2, false, []byte("sixteen bytes ok"), apdu.OK), []byte("sixteen bytes ok"), apdu.OK},
		"data, odd":          {sealed(t, 2, true, []byte{0x53, 1, 7}, apdu.OK), []byte{0x53, 1, 7}, apdu.OK},
		"a status word":      {sealed(t, 2, false, nil, apdu.FileNotFound), nil, apdu.FileNotFound},
		"data and a warning": {sealed(t, 2, false, []byte{1}, apdu.EndOfFile), []byte{1}, apdu.EndOfFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sessionWith(t, answering(tt.answer))

			r, err := s.send(t.Context(), apdu.Command{INS: 0xB0, Le: 256})

			require.NoError(t, err)
			require.Equal(t, apdu.Response{Data: tt.data, SW: tt.sw}, r)
			require.False(t, s.unproven)
		})
	}
}

func TestSession_RefusesWhatTheChipDidNotProtect(t *testing.T) {
	t.Parallel()
	good := sealed(t, 2, false, []byte("data"), apdu.OK)
	for name, answer := range map[string][]byte{
		"nothing but 9000":       {0x90, 0},
		"an answer in clear":     {1, 2, 3, 0x90, 0},
		"another count":          sealed(t, 4, false, []byte("data"), apdu.OK),
		"the status word alone":  {0x99, 2, 0x90, 0, 0x90, 0},
		"another word outside":   append(bytes.Clone(good[:len(good)-2]), 0x62, 0x82),
		"something after it":     append(bytes.Clone(good[:len(good)-2]), 0x99, 0, 0x90, 0),
		"no padding indicator":   {0x87, 1, 2, 0x99, 2, 0x90, 0, 0x8E, 0, 0x90, 0},
		"an object of no kind":   {0x81, 0, 0x90, 0},
		"a length without bytes": {0x87, 0x7F, 0x90, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sessionWith(t, answering(answer))

			_, err := s.send(t.Context(), apdu.Command{INS: 0xB0, Le: 256})

			require.ErrorIs(t, err, ErrMessaging)
			require.False(t, isFault(err))
		})
	}
}

func TestSession_EveryChangedBitOfAResponseIsDetected(t *testing.T) {
	t.Parallel()
	good := sealed(t, 2, false, []byte("some data, and some more"), apdu.OK)
	for i := range 8 * (len(good) - 2) {
		changed := bytes.Clone(good)
		changed[i/8] ^= 1 << (i % 8)
		s := sessionWith(t, answering(changed))

		_, err := s.send(t.Context(), apdu.Command{INS: 0xB0, Le: 256})

		require.ErrorIs(t, err, ErrMessaging, "bit %d", i)
	}
}

func TestSession_TheLongestAnswerFits(t *testing.T) {
	t.Parallel()
	for _, longest := range []int{258, 259, 512, 1024, 4096, 65535, 65538} {
		s := sessionWith(t, nil)
		n := s.room(longest)

		require.LessOrEqual(t, len(sealed(t, 2, false, make([]byte, n), apdu.OK)), longest)
		require.Greater(t, len(sealed(t, 2, false, make([]byte, n+1), apdu.OK)), longest-16)
	}
	des, err := newDESSuite(make([]byte, 16))
	require.NoError(t, err)
	require.Equal(t, 231, (&session{suite: des}).room(shortResponse))
	require.Equal(t, 223, sessionWith(t, nil).room(shortResponse))
}

func TestPlainChannel_AnErrorOfTheConnectionIsAFaultAndOneOfTheCardIsNot(t *testing.T) {
	t.Parallel()
	broken := errors.New("the reader is gone")
	for name, tt := range map[string]struct {
		card  apdu.Card
		fault bool
	}{
		"reader gone":    {transport(func() ([]byte, error) { return nil, broken }), true},
		"half an answer": {answering{0x90}, true},
		"too long":       {answering(make([]byte, 70000)), true},
		"endless":        {answering{0x61, 0x01}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := (&plainChannel{card: tt.card}).send(t.Context(), apdu.Command{INS: 0xB0, Le: 256})

			require.Error(t, err)
			require.Equal(t, tt.fault, isFault(err))
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&plainChannel{card: answering{0x90, 0}}).send(ctx, apdu.Command{})
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, isFault(err))
}

type transport func() ([]byte, error)

func (f transport) Transmit(context.Context, []byte) ([]byte, error) { return f() }

// files is a chip that gives files in clear, in one of the manners of real chips.
type files struct {
	content    map[uint16][]byte
	noShort    apdu.Status // what READ BINARY by short identifier is answered with, or 0
	strict     bool        // a length beyond the end of file is refused
	crumbs     int         // bytes at most in one answer, or 0
	current    []byte
	reads, odd int
	spoil      func([]byte) []byte // what is done to an answer
}

func (f *files) Transmit(_ context.Context, command []byte) ([]byte, error) {
	c, err := apdu.Parse(command)
	if err != nil {
		return nil, err
	}
	r := f.answer(c)
	if f.spoil != nil {
		r.Data = f.spoil(r.Data)
	}
	return r.Bytes(), nil
}

func (f *files) answer(c apdu.Command) apdu.Response {
	switch c.INS {
	case 0xA4:
		content, there := f.content[uint16(c.Data[0])<<8|uint16(c.Data[1])]
		if !there {
			return apdu.Response{SW: apdu.FileNotFound}
		}
		f.current = content
		return apdu.Response{SW: apdu.OK}
	case 0xB0:
		f.reads++
		offset := int(c.P1)<<8 | int(c.P2)
		if c.P1&0x80 != 0 {
			content, there := f.content[0x0100|uint16(c.P1&0x1F)]
			if f.noShort != 0 {
				return apdu.Response{SW: f.noShort}
			}
			if !there {
				return apdu.Response{SW: apdu.FileNotFound}
			}
			f.current, offset = content, int(c.P2)
		}
		return f.part(offset, c.Le)
	case 0xB1:
		f.odd++
		node, err := tlv.ParseOnly(c.Data, 0x54)
		if err != nil {
			return apdu.Response{SW: apdu.WrongData}
		}
		offset := 0
		for _, b := range node.Value {
			offset = offset<<8 | int(b)
		}
		n := c.Le - 4
		if c.Le <= 0xFF+3 {
			n = c.Le - 3
		}
		if c.Le <= 0x7F+2 {
			n = c.Le - 2
		}
		r := f.part(offset, n)
		r.Data = tlv.Encode(0x53, r.Data)
		return r
	}
	return apdu.Response{SW: apdu.InstructionNotSupported}
}

func (f *files) part(offset, le int) apdu.Response {
	left := len(f.current) - offset
	switch {
	case left <= 0:
		return apdu.Response{SW: apdu.OutsideFile}
	case le > left && f.strict:
		return apdu.Response{SW: apdu.WrongLength}
	}
	n := min(le, left)
	if f.crumbs > 0 {
		n = min(n, f.crumbs)
	}
	sw := apdu.OK
	if le > left {
		sw = apdu.EndOfFile
	}
	return apdu.Response{Data: f.current[offset : offset+n], SW: sw}
}

// readerOf reads the files of a chip in clear.
func readerOf(card apdu.Card, longest int, o Options) *reader {
	to := &plainChannel{card: card}
	return &reader{Options: o, line: to, channel: to, reading: &Reading{Files: make(lds.Files)}, longest: longest}
}

func TestRead_ReadsFilesOfEverySizeInEveryMannerOfChips(t *testing.T) {
	t.Parallel()
	for name, chip := range map[string]files{
		"by short identifier":             {},
		"short identifiers unknown":       {noShort: apdu.WrongParameters},
		"short identifiers not supported": {noShort: apdu.FunctionNotSupported},
		"minds the end of file":           {strict: true},
		"answers in parts":                {crumbs: 100},
	} {
		for _, longest := range []int{shortResponse, 1024, 4096, apdu.MaxResponse} {
			for _, byIdentifier := range []bool{false, true} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					for _, n := range []int{0, 1, 6, 7, 125, 126, 127, 128, 200, 251, 252, 253, 254, 255, 300, 4000, 32760, 32768, 40000, 70000, 160000} {
						card := chip
						card.content = map[uint16][]byte{0x0102: tlv.Encode(0x75, bytes.Repeat([]byte{1, 2, 3, 4, 5}, n/5+1)[:n])}
						if chip.crumbs > 0 && n > 40000 || chip.strict && n < 3 {
							continue // too many commands; no room for a header
						}

						b, err := readerOf(&card, longest, Options{SelectFiles: byIdentifier}).read(t.Context(), rowOf(t, lds.DG2))

						require.NoError(t, err)
						require.True(t, bytes.Equal(card.content[0x0102], b))
						if n <= 32760 {
							require.Zero(t, card.odd)
						} else if n >= 40000 && longest <= 4096 {
							require.NotZero(t, card.odd)
						}
					}
				})
			}
		}
	}
}

func TestRead_DoesNotBelieveAChipThatLies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content []byte
		chip    files
		says    string
	}{
		"16 MB":                {content: []byte{0x75, 0x83, 0xFF, 0xFF, 0xFF, 1}, says: "its length is 16777220 bytes"},
		"just too long":        {content: []byte{0x75, 0x83, 0x03, 0, 0, 1}, says: "bytes; at most 163840 are accepted"},
		"2 GB":                 {content: []byte{0x75, 0x84, 0x7F, 0xFF, 0xFF, 0xFF}, says: "length is malformed"},
		"no length":            {content: []byte{0x75}, says: "cut short"},
		"indefinite length":    {content: []byte{0x75, 0x80, 1, 2, 0, 0}, says: "indefinite"},
		"more than it has":     {content: []byte{0x75, 0x82, 1, 0, 1, 2, 3}, says: "status 6B00"},
		"another file":         {content: []byte{0x61, 1, 7}, says: "begins with tag 61"},
		"nothing":              {content: nil, says: "status 6B00"},
		"crumbs":               {content: tlv.Encode(0x75, make([]byte, 100000)), chip: files{crumbs: 20}, says: "was not read"},
		"empty answers":        {content: tlv.Encode(0x75, make([]byte, 1000)), chip: files{spoil: func([]byte) []byte { return nil }}, says: "cut short"},
		"no object 53 far out": {content: tlv.Encode(0x75, make([]byte, 40000)), chip: files{spoil: noObject}, says: "wrong tag"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			card := tt.chip
			card.content = map[uint16][]byte{0x0102: tt.content}

			_, err := readerOf(&card, 4096, Options{}).read(t.Context(), rowOf(t, lds.DG2))

			require.ErrorContains(t, err, tt.says)
			require.False(t, isFault(err))
		})
	}
}

// noObject takes the header of object 53 off.
func noObject(b []byte) []byte {
	if node, err := tlv.ParseOnly(b, 0x53); err == nil {
		return node.Value
	}
	return b
}

// What a chip can make the reader allocate in clear: all that it may send, in
// answers as long as can be.
func TestRead_AChipThatSendsAsMuchAsItCanCostsLittle(t *testing.T) {
	var before, after runtime.MemStats
	huge := append([]byte{0x31, 0x82, 0x7F, 0xF0}, make([]byte, 65530)...)
	card := answering(apdu.Response{Data: huge, SW: apdu.OK}.Bytes())
	runtime.ReadMemStats(&before)

	reading, err := Read(t.Context(), card, Access{MRZInformation: "199999990299123152412311"}, Options{})

	require.NoError(t, err)
	require.Error(t, reading.Refused)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20))
}

// The largest files that are accepted, all sixteen of them, in short commands.
func TestRead_AChipFullOfTheLargestFilesCostsLittle(t *testing.T) {
	const tags = "\x61\x75\x63\x76\x65\x66\x67\x68\x69\x6A\x6B\x6C\x6D\x6E\x6F\x70"
	chip := &files{content: make(map[uint16][]byte)}
	for i := range len(tags) {
		chip.content[0x0101+uint16(i)] = tlv.Encode(uint32(tags[i]), make([]byte, maxGroup-5))
	}
	r := readerOf(chip, 4096, Options{})
	r.reading.Unreadable = make(map[lds.EF]error)
	r.reading.Files[lds.COM] = tlv.Encode(0x60, tlv.Encode(0x5F01, []byte("0107")), tlv.Encode(0x5C, []byte(tags)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)

	err := r.dataGroups(t.Context())

	require.NoError(t, err)
	require.Empty(t, r.reading.Unreadable)
	require.Len(t, r.reading.Files.DataGroups(), 14) // all but EF.DG14 and EF.DG15, which are read before
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20)) // the chip's part included
}

func rowOf(t *testing.T, ef lds.EF) lds.Row {
	t.Helper()
	row, found := lds.Find(ef)
	require.True(t, found)
	return row
}

func TestRead_NamesEveryFileOfDoc9303(t *testing.T) {
	t.Parallel()
	for _, want := range []lds.Row{
		{EF: "EF.DG11", FID: 0x010B, SFI: 0x0B, Tag: 0x6B, DataGroup: 11},
		{EF: "EF.DG16", FID: 0x0110, SFI: 0x10, Tag: 0x70, DataGroup: 16},
		{EF: "EF.DG4", FID: 0x0104, SFI: 0x04, Tag: 0x76, DataGroup: 4},
	} {
		got := rowOf(t, want.EF)
		require.Equal(t, want, lds.Row{EF: got.EF, FID: got.FID, SFI: got.SFI, Tag: got.Tag, DataGroup: got.DataGroup})
	}
	_, found := lds.Find("EF.DG17")
	require.False(t, found)
	for n := 1; n <= 16; n++ {
		tag := byte(rowOf(t, lds.EF(fmt.Sprintf("EF.DG%d", n))).Tag & 0xFF)
		com, err := lds.ParseCOM(tlv.Encode(0x60, tlv.Encode(0x5F01, []byte("0107")), tlv.Encode(0x5C, []byte{tag})))
		require.NoError(t, err)
		require.Equal(t, []int{n}, com.DataGroups)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(sealed(f, 2, false, []byte("data"), apdu.OK))
	f.Add(sealed(f, 2, true, []byte("data"), apdu.EndOfFile))
	f.Add([]byte{0x99, 2, 0x90, 0, 0x8E, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0x90, 0})
	f.Add([]byte{0x69, 0x88})
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, s := range []*session{sessionWith(t, answering(answer)), desSession(t, answer)} {
			r, err := s.send(t.Context(), apdu.Command{INS: 0xB0, Le: 256})
			if err == nil && s.unproven { // nothing but a bare status word may pass
				require.Empty(t, r.Data)
				require.NotEqual(t, apdu.OK, r.SW)
			}
		}
	})
}

func desSession(t *testing.T, answer []byte) *session {
	t.Helper()
	suite, err := newDESSuite(make([]byte, 16))
	require.NoError(t, err)
	return &session{line: &plainChannel{card: answering(answer)}, suite: suite, ssc: make([]byte, 8), unproven: true}
}

// hostile is a card that takes its answers from a fuzzer: each a length in two
// bytes, then the answer.
type hostile []byte

func (h *hostile) Transmit(context.Context, []byte) ([]byte, error) {
	b := *h
	if len(b) < 2 {
		return nil, errors.New("the card left the field")
	}
	n := min(int(b[0])<<8|int(b[1]), len(b)-2)
	*h = b[2+n:]
	return bytes.Clone(b[2 : 2+n]), nil
}

func FuzzRead(f *testing.F) {
	answers := func(list ...[]byte) []byte {
		var b []byte
		for _, a := range list {
			b = append(append(b, byte(len(a)>>8&0xFF), byte(len(a)&0xFF)), a...)
		}
		return b
	}
	ok := []byte{0x90, 0}
	access := append(unhex(f, "31143012060A04007F0007020204020202010202010D"), ok...)
	f.Add(answers(ok, access, []byte{0x6A, 0x82}, []byte{0x6A, 0x82}, ok,
		unhex(f, "7C12801095A3A016522EE98D01E76CB6B98B42C39000"),
		unhex(f, "7C43824104824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C549000"),
		unhex(f, "7C438441049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F0949000"),
		unhex(f, "7C0A86083ABB9674BCE93C089000")))
	f.Add(answers(ok, []byte{0x6A, 0x82}, []byte{0x6A, 0x82}, unhex(f, "7F660802020F9002020FA09000"), ok, unhex(f, "4608F919887022129000"),
		unhex(f, "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000")))
	nobody, err := pki.NewTrustStore(nil, nil)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		card := hostile(b)
		random := bytes.NewReader(bytes.Repeat([]byte{5, 7, 11}, 100))

		reading, err := Read(t.Context(), &card, Access{MRZInformation: "199999990299123152412311", CAN: "999990"}, Options{Random: random})
		if err != nil {
			require.True(t, isFault(err))
			return
		}
		require.False(t, judge(reading, Expect{}, nobody, time.Now()).OK())
	})
}
