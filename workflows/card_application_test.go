package workflows_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

func TestCardApplication_IsIssuedToTheCitizen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	require.Equal(t, []string{"approve: accepted", "hand-over: accepted"}, o.answered)
	require.Equal(t, []string{"1 live PT0001"}, o.cards())
	require.Equal(t, identity.Stages[1:12], o.stages(), "each after the other, up to Issued")
}

func TestCardApplication_OfAYoungChildNeedsNoCapture(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("06-child-under-6"))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOverTo(identity.HandOverByProxy, "birth certificate"))

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.NotContains(t, o.stages(), identity.BiometricCapture)
	require.NotContains(t, o.stages(), identity.Deduplication)
}

func TestCardApplication_OldCardIsRevokedWhenTheNewOneIsIssued(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("02-exchange-at-25"), submitted(inHanoi))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	o.process()

	citizen, err := o.Citizen(t.Context(), o.before.Application.Person.Number)
	require.NoError(t, err)
	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.Equal(t, card.Card.Serial, citizen.LiveCard.Serial)
}

func TestCardApplication_PoorPortraitIsTakenAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("17-poor-portrait"))
	o.when(identity.ToRecapture, photographs("recapture/portrait.jpg", 2))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, 2, o.record().CaptureRound)
}

func TestCardApplication_IsAskedForAgainWhileTheCaptureIsPoor(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("17-poor-portrait"))
	o.when(identity.ToRecapture, photographs("portrait.jpg", 2))
	o.when(identity.ToRecapture, photographs("recapture/portrait.jpg", 3))
	o.when(identity.ToApprove, rejects)

	o.process()

	require.Equal(t, 3, o.record().CaptureRound)
	require.Equal(t, []string{"recapture: accepted", "recapture: accepted", "reject: accepted"}, o.answered)
	require.Regexp(t, `portrait-blurred, .*The portrait is blurred: focus on the eyes, .* \(sharpness [0-9.]+, at least 25\)`, o.story())
}

func TestCardApplication_RecaptureOutOfTurnIsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("17-poor-portrait"))
	wrong := update(identity.Recapture{Officer: enroller, Round: 3})
	o.when(identity.ToRecapture, wrong, photographs("recapture/portrait.jpg", 2))
	o.when(identity.ToApprove, rejects)

	o.process()

	require.Equal(t, "recapture: round: the next capture is round 2", o.answered[0])
}

func TestCardApplication_ExpiresWhenNobodyComesForTheRecapture(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("17-poor-portrait"))
	o.limits.Recapture = time.Second // as somebody begins a workflow who would have it end

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Expired, Reason: identity.ReasonNotRecaptured, Cards: 1}, result)
	require.Equal(t, monday.Add(o.lasts[identity.ToRecapture]), o.env.Now().In(identity.HanoiTime))
	require.NotContains(t, o.story(), "The legal deadline is near: hurried", "the clock stood still")
}

func TestCardApplication_ContradictionIsClearedUpAndReleased(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("21-wrong-data"), submitted(inHanoi))
	o.when(identity.ToResolve, together(corrects, releases))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Contains(t, o.story(), "The population registry disagrees on: [person.birth]")
}

func TestCardApplication_ContradictionThatStaysIsAskedAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("21-wrong-data"), submitted(inHanoi))
	o.when(identity.ToResolve, releases)
	o.when(identity.ToResolve, rejects)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Rejected, Reason: identity.ReasonRefused, Cards: 1}, result)
	require.Equal(t, []string{"release: accepted", "reject: accepted"}, o.answered)
}

func TestCardApplication_ExpiresWhenAContradictionStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("21-wrong-data"))

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Expired, Reason: identity.ReasonNotResolved, Cards: 1}, result)
}

func TestCardApplication_DuplicatePersonIsRejected(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hits = []identity.ApplicationNumber{"00000-00000-0"}
	o.when(identity.ToAdjudicate, adjudicates(true))

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Rejected, Reason: identity.ReasonDuplicate, Cards: 1}, result)
	require.Empty(t, o.cards())
}

func TestCardApplication_LookalikeGoesOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hits = []identity.ApplicationNumber{"00000-00000-0"}
	o.when(identity.ToAdjudicate, adjudicates(false))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Contains(t, o.story(), "1 other person(s) with these fingerprints: an adjudicator decides; see 00000-00000-0")
}

func TestCardApplication_IsRejectedByTheApprover(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, rejects)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Rejected, Reason: identity.ReasonRefused, Cards: 1}, result)
	require.Equal(t, identity.ReasonRefused, o.record().Reason)
}

func TestCardApplication_IsWithdrawnAtAnyTimeBeforeItsCardIsBegun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sample string
		wait   identity.Action
		hits   []identity.ApplicationNumber
	}{
		"ForRecapture":    {"17-poor-portrait", identity.ToRecapture, nil},
		"ForResolution":   {"21-wrong-data", identity.ToResolve, nil},
		"ForAdjudication": {"01-first-issue-at-14", identity.ToAdjudicate, []identity.ApplicationNumber{"00000-00000-0"}},
		"ForApproval":     {"01-first-issue-at-14", identity.ToApprove, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, sample(tt.sample), submitted(inHanoi))
			o.hits = tt.hits
			o.when(tt.wait, withdraws)

			result := o.process()

			require.Equal(t, workflows.CardApplicationResult{End: identity.Withdrawn, Reason: identity.ReasonWithdrawn, Cards: 1}, result)
			require.Equal(t, []string{"withdraw: accepted"}, o.answered)
		})
	}
}

func TestCardApplication_IsWithdrawnWhileItsDataIsPrepared(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.during["PrepareData"] = withdraws

	result := o.process()

	require.Equal(t, identity.Withdrawn, result.End)
	require.Contains(t, [][]string{{"1 spoiled"}, {"1 spoiled PT0001"}}, o.cards(), "no blank is left in production, whether the station had taken one or not")
}

func TestCardApplication_IsStoppedAtAnyMoment(t *testing.T) {
	t.Parallel()
	stop := map[identity.Stage]act{identity.Withdrawn: withdraws, identity.Rejected: rejects}
	for end, stops := range stop {
		for activity, cards := range map[string][]string{
			"JudgeCapture": {}, "Validate": {}, "Deduplicate": {},
			"Make": {"1 spoiled PT0001"}, "Pack": {"1 packed PT0001"},
		} {
			t.Run(string(end)+"/"+activity, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t)
				o.when(identity.ToApprove, approves)
				o.during[activity] = stops

				result := o.process()

				require.Equal(t, end, result.End)
				if made := o.cards(); activity != "Make" || !slices.Equal(made, []string{"1 spoiled"}) { // stopped before it took a blank
					require.Equal(t, cards, made, "a begun card is accounted for; one in a box is left for two officers to destroy")
				}
				require.Contains(t, o.answered, string(map[identity.Stage]identity.DecisionStep{
					identity.Withdrawn: identity.StepWithdraw, identity.Rejected: identity.StepReject,
				}[end])+": accepted")
			})
		}
	}
}

func TestCardApplication_IsStoppedWhileItWaitsForTheCitizen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, rejects, handsOver)

	result := o.process()

	require.Equal(t, identity.Rejected, result.End)
	require.Equal(t, []string{"1 arrived PT0001"}, o.cards())
}

// A decision that the registry has taken down is never overtaken by the workflow.
func TestCardApplication_WithdrawalOnItsWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.frees, o.free = "PrepareData", make(chan struct{})
	o.during["PrepareData"] = func(o *testOffice) { o.late.Store("Decide"); withdraws(o) }

	result := o.process()

	require.Equal(t, []string{"approve: accepted", "withdraw: accepted"}, o.answered)
	require.Equal(t, identity.Withdrawn, result.End)
}

func TestCardApplication_HandOverInTheLastMinuteCounts(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.lasts[identity.ToHandOver] = time.Hour + 20*time.Millisecond // the wall clock runs while the card is handed over
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, func(o *testOffice) { o.holdUp("HandOver"); handsOver(o) })
	o.env.SetOnTimerFiredListener(func(string) {
		if o.free != nil {
			close(o.free)
		}
	})

	result := o.process()

	require.Equal(t, []string{"approve: accepted", "hand-over: accepted"}, o.answered)
	require.Equal(t, identity.Issued, result.End)
}

func TestCardApplication_HoldStopsTheLegalClock(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, holds, after(3*day, releases), after(3*day+time.Hour, approves))
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	// Held on Monday and released on Thursday: Monday and Wednesday, for on
	// Tuesday the office is closed. The deadline moves over a weekend.
	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, "2026-12-03", o.before.Due.In(identity.HanoiTime).Format(time.DateOnly))
	require.Equal(t, "2026-12-07", o.record().Due.In(identity.HanoiTime).Format(time.DateOnly))
}

func TestCardApplication_HoldForTheOfficesOwnPartLeavesTheClockRunning(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	own := update(identity.Hold{Officer: approver, Reason: "under-verification: ask the archive"})
	o.when(identity.ToApprove, own, after(3*day, releases), after(3*day+time.Hour, rejects))

	o.process()

	require.True(t, o.before.Due.Equal(o.record().Due))
}

func TestCardApplication_OnHoldGoesNoFurther(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, holds)
	o.when(identity.ToRelease, approves, after(10*day, releases))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, []string{
		"hold: accepted", "approve: application A cannot be approved now: it is at Approval, where another decision came first: hold by PD-001-0001",
		"release: accepted", "approve: accepted", "hand-over: accepted",
	}, o.answered)
	require.Contains(t, o.story(), "Held: papers-awaited")
}

func TestCardApplication_OnHoldIsRejected(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, holds)
	o.when(identity.ToRelease, rejects)

	result := o.process()

	require.Equal(t, identity.Rejected, result.End)
	require.Empty(t, o.cards())
}

func TestCardApplication_WaitingForTheCitizenMovesTheLegalDeadline(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("17-poor-portrait"))
	o.when(identity.ToRecapture, after(2*day, photographs("recapture/portrait.jpg", 2)))
	o.when(identity.ToApprove, rejects)

	o.process()

	calendar, err := calendar()
	require.NoError(t, err)
	moved, err := calendar.Extend(o.before.Due, monday, monday.Add(2*day+time.Hour))
	require.NoError(t, err)
	require.True(t, moved.After(o.before.Due))
	require.True(t, moved.Equal(o.record().Due))
}

// The citizen has to come again and to bring a paper: the clock runs when both
// are done, whichever comes first.
func TestCardApplication_ClockStandsForTheLongestOfTwoReasons(t *testing.T) {
	t.Parallel()
	comes := photographs("recapture/portrait.jpg", 2)
	for name, visits := range map[string][]act{
		"ThePaperComesLast":    {holds, comes, after(3*day, releases)},
		"ThePortraitComesLast": {holds, releases, after(3*day, comes)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, sample("17-poor-portrait"))
			o.when(identity.ToRecapture, visits...)
			o.when(identity.ToApprove, rejects)

			o.process()

			calendar, err := calendar()
			require.NoError(t, err)
			moved, err := calendar.Extend(o.before.Due, monday, monday.Add(3*day+3*time.Hour))
			require.NoError(t, err)
			require.Equal(t, moved.In(identity.HanoiTime), o.record().Due.In(identity.HanoiTime))
		})
	}
}

func TestCardApplication_IsHurriedWhenTheLegalDeadlineIsNear(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, after(10*day, approves))
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Contains(t, o.story(), "The legal deadline is near: hurried")
	require.Equal(t, map[string][]int{
		"Make": {1},
	}, o.hurry)
}

func TestCardApplication_UrgentPassesTheOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.urgent = true
	o.down["Deduplicate"] = 1
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	o.process()

	require.Equal(t, map[string][]int{"Deduplicate": {1}, "Make": {1}}, o.hurry)
}

// What is done at once costs no activity and is not shown; what cannot be done at
// once waits as an activity, where operators see it.
func TestCardApplication_WaitsInSightForWhatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for activity, stage := range map[string]identity.Stage{
		"Validate": identity.Validation, "Deduplicate": identity.Deduplication, "PrepareData": identity.DataPreparation,
	} {
		t.Run(activity, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.down[activity] = 4
			o.when(identity.ToApprove, approves)
			o.when(identity.ToHandOver, handsOver)

			result := o.process()

			require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
			require.Equal(t, []int{3}, o.hurry[activity], "one activity, tried again")
			require.Contains(t, o.shown, stage)
		})
	}
}

// It runs alone: what takes longer than it is given, beside others, is shown.
func TestCardApplication_IsShownWhereItRests(t *testing.T) { //nolint:paralleltest // see above
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	o.process()

	require.Equal(t, []identity.Stage{
		identity.Approval, identity.Personalization, identity.Dispatch, identity.HandOver, identity.Issued,
	}, slices.Compact(o.shown))
}

func TestCardApplication_SpoiledCardIsMadeOnAnotherBlank(t *testing.T) {
	t.Parallel()
	o := newOffice(t, corrupt(1))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 2}, result)
	require.Equal(t, []string{"1 spoiled PT0001", "2 live PT0002"}, o.cards())
	require.Equal(t, []int{3, 2}, o.hurry["Make"], "who waited for one card already goes before others")
	first, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	second, err := o.Card(t.Context(), o.number, 2)
	require.NoError(t, err)
	require.NotEqual(t, first.Card.Serial, second.Card.Serial)
	require.NotEqual(t, first.DigestSOD, second.DigestSOD)
}

func TestCardApplication_CardThatJamsInThePrinterIsMadeAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.jam = 1
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	o.process()

	require.Equal(t, []string{"1 spoiled PT0001", "2 live PT0002"}, o.cards())
	require.Contains(t, o.story(), "Card 1 was spoiled: the card jammed in the printer")
}

// A printer's word is not believed: what it calls printed is looked at.
func TestCardApplication_PrinterThatPrintsNothingIssuesNoCard(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.noInk, o.limits.Cards = 2, 2
	o.station.Prints = &printing.Spool{Dir: o.spool}
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRepair, releases)
	o.when(identity.ToHandOver, handsOver)

	o.process()

	o.keepsNoPrint()
	require.Equal(t, []string{"1 spoiled PT0001", "2 spoiled PT0002", "3 live PT0003"}, o.cards())
	require.Contains(t, o.story(), "Card 1 was spoiled: inspection failed: front: the print of this card is not on it: 0 of 28 places were found; back: the print of this card is not on it: 0 of 28 places were found")
}

// keepsNoPrint expects that the printed sides of all three cards left the printer's folder, and
// the trail to say so; also when the station was killed before it removed those of a card that
// was given up. What is of a card in the making, or of none, stays.
func (o *testOffice) keepsNoPrint() {
	o.t.Helper()
	left := func() string { return strings.Join(names(o.t, o.spool), " ") }
	require.Empty(o.t, left())
	for _, job := range []string{activities.PrintJob(o.number, 1), activities.PrintJob(o.number, 9), "readme"} {
		require.NoError(o.t, os.WriteFile(filepath.Join(o.spool, job+".pdf"), []byte("%PDF"), 0o600))
	}
	ctx, cancel := context.WithCancel(o.t.Context())
	defer cancel()
	go activities.TidyPrints(ctx, o.station, slog.New(slog.DiscardHandler))
	require.Eventually(o.t, func() bool { return left() == activities.PrintJob(o.number, 9)+".pdf readme.pdf" }, 10*time.Second, 10*time.Millisecond)
	entries, err := o.Audit(o.t.Context(), o.number)
	require.NoError(o.t, err)
	var removed []string
	for _, e := range entries {
		if strings.HasPrefix(e.Event, "removed the printed sides") {
			removed = append(removed, e.Event+" by "+e.Actor)
		}
	}
	require.Equal(o.t, []string{
		"removed the printed sides of card 1 by PX-01", "removed the printed sides of card 2 by PX-01", "removed the printed sides of card 3 by PX-01",
	}, removed)
}

// names lists what is in a folder.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, file := range files {
		list = append(list, file.Name())
	}
	return list
}

// What came of a print that the printer does not know of, the camera sees: a card that was
// printed is not wasted, and one that was not is not booked as printed.
func TestCardApplication_CameraTellsWhetherACardWasPrinted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.unsure, o.noInk = 2, 1
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	o.process()

	require.Equal(t, []string{"1 spoiled PT0001", "2 live PT0002"}, o.cards())
	require.Contains(t, o.story(), "Card 1 was spoiled: the printer forgot the job; it was not: front: the print of this card is not on it: 0 of 28 places were found; back: the print of this card is not on it: 0 of 28 places were found")
}

func TestCardApplication_TooManySpoiledCardsWaitForAPerson(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.jam, o.limits.Cards = 2, 2
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRepair, releases)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 3}, result)
	require.Equal(t, []string{"1 spoiled PT0001", "2 spoiled PT0002", "3 live PT0003"}, o.cards())
	require.Equal(t, []string{"approve: accepted", "release: accepted", "hand-over: accepted"}, o.answered)
}

// Nothing but a person ends an application, so nothing limits how often it is released; but
// whoever releases it reads how many cards it has cost.
func TestCardApplication_WhoReleasesAgainReadsWhatItHasCost(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.jam, o.limits.Cards = 4, 2
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRepair, releases)
	o.when(identity.ToRepair, rejects)

	result := o.process()

	require.Equal(t, identity.Rejected, result.End)
	require.Contains(t, o.story(), "2 cards in a row were spoiled, the last one: the card jammed in the printer")
	require.Contains(t, o.story(), "2 cards in a row were spoiled (4 were begun in all), the last one: the card jammed in the printer")
}

func TestCardApplication_TooManySpoiledCardsMayEndInARejection(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.jam, o.limits.Cards = 1, 1
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRepair, rejects)

	result := o.process()

	require.Equal(t, identity.Rejected, result.End)
	require.Equal(t, []string{"1 spoiled PT0001"}, o.cards())
}

func TestCardApplication_EmptyStockIsWaitedFor(t *testing.T) {
	t.Parallel()
	o := newOffice(t, noBlanks())
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRestock, restocks)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	require.Equal(t, []string{"1 live PT0005"}, o.cards())
}

func TestCardApplication_EmptyStockMayEndInARejection(t *testing.T) {
	t.Parallel()
	o := newOffice(t, noBlanks())
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRestock, rejects)

	result := o.process()

	require.Equal(t, identity.Rejected, result.End)
}

func TestCardApplication_ReleaseTriesTheStockAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t, noBlanks())
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRestock, together(func(o *testOffice) { o.stock("B-2", "PT0005", "PT0005") }, releases))
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Less(t, o.env.Now().Sub(monday), 3*day)
}

func TestCardApplication_CardInASilentStationIsFinishedWhenItAnswersAgain(t *testing.T) {
	t.Parallel()
	for step, release := range map[string]workflows.Release{"PrintCard": workflows.FirstRelease, "Inspect": workflows.FirstRelease, "Make": workflows.CurrentRelease} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.release = release
			o.silent[step], o.off = 1, 1
			o.when(identity.ToApprove, approves)
			o.when(identity.ToRepair, releases)
			o.when(identity.ToHandOver, handsOver)

			result := o.process()

			require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
			require.Equal(t, []string{"1 live PT0001"}, o.cards())
			require.Contains(t, o.story(), "Station PX-01 does not answer; card 1 is in it")
		})
	}
}

// What a station cannot do is tried by others, then by nobody: a person is asked.
func TestCardApplication_WhereNoStationCanMakeItAPersonIsAsked(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.down["Make"] = 8
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRepair, releases)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	require.Contains(t, o.story(), "8 tries to make card 1 failed, the last one: connection refused")
	require.Equal(t, []string{"1 live PT0001"}, o.cards(), "no blank was touched")
}

// The date of issue is the day on which the chip is written.
func TestCardApplication_CardThatWaitedForAStationIsPreparedAnew(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.down["Make"] = 8
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRepair, after(40*day, releases))
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 2}, result)
	require.Equal(t, []string{"1 spoiled", "2 live PT0001"}, o.cards(), "no blank was taken for the first")
	cards, err := o.Cards(t.Context(), o.number)
	require.NoError(t, err)
	require.Equal(t, cards[0].Card.Issued.AddDays(40), cards[1].Card.Issued)
}

func TestCardApplication_CardInALostStationIsWrittenOffAndMadeAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.silent["Make"], o.off = 1, 1
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRepair, remakes)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 2}, result)
	require.Equal(t, []string{"1 spoiled PT0001", "2 live PT0002"}, o.cards())
}

func TestCardApplication_AStationWhoseClockIsWrongTakesNoBlank(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.wrong = 1
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	unmade := "Card 1 could not be made: station PX-01: clock: it is 1h0m0s apart from the registry's"
	require.Contains(t, o.story(), unmade)
	tried := slices.IndexFunc(o.details, func(read string) bool { return strings.HasPrefix(read, "**Personalization**") })
	require.NotEqual(t, -1, tried, o.details)
	head, rest, _ := strings.Cut(o.details[tried], "\n\n")
	require.Contains(t, head, "**Make** fails")
	require.True(t, strings.HasPrefix(rest, unmade), "the line that decides comes first: %s", o.details[tried])
	trail := strings.Join(o.trail(), "\n")
	require.Equal(t, 1, strings.Count(trail, "took blank"))
	require.Equal(t, 1, strings.Count(trail, "trouble at station"))
}

func TestCardApplication_NoCardIsWrittenOffThatIsInNoStation(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.jam, o.limits.Cards = 1, 1
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRepair, remakes, rejects)

	o.process()

	require.Equal(t, "release: remake: no card of this application is in a silent station", o.answered[1])
}

func TestCardApplication_CardThatIsMissingInItsBoxIsMadeAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.missing = 1
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 2}, result)
	require.Equal(t, []string{"1 lost PT0001", "2 live PT0002"}, o.cards())
	require.Contains(t, o.story(), "Card 1 was missing from consignment C-000001: making another")
}

// A box is announced again where the announcer died; the card that was made
// meanwhile is in another box.
func TestCardApplication_IsNotMisledByABoxThatIsAnnouncedTwice(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.missing, o.stutters = 1, true
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 2}, result)
	require.Equal(t, []string{"1 lost PT0001", "2 live PT0002"}, o.cards())
}

func TestCardApplication_WrongFingerIsRefusedAndAnOfficerDecides(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, finger("../03-exchange-at-40/left-index-handover.fmr"), officially)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, "hand-over: fingerprint: does not match the holder's: try again or another finger, or an officer decides with a reason", o.answered[1])
	require.Equal(t, "hand-over: accepted", o.answered[2])
	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.Equal(t, identity.HandOverByOfficer, card.HandedOver)
}

func TestCardApplication_HandOverIsRefusedWithoutWhatItNeeds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message identity.HandOverCard
		answer  string
	}{
		"Proof":   {identity.HandOverCard{Officer: counter, Method: identity.HandOverByProxy}, "hand-over: proof: is empty; say what proves it (paper, tracking number, reason)"},
		"Method":  {identity.HandOverCard{Officer: counter, Method: "window"}, "hand-over: method: must be one of fingerprint, proxy, post, officer"},
		"Officer": {identity.HandOverCard{Method: identity.HandOverByFingerprint}, "hand-over: officer: is empty; say who decides"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, sample("06-child-under-6"))
			o.when(identity.ToApprove, approves)
			o.when(identity.ToHandOver, update(tt.message))

			result := o.process()

			require.Equal(t, identity.Expired, result.End)
			require.Equal(t, []string{"approve: accepted", tt.answer}, o.answered)
		})
	}
}

func TestCardApplication_ExpiresWhenTheCardIsNotCollected(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Expired, Reason: identity.ReasonNotCollected, Cards: 1}, result)
	require.Equal(t, []string{"1 arrived PT0001"}, o.cards())
}

func TestCardApplication_HoldsFourEyes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hits = []identity.ApplicationNumber{"00000-00000-0"}
	o.when(identity.ToAdjudicate,
		update(identity.Adjudicate{Officer: enroller, Reason: "other face"}),
		adjudicates(false))
	o.when(identity.ToApprove, approvesAs(enroller), approvesAs(adjudicator), approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, []string{
		"adjudicate: officer: whoever enrolled an application cannot decide on it",
		"adjudicate: accepted",
		"approve: officer: whoever enrolled an application cannot decide on it",
		"approve: officer: whoever adjudicated an application cannot approve it",
		"approve: accepted",
		"hand-over: accepted",
	}, o.answered)
}

func TestCardApplication_TakesOneOfTwoDecisionsMadeAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, together(rejects, approves))

	result := o.process()

	require.Equal(t, identity.Rejected, result.End)
	require.Equal(t, []string{"reject: accepted", "approve: application A cannot be approved now: it is at Approval, where another decision came first: Rejected by " + string(approver)}, o.answered)
}

func TestCardApplication_RefusesWhatIsNotItsTime(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove,
		update(identity.Recapture{Officer: enroller, Round: 2}), adjudicates(true), releases, handsOver,
		update(identity.Reject{Officer: approver}),
		update(identity.Withdraw{Reason: "card-found"}),
		update(identity.Hold{Officer: approver, Reason: " "}),
		rejects)

	o.process()

	where := " now: it is at Approval, awaiting approval"
	require.Equal(t, []string{
		"recapture: application A cannot be recaptured" + where,
		"adjudicate: application A cannot be adjudicated" + where,
		"release: application A cannot be released" + where,
		"hand-over: application A cannot be handed over" + where,
		"reject: reason: is empty; say why",
		"withdraw: officer: is empty; say who decides",
		"hold: reason: is empty; say why",
		"reject: accepted",
	}, o.answered)
}

func TestCardApplication_OfADeceasedPersonIsQuestioned(t *testing.T) {
	t.Parallel()
	o := newOffice(t, known(func(c *registry.Citizen) { c.Status = identity.Deceased }))
	o.when(identity.ToResolve, rejects)

	result := o.process()

	require.Equal(t, identity.Rejected, result.End)
	require.Contains(t, o.story(), "The population registry disagrees on: [person]")
}

// Of two decisions that contradict each other, one stands and the other is told, though
// it comes when the first has taken effect.
func TestCardApplication_ARejectionOfWhatWasApprovedMeanwhileIsTold(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	late := update(identity.Reject{Officer: "PD-001-0009", Reason: "papers-forged", Seen: identity.Approval})
	o.when(identity.ToApprove, update(identity.Withdraw{Officer: enroller, Reason: "card-found", Capture: 2}), approves)
	o.during["Make"] = together(late, update(identity.Withdraw{Officer: enroller, Reason: "card-found", Seen: identity.Approval}))
	o.when(identity.ToHandOver, officially)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Contains(t, o.answered, "reject: application A was approved by "+string(approver)+" meanwhile; look at it again")
	require.Contains(t, o.answered, "withdraw: application A was approved by "+string(approver)+" meanwhile; look at it again")
	require.Contains(t, o.answered, "withdraw: capture: is not what application A has now, which is 1: look at it again")
}

// The same decision ten times is one record, and ten answers.
func TestCardApplication_TheSameDecisionTenTimesIsOne(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ten := make([]act, 10)
	for i := range ten {
		ten[i] = approves
	}
	o.when(identity.ToApprove, together(ten...))
	o.when(identity.ToHandOver, officially)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, slices.Repeat([]string{"approve: accepted"}, 10), o.answered[:10])
	count := 0
	for _, event := range o.trail() {
		if event == "approve" {
			count++
		}
	}
	require.Equal(t, 1, count)
}

// A decision is on what its officer saw: one that comes late, or is sent again after it was
// refused, decides nothing later.
func TestCardApplication_DecidesOnWhatItsOfficerSaw(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	hold := identity.Hold{Officer: approver, Reason: "under-verification", Round: 1}
	release := identity.Release{Officer: approver, Reason: "verified", Round: 1, Seen: identity.ToRelease}
	approve := identity.Approve{Officer: approver, Capture: 1, Seen: identity.Approval, Round: 2}
	before := approve // one that came while it was on hold, and was refused, does nothing after the release
	before.Round = 1
	otherwise := func(change func(*identity.Release)) act { r := release; change(&r); return update(r) }
	o.when(identity.ToApprove,
		update(identity.Approve{Officer: approver, Capture: 2, Seen: identity.Approval}),
		update(identity.Approve{Officer: approver, Capture: 1, Seen: identity.Validation}),
		update(identity.Reject{Officer: approver, Reason: "papers-forged", Capture: 2}),
		update(identity.Hold{Officer: approver, Reason: "under-verification", Round: 2}),
		update(release), update(hold))
	o.when(identity.ToRelease,
		otherwise(func(r *identity.Release) { r.Seen = identity.ToResolve }),
		otherwise(func(r *identity.Release) { r.Seen = identity.NoAction }),
		otherwise(func(r *identity.Release) { r.Round = 2 }),
		update(release))
	o.when(identity.ToApprove, update(hold), update(release), update(before), update(approve))
	handOver := identity.HandOverCard{Officer: counter, Method: identity.HandOverByOfficer, Proof: "known to the officer", Card: 2}
	now := handOver
	now.Card = 1
	o.when(identity.ToHandOver, update(handOver), update(now))

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	again := func(act, field, now string) string {
		return act + ": " + field + ": is not what application A has now, which is " + now + ": look at it again"
	}
	require.Equal(t, []string{
		again("approve", "capture", "1"), again("approve", "seen", "Approval"), again("reject", "capture", "1"), again("hold", "round", "1"),
		"release: application A cannot be released now: it is at Approval, awaiting approval", "hold: accepted",
		again("release", "seen", "release"), again("release", "seen", "release"), again("release", "round", "1"), "release: accepted",
		again("hold", "round", "2"), "release: application A cannot be released now: it is at Approval, awaiting approval", again("approve", "round", "2"), "approve: accepted",
		again("hand-over", "card", "1"), "hand-over: accepted",
	}, o.answered)
}

// Whoever reaches Temporal can say that a card arrived, or was missing. The registry, which
// counted no box, knows better, and the application waits for the count.
func TestCardApplication_BelievesNoForgedArrival(t *testing.T) {
	t.Parallel()
	for name, forged := range map[string]bool{"Missing": true, "Arrived": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.when(identity.ToApprove, approves)
			o.when(identity.ToHandOver, officially)
			o.during["Pack"] = func(o *testOffice) {
				o.env.SignalWorkflow(workflows.SignalArrived, workflows.Arrived{Consignment: "C-000001", Missing: forged})
			}

			result := o.process()

			require.Equal(t, identity.Issued, result.End)
			require.Contains(t, o.story(), "Goes on from where the registry has it: Dispatch")
			require.Equal(t, []string{"1 live PT0001"}, o.cards())
		})
	}
}
