package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// insertActs keeps a statement with its signatures. Constraints refuse an officer who may
// not do the act; the same statement again changes nothing.
const insertActs = `
	INSERT INTO acts (id, officer, act, subject, key, statement, signature, authenticator_data, client_data, path, mac)
	SELECT @act_id, s.officer, @act_name, @act_subject, s.key, @act_statement, s.signature, s.authenticator_data, s.client_data, s.path, s.mac
	FROM unnest(@act_officers::text[], @act_keys::bytea[], @act_signatures::bytea[], @act_authenticators::bytea[], @act_clients::bytea[], @act_paths::bytea[], @act_macs::bytea[])
		AS s (officer, key, signature, authenticator_data, client_data, path, mac)`

const onceEach = ` ON CONFLICT (id, officer) DO NOTHING`

// actArgs verifies a statement, and gives it as the arguments of insertActs with others.
// What it says is not compared with anything.
func (r *Registry) actArgs(s statement.Signed, others pgx.StrictNamedArgs) (pgx.StrictNamedArgs, error) {
	said, err := r.signed(s)
	if err != nil {
		return nil, err
	}
	n := len(s.Signatures)
	officers, keys, values := make([]string, n), make([][]byte, n), make([][]byte, n)
	authenticators, clients, paths, codes := make([][]byte, n), make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i, g := range s.Signatures {
		officers[i], keys[i], values[i] = string(g.Officer), g.Key, g.Value
		if g.Passkey != nil {
			authenticators[i], clients[i], paths[i] = g.Passkey.AuthenticatorData, g.Passkey.ClientData, g.Passkey.Path
		}
		if codes[i], err = r.codeOfAct(said.ID, g.Officer, s.Statement, g.Value); err != nil {
			return nil, err
		}
	}
	args := pgx.StrictNamedArgs{
		"act_id": said.ID, "act_name": said.Act, "act_subject": said.Subject, "act_statement": s.Statement, "act_officers": officers,
		"act_keys": keys, "act_signatures": values, "act_authenticators": authenticators, "act_clients": clients, "act_paths": paths, "act_macs": codes,
	}
	maps.Copy(args, others)
	return args, nil
}

// signed reads a statement, and refuses one that its signatures do not fit, or that a passkey
// signed elsewhere than on the officers' pages.
func (r *Registry) signed(s statement.Signed) (statement.Statement, error) {
	said, err := s.Read()
	if err == nil {
		err = s.Verify()
	}
	if err == nil {
		err = r.passkeys.Check(s)
	}
	return said, err
}

// codeOfAct is the code of one signature that a program of the office took in, over what no
// other signature has.
func (r *Registry) codeOfAct(id string, officer identity.OfficerID, signed, signature []byte) ([]byte, error) {
	return r.vault.Digest(digestOf([]byte("act"), []byte(id), []byte(officer), signed, signature))
}

// says verifies that a statement is this act on this subject, and gives it as arguments
// of insertActs.
func (r *Registry) says(s statement.Signed, act identity.Act, subject string, others pgx.StrictNamedArgs) (pgx.StrictNamedArgs, error) {
	if err := act.Check(); err != nil {
		return nil, err
	}
	if err := s.Says(act, subject, s.ID()); err != nil {
		return nil, err
	}
	return r.actArgs(s, others)
}

// act keeps a statement, and does what it says, in one transaction. What was done under
// this identifier before is not done again. It refuses a statement that was too old when the
// engine took it in, or where it did not pass through the engine, is so now by the database's
// clock. A refusal is kept for the auditor.
func (r *Registry) act(ctx context.Context, act identity.Act, subject string, signed statement.Signed, do func(tx pgx.Tx) error) error {
	args, err := r.says(signed, act, subject, nil)
	if err == nil && !signed.TakenIn.IsZero() {
		err = fresh(signed, signed.TakenIn)
	}
	if err == nil {
		err = r.together(ctx, func(tx pgx.Tx) error {
			var now time.Time
			err := tx.QueryRow(ctx, insertActs+onceEach+` RETURNING now()`, args).Scan(&now)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil // it was done before
			}
			if err == nil && signed.TakenIn.IsZero() {
				err = fresh(signed, now)
			}
			if err != nil {
				return err
			}
			return do(tx)
		})
	}
	return r.kept(ctx, signed, fail(act.ActName(), err))
}

// fresh refuses a statement that is too old, or for too long, at a time.
func fresh(signed statement.Signed, at time.Time) error {
	said, err := signed.Read()
	if err != nil {
		return err
	}
	return current(said, at)
}

// Kept reports whether a statement is an act that was done before.
func (r *Registry) Kept(ctx context.Context, signed statement.Signed) (kept bool, err error) {
	err = r.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM acts WHERE id = $1 AND statement = $2)`, signed.ID(), signed.Statement).Scan(&kept)
	return kept, fail("look for an act", err)
}

// OnOffice keeps an act on what belongs to the whole office, before it is done on a machine
// of the office: to its keys, or to workflows of what the registry does not know.
func (r *Registry) OnOffice(ctx context.Context, act identity.Act, signed statement.Signed) error {
	return r.act(ctx, act, statement.Office, signed, func(tx pgx.Tx) error {
		switch act := act.(type) {
		case identity.RevokeSigner:
			_, err := tx.Exec(ctx, `INSERT INTO revoked_signers (serial, act) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
				serialOfSigner(act.Serial), signed.ID())
			return err
		case identity.ImportTransportKey:
			return addChipKey(ctx, tx, act.Key, signed.ID())
		case identity.MakeChipMaster:
			return addChipKey(ctx, tx, act.Key, signed.ID())
		}
		return nil
	})
}

// kept keeps that a statement was refused as its signers may not do what it says, or as it
// says what cannot be, and returns why.
func (r *Registry) kept(ctx context.Context, signed statement.Signed, why error) error {
	// A conflict of identifiers is another statement under one that was used.
	refusals := identity.Refusals(why)
	reused := len(refusals) > 0 && refusals[0].Kind == identity.Conflict && refusals[0].Field == "id"
	if (reused || identity.Refused(why, identity.Forbidden) || identity.Refused(why, identity.Invalid)) && !signed.IsZero() {
		return errors.Join(why, r.RefusedAct(ctx, signed, why))
	}
	return why
}

// MayAct refuses a statement that is not signed by officers who may do what it says, that is
// too old by the registry's clock, or whose identifier is another's. Temporal answers a decision by
// its identifier alone, whatever it says, so that is asked here, before, and by Reused afterwards.
func (r *Registry) MayAct(ctx context.Context, s statement.Signed) error {
	said, err := r.signed(s)
	if err != nil {
		return err
	}
	officers, keys := make([]string, len(s.Signatures)), make([][]byte, len(s.Signatures))
	for i, g := range s.Signatures {
		officers[i], keys[i] = string(g.Officer), g.Key
	}
	var refused string
	var now time.Time
	var before []byte
	err = r.db.QueryRow(ctx, `
		SELECT coalesce(string_agg(refused_act($1, $2, s.officer, s.key), ' '), ''), now(), (SELECT statement FROM acts WHERE id = $5 LIMIT 1)
		FROM unnest($3::text[], $4::bytea[]) AS s (officer, key)`, said.Act, said.Subject, officers, keys, said.ID).Scan(&refused, &now, &before)
	if err != nil {
		return fail("ask who may act", err)
	}
	if name, _, _ := strings.Cut(refused, " "); name != "" {
		return refusalOf(name)
	}
	if err := saidBefore(statement.Signed{Statement: before}, said); err != nil {
		return err
	}
	return current(said, now)
}

// Reused refuses a statement under the identifier of an act that was done and is another, as may be
// after two came at one moment.
func (r *Registry) Reused(ctx context.Context, s statement.Signed) error {
	said, err := s.Read()
	if err != nil {
		return err
	}
	var before []byte
	err = r.db.QueryRow(ctx, `SELECT statement FROM acts WHERE id = $1 LIMIT 1`, said.ID).Scan(&before)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fail("look for the act of an identifier", err)
	}
	return saidBefore(statement.Signed{Statement: before}, said)
}

// saidBefore refuses a statement under the identifier of an act that was done and is another. The
// same may be said again, and another state of its subject be seen then.
func saidBefore(done statement.Signed, said statement.Statement) error {
	if done.IsZero() {
		return nil
	}
	before, err := done.Read()
	if err != nil {
		return err
	}
	then, _ := before.Does() // that it cannot be, others say
	now, _ := said.Does()
	if before.Subject != said.Subject || !identity.SaysAgain(then, now) {
		return identity.RefuseField(identity.Conflict, "id", "belongs to another act, which was done before: %s", before.Act)
	}
	return nil
}

// RefuseForGood has a statement that was refused never be done, by whoever sends it again.
func (r *Registry) RefuseForGood(ctx context.Context, s statement.Signed) error {
	said, err := s.Read()
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM refused_statements WHERE until < now()`)
	batch.Queue(`
		INSERT INTO refused_statements (digest, until)
		SELECT sha256($1), $2 WHERE NOT EXISTS (SELECT FROM acts WHERE id = $3 AND statement = $1) ON CONFLICT DO NOTHING`, s.Statement, said.Until.Add(outage), said.ID)
	return fail("refuse for good", r.db.SendBatch(ctx, batch).Close())
}

// outage is how long what was taken in may wait for a database that is away, until it is
// recorded. The trigger may_act has the same.
const outage = 24 * time.Hour

// current refuses a statement that is not taken in any more, or is for too long.
func current(said statement.Statement, at time.Time) error {
	switch {
	case at.After(said.Until):
		return identity.RefuseField(identity.Forbidden, "statement", "was to be taken in until %s: sign again", said.Until.Format(time.RFC3339))
	case said.Until.Sub(at) > statement.Ahead(said.Act):
		return identity.RefuseField(identity.Forbidden, "statement", "is signed for longer than %s ahead: is the clock right?", statement.Ahead(said.Act))
	}
	return dated(said, at)
}

// fast is how far a clock may be ahead of the office's where a statement says when it was
// signed.
const fast = time.Minute

// dated refuses an enrollment that says to have been signed at a time that is still to come,
// or from which on it could not be valid.
func dated(said statement.Statement, at time.Time) error {
	if said.Act != (identity.Enroll{}).ActName() {
		return nil
	}
	act, err := said.Does()
	if err != nil {
		return err
	}
	enrolled, _ := act.(identity.Enroll)
	switch signed := enrolled.SignedAt; {
	case signed.IsZero():
	case signed.After(at.Add(fast)):
		return identity.RefuseField(identity.Forbidden, "statement", "says that it was signed at %s, which is still to come: is the clock right?", signed.Format(time.RFC3339))
	case signed.After(said.Until), said.Until.Sub(signed) > statement.Ahead(said.Act):
		return identity.RefuseField(identity.Forbidden, "statement", "says that it was signed at %s, and cannot be of then: it is to be taken in until %s", signed.Format(time.RFC3339), said.Until.Format(time.RFC3339))
	}
	return nil
}

// maxKept is how many bytes are kept of a statement that was never done.
const maxKept = 4 << 10

// room is how many refusals of a source are kept within a minute, an hour and a day. Anybody
// may send statements, and neither fills a disk with them nor hides another's: each source has
// room of its own.
type room struct{ minute, hour, day int }

var (
	roomOfSigner = room{300, 20_000, 20_000} // for each officer, of what the officer's key signed
	roomOfName   = room{30, 300, 2_000}      // for each registered badge, of what came in its name
	roomOfNames  = room{300, 20_000, 20_000} // for all badges, of what came in their names
	roomOfNobody = room{30, 30, 24 * 30}     // for whatever names no registered officer
)

// The sources of refusals, as refused_acts keeps them, before the badge.
const (
	sourceSigner = "signed "
	sourceName   = "named "
)

// RefusedAct keeps, for the auditor, that a statement was refused and why: a line for each,
// however often it is sent. In a flood of them, the first are kept.
func (r *Registry) RefusedAct(ctx context.Context, s statement.Signed, why error) error {
	said, _ := s.Read() // what cannot be read is kept all the same
	if s.Anonymous() != nil {
		said = statement.Statement{Act: nameless(said.Act), Subject: nameless(said.Subject)} // but what was tried, on what
	}
	return r.keepRefusal(ctx, said, s, why.Error())
}

// RefusedNaming is RefusedAct for a statement that names somebody: it is not kept, but what was
// tried, on what.
func (r *Registry) RefusedNaming(ctx context.Context, s statement.Signed, why error) error {
	said, err := s.Read()
	if err != nil {
		return err
	}
	s.Statement = nil
	return r.keepRefusal(ctx, statement.Statement{Act: said.Act, Subject: said.Subject}, s, why.Error())
}

// RefusedUpdate is RefusedAct for what was sent to a workflow as an act on that subject,
// also where no statement says so.
func (r *Registry) RefusedUpdate(ctx context.Context, act, subject string, s statement.Signed, why string) error {
	if s.Anonymous() != nil {
		s.Statement = nil // no personal number is kept
	}
	said, err := s.Read()
	if err != nil {
		said.Act, said.Subject = act, subject
	}
	return r.keepRefusal(ctx, said, s, why)
}

// NotKept counts the refusals of this process of which, in a flood, no line was kept.
func (r *Registry) NotKept() prometheus.Collector { return r.notKept }

func (r *Registry) keepRefusal(ctx context.Context, said statement.Statement, s statement.Signed, why string) error {
	by, text := claimed(s), identity.OneLine(why)
	digest := sha256.New()
	fmt.Fprintf(digest, "%q %q ", by, text)
	if len(s.Statement) == 0 {
		fmt.Fprintf(digest, "%q %q ", said.Act, said.Subject)
	}
	digest.Write(s.Statement)
	source, err := r.sourceOf(ctx, s)
	if err != nil {
		return fail("keep refusal", err)
	}
	if s.Anonymous() != nil {
		s.Statement = nil
	}
	args := pgx.NamedArgs{
		"act": inASCII(said.Act), "subject": inASCII(said.Subject), "claimed": by, "why": text, "source": source,
		"statement": s.Statement[:min(len(s.Statement), maxKept)], "digest": digest.Sum(nil),
	}
	before, room, err := r.roomFor(ctx, source, digest.Sum(nil))
	if err == nil && !before && !room {
		r.notKept.Inc()
	}
	if err == nil && !before && room {
		err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
			return r.keepLine(ctx, tx, linesOfRefusals, `@act::text, @subject::text, @claimed::text, @why::text, coalesce(@statement, '\x'::bytea), @digest::bytea`, args)
		})
	}
	return fail("keep refusal", err)
}

// claimed are the officers in whose names a statement came, as a line for auditors shows them:
// a badge as it is, and what only looks like one so that it does not.
func claimed(s statement.Signed) string {
	names := make([]string, len(s.Signatures))
	for i, g := range s.Signatures {
		if names[i] = inASCII(string(g.Officer)); statement.NamesPerson(names[i]) {
			names[i] = "a personal number"
		}
	}
	return identity.OneLine(strings.Join(names, " and "))
}

// nameless is a text in which no personal number stands; empty: one does.
func nameless(text string) string {
	if statement.NamesPerson(text) {
		return ""
	}
	return text
}

// inASCII is a text as it is, or where that holds a character that can look like another, be
// invisible, or forge a line, in quotes with each of them by its number.
func inASCII(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		text = strconv.QuoteToASCII(text)
	}
	return identity.OneLine(text)
}

// sourceOf is whose room the refusal of a statement takes: of the officers whose registered keys
// signed it, or else of the first registered officer in whose name it came; empty: of nobody.
func (r *Registry) sourceOf(ctx context.Context, s statement.Signed) (string, error) {
	badges, keys := make([]string, len(s.Signatures)), make([][]byte, len(s.Signatures))
	for i, g := range s.Signatures {
		badges[i], keys[i] = strings.ToValidUTF8(strings.ReplaceAll(string(g.Officer), "\x00", "?"), "?"), g.Key
	}
	var own int
	var known string
	err := r.db.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM unnest($1::text[], $2::bytea[]) s (badge, key) JOIN credentials c ON c.key = s.key AND c.officer = s.badge),
			coalesce((SELECT min(badge) FROM officers WHERE badge = ANY($1)), '')`, badges, keys).Scan(&own, &known)
	switch {
	case err != nil:
		return "", err
	case len(badges) > 0 && own == len(badges) && s.Verify() == nil:
		return sourceSigner + known, nil
	case known != "":
		return sourceName + known, nil
	}
	return "", nil
}

// roomFor reports whether a refusal was kept before, and whether there is room for one more of
// that source.
func (r *Registry) roomFor(ctx context.Context, source string, digest []byte) (before, has bool, err error) {
	each, all := roomOfNobody, roomOfNobody
	switch {
	case strings.HasPrefix(source, sourceSigner):
		each, all = roomOfSigner, roomOfSigner
	case source != "":
		each, all = roomOfName, roomOfNames
	}
	err = r.db.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM refused_acts WHERE digest = $1),
			each.minute < $3 AND each.hour < $4 AND each.day < $5 AND ($9::text = '' OR every.minute < $6 AND every.hour < $7 AND every.day < $8)
		FROM (SELECT count(*) FILTER (WHERE at > now() - interval '1 minute') AS minute, count(*) FILTER (WHERE at > now() - interval '1 hour') AS hour, count(*) AS day
				FROM refused_acts WHERE source = $2 AND at > now() - interval '1 day') AS each,
			(SELECT count(*) FILTER (WHERE at > now() - interval '1 minute') AS minute, count(*) FILTER (WHERE at > now() - interval '1 hour') AS hour, count(*) AS day
				FROM refused_acts WHERE $9 <> '' AND starts_with(source, $9) AND at > now() - interval '1 day') AS every`,
		digest, source, each.minute, each.hour, each.day, all.minute, all.hour, all.day, shared(source)).Scan(&before, &has)
	return before, has, err
}

// shared is what sources begin with that have a room together beside their own.
func shared(source string) string {
	if strings.HasPrefix(source, sourceName) {
		return sourceName
	}
	return ""
}
