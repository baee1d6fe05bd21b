package softcard

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"example.org/cancuoc/personalization/chip/apdu"
)

// maxFrame is the longest message, in bytes: its length has two bytes.
const maxFrame = 0xFFFF

// ServeTCP serves a card to one terminal after the other: each message is two
// bytes of length, big-endian, and an APDU, in both directions. Each connection
// resets the card first. It returns nil when ctx ends, and an error when the
// listener fails; it closes the listener.
func ServeTCP(ctx context.Context, listener net.Listener, card apdu.Card) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	defer listener.Close()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("serve card: %w", err)
		}
		// A terminal that breaks the connection does not end the service of others.
		_ = serveConnection(ctx, conn, card)
	}
}

func serveConnection(ctx context.Context, conn net.Conn, card apdu.Card) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	if err := reset(ctx, card); err != nil {
		return err
	}
	for {
		command, err := readFrame(conn)
		if err != nil {
			return err
		}
		if err := answer(ctx, conn, card, command); err != nil {
			return err
		}
	}
}

// answer sends the card's response. A card without power breaks the connection.
func answer(ctx context.Context, conn io.Writer, card apdu.Card, command []byte) error {
	response, err := card.Transmit(ctx, command)
	if err != nil {
		return err
	}
	return writeFrame(conn, response)
}

func reset(ctx context.Context, card apdu.Card) error {
	if r, ok := card.(apdu.Resetter); ok {
		return r.Reset(ctx)
	}
	return nil
}

func readFrame(r io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(r, b)
	return b, err
}

func writeFrame(w io.Writer, b []byte) error {
	if len(b) > maxFrame {
		return fmt.Errorf("a message of %d bytes does not fit; at most %d do", len(b), maxFrame)
	}
	_, err := w.Write(append(binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(b)), uint16(len(b))), b...))
	return err
}

// VPCDPort is the TCP port of the virtual reader of Debian's vsmartcard-vpcd.
const VPCDPort = 35963

// The control messages of vpcd, one byte each.
const (
	vpcdOff   = 0
	vpcdOn    = 1
	vpcdReset = 2
	vpcdATR   = 4
)

// ServeVPCD puts a card into the virtual PC/SC reader at addr (host and port,
// see [VPCDPort]), so that any PC/SC program can read it. It returns nil when ctx
// ends, and an error when the reader goes away.
func ServeVPCD(ctx context.Context, addr string, card apdu.Card) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("virtual reader: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	uid := make([]byte, 4)
	if _, err := rand.Read(uid); err != nil {
		return fmt.Errorf("virtual reader: %w", err)
	}
	uid[0] = 0x08 // a random identifier (ISO/IEC 14443-3, 6.5.4), by which nobody can follow the chip
	for {
		message, err := readFrame(conn)
		if err == nil {
			err = vpcdMessage(ctx, conn, card, uid, message)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("virtual reader: %w", io.ErrUnexpectedEOF)
		case err != nil:
			return fmt.Errorf("virtual reader: %w", err)
		}
	}
}

// vpcdMessage serves one message: a control byte, a command to the reader, which
// the virtual reader passes on, or a command to the card.
func vpcdMessage(ctx context.Context, conn io.Writer, card apdu.Card, uid, message []byte) error {
	if len(message) == 1 {
		switch message[0] {
		case vpcdOff, vpcdOn, vpcdReset:
			return reset(ctx, card)
		case vpcdATR:
			return writeFrame(conn, atrOf(card))
		}
		return nil // a control message of a later version of vpcd
	}
	if len(message) >= 4 && message[0] == readerClass {
		return writeFrame(conn, readerAnswer(message, uid, atrOf(card)).Bytes())
	}
	return answer(ctx, conn, card, message)
}

// atrOf is the answer to reset of a card; nil where it gives none.
func atrOf(card apdu.Card) []byte {
	if r, ok := card.(apdu.Resetter); ok {
		return r.ATR()
	}
	return nil
}

// readerClass is the class of the commands that a contactless reader answers
// itself (PC/SC Workgroup, part 3, 3.2.2).
const readerClass = 0xFF

// readerAnswer answers GET DATA as a contactless reader does: with the chip's
// identifier, or with the historical bytes of its answer to select. The answer to
// reset has these after its first four bytes and before its last.
func readerAnswer(command, uid, atr []byte) apdu.Response {
	const identifier, historical = 0x00, 0x01
	switch {
	case command[1] != apdu.GetData:
		return status(apdu.InstructionNotSupported)
	case command[2] == identifier && command[3] == 0:
		return apdu.Response{Data: uid, SW: apdu.OK}
	case command[2] == historical && command[3] == 0 && len(atr) > 5:
		return apdu.Response{Data: atr[4 : len(atr)-1], SW: apdu.OK}
	}
	return status(apdu.FunctionNotSupported)
}
