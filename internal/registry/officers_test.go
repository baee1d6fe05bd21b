package registry_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/registry/roles"
	"example.org/cancuoc/internal/statement"
)

// novice approves in province 001, and is not registered yet.
var novice = identity.Officer{Badge: latecomer, Unit: "001", Roles: []identity.Role{identity.Approving}}

// Who was revoked is so for good: nobody is told that he was registered, or was given a key.
func TestRegisterOfficer_NotWhoWasRevoked(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const badge = identity.OfficerID("XX-9")
	o := identity.Officer{Badge: badge, Unit: identity.UnitCenter, Roles: []identity.Role{identity.Approving}}
	require.NoError(t, b.registering(t, o, publicKey(t, badge)))
	b.revoke(t, badge)

	require.ErrorContains(t, b.registering(t, o, nil), "was revoked, for good")
	act := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: publicKey(t, "XX-10")}
	require.ErrorContains(t, b.RegisterKey(t.Context(), badge, act, registrytest.Signed(act, statement.Officer(badge))), "was revoked, for good")
}

func TestRegisterOfficer_MakesAnOfficerWhoActs(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, b.registering(t, novice, publicKey(t, latecomer)))
	number := b.received(t)
	act := identity.Approve{Officer: latecomer}

	require.NoError(t, b.decide(t, number, act, 1, registrytest.Signed(act, statement.Application(number))))

	registered, err := b.Registry.Officer(t.Context(), latecomer)
	require.NoError(t, err)
	require.False(t, registered.Founder)
	require.Equal(t, novice.Roles, registered.Roles)
	require.Equal(t, novice.Unit, registered.Unit)
	require.Len(t, registered.Credentials, 1)
	require.Equal(t, publicKey(t, latecomer), registered.Credentials[0].Key)
	b.revoke(t, latecomer)
	registered, err = b.Registry.Officer(t.Context(), latecomer)
	require.NoError(t, err)
	require.False(t, registered.RevokedAt.IsZero())
	list, err := b.Officers(t.Context())
	require.NoError(t, err)
	require.Len(t, list, len(registrytest.Officers())+1)
	require.Contains(t, list, registered)
}

// Nobody becomes an officer, or more of one, by himself, by one person, or by people who
// are no administrators.
func TestRegisterOfficer_NeedsTwoAdministrators(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	first, second := cast.Founders[0], cast.Founders[1]
	for name, tt := range map[string]struct {
		by   [2]identity.OfficerID
		of   identity.OfficerID
		want string
	}{
		"OnePerson":     {[2]identity.OfficerID{first, first}, latecomer, "officer"},
		"LooksLikeTwo":  {[2]identity.OfficerID{first, first + " "}, latecomer, "officer"},
		"NoneOfTheKind": {[2]identity.OfficerID{first, hanoi}, latecomer, "has no role that may do this"},
		"Himself":       {[2]identity.OfficerID{first, second}, second, "nobody registers himself"},
	} {
		o := novice
		o.Badge = tt.of
		act := identity.RegisterOfficer{By1: tt.by[0], By2: tt.by[1], Record: o, Key: publicKey(t, latecomer)}
		require.ErrorContains(t, b.RegisterOfficer(t.Context(), act, registrytest.Signed(act, statement.Officer(o.Badge))), tt.want, name)
	}
	act := identity.RegisterOfficer{By1: first, By2: second, Record: novice, Key: publicKey(t, latecomer)}
	alone := registrytest.Signed(act, statement.Officer(latecomer))
	alone.Signatures = alone.Signatures[:1]
	require.ErrorContains(t, b.RegisterOfficer(t.Context(), act, alone), "must be signed by the officers whom it names")

	require.ErrorIs(t, errOf(b.Registry.Officer(t.Context(), latecomer)), identity.NotFound)
	unchanged, err := b.Registry.Officer(t.Context(), second)
	require.NoError(t, err)
	require.Equal(t, []identity.Role{identity.Administrator}, unchanged.Roles)
}

// One person with two badges of one key would be two pairs of eyes.
func TestCredentials_AKeyIsOneOfficersForEver(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.ErrorIs(t, b.registering(t, novice, publicKey(t, hanoi)), identity.Conflict)
	require.ErrorIs(t, errOf(b.Registry.Officer(t.Context(), latecomer)), identity.NotFound, "nothing of it was kept")
	b.revokeKey(t, hanoi, publicKey(t, hanoi))
	require.ErrorIs(t, b.registering(t, novice, publicKey(t, hanoi)), identity.Conflict, "nor when it was revoked")

	require.NoError(t, b.registering(t, novice, publicKey(t, latecomer)))
	add := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: publicKey(t, hanoi)}
	require.ErrorIs(t, b.RegisterKey(t.Context(), latecomer, add, registrytest.Signed(add, statement.Officer(latecomer))), identity.Conflict)
}

// An officer who has two keys signs with either, until one is revoked.
func TestRegisterKey_AddsACredential(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	token, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(token.Public())
	require.NoError(t, err)
	add := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: public}
	for range 2 {
		require.NoError(t, b.RegisterKey(t.Context(), hanoi, add, registrytest.Signed(add, statement.Officer(hanoi))))
	}
	b.revokeKey(t, hanoi, publicKey(t, hanoi))
	number := b.received(t)
	act := identity.Approve{Officer: hanoi}
	require.ErrorIs(t, b.decide(t, number, act, 1, registrytest.Signed(act, statement.Application(number))), identity.Forbidden)
	signed, err := statement.New(act, statement.Application(number), statement.NewID(), time.Now().Add(10*time.Minute))
	require.NoError(t, err)
	require.NoError(t, signed.Sign(hanoi, token))

	require.NoError(t, b.decide(t, number, act, 1, signed))
}

func TestRegister_RefusesWhatSignsNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	larger, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(larger.Public())
	require.NoError(t, err)
	for _, key := range [][]byte{{1}, public} {
		require.ErrorContains(t, b.registering(t, novice, key), "is not a public key of Ed25519, or of ECDSA on P-256")
		add := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: key}
		require.ErrorIs(t, b.RegisterKey(t.Context(), hanoi, add, registrytest.Signed(add, statement.Officer(hanoi))), identity.Invalid)
	}
	revoke := identity.RevokeOfficer{Officer: cast.Founders[0], Reason: "has left"}
	require.ErrorIs(t, b.RevokeOfficer(t.Context(), "PD-001-0099", revoke, registrytest.Signed(revoke, statement.Officer("PD-001-0099"))), identity.NotFound)
	require.Zero(t, b.count(t, "acts WHERE subject = 'officer/PD-001-0099'"), "it did not happen")
}

// Who founded the office stays as he is when it is founded again.
func TestFound_OnceForEach(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	again, err := cast.NewKeys().Founding(identity.Officer{Badge: cast.Founders[0], Unit: "001", Roles: identity.Roles})
	require.NoError(t, err)

	require.NoError(t, registry.Found(t.Context(), registrytest.As(t, b.url, roles.Owner), again))

	founder, err := b.Registry.Officer(t.Context(), cast.Founders[0])
	require.NoError(t, err)
	require.Equal(t, []identity.Role{identity.Administrator}, founder.Roles)
	require.Len(t, founder.Credentials, 1)
	require.Equal(t, publicKey(t, cast.Founders[0]), founder.Credentials[0].Key)

	third, err := cast.Known().Founding(identity.Officer{Badge: "QT-C06-0003", Unit: identity.UnitCenter, Roles: []identity.Role{identity.Administrator}})
	require.NoError(t, err)
	registered, err := registry.FoundEach(t.Context(), registrytest.As(t, b.url, roles.Owner), append(again, third...))
	require.NoError(t, err)
	require.Equal(t, []identity.OfficerID{"QT-C06-0003"}, registered)
	b.behind(t, `UPDATE officers SET revoked_at = now() WHERE badge = 'QT-C06-0003'`)
	fourth, err := cast.Known().Founding(identity.Officer{Badge: "QT-C06-0004", Unit: identity.UnitCenter, Roles: []identity.Role{identity.Administrator}})
	require.NoError(t, err)
	require.ErrorContains(t, registry.Found(t.Context(), registrytest.As(t, b.url, roles.Owner), append(fourth, third...)), "QT-C06-0003 was revoked, for good")
	require.Zero(t, b.count(t, "officers WHERE badge = 'QT-C06-0004'"))
}

// One administrator's key does not end the office: two administrators with a key remain.
func TestRevoke_TwoAdministratorsRemain(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.behind(t, `UPDATE officers SET revoked_at = now() WHERE 'administrator' = ANY(roles) AND badge NOT LIKE 'QT-C06-%'`)
	b.registerAs(t, "QT-001-0003", identity.Administrator)
	revoke := func(whom identity.OfficerID) error {
		act := identity.RevokeOfficer{Officer: cast.Founders[0], Reason: "left"}
		return b.RevokeOfficer(t.Context(), whom, act, registrytest.Signed(act, statement.Officer(whom)))
	}
	revokeKey := func(whom identity.OfficerID) error {
		act := identity.RevokeKey{Officer: cast.Founders[0], Key: publicKey(t, whom), Reason: "lost"}
		return b.RevokeKey(t.Context(), whom, act, registrytest.Signed(act, statement.Officer(whom)))
	}
	const remain = "two with a key remain"
	var failed, done int
	for _, err := range atOnce(2, func(i int) error { // each leaves two, and both together one
		return []func(identity.OfficerID) error{revoke, revokeKey}[i](append(cast.Founders[1:], "QT-001-0003")[i])
	}) {
		if err == nil {
			done++
			continue
		}
		require.ErrorContains(t, err, remain)
		failed++
	}
	require.Equal(t, []int{1, 1}, []int{done, failed})

	for _, whom := range append(cast.Founders, "QT-001-0003") {
		if whom == cast.Founders[0] || b.count(t, "officers o JOIN credentials c ON c.officer = badge WHERE badge = $1 AND o.revoked_at IS NULL AND c.revoked_at IS NULL", whom) == 1 {
			require.ErrorContains(t, revoke(whom), remain, whom)
			require.ErrorContains(t, revokeKey(whom), remain, whom)
		}
	}
	require.NoError(t, revoke(hanoi), "anybody else is stopped by one")
}

// One administrator gives nobody a key or a token, also none whom another had revoked; what one
// gave before two had to is in order.
func TestRegister_StationsAndVerifiersByTwo(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	revoke := identity.RevokeStation{Officer: cast.Founders[0], Reason: "stolen"}
	require.NoError(t, b.RevokeStation(t.Context(), enrollment, revoke, registrytest.Signed(revoke, statement.Station(enrollment))))
	station := identity.RegisterStation{Officer: cast.Founders[1], Province: "001", PublicKey: make([]byte, 32)}
	bank := identity.RegisterVerifier{Officer: cast.Founders[1], Name: "me", Token: make([]byte, 32), PerSecond: 1}
	again := func() error {
		return b.RegisterStation(t.Context(), enrollment, station, registrytest.Signed(station, statement.Station(enrollment)))
	}

	require.ErrorContains(t, again(), "witness: is missing: two administrators sign that")
	require.ErrorIs(t, b.RegisterVerifier(t.Context(), "ME", bank, registrytest.Signed(bank, statement.Verifier("ME"))), identity.Forbidden)
	registered, err := b.Station(t.Context(), enrollment)
	require.NoError(t, err)
	require.True(t, registered.Revoked)

	// Where the database did not look, the auditor does.
	_, err = b.db.Exec(t.Context(), `ALTER TABLE acts DISABLE TRIGGER signed_by_two`)
	require.NoError(t, err)
	require.NoError(t, again())
	require.ErrorContains(t, errOf(b.VerifyActs(t.Context())), "one administrator signed what two do")
}
