package office

import (
	"cmp"
	"context"
	"encoding/hex"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

// Masters are the master keys of chips in the office's key store.
func (o *Office) Masters(store keys.Store) station.Masters {
	return station.Masters{Store: store, Registered: momentarily(o.Registry.ChipKeys), Today: func() identity.Date { return identity.DateOf(o.Now()) }}
}

// momentarily asks once a second: a card needs the descriptions of keys several times.
func momentarily(ask func(context.Context) ([]identity.ChipKey, error)) func(context.Context) ([]identity.ChipKey, error) {
	const moment = time.Second
	var mu sync.Mutex
	var asked time.Time
	var answer []identity.ChipKey
	return func(ctx context.Context) ([]identity.ChipKey, error) {
		mu.Lock()
		list, known := slices.Clone(answer), !asked.IsZero() && time.Since(asked) < moment
		mu.Unlock()
		if known {
			return list, nil
		}
		list, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		answer, asked = slices.Clone(list), time.Now() //nolint:forbidigo // how long ago is all that is asked
		return list, nil
	}
}

// chipStation is the encoder of a personalization station, with its journal and the
// keys of chips.
func (o *Office) chipStation(ctx context.Context, store keys.Store, id identity.StationID) (*station.Station, error) {
	masters := o.Masters(store)
	if err := masters.Ensure(ctx, o.config.Production()); err != nil {
		return nil, err
	}
	encoder, err := o.encoder(masters)
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
	return &station.Station{Encoder: encoder, Journal: journal, Catalog: catalog, InitialKeys: masters.Initial, CardKeys: masters.Card, FormerKeys: masters.Former}, nil
}

// encoder is the machine with the slots.
func (o *Office) encoder(masters station.Masters) (station.Encoder, error) {
	s := o.config.Station
	switch s.Driver {
	case "tcp":
		return station.TCP{Address: s.Address}, nil
	case "pcsc":
		return station.NewPCSC(s.Reader)
	}
	const commandsPerCard = 120 // about; what personalizes one chip
	return station.NewSimulated(s.Magazine, station.SimulatedOptions{
		InitialKeys: o.deliveredKeys(masters), Command: s.WriteTime / commandsPerCard, Faults: station.SpoilFirst(s.SpoilFirst),
	})
}

// deliveredKeys is the key set of a simulated blank: of the version that its maker's manifest
// says, or of the first one.
func (o *Office) deliveredKeys(masters station.Masters) func(ctx context.Context, blank string, chipSerial []byte) (securechannel.KeySet, error) {
	return func(ctx context.Context, blank string, chipSerial []byte) (securechannel.KeySet, error) {
		d, err := o.delivered(ctx, blank)
		if err != nil {
			return securechannel.KeySet{}, err
		}
		return masters.Initial(ctx, cmp.Or(d.KeyVersion, identity.FirstTransportVersion), chipSerial)
	}
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
