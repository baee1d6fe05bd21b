package chip

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

// Access is what is printed on the card and opens the chip. The MRZ is tried first.
type Access struct {
	MRZInformation string // ICAO Doc 9303-11 section 9.7.2; 24 characters
	CAN            string // six digits
	ShortAPDUs     bool   // the reader is known not to pass on commands of extended length
}

// String hides the secrets.
func (Access) String() string { return "[access]" }

// GoString hides the secrets.
func (Access) GoString() string { return "[access]" }

// Options are how a chip is read. With the zero value it is read as fast as possible.
type Options struct {
	Random      io.Reader // of challenges and keys; crypto/rand by default
	SelectFiles bool      // select each file by its identifier, as some readers do, not by its short identifier
	ShortAPDUs  bool      // do not use extended lengths, whatever the chip announces
	BACOnly     bool      // do as a reader without PACE

	Signature *ExpectSignature // look at the digital signature application, too
}

// Reading is what was read from a chip.
type Reading struct {
	Access   string // how it gave access: PACE-MRZ, PACE-CAN or BAC; empty if it did not
	Files    lds.Files
	Closed   []int // data groups that the chip opens only by Extended Access Control
	Commands int   // how many commands were sent

	// What failed; nil if it did not.
	Refused              error // the chip did not give access
	PACE                 error // PACE was announced and failed, and access was by another way
	Interrupted          error // the chip stopped or secure messaging failed; nothing was read after that
	ChipAuthentication   error
	ActiveAuthentication error
	Signature            error // the digital signature application is not as expected
	Unreadable           map[lds.EF]error
}

// String hides what was read.
func (*Reading) String() string { return "[reading]" }

// GoString hides what was read.
func (*Reading) GoString() string { return "[reading]" }

// Read opens a chip and reads all of it, as a border does: EF.CardAccess, PACE or
// BAC, the eMRTD application, Chip and Active Authentication, every data group that
// may be read. The error is a fault of the reader or the connection; what is wrong
// with the chip is in the reading. A chip takes at most 4096 commands and 3 MB,
// whatever it answers.
func Read(ctx context.Context, card apdu.Card, access Access, o Options) (*Reading, error) {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	watched := &apdu.Watch{Card: card}
	reading, doubt, err := read(ctx, watched, access, o)
	if !doubt {
		return reading, err
	}
	// It may be the reader that does not pass on what has extended length. SELECT in plain
	// ends secure messaging, and all begins anew.
	o.ShortAPDUs = true
	if again, _, failed := read(ctx, watched, access, o); failed == nil {
		return again, nil
	}
	return reading, err
}

// read reads a chip once. It doubts what it has read where a command of extended length, or
// the response to one, did not pass the reader.
func read(ctx context.Context, card *apdu.Watch, access Access, o Options) (_ *Reading, doubt bool, _ error) {
	reading := &Reading{Files: make(lds.Files), Unreadable: make(map[lds.EF]error)}
	to := &plainChannel{card: card, sent: card.Sent}
	r := &reader{Options: o, line: to, channel: to, reading: reading, longest: shortResponse}
	err := r.all(ctx, access)
	reading.Commands = to.sent
	switch {
	case err == nil:
	case isFault(err):
		return nil, card.Failed && errors.Is(err, apdu.ErrMalformed), fmt.Errorf("read chip: %w", err)
	case reading.Access == "":
		reading.Refused = err
	default:
		reading.Interrupted = err
	}
	cut := card.Long && card.Bytes >= cutAt && errors.Is(err, tlv.ErrTruncated)
	return reading, cut || r.longest > shortResponse && reading.refused(), nil
}

// cutAt is the least that a reader passes on of a longer response, in bytes.
const cutAt = 250

// refused reports whether the chip, or its reader in its name, refused by a status word what a
// good chip does not.
func (r *Reading) refused() bool {
	errs := []error{r.Refused, r.PACE, r.Interrupted, r.ChipAuthentication, r.ActiveAuthentication}
	for ef, err := range r.Unreadable {
		if row, _ := lds.Find(ef); !row.MasterFile && !slices.Contains(r.Closed, row.DataGroup) {
			errs = append(errs, err)
		}
	}
	_, is := errors.AsType[apdu.Status](errors.Join(errs...))
	return is
}

// all does everything that Read does.
func (r *reader) all(ctx context.Context, access Access) error {
	if err := r.public(ctx); err != nil {
		return err
	}
	if err := r.enter(ctx, access); err != nil {
		return err
	}
	for _, name := range []lds.EF{lds.COM, lds.SOD, lds.DG14} {
		if err := r.keep(ctx, name); err != nil {
			return err
		}
	}
	if err := r.authenticate(ctx); err != nil {
		return err
	}
	if err := r.dataGroups(ctx); err != nil || r.Options.Signature == nil {
		return err
	}
	return r.signature(ctx, *r.Options.Signature)
}

// public reads the files under the master file, in plain. Many chips refuse to select
// it, and some do not have one of the files or both; neither is an error.
func (r *reader) public(ctx context.Context) error {
	c := apdu.Command{INS: apdu.Select, P1: apdu.SelectAny, P2: apdu.NoResponse, Data: []byte{0x3F, 0x00}}
	if _, err := r.channel.send(ctx, c); err != nil {
		return fmt.Errorf("SELECT the master file: %w", err)
	}
	for _, name := range []lds.EF{lds.CardAccess, lds.ATRInfo} {
		if err := r.keep(ctx, name); err != nil {
			return err
		}
	}
	longest, err := lds.ParseATRInfo(r.reading.Files[lds.ATRInfo])
	if err == nil && !r.ShortAPDUs && longest.Response > shortResponse {
		r.longest = min(longest.Response, apdu.MaxResponse)
	}
	return nil
}

// enter gets access, by PACE if the chip announces it, and selects the eMRTD
// application.
func (r *reader) enter(ctx context.Context, access Access) error {
	infos, err := lds.ParseCardAccess(r.reading.Files[lds.CardAccess])
	if p, announced := choosePACE(r.line, infos.PACE, r.Random); err == nil && announced && !r.BACOnly {
		entered, err := r.byPACE(ctx, p, access.passwords())
		if entered || err != nil {
			return err
		}
	}
	if access.MRZInformation == "" {
		if r.reading.PACE != nil {
			return r.reading.PACE
		}
		return denied(errors.New("the chip does not announce a known PACE protocol, and BAC needs the MRZ"))
	}
	if err := r.selectApplication(ctx); err != nil {
		return denied(err)
	}
	s, err := basicAccess(ctx, r.line, access.MRZInformation, r.Random)
	if err != nil {
		return fmt.Errorf("BAC: %w", err)
	}
	r.open(s)
	r.reading.Access = "BAC"
	return nil
}

// byPACE tries the passwords in turn. The error is a fault, or an error of the chip
// after it has given access.
func (r *reader) byPACE(ctx context.Context, p *pace, passwords []password) (entered bool, _ error) {
	for _, with := range passwords {
		s, err := p.run(ctx, with)
		if err == nil {
			r.open(s)
			r.reading.Access = with.name
			return true, r.selectApplication(ctx)
		}
		err = fmt.Errorf("%s: %w", with.name, err)
		if isFault(err) {
			return false, err
		}
		if r.reading.PACE == nil {
			r.reading.PACE = err
		}
	}
	return false, nil
}

// open continues in secure messaging.
func (r *reader) open(s *session) {
	s.extended = r.longest > shortResponse
	r.channel, r.session = s, s
}

func (r *reader) selectApplication(ctx context.Context) error {
	_, err := ask(ctx, r.channel, "SELECT the eMRTD application", apdu.Command{INS: apdu.Select, P1: apdu.SelectByName, P2: apdu.NoResponse, Data: lds.AID()})
	return err
}

// authenticate does Chip and Active Authentication, and records what fails.
func (r *reader) authenticate(ctx context.Context) error {
	infos, err := lds.ParseDG14(r.reading.Files[lds.DG14])
	if err != nil {
		r.reading.ChipAuthentication = failed(err)
	} else if err := r.authenticateChip(ctx, infos); err != nil {
		return err
	}
	err = r.keep(ctx, "EF.DG15")
	if r.session.unproven && r.reading.ChipAuthentication == nil && !isFault(err) {
		r.reading.ChipAuthentication = failed(errors.New("it does not answer with the new session keys"))
		return r.reading.ChipAuthentication
	}
	if err != nil {
		return err
	}
	key, err := lds.ParseDG15(r.reading.Files[lds.DG15])
	if err != nil {
		r.reading.ActiveAuthentication = failed(err)
		return nil
	}
	err = activeAuthenticate(ctx, r.channel, key, infos, r.Random)
	if isFault(err) || errors.Is(err, ErrMessaging) {
		return err
	}
	r.reading.ActiveAuthentication = err
	return nil
}

// authenticateChip does Chip Authentication and continues with its session keys.
func (r *reader) authenticateChip(ctx context.Context, infos lds.SecurityInfos) error {
	renewed, err := chipAuthenticate(ctx, r.session, infos, r.Random)
	switch {
	case err == nil:
		r.channel, r.session = renewed, renewed
		return nil
	case isFault(err) || errors.Is(err, ErrMessaging):
		return err
	}
	r.reading.ChipAuthentication = err
	return nil
}

// dataGroups reads what EF.COM lists, and the data groups that every card has.
func (r *reader) dataGroups(ctx context.Context) error {
	listed := []int{1, 2, 13}
	if com, err := lds.ParseCOM(r.reading.Files[lds.COM]); err == nil {
		listed = slices.Concat(com.DataGroups, []int{1, 13})
	}
	for _, row := range lds.Table() {
		done := row.EF == lds.DG14 || row.EF == lds.DG15 // by authenticate
		if done || !slices.Contains(listed, row.DataGroup) {
			continue
		}
		if err := r.keep(ctx, row.EF); err != nil {
			return err
		}
		if row.Read == lds.ExtendedAccess && errors.Is(r.reading.Unreadable[row.EF], apdu.SecurityNotSatisfied) {
			r.reading.Closed = append(r.reading.Closed, row.DataGroup)
		}
	}
	return nil
}

// keep reads a file and keeps it, or the reason why it cannot be read. The error is a
// fault, or one that ends reading.
func (r *reader) keep(ctx context.Context, ef lds.EF) error {
	row, _ := lds.Find(ef)
	b, err := r.read(ctx, row)
	switch {
	case err == nil:
		r.reading.Files[ef] = b
	case isFault(err) || errors.Is(err, ErrMessaging) || errors.Is(err, errTooManyCommands):
		return fmt.Errorf("read %s: %w", ef, err)
	default:
		r.reading.Unreadable[ef] = err
	}
	return nil
}
