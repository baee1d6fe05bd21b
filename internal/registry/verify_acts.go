package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// ActsReport counts what VerifyActs verified.
type ActsReport struct {
	Acts     int                  `json:"acts"`
	Officers int                  `json:"officers"`
	Founders []identity.OfficerID `json:"founders"` // whom no other registered: everything else rests on them
	Unsigned int                  `json:"unsigned"` // records of before acts were signed
	Keyless  bool                 `json:"keyless"`  // whether the vault's key, which tells what programs took in, was not there
}

// VerifyActs checks every act again, from its signatures: that they are by keys of their
// officers, who were valid then, and had a role for it in that province. Whom the books
// call an officer, and which keys, follows from the acts of administrators alone, back to
// the founders. Then it compares the records of what people did with what they signed. It
// refuses what does not fit, each by its name.
func (r *Registry) VerifyActs(ctx context.Context) (ActsReport, error) {
	v := verifier{
		registry: r, people: make(map[identity.OfficerID][]tenure), keys: make(map[string]*ownership), forged: make(map[signer]*forgeries),
		stations: make(map[identity.StationID]Station), report: ActsReport{Founders: []identity.OfficerID{}, Keyless: r.vault == nil},
	}
	err := pgx.BeginTxFunc(ctx, r.db, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		v.tx = tx // everything as of one moment
		for _, step := range []func(context.Context) error{v.competences, v.founders, v.administration, v.officers, v.credentials, v.enrollmentStations, v.everyAct, v.forgeries, v.resting, v.records, v.books, v.standing, v.trail, v.lines} {
			if err := step(ctx); err != nil {
				return err
			}
			v.summed()
		}
		return nil
	})
	return v.report, errors.Join(append(v.faults, fail("verify acts", err))...)
}

// verifier knows who was who, when, as far as acts that were verified say.
type verifier struct {
	registry *Registry

	tx     pgx.Tx
	people map[identity.OfficerID][]tenure
	keys   map[string]*ownership

	stations map[identity.StationID]Station // as administrators registered them last

	since  time.Time // when the office was founded, or its first act was kept; before, nothing was signed; zero: it was not founded yet
	report ActsReport
	forged map[signer]*forgeries
	leans  []string // what rests on acts that are not in order
	faults []error
	named  int // faults of this step that are named
	more   int // and those that are not
}

// tenure is what an officer was from then on.
type tenure struct {
	identity.Officer

	from    time.Time // zero: from the beginning
	unknown bool      // what a founder was before an act changed him, nobody signed
	revoked bool
	act     string
}

// ownership is whose a key is.
type ownership struct {
	officer identity.OfficerID
	from    time.Time
	until   time.Time // zero: it was not revoked
	act     string

	passkey []byte // its identifier, if it is one
}

// settling is how long after a change an act that began before it may still be kept.
const settling = time.Minute

// wrong names a fault, unless so many of its step are named already that others would be
// lost among them.
func (v *verifier) wrong(format string, args ...any) {
	if v.named == v.registry.faults {
		v.more++
		return
	}
	v.named++
	v.faults = append(v.faults, identity.Refuse(identity.Conflict, format, args...))
}

// summed ends a step: what it did not name it counts, and the next has room of its own.
func (v *verifier) summed() {
	if v.more > 0 {
		v.faults = append(v.faults, identity.Refuse(identity.Conflict, "%d more acts or records do not fit, as the last of these: starter audit verify --all names them", v.more))
	}
	v.named, v.more = 0, 0
}

// competences looks that nobody entrusted a role with more than the program does.
func (v *verifier) competences(ctx context.Context) error {
	var act, role string
	rows, err := v.tx.Query(ctx, `SELECT act, role FROM competences ORDER BY act, role`)
	if err != nil {
		return err
	}
	there := make(map[string]bool)
	_, err = pgx.ForEachRow(rows, []any{&act, &role}, func() error {
		there[act+" "+role] = true
		if !slices.Contains(identity.Competence(act), identity.Role(role)) {
			v.wrong("role %s is allowed to %s, by nobody's decision", identity.OneLine(role), identity.OneLine(act))
		}
		return nil
	})
	for _, act := range identity.ActNames() {
		for _, role := range identity.Competence(act) {
			if !there[act+" "+string(role)] {
				v.wrong("role %s is not allowed to %s any more, by nobody's decision", role, act)
			}
		}
	}
	return err
}

// founders begins with those whom no other registered.
func (v *verifier) founders(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, selectFounders+`, o.act IS NOT NULL
		FROM officers o LEFT JOIN credentials c ON c.officer = o.badge AND c.act IS NULL WHERE o.founder ORDER BY o.badge, c.added_at`)
	if err != nil {
		return err
	}
	var f keptFounder
	var changed bool
	_, err = pgx.ForEachRow(rows, append(f.fields(), &changed), func() error {
		if v.people[f.Badge] != nil {
			v.wrong("founder %s has a second key that nobody registered", f.Badge)
			return nil
		}
		t := tenure{Officer: identity.Officer{Badge: f.Badge, Unit: identity.Unit(f.Unit), Roles: rolesOf(f.Roles), ValidFrom: value(f.From), ValidTo: value(f.To)}, unknown: changed}
		f.Roles = nil // the next row has a list of its own
		if f.Key == nil {
			v.wrong("founder %s has no key of the founding", f.Badge)
		}
		v.people[f.Badge] = []tenure{t}
		v.report.Founders = append(v.report.Founders, f.Badge)
		if f.Key != nil {
			v.keys[string(f.Key)] = &ownership{officer: f.Badge, from: *f.Added}
			if v.since.IsZero() || f.Added.Before(v.since) {
				v.since = *f.Added
			}
		}
		return nil
	})
	if err != nil || v.since.IsZero() {
		return err
	}
	// Whoever says that it was founded later cannot say so of what was signed, whose times are anchored.
	return v.tx.QueryRow(ctx, `SELECT least($1, min(at)) FROM acts`, v.since).Scan(&v.since)
}

func rolesOf(list []string) []identity.Role {
	roles := make([]identity.Role, len(list))
	for i, role := range list {
		roles[i] = identity.Role(role)
	}
	return roles
}

// whole is an act with all its signatures.
type whole struct {
	keptAct

	signed    statement.Signed
	provinces []string // to which its subject belongs
	codes     [][]byte // of each signature
}

// eachAct reads acts with all their signatures.
func (v *verifier) eachAct(ctx context.Context, where, order string, each func(whole), args ...any) error {
	rows, err := v.tx.Query(ctx, selectActs+`, act_provinces(act, subject) FROM acts `+where+` ORDER BY `+order+`, statement, officer`, args...)
	if err != nil {
		return err
	}
	var w whole
	var row keptAct
	var provinces []string
	_, err = pgx.ForEachRow(rows, append(row.fields(), &provinces), func() error {
		if w.ID != row.ID || !bytes.Equal(row.Statement, w.Statement) || len(w.signed.Signatures) == 0 {
			if len(w.signed.Signatures) > 0 {
				each(w)
			}
			w = whole{keptAct: row, signed: statement.Signed{Statement: row.Statement}}
			w.provinces = provinces
		}
		if row.Act != w.Act || row.Subject != w.Subject || !row.At.Equal(w.At) {
			w.signed.Statement = nil // they did not sign the same
		}
		g := statement.Signature{Officer: row.Officer, Key: row.Key, Value: row.Signature}
		if row.Authenticator != nil {
			g.Passkey = &statement.Passkey{AuthenticatorData: row.Authenticator, ClientData: row.Client, Path: row.Path}
		}
		w.signed.Signatures, w.codes = append(w.signed.Signatures, g), append(w.codes, row.Code)
		row, provinces = keptAct{}, nil // the next row has bytes of its own
		return nil
	})
	if err == nil && len(w.signed.Signatures) > 0 {
		each(w)
	}
	return err
}

// administration follows the acts by which officers, keys and stations were registered and
// revoked, in the order in which they were done. One that is not in order changes nothing.
func (v *verifier) administration(ctx context.Context) error {
	return v.eachAct(ctx, `WHERE act IN ('register-officer', 'revoke-officer', 'register-key', 'revoke-key', 'register-station', 'revoke-station')`, "at, id", func(w whole) {
		act, why := v.judge(w)
		if why != "" {
			return // everyAct names it
		}
		_, whom, _ := strings.Cut(w.Subject, "/")
		officer, station := identity.OfficerID(whom), identity.StationID(whom)
		before := v.last(officer)
		switch act := act.(type) {
		case identity.RegisterOfficer:
			now := tenure{Officer: act.Record, from: w.At, revoked: before.revoked, act: w.ID}
			if now.ValidFrom.IsZero() {
				now.ValidFrom = before.ValidFrom
				if before.Badge == "" {
					now.ValidFrom = w.At
				}
			}
			v.people[officer] = append(v.people[officer], now)
			v.own(act.Key, officer, w)
		case identity.RegisterKey:
			v.own(act.Key, officer, w)
			if key := v.keys[string(act.Key)]; key != nil && key.act == w.ID {
				key.passkey = act.PasskeyID
			}
		case identity.RevokeOfficer:
			before.from, before.revoked = w.At, true
			v.people[officer] = append(v.people[officer], before)
		case identity.RevokeKey:
			if key := v.keys[string(act.Key)]; key != nil && key.officer == officer && key.until.IsZero() {
				key.until = w.At
			}
		case identity.RegisterStation:
			v.stations[station] = Station{ID: station, Kind: identity.EnrollmentStation, Province: act.Province, Place: Place{act.Name, act.Address, act.Hours}, PublicKey: act.PublicKey}
		case identity.RevokeStation:
			s := v.stations[station]
			s.Revoked = true
			v.stations[station] = s
		}
	})
}

func (v *verifier) last(officer identity.OfficerID) tenure {
	if list := v.people[officer]; len(list) > 0 {
		return list[len(list)-1]
	}
	return tenure{}
}

func (v *verifier) own(key []byte, officer identity.OfficerID, w whole) {
	if len(key) > 0 && v.keys[string(key)] == nil {
		v.keys[string(key)] = &ownership{officer: officer, from: w.At, act: w.ID}
	}
}

// judge says why an act is not in order; "" if it is.
func (v *verifier) judge(w whole) (identity.Act, string) {
	said, err := w.signed.Read()
	if err != nil || said.ID != w.ID || said.Act != w.Act || said.Subject != w.Subject {
		return nil, "its statement is of another act"
	}
	if err := w.signed.Verify(); err != nil {
		return nil, "its signatures do not fit"
	}
	act, err := said.Does()
	if err != nil {
		return nil, "its statement cannot be"
	}
	if err := w.signed.Says(act, w.Subject, w.ID); err != nil {
		return nil, "it is not signed by those whom it names"
	}
	switch act.(type) {
	case identity.RegisterStation, identity.RegisterVerifier:
		if len(act.By()) < 2 {
			return nil, "one administrator signed what two do"
		}
	}
	for _, g := range w.signed.Signatures {
		key := v.keys[string(g.Key)]
		switch {
		case key == nil || key.officer != g.Officer:
			return nil, fmt.Sprintf("it is not signed by a key of %s", g.Officer)
		case w.At.Before(key.from) || !key.until.IsZero() && w.At.After(key.until.Add(settling)):
			return nil, fmt.Sprintf("the key of %s was not valid then", g.Officer)
		case !v.could(g.Officer, w):
			return nil, fmt.Sprintf("%s could not do it then: not valid, without a role for it, or of another province", g.Officer)
		}
	}
	if w.At.After(said.Until.Add(outage)) || said.Until.Sub(w.At) > statement.Ahead(said.Act)+settling {
		return nil, "its statement had run out when it was recorded, or was signed for too long ahead"
	}
	return act, ""
}

// could reports whether an officer could do an act when it was done.
func (v *verifier) could(officer identity.OfficerID, w whole) bool {
	list := v.people[officer]
	for i, t := range list {
		ended := i+1 < len(list) && w.At.After(list[i+1].from.Add(settling))
		if ended || w.At.Before(t.from) {
			continue
		}
		if t.unknown {
			return true
		}
		valid := !t.revoked && !w.At.Before(t.ValidFrom) && (t.ValidTo.IsZero() || w.At.Before(t.ValidTo))
		competent := w.Act == identity.LogIn{}.ActName() ||
			slices.ContainsFunc(identity.Competence(w.Act), func(r identity.Role) bool { return slices.Contains(t.Roles, r) }) &&
				(t.Unit == identity.UnitCenter || slices.Contains(w.provinces, string(t.Unit)))
		if valid && competent {
			return true
		}
	}
	return false
}

// officers compares the books with what follows from acts.
func (v *verifier) officers(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, `SELECT badge, unit, roles, valid_from, valid_to, revoked_at, coalesce(act, '') FROM officers ORDER BY badge`)
	if err != nil {
		return err
	}
	there := make(map[identity.OfficerID]bool)
	var o identity.Officer
	var to, revoked *time.Time
	var by string
	_, err = pgx.ForEachRow(rows, []any{&o.Badge, &o.Unit, &o.Roles, &o.ValidFrom, &to, &revoked, &by}, func() error {
		there[o.Badge] = true
		v.report.Officers++
		t := v.last(o.Badge)
		switch {
		case t.Badge == "":
			v.wrong("officer %s is registered by no act of two administrators", o.Badge)
		case t.revoked != (revoked != nil), t.revoked && !slices.ContainsFunc(v.people[o.Badge], func(t tenure) bool { return t.revoked && sameMoment(t.from, *revoked) }):
			v.wrong("officer %s: whether he is revoked is not what was signed", o.Badge)
		case t.unknown: // changed by an act, it says, and none is in order
			v.wrong("founder %s was changed by no act of two administrators", o.Badge)
		case t.Unit != o.Unit || !slices.Equal(t.Roles, o.Roles) || !sameMoment(t.ValidTo, value(to)) || !sameMoment(t.ValidFrom, o.ValidFrom), by != t.act:
			v.wrong("officer %s: unit, roles or times are not what two administrators signed", o.Badge)
		}
		o.Roles = nil // the next row has a list of its own
		return nil
	})
	for _, badge := range slices.Sorted(maps.Keys(v.people)) {
		if !there[badge] {
			v.wrong("officer %s was registered, and is gone", badge)
		}
	}
	return err
}

// sameMoment compares as far as the database keeps time.
func sameMoment(a, b time.Time) bool {
	return a.Truncate(time.Microsecond).Equal(b.Truncate(time.Microsecond))
}

// credentials compares keys with what follows from acts.
func (v *verifier) credentials(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, `SELECT key, officer, revoked_at, added_at, coalesce(act, ''), passkey_id FROM credentials ORDER BY officer, added_at`)
	if err != nil {
		return err
	}
	there := make(map[string]bool)
	var key []byte
	var officer identity.OfficerID
	var revoked *time.Time
	var added time.Time
	var by string
	var passkey []byte
	_, err = pgx.ForEachRow(rows, []any{&key, &officer, &revoked, &added, &by, &passkey}, func() error {
		there[string(key)] = true
		switch owned := v.keys[string(key)]; {
		case owned == nil || owned.officer != officer:
			v.wrong("officer %s has a key that no act of two administrators gave him", officer)
		case owned.act != by, by != "" && !sameMoment(owned.from, added), !bytes.Equal(owned.passkey, passkey):
			v.wrong("officer %s: since when a key is his, by which act, or whether it is a passkey, is not what was signed", officer)
		case owned.until.IsZero() != (revoked == nil), revoked != nil && !sameMoment(owned.until, *revoked):
			v.wrong("officer %s: whether a key is revoked is not what was signed", officer)
		}
		return nil
	})
	for _, key := range slices.Sorted(maps.Keys(v.keys)) {
		if !there[key] {
			v.wrong("officer %s: a key was registered, and is gone", v.keys[key].officer)
		}
	}
	return err
}

// enrollmentStations compares stations with what administrators signed. One of which they
// signed nothing may be of before people signed, if something was filed there then.
func (v *verifier) enrollmentStations(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, `
		SELECT id, kind, province, name, address, hours, public_key, revoked, EXISTS (SELECT FROM applications WHERE station = id AND received_at < $1)
		FROM stations ORDER BY id`, v.since)
	if err != nil {
		return err
	}
	var s Station
	var before bool
	_, err = pgx.ForEachRow(rows, []any{&s.ID, &s.Kind, &s.Province, &s.Name, &s.Address, &s.Hours, &s.PublicKey, &s.Revoked, &before}, func() error {
		signed, is := v.stations[s.ID]
		switch {
		case (!is || signed.Kind == "") && (before || v.since.IsZero()): // of which nothing was signed, or only that it is revoked
			v.report.Unsigned++
		case !is, signed.Kind == "":
			v.wrong("station %s: nobody signed that", s.ID)
		case signed.Kind != s.Kind || signed.Province != s.Province || signed.Place != s.Place || !bytes.Equal(signed.PublicKey, s.PublicKey) || signed.Revoked != s.Revoked:
			v.wrong("station %s: province, name, address, hours or key, or whether it is revoked, is not what administrators signed", s.ID)
		}
		s.PublicKey = nil // the next row has a key of its own
		delete(v.stations, s.ID)
		return nil
	})
	for _, id := range slices.Sorted(maps.Keys(v.stations)) {
		v.wrong("station %s was registered, and is gone", id)
	}
	return err
}

// takenIn reports whether each signature of an act was taken in by a program of the office. An
// auditor without its key cannot tell.
func (v *verifier) takenIn(w whole) bool {
	if v.registry.vault == nil {
		return true
	}
	for i, g := range w.signed.Signatures {
		code, err := v.registry.codeOfAct(w.ID, g.Officer, w.Statement, g.Value)
		if err != nil || !bytes.Equal(code, w.codes[i]) {
			return false
		}
	}
	return true
}
