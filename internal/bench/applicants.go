package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/samples/generate/finger"
)

// applicant is one person of the bench.
type applicant struct {
	packet []byte
	probe  []byte // the finger at hand-over
	number identity.ApplicationNumber
}

// applicants makes n people, tells the population registry of them, and has their
// applications signed. All of it is before the clock runs.
func (b *benchmark) applicants(ctx context.Context, n int) ([]*applicant, error) {
	const station = "001-TN-01"
	key, err := b.office.StationKeys().Ensure(station)
	if err != nil {
		return nil, err
	}
	if err := b.supply(ctx, station, key, n+n/10+10); err != nil {
		return nil, err
	}
	signer, err := b.office.StationKeys().Key(station)
	if err != nil {
		return nil, err
	}
	portrait, err := os.ReadFile("samples/02-exchange-at-25/portrait.jpg")
	if err != nil {
		return nil, fmt.Errorf("read a portrait (the bench runs in the clone): %w", err)
	}
	random := identitytest.Seeded(1)
	list := make([]*applicant, n)
	hands := uint64(0) // that were drawn
	for i := range list {
		person, err := b.newcomer(ctx, random)
		if err != nil {
			return nil, err
		}
		if err := b.office.Registry.SeedCitizen(ctx, registry.Citizen{Person: person, Status: identity.Alive}); err != nil {
			return nil, err
		}
		captured, probe, err := fingers(&hands)
		if err != nil {
			return nil, err
		}
		list[i] = &applicant{probe: probe}
		submission := packet.SubmissionOf(identity.Application{
			EnrollmentID: fmt.Sprintf("BENCH-%06d", i), Station: station, Officer: "CB-001-0007", Channel: identity.AtStation,
			Type: identity.FirstIssue, Ground: identity.GroundFirstCard, FiledOn: identity.DateOf(time.Now()), Person: person, Delivery: identity.Collect,
		})
		submission.Portrait = &packet.Image{Data: portrait}
		for position, template := range captured {
			submission.Fingerprints = append(submission.Fingerprints, packet.Fingerprint{Position: string(position), TemplateData: template})
		}
		if list[i].packet, err = packet.Sign(submission, signer, b.keys.State); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// supply registers the station, and takes blanks into stock.
func (b *benchmark) supply(ctx context.Context, station identity.StationID, key []byte, blanks int) error {
	register := identity.RegisterStation{Officer: cast.Founders[0], Witness: cast.Founders[1], Province: "001", PublicKey: key}
	signed, err := b.keys.State(register, statement.Station(station), "")
	if err != nil {
		return err
	}
	if err := b.office.Registry.RegisterStation(ctx, station, register, signed); err != nil {
		return err
	}
	box := identity.ReceiveBlanks{
		ReceivedBy: "TK-C06-0001", CountedBy: "TK-C06-0002", Box: "B-BENCH", First: b.blank(1), Last: b.blank(blanks), Location: identity.LocationCenter,
	}
	if signed, err = b.keys.State(box, statement.Box(box.Box), ""); err != nil {
		return err
	}
	return b.office.Registry.ReceiveBlanks(ctx, box, signed)
}

// blank is the serial of a blank. The station has seen those of another registry.
func (b *benchmark) blank(n int) identity.BlankSerial {
	return identity.BlankSerial(fmt.Sprintf("P%c%08d", 'A'+b.registry, n))
}

// newcomer makes a grown-up whom the registry does not know, and who never had any card.
func (b *benchmark) newcomer(ctx context.Context, random *rand.Rand) (identity.Person, error) {
	for {
		person := identitytest.Person(random)
		if person.Birth.AgeOn(identity.DateOf(time.Now())) < 18 || !person.Birth.Complete() {
			continue
		}
		person.OldNumber = ""
		_, err := b.office.Registry.Citizen(ctx, person.Number)
		if errors.Is(err, identity.NotFound) {
			return person, nil
		}
		if err != nil {
			return identity.Person{}, err
		}
	}
}

// fingers gives what is captured of the next person whose fingers are good enough,
// and a finger that matches at the counter.
func fingers(person *uint64) (captured fingerprint.Templates, probe []byte, err error) {
	for ; ; *person++ {
		if captured, err = finger.Hand(*person, 1); err != nil {
			return nil, nil, err
		}
		laid, err := finger.Hand(*person, 2)
		if err != nil {
			return nil, nil, err
		}
		delete(laid, fingerprint.RightIndex)
		judgment, err := fingerprint.Judge(captured, fingerprint.DefaultQualityLimits())
		if err != nil {
			return nil, nil, err
		}
		verdict, err := fingerprint.Verify(captured, laid, fingerprint.DefaultMatchLimits())
		if err != nil {
			return nil, nil, err
		}
		if judgment.OK && verdict.Match {
			*person++
			probe, err = laid.MarshalBinary()
			return captured, probe, err
		}
	}
}
