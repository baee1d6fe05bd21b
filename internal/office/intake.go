package office

import (
	"context"
	"time"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
)

// Sizes limit what a submission may contain.
func (o *Office) Sizes() packet.Sizes { return Sizes(o.config) }

// Sizes limit what a submission may contain, by the settings.
func Sizes(c config.Config) packet.Sizes {
	i := c.Intake
	return packet.Sizes{Document: i.DocumentBytes, Portrait: i.PortraitBytes, Finger: i.FingerBytes, Packet: i.PacketBytes}
}

// StationKeys are the signing keys of the enrollment stations on this machine.
func (o *Office) StationKeys() packet.KeyFiles { return packet.KeyFiles(o.config.PKI.Stations) }

// Checker checks submissions by the rules that the settings name, as the door does, on a
// machine that has neither the registry nor its clock.
func Checker(c config.Config, now func() time.Time) (*intake.Door, error) {
	chip, err := chipProfile(c.Personalization)
	if err != nil {
		return nil, err
	}
	forms, err := loadForms(c.Forms.Dir)
	if err != nil {
		return nil, err
	}
	calendar, err := identity.LoadCalendar()
	return &intake.Door{
		Forms: forms, Calendar: calendar, Sizes: Sizes(c), Chip: chip, Now: now, OfficeStart: c.Office.Start, LateAfter: c.Office.LateAfter,
	}, err
}

// Door is where packets come in. It needs no Temporal: what it stores is begun as soon
// as Temporal answers.
func (o *Office) Door() *intake.Door {
	return &intake.Door{
		Registry: o.Registry, Forms: o.Forms, Calendar: o.Calendar, Sizes: o.Sizes(), Chip: o.chip, Now: o.Now, Logger: o.logger,
		OfficeStart: o.config.Office.Start, LateAfter: o.config.Office.LateAfter,
		Start: func(ctx context.Context, number identity.ApplicationNumber) error {
			starter, err := o.starter(ctx)
			if err != nil {
				return err
			}
			return starter.Start(ctx, number)
		},
	}
}
