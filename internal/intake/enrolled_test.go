package intake_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// enrolling states that an officer took in that payload.
func enrolling(officer identity.OfficerID, payload []byte) identity.Enroll {
	sum := sha256.Sum256(payload)
	return identity.Enroll{Officer: officer, Payload: sum[:]}
}

// A packet is taken in if its officer signed this payload, for this station, and may enroll
// there now. Otherwise nothing is stored but that it was refused.
func TestDoor_TakesInWhatItsOfficerSigned(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	g := serve(t, public, roomy)
	good, err := json.Marshal(sample(t))
	require.NoError(t, err)
	here, now := statement.Station("048-TN-01"), time.Now()
	ours := enrolling("CB-048-0007", good)
	signed := registrytest.Signed(ours, here)
	altered := signed
	altered.Statement = bytes.Replace(signed.Statement, []byte(`"until":"2`), []byte(`"until":"3`), 1)
	stolen := signed
	stolen.Signatures = []statement.Signature{{Key: registrytest.Signed(enrolling("CB-048-0012", good), here).Signatures[0].Key, Value: signed.Signatures[0].Value}}
	twice := registrytest.SignedAs(ours, here, "a log-in before")
	login := identity.LogIn{Officer: "CB-048-0007"}
	_, err = g.door.Registry.BeginSession(t.Context(), login, registrytest.SignedAs(login, statement.Office, "a log-in before"), rand.Text(), registry.LogIns{AnHour: 1, Open: 1})
	require.NoError(t, err)
	past := func(ago time.Duration) statement.Signed { return registrytest.SignedAt(now.Add(-ago), ours, here, "") }
	const day = 24 * time.Hour
	dated := func(signed time.Time) statement.Signed {
		ours := ours
		ours.SignedAt = signed.UTC().Truncate(time.Second)
		return registrytest.Signed(ours, here)
	}
	revoked := identity.RevokeOfficer{Officer: cast.Founders[0], Reason: "left"}
	require.NoError(t, g.door.Registry.RevokeOfficer(t.Context(), "CB-048-0012", revoked, registrytest.Signed(revoked, statement.Officer("CB-048-0012"))))
	for name, tt := range map[string]struct {
		signed statement.Signed
		told   string
	}{
		"altered":              {altered, "enrolled.statement"},
		"another's key":        {stolen, "enrolled.statement"},
		"another's payload":    {registrytest.Signed(enrolling("CB-048-0007", []byte("{}")), here), "enrolled"},
		"another station's":    {registrytest.Signed(ours, statement.Station("048-TN-02")), "enrolled.statement"},
		"another act":          {registrytest.Signed(identity.Approve{Officer: "CB-048-0007"}, here), "enrolled"},
		"another officer":      {registrytest.Signed(enrolling("CB-048-0002", good), here), "officer"},
		"no role":              {registrytest.Signed(enrolling("PD-048-0001", good), here), "officer"},
		"another province":     {registrytest.Signed(enrolling("CB-001-0007", good), here), "officer"},
		"revoked":              {registrytest.Signed(enrolling("CB-048-0012", good), here), "officer"},
		"not registered":       {registrytest.Signed(enrolling("CB-048-9999", good), here), "officer"},
		"a space in the badge": {registrytest.Signed(enrolling("CB-048-0007 ", good), here), "enrolled.officer"},
		"a look-alike letter":  {registrytest.Signed(enrolling("СB-048-0007", good), here), "enrolled.officer"},
		"too late":             {past(30*day + time.Hour), "statement"},
		"a clock too fast":     {past(-25 * time.Hour), "statement"},
		"a used identifier":    {twice, "id"},
		"signed in the future": {dated(now.Add(time.Hour)), "statement"},
		"signed too long ago":  {dated(now.Add(-2 * day)), "statement"},
	} {
		payload := good
		if act, is := doing(t, tt.signed).(identity.Enroll); is && act.Officer != "CB-048-0007" && name != "another officer" {
			s := sample(t)
			s.Officer = string(act.Officer)
			payload, err = json.Marshal(s)
			require.NoError(t, err)
			tt.signed = registrytest.Signed(enrolling(act.Officer, payload), here)
		}
		before := g.refused(t)

		status, answer := g.send(t, http.MethodPost, "application/jose", signHeader(key, withStatement(tt.signed), payload))

		require.GreaterOrEqual(t, status, http.StatusForbidden, name)
		require.Less(t, status, http.StatusInternalServerError, name)
		first := answer["errors"].([]any)[0].(map[string]any)
		require.Equal(t, tt.told, first["field"], "%s: %v", name, answer)
		require.Equal(t, before+1, g.refused(t), "%s: kept", name)
	}
	status, answer := g.send(t, http.MethodPost, "application/jose", signHeader(key, header, good))
	require.Equal(t, http.StatusForbidden, status, "%v", answer)
	before := g.refused(t)
	status, answer = g.send(t, http.MethodPost, "application/jose", signHeader(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), withStatement(past(time.Minute)), good))
	require.Equal(t, http.StatusUnprocessableEntity, status, "%v", answer)
	require.Equal(t, before+1, g.refused(t), "a packet of another key than its station's")
	stored, err := g.door.Registry.List(t.Context(), registry.Filter{})
	require.NoError(t, err)
	require.Empty(t, stored)

	lately := signHeader(key, withStatement(past(29*day)), good)
	status, receipt := g.send(t, http.MethodPost, "application/jose", lately)
	require.Equal(t, http.StatusCreated, status, "%v", receipt)
	number := identity.ApplicationNumber(receipt["application"].(string))
	_, err = g.door.Registry.VerifyActs(t.Context())
	require.NoError(t, err)

	leaves := identity.RevokeOfficer{Officer: cast.Founders[0], Reason: "left"}
	require.NoError(t, g.door.Registry.RevokeOfficer(t.Context(), "CB-048-0007", leaves, registrytest.Signed(leaves, statement.Officer("CB-048-0007"))))
	status, again := g.send(t, http.MethodPost, "application/jose", lately)
	require.Equal(t, http.StatusOK, status, "%v", again)
	require.Equal(t, string(number), again["application"])
	status, again = g.send(t, http.MethodPost, "application/jose", signHeader(key, withStatement(past(31*day)), good))
	require.Equal(t, http.StatusOK, status, "%v", again)

	// Who holds a station's key, and no officer's, is told nothing of citizens.
	for _, sex := range []string{sample(t).Person.Sex, "none"} { // that is in order otherwise, and that is not
		s := sample(t)
		s.EnrollmentID, s.Person.Sex = rand.Text(), sex
		asking, err := json.Marshal(s)
		require.NoError(t, err)
		status, told := g.send(t, http.MethodPost, "application/jose", signHeader(key, withStatement(registrytest.Signed(enrolling("CB-048-0007", asking), here)), asking))
		require.GreaterOrEqual(t, status, http.StatusForbidden)
		require.NotContains(t, fmt.Sprint(told), number, "%q: which application of the citizen is open", sex)
		require.Contains(t, fmt.Sprint(told), "was revoked, or is not valid now")
	}
}

// doing is what a statement says, whoever could say it.
func doing(t *testing.T, s statement.Signed) identity.Act {
	t.Helper()
	said, err := s.Read()
	require.NoError(t, err)
	act, _ := said.Does()
	return act
}

// refused counts the statements that were refused.
func (g gateway) refused(t *testing.T) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), g.url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM refused_acts`).Scan(&n))
	return n
}

// A packet's header holds what officers sign with keys of P-256 and the longest names.
func TestSign_FitsTheHeader(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	long := strings.Repeat("A", 32)
	state := func(act identity.Act, subject, _ string) (statement.Signed, error) {
		s, err := statement.New(act, subject, strings.Repeat("X", 64), time.Now().Add(statement.ValidFor(act.ActName())))
		require.NoError(t, err)
		return s, s.Sign(identity.OfficerID(long), p256)
	}

	signed, err := packet.Sign(packet.Submission{Station: long, Officer: long}, key, state)

	require.NoError(t, err)
	p, err := packet.Parse(signed)
	require.NoError(t, err)
	payload, err := p.Open(key.Public().(ed25519.PublicKey))
	require.NoError(t, err)
	enroll, _, err := p.Enrolled(payload)
	require.NoError(t, err)
	require.Equal(t, identity.OfficerID(long), enroll.Officer)
}

// The same packet again gets its receipt, whatever would be wrong with it by now: it was
// taken in, and a station that did not hear so asks until it does.
func TestDoor_AReceiptIsNotTakenBack(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	g := serve(t, public, roomy)
	b, err := json.Marshal(example(t))
	require.NoError(t, err)
	signed := signRaw(key, header, b)
	status, first := g.send(t, http.MethodPost, "application/jose", signed)
	require.Equal(t, http.StatusCreated, status, "%v", first)

	g.door.OfficeStart = filed.AddDays(1)
	status, again := g.send(t, http.MethodPost, "application/jose", signed)

	require.Equal(t, http.StatusOK, status, "%v", again)
	require.Equal(t, first["application"], again["application"])
	require.Equal(t, first["due"], again["due"])
	require.Equal(t, first["fee"], again["fee"])
	status, other := g.send(t, http.MethodPost, "application/jose", signRaw(key, header, bytes.Replace(b, []byte(`"sex":"`), []byte(`"sex": "`), 1)))
	require.NotEqual(t, http.StatusCreated, status, "%v", other)
}
