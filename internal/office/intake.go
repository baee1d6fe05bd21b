package office

import (
	"context"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
)

// Sizes limit what a submission may contain.
func (o *Office) Sizes() packet.Sizes {
	i := o.config.Intake
	return packet.Sizes{Document: i.DocumentBytes, Portrait: i.PortraitBytes, Finger: i.FingerBytes, Packet: i.PacketBytes}
}

// StationKeys are the signing keys of the enrollment stations on this machine.
func (o *Office) StationKeys() packet.KeyFiles { return packet.KeyFiles(o.config.PKI.Stations) }

// Door is where packets come in. It needs no Temporal: what it stores is begun as soon
// as Temporal answers.
func (o *Office) Door() *intake.Door {
	return &intake.Door{
		Registry: o.Registry, Forms: o.Forms, Calendar: o.Calendar, Sizes: o.Sizes(), Chip: o.chip, Now: o.Now, Logger: o.logger,
		Start: func(ctx context.Context, number identity.ApplicationNumber) error {
			starter, err := o.starter(ctx)
			if err != nil {
				return err
			}
			return starter.Start(ctx, number)
		},
	}
}
