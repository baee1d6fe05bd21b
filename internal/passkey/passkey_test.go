package passkey_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/passkey/passkeytest"
	"example.org/cancuoc/internal/statement"
)

const site = passkey.Site("https://officers.example.org")

const badge = identity.OfficerID("PD-001-0001")

// asked is a statement that a passkey has to sign.
func asked(t *testing.T) statement.Signed {
	t.Helper()
	s, err := statement.New(identity.Approve{Officer: badge}, statement.Application("6H0NN-JM7NV-4"), statement.NewID(), time.Now().Add(time.Minute))
	require.NoError(t, err)
	return s
}

// answered is the statement with what a passkey answered to its challenge or another's.
func answered(t *testing.T, s statement.Signed, a *passkeytest.Authenticator, challenge []byte) statement.Signed {
	t.Helper()
	answer := a.Sign(t, challenge)
	s.Signatures = []statement.Signature{{Officer: badge, Key: a.Key(t), Value: answer.Signature, Passkey: &answer.Passkey}}
	return s
}

// A passkey that was made here signs statements here, by either kind of key.
func TestSite_APasskeyThatWasMadeHereSigns(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*passkeytest.Authenticator{"ECDSA": passkeytest.New(t, site), "Ed25519": passkeytest.NewEd25519(t, site)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := asked(t)

			made, err := site.Made(badge, a.Make(t, []byte("challenge")), []byte("challenge"))
			s = answered(t, s, a, s.Challenge())

			require.NoError(t, err)
			require.Equal(t, passkey.Credential{Officer: badge, Key: s.Signatures[0].Key, PasskeyID: a.ID}, made)
			require.Regexp(t, `^([0-9A-F]{4} ){7}[0-9A-F]{4}$`, made.Fingerprint())
			require.NoError(t, s.Verify())
			require.NoError(t, site.Check(s))
		})
	}
}

// What a passkey signed for another site, or for another statement, or without its user,
// is no signature here, though its key made it.
func TestSite_RefusesWhatWasSignedElsewhereOrByNobody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*passkeytest.Authenticator)
		want   string
	}{
		"OtherSite":     {func(a *passkeytest.Authenticator) { a.Origin = "https://officers.example.net" }, "asked elsewhere"},
		"OtherPort":     {func(a *passkeytest.Authenticator) { a.Origin = "https://officers.example.org:8443" }, "asked elsewhere"},
		"NoTLS":         {func(a *passkeytest.Authenticator) { a.Origin = "http://officers.example.org" }, "asked elsewhere"},
		"Below":         {func(a *passkeytest.Authenticator) { a.Origin = "https://x.officers.example.org" }, "asked elsewhere"},
		"LooksAlike":    {func(a *passkeytest.Authenticator) { a.Origin = "https://officers.example.org.example.net" }, "asked elsewhere"},
		"Null":          {func(a *passkeytest.Authenticator) { a.Origin = "null" }, "asked elsewhere"},
		"Framed":        {func(a *passkeytest.Authenticator) { a.Frame = true }, "asked elsewhere"},
		"OtherParty":    {func(a *passkeytest.Authenticator) { a.Site = "example.org" }, "not one for officers.example.org"},
		"NotVerified":   {func(a *passkeytest.Authenticator) { a.Flags = passkeytest.Present }, "did not verify who uses it"},
		"NobodyPresent": {func(a *passkeytest.Authenticator) { a.Flags = passkeytest.Verified }, "did not verify who uses it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, s := passkeytest.New(t, site), asked(t)
			tt.change(a)

			err := site.Check(answered(t, s, a, s.Challenge()))

			require.ErrorContains(t, err, tt.want)
			require.ErrorIs(t, err, identity.Forbidden)
		})
	}
}

func TestSite_RefusesTheSignatureOfAnotherStatement(t *testing.T) {
	t.Parallel()
	a, one, other := passkeytest.New(t, site), asked(t), asked(t)

	s := answered(t, one, a, other.Challenge())

	require.ErrorContains(t, site.Check(s), "for something else")
	require.ErrorContains(t, s.Verify(), "does not fit it")
}

func TestSite_WithoutPagesNoPasskeySigns(t *testing.T) {
	t.Parallel()
	s := asked(t)

	err := passkey.Origin("").Check(answered(t, s, passkeytest.New(t, site), s.Challenge()))

	require.ErrorContains(t, err, "this office has none")
}

func TestSite_ReadsItsOrigin(t *testing.T) {
	t.Parallel()

	require.Equal(t, passkey.Site("http://localhost:8090"), passkey.Origin("http://localhost:8090/officers/"))
	require.Equal(t, site, passkey.Origin("https://Officers.example.org:443"))
	require.Equal(t, passkey.Site("http://localhost:443"), passkey.Origin("http://localhost:443"))
	require.Equal(t, "localhost", passkey.Origin("http://localhost:8090").ID())
	require.Empty(t, passkey.Origin("localhost"))
}

// A passkey is made here, as asked, by an authenticator that verifies its user.
func TestSite_RefusesAPasskeyThatWasNotMadeAsAsked(t *testing.T) {
	t.Parallel()
	challenge := []byte("challenge")
	for name, change := range map[string]func(*passkeytest.Authenticator, *passkey.Creation){
		"OtherSite": func(a *passkeytest.Authenticator, c *passkey.Creation) {
			a.Origin = "https://example.net"
			*c = a.Make(t, challenge)
		},
		"OtherParty": func(a *passkeytest.Authenticator, c *passkey.Creation) {
			a.Site = "example.org"
			*c = a.Make(t, challenge)
		},
		"NotVerified": func(a *passkeytest.Authenticator, c *passkey.Creation) {
			a.Flags = passkeytest.Present
			*c = a.Make(t, challenge)
		},
		"Copied": func(a *passkeytest.Authenticator, c *passkey.Creation) {
			a.Flags |= passkeytest.BackupEligible
			*c = a.Make(t, challenge)
		},
		"OtherChallenge": func(a *passkeytest.Authenticator, c *passkey.Creation) { *c = a.Make(t, []byte("other")) },
		"OtherName":      func(_ *passkeytest.Authenticator, c *passkey.Creation) { c.ID = []byte("another") },
		"CutShort": func(_ *passkeytest.Authenticator, c *passkey.Creation) {
			c.Attestation = c.Attestation[:len(c.Attestation)-1]
		},
		"NotJSON": func(_ *passkeytest.Authenticator, c *passkey.Creation) { c.ClientData = c.ClientData[1:] },
		"Nothing": func(_ *passkeytest.Authenticator, c *passkey.Creation) { *c = passkey.Creation{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := passkeytest.New(t, site)
			creation := a.Make(t, challenge)
			change(a, &creation)

			_, err := site.Made(badge, creation, challenge)

			require.Len(t, identity.Refusals(err), 1)
		})
	}
}

// Whatever a page sends is a passkey or is refused, and never stops the gateway.
func FuzzSite_Made(f *testing.F) {
	for _, a := range []*passkeytest.Authenticator{passkeytest.New(f, site), passkeytest.NewEd25519(f, site)} {
		c := a.Make(f, []byte("challenge"))
		f.Add(c.ID, c.Attestation, c.ClientData)
	}
	f.Fuzz(func(t *testing.T, id, attestation, client []byte) {
		made, err := site.Made(badge, passkey.Creation{ID: id, Attestation: attestation, ClientData: client}, []byte("challenge"))
		require.Equal(t, err == nil, len(made.Key) > 0)
		require.Equal(t, err != nil, len(identity.Refusals(err)) == 1)
	})
}

// Whatever a page sends as a signature is refused, unless the passkey made it.
func FuzzSite_Check(f *testing.F) {
	a := passkeytest.New(f, site)
	answer := a.Sign(f, []byte("challenge"))
	f.Add(answer.AuthenticatorData, answer.ClientData)
	f.Fuzz(func(t *testing.T, authenticator, client []byte) {
		s := statement.Signed{Statement: []byte("{}"), Signatures: []statement.Signature{{
			Officer: badge, Passkey: &statement.Passkey{AuthenticatorData: authenticator, ClientData: client},
		}}}
		require.Len(t, identity.Refusals(site.Check(s)), 1)
	})
}
