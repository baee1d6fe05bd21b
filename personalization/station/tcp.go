package station

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// TCP is an encoder behind a network connection: each message is two bytes of
// length, big-endian, and an APDU, in both directions. Each session resets the card
// in its slot.
type TCP struct {
	Address string        // host and port
	Timeout time.Duration // for one command; 10 s by default
}

// defaultTimeout is the time limit for one command.
const defaultTimeout = 10 * time.Second

// Open connects. The encoder has no feeder: it takes the card in its slot. One that does
// not listen is tried again for as long as a command may take: some start anew when their
// card is changed.
func (t TCP) Open(ctx context.Context, _ string) (Session, error) {
	if t.Timeout == 0 {
		t.Timeout = defaultTimeout
	}
	dialing, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(dialing, "tcp", t.Address)
		if err == nil {
			return &tcpSession{conn: conn, timeout: t.Timeout}, nil
		}
		if !errors.Is(err, syscall.ECONNREFUSED) || wait(dialing, 250*time.Millisecond) != nil {
			return nil, fmt.Errorf("encoder: %w", err)
		}
	}
}

// Prove connects, and sends nothing.
func (t TCP) Prove(ctx context.Context) error {
	session, err := t.Open(ctx, "")
	if err != nil {
		return err
	}
	return session.Close()
}

type tcpSession struct {
	conn    net.Conn
	timeout time.Duration
}

// Transmit sends one command and waits for its response.
func (s *tcpSession) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if len(command) > 0xFFFF {
		return nil, fmt.Errorf("encoder: a command of %d bytes does not fit; at most %d do", len(command), 0xFFFF)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { s.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	frame := append(binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(command)), uint16(len(command))), command...)
	if _, err := s.conn.Write(frame); err != nil {
		return nil, s.fault(ctx, err)
	}
	var length [2]byte
	if _, err := io.ReadFull(s.conn, length[:]); err != nil {
		return nil, s.fault(ctx, err)
	}
	response := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(s.conn, response); err != nil {
		return nil, s.fault(ctx, err)
	}
	return response, nil
}

// fault gives the reason why the connection was cut, if there is one.
func (s *tcpSession) fault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("encoder: no response: %w", ctx.Err())
	}
	return fmt.Errorf("encoder: %w", err)
}

// ATR is nil: the encoder does not give it.
func (s *tcpSession) ATR() []byte { return nil }

// Close ends the connection.
func (s *tcpSession) Close() error { return s.conn.Close() }
