package office

import (
	"context"
	"time"

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

// Door is where packets come in.
func (o *Office) Door(ctx context.Context) (*intake.Door, error) {
	starter, err := o.starter(ctx)
	if err != nil {
		return nil, err
	}
	return &intake.Door{
		Registry: o.Registry, Forms: o.Forms, Calendar: o.Calendar, Sizes: o.Sizes(), Now: time.Now, Start: starter.Start,
	}, nil
}

// Sweep starts the workflows of applications that were stored but not started, until
// ctx ends.
func (o *Office) Sweep(ctx context.Context) error {
	starter, err := o.starter(ctx)
	if err != nil {
		return err
	}
	starter.Sweep(ctx, o.config.Worker.Sweep, o.logger)
	return nil
}

// starter starts the workflows of received applications.
func (o *Office) starter(ctx context.Context) (*intake.Starter, error) {
	flows, err := o.Workflows(ctx)
	if err != nil {
		return nil, err
	}
	return &intake.Starter{Registry: o.Registry, Workflows: flows}, nil
}
