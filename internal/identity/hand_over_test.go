package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// Who exchanges a card hands in the old one, or says why not.
func TestMayReceive(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind   identity.ApplicationType
		ground identity.Ground
		said   identity.HandOverCard
		want   []string
	}{
		"Received":         {identity.Exchange, identity.GroundRequest, identity.HandOverCard{OldCard: identity.OldCardReceived}, nil},
		"OfBefore":         {identity.Exchange, identity.GroundRequest, identity.HandOverCard{OldCardCollected: true}, nil},
		"Kept":             {identity.Exchange, identity.GroundRequest, identity.HandOverCard{OldCard: identity.OldCardKept, OldCardReason: "trại giam"}, nil},
		"LostWithoutWhy":   {identity.Exchange, identity.GroundRequest, identity.HandOverCard{OldCard: identity.OldCardLost}, []string{"old_card_reason"}},
		"NothingSaid":      {identity.Exchange, identity.GroundRequest, identity.HandOverCard{}, []string{"old_card"}},
		"NoneOnExchange":   {identity.Exchange, identity.GroundRequest, identity.HandOverCard{OldCard: identity.OldCardNone}, []string{"old_card"}},
		"Contradiction":    {identity.Exchange, identity.GroundRequest, identity.HandOverCard{OldCard: identity.OldCardNone, OldCardCollected: true}, []string{"old_card", "old_card"}},
		"Unknown":          {identity.FirstIssue, identity.GroundFirstCard, identity.HandOverCard{OldCard: "sold"}, []string{"old_card"}},
		"FromCMND":         {identity.FirstIssue, identity.GroundFromCMND, identity.HandOverCard{}, []string{"old_card"}},
		"Damaged":          {identity.Reissue, identity.GroundDamaged, identity.HandOverCard{}, []string{"old_card"}},
		"Lost":             {identity.Reissue, identity.GroundLost, identity.HandOverCard{}, nil},
		"FirstCard":        {identity.FirstIssue, identity.GroundFirstCard, identity.HandOverCard{}, nil},
		"NationalityAgain": {identity.Reissue, identity.GroundNationality, identity.HandOverCard{OldCard: identity.OldCardNone}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.said.Officer = "CB-001-0012"
			a := identity.Application{Type: tt.kind, Ground: tt.ground}

			got := append(fields(tt.said.Check()), fields(a.MayReceive(tt.said))...)

			require.Equal(t, tt.want, got)
		})
	}
}
