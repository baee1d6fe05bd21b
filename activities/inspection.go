package activities

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/cancuoc/internal/camera"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/inspection"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/personalization/profile"
)

// inspect reads the chip as a border would, if there is one, and the print from a picture,
// and compares both with the card that the registry holds. A card that fails is spoiled: its
// chip, when it fails twice.
func (s *Station) inspect(ctx context.Context, j *job) error {
	expected, err := s.expected(ctx, j)
	if err != nil {
		return err
	}
	findings, object, err := s.lookAtChip(ctx, j, expected)
	if err != nil {
		return err
	}
	if !j.seen {
		found, err := s.inspectPrint(ctx, j, expected)
		if err != nil {
			return err
		}
		findings = append(findings, found...)
	}
	if len(findings) > 0 {
		return s.spoil(ctx, j, identity.ReasonInspectionFailed, identity.Refuse(identity.Spoiled, "inspection failed: %s", strings.Join(findings, "; ")))
	}
	passed := registry.Inspected{Forgets: s.holdsPrint(ctx, j)}
	if j.hasChip() {
		signed, err := sod.Parse(object)
		if err != nil {
			return fmt.Errorf("read the security object: %w", err)
		}
		passed.SecurityObject, passed.Signer = sha256.Sum256(object), signed.Signer.Serial.Text(16)
	}
	err = s.Registry.PassInspection(ctx, j.Application, j.Attempt, passed)
	if identity.Refused(err, identity.Conflict) {
		return s.spoil(ctx, j, identity.ReasonInspectionFailed, identity.Refuse(identity.Spoiled, "inspection failed: %v", err))
	}
	if err != nil {
		return fmt.Errorf("note that card %d is %s: %w", j.Attempt, identity.CardInspected, err)
	}
	j.toldForgotten = passed.Forgets
	j.reached(identity.CardInspected)
	return nil
}

// expected is what the card should be.
func (s *Station) expected(ctx context.Context, j *job) (inspection.Expectation, error) {
	form, printed, err := s.composed(ctx, j)
	if err != nil {
		return inspection.Expectation{}, err
	}
	if !j.hasChip() {
		return inspection.Expect(form, printed, nil)
	}
	chip, err := chipImage(j.Evidence)
	if err != nil {
		return inspection.Expectation{}, err
	}
	expected, err := inspection.Expect(form, printed, chip)
	if err != nil || !slices.Contains(chip.Applications, profile.DigitalSignature) {
		return expected, err
	}
	certificate, err := s.Registry.Certificate(ctx, j.Application, j.Attempt)
	if err != nil {
		return expected, err
	}
	signature := chipinspection.ExpectSignature{Delivered: true}
	if certificate != nil { // otherwise the chip has one that nobody issued
		signature.Certificate = sha256.Sum256(certificate.DER)
	}
	return expected.WithSignature(signature), nil
}

// lookAtChip reads the chip of the card in the slot, lists what is wrong with it, and gives
// its security object. What has no chip has neither.
func (s *Station) lookAtChip(ctx context.Context, j *job, expected inspection.Expectation) (findings []string, object []byte, err error) {
	if !j.hasChip() {
		return nil, nil, nil
	}
	err = s.atCard(ctx, j, func() (err error) {
		findings, object, err = s.inspectChip(ctx, j, expected)
		if err != nil || len(findings) > 0 { // of another card, perhaps
			err = cmp.Or(s.Chip.Holds(ctx, string(j.Card.Blank)), err)
		}
		return err
	})
	return findings, object, err
}

// inspectPrint takes pictures of the card and lists what is wrong with its print.
func (s *Station) inspectPrint(ctx context.Context, j *job, expected inspection.Expectation) ([]string, error) {
	front, back, err := s.Camera.Look(ctx, camera.Job{Name: PrintJob(j.Application, j.Attempt), Blank: string(j.Card.Blank)})
	if err != nil {
		return nil, &trouble{partCamera, false, errors.New("take pictures of the print: " + err.Error())} // no refusal: it may pass
	}
	findings, err := expected.Print(front, back, s.Print)
	if err != nil {
		return nil, &trouble{partCamera, false, err}
	}
	return findings, nil
}

// inspectChip reads the chip, lists what is wrong with it, and gives its security object. What
// is wrong is found twice, the second time in a card that is known to be the blank: another
// one would be asked for keys that it does not have, and answers slower each time.
func (s *Station) inspectChip(ctx context.Context, j *job, expected inspection.Expectation) (findings []string, object []byte, err error) {
	trust, err := s.Trust()
	if err != nil {
		return nil, nil, fmt.Errorf("read trusted certificates: %w", err)
	}
	again := false
	result, err := chipinspection.Confirm(func() (result chipinspection.Result, err error) {
		if again {
			if err := s.Chip.Holds(ctx, string(j.Card.Blank)); err != nil {
				return result, err
			}
		}
		again = true
		session, err := s.Chip.Encoder.Open(ctx, string(j.Card.Blank))
		if err != nil {
			return result, fmt.Errorf("open blank %s: %w", j.Card.Blank, err)
		}
		defer session.Close()
		err = s.Chip.Read(session, func(card apdu.Card, short bool) (err error) {
			result, err = expected.WithShortAPDUs(short).Chip(ctx, card, trust, j.Now)
			return err
		})
		return result, err
	})
	if err != nil {
		return nil, nil, &trouble{partEncoder, false, fmt.Errorf("inspect chip: %w", err)}
	}
	return result.Failures(), result.Files[lds.SOD], nil
}
