package activities

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/pki"
)

// Certifier has keys certified that chips make for their holders' digital signatures.
type Certifier struct {
	Registry *registry.Registry
	Station  identity.StationID
	CA       func() (*pki.SignatureCA, error)
	Now      func() time.Time
}

// Certify certifies the key of the card that the station writes, and books the certificate
// before the card gets it. Another one for the same card supersedes it: a chip that was torn
// makes another key.
func (c Certifier) Certify(ctx context.Context, serial identity.CardSerial, _ string, publicKey []byte) ([]byte, error) {
	asking, cancel := context.WithTimeout(ctx, registryWithin)
	defer cancel()
	card, err := c.Registry.CardInWork(asking, serial, c.Station)
	if err != nil {
		return nil, err
	}
	ca, err := c.CA()
	if err != nil {
		return nil, err
	}
	holder := pki.Holder{Name: card.Card.Person.Name.Text, Number: string(card.Card.Person.Number)}
	der, err := ca.Certify(holder, publicKey, c.Now())
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read the certificate that was made: %w", err)
	}
	return der, c.Registry.BookCertificate(asking, card, registry.SignatureCertificate{Serial: certificate.SerialNumber.Text(16), DER: der})
}
