package registry_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// Officers of the cast.
const (
	hanoi  = identity.OfficerID("PD-001-0001") // approves in province 001
	danang = identity.OfficerID("PD-048-0001") // and in 048
)

// The database lets the same roles do the same acts as package identity says.
func TestCompetences_AreThoseOfIdentity(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	rows, err := b.db.Query(t.Context(), `SELECT act, role FROM competences`)
	require.NoError(t, err)
	have := make(map[string][]identity.Role)
	var act string
	var role identity.Role
	_, err = pgx.ForEachRow(rows, []any{&act, &role}, func() error {
		have[act] = append(have[act], role)
		return nil
	})
	require.NoError(t, err)
	require.Len(t, have, len(identity.ActNames()))
	for _, name := range identity.ActNames() {
		require.ElementsMatch(t, identity.Competence(name), have[name], name)
	}
}

// registering is two administrators registering an officer.
func (b *bundle) registering(t *testing.T, o identity.Officer, key []byte) error {
	t.Helper()
	act := identity.RegisterOfficer{By1: cast.Founders[0], By2: cast.Founders[1], Record: o, Key: key}
	return b.RegisterOfficer(t.Context(), act, registrytest.Signed(act, statement.Officer(o.Badge)))
}

// revoke has an administrator revoke an officer.
func (b *bundle) revoke(t *testing.T, badge identity.OfficerID) {
	t.Helper()
	act := identity.RevokeOfficer{Officer: cast.Founders[0], Reason: "has left"}
	require.NoError(t, b.RevokeOfficer(t.Context(), badge, act, registrytest.Signed(act, statement.Officer(badge))))
}

// revokeKey has an administrator revoke one key of an officer.
func (b *bundle) revokeKey(t *testing.T, badge identity.OfficerID, key []byte) {
	t.Helper()
	act := identity.RevokeKey{Officer: cast.Founders[0], Key: key, Reason: "lost"}
	require.NoError(t, b.RevokeKey(t.Context(), badge, act, registrytest.Signed(act, statement.Officer(badge))))
}

// decide records what a statement says of an application, as its workflow does.
func (b *bundle) decide(t *testing.T, number identity.ApplicationNumber, act identity.Deciding, round int, signed statement.Signed) error {
	t.Helper()
	d := act.Decision()
	d.Application, d.Round, d.Request = number, round, signed.ID()
	if signed.TakenIn.IsZero() {
		signed.TakenIn = time.Now()
	}
	return errOf(b.Registry.Decide(t.Context(), d, time.Time{}, signed))
}

// count counts rows.
func (b *bundle) count(t *testing.T, from string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, b.db.QueryRow(t.Context(), "SELECT count(*) FROM "+from, args...).Scan(&n))
	return n
}

// signedBy is the statement of an act of one officer, signed with any key.
func signedBy(t *testing.T, act identity.Act, subject string, until time.Duration, key ed25519.PrivateKey) statement.Signed {
	t.Helper()
	s, err := statement.New(act, subject, statement.NewID(), time.Now().Add(until))
	require.NoError(t, err)
	require.NoError(t, s.Sign(act.By()[0], key))
	return s
}

// Nobody acts but registered officers, with a key of their own, within their time, role
// and province. What is refused leaves nothing behind but its refusal.
func TestDecide_OnlyByWhoMay(t *testing.T) {
	t.Parallel()
	now := time.Now()
	own := func(badge identity.OfficerID) ed25519.PrivateKey { return cast.Known().Of(badge) }
	for name, tt := range map[string]struct {
		officer identity.OfficerID
		key     ed25519.PrivateKey // of the officer, if none is given
		prepare func(t *testing.T, b *bundle)
		until   time.Duration
		want    string // empty: it is done
	}{
		"OfTheProvince":   {officer: hanoi},
		"OfTheCenter":     {officer: approver},
		"UnknownKey":      {officer: hanoi, key: cast.NewKeys().Of(hanoi), want: "is not the owner of the key"},
		"KeyOfAnother":    {officer: hanoi, key: own(danang), want: "is not the owner of the key"},
		"Unregistered":    {officer: latecomer, want: "is not the owner of the key"},
		"AnotherRole":     {officer: "CB-001-0012", want: "has no role that may do this"},
		"Auditor":         {officer: "KT-C06-0001", want: "has no role that may do this"},
		"AnotherProvince": {officer: danang, want: "acts for another province"},
		"Revoked":         {officer: hanoi, prepare: func(t *testing.T, b *bundle) { t.Helper(); b.revoke(t, hanoi) }, want: "was revoked, or is not valid now"},
		"KeyRevoked": {
			officer: hanoi, want: "was revoked, or is not valid now",
			prepare: func(t *testing.T, b *bundle) { t.Helper(); b.revokeKey(t, hanoi, publicKey(t, hanoi)) },
		},
		"Expired": {
			officer: latecomer, want: "was revoked, or is not valid now",
			prepare: func(t *testing.T, b *bundle) {
				t.Helper()
				b.newcomer(t, latecomer, now.Add(-2*time.Hour), now.Add(-time.Hour))
			},
		},
		"NotYet": {
			officer: latecomer, want: "was revoked, or is not valid now",
			prepare: func(t *testing.T, b *bundle) { t.Helper(); b.newcomer(t, latecomer, now.Add(time.Hour), time.Time{}) },
		},
		"InTime": {
			officer: latecomer,
			prepare: func(t *testing.T, b *bundle) {
				t.Helper()
				b.newcomer(t, latecomer, now.Add(-time.Hour), now.Add(time.Hour))
			},
		},
		"RolesTaken": {
			officer: hanoi, want: "has no role that may do this",
			prepare: func(t *testing.T, b *bundle) {
				t.Helper()
				require.NoError(t, b.registering(t, identity.Officer{Badge: hanoi, Unit: "001", Roles: []identity.Role{identity.Resolving}}, nil))
			},
		},
		"TooLate":     {officer: hanoi, until: -time.Minute, want: "sign again"},
		"TooFarAhead": {officer: hanoi, until: 25 * time.Hour, want: "is the clock right?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			number := b.received(t)
			if tt.prepare != nil {
				tt.prepare(t, b)
			}
			act := identity.Approve{Officer: tt.officer}
			if tt.key == nil {
				tt.key = own(tt.officer)
			}
			if tt.until == 0 {
				tt.until = 10 * time.Minute
			}
			signed := signedBy(t, act, statement.Application(number), tt.until, tt.key)
			before := b.count(t, "acts")

			may := b.MayAct(t.Context(), signed)
			err := b.decide(t, number, act, 1, signed)

			if tt.want == "" {
				require.NoError(t, may)
				require.NoError(t, err)
				require.Equal(t, 1, b.count(t, "acts WHERE id = $1 AND officer = $2 AND key = $3", signed.ID(), tt.officer, publicKey(t, tt.officer)))
				require.Zero(t, b.count(t, "refused_acts"))
				return
			}
			for _, err := range []error{may, err} {
				require.ErrorIs(t, err, identity.Forbidden)
				require.ErrorContains(t, err, tt.want)
			}
			require.Equal(t, []string{"received"}, b.trail(t, number))
			require.Zero(t, b.count(t, "decisions"))
			require.Equal(t, before, b.count(t, "acts"))
			require.Equal(t, 1, b.count(t, "refused_acts WHERE act = 'approve' AND subject = $1 AND claimed = $2 AND statement = $3 AND why LIKE '%' || $4 || '%'",
				statement.Application(number), tt.officer, signed.Statement, tt.want))
		})
	}
}

// newcomer registers an officer who approves in province 001, for a time.
func (b *bundle) newcomer(t *testing.T, badge identity.OfficerID, from, to time.Time) {
	t.Helper()
	o := identity.Officer{Badge: badge, Unit: "001", Roles: []identity.Role{identity.Approving}, ValidFrom: from, ValidTo: to}
	require.NoError(t, b.registering(t, o, publicKey(t, badge)))
}

// A statement is taken in while it is valid; how long its recording takes after that, where
// a worker or the registry is away, does not matter.
func TestDecide_RecordsLateWhatWasTakenInInTime(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	act := identity.Approve{Officer: hanoi}
	signed := registrytest.SignedAt(time.Now().Add(-24*time.Hour), act, statement.Application(number), "")
	require.ErrorContains(t, b.decide(t, number, act, 1, signed), "sign again")
	signed.TakenIn = time.Now().Add(-24 * time.Hour)

	require.NoError(t, b.decide(t, number, act, 1, signed))
}

// What an officer signed is good for that decision alone.
func TestDecide_OnlyWhatWasSigned(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number, another := b.received(t), b.received(t)
	approve, reject := identity.Approve{Officer: hanoi}, identity.Reject{Officer: hanoi, Reason: "papers-forged"}
	subject := statement.Application(number)
	forged := registrytest.Signed(approve, subject)
	forged.Signatures[0].Value[0] ^= 1
	unsigned := registrytest.Signed(approve, subject)
	unsigned.Signatures = nil
	for name, tt := range map[string]struct {
		on     identity.ApplicationNumber
		act    identity.Deciding
		signed statement.Signed
	}{
		"Nothing":            {number, approve, statement.Signed{}},
		"Forged":             {number, approve, forged},
		"Unsigned":           {number, approve, unsigned},
		"AnotherApplication": {another, approve, registrytest.Signed(approve, subject)},
		"AnotherAct":         {number, reject, registrytest.Signed(approve, subject)},
		"AnotherReason":      {number, identity.Reject{Officer: hanoi, Reason: "impersonation"}, registrytest.Signed(reject, subject)},
		"AnotherOfficer":     {number, identity.Approve{Officer: approver}, registrytest.Signed(approve, subject)},
	} {
		require.ErrorIs(t, b.decide(t, tt.on, tt.act, 1, tt.signed), identity.Forbidden, name)
	}
	require.Zero(t, b.count(t, "decisions"))
	require.Equal(t, 6, b.count(t, "refused_acts"), "all but nothing")
}

// A card is written off only where the officer signed that another be made.
func TestDecide_WritesOffOnlyWhatWasSigned(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	release := identity.Release{Officer: hanoi, Reason: "card-given-up"}
	signed := registrytest.Signed(release, statement.Application(number))
	signed.TakenIn = time.Now()
	d := release.Decision()
	d.Application, d.Round, d.Request, d.WriteOff = number, 1, signed.ID(), 1

	err := errOf(b.Registry.Decide(t.Context(), d, time.Time{}, signed))

	require.ErrorContains(t, err, "does not say what is to be recorded")
}

// A statement takes effect once: who has it cannot do the same again later.
func TestActs_AReplayedStatementChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	subject := statement.Application(number)
	hold, release := identity.Hold{Officer: hanoi, Reason: "under-verification"}, identity.Release{Officer: hanoi, Reason: "verified"}
	held, released := registrytest.Signed(hold, subject), registrytest.Signed(release, subject)
	require.NoError(t, b.decide(t, number, hold, 1, held))
	require.NoError(t, b.decide(t, number, release, 1, released))

	require.NoError(t, b.decide(t, number, hold, 1, held), "it is answered")
	require.ErrorIs(t, b.decide(t, number, hold, 2, held), identity.Conflict)

	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.False(t, record.Held)
	require.Equal(t, []string{"received", "hold", "release"}, b.trail(t, number))

	revoke := identity.RevokeStation{Officer: cast.Founders[0], Reason: "its key is lost"}
	register := identity.RegisterStation{Officer: cast.Founders[0], Witness: cast.Founders[1], Province: "001", PublicKey: make([]byte, 32)}
	registered := registrytest.Signed(register, statement.Station("001-TN-09"))
	require.NoError(t, b.RegisterStation(t.Context(), "001-TN-09", register, registered))
	require.NoError(t, b.RevokeStation(t.Context(), "001-TN-09", revoke, registrytest.Signed(revoke, statement.Station("001-TN-09"))))

	require.NoError(t, b.RegisterStation(t.Context(), "001-TN-09", register, registered))

	station, err := b.Station(t.Context(), "001-TN-09")
	require.NoError(t, err)
	require.True(t, station.Revoked)
}

// So it is of a station that is paused, and of a box that is sealed.
func TestActs_AReplayedStatementStopsNobody(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, false)))
	pause := identity.PauseStation{Officer: "SX-C06-0001", Reason: "it smells"}
	paused := registrytest.Signed(pause, statement.Station(press))
	require.NoError(t, b.Registry.PauseStation(t.Context(), press, pause, paused))
	require.NoError(t, b.ResumeStation(t.Context(), press, "SX-C06-0001"))
	number := b.inspected(t)
	packing, err := b.Pack(t.Context(), number, 1, 50, "system")
	require.NoError(t, err)
	seal := func(signed statement.Signed) identity.ConsignmentState {
		state, _, err := b.Registry.SealConsignment(t.Context(), packing.Consignment, identity.SealConsignment{Officer: "SX-C06-0001"}, signed)
		require.NoError(t, err)
		return state
	}
	sealed := registrytest.Signed(identity.SealConsignment{Officer: "SX-C06-0001"}, statement.Consignment(packing.Consignment))
	require.Equal(t, identity.ConsignmentSealed, seal(sealed))
	require.NoError(t, b.ReopenConsignment(t.Context(), packing.Consignment, "SX-C06-0001"))

	require.NoError(t, b.Registry.PauseStation(t.Context(), press, pause, paused))
	require.Equal(t, identity.ConsignmentOpen, seal(sealed))

	stations, err := b.StationsAtWork(t.Context())
	require.NoError(t, err)
	require.Empty(t, stations[0].PausedWhy)
}

// What is signed for a box as it was does nothing to what it became: not when it is sent
// again after it was refused, and not when it comes late.
func TestActs_OnABoxAreOnWhatTheirOfficerSaw(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 3)
	first, second := b.inspected(t), b.inspected(t)
	packing, err := b.Pack(t.Context(), first, 1, 50, "system")
	require.NoError(t, err)
	number := packing.Consignment
	const officer, witness = identity.OfficerID("GV-01"), identity.OfficerID("CB-001-0001")
	do := func(act identity.Act) func() error {
		signed := registrytest.Signed(act, statement.Consignment(number))
		return func() error {
			switch act := act.(type) {
			case identity.SealConsignment:
				return errOf2(b.Registry.SealConsignment(t.Context(), number, act, signed))
			case identity.ReopenConsignment:
				return b.Registry.ReopenConsignment(t.Context(), number, act, signed)
			case identity.SendConsignment:
				return b.Registry.SendConsignment(t.Context(), number, act, signed)
			case identity.ReceiveConsignment:
				return b.Registry.ReceiveConsignment(t.Context(), number, act, signed)
			case identity.Recount:
				return errOf(b.Registry.Recount(t.Context(), number, act, signed))
			case identity.SettleSurplus:
				return b.Registry.SettleSurplus(t.Context(), number, act, signed)
			}
			return errors.New("no act on a box")
		}
	}
	saw := func(act identity.Act) func() error {
		box, err := b.Consignment(t.Context(), number)
		require.NoError(t, err)
		return do(box.Saw(act))
	}
	refused := func(late func() error) {
		t.Helper()
		before, err := b.Consignment(t.Context(), number)
		require.NoError(t, err)
		require.ErrorContains(t, late(), "round: is not that of the consignment now")
		after, err := b.Consignment(t.Context(), number)
		require.NoError(t, err)
		require.Equal(t, before, after)
	}
	seal, send := identity.SealConsignment{Officer: officer}, identity.SendConsignment{Officer: officer, Courier: "VNPost", Seal: "1"}

	sealed, again := saw(seal), saw(seal)
	require.NoError(t, errOf(b.Pack(t.Context(), second, 1, 50, "system")), "an open box takes cards")
	require.NoError(t, sealed())
	early, reopened := saw(send), saw(identity.ReopenConsignment{Officer: officer})
	require.NoError(t, reopened())
	require.NoError(t, reopened(), "it is answered by what was done")
	refused(again)
	require.NoError(t, errOf2(b.SealConsignment(t.Context(), number, "")))
	refused(early)
	refused(do(identity.ReopenConsignment{Officer: officer, Round: 2}))
	sent := saw(send)
	require.NoError(t, sent())
	require.NoError(t, sent())
	late := saw(identity.ReceiveConsignment{Officer: counter, Counted: 2})
	b.behind(t, `UPDATE consignments SET round = round + 1 WHERE state = 'sent'`) // a card of it was surplus in another box
	refused(late)
	require.NoError(t, saw(identity.ReceiveConsignment{Officer: counter, Counted: 3, Surplus: []string{"PT99999999"}})())
	recount := identity.Recount{Officer: officer, Witness: witness, Missing: []identity.ApplicationNumber{first}}
	counted := saw(recount)
	settle := identity.SettleSurplus{Settlement: identity.Settlement{Officer: officer, Reason: "to the police"}, Named: "PT99999999"}
	settled, other := saw(settle), saw(identity.Recount{Officer: officer, Witness: witness, Missing: []identity.ApplicationNumber{second}})
	require.NoError(t, counted())
	require.NoError(t, counted())
	refused(other)
	refused(settled)
	require.NoError(t, saw(settle)())
}

// What one person did, another looks at: who enrolled does not stop the application, let it go
// on, or hand its card over without a finger, nor does who sent its box or counted it in; who sent a box
// does not count it in.
func TestActs_NeedTheEyesOfAnother(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	officer := identity.Officer{Badge: enroller, Unit: identity.UnitCenter, Roles: []identity.Role{identity.Enrolling, identity.Production, identity.AtCounter}}
	require.NoError(t, b.registering(t, officer, nil))
	number := b.received(t)
	for _, step := range []identity.DecisionStep{identity.StepHold, identity.StepRelease} {
		d := identity.Decision{Application: number, Step: step, Round: 1, Officer: enroller, Reason: identity.Reason{Code: identity.ReasonOther, Note: "of course"}}
		require.ErrorContains(t, errOf(b.Decide(t.Context(), d, time.Time{})), "whoever enrolled an application does not hold it", step)
	}
	number = b.arrived(t)
	alone := handOver(number)
	alone.Officer, alone.Method, alone.Proof = enroller, identity.HandOverByOfficer, "I know him"
	require.ErrorContains(t, b.Issue(t.Context(), alone), "without the holder's finger")
	alone.Officer = "BC-VNPOST-0001" // who carries cards, and is at no counter of a province
	require.ErrorContains(t, b.Issue(t.Context(), alone), "at a counter of the own province alone")
	alone.Officer = counter // who counted its box in
	for method, want := range map[identity.HandOverMethod]string{
		identity.HandOverByOfficer: "whoever sent a card's box or counted it in", identity.HandOverByProxy: "whoever sent a card's box or counted it in",
		identity.HandOverByPost: "is by post, but the card is to be collected",
	} {
		alone.Method = method
		require.ErrorContains(t, b.Issue(t.Context(), alone), want)
	}
	require.NoError(t, b.Issue(t.Context(), handOver(number)))

	b.stock(t, 1)
	posted := handOver(b.arrived(t, func(s *registry.Submission) {
		s.Application.Delivery, s.Application.DeliveryTo = identity.Post, "Số 19, Phố Mẫu, Hà Nội"
	}))
	posted.Officer, posted.Method, posted.Proof = "BC-VNPOST-0001", identity.HandOverByOfficer, "I know her"
	require.ErrorContains(t, b.Issue(t.Context(), posted), "at a counter of the own province alone")
	posted.Officer, posted.Method, posted.Proof = counter, identity.HandOverByPost, "VN000000009VN"
	require.NoError(t, b.Issue(t.Context(), posted), "the post hands over what was sent to it")

	packing, err := b.Pack(t.Context(), b.inspected(t), 1, 1, "system")
	require.NoError(t, err)
	require.NoError(t, b.SendConsignment(t.Context(), packing.Consignment, identity.SendConsignment{Officer: "GV-01", Courier: "VNPost", Seal: "1"}))
	require.ErrorContains(t, b.ReceiveConsignment(t.Context(), packing.Consignment, identity.ReceiveConsignment{Officer: "GV-01", Counted: 1}), "does not count it in")
	require.NoError(t, b.ReceiveConsignment(t.Context(), packing.Consignment, identity.ReceiveConsignment{Officer: counter, Counted: 1}))
}

// A name in the trail is one officer's, or one station's.
func TestOfficers_AreNoStations(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, false)))
	for _, badge := range []identity.OfficerID{"001-TN-01", identity.OfficerID(press)} {
		err := b.registering(t, identity.Officer{Badge: badge, Unit: "001", Roles: []identity.Role{identity.Approving}}, publicKey(t, badge))
		require.ErrorContains(t, err, "badge: is the name of a station")
	}
	require.ErrorIs(t, errOf(b.ReportStation(t.Context(), identity.StationID(approver), 1, false)), identity.Conflict)
	key := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: publicKey(t, "of nobody")}
	require.ErrorIs(t, b.RegisterKey(t.Context(), "NOBODY", key, registrytest.Signed(key, statement.Officer("NOBODY"))), identity.NotFound)
}

// So it is of what ends an application.
func TestActs_AWithdrawalIsOfWhatItsOfficerSaw(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	withdraw := func(act identity.Withdraw) error {
		d := act.Decision()
		signed := registrytest.Signed(act, statement.Application(number))
		d.Application, d.Request = number, signed.ID()
		signed.TakenIn = time.Now()
		return errOf(b.Registry.Decide(t.Context(), d, time.Time{}, signed))
	}
	act := identity.Withdraw{Officer: enroller, Reason: "card-found", Seen: identity.Approval}
	other := act
	other.Capture = 2
	require.ErrorIs(t, withdraw(other), identity.NotNow)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: identity.StepApprove, Round: 1, Officer: approver}, time.Time{})))
	require.ErrorContains(t, withdraw(act), "was approved by "+string(approver)+" meanwhile")

	act.Seen, act.Capture = identity.Personalization, 1
	require.NoError(t, withdraw(act))
}

// What was refused is done by nobody who sends it again; what was done is answered.
func TestRefuseForGood(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	hold := func(round int, signed statement.Signed) error {
		d := identity.Hold{Officer: approver, Reason: "under-verification"}.Decision()
		d.Application, d.Request, d.Round = number, signed.ID(), round
		return errOf(b.Registry.Decide(t.Context(), d, time.Time{}, signed))
	}
	sign := func() statement.Signed {
		signed := registrytest.Signed(identity.Hold{Officer: approver, Reason: "under-verification"}, statement.Application(number))
		signed.TakenIn = time.Now()
		return signed
	}
	refused, done := sign(), sign()
	require.NoError(t, b.RefuseForGood(t.Context(), refused))
	require.NoError(t, b.RefuseForGood(t.Context(), refused))
	require.NoError(t, hold(1, done))
	require.NoError(t, b.RefuseForGood(t.Context(), done))

	require.NoError(t, hold(1, done))
	require.ErrorContains(t, hold(2, refused), "was refused before")
	require.Equal(t, 1, b.count(t, "refused_statements"))
}

// An identifier is one statement's.
func TestActs_AnIdentifierSaysOneThing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	register := func(id identity.StationID, name string) error {
		act := identity.RegisterStation{Officer: cast.Founders[0], Witness: cast.Founders[1], Province: "001", Name: name, PublicKey: make([]byte, 32)}
		return b.RegisterStation(t.Context(), id, act, registrytest.SignedAs(act, statement.Station(id), "CHOSEN"))
	}
	require.NoError(t, register("001-TN-08", "one"))

	require.ErrorIs(t, register("001-TN-08", "another"), identity.Conflict)
	require.ErrorIs(t, register("001-TN-09", "one"), identity.Conflict)

	// Temporal answers by the identifier alone, so who may act is asked what it was for.
	number := b.received(t)
	subject, held := statement.Application(number), identity.Hold{Officer: approver, Reason: "under-verification", Round: 1}
	may := func(act identity.Act, subject string) error {
		return b.MayAct(t.Context(), registrytest.SignedAs(act, subject, "HELD"))
	}
	require.NoError(t, may(held, subject))
	require.NoError(t, b.decide(t, number, held, 1, registrytest.SignedAs(held, subject, "HELD")))
	require.NoError(t, may(held, subject), "who did not hear of it says it again")
	later, otherwise, another := held, held, held
	later.Round, otherwise.Reason, another.Officer = 2, "authority-asked", "PD-001-0002"
	require.NoError(t, may(later, subject), "and sees it elsewhere then")
	for _, act := range []identity.Act{otherwise, another, identity.Release{Officer: approver, Reason: "verified"}} {
		require.ErrorContains(t, may(act, subject), "id: belongs to another act, which was done before: hold")
	}
	require.ErrorIs(t, may(held, statement.Application("B7K2M-4QX9T-6")), identity.Conflict)

	station, err := b.Station(t.Context(), "001-TN-08")
	require.NoError(t, err)
	require.Equal(t, "one", station.Name)
	require.ErrorIs(t, errOf(b.Station(t.Context(), "001-TN-09")), identity.NotFound)
}

// Boxes and stock are the center's, except that cards are received where they arrive.
func TestActs_InTheOwnProvince(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	box := b.sent(t, b.inspected(t))
	receive := func(officer identity.OfficerID) error {
		return b.ReceiveConsignment(t.Context(), box, identity.ReceiveConsignment{Officer: officer, Counted: 1})
	}
	require.ErrorContains(t, receive("CB-048-0012"), "acts for another province")
	require.NoError(t, receive("CB-001-0012"))

	provincial := identity.Officer{Badge: "PD-001-0055", Unit: "001", Roles: []identity.Role{identity.Dispatching, identity.Stock, identity.Production, identity.Administrator}}
	require.NoError(t, b.registering(t, provincial, publicKey(t, provincial.Badge)))
	for _, act := range []struct {
		identity.Act

		subject string
	}{
		{identity.SealConsignment{Officer: provincial.Badge}, statement.Consignment(box)},
		{identity.SendConsignment{Officer: provincial.Badge, Courier: "VNPost", Seal: "1"}, statement.Consignment(box)},
		{identity.ReceiveBlanks{ReceivedBy: provincial.Badge, CountedBy: "TK-C06-0001", Box: "B-9", First: "PX1", Last: "PX9", Location: "center"}, statement.Box("B-9")},
		{identity.PauseStation{Officer: provincial.Badge, Reason: "it smells"}, statement.Station(press)},
		{identity.RegisterStation{Officer: provincial.Badge, Province: "001", PublicKey: make([]byte, 32)}, statement.Station("001-TN-02")},
		{identity.RevokeOfficer{Officer: provincial.Badge, Reason: "has left"}, statement.Officer(hanoi)},
	} {
		require.ErrorContains(t, b.MayAct(t.Context(), registrytest.Signed(act.Act, act.subject)), "acts for another province, or this is the center's to do", act.ActName())
	}
}

// Where a card is handed over in another province than it was filed in, that province hands
// it over, and does not approve it.
func TestActs_OfTheProvinceWhereTheCardGoes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	registrytest.RegisterStation(t, b.Registry, "048-TN-01", make([]byte, 32))
	number := b.received(t)
	_, err := b.db.Exec(t.Context(), `UPDATE applications SET destination = '048-TN-01' WHERE number = $1`, number)
	require.NoError(t, err)
	subject := statement.Application(number)

	require.NoError(t, b.MayAct(t.Context(), registrytest.Signed(identity.HandOverCard{Officer: "CB-048-0012", Method: identity.HandOverByFingerprint}, subject)))
	require.NoError(t, b.MayAct(t.Context(), registrytest.Signed(identity.Approve{Officer: hanoi}, subject)))
	for _, act := range []identity.Act{identity.Approve{Officer: danang}, identity.Reject{Officer: danang, Reason: "x"}, identity.Hold{Officer: danang, Reason: "x"}} {
		require.ErrorContains(t, b.MayAct(t.Context(), registrytest.Signed(act, subject)), "acts for another province", act.ActName())
	}
}

// A refused statement is kept once, however often it is sent.
func TestRefusedAct_IsKeptOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	act := identity.Approve{Officer: danang}
	signed := registrytest.Signed(act, statement.Application(number))
	for range 3 {
		require.ErrorIs(t, b.decide(t, number, act, 1, signed), identity.Forbidden)
	}
	require.Equal(t, 1, b.count(t, "refused_acts"))

	signed.Signatures[0].Officer = "РD-001-0001\u202e" // in Cyrillic; and what nobody can read is kept as well
	require.NoError(t, b.RefusedAct(t.Context(), signed, identity.Refuse(identity.Forbidden, "no")))
	require.Equal(t, 1, b.count(t, `refused_acts WHERE claimed = '"\u0420D-001-0001\u202e"'`), "what looks like a badge is not shown as one")
	require.NoError(t, b.RefusedAct(t.Context(), statement.Signed{Statement: make([]byte, 1<<20)}, identity.Refuse(identity.Forbidden, "no")))
	named := registrytest.Signed(identity.Hold{Officer: approver, Reason: "other: of 0010\u00399000001"}, statement.Application("A"))
	named.Signatures[0].Officer = "001099000001"
	require.NoError(t, b.RefusedAct(t.Context(), named, identity.Refuse(identity.Invalid, "no")))
	require.Equal(t, 4, b.count(t, "refused_acts"))
	require.Equal(t, 1, b.count(t, "refused_acts WHERE claimed = 'a personal number' AND statement = '' AND act = 'hold' AND subject = 'application/A'"))
	require.Zero(t, b.count(t, "refused_acts WHERE octet_length(statement) > 4096 OR claimed LIKE '%'||chr(8238)||'%'"))
}

// With the programs' password in hand, nobody writes an act without an officer's key, or
// what an officer did without the act.
func TestRights_ActsAndWhatWasDoneGoTogether(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)
	later := b.received(t)
	programs := b.asProgram(t)
	act := func(officer, keyOf string) string {
		return `INSERT INTO acts (id, officer, act, subject, key, statement, signature)
			SELECT 'X', '` + officer + `', 'approve', 'application/` + string(later) + `', key, '{}', '' FROM credentials WHERE officer = '` + keyOf + `'`
	}
	for sql, constraint := range map[string]string{
		`INSERT INTO decisions (application, step, round, officer, enrolled_by) VALUES ('` + string(later) + `', 'approve', 1, 'PD-001-0001', 'CB-001-0001')`:                     "decision_is_signed",
		`INSERT INTO decisions (application, step, round, officer, enrolled_by, request) SELECT '` + string(later) + `', 'approve', 1, 'GV-01', 'CB-001-0001', min(id) FROM acts`: "decision_is_signed",
		`UPDATE cards SET handed_over_by = 'CB-001-0012'`:                                         "hand_over_has_act",
		`UPDATE cards SET handed_over_by = 'GV-01', handed_over_act = (SELECT min(id) FROM acts)`: "hand_over_is_signed",
		`UPDATE consignments SET sealed_by = 'SX-C06-0001'`:                                       "movement_has_act",
		`UPDATE consignments SET sent_act = NULL`:                                                 "movement_has_act",
		`UPDATE consignments SET received_by = 'GV-01'`:                                           "receipt_is_signed",
		`INSERT INTO boxes (number, first_serial, last_serial, blanks, location, received_by, counted_by) VALUES ('B', 'A1', 'A1', 1, 'center', 'TK-01', 'TK-02')`:                       "box_has_act",
		`INSERT INTO boxes (number, first_serial, last_serial, blanks, location, received_by, counted_by, act) SELECT 'B', 'A1', 'A1', 1, 'center', 'GV-01', counted_by, act FROM boxes`: "box_receipt_is_signed",
		act("PD-001-0001", "PD-048-0001"): "act_by_own_key",
		act("PD-048-0001", "PD-048-0001"): "act_in_own_province",
		act("KT-C06-0001", "KT-C06-0001"): "act_by_role",
	} {
		_, err := programs.Exec(t.Context(), sql)
		require.Equal(t, constraint, constraintOf(err), "%s: %v", sql, err)
	}
	const permission = "42501"
	for _, table := range []string{"acts", "refused_acts", "competences", "officers", "credentials"} {
		for _, sql := range []string{"DELETE FROM " + table, "TRUNCATE " + table + " CASCADE", "DROP TABLE " + table + " CASCADE", "ALTER TABLE " + table + " DISABLE TRIGGER ALL"} {
			require.Equal(t, permission, refusedBy(t.Context(), programs, sql), sql)
		}
	}
	for _, sql := range []string{
		`UPDATE acts SET statement = ''`, `UPDATE acts SET officer = 'GV-01'`, `UPDATE refused_acts SET why = ''`, `INSERT INTO competences VALUES ('approve', 'auditor')`,
		`UPDATE decisions SET request = ''`, `UPDATE credentials SET officer = 'GV-01'`, `UPDATE credentials SET key = '\x00'`, `UPDATE officers SET badge = 'X'`, `UPDATE boxes SET act = NULL`,
		`CREATE OR REPLACE FUNCTION refused_act(text, text, text, bytea) RETURNS text LANGUAGE sql AS 'SELECT NULL'`,
	} {
		require.Equal(t, permission, refusedBy(t.Context(), programs, sql), sql)
	}
	b.trail(t, number)
}

// Nor does anybody become an officer by it, whom no officer registered.
func TestRights_NobodyIsAFounderButByTheOwner(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	programs := b.asProgram(t)
	const permission = "42501"
	for _, sql := range []string{
		`INSERT INTO officers (badge, unit, roles, founder) VALUES ('EVE', 'center', '{approving}', true)`,
		`UPDATE officers SET founder = true`,
	} {
		require.Equal(t, permission, refusedBy(t.Context(), programs, sql), sql)
	}
	_, err := programs.Exec(t.Context(), `INSERT INTO officers (badge, unit, roles) VALUES ('EVE', 'center', '{approving}')`)
	require.Equal(t, "officer_is_registered_by_an_act", constraintOf(err))
	require.Error(t, registry.Found(t.Context(), b.url, []registry.Founder{{Officer: identity.Officer{Badge: "EVE", Unit: identity.UnitCenter, Roles: identity.Roles}, Key: publicKey(t, "EVE")}}))
}

// Anybody may send statements: what is kept of refusals is bounded, and what names nobody
// takes no room from what somebody signed. What is not kept is counted.
func TestRefusedAct_AFloodFillsNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	no := identity.Refuse(identity.Forbidden, "no")
	for i := range 40 {
		for range 2 { // the same again is no other
			require.NoError(t, b.RefusedAct(t.Context(), statement.Signed{Statement: fmt.Appendf(nil, "%d", i)}, no))
		}
	}
	require.Equal(t, 30, b.count(t, "refused_acts"))
	require.InDelta(t, 20, testutil.ToFloat64(b.NotKept()), 0)

	flood := func(by identity.OfficerID, key []byte) {
		for i := range 40 {
			s := statement.Signed{Statement: fmt.Appendf(nil, "of %s, %d", by, i), Signatures: []statement.Signature{{Officer: by, Key: key, Value: []byte("none")}}}
			require.NoError(t, b.RefusedAct(t.Context(), s, no))
		}
	}
	flood("NOBODY-9", []byte("no key")) // a name costs nothing
	require.Equal(t, 30, b.count(t, "refused_acts"))
	flood(danang, publicKey(t, danang)) // with the key that anybody can read
	require.Equal(t, 60, b.count(t, "refused_acts"))

	forged := registrytest.Signed(identity.Approve{Officer: approver}, statement.Application("A"))
	forged.Signatures[0].Value[0] ^= 1
	require.NoError(t, b.RefusedAct(t.Context(), forged, no))
	require.Equal(t, 1, b.count(t, "refused_acts WHERE source = 'named "+string(approver)+"'"), "a flood in one officer's name hides no other's forgery")
	for i := range 35 {
		late := registrytest.SignedAs(identity.Approve{Officer: danang}, statement.Application("A"), fmt.Sprint("late-", i))
		require.NoError(t, b.RefusedAct(t.Context(), late, no))
	}
	require.Equal(t, 35, b.count(t, "refused_acts WHERE source = 'signed "+string(danang)+"'"), "nor what that officer signed")
	require.InDelta(t, 70, testutil.ToFloat64(b.NotKept()), 0)
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

// What is sent to workflows without naming anybody is kept by what it was for, and crowds out
// no other refusal.
func TestRefusedUpdate_OfNobodyIsKeptByItsSubject(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i := range 40 {
		for range 2 {
			require.NoError(t, b.RefusedUpdate(t.Context(), "approve", fmt.Sprintf("application/%d", i), statement.Signed{}, "statement: is missing"))
		}
	}
	require.Equal(t, 30, b.count(t, "refused_acts WHERE act = 'approve' AND claimed = '' AND subject LIKE 'application/%'"))

	numbered := registrytest.Signed(identity.Approve{Officer: approver, Reason: "001201234567"}, statement.Application("A"))
	require.NoError(t, b.RefusedUpdate(t.Context(), "approve", "application/C", numbered, "no"))
	require.Equal(t, 1, b.count(t, "refused_acts WHERE subject = 'application/C' AND claimed = '"+string(approver)+"' AND statement = ''"), "no personal number")

	forged := registrytest.Signed(identity.Approve{Officer: approver}, statement.Application("A"))
	require.NoError(t, b.RefusedUpdate(t.Context(), "hold", "application/B", forged, "no"))
	require.Equal(t, 1, b.count(t, "refused_acts WHERE act = 'approve' AND claimed = '"+string(approver)+"' AND subject = 'application/A'"), "as the statement says")
}
