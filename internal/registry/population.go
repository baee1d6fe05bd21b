package registry

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/statement"
)

// The built-in population register. Who is in it is there once: by the constraints of the
// tables citizens and person_numbers, and because whoever registers somebody looks for the
// person again while nobody else can register one of that name or that birth.

const selectPerson = `SELECT c.id, c.version, c.number, c.person, c.status, c.status_on FROM citizens c`

func scanPerson(row pgx.CollectableRow) (population.Record, error) {
	var r population.Record
	var version int
	var number string
	var person []byte
	var on *time.Time
	if err := row.Scan(&r.ID, &version, &number, &person, &r.Status, &on); err != nil {
		return population.Record{}, err
	}
	if err := json.Unmarshal(person, &r.Person); err != nil {
		return population.Record{}, fmt.Errorf("read person: %w", err)
	}
	r.Version, r.Person.Number = strconv.Itoa(version), identity.PersonalNumber(number)
	if on != nil {
		r.Since = dateOf(*on)
	}
	return r, nil
}

// reads is the registry's pool or a transaction.
type reads interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func onePerson(ctx context.Context, db reads, where string, args ...any) (population.Record, error) {
	rows, _ := db.Query(ctx, selectPerson+where, args...) // CollectExactlyOneRow reports the error
	return pgx.CollectExactlyOneRow(rows, scanPerson)
}

// Person reads the record of a person, or that of whom the person was found to be, or refuses
// with NotFound.
func (r *Registry) Person(ctx context.Context, id identity.PersonID) (population.Record, error) {
	record, err := onePerson(ctx, r.db, ` WHERE c.id = (SELECT coalesce(same_as, id) FROM citizens WHERE id = $1)`, id)
	return record, fail("read person", found(err, "the population register knows no person %s", id))
}

// PersonByNumber reads the record of the person who has a number or had it, or refuses
// with NotFound.
func (r *Registry) PersonByNumber(ctx context.Context, n identity.PersonalNumber) (population.Record, error) {
	record, err := onePerson(ctx, r.db, ` JOIN person_numbers n ON n.person = c.id WHERE n.number = $1`, string(n))
	if errors.Is(err, pgx.ErrNoRows) {
		return population.Record{}, identity.RefuseField(identity.NotFound, "person.number", "is not known to the population registry")
	}
	return record, fail("read person", err)
}

// HolderOf reads the record of the person for whom a card was made, by this office or before this
// engine, or refuses with NotFound.
func (r *Registry) HolderOf(ctx context.Context, card identity.CardSerial) (population.Record, error) {
	record, err := onePerson(ctx, r.db, `
		JOIN person_numbers n ON n.person = c.id
		WHERE n.citizen = (SELECT citizen FROM cards WHERE serial = $1)`, string(card))
	return record, fail("read holder", found(err, "the population register knows no holder of that card"))
}

// FindPersons looks for a person by name, birth, sex, parents and place of registration,
// and gives those who are likely to be the one, the likeliest first.
func (r *Registry) FindPersons(ctx context.Context, claim identity.Person) ([]population.Match, error) {
	matches, err := findPersons(ctx, r.db, claim)
	return matches, fail("find persons", err)
}

// findPersons reads everybody whom [population.Likely] can hold for the claimed person: those
// of that name, whose birth may be the one claimed; those who may be born that day, whose name
// may be the one claimed; the children of both parents, whichever is which; those of one who
// were born that day, where the other is not known; and those of that name and of one. Who is among
// them is said by indexes alone, and nobody is left out for being one of many.
func findPersons(ctx context.Context, db reads, claim identity.Person) ([]population.Match, error) {
	birth, _ := claim.Birth.MarshalText() // a date that was parsed
	rows, _ := db.Query(ctx, `
		WITH claimed AS (SELECT folded(@name) AS name, @birth::text COLLATE "C" AS birth, folded(@mother) AS mother, folded(@father) AS father),
		candidates AS (
			SELECT c.id FROM claimed l JOIN citizens c ON c.name_key = l.name WHERE c.same_as IS NULL AND births_meet(c.birth, l.birth)
			UNION
			SELECT c.id FROM claimed l JOIN citizens c ON c.birth >= l.birth AND c.birth < l.birth || '~' WHERE c.same_as IS NULL AND l.birth <> '' AND names_meet(c.name_key, l.name)
			UNION
			SELECT c.id FROM claimed l JOIN citizens c ON c.birth IN (left(l.birth, 4), left(l.birth, 7), left(l.birth, 4) || right(l.birth, 3) || substr(l.birth, 5, 3))
			WHERE c.same_as IS NULL AND l.birth <> '' AND names_meet(c.name_key, l.name)
			UNION
			SELECT c.id FROM claimed l JOIN citizens c ON folded(c.person -> 'Mother' ->> 'Text') = l.mother AND folded(c.person -> 'Father' ->> 'Text') = l.father
			WHERE c.same_as IS NULL AND l.mother <> '' AND l.father <> ''
			UNION
			SELECT c.id FROM claimed l JOIN citizens c ON folded(c.person -> 'Mother' ->> 'Text') = l.father AND folded(c.person -> 'Father' ->> 'Text') = l.mother
			WHERE c.same_as IS NULL AND l.mother <> '' AND l.father <> ''
			UNION
			SELECT c.id FROM claimed l JOIN citizens c ON c.birth = l.birth AND folded(c.person -> 'Mother' ->> 'Text') = l.mother
			WHERE c.same_as IS NULL AND l.birth <> '' AND l.mother <> '' AND (l.father = '' OR coalesce(c.person -> 'Father' ->> 'Text', '') = '')
			UNION
			SELECT c.id FROM claimed l JOIN citizens c ON c.birth = l.birth AND folded(c.person -> 'Father' ->> 'Text') = l.father
			WHERE c.same_as IS NULL AND l.birth <> '' AND l.father <> '' AND (l.mother = '' OR coalesce(c.person -> 'Mother' ->> 'Text', '') = '')
			UNION
			SELECT c.id FROM claimed l JOIN citizens c ON c.name_key = l.name AND folded(c.person -> 'Mother' ->> 'Text') = ANY (ARRAY[l.mother, l.father])
			WHERE c.same_as IS NULL AND l.mother <> '' AND l.father <> ''
			UNION
			SELECT c.id FROM claimed l JOIN citizens c ON c.name_key = l.name AND folded(c.person -> 'Father' ->> 'Text') = ANY (ARRAY[l.mother, l.father])
			WHERE c.same_as IS NULL AND l.mother <> '' AND l.father <> ''
		)
		`+selectPerson+` WHERE c.id = ANY (ARRAY(SELECT id FROM candidates))`,
		pgx.StrictNamedArgs{"name": claim.Name.Text, "birth": string(birth), "mother": claim.Mother.Text, "father": claim.Father.Text}) // CollectRows reports the error
	defer rows.Close()
	var likely []population.Record
	for rows.Next() {
		r, err := scanPerson(rows)
		if err != nil {
			return nil, err
		}
		if _, is := population.Likely(claim, r); !is {
			continue
		}
		if len(likely) == population.MostLikely {
			return nil, identity.RefuseField(identity.Conflict, "person", "may be any of more than %d persons of the population register: more must be known, the parents or the full day of birth, or the personal number", population.MostLikely)
		}
		likely = append(likely, r)
	}
	return population.Rank(claim, likely), rows.Err()
}

// HasNumber reports whether who has that name and birth has or had that number, by the register
// here; of whom another register knows it does not.
func (r *Registry) HasNumber(ctx context.Context, claim identity.Person) (bool, error) {
	who, err := r.PersonByNumber(ctx, claim.Number)
	if identity.Refused(err, identity.NotFound) {
		return false, nil
	}
	return err == nil && population.SamePerson(claim, who), err
}

// AskedFor keeps that an officer looked for persons of the population register.
func (r *Registry) AskedFor(ctx context.Context, officer identity.OfficerID, persons ...identity.PersonID) error {
	subjects := make([]string, len(persons))
	for i, id := range persons {
		subjects[i] = statement.Person(id)
	}
	return r.keepReads(ctx, officer, "person", subjects)
}

// LookedAt keeps that an officer was shown what an application says of persons.
func (r *Registry) LookedAt(ctx context.Context, officer identity.OfficerID, number identity.ApplicationNumber) error {
	return r.keepReads(ctx, officer, "person", []string{statement.Application(number)})
}

// ReadBy keeps that another system, a client of the population register, read persons of it.
func (r *Registry) ReadBy(ctx context.Context, client string, persons ...identity.PersonID) error {
	subjects := make([]string, len(persons))
	for i, id := range persons {
		subjects[i] = statement.Person(id)
	}
	return r.keepReads(ctx, identity.OfficerID(client), "register", subjects)
}

// QueryPersons finds the persons of whom everything holds that is asked for, in the order
// of their identifiers.
func (r *Registry) QueryPersons(ctx context.Context, q population.Query) ([]identity.PersonID, error) {
	if !q.Narrow() {
		return nil, identity.Refuse(identity.Invalid, "a number, a name or a birth is needed")
	}
	where := []string{`c.same_as IS NULL`}
	args := pgx.NamedArgs{"offset": q.Offset, "limit": q.Limit}
	for name, c := range map[string]struct{ value, holds string }{
		"number": {string(q.Number), `c.id IN (SELECT person FROM person_numbers WHERE number = @number)`},
		"name":   {q.Name, `c.name_key = folded(@name)`},
		"family": {q.FamilyName, `split_part(c.name_key, ' ', 1) = folded(@family)`},
		"given":  {q.GivenName, `substring(c.name_key FROM '[^ ]+$') = folded(@given)`},
		"father": {q.Father, `folded(c.person -> 'Father' ->> 'Text') = folded(@father)`},
		"mother": {q.Mother, `folded(c.person -> 'Mother' ->> 'Text') = folded(@mother)`},
		"sex":    {string(q.Sex), `c.person ->> 'Sex' = @sex`},
		"born":   {q.Born, `c.birth = @born`},
		"from":   {q.BornFrom, `c.birth >= @from`},
		"to":     {q.BornTo, `c.birth <= @to`},
	} {
		if c.value != "" {
			where, args[name] = append(where, c.holds), c.value
		}
	}
	slices.Sort(where)                                                                                                                               // one text of each query, to be prepared once
	rows, _ := r.db.Query(ctx, `SELECT c.id FROM citizens c WHERE `+strings.Join(where, ` AND `)+` ORDER BY c.id OFFSET @offset LIMIT @limit`, args) // CollectRows reports the error
	ids, err := pgx.CollectRows(rows, pgx.RowTo[identity.PersonID])
	return ids, fail("query persons", err)
}

// maxDraws bounds how often a number is drawn when those drawn were taken. While
// fewer than 10% are taken, more draws are never needed.
const maxDraws = 100

// RegisterPerson registers a person who is nowhere, with a number that nobody has or had,
// and gives the record. For one application it registers one person, however often it is
// asked. Where somebody is likely to be that person, it gives them instead, and registers
// nobody.
func (r *Registry) RegisterPerson(ctx context.Context, who population.Registration) (population.Record, []population.Match, error) {
	for range maxDraws {
		number, err := identity.DrawPersonalNumber(rand.Reader, who.Person)
		if err != nil {
			return population.Record{}, nil, err
		}
		record, likely, err := r.registerPerson(ctx, who, number)
		switch {
		case violates(err, "registered_by_an_officer"):
			return record, nil, identity.Refuse(identity.Unproven, "application %s is not approved by an officer who saw what proves the person", who.Application)
		case !violates(err, "person_numbers_pkey", "citizens_pkey"):
			return record, likely, fail("register person", err)
		}
	}
	return population.Record{}, nil, noNumber()
}

func noNumber() error {
	return identity.RefuseField(identity.OutOfStock, "person.number", "cannot be allotted: the numbers of that place and year are nearly used up")
}

// registerPerson is RegisterPerson with one number, which may be taken.
func (r *Registry) registerPerson(ctx context.Context, who population.Registration, number identity.PersonalNumber) (record population.Record, likely []population.Match, err error) {
	err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		// Whoever is likely to be this person has the name, the year of birth or the parents: their
		// writers take turns.
		_, err := tx.Exec(ctx, `
			SELECT pg_advisory_xact_lock(k) FROM (
				SELECT hashtextextended('named ' || folded(@name), 0) AS k UNION SELECT hashtextextended('born ' || @year, 0)
				UNION SELECT hashtextextended('of ' || least(folded(@mother), folded(@father)) || ' and ' || greatest(folded(@mother), folded(@father)), 0) WHERE @mother <> '' AND @father <> '' ORDER BY 1) keys`,
			pgx.StrictNamedArgs{
				"name": who.Person.Name.Text, "year": strconv.Itoa(who.Person.Birth.Year), "mother": who.Person.Mother.Text, "father": who.Person.Father.Text,
			})
		if err != nil {
			return err
		}
		record, err = onePerson(ctx, tx, ` WHERE c.registered_for = $1`, who.Application)
		if err == nil {
			return sameAsRegistered(ctx, tx, who)
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		likely, err = findPersons(ctx, tx, who.Person)
		if err != nil {
			return err
		}
		likely = slices.DeleteFunc(likely, func(m population.Match) bool { return slices.Contains(who.NotThese, m.ID) })
		if len(likely) > 0 {
			return nil
		}
		record, err = r.insertPerson(ctx, tx, who, number)
		return err
	})
	return record, likely, err
}

// sameAsRegistered refuses to answer with the person whom an application registered, where another
// one is asked for by it.
func sameAsRegistered(ctx context.Context, tx pgx.Tx, who population.Registration) error {
	var same bool
	err := tx.QueryRow(ctx, `SELECT coalesce(identity_key = ANY($2), true) FROM citizens WHERE registered_for = $1`, who.Application, who.Keys()).Scan(&same)
	if err == nil && !same {
		err = identity.RefuseField(identity.Conflict, "transactionId", "registered another person before")
	}
	return err
}

func (r *Registry) insertPerson(ctx context.Context, tx pgx.Tx, who population.Registration, number identity.PersonalNumber) (population.Record, error) {
	citizen, err := r.citizen(number)
	if err != nil {
		return population.Record{}, err
	}
	proven := who.Proven()
	proven.Number = number
	person, err := json.Marshal(proven)
	if err != nil {
		return population.Record{}, fmt.Errorf("write person: %w", err)
	}
	_, err = tx.Exec(ctx, `
		WITH new AS (
			INSERT INTO citizens (number, citizen, person, status, identity_key, registered_for) VALUES (@number, @citizen, @person, `+citizenAlive+`, @key, @application)
			RETURNING id, version, person
		)
		INSERT INTO person_changes (person, version, change, actor, paper, reason, after)
		SELECT id, version, 'registered', `+actorSystem+`, @paper, 'application ' || @application, person FROM new`,
		pgx.StrictNamedArgs{"number": string(number), "citizen": citizen, "person": person, "key": who.Key(), "application": who.Application, "paper": who.Paper})
	if err != nil {
		return population.Record{}, err
	}
	return onePerson(ctx, tx, ` WHERE c.registered_for = $1`, who.Application)
}

// NameApplicant notes that an application without a number is that person's, also where it was
// said to be another's and is validated again. It refuses with Conflict where the person has
// another application open. A second call changes nothing.
func (r *Registry) NameApplicant(ctx context.Context, number identity.ApplicationNumber, who population.Record) error {
	citizen, err := r.citizen(who.Person.Number)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var named *bool
		var wrapped []byte
		err := tx.QueryRow(ctx, `
			SELECT a.citizen = $2 OR a.citizen IS NOT NULL AND (a.sealed_number IS NULL OR a.stage <> `+stageValidation+`), k.wrapped FROM applications a LEFT JOIN vault_keys k ON k.application = a.number
			WHERE a.number = $1 FOR NO KEY UPDATE OF a`, number, citizen).Scan(&named, &wrapped)
		if err != nil || named != nil && *named {
			return found(err, "there is no application %s", number)
		}
		key, err := r.vault.With(string(number), wrapped)
		if err != nil {
			return err
		}
		sealed, err := key.Value(numberColumn(number), []byte(who.Person.Number))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			WITH named AS (
				UPDATE applications SET citizen = $2, sealed_number = $3 WHERE number = $1 RETURNING number
			)
			INSERT INTO audit (application, actor, event, reason) SELECT number, `+actorSystem+`, 'is of person ' || $4, '' FROM named`,
			number, citizen, sealed, who.ID)
		return err
	})
	return fail("name applicant", err)
}

// numbersOf gives the digests of a person's numbers. Those that the built-in register knows
// besides count too.
func (r *Registry) numbersOf(numbers []identity.PersonalNumber) ([][]byte, error) {
	digests := make([][]byte, 0, len(numbers))
	for _, n := range numbers {
		citizen, err := r.citizen(n)
		if err != nil {
			return nil, err
		}
		if citizen != nil {
			digests = append(digests, citizen)
		}
	}
	return digests, nil
}

// Unjudged leaves out of the applications that a search found those of the same person as one
// application, under a number that the person has or had, and those from which an adjudicator told
// the applicant apart; and adds those of earlier searches with this capture that nobody has judged.
// It gives which search of the application it is, too.
func (r *Registry) Unjudged(ctx context.Context, number identity.ApplicationNumber, numbers []identity.PersonalNumber, hits []identity.ApplicationNumber) (others []identity.ApplicationNumber, search int, err error) {
	citizens, err := r.numbersOf(numbers)
	if err != nil {
		return nil, 0, err
	}
	var before []identity.ApplicationNumber
	err = r.db.QueryRow(ctx, `
		SELECT search_round($1), ARRAY(SELECT unjudged_hits($1) ORDER BY 1), ARRAY(
			SELECT o.hit FROM others_than($1, $2, $3) WITH ORDINALITY AS o (hit, n)
			WHERE o.hit NOT IN (SELECT hit FROM hits_of($1) WHERE judged) ORDER BY o.n)`,
		number, hits, citizens).Scan(&search, &before, &others)
	for _, hit := range before {
		if !slices.Contains(others, hit) {
			others = append(others, hit)
		}
	}
	return others, search, fail("tell persons apart", err)
}

// Identification is whom an officer took an applicant for.
type Identification struct {
	Person   identity.PersonID   // empty: none of NotThese
	NotThese []identity.PersonID // whom any officer saw, and the applicant is not
	Paper    string              // that proves a new person: seen by whoever said so, or by whoever approved
	Approved bool                // the application is, since that word
}

// Identification reads the last word of officers on who an applicant is; it is empty
// where nobody was asked.
func (r *Registry) Identification(ctx context.Context, number identity.ApplicationNumber) (Identification, error) {
	var id Identification
	err := r.db.QueryRow(ctx, `
		SELECT coalesce(i.person, ''), coalesce(registration_paper($1), i.paper, ''),
			ARRAY(SELECT DISTINCT unnest(e.not_these) FROM identifications e WHERE e.application = $1),
			approved_by($1) IS NOT NULL
		FROM (VALUES (1)) one LEFT JOIN LATERAL (SELECT person, paper FROM identifications WHERE application = $1 ORDER BY round DESC LIMIT 1) i ON true`,
		number).Scan(&id.Person, &id.Paper, &id.NotThese, &id.Approved)
	return id, fail("read identification", err)
}

// CorrectPerson corrects a person's record, as its officer signed it. Number and canceled
// number change by RenumberPerson alone.
func (r *Registry) CorrectPerson(ctx context.Context, id identity.PersonID, act identity.CorrectPerson, corrected population.Corrected, signed statement.Signed) error {
	after := corrected.Person
	return r.act(ctx, act, statement.Person(id), signed, func(tx pgx.Tx) error {
		before, err := seenPerson(ctx, tx, id, act.Version)
		if err != nil {
			return err
		}
		if after.Number != before.Person.Number || after.CancelledNumber != before.Person.CancelledNumber {
			return identity.RefuseField(identity.Invalid, "record.number", "and record.cancelled_number are not corrected: a person is given another number by renumber")
		}
		if err := mayBecome(ctx, tx, before, after); err != nil {
			return identity.InField("record", err)
		}
		return r.writePerson(ctx, tx, before, after, change{"corrected", act.Officer, signed.ID(), act.Paper, act.Reason, act.Record})
	})
}

// mayBecome refuses a correction by what cannot be of today, and one of the nationality while
// the person has a card that is given to others: what ends it has its own acts and grounds. A
// certificate ends when its holder, who is found to be a citizen, is handed a card.
func mayBecome(ctx context.Context, tx pgx.Tx, before population.Record, after identity.Person) error {
	var today time.Time
	var holds bool
	err := tx.QueryRow(ctx, `
		SELECT (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, EXISTS (
			SELECT FROM person_numbers n JOIN cards c ON c.citizen = n.citizen
			WHERE n.person = $1 AND c.state IN `+standing+` AND c.document <> `+documentCertificate+`)`, before.ID).Scan(&today, &holds)
	if err != nil {
		return err
	}
	wrong := identity.CheckCorrected(before.Person, after, dateOf(today))
	if holds && after.Nationality != before.Person.Nationality {
		wrong = errors.Join(wrong, identity.RefuseField(identity.Conflict, "nationality", "is not corrected while the person has a card: withdraw it first (cards withdraw), or mark that nationality was lost (population mark)"))
	}
	return wrong
}

// MarkPerson notes what became of a person. Who has died or is no citizen any more has no
// live card from then on.
func (r *Registry) MarkPerson(ctx context.Context, id identity.PersonID, act identity.MarkPerson, signed statement.Signed) error {
	return r.act(ctx, act, statement.Person(id), signed, func(tx pgx.Tx) error {
		before, err := seenPerson(ctx, tx, id, "")
		if err != nil {
			return err
		}
		on, err := identity.ParseDate(act.On)
		if err != nil {
			return err
		}
		if on.Compare(before.Person.Birth) < 0 {
			return identity.RefuseField(identity.Invalid, "on", "is before the person was born")
		}
		var future bool
		if err := tx.QueryRow(ctx, `SELECT $1::date > (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date`, on.Midnight()).Scan(&future); err != nil {
			return err
		}
		if future {
			return identity.RefuseField(identity.Invalid, "on", "is in the future")
		}
		if end, ends := cardEnds[act.Status]; ends {
			if err := endCards(ctx, tx, id, end, act.Officer, signed); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE citizens SET status = $2, status_on = $3 WHERE id = $1`, id, act.Status, on.Midnight()); err != nil {
			return err
		}
		return noteChange(ctx, tx, id, change{"marked", act.Officer, signed.ID(), act.Paper, act.Reason, nil},
			status{before.Status, before.Since}, status{act.Status, on})
	})
}

// status is what a mark changes, as it is kept.
type status struct {
	Status identity.CitizenStatus
	On     identity.Date
}

// cardEnd is what becomes of the card that a person holds, and why.
type cardEnd struct {
	state identity.CardState
	why   identity.ReasonCode
}

// cardEnds says for which statuses a person's card ends.
var cardEnds = map[identity.CitizenStatus]cardEnd{
	identity.Deceased:        {identity.CardLapsed, identity.ReasonHolderDied},
	identity.NationalityLost: {identity.CardWithdrawn, identity.ReasonNationalityLost},
}

// RenumberPerson gives a person another number, and revokes the live card that bears the
// old one in the same act.
func (r *Registry) RenumberPerson(ctx context.Context, id identity.PersonID, act identity.RenumberPerson, signed statement.Signed) error {
	return r.act(ctx, act, statement.Person(id), signed, func(tx pgx.Tx) error {
		before, err := seenPerson(ctx, tx, id, act.Version)
		if err != nil {
			return err
		}
		if before.Status != identity.Alive {
			return identity.RefuseField(identity.Conflict, "person", "is %s by the population register", before.Status)
		}
		after := before.Person
		if after.Number, err = freeNumber(ctx, tx, before.Person); err != nil {
			return err
		}
		after.CancelledNumber = before.Person.Number
		if err := endCards(ctx, tx, id, cardEnd{identity.CardRevoked, identity.ReasonNumberReplaced}, act.Officer, signed); err != nil {
			return err
		}
		return r.writePerson(ctx, tx, before, after, change{"renumbered", act.Officer, signed.ID(), act.Paper, act.Reason, nil})
	})
}

// freeNumber draws a number that nobody has or had. Whoever takes the same one at this
// moment is refused by its constraint.
func freeNumber(ctx context.Context, tx pgx.Tx, p identity.Person) (identity.PersonalNumber, error) {
	for range maxDraws {
		number, err := identity.DrawPersonalNumber(rand.Reader, p)
		if err != nil {
			return "", err
		}
		var taken bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM person_numbers WHERE number = $1)`, string(number)).Scan(&taken); err != nil || !taken {
			return number, err
		}
	}
	return "", noNumber()
}

// change is what is kept of a change beside what was changed.
type change struct {
	what   string
	by     identity.OfficerID
	act    string
	paper  string
	reason string
	digest []byte // of what the officer signed for
}

// seenPerson reads a person for a change, while whoever issues the person a card waits. It
// refuses where the record is another than the officer saw.
func seenPerson(ctx context.Context, tx pgx.Tx, id identity.PersonID, version string) (population.Record, error) {
	_, err := tx.Exec(ctx, `
		SELECT pg_advisory_xact_lock(k) FROM (
			SELECT hashtextextended('citizen ' || encode(citizen, 'hex'), 0) AS k FROM person_numbers WHERE person = $1 ORDER BY 1) keys`, id)
	if err != nil {
		return population.Record{}, err
	}
	record, err := onePerson(ctx, tx, ` WHERE c.id = $1 AND c.same_as IS NULL FOR NO KEY UPDATE`, id)
	if err == nil && version != "" && version != record.Version {
		err = identity.RefuseField(identity.Conflict, "version", "of the record is %s now: look at it again", record.Version)
	}
	return record, found(err, "the population register knows no person %s, or found that it is another one (population show)", id)
}

func (r *Registry) writePerson(ctx context.Context, tx pgx.Tx, before population.Record, after identity.Person, c change) error {
	citizen, err := r.citizen(after.Number)
	if err != nil {
		return err
	}
	person, err := json.Marshal(after)
	if err != nil {
		return fmt.Errorf("write person: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE citizens SET number = $2, citizen = $3, person = $4, version = version + 1 WHERE id = $1`, before.ID, string(after.Number), citizen, person)
	if err != nil {
		return err
	}
	return noteChange(ctx, tx, before.ID, c, before.Person, after)
}

func noteChange(ctx context.Context, tx pgx.Tx, id identity.PersonID, c change, before, after any) error {
	was, err := json.Marshal(before)
	if err != nil {
		return fmt.Errorf("write what was: %w", err)
	}
	is, err := json.Marshal(after)
	if err != nil {
		return fmt.Errorf("write what is: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO person_changes (person, version, change, actor, act, paper, reason, before, after, digest)
		SELECT id, version, $2, $3, $4, $5, $6, $7, $8, $9 FROM citizens WHERE id = $1`,
		id, c.what, c.by, c.act, c.paper, c.reason, was, is, c.digest)
	return err
}

// endCards ends the card that a person holds; the one of a number that was canceled ended
// with it.
func endCards(ctx context.Context, tx pgx.Tx, id identity.PersonID, end cardEnd, officer identity.OfficerID, signed statement.Signed) error {
	_, err := tx.Exec(ctx, `SELECT end_cards(number, $2, $3, $4, $5) FROM citizens WHERE id = $1`,
		id, string(end.state), string(end.why), string(officer), signed.ID())
	return err
}

// PersonChange is one change of a person's record.
type PersonChange struct {
	At      time.Time
	Change  string
	Actor   string
	Paper   string
	Reason  string
	Version int
	Before  json.RawMessage // none when the person was registered
	After   json.RawMessage
}

// PersonChanges lists what was done to a person's record, the first change first.
func (r *Registry) PersonChanges(ctx context.Context, id identity.PersonID) ([]PersonChange, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT at, change, actor, paper, reason, version, before, after FROM person_changes WHERE person = $1 ORDER BY seq`, id) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PersonChange])
	return list, fail("list changes of a person", err)
}
