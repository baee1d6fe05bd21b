package registry

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/vault"
)

// What says something about a person stands in the registry sealed with the application's
// data key, each value bound to its column and row: without that key, nothing of it can be
// read. What has to be found by a personal number is found by a keyed digest of it.

// The columns that are sealed.
func applicationColumn(number identity.ApplicationNumber) vault.Key {
	return vault.Column(string(number), "applications", "sealed", 0)
}

func numberColumn(number identity.ApplicationNumber) vault.Key {
	return vault.Column(string(number), "applications", "sealed_number", 0)
}

func cardColumn(number identity.ApplicationNumber, attempt int) vault.Key {
	return vault.Column(string(number), "cards", "sealed", attempt)
}

// details are what an application says about persons, as applications.sealed keeps it.
type details struct {
	Person         identity.Person
	Representative identity.Name
	DeliveryTo     string
	Exemption      string
	ExemptionProof string           `json:",omitzero"`
	ErrorBy        identity.Party   `json:",omitzero"`
	LateReason     string           `json:",omitzero"`
	SignedSheet    string           `json:",omitzero"`
	OriginProof    string           `json:",omitzero"`
	ResidingSince  identity.Date    `json:",omitzero"`
	Contact        identity.Contact `json:",omitzero"`
}

func detailsOf(a identity.Application) ([]byte, error) {
	plain, err := json.Marshal(details{a.Person, a.Representative, a.DeliveryTo, a.Exemption, a.ExemptionProof, a.ErrorBy, a.LateReason, a.SignedSheet, a.OriginProof, a.ResidingSince, a.Contact})
	if err != nil {
		return nil, fmt.Errorf("write application: %w", err)
	}
	return plain, nil
}

// sealedApplication is what a row of applications holds of persons.
type sealedApplication struct {
	details []byte
	number  []byte // that was allotted; nil: none was, or the applicant had one
	wrapped []byte // the data key; nil: it was destroyed, and nothing of this can be read any more
}

// open reads it into an application, which it leaves without a person when the data key
// was destroyed.
func (r *Registry) open(number identity.ApplicationNumber, s sealedApplication, into *identity.Application) error {
	if s.wrapped == nil {
		return nil
	}
	var d details
	if err := r.openJSON(applicationColumn(number), s.details, s.wrapped, &d); err != nil {
		return err
	}
	if s.number != nil {
		allotted, err := r.vault.Open(numberColumn(number), s.number, s.wrapped)
		if err != nil {
			return err
		}
		d.Person.Number = identity.PersonalNumber(allotted)
	}
	into.Person, into.Representative, into.DeliveryTo, into.Exemption = d.Person, d.Representative, d.DeliveryTo, d.Exemption
	into.ExemptionProof, into.ErrorBy, into.LateReason, into.SignedSheet = d.ExemptionProof, d.ErrorBy, d.LateReason, d.SignedSheet
	into.OriginProof, into.ResidingSince, into.Contact = d.OriginProof, d.ResidingSince, d.Contact
	return nil
}

// sealedCard is what a row of cards holds of when it expires.
type sealedCard struct {
	application identity.ApplicationNumber // empty: it was made before this engine
	attempt     int
	card        []byte
	wrapped     []byte
	expires     *time.Time // of cards of before this engine; nil: it does not
}

func (r *Registry) expiry(s sealedCard) (identity.Expiry, error) {
	var card identity.Card
	if s.expires != nil {
		card.Expiry.Date = dateOf(*s.expires)
	}
	if s.wrapped != nil {
		if err := r.openJSON(cardColumn(s.application, s.attempt), s.card, s.wrapped, &card); err != nil {
			return identity.Expiry{}, err
		}
	}
	return card.Expiry, nil
}

// Unread is the error of what an application, or its card, says of persons and what cannot be
// unsealed. Whatever lists many shows the row without it, so that one that was damaged hides
// no other; what needs the person fails.
type Unread struct{ cause error }

// Error says it to an officer.
func (*Unread) Error() string {
	return "what it says of persons cannot be read: it was damaged, moved, or sealed with another key"
}

// unread counts what cannot be unsealed, and takes it out of an error.
func (r *Registry) unread(err error) *Unread {
	if err == nil {
		return nil
	}
	r.notRead.Inc()
	return &Unread{err}
}

// NotRead counts rows that could not be unsealed.
func (r *Registry) NotRead() prometheus.Collector { return r.notRead }

// whole turns what was not unsealed into an error, for who needs it.
func (u *Unread) whole() error {
	if u == nil {
		return nil
	}
	return fmt.Errorf("%w (%w)", u, u.cause)
}

func (r *Registry) openJSON(k vault.Key, sealed, wrapped []byte, into any) error {
	plain, err := r.vault.Open(k, sealed, wrapped)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("read %s: %w", k, err)
	}
	return nil
}

// citizen is the digest by which what belongs to the citizen of that number is found: the
// same each time, and nobody can compute it without the master key. Nil without a number.
func (r *Registry) citizen(n identity.PersonalNumber) ([]byte, error) { return citizen(r.vault, n) }

func citizen(v *vault.Vault, n identity.PersonalNumber) ([]byte, error) {
	if n == "" {
		return nil, nil
	}
	if len(n) != 12 || strings.Trim(string(n), "0123456789") != "" { // it would never be found
		return nil, identity.RefuseField(identity.Invalid, "person.number", "is not 12 digits")
	}
	digest, err := v.Digest([]byte("citizen\n" + string(n)))
	if err != nil {
		return nil, fmt.Errorf("digest personal number: %w", err)
	}
	return digest, nil
}

// Rows are the sealed columns of an application and its first card, and its data key.
type Rows struct {
	Key, Citizen, Application, Card []byte
}

// SealRows seals them, for a registry that is filled and not lived through
// (internal/bench/ended).
func SealRows(v *vault.Vault, number identity.ApplicationNumber, a identity.Application, c identity.Card) (Rows, error) {
	key, err := v.SealNew(string(number), 0, nil)
	if err != nil {
		return Rows{}, err
	}
	about, err := detailsOf(a)
	if err != nil {
		return Rows{}, err
	}
	card, err := json.Marshal(c)
	if err != nil {
		return Rows{}, fmt.Errorf("write card: %w", err)
	}
	rows := Rows{Key: key.Wrapped()}
	if rows.Application, err = key.Value(applicationColumn(number), about); err != nil {
		return Rows{}, err
	}
	if rows.Card, err = key.Value(cardColumn(number, 1), card); err != nil {
		return Rows{}, err
	}
	rows.Citizen, err = citizen(v, a.Person.Number)
	return rows, err
}
