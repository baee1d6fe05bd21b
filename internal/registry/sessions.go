package registry

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// sessionTime is how long an officer reads by one log-in.
const sessionTime = 15 * time.Minute

// LogIns limit what one officer's log-ins may add to the acts, which are kept for good.
type LogIns struct {
	AnHour int // that begin a session
	Open   int // sessions at once; one more ends the oldest
}

// BeginSession begins the session of an officer who logs in: by the token he reads until
// then, as long as he and his key are valid.
func (r *Registry) BeginSession(ctx context.Context, act identity.LogIn, signed statement.Signed, token string, limits LogIns) (until time.Time, err error) {
	begun := false
	err = r.act(ctx, act, statement.Office, signed, func(tx pgx.Tx) error {
		begun = true
		if err := limits.take(ctx, tx, act.Officer); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE until < now() - interval '1 day'`); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `INSERT INTO sessions (token, officer, key, act, until) VALUES ($1, $2, $3, $4, now() + $5) RETURNING until`,
			hashed(token), act.Officer, signed.Signatures[0].Key, signed.ID(), sessionTime).Scan(&until)
	})
	if err == nil && !begun {
		err = r.kept(ctx, signed, identity.RefuseField(identity.Forbidden, "statement", "began a session before: sign again"))
	}
	return until, err
}

// take refuses a log-in after too many, and ends the sessions for which another one leaves
// no room. Log-ins of one officer take turns.
func (l LogIns) take(ctx context.Context, tx pgx.Tx, officer identity.OfficerID) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('log-in ' || $1, 0))`, string(officer)); err != nil {
		return err
	}
	var lately int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM sessions WHERE officer = $1 AND until > now() - interval '1 hour' + $2::interval`, officer, sessionTime).Scan(&lately)
	if err == nil && lately >= l.AnHour {
		return identity.RefuseField(identity.Forbidden, "officer", "%s logged in %d times within an hour, and no more are taken: use a session that is open, or come back later", officer, lately)
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		UPDATE sessions SET ended_at = now() WHERE token IN (
			SELECT token FROM sessions WHERE officer = $1 AND ended_at IS NULL AND until > now() ORDER BY until DESC, token OFFSET $2)`, officer, l.Open-1)
	return err
}

// Session gives the officer whose session a token is, or refuses with Forbidden.
func (r *Registry) Session(ctx context.Context, token string) (identity.Officer, error) {
	var o identity.Officer
	err := r.db.QueryRow(ctx, `
		SELECT o.badge, o.unit, o.roles, o.valid_from FROM sessions s JOIN officers o ON o.badge = s.officer
		WHERE s.token = $1 AND s.ended_at IS NULL AND s.until > now() AND refused_act('log-in', 'office', s.officer, s.key) IS NULL`,
		hashed(token)).Scan(&o.Badge, &o.Unit, &o.Roles, &o.ValidFrom)
	if identity.Refused(found(err, ""), identity.NotFound) {
		return o, identity.RefuseField(identity.Forbidden, "session", "is unknown, or has ended: log in")
	}
	return o, fail("read session", err)
}

// SessionKey gives the key by which a session was begun.
func (r *Registry) SessionKey(ctx context.Context, token string) (key []byte, err error) {
	err = r.db.QueryRow(ctx, `SELECT key FROM sessions WHERE token = $1`, hashed(token)).Scan(&key)
	return key, fail("read session", found(err, "the session is unknown"))
}

// OpenSession is an officer who is logged in.
type OpenSession struct {
	Officer identity.OfficerID `json:"officer"`
	Unit    identity.Unit      `json:"unit"`
	Open    int                `json:"open"`  // sessions
	Until   time.Time          `json:"until"` // the last of them
}

// OpenSessions lists who is logged in.
func (r *Registry) OpenSessions(ctx context.Context) ([]OpenSession, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT s.officer, o.unit, count(*), max(s.until) FROM sessions s JOIN officers o ON o.badge = s.officer
		WHERE s.until > now() AND s.ended_at IS NULL AND refused_act('log-in', 'office', s.officer, s.key) IS NULL
		GROUP BY 1, 2 ORDER BY 1`) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OpenSession])
	return list, fail("list sessions", err)
}

// EndSession ends a session. One that has ended, or never was, is none.
func (r *Registry) EndSession(ctx context.Context, token string) error {
	_, err := r.db.Exec(ctx, `UPDATE sessions SET ended_at = now() WHERE token = $1 AND ended_at IS NULL`, hashed(token))
	return fail("end session", err)
}

func hashed(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
