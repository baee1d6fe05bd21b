package intake_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

// Whoever holds what a program holds can store another application, or another face, behind an
// officer's true statement: it is named, since the packet that the officer signed says otherwise.
func TestVerify_NamesWhatNoOfficerSigned(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	g := serve(t, public, roomy)
	store := func(change func(*registry.Submission), drawn bool) {
		t.Helper()
		s := sample(t)
		s.EnrollmentID = rand.Text()
		if drawn { // the office draws the template of the first finger
			s.Fingerprints[0].TemplateData = nil
		}
		signed, err := packet.Sign(s, key, cast.Known().State)
		require.NoError(t, err)
		p, err := packet.Parse(signed)
		require.NoError(t, err)
		payload, err := p.Payload()
		require.NoError(t, err)
		stored, err := g.door.Check(s)
		require.NoError(t, err)
		stored.Enrolled, stored.Signed, err = p.Enrolled(payload)
		require.NoError(t, err)
		stored.Evidence[identity.EvidencePacket] = signed
		change(&stored)
		_, err = g.door.Registry.Receive(t.Context(), stored)
		require.NoError(t, err)
	}
	behind, err := pgx.Connect(t.Context(), registrytest.Behind(t, g.url))
	require.NoError(t, err)
	defer func() { _ = behind.Close(t.Context()) }()
	_, err = behind.Exec(t.Context(), `SET session_replication_role = replica`)
	require.NoError(t, err)
	nothing := func(*registry.Submission) {}
	for name, tt := range map[string]struct {
		change func(*registry.Submission)
		sql    string
		drawn  bool
		want   string // "": it is as it was signed
	}{
		"AsSigned":       {change: nothing},
		"AnothersName":   {change: func(s *registry.Submission) { s.Application.Person.Name.Text = "Kẻ Mạo Danh" }, want: "what was applied for"},
		"AnothersFace":   {change: func(s *registry.Submission) { s.Evidence[identity.EvidencePortrait] = []byte("another face") }, want: "its evidence of round 1"},
		"AnothersEye":    {change: func(s *registry.Submission) { s.Evidence[identity.EvidenceLeftIris] = []byte("another eye") }, want: "its evidence of round 1"},
		"AsDrawn":        {change: nothing, drawn: true},
		"AnothersFinger": {change: anothersFinger(t), drawn: true, want: "its evidence of round 1"},
		"SentFinger":     {change: anothersFinger(t), want: "its evidence of round 1"},
		"Damaged":        {change: nothing, sql: `UPDATE vault_blobs SET sealed = '\x00' WHERE kind = 'portrait'`, want: "its evidence of round 1 cannot be opened"},
		"NoPacket":       {change: func(s *registry.Submission) { s.Evidence[identity.EvidencePacket] = []byte("none") }, want: "its packet is gone"},
		"AnotherPacket":  {change: func(s *registry.Submission) { s.Evidence[identity.EvidencePacket] = anotherPacket(t, key) }, want: "its packet is not what its officer signed"},
		"AnotherType":    {change: nothing, sql: `UPDATE applications SET urgent = NOT urgent`, want: "what was applied for"},
		"AnotherCitizen": {change: nothing, sql: `UPDATE applications SET citizen = sha256('x')`, want: "what was applied for"},
		"AnotherDigest":  {change: nothing, sql: `UPDATE applications SET digest = sha256('x')`, want: "what was applied for"},
	} {
		store(tt.change, tt.drawn)
		if tt.sql != "" {
			_, err := behind.Exec(t.Context(), tt.sql)
			require.NoError(t, err)
		}

		compared, err := intake.Verify(t.Context(), g.door.Registry, intake.Scope{Fingers: tt.drawn})

		require.Equal(t, 1, compared.Applications, name)
		if tt.want == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, tt.want, name)
		}
		_, err = behind.Exec(t.Context(), `DELETE FROM applications; DELETE FROM acts WHERE act = 'enroll'`)
		require.NoError(t, err)
	}
}

// anothersFinger puts the template of one finger in the place of another's.
func anothersFinger(t *testing.T) func(*registry.Submission) {
	t.Helper()
	return func(s *registry.Submission) {
		var templates fingerprint.Templates
		require.NoError(t, templates.UnmarshalBinary(s.Evidence[identity.EvidenceTemplates]))
		at := fingerprint.Position(sample(t).Fingerprints[0].Position)
		for position, template := range templates {
			if position == at {
				continue
			}
			record, err := minutiae.Parse(template)
			require.NoError(t, err)
			record.Finger = at.Code()
			templates[at], err = minutiae.Encode(record)
			require.NoError(t, err)
		}
		var err error
		s.Evidence[identity.EvidenceTemplates], err = templates.MarshalBinary()
		require.NoError(t, err)
	}
}

// anotherPacket is a packet that the same officer signed.
func anotherPacket(t *testing.T, key ed25519.PrivateKey) []byte {
	t.Helper()
	signed, err := packet.Sign(sample(t), key, cast.Known().State)
	require.NoError(t, err)
	return signed
}
