package inspection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"example.org/cancuoc/personalization/apdu"
	"example.org/cancuoc/personalization/lds"
	"example.org/cancuoc/personalization/tlv"
)

// Access is what opens the chip: what is printed on the card.
type Access struct {
	MRZInformation string // ICAO Doc 9303-11 section 9.7.2; 24 characters
	CAN            string // six digits; used where MRZInformation is empty
}

// maxFile bounds a file, in bytes: a chip that lies about its lengths costs no
// more.
const maxFile = 64 << 10

// ErrFile is a file that cannot be read as the standard says.
var ErrFile = errors.New("file cannot be read")

// Reading is what was read from a chip.
type Reading struct {
	Access string // PACE-MRZ, PACE-CAN or BAC
	Files  lds.Files
	// What failed on the way, by the name of the check; a check that passed is nil.
	ChipAuthentication   error
	ActiveAuthentication error
	Unreadable           map[string]error // by the file's name
}

// Read opens a chip and reads all of it, as a border does: EF.CardAccess, PACE, the
// application, EF.COM, EF.SOD, every data group that may be read, Chip and Active
// Authentication. random may be nil. The error is a fault of the line, or that the
// chip does not let us in (ErrAccess).
func Read(ctx context.Context, card apdu.Card, access Access, random io.Reader) (*Reading, error) {
	random = randomOr(random)
	reading := &Reading{Unreadable: make(map[string]error)}
	s, err := enter(ctx, card, access, random, reading)
	if err != nil {
		return nil, err
	}
	r := &reader{card: s, reading: reading, chunk: shortChunk}
	r.limits(ctx)
	for _, f := range []struct {
		name string
		into *[]byte
	}{
		{"EF.COM", &reading.Files.COM}, {"EF.SOD", &reading.Files.SOD}, {"EF.DG14", &reading.Files.DG14}, {"EF.DG15", &reading.Files.DG15},
	} {
		if err := r.file(ctx, f.name, f.into); err != nil {
			return nil, err
		}
	}
	if r.card, err = prove(ctx, s, reading, random); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		into *[]byte
	}{{"EF.DG1", &reading.Files.DG1}, {"EF.DG2", &reading.Files.DG2}, {"EF.DG13", &reading.Files.DG13}} {
		if err := r.file(ctx, f.name, f.into); err != nil {
			return nil, err
		}
	}
	return reading, nil
}

// enter gets access and selects the application.
func enter(ctx context.Context, card apdu.Card, access Access, random io.Reader, reading *Reading) (*session, error) {
	plain := &reader{card: card, reading: reading, chunk: shortChunk}
	if err := plain.masterFile(ctx); err != nil {
		return nil, err
	}
	if err := plain.cardAccess(ctx); err != nil {
		return nil, err
	}
	infos, err := lds.ParseCardAccess(reading.Files.CardAccess)
	if err == nil {
		for _, info := range infos.PACE {
			if _, known := keySizes[info.Protocol.String()]; !known {
				continue
			}
			with := password{reference: passwordMRZ, secret: seedOf(access.MRZInformation)}
			reading.Access = "PACE-MRZ"
			if access.MRZInformation == "" {
				with, reading.Access = password{reference: passwordCAN, secret: []byte(access.CAN)}, "PACE-CAN"
			}
			s, err := pace(ctx, card, info, with, random)
			if err != nil {
				return nil, fmt.Errorf("PACE: %w", err)
			}
			return s, selectApplication(ctx, s)
		}
	}
	if access.MRZInformation == "" {
		return nil, fmt.Errorf("%w: the chip knows no PACE, and BAC needs the MRZ", ErrAccess)
	}
	reading.Access = "BAC"
	if err := selectApplication(ctx, card); err != nil {
		return nil, err
	}
	s, err := basicAccess(ctx, card, access.MRZInformation, random)
	if err != nil {
		return nil, fmt.Errorf("BAC: %w", err)
	}
	return s, nil
}

func selectApplication(ctx context.Context, card apdu.Card) error {
	_, err := send(ctx, card, "select the application", apdu.Command{INS: 0xA4, P1: 0x04, P2: 0x0C, Data: lds.AID()})
	return err
}

// prove does Chip and Active Authentication and notes what fails; it gives the
// session that goes on.
func prove(ctx context.Context, s *session, reading *Reading, random io.Reader) (*session, error) {
	infos, err := lds.ParseDG14(reading.Files.DG14)
	if err != nil {
		reading.ChipAuthentication = fmt.Errorf("%w: %w", ErrNotGenuine, err)
	} else if proven, err := chipAuthenticate(ctx, s, infos, random); err == nil {
		s = proven
	} else if isVerdict(err) {
		reading.ChipAuthentication = err
	} else {
		return nil, err
	}
	key, err := lds.ParseDG15(reading.Files.DG15)
	if err != nil {
		reading.ActiveAuthentication = fmt.Errorf("%w: %w", ErrNotGenuine, err)
		return s, nil
	}
	err = activeAuthenticate(ctx, s, key, infos, random)
	if err != nil && !isVerdict(err) {
		return nil, err
	}
	reading.ActiveAuthentication = err
	return s, nil
}

// isVerdict tells what the chip did wrong from what the line did.
func isVerdict(err error) bool {
	var status apdu.Status
	return errors.Is(err, ErrNotGenuine) || errors.Is(err, ErrMessaging) || errors.As(err, &status)
}

// Sizes of one READ BINARY under secure messaging, where the chip says nothing of
// extended length.
const shortChunk = 0xDF

// reader reads files.
type reader struct {
	card    apdu.Card
	reading *Reading
	chunk   int // bytes asked for at once
}

// masterFile selects the master file, which many chips refuse: that is no fault.
func (r *reader) masterFile(ctx context.Context) error {
	c := apdu.Command{INS: 0xA4, P2: 0x0C, Data: []byte{0x3F, 0x00}}
	if _, err := apdu.Send(ctx, r.card, c); err != nil {
		return fmt.Errorf("select the master file: %w", err)
	}
	return nil
}

// cardAccess reads EF.CardAccess, in clear. A chip without it knows no PACE.
func (r *reader) cardAccess(ctx context.Context) error {
	b, err := r.read(ctx, "EF.CardAccess")
	if err != nil {
		if isVerdict(err) || errors.Is(err, ErrFile) {
			return nil
		}
		return err
	}
	r.reading.Files.CardAccess = b
	return nil
}

// limits reads EF.ATR/INFO and asks for as much at once as the chip can give.
func (r *reader) limits(ctx context.Context) {
	b, err := r.read(ctx, "EF.ATR/INFO")
	if err != nil {
		return
	}
	r.reading.Files.ATRInfo = b
	if _, response, err := lds.ParseATRInfo(b); err == nil && response > 512 {
		r.chunk = response - 64 // secure messaging adds to it
	}
}

// file reads a file; one that cannot be read is noted.
func (r *reader) file(ctx context.Context, name string, into *[]byte) error {
	b, err := r.read(ctx, name)
	if err != nil {
		if !isVerdict(err) && !errors.Is(err, ErrFile) {
			return err
		}
		r.reading.Unreadable[name] = err
		return nil
	}
	*into = b
	return nil
}

// read selects a file and reads it to the length that its first data object says.
func (r *reader) read(ctx context.Context, name string) ([]byte, error) {
	ef, known := lds.File(name)
	if !known {
		return nil, fmt.Errorf("%w: there is no %s", ErrFile, name)
	}
	fid := []byte{byte(ef.FID >> 8), byte(ef.FID & 0xFF)}
	if _, err := send(ctx, r.card, "select "+name, apdu.Command{INS: 0xA4, P1: 0x02, P2: 0x0C, Data: fid}); err != nil {
		return nil, err
	}
	b, err := r.binary(ctx, name, 0, r.chunk)
	if err != nil {
		return nil, err
	}
	if ef.Tag == 0 { // no single data object: what came is all, but for lengths beyond one command
		return b, nil
	}
	_, header, length, err := tlv.Header(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFile, name, err)
	}
	total := header + length
	if total > maxFile {
		return nil, fmt.Errorf("%w: %s says that it has %d bytes; %d are accepted", ErrFile, name, total, maxFile)
	}
	for len(b) < total {
		more, err := r.binary(ctx, name, len(b), min(r.chunk, total-len(b)))
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			return nil, fmt.Errorf("%w: %s ends after %d of %d bytes", ErrFile, name, len(b), total)
		}
		b = append(b, more...)
	}
	return b[:total], nil
}

// endOfFile is the warning that fewer bytes came than were asked for.
const endOfFile = apdu.Status(0x6282)

// binary reads from an offset; beyond 32 kB by the odd instruction.
func (r *reader) binary(ctx context.Context, name string, offset, n int) ([]byte, error) {
	c := apdu.Command{INS: 0xB0, P1: byte(offset >> 8 & 0xFF), P2: byte(offset & 0xFF), Le: n}
	odd := offset > 0x7FFF
	if odd {
		c = apdu.Command{INS: 0xB1, Data: tlv.Encode(0x54, []byte{byte(offset >> 8 & 0xFF), byte(offset & 0xFF)}), Le: n + 8}
	}
	answer, err := apdu.Send(ctx, r.card, c)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if answer.SW != endOfFile {
		if err := answer.Err(); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if !odd {
		return bytes.Clone(answer.Data), nil
	}
	node, err := tlv.ParseOnly(answer.Data, 0x53)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFile, name, err)
	}
	return bytes.Clone(node.Value), nil
}
