package activities

import (
	"context"
	"time"

	"example.org/cancuoc/internal/camera"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/station"
	"example.org/cancuoc/templates/render"
)

// Station is one personalization station: encoders, a printer and a camera. A card that
// was not begun is made by any station with a free slot; one that was begun goes on at
// its own, by that station's own task queue.
type Station struct {
	ID       identity.StationID
	Queue    string // its own task queue
	Line     *Line
	Registry *registry.Registry
	Holders  Holders
	Chip     *station.Station // the encoder, with its journal and keys
	Printer  printing.Printer
	Prints   PrintFolder // of the printer; nil: what was printed is kept, or there is no folder
	Camera   camera.Camera
	Forms    *render.Renderer
	Print    render.Options
	Trust    func() (*pki.TrustStore, error) // the CSCA certificates that inspection trusts
	Now      func() time.Time                // the clock of the station's machine, right or wrong
	// InsertWait is how long it waits for its operator when another card is in the slot.
	InsertWait time.Duration
}

// Ask has the line give the registry the station's word on cards that somebody else gave up
// when they were no more than begun here: its journal knows whether their blanks are
// untouched. It is called before the line runs.
func (l *Line) Ask(s *Station) {
	l.told = func(ctx context.Context, unsure []registry.CardInSlot) {
		for _, c := range unsure {
			if err := s.say(ctx, c); err != nil {
				l.logger.Warn("Not told whether a blank is untouched; trying again", "station", s.ID, "blank", c.Blank, "error", err)
			}
		}
	}
}

func (s *Station) say(ctx context.Context, c registry.CardInSlot) error {
	untouched, err := s.Chip.Untouched(string(c.Blank))
	if err != nil {
		return err
	}
	saying, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	_, err = s.Registry.SayUntouched(saying, c.Application, c.Attempt, s.ID, untouched)
	return err
}
