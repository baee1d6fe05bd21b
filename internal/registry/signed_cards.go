package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// SignedCard is a card whose chip a document signer signed. It says nothing of whose it is.
type SignedCard struct {
	Serial      identity.CardSerial        `json:"serial"`
	Application identity.ApplicationNumber `json:"application"`
	Card        int                        `json:"card"`
	State       identity.CardState         `json:"state"`
}

// reissued are the states of cards that are valid, or may still become so: whose chips are to be
// believed.
var reissued = literals([]identity.CardState{
	identity.CardBegun, identity.CardPersonalized, identity.CardPrinted, identity.CardInspected, identity.CardPacked,
	identity.CardArrived, identity.CardLive, identity.CardReportedLost, identity.CardKept,
})

// suspended are the states of cards that are not valid now, and may become so again.
var suspended = literals([]identity.CardState{identity.CardReportedLost, identity.CardKept})

// CardsToReissue finds the cards that a document signer signed, by the serial number of its
// certificate, and that have to be made anew when it is revoked.
func (r *Registry) CardsToReissue(ctx context.Context, signer string, each func(SignedCard) error) error {
	const ofSigner = ` FROM cards c WHERE c.signer = $1 AND c.signer <> '' AND c.state IN `
	rows, err := r.db.Query(ctx, `
		SELECT serial, application, attempt, state`+ofSigner+reissued+` AND c.status_place IS NOT NULL
		UNION ALL SELECT serial, application, attempt, state`+ofSigner+reissued+` AND c.status_place IS NULL`, serialOfSigner(signer))
	if err != nil {
		return fail("find the cards of a document signer", err)
	}
	var c SignedCard
	_, err = pgx.ForEachRow(rows, []any{&c.Serial, &c.Application, &c.Card, &c.State}, func() error { return each(c) })
	return fail("find the cards of a document signer", err)
}

// RevokedCertificate is a holder's certificate that is not to be relied on.
type RevokedCertificate struct {
	Serial string // hexadecimal
	At     time.Time
	Reason int // of RFC 5280, 5.3.1
}

// The reasons.
const (
	superseded      = 4 // the chip has another key now
	ended           = 5 // the card is no valid card any more
	certificateHold = 6 // the card is reported lost, or kept: it may become valid again
)

// RevokedCertificates are the certificates of digital signatures whose cards are not valid: they
// were ruined, lost, replaced, withdrawn or destroyed, or are not valid now.
func (r *Registry) RevokedCertificates(ctx context.Context) ([]RevokedCertificate, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT s.serial, coalesce(s.superseded_at, c.changed_at),
			CASE WHEN s.superseded_at IS NOT NULL THEN $1::int WHEN c.state IN `+suspended+` THEN $3::int ELSE $2::int END
		FROM signature_certificates s JOIN cards c ON c.application = s.application AND c.attempt = s.attempt
		WHERE s.superseded_at IS NOT NULL OR c.state NOT IN `+reissued+` OR c.state IN `+suspended+`
		ORDER BY s.serial`, superseded, ended, certificateHold) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[RevokedCertificate])
	return list, fail("find revoked certificates", err)
}
