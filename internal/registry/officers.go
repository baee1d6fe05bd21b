package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Founder is an officer whom no other registered.
type Founder struct {
	identity.Officer

	Key []byte // public, SubjectPublicKeyInfo
}

// Found registers the first officers of an office, with the schema owner's rights, which
// no program has. Who is registered already stays as he is.
func Found(ctx context.Context, owner string, founders []Founder) error {
	_, err := FoundEach(ctx, owner, founders)
	return err
}

// FoundEach is Found, and gives those whom it registered. It refuses one who was revoked, and
// registers nobody then.
func FoundEach(ctx context.Context, owner string, founders []Founder) ([]identity.OfficerID, error) {
	registered := []identity.OfficerID{}
	batch := &pgx.Batch{} // one round trip
	for _, f := range founders {
		if err := errors.Join(f.Check(), checkKey(f.Key)); err != nil {
			return nil, err
		}
		batch.Queue(`
			INSERT INTO officers (badge, unit, roles, valid_from, valid_to, founder) VALUES ($1, $2, $3, coalesce($4, now()), $5, true)
			ON CONFLICT (badge) DO NOTHING`, f.Badge, f.Unit, f.Roles, given(f.ValidFrom), given(f.ValidTo)).Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() == 1 {
				registered = append(registered, f.Badge)
			}
			return nil
		})
		batch.Queue(`
			INSERT INTO credentials (key, officer) SELECT $1, badge FROM officers WHERE badge = $2 AND founder
				AND NOT EXISTS (SELECT FROM credentials WHERE officer = $2)`, f.Key, f.Badge)
		batch.Queue(`SELECT revoked_at IS NOT NULL FROM officers WHERE badge = $1`, f.Badge).QueryRow(func(row pgx.Row) error {
			var revoked bool
			if err := row.Scan(&revoked); err != nil || !revoked {
				return err
			}
			return revokedForGood(f.Badge)
		})
	}
	conn, err := pgx.Connect(ctx, owner)
	if err != nil {
		return nil, fmt.Errorf("found the office: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return tx.SendBatch(ctx, batch).Close() })
	if err != nil {
		return nil, fail("found the office", err)
	}
	return registered, nil
}

// checkKey refuses what is no public key that signs acts.
func checkKey(der []byte) error {
	_, err := statement.ReadKey(der)
	return err
}

// RegisterOfficer registers an officer with a key, or changes what is registered. The same
// statement again changes nothing.
func (r *Registry) RegisterOfficer(ctx context.Context, act identity.RegisterOfficer, signed statement.Signed) error {
	if len(act.Key) > 0 {
		if err := checkKey(act.Key); err != nil {
			return err
		}
	}
	if slices.Contains(act.By(), act.Record.Badge) {
		return identity.RefuseField(identity.Forbidden, "badge", "is one of the two administrators; nobody registers himself")
	}
	o := act.Record
	return r.act(ctx, act, statement.Officer(o.Badge), signed, func(tx pgx.Tx) error {
		from, to := given(o.ValidFrom), given(o.ValidTo)
		tag, err := tx.Exec(ctx, `
			INSERT INTO officers (badge, unit, roles, valid_from, valid_to, act) VALUES (@badge, @unit, @roles, coalesce(@from, now()), @to, @act)
			ON CONFLICT (badge) DO UPDATE SET unit = @unit, roles = @roles, valid_from = coalesce(@from, officers.valid_from), valid_to = @to, act = @act
			WHERE officers.revoked_at IS NULL`,
			pgx.StrictNamedArgs{"badge": o.Badge, "unit": o.Unit, "roles": o.Roles, "from": from, "to": to, "act": signed.ID()})
		if err == nil && tag.RowsAffected() == 0 {
			err = revokedForGood(o.Badge)
		}
		if err != nil || len(act.Key) == 0 {
			return err
		}
		return addKey(ctx, tx, o.Badge, act.Key, nil, signed.ID())
	})
}

// RegisterKey gives an officer another credential.
func (r *Registry) RegisterKey(ctx context.Context, officer identity.OfficerID, act identity.RegisterKey, signed statement.Signed) error {
	if err := checkKey(act.Key); err != nil {
		return err
	}
	return r.act(ctx, act, statement.Officer(officer), signed, func(tx pgx.Tx) error {
		return addKey(ctx, tx, officer, act.Key, act.PasskeyID, signed.ID())
	})
}

// addKey adds a credential, unless the officer has it.
func addKey(ctx context.Context, tx pgx.Tx, officer identity.OfficerID, key, passkey []byte, act string) error {
	var has bool
	var known, revoked, dismissed bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM credentials WHERE key = $1 AND officer = $2), EXISTS (SELECT FROM credentials WHERE key = $1 AND officer = $2 AND revoked_at IS NOT NULL),
			EXISTS (SELECT FROM officers WHERE badge = $2), EXISTS (SELECT FROM officers WHERE badge = $2 AND revoked_at IS NOT NULL)`, key, officer).Scan(&has, &revoked, &known, &dismissed)
	switch {
	case err != nil:
		return err
	case !known:
		return noOfficer(officer)
	case dismissed:
		return revokedForGood(officer)
	case revoked:
		return identity.RefuseField(identity.Conflict, "key", "was revoked, for good: the officer needs another")
	case has:
		return nil
	}
	_, err = tx.Exec(ctx, `INSERT INTO credentials (key, officer, passkey_id, act) VALUES ($1, $2, $3, $4)`, key, officer, passkey, act)
	return err
}

func revokedForGood(badge identity.OfficerID) error {
	return identity.RefuseField(identity.Conflict, "badge", "%s was revoked, for good: register the person under another", badge)
}

// RevokeOfficer ends all that an officer may do, from now on.
func (r *Registry) RevokeOfficer(ctx context.Context, officer identity.OfficerID, act identity.RevokeOfficer, signed statement.Signed) error {
	return r.act(ctx, act, statement.Officer(officer), signed, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE officers SET revoked_at = coalesce(revoked_at, now()) WHERE badge = $1`, officer)
		if err == nil && tag.RowsAffected() == 0 {
			err = noOfficer(officer)
		}
		return err
	})
}

// RevokeKey ends one credential of an officer.
func (r *Registry) RevokeKey(ctx context.Context, officer identity.OfficerID, act identity.RevokeKey, signed statement.Signed) error {
	return r.act(ctx, act, statement.Officer(officer), signed, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE credentials SET revoked_at = coalesce(revoked_at, now()) WHERE officer = $1 AND key = $2`, officer, act.Key)
		if err == nil && tag.RowsAffected() == 0 {
			err = identity.RefuseField(identity.NotFound, "key", "is not registered for officer %s", officer)
		}
		return err
	})
}

// CountPasskeys notes how often the authenticators that signed a statement have signed. It
// refuses one that counts backwards: there are two of it, and one is a copy. The same
// signature again is counted once; that of an act that was done may come again at any time,
// from who did not hear of it.
func (r *Registry) CountPasskeys(ctx context.Context, signed statement.Signed) error {
	for _, g := range signed.Signatures {
		if g.Passkey == nil {
			continue
		}
		tag, err := r.db.Exec(ctx, `
			UPDATE credentials SET counter = $2, counted = $3
			WHERE key = $1 AND (counter < $2 OR counter = 0 AND $2 = 0 OR counted = $3)`, g.Key, int64(g.Passkey.Counter()), g.Value)
		if err != nil {
			return fail("count passkey", err)
		}
		if tag.RowsAffected() > 0 {
			continue
		}
		var done bool
		err = r.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM acts WHERE id = $1 AND officer = $2 AND key = $3 AND signature = $4)`,
			signed.ID(), g.Officer, g.Key, g.Value).Scan(&done)
		if err != nil {
			return fail("count passkey", err)
		}
		if !done {
			return identity.RefuseField(identity.Forbidden, "passkey", "of %s has signed before what it was asked later: there may be a copy of it; sign again, and if it is refused again, have it revoked", g.Officer)
		}
	}
	return nil
}

// given is a time, or null for none.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func noOfficer(badge identity.OfficerID) error {
	return identity.Refuse(identity.NotFound, "no officer %s is registered", badge)
}

// RegisteredOfficer is an officer with his credentials.
type RegisteredOfficer struct {
	identity.Officer

	Founder     bool         `json:"founder,omitzero"`
	RevokedAt   time.Time    `json:"revoked_at,omitzero"`
	Credentials []Credential `json:"credentials"`
}

// Credential is a key by which an officer signs.
type Credential struct {
	Key       []byte    `json:"key"` // public, SubjectPublicKeyInfo
	PasskeyID []byte    `json:"passkey_id,omitzero"`
	AddedAt   time.Time `json:"added_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// Officers lists the officers, by badge.
func (r *Registry) Officers(ctx context.Context) ([]RegisteredOfficer, error) {
	return r.officers(ctx, "")
}

// Officer reads one officer, or refuses with NotFound.
func (r *Registry) Officer(ctx context.Context, badge identity.OfficerID) (RegisteredOfficer, error) {
	list, err := r.officers(ctx, "WHERE o.badge = $1", badge)
	if err == nil && len(list) == 0 {
		err = noOfficer(badge)
	}
	if err != nil {
		return RegisteredOfficer{}, err
	}
	return list[0], nil
}

func (r *Registry) officers(ctx context.Context, where string, args ...any) ([]RegisteredOfficer, error) {
	rows, err := r.db.Query(ctx, `
		SELECT o.badge, o.unit, o.roles, o.valid_from, o.valid_to, o.revoked_at, o.founder, c.key, c.passkey_id, c.added_at, c.revoked_at
		FROM officers o LEFT JOIN credentials c ON c.officer = o.badge `+where+` ORDER BY o.badge, c.added_at`, args...)
	if err != nil {
		return nil, fail("list officers", err)
	}
	list := []RegisteredOfficer{}
	var o RegisteredOfficer
	var to, revoked, added, keyRevoked *time.Time
	var key, passkey []byte
	_, err = pgx.ForEachRow(rows, []any{&o.Badge, &o.Unit, &o.Roles, &o.ValidFrom, &to, &revoked, &o.Founder, &key, &passkey, &added, &keyRevoked}, func() error {
		if len(list) == 0 || list[len(list)-1].Badge != o.Badge {
			next := o
			next.ValidTo, next.RevokedAt, next.Credentials = value(to), value(revoked), []Credential{}
			list = append(list, next)
		}
		if key != nil {
			last := &list[len(list)-1]
			last.Credentials = append(last.Credentials, Credential{Key: key, PasskeyID: passkey, AddedAt: value(added), RevokedAt: value(keyRevoked)})
		}
		o.Roles, key, passkey = nil, nil, nil // the next row has slices of its own
		return nil
	})
	return list, fail("list officers", err)
}

func value(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
