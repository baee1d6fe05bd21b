package registrytest

import (
	"crypto/rand"
	"crypto/sha256"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/vault"
)

// station is where applications of Receive are filed.
const station = identity.StationID("001-TN-01")

// Open opens a registry in a fresh schema, with a vault key of its own and a station
// of province 001.
func Open(tb testing.TB) *registry.Registry {
	tb.Helper()
	return OpenIn(tb, NewSchema(tb, URL(tb)))
}

// OpenIn is Open in a schema of NewSchema.
func OpenIn(tb testing.TB, programs string) *registry.Registry {
	tb.Helper()
	return OpenWith(tb, programs, filepath.Join(tb.TempDir(), "vault.key"))
}

// OpenWith is OpenIn with the vault's key in that file, which it makes if it is not there.
func OpenWith(tb testing.TB, programs, keyFile string) *registry.Registry {
	tb.Helper()
	master, err := vault.OpenFile(keyFile, true)
	require.NoError(tb, err)
	r, err := registry.Open(tb.Context(), programs, registry.Options{Vault: vault.New(master), MaxConns: 4})
	require.NoError(tb, err)
	tb.Cleanup(r.Close)
	RegisterStation(tb, r, station, make([]byte, 32))
	return r
}

// RegisterStation registers an enrollment station of the province with which its name
// begins.
func RegisterStation(tb testing.TB, r *registry.Registry, id identity.StationID, key []byte) {
	tb.Helper()
	province, _, _ := strings.Cut(string(id), "-")
	act := identity.RegisterStation{Officer: cast.Founders[0], Witness: cast.Founders[1], Province: identity.ProvinceCode(province), PublicKey: key}
	require.NoError(tb, r.RegisterStation(tb.Context(), id, act, Signed(act, statement.Station(id))))
}

// Signed is the statement of an act, signed by those who do it, whose keys NewSchema
// registered.
func Signed(act identity.Act, subject string) statement.Signed {
	return SignedAs(act, subject, "")
}

// SignedAs is Signed, under an identifier of the test's.
func SignedAs(act identity.Act, subject, id string) statement.Signed {
	return SignedAt(time.Now(), act, subject, id) //nolint:forbidigo // a client's clock
}

// SignedAt is SignedAs at another time than now.
func SignedAt(at time.Time, act identity.Act, subject, id string) statement.Signed {
	signed, err := cast.Known().StateAt(at, act, subject, id)
	if err != nil { // the cast's keys sign everything
		panic(err)
	}
	return signed
}

// Receive stores an application of a person, on that ground and with those
// fingerprint templates, in a registry of Open.
func Receive(tb testing.TB, r *registry.Registry, person identity.Person, ground identity.Ground, templates []byte) identity.ApplicationNumber {
	tb.Helper()
	return receive(tb, r, identity.Application{Ground: ground, Person: person}, templates)
}

// ReceiveAs stores an application of that type.
func ReceiveAs(tb testing.TB, r *registry.Registry, person identity.Person, kind identity.ApplicationType, ground identity.Ground) identity.ApplicationNumber {
	tb.Helper()
	return receive(tb, r, identity.Application{Type: kind, Ground: ground, Person: person}, nil)
}

func receive(tb testing.TB, r *registry.Registry, a identity.Application, templates []byte) identity.ApplicationNumber {
	tb.Helper()
	id := rand.Text()
	a.EnrollmentID, a.Station, a.Officer, a.FiledOn = id, station, "CB-001-0007", identity.Date{Year: 2026, Month: 11, Day: 23}
	receipt, err := Signing{r}.Receive(tb.Context(), registry.Submission{
		Application: a, Digest: sha256.Sum256([]byte(id)),
		Evidence: map[identity.EvidenceKind][]byte{identity.EvidenceTemplates: templates},
	})
	require.NoError(tb, err)
	return receipt.Number
}

// Pay has the fee of an application paid, unless there is none or it was.
func Pay(tb testing.TB, r *registry.Registry, number identity.ApplicationNumber, sign func(identity.Act, string) statement.Signed) {
	tb.Helper()
	p, err := r.Payment(tb.Context(), number)
	require.NoError(tb, err)
	if p.Fee == 0 || p.PaidAt != nil {
		return
	}
	act := identity.CollectFee{OfFee: identity.OfFee{Officer: "CB-001-0013", Amount: p.Fee, Receipt: "BL-" + string(number)}}
	require.NoError(tb, r.CollectFee(tb.Context(), number, act, sign(act, statement.Application(number))))
}
