package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// Whatever the registry can say of an open application or box is a place, but for what is
// over within one transaction.
func TestPlaces_AreWhereTheRegistryCanHaveAnApplication(t *testing.T) {
	t.Parallel()
	for _, s := range identity.OpenStages() {
		for _, action := range append([]identity.Action{identity.NoAction}, identity.Actions...) {
			a := standing{Stage: s, Awaiting: action}
			if s == identity.Dispatch {
				a.Consignment = identity.ConsignmentSent
			}
			passes := s == identity.HandOver && action == identity.NoAction
			ofBoxes := action == identity.ToSendAway || action == identity.ToCountIn
			if !passes && !ofBoxes {
				require.Contains(t, places, a.place(), "%+v", a)
			}
		}
	}
	require.Contains(t, places, box{State: identity.ConsignmentOpen}.place())
	require.Len(t, spots([]standing{{Number: "A", Stage: identity.Issued}, {Number: "B", Stage: identity.Approval}},
		[]box{{Number: "C-1", State: identity.ConsignmentReceived}, {Number: "C-2", State: identity.ConsignmentSent}}), 2)
}

func TestMatrix_KeepsOneAtAWaitUntilItIsStruck(t *testing.T) {
	t.Parallel()
	faults := []fault{{kind: terminate}, {kind: cancel}}
	m := &matrix{kept: make(map[string]place)}
	m.part(faults, time.Second)
	approval := place{awaiting: identity.ToApprove}

	require.True(t, m.keep("A", approval))
	require.True(t, m.keep("A", approval))
	require.False(t, m.keep("B", approval), "people go on with the others")
	require.Nil(t, m.claim("B", approval, faults), "people are at it")

	for i, who := range []string{"A", "B"} {
		require.True(t, m.keep(who, approval))
		h := m.claim(who, approval, faults)
		require.Equal(t, faults[i], h.fault)
		m.struck(h, true)
		require.False(t, m.keep(who, approval))
	}
	require.Nil(t, m.claim("C", approval, faults))
	require.False(t, m.keep("C", approval), "nothing is left to strike there")
}

// Where there are no blanks, people must not receive any before a fault has struck.
func TestMatrix_KeepsAllWhoWaitForBlanks(t *testing.T) {
	t.Parallel()
	m := &matrix{kept: make(map[string]place)}
	m.part([]fault{{kind: terminate}}, time.Second)

	require.True(t, m.keep("A", place{awaiting: identity.ToRestock}))
	require.True(t, m.keep("B", place{awaiting: identity.ToRestock}))
	require.False(t, (*matrix)(nil).keep("A", place{awaiting: identity.ToRestock}), "in a run at random nobody is kept")
}

func TestFault_AmongGoesBackToTheTaskThatItNames(t *testing.T) {
	t.Parallel()
	tasks := []int64{4, 10, 16, 22}
	for task, want := range map[task]int64{firstTask: 4, middleTask: 16, lastTask: 22} {
		require.Equal(t, want, fault{kind: reset, task: task}.among(tasks))
		require.Equal(t, int64(4), fault{kind: reset, task: task}.among(tasks[:1]))
	}
	require.Equal(t, int64(10), fault{kind: reset, pick: 5 << 32}.among(tasks))
}
