package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
)

// PacketType is the media type of a packet: a JSON Web Signature in compact form
// (RFC 7515 section 9.2.1).
const PacketType = "application/jose"

// How a packet has to come: its header at once, the rest at a pace that any line has.
// Its turn comes within patience, or it has to come again.
const (
	headerTime = 5 * time.Second
	pace       = 10 * time.Second // for each paceBytes
	paceBytes  = 40 << 10
	ordinary   = 512 << 10 // of a packet that announces more or nothing, few are read at once
	patience   = 20 * time.Second
	answerTime = 10 * time.Second // until a client must have taken the answer
)

// Receipt is the answer to a packet.
type Receipt struct {
	Application identity.ApplicationNumber `json:"application"`
	Existing    bool                       `json:"existing"`
	Due         time.Time                  `json:"due"`
	FeeVND      int                        `json:"fee_vnd"`
	Warnings    []intake.Warning           `json:"warnings,omitempty"`
}

// postPacket receives one signed packet. Posting it again gives the same receipt.
func (s *Server) postPacket(w http.ResponseWriter, r *http.Request) error {
	got, err := s.receive(w, r)
	line := http.NewResponseController(w)
	_ = line.SetWriteDeadline(in(answerTime)) // a test's recorder has none
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if got.Existing {
		status = http.StatusOK
	}
	return writeJSON(w, status, "application/json", Receipt{Application: got.Number, Existing: got.Existing, Due: got.Due, FeeVND: got.Fee, Warnings: got.Warnings})
}

// receive reads a packet, waits for its turn, and takes it in.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (intake.Receipt, error) {
	if err := s.acceptable(r); err != nil {
		return intake.Receipt{}, err
	}
	bytes := r.ContentLength
	if bytes < 0 {
		bytes = s.MaxPacket // it may be
	}
	ctx, v := s.hall.enter(r.Context(), bytes)
	defer v.leave()
	if err := s.read(ctx, http.NewResponseController(w), r, v); err != nil {
		return intake.Receipt{}, err
	}
	var opened intake.Opened
	err := s.inTurn(ctx, &s.quick, v, func(ctx context.Context) error {
		var err error
		if opened, err = s.Door.Open(ctx, v.whole()); err == nil && opened.Heavy() {
			v.doubles()
		}
		return err
	})
	if err != nil {
		return intake.Receipt{}, err
	}
	lane := &s.quick
	if opened.Heavy() {
		lane = &s.heavy
	}
	var examined intake.Examined
	err = s.inTurn(ctx, lane, v, func(context.Context) error {
		var err error
		examined, err = s.Door.Examine(opened)
		return err
	})
	if err != nil {
		return intake.Receipt{}, err
	}
	var got intake.Receipt
	err = s.inTurn(ctx, &s.store, v, func(ctx context.Context) error { // it waits for others, and needs no processor
		var err error
		got, err = s.Door.Store(ctx, examined)
		return err
	})
	return got, err
}

// inTurn does work when its turn has come.
func (s *Server) inTurn(ctx context.Context, t *turns, v *visit, do func(context.Context) error) error {
	if err := s.takeTurn(ctx, t); err != nil {
		return err
	}
	defer t.give()
	if !v.work(true) {
		return s.crowded(ctx)
	}
	defer v.work(false)
	return do(ctx)
}

// takeTurn waits for a turn.
func (s *Server) takeTurn(ctx context.Context, t *turns) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errCrowded)
	defer cancel()
	if err := t.take(ctx); err != nil {
		return s.crowded(ctx)
	}
	return nil
}

// crowded is the answer to a packet for which there was no room, or whose client left.
func (s *Server) crowded(ctx context.Context) error {
	if !errors.Is(context.Cause(ctx), errCrowded) {
		return refusePacket(http.StatusBadRequest, "was withdrawn before its turn came")
	}
	return refusePacket(http.StatusTooManyRequests, "cannot be taken now: there are more packets than can be taken at once; send it again")
}

// acceptable refuses a request by its headers.
func (s *Server) acceptable(r *http.Request) error {
	if sent, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || sent != PacketType {
		return refusePacket(http.StatusUnsupportedMediaType, "must be sent as %s", PacketType)
	}
	if r.Header.Get("Content-Encoding") != "" {
		return refusePacket(http.StatusUnsupportedMediaType, "must be sent as it is, without a Content-Encoding")
	}
	if r.ContentLength > s.MaxPacket {
		return s.tooLarge()
	}
	return nil
}

func (s *Server) tooLarge() error {
	return refusePacket(http.StatusRequestEntityTooLarge, "is larger than %d bytes", s.MaxPacket)
}

func refusePacket(status int, format string, args ...any) error {
	return statusError{status, identity.RefuseField(identity.Invalid, "packet", format, args...)}
}

// read reads a packet: its header first, by which most of what is not a packet is
// refused before it costs anything. It takes room as bytes come in, and not as they
// are announced; few large ones are read at once.
func (s *Server) read(ctx context.Context, line *http.ResponseController, r *http.Request, v *visit) error {
	defer context.AfterFunc(ctx, func() { _ = line.SetReadDeadline(in(0)) })() // what is awaited will not be used
	_ = line.SetReadDeadline(in(headerTime))                                   // a test's recorder has none
	mark := 0
	for greeted := false; ; {
		into := v.space()
		if into == nil {
			return s.crowded(ctx)
		}
		n, err := r.Body.Read(into)
		v.size += n
		if err != nil && !errors.Is(err, io.EOF) {
			return s.broken(ctx, err)
		}
		if int64(v.size) > s.MaxPacket {
			return s.tooLarge()
		}
		if !greeted && (err != nil || v.size >= firstPiece || bytes.IndexByte(v.beginning(), '.') >= 0) {
			if err := s.Door.Expects(ctx, v.beginning()); err != nil {
				return err
			}
			greeted = true
			if v.bytes > ordinary && err == nil {
				if err := s.takeTurn(ctx, &s.large); err != nil {
					return err
				}
				defer s.large.give()
			}
			_ = line.SetReadDeadline(in(pace))
		}
		if err != nil {
			_ = line.SetReadDeadline(time.Time{})
			return nil
		}
		if greeted && v.size-mark >= paceBytes && ctx.Err() == nil {
			mark = v.size
			_ = line.SetReadDeadline(in(pace))
		}
	}
}

// broken is the answer to a packet that did not come to its end.
func (s *Server) broken(ctx context.Context, err error) error {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(context.Cause(ctx), errCrowded):
		return s.crowded(ctx)
	case errors.As(err, &timeout) && timeout.Timeout():
		return refusePacket(http.StatusRequestTimeout, "came too slowly; its header within %s, and then %d bytes every %s are accepted", headerTime, paceBytes, pace)
	}
	return refusePacket(http.StatusBadRequest, "ended before it was complete")
}

// drain takes what a refused client still sends and forgets it, so that one that reads
// no answer before it has sent everything learns why. It does so for some at a time.
func (s *Server) drain(line *http.ResponseController, r *http.Request) {
	select {
	case s.drains <- struct{}{}:
		defer func() { <-s.drains }()
	default:
		return
	}
	_ = line.SetReadDeadline(in(drainTime))
	_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
}

// in is a deadline.
func in(d time.Duration) time.Time {
	return time.Now().Add(d) //nolint:forbidigo // of a connection, on this machine
}

const (
	drainTime  = time.Second
	maxDrains  = 2
	maxDrained = 16 << 20
	maxLarge   = 4
	maxStores  = 8
)
