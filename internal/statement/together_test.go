package statement_test

import (
	"bytes"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/passkey/passkeytest"
	"example.org/cancuoc/internal/statement"
)

// One touch signs as many statements as there are: each verifies by itself, and no other
// does with its path, nor it with another's, a longer or a broken one.
func TestTogether(t *testing.T) {
	t.Parallel()
	const site = passkey.Site("http://localhost:8090")
	a := passkeytest.New(t, site)
	for n := range statement.MaxTogether + 1 {
		if n < 1 || n > 9 && n < statement.MaxTogether-1 {
			continue
		}
		all := make([]statement.Signed, n+1)
		for i := range all {
			var err error
			all[i], err = statement.New(identity.Approve{Officer: "PD-001-0001"}, statement.Office, strconv.Itoa(i), time.Now().Add(time.Minute))
			require.NoError(t, err)
		}
		stranger := all[n]
		all = all[:n]
		challenge, paths := statement.Together(all)
		answer := a.Sign(t, challenge)
		with := func(s statement.Signed, path []byte) statement.Signed {
			p := answer.Passkey
			p.Path = path
			s.Signatures = []statement.Signature{{Officer: "PD-001-0001", Key: a.Key(t), Value: answer.Signature, Passkey: &p}}
			return s
		}
		for i, s := range all {
			signed := with(s, paths[i])
			require.NoError(t, signed.Verify())
			require.NoError(t, site.Check(signed))
			require.ErrorIs(t, with(stranger, paths[i]).Verify(), identity.Forbidden)
			for _, path := range [][]byte{nil, paths[(i+1)%n], paths[i][min(1, len(paths[i])):], slices.Concat(paths[i], paths[i]), slices.Concat(paths[i], challenge), bytes.Repeat(challenge, 100)} {
				if bytes.Equal(path, paths[i]) {
					continue
				}
				require.ErrorIs(t, with(s, path).Verify(), identity.Forbidden)
				require.Error(t, site.Check(with(s, path)))
			}
		}
	}
}
