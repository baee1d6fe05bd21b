package office

import (
	"context"
	"encoding/hex"
	"path/filepath"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

// chipStation is the encoder of a personalization station, with its journal and the
// keys of chips.
func (o *Office) chipStation(store keys.Store, id identity.StationID) (*station.Station, error) {
	initial, card, err := station.KeySets(store, o.config.Production())
	if err != nil {
		return nil, err
	}
	encoder, err := o.encoder(initial)
	if err != nil {
		return nil, err
	}
	catalog, err := profile.Load()
	if err != nil {
		return nil, err
	}
	journal, err := station.OpenJournal(filepath.Join(o.config.Station.Journal, string(id)), o.config.Production())
	if err != nil {
		return nil, err
	}
	return &station.Station{Encoder: encoder, Journal: journal, Catalog: catalog, InitialKeys: initial, CardKeys: card}, nil
}

// encoder is the machine with the slots.
func (o *Office) encoder(initial func([]byte) (securechannel.KeySet, error)) (station.Encoder, error) {
	s := o.config.Station
	switch s.Driver {
	case "tcp":
		return station.TCP{Address: s.Address}, nil
	case "pcsc":
		return station.NewPCSC(s.Reader)
	}
	const commandsPerCard = 120 // about; what personalizes one chip
	return station.NewSimulated(s.Magazine, station.SimulatedOptions{
		InitialKeys: initial, Command: s.WriteTime / commandsPerCard, Faults: station.SpoilFirst(s.SpoilFirst),
	})
}

// delivered asks the registry what the maker's manifest says of a blank.
func (o *Office) delivered(ctx context.Context, blank string) (station.Delivered, error) {
	c, err := o.Registry.DeliveredChip(ctx, identity.BlankSerial(blank))
	if err != nil || c.Chip == "" {
		return station.Delivered{}, err
	}
	serial, err := hex.DecodeString(c.Chip)
	return station.Delivered{ChipSerial: serial, KeyVersion: byte(c.KeyVersion & 0xFF)}, err
}
