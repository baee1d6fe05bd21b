package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Extract is what is held on a person, and who asked for it (Decree 37/2021, article 10).
type Extract struct {
	At           time.Time              `json:"at"`
	Register     *identity.Person       `json:"register,omitzero"` // as the population registry has the person; nothing if it is another's
	Status       identity.CitizenStatus `json:"status,omitzero"`
	Cards        []IssuedCard           `json:"cards"`
	Applications []ExtractedApplication `json:"applications"` // the oldest first
	Asked        []Asked                `json:"asked"`        // the oldest first
}

// ExtractedApplication is what is held of an application.
type ExtractedApplication struct {
	Application identity.ApplicationNumber `json:"application"`
	Type        identity.ApplicationType   `json:"type"`
	Ground      identity.Ground            `json:"ground"`
	FiledOn     identity.Date              `json:"filed_on"`
	Stage       identity.Stage             `json:"stage"`
	Person      identity.Person            `json:"person"`   // as applied for; empty when it was erased
	Evidence    []string                   `json:"evidence"` // what the vault holds, by kind
	Trail       []Told                     `json:"trail"`
}

// Told is a line of an application's trail.
type Told struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	What   string    `json:"what"`
	Reason string    `json:"reason,omitzero"`
}

// Asked is an officer who looked at a record of the person.
type Asked struct {
	At      time.Time          `json:"at"`
	Officer identity.OfficerID `json:"officer"`
	Subject string             `json:"subject"` // the card or application by which it was found
	What    string             `json:"what"`    // card; extract; or payloads of Temporal's histories
}

// Extract does the act by which a citizen has an extract made, and gives it.
func (r *Registry) Extract(ctx context.Context, serial identity.CardSerial, act identity.ExtractRecord, signed statement.Signed) (Extract, error) {
	err := r.act(ctx, act, statement.Card(serial), signed, func(tx pgx.Tx) error {
		var exists bool
		err := tx.QueryRow(ctx, `SELECT true FROM cards WHERE serial = $1 AND state IN `+handedOver, serial).Scan(&exists)
		return found(err, "no such card was issued")
	})
	if err != nil {
		return Extract{}, err
	}
	var e Extract
	var number string
	var citizens [][]byte // the digests of all numbers that the person has and had
	err = r.db.QueryRow(ctx, `
		SELECT now(), ARRAY(SELECT c.citizen UNION SELECT citizen FROM person_numbers WHERE person = p.id), coalesce(p.number, '')
		FROM cards c LEFT JOIN person_numbers n ON n.citizen = c.citizen LEFT JOIN citizens p ON p.id = n.person WHERE c.serial = $1`, serial).
		Scan(&e.At, &citizens, &number)
	if err != nil {
		return Extract{}, fail("read card", err)
	}
	if number != "" {
		known, err := r.Citizen(ctx, identity.PersonalNumber(number))
		if err != nil {
			return Extract{}, err
		}
		e.Register, e.Status = &known.Person, known.Status
	}
	if e.Cards, err = r.issued(ctx, `citizen = ANY($1)`, citizens); err != nil {
		return Extract{}, err
	}
	if e.Applications, err = r.applicationsOf(ctx, citizens); err != nil {
		return Extract{}, err
	}
	rows, _ := r.db.Query(ctx, `
		WITH mine AS (
			SELECT 'card/' || serial AS subject, NULL AS named FROM cards WHERE citizen = ANY($1)
			UNION ALL SELECT 'application/' || number, number FROM applications WHERE citizen = ANY($1)
			UNION SELECT 'person/' || person, NULL FROM person_numbers WHERE citizen = ANY($1)
		)
		SELECT r.at, r.officer, r.subject, r.what FROM reads r JOIN mine USING (subject)
		UNION ALL SELECT a.at, a.officer, a.subject, 'extract' FROM acts a JOIN mine USING (subject) WHERE a.act = 'extract-record'
		UNION ALL SELECT d.at, d.officer, mine.subject, 'decoded payloads' FROM mine JOIN decodes d ON mine.named = ANY(d.named)
		ORDER BY 1`, citizens) // CollectRows reports the error
	e.Asked, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Asked])
	return e, fail("read who asked", err)
}

// applicationsOf reads what is held of each application of a person.
func (r *Registry) applicationsOf(ctx context.Context, citizens [][]byte) ([]ExtractedApplication, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number, coalesce((SELECT array_agg(DISTINCT kind ORDER BY kind) FROM vault_blobs WHERE application = number), '{}')
		FROM applications WHERE citizen = ANY($1) ORDER BY received_at`, citizens) // ForEachRow reports the error
	list := []ExtractedApplication{}
	var number identity.ApplicationNumber
	var kinds []string
	_, err := pgx.ForEachRow(rows, []any{&number, &kinds}, func() error {
		list = append(list, ExtractedApplication{Application: number, Evidence: kinds})
		kinds = nil // the next row has a list of its own
		return nil
	})
	if err != nil {
		return nil, fail("list applications", err)
	}
	for i := range list {
		a := &list[i]
		record, err := r.Application(ctx, a.Application)
		if err != nil {
			return nil, err
		}
		a.Type, a.Ground, a.FiledOn, a.Stage, a.Person = record.Application.Type, record.Application.Ground, record.Application.FiledOn, record.Stage, record.Application.Person
		entries, err := r.Audit(ctx, a.Application)
		if err != nil {
			return nil, err
		}
		a.Trail = make([]Told, len(entries))
		for i, e := range entries {
			a.Trail[i] = Told{e.At, e.Actor, e.Event, e.Reason}
		}
	}
	return list, nil
}
