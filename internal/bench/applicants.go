package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
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
	err = b.office.Registry.SaveStation(ctx, registry.Station{ID: station, Kind: identity.EnrollmentStation, Province: "001", PublicKey: key})
	if err != nil {
		return nil, err
	}
	err = b.office.Registry.ReceiveBlanks(ctx, registry.Box{
		Number: "B-BENCH", First: "PB00000001", Last: identity.BlankSerial(fmt.Sprintf("PB%08d", n+n/10+10)), Location: identity.LocationCenter, ReceivedBy: "TK-1", CountedBy: "TK-2",
	})
	if err != nil {
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
	for i := range list {
		person, err := b.newcomer(ctx, random)
		if err != nil {
			return nil, err
		}
		if err := b.office.Registry.SeedCitizen(ctx, registry.Citizen{Person: person, Status: identity.Alive}); err != nil {
			return nil, err
		}
		if list[i], err = newApplicant(uint64(i)); err != nil {
			return nil, err
		}
		submission := packet.SubmissionOf(identity.Application{
			EnrollmentID: fmt.Sprintf("BENCH-%06d", i), Station: station, Officer: "CB-001-0001", Channel: identity.AtStation,
			Type: identity.FirstIssue, Ground: identity.GroundFirstCard, FiledOn: identity.DateOf(time.Now()), Person: person, Delivery: identity.Collect,
		})
		submission.Portrait = &packet.Image{Data: portrait}
		captured, err := finger.Hand(uint64(i), 1)
		if err != nil {
			return nil, err
		}
		for position, template := range captured {
			submission.Fingerprints = append(submission.Fingerprints, packet.Fingerprint{Position: string(position), TemplateData: template})
		}
		if list[i].packet, err = packet.Sign(submission, signer); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// newcomer makes a grown-up whom the registry does not know.
func (b *benchmark) newcomer(ctx context.Context, random *rand.Rand) (identity.Person, error) {
	for {
		person := identitytest.Person(random)
		if person.Birth.AgeOn(identity.DateOf(time.Now())) < 18 || !person.Birth.Complete() {
			continue
		}
		_, err := b.office.Registry.Citizen(ctx, person.Number)
		if errors.Is(err, identity.NotFound) {
			return person, nil
		}
		if err != nil {
			return identity.Person{}, err
		}
	}
}

// newApplicant makes the finger that will be laid on the reader.
func newApplicant(i uint64) (*applicant, error) {
	laid, err := finger.Hand(i, 2)
	if err != nil {
		return nil, err
	}
	delete(laid, fingerprint.RightIndex)
	probe, err := laid.MarshalBinary()
	return &applicant{probe: probe}, err
}
