package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/tlv"
)

// ErrForeign means a chip that holds what its card is not to have: another key set, or an
// application of others.
var ErrForeign = errors.New("the chip holds what it must not")

// Key information of GlobalPlatform (2.3.1, 11.3.3.1): an object for each key.
const (
	tagKey  = 0xC0 // identifier, version, type, length
	typeAES = 0x88
)

// KeySetOf reads a key information template of a chip that has the keys of one SCP03 key set
// and no other: their key version number, and their length in bytes. What else it lists is an
// error that wraps ErrForeign: PUT KEY would leave it on the chip.
func KeySetOf(information []byte) (version byte, length int, err error) {
	nodes, err := tlv.ParseAll(information)
	if err != nil {
		return 0, 0, fmt.Errorf("read key information: %w", err)
	}
	var identifiers []byte
	for _, n := range nodes {
		if n.Tag != tagKey || len(n.Value) != 4 || n.Value[2] != typeAES || !bytes.Equal(n.Value[1:], nodes[0].Value[1:]) {
			return 0, 0, fmt.Errorf("%w: keys %X", ErrForeign, information)
		}
		identifiers = append(identifiers, n.Value[0])
	}
	slices.Sort(identifiers)
	if !bytes.Equal(identifiers, []byte{1, 2, 3}) { // ENC, MAC and DEK (Amendment D, 7.2)
		return 0, 0, fmt.Errorf("%w: keys %X", ErrForeign, information)
	}
	return nodes[0].Value[1], int(nodes[0].Value[3]), nil
}

// Channel is an open secure channel with the issuer security domain.
type Channel interface {
	Send(ctx context.Context, c apdu.Command) (apdu.Response, error)
}

// ErrOtherChip means a chip whose serial is another one than at the beginning of the work.
var ErrOtherChip = errors.New("the chip in the slot is another one than at first")

// SerialOf is the serial, of 10 bytes, that a chip says under its keys.
func SerialOf(ctx context.Context, channel Channel) ([]byte, error) {
	tag := uint16(globalplatform.TagCPLC)
	r, err := channel.Send(ctx, apdu.Command{
		CLA: apdu.ClassGlobalPlatform, INS: apdu.GetData, P1: byte(tag >> 8), P2: byte(tag & 0xFF), Le: apdu.MaxShortLe,
	})
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("read the chip's serial: %w", err)
	}
	cplc, err := tlv.ParseOnly(r.Data, uint32(tag))
	if err != nil {
		return nil, fmt.Errorf("read the chip's serial: %w", err)
	}
	return globalplatform.ParseCPLC(cplc.Value)
}

// CheckApplications refuses a chip with an application that is not one of these. The error
// wraps ErrForeign.
func CheckApplications(ctx context.Context, channel Channel, own []*Application) error {
	r, err := channel.Send(ctx, apdu.Command{
		CLA: apdu.ClassGlobalPlatform, INS: apdu.GetStatus, P1: globalplatform.ScopeApplications, P2: 0x02, Data: []byte{0x4F, 0x00}, Le: apdu.MaxShortLe,
	})
	switch {
	case err != nil:
		return fmt.Errorf("list applications: %w", err)
	case r.SW == apdu.ReferenceNotFound:
		return nil // there is none
	case r.SW.SW1() == 0x63:
		return fmt.Errorf("%w: more applications than one answer takes", ErrForeign)
	case r.Err() != nil:
		return fmt.Errorf("list applications: %w", r.Err())
	}
	entries, err := tlv.ParseAll(r.Data)
	if err != nil {
		return fmt.Errorf("list applications: %w", err)
	}
	for _, entry := range entries {
		aid, err := tlv.Find(entry.Value, 0x4F)
		if err != nil {
			return fmt.Errorf("list applications: %w", err)
		}
		if !slices.ContainsFunc(own, func(a *Application) bool { return bytes.Equal(a.Instance, aid.Value) }) {
			return fmt.Errorf("%w: application %X", ErrForeign, aid.Value)
		}
	}
	return nil
}

// checkContent refuses a chip that has another key set beside the one that it was given, or
// an application that was not installed now.
func (r *run) checkContent(ctx context.Context) error {
	if err := r.checkKeys(ctx); err != nil {
		return err
	}
	return CheckApplications(ctx, r.channel, r.Applications)
}

// checkKeys refuses a chip that has another key set beside the one that it was given.
func (r *run) checkKeys(ctx context.Context) error {
	tag := uint16(globalplatform.TagKeys)
	answer, err := r.send(ctx, apdu.Command{
		CLA: apdu.ClassGlobalPlatform, INS: apdu.GetData, P1: byte(tag >> 8), P2: byte(tag & 0xFF), Le: apdu.MaxShortLe,
	})
	if err != nil {
		return err
	}
	node, err := tlv.ParseOnly(answer.Data, uint32(tag))
	if err != nil {
		return err
	}
	version, length, err := KeySetOf(node.Value)
	if err == nil && (version != r.NextKeys.Version || length != len(r.NextKeys.ENC)) {
		err = fmt.Errorf("%w: keys %X", ErrForeign, node.Value)
	}
	return err
}
