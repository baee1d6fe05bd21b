package softcard

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// Inside an open channel no instruction is executed that is not in it, in whatever class, whole,
// chained, or after an error.
func TestChannel_NoInstructionIsServedPlain(t *testing.T) {
	t.Parallel()
	c := blankCard(t)
	s := domain(t, c)
	expect(t, s, apdu.OK, installCommand(moduleEMRTD))
	open := func() {
		t.Helper()
		_, err := securechannel.Open(t.Context(), c, transportKeys(), securechannel.FullProtection, rand.Reader)
		require.NoError(t, err)
	}
	// The sequence counter is all that a channel changes.
	memory := func() []byte {
		b := c.Snapshot()
		return append(b[:24:24], b[27:]...)
	}
	before := memory()
	for _, class := range []byte{0x00, 0x80, 0x0C, 0x8C, 0x08, 0x10, 0x90, 0x40, 0xC0, 0x01, 0x03} {
		for ins := range 256 {
			for _, first := range []string{"", "00A4FF", "80F2400202"} { // nothing, and what is cut or refused
				open()
				if first != "" {
					_, err := c.Transmit(t.Context(), unhex(t, first))
					require.NoError(t, err)
				}
				r, err := c.Transmit(t.Context(), []byte{class, byte(ins), 0x80, 0x07, 0x02, 0x4F, 0x00, 0x00})
				require.NoError(t, err)
				if class != 0x10 && class != 0x90 || first == "" { // the first of a chain is kept, once the channel is closed, and not executed
					require.NotEqual(t, "9000", hex.EncodeToString(r[len(r)-2:]), "class %02X, instruction %02X, after %q", class, ins, first)
				}
				require.Equal(t, before, memory(), "class %02X, instruction %02X", class, ins)
			}
		}
	}
	open()
	require.Equal(t, globalplatform.OpReady, c.LifeCycle())
}

// Two locked cards of two holders, from two boxes, cannot be told apart by anything that they
// answer to somebody who knows neither their keys nor what is printed on them: every data object
// of GET DATA, every instruction, every file, with whatever error.
func TestLockedCard_AnswersStrangersAsEveryOther(t *testing.T) {
	t.Parallel()
	card := func(serial, mrz, can string, holder byte) *Card {
		t.Helper()
		c := finished(t, bytes.NewReader(bytes.Repeat([]byte{7}, 1<<20)), // the same random numbers
			lds.Files{
				lds.CardAccess: unhex(t, "31143012060A04007F0007020204020202010202010D"),
				lds.COM:        {0x60, holder}, lds.DG1: bytes.Repeat([]byte{holder}, 95), lds.DG13: bytes.Repeat([]byte{holder}, int(holder)),
			},
			map[uint16][]byte{secretMRZ: []byte(mrz), secretCAN: []byte(can)})
		copy(c.nv.serial[:], unhex(t, serial))
		c.nv.objects = append(c.nv.objects, object{0x0042, []byte{holder, holder}}, object{0x0045, bytes.Repeat([]byte{holder}, int(holder))}, object{0xDF20, []byte{holder}})
		c.nv.sequence = uint32(holder) * 100
		for _, b := range []struct {
			aid, module string
			file        uint16
			secret      uint16
		}{{signatureInstance, moduleSignature, fileCertificate, secretTransportPIN}, {dataInstance, moduleData, fileDocument, 0}} {
			a := &application{aid: unhex(t, b.aid), module: unhex(t, b.module), life: globalplatform.Personalized}
			a.files = append(a.files, &file{b.file, bytes.Repeat([]byte{holder}, int(holder))})
			if b.secret != 0 {
				a.secrets = append(a.secrets, object{b.secret, []byte(can)})
			}
			c.nv.apps = append(c.nv.apps, a)
		}
		return c
	}
	one := card("47905163000000000111", "L898902C<369080619406236", "123456", 0x11)
	two := card("479051630000000002BA", "000000000000101016001018", "654321", 0x77)
	require.NotEqual(t, one.Snapshot(), two.Snapshot())
	ask := func(command []byte) {
		t.Helper()
		a, err := one.Transmit(t.Context(), command)
		require.NoError(t, err)
		b, err := two.Transmit(t.Context(), command)
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(a), hex.EncodeToString(b), "after %X", command)
	}
	for _, selected := range []string{"00A4040C08A000000151000000", "00A4040C07A0000002471001"} {
		ask(unhex(t, selected))
		for tag := range 1 << 16 {
			ask([]byte{0x80, 0xCA, byte(tag >> 8), byte(tag), 0})
			if tag>>8 <= 1 || tag>>8 == 0x3F || tag>>8 == 0x9F {
				ask([]byte{0, 0xCA, byte(tag >> 8), byte(tag), 0})
				ask(unhex(t, selected))
				ask([]byte{0, 0xA4, 0x02, 0x0C, 2, byte(tag >> 8), byte(tag)})
			}
		}
		for ins := range 256 {
			if ins == int(apdu.ExternalAuthenticate) {
				continue // it waits after a wrong password
			}
			for _, class := range []byte{0, 0x80, 0x0C, 0x84, 0x10} {
				for _, p1 := range []byte{0x00, 0x80, 0x81, 0x9C, 0x9E, 0xC1} {
					ask(unhex(t, selected))
					ask([]byte{class, byte(ins), p1, 0, 0})
					ask([]byte{class, byte(ins), p1, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0})
				}
			}
		}
	}
	for _, selected := range []string{signatureInstance, dataInstance} {
		aid := unhex(t, selected)
		again := append([]byte{0, 0xA4, 0x04, 0x0C, byte(len(aid))}, aid...)
		for ins := range 256 {
			for _, class := range []byte{0, 0x80, 0x0C, 0x84} {
				for _, p := range []string{"0000", "0081", "8000", "8101", "9E9A", "4101", "4001"} {
					for _, data := range []string{"00", "0240014001", "0241014001", "06313131313131", "085402000053000000"} {
						ask(again)
						ask(append([]byte{class, byte(ins)}, unhex(t, p+data)...))
					}
				}
			}
		}
		for _, id := range []string{"4001", "4101"} {
			ask(again)
			ask(unhex(t, "00A4020C02"+id))
			ask(unhex(t, "00B0000000"))
		}
	}
	require.Equal(t, one.ATR(), two.ATR())
}

// What the table of card applications has.
const (
	signatureInstance = moduleSignature
	dataInstance      = "a00000072456020001"
	fileDocument      = 0x4101
)

// A document beside the eMRTD application is read by who knows what is printed on the card.
func TestData_IsReadInSecureMessagingAlone(t *testing.T) {
	t.Parallel()
	c := finished(t, nil, lds.Files{lds.COM: {0x60, 0}}, nil)
	c.nv.apps = append(c.nv.apps, &application{
		aid: unhex(t, dataInstance), module: unhex(t, moduleData), life: globalplatform.Personalized,
		files: []*file{{fileDocument, []byte("HS401")}},
	})
	converse(t, c, [][2]string{{"00A4040C09" + dataInstance, "9000"}, {"00A4020C024101", "6982"}, {"00B0000000", "6986"}})
	s := accessed(t, c)

	require.Equal(t, apdu.OK, s.send(apdu.Command{INS: apdu.Select, P1: apdu.SelectByName, P2: apdu.NoResponse, Data: unhex(t, dataInstance)}).SW)
	require.Equal(t, apdu.OK, s.send(apdu.Command{INS: apdu.Select, P1: apdu.SelectEF, P2: apdu.NoResponse, Data: []byte{0x41, 0x01}}).SW)
	require.Equal(t, "HS401", string(s.send(apdu.Command{INS: apdu.ReadBinary, Le: 256}).Data))
}
