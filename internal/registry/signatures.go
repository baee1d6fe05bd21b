package registry

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/vault"
)

// SignatureCertificate is one that was issued for the key that a chip made.
type SignatureCertificate struct {
	Serial string // hexadecimal
	DER    []byte
}

func certificateColumn(number identity.ApplicationNumber, attempt int) vault.Key {
	return vault.Column(string(number), "signature_certificates", "sealed", attempt)
}

// CardInWork reads the card of a serial that a station is writing, or refuses with Conflict.
func (r *Registry) CardInWork(ctx context.Context, serial identity.CardSerial, station identity.StationID) (CardRecord, error) {
	rows, _ := r.db.Query(ctx, selectCard+` WHERE c.serial = $1 AND c.station = $2 AND c.state = `+cardBegun, serial, station) // CollectExactlyOneRow reports the error
	card, err := pgx.CollectExactlyOneRow(rows, r.card)
	if errors.Is(err, pgx.ErrNoRows) {
		return CardRecord{}, identity.Refuse(identity.Conflict, "no such card is being written at station %s", station)
	}
	return card, fail("read card", err)
}

// BookCertificate keeps a certificate for a card that a station is writing, before the card
// gets it. One of before, for a key that the chip has no more, is superseded.
func (r *Registry) BookCertificate(ctx context.Context, card CardRecord, c SignatureCertificate) error {
	digest := sha256.Sum256(c.DER)
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var wrapped []byte
		err := tx.QueryRow(ctx, `
			SELECT k.wrapped FROM cards c JOIN vault_keys k ON k.application = c.application
			WHERE c.application = $1 AND c.attempt = $2 AND c.station = $3 AND c.state = `+cardBegun+` FOR NO KEY UPDATE OF c`,
			card.Application, card.Attempt, card.Station).Scan(&wrapped)
		if err != nil {
			return found(err, "card %d of application %s is not being written at station %s", card.Attempt, card.Application, card.Station)
		}
		key, err := r.vault.With(string(card.Application), wrapped)
		if err != nil {
			return err
		}
		sealed, err := key.Value(certificateColumn(card.Application, card.Attempt), c.DER)
		if err != nil {
			return err
		}
		args := pgx.StrictNamedArgs{
			"application": card.Application, "attempt": card.Attempt, "station": card.Station,
			"serial": c.Serial, "digest": digest[:], "sealed": sealed,
		}
		batch := &pgx.Batch{}
		batch.Queue(`UPDATE signature_certificates SET superseded_at = now() WHERE application = $1 AND attempt = $2 AND superseded_at IS NULL`,
			card.Application, card.Attempt)
		batch.Queue(`
			WITH issued AS (
				INSERT INTO signature_certificates (serial, application, attempt, station, digest, sealed)
				VALUES (@serial, @application, @attempt, @station, @digest, @sealed) RETURNING application
			)
			INSERT INTO audit (application, actor, event, reason)
			SELECT application, @station, 'certified the signature key of card ' || @attempt::int, 'certificate ' || @serial FROM issued`, args)
		return tx.SendBatch(ctx, batch).Close()
	})
	return fail("book certificate", err)
}

// Certificate is the certificate that counts of a card's digital signature; nil where the card
// has none.
func (r *Registry) Certificate(ctx context.Context, number identity.ApplicationNumber, attempt int) (*SignatureCertificate, error) {
	c := &SignatureCertificate{}
	var sealed, wrapped []byte
	err := r.db.QueryRow(ctx, `
		SELECT c.serial, c.sealed, k.wrapped FROM signature_certificates c JOIN vault_keys k USING (application)
		WHERE c.application = $1 AND c.attempt = $2 AND c.superseded_at IS NULL`, number, attempt).Scan(&c.Serial, &sealed, &wrapped)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // most cards have none
	}
	if err == nil {
		c.DER, err = r.vault.Open(certificateColumn(number, attempt), sealed, wrapped)
	}
	return c, fail("read certificate", err)
}

// PrintPINLetter does the act by which the letter with a card's PIN is printed: once. The card
// must have been inspected, and may not be given up.
func (r *Registry) PrintPINLetter(ctx context.Context, number identity.ApplicationNumber, act identity.PrintPINLetter, signed statement.Signed) error {
	err := r.act(ctx, act, statement.Application(number), signed, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			WITH letter AS (
				INSERT INTO pin_letters (application, attempt, officer, act)
				SELECT c.application, c.attempt, @officer, @act
				FROM cards c JOIN signature_certificates s ON s.application = c.application AND s.attempt = c.attempt AND s.superseded_at IS NULL
				WHERE c.application = @application AND c.attempt = @card AND c.state IN (`+cardInspected+`, `+cardPacked+`, `+cardArrived+`, `+cardLive+`)
				RETURNING application, attempt
			)
			INSERT INTO audit (application, actor, event, reason) SELECT application, @officer, 'printed the PIN letter of card ' || attempt, '' FROM letter`,
			pgx.StrictNamedArgs{"application": number, "card": act.Card, "officer": act.Officer, "act": signed.ID()})
		if err == nil && tag.RowsAffected() == 0 {
			return identity.Refuse(identity.Conflict, "card %d of application %s is not ready, was given up, or has no digital signature: it has no PIN letter", act.Card, number)
		}
		return err
	})
	return fail("print PIN letter", err)
}
