package registry

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Whereabouts are where a card or a blank is, or an application that has no card yet. What there is
// not is empty.
type Whereabouts struct {
	Application identity.ApplicationNumber `json:"application,omitzero"`
	Stage       identity.Stage             `json:"stage,omitzero"`
	Awaiting    identity.Action            `json:"awaiting,omitzero"`
	Province    identity.ProvinceCode      `json:"province,omitzero"`
	Attempt     int                        `json:"card,omitzero"`
	Serial      identity.CardSerial        `json:"serial,omitzero"`
	State       identity.CardState         `json:"state,omitzero"`
	Blank       identity.BlankSerial       `json:"blank,omitzero"`
	Account     string                     `json:"account,omitzero"`  // in which the blank stands
	Location    string                     `json:"location,omitzero"` // where it was received, or moved to
	Station     identity.StationID         `json:"station,omitzero"`
	Consignment identity.ConsignmentNumber `json:"consignment,omitzero"`

	Destination identity.ProvinceCode `json:"-"`
}

const selectFound = `
	SELECT coalesce(a.number, ''), coalesce(a.stage, ''), coalesce(a.awaiting, ''), coalesce(a.province, ''), coalesce(c.attempt, 0), coalesce(c.serial, ''), coalesce(c.state, ''),
		coalesce(b.serial, ''), coalesce(b.account, ''), coalesce(b.location, ''), coalesce(c.station, ''), coalesce(c.consignment, ''), coalesce(s.province, '')`

// FindApplication finds where an application is, with its last card.
func (r *Registry) FindApplication(ctx context.Context, number identity.ApplicationNumber) ([]Whereabouts, error) {
	return r.foundWhere(ctx, `
		FROM applications a LEFT JOIN LATERAL (SELECT * FROM cards WHERE application = a.number ORDER BY attempt DESC LIMIT 1) c ON true
		LEFT JOIN blanks b ON b.serial = c.blank LEFT JOIN stations s ON s.id = a.destination WHERE a.number = $1`, number)
}

// FindCards finds cards by their applications, each the one of that attempt.
func (r *Registry) FindCards(ctx context.Context, of []identity.ApplicationNumber, attempts []int) ([]Whereabouts, error) {
	return r.foundWhere(ctx, `
		FROM unnest($1::text[], $2::integer[]) AS n (application, attempt) JOIN cards c ON (c.application, c.attempt) = (n.application, n.attempt)
		JOIN applications a ON a.number = c.application LEFT JOIN blanks b ON b.serial = c.blank LEFT JOIN stations s ON s.id = a.destination
		ORDER BY a.number`, texts(of), attempts)
}

// FindCard finds a card by its serial.
func (r *Registry) FindCard(ctx context.Context, serial identity.CardSerial) ([]Whereabouts, error) {
	return r.foundWhere(ctx, `FROM cards c LEFT JOIN blanks b ON b.serial = c.blank LEFT JOIN applications a ON a.number = c.application LEFT JOIN stations s ON s.id = a.destination WHERE c.serial = $1`, serial)
}

// FindBlank finds a blank, with the card that it became, by its serial or by that of its
// chip, as its maker or the station that wrote it says it.
func (r *Registry) FindBlank(ctx context.Context, named string) ([]Whereabouts, error) {
	return r.foundWhere(ctx, `
		FROM blanks b LEFT JOIN cards c ON c.blank = b.serial LEFT JOIN applications a ON a.number = c.application LEFT JOIN stations s ON s.id = a.destination
		WHERE b.serial = ANY(ARRAY(
			SELECT serial FROM blanks WHERE serial = upper($1) UNION SELECT serial FROM blanks WHERE chip = lower($1)
			UNION SELECT d.blank FROM audit e JOIN cards d ON d.application = e.application AND e.event = 'personalized card ' || d.attempt
			WHERE e.event LIKE 'personalized card %' AND e.reason LIKE 'chip %' AND lower(substr(e.reason, 6)) = lower($1)))`, named)
}

// FindPerson finds the open application and the cards of a person, under any number that the
// person has or had, the newest first, as far as may says that they may be seen, and keeps that
// the officer looked for each.
func (r *Registry) FindPerson(ctx context.Context, officer identity.OfficerID, number identity.PersonalNumber, may func(Whereabouts) bool) ([]Whereabouts, error) {
	citizens, err := r.numbersOf([]identity.PersonalNumber{number})
	if err != nil {
		return nil, err
	}
	all, err := r.foundWhere(ctx, `
		FROM applications a LEFT JOIN cards c ON c.application = a.number LEFT JOIN blanks b ON b.serial = c.blank LEFT JOIN stations s ON s.id = a.destination
		WHERE a.number IN (
			SELECT o.number FROM applications o WHERE o.citizen = ANY($1) AND o.stage NOT IN `+ends+`
			UNION SELECT d.application FROM cards d WHERE d.citizen = ANY($1 || ARRAY(
				SELECT o.citizen FROM person_numbers n JOIN person_numbers o ON o.person = n.person WHERE n.citizen = ANY($1))))
		ORDER BY a.received_at DESC, c.attempt DESC`, citizens)
	if err != nil {
		return nil, err
	}
	var list []Whereabouts
	var subjects []string
	for _, f := range all {
		if may(f) {
			list, subjects = append(list, f), append(subjects, statement.Application(f.Application))
		}
	}
	return list, r.keepReads(ctx, officer, "person", subjects)
}

func (r *Registry) foundWhere(ctx context.Context, from string, args ...any) ([]Whereabouts, error) {
	rows, _ := r.db.Query(ctx, selectFound+from, args...) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Whereabouts])
	return list, fail("find", err)
}
