package registry

import (
	"context"
	"errors"
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
	Changes      []RecordChange         `json:"changes"` // of that record, the oldest first
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
	Person      identity.Person            `json:"person"`         // as applied for; empty when it was erased
	Fault       string                     `json:"fault,omitzero"` // why that is not here though it was not erased
	Claims      Claims                     `json:"claims"`         // what it says beside the person
	Held        Held                       `json:"held"`
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

// Asked is an officer who looked at a record of the person, or another system that did.
type Asked struct {
	At      time.Time          `json:"at"`
	Officer identity.OfficerID `json:"officer"` // or the client of the population register
	Subject string             `json:"subject"` // the card, application or person by which it was found
	What    string             `json:"what"`    // card; person; register: by another system; extract; or payloads of Temporal's histories
}

// ExtractOf is on whom an extract is made: the holder of a card, whatever became of it, the
// applicant of an application, or a person with the numbers that the population register knows.
type ExtractOf struct {
	Card        identity.CardSerial
	Application identity.ApplicationNumber
	Person      identity.PersonID
	Numbers     []identity.PersonalNumber
}

func (o ExtractOf) subject() string {
	switch {
	case o.Card != "":
		return statement.Card(o.Card)
	case o.Application != "":
		return statement.Application(o.Application)
	}
	return statement.Person(o.Person)
}

// exists refuses what names nobody.
func (o ExtractOf) exists(ctx context.Context, tx pgx.Tx) error {
	var exists bool
	switch {
	case o.Card != "":
		err := tx.QueryRow(ctx, `SELECT true FROM cards WHERE serial = $1 AND (state IN `+handedOver+` OR handed_over_at IS NOT NULL)`, o.Card).Scan(&exists)
		return found(err, "no such card was issued")
	case o.Application != "":
		err := tx.QueryRow(ctx, `SELECT true FROM applications WHERE number = $1`, o.Application).Scan(&exists)
		return found(err, "there is no application %s", o.Application)
	}
	return nil // the population register knows the person
}

// Extract does the act by which a citizen has an extract made, and gives it: of all numbers
// that the person has or had.
func (r *Registry) Extract(ctx context.Context, of ExtractOf, act identity.ExtractRecord, signed statement.Signed) (Extract, error) {
	err := r.act(ctx, act, of.subject(), signed, func(tx pgx.Tx) error { return of.exists(ctx, tx) })
	if err != nil {
		return Extract{}, err
	}
	var e Extract
	citizens, err := r.whose(ctx, of, &e.At)
	if err != nil {
		return Extract{}, err
	}
	var number string
	err = r.db.QueryRow(ctx, `SELECT coalesce((SELECT number FROM citizens WHERE citizen = ANY($1) AND same_as IS NULL ORDER BY number LIMIT 1), '')`, citizens).Scan(&number)
	if err != nil {
		return Extract{}, fail("read person", err)
	}
	if number != "" {
		known, err := r.Citizen(ctx, identity.PersonalNumber(number))
		if _, unread := errors.AsType[*Unread](err); err != nil && !unread { // of the card held, which is among the cards
			return Extract{}, err
		}
		e.Register, e.Status = &known.Person, known.Status
	}
	if e.Changes, err = r.changesOf(ctx, citizens, of.Person); err != nil {
		return Extract{}, err
	}
	if e.Cards, err = r.issued(ctx, `citizen = ANY($1)`, citizens); err != nil {
		return Extract{}, err
	}
	if e.Applications, err = r.applicationsOf(ctx, citizens, of.Application); err != nil {
		return Extract{}, err
	}
	rows, _ := r.db.Query(ctx, `
		WITH persons AS (
			SELECT person AS id FROM person_numbers WHERE citizen = ANY($1) UNION SELECT $3 WHERE $3 <> ''
		), mine AS (
			SELECT 'card/' || serial AS subject, NULL AS named FROM cards WHERE citizen = ANY($1)
			UNION ALL SELECT 'application/' || number, number FROM applications WHERE citizen = ANY($1) OR number = $2
			UNION ALL SELECT 'person/' || id, NULL FROM (SELECT id FROM persons UNION SELECT c.id FROM persons p JOIN citizens c ON c.same_as = p.id) AS all_records
		)
		SELECT r.at, r.officer, r.subject, r.what FROM reads r JOIN mine USING (subject)
		UNION ALL SELECT a.at, a.officer, a.subject, 'extract' FROM acts a JOIN mine USING (subject) WHERE a.act = 'extract-record'
		UNION ALL SELECT d.at, d.officer, mine.subject, 'decoded payloads' FROM mine JOIN decodes d ON mine.named = ANY(d.named)
		ORDER BY 1`, citizens, of.Application, string(of.Person)) // CollectRows reports the error
	e.Asked, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Asked])
	return e, fail("read who asked", err)
}

// whose gives the digests of all numbers that a person has or had, and the time.
func (r *Registry) whose(ctx context.Context, of ExtractOf, at *time.Time) ([][]byte, error) {
	numbers, err := r.numbersOf(of.Numbers)
	if err != nil {
		return nil, err
	}
	var citizens [][]byte
	err = r.db.QueryRow(ctx, `
		WITH named AS (
			SELECT citizen FROM cards WHERE serial = $1
			UNION SELECT citizen FROM applications WHERE number = $2
			UNION SELECT citizen FROM person_numbers WHERE person = $3
			UNION SELECT unnest($4::bytea[])
		)
		SELECT now(), coalesce(array_agg(citizen) FILTER (WHERE citizen IS NOT NULL), '{}')
		FROM (SELECT citizen FROM named UNION `+otherNumbers+`) AS every`, of.Card, of.Application, string(of.Person), numbers).Scan(at, &citizens)
	return citizens, fail("read numbers", err)
}

// otherNumbers are, in SQL, the digests of all numbers of whoever has those in named.
const otherNumbers = `SELECT o.citizen FROM named JOIN person_numbers n USING (citizen) JOIN person_numbers o ON o.person = n.person`

// applicationsOf reads what is held of each application of a person, and of the one that was
// named, of which nobody may know yet whose it is.
func (r *Registry) applicationsOf(ctx context.Context, citizens [][]byte, named identity.ApplicationNumber) ([]ExtractedApplication, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number, coalesce((SELECT array_agg(DISTINCT kind ORDER BY kind) FROM vault_blobs WHERE application = number), '{}')
		FROM applications WHERE citizen = ANY($1) OR number = $2 ORDER BY received_at`, citizens, named) // ForEachRow reports the error
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
		record, err := r.Entry(ctx, a.Application)
		if err != nil {
			return nil, err
		}
		if record.Unread != nil {
			a.Fault = record.Unread.Error()
		}
		a.Type, a.Ground, a.FiledOn, a.Stage, a.Person = record.Application.Type, record.Application.Ground, record.Application.FiledOn, record.Stage, record.Application.Person
		a.Claims = claimsOf(record.Application)
		if a.Held, err = r.heldOf(ctx, a.Application); err != nil {
			return nil, err
		}
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
