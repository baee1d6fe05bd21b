package identity_test

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// follows lists the stages that may follow s, other than itself.
func follows(s identity.Stage) []identity.Stage {
	var list []identity.Stage
	for _, to := range identity.Stages {
		if _, err := s.Enter(to); err == nil && to != s {
			list = append(list, to)
		}
	}
	return list
}

// reachable lists every stage that can be reached from s, itself included.
func reachable(s identity.Stage) map[identity.Stage]bool {
	seen := map[identity.Stage]bool{s: true}
	for queue := []identity.Stage{s}; len(queue) > 0; queue = queue[1:] {
		for _, to := range follows(queue[0]) {
			if !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	return seen
}

func TestStages_EndsHaveNoFollowersAndOthersHave(t *testing.T) {
	t.Parallel()
	for _, s := range identity.Stages {
		require.Equal(t, s.Ended(), len(follows(s)) == 0, "%s", s)
	}
	require.Equal(t, []identity.Stage{identity.Issued, identity.Rejected, identity.Withdrawn, identity.Expired},
		identity.Ends())
	require.Len(t, identity.OpenStages(), len(identity.Stages)-4)
	require.Len(t, identity.Stages, len(slices.Compact(slices.Sorted(slices.Values(identity.Stages)))), "none is listed twice")
}

func TestStages_AllAreReachedFromReceivedAndReachIssued(t *testing.T) {
	t.Parallel()
	require.Len(t, reachable(identity.Received), len(identity.Stages))
	for _, s := range identity.OpenStages() {
		require.True(t, reachable(s)[identity.Issued], "%s", s)
	}
}

// The line of the office: who goes straight through passes these, in this order.
func TestStages_TheStraightPath(t *testing.T) {
	t.Parallel()
	at := identity.Received
	for _, to := range identity.Stages[:slices.Index(identity.Stages, identity.Issued)+1] {
		got, err := at.Enter(to)
		require.NoError(t, err)
		require.Equal(t, to, got)
		at = got
	}
	require.True(t, at.Ended())
}

func TestStage_EnterTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	for _, s := range identity.Stages {
		got, err := s.Enter(s)
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
}

func TestStage_EnterRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ from, to identity.Stage }{
		{identity.Validation, identity.DataPreparation}, // nothing is made that nobody approved
		{identity.Deduplication, identity.Personalization},
		{identity.Received, identity.Approval},
		{identity.Personalization, identity.Dispatch}, // nothing leaves that nobody inspected
		{identity.Printing, identity.Dispatch},
		{identity.Dispatch, identity.Issued},
		{identity.Issued, identity.Withdrawn}, // what was handed over is not taken back
		{"Nowhere", identity.Rejected},
		{identity.Issued, identity.HandOver},
		{identity.Rejected, identity.Approval},
		{identity.Received, "Nowhere"},
		{"Nowhere", identity.Received},
	} {
		at, err := tt.from.Enter(tt.to)
		require.ErrorIs(t, err, identity.Conflict, "%s to %s", tt.from, tt.to)
		require.Equal(t, tt.from, at)
	}
}

// Whichever way an application goes at random, it was approved before it was
// prepared and inspected before it was dispatched, and it ends.
func TestStages_RandomWalks(t *testing.T) {
	t.Parallel()
	generated(t, 500, func(t require.TestingT, r *rand.Rand) {
		at, passed := identity.Received, map[identity.Stage]bool{}
		for step := 0; !at.Ended() && step < 10_000; step++ {
			passed[at] = true
			next := follows(at)
			at = next[r.IntN(len(next))]
			if at == identity.DataPreparation {
				require.True(t, passed[identity.Approval])
			}
			if at == identity.Dispatch {
				require.True(t, passed[identity.Inspection])
			}
		}
		require.True(t, at.Ended())
		require.Equal(t, at == identity.Issued, at == identity.Issued && passed[identity.HandOver])
	})
}

func TestStages_AreTheOnesInTheDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/issuance-cycle.md")
	require.NoError(t, err)
	var told []identity.Stage
	for _, match := range regexp.MustCompile(`\*\*(\w+)\.?\*\*`).FindAllStringSubmatch(string(page), -1) {
		if stage := identity.Stage(match[1]); slices.Contains(identity.Stages, stage) && !slices.Contains(told, stage) {
			told = append(told, stage)
		}
	}
	require.Equal(t, identity.Stages, told, "docs/issuance-cycle.md tells every stage in bold, in order")
}
