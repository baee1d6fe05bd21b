package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func TestGiveBack_TheBlankIsInStockAgainAndTakenLast(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	first, second := b.prepared(t), b.prepared(t)
	given, err := b.TakeBlank(t.Context(), first, 1, press)
	require.NoError(t, err)

	backs := 0
	for range 3 {
		back, err := b.GiveBack(t.Context(), first, 1, press, "the keys do not fit")
		require.NoError(t, err)
		if back {
			backs++
		}
	}

	require.Equal(t, 1, backs)
	require.Equal(t, 2, b.balanced(t).InStock)
	other, err := b.TakeBlank(t.Context(), second, 1, press)
	require.NoError(t, err)
	require.NotEqual(t, given, other, "the blank itself may be at fault")
	again, err := b.TakeBlank(t.Context(), first, 1, "PX-02")
	require.NoError(t, err, "any station may begin the card")
	require.Equal(t, given, again)
	require.Equal(t, 2, b.balanced(t).InProduction)
}

// A silent station says nothing: the application whose card is in it tells since when,
// once, and no more when the station is back.
func TestNoteSilentStations_TellsWhoseCardIsThere(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number, other := b.prepared(t), b.prepared(t)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, true)))
	require.NoError(t, errOf(b.TakeBlank(t.Context(), number, 1, press)))
	heard := 0 // how often its workflow is told
	told := func() (trouble string, times int) {
		t.Helper()
		list, err := b.NoteSilentStations(t.Context())
		require.NoError(t, err)
		heard += len(list)
		record, err := b.Application(t.Context(), number)
		require.NoError(t, err)
		trail, err := b.Audit(t.Context(), number)
		require.NoError(t, err)
		for _, e := range trail {
			if e.Event == "trouble at station" {
				times++
			}
		}
		return record.Trouble, times
	}
	trouble, times := told()
	require.Empty(t, trouble, "the station is heard of")
	require.Zero(t, times)

	_, err := b.db.Exec(t.Context(), `UPDATE stations_at_work SET seen_at = '2026-11-28 09:00:00+07'`)
	require.NoError(t, err)
	for range 2 {
		trouble, times = told()
		require.Equal(t, "station "+string(press)+" is silent: not heard of since 2026-11-28 09:00:00; card 1 is in it, and waits", trouble)
		require.Equal(t, 1, times)
		require.Equal(t, 1, heard)
	}
	record, err := b.Application(t.Context(), other)
	require.NoError(t, err)
	require.Empty(t, record.Trouble, "its card is in no slot")

	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, true)))
	trouble, times = told()
	require.Empty(t, trouble)
	require.Equal(t, 1, times)
}

// Blanks of a station are free for those who wait as long as it works; another station,
// which cannot take them, knows that it has none.
func TestFreeBlanks_CountThoseOfStationsThatWork(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, true)))
	require.NoError(t, b.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{Box: "B-1", First: "PT0001", Last: "PT0007", Location: string(press), ReceivedBy: approver, CountedBy: counter}))
	free := func(want int, why string) {
		t.Helper()
		n, err := b.FreeBlanks(t.Context(), identity.CardDocument, 100)
		require.NoError(t, err)
		require.Equal(t, want, n, why)
		at, err := b.ReportStation(t.Context(), "PX-02", 1, false)
		require.NoError(t, err)
		require.Equal(t, want > 0, at.Bare, why)
	}
	free(7, "the station works")
	at, err := b.ReportStation(t.Context(), press, 1, false)
	require.NoError(t, err)
	require.False(t, at.Bare)
	require.NoError(t, b.PauseStation(t.Context(), press, approver, "cleaning"))
	free(0, "the station is paused")
	require.NoError(t, b.ResumeStation(t.Context(), press, approver))
	_, err = b.db.Exec(t.Context(), `UPDATE stations_at_work SET seen_at = now() - interval '1 minute' WHERE id = $1`, press)
	require.NoError(t, err)
	free(0, "the station is silent")

	b.stock(t, 2)
	n, err := b.FreeBlanks(t.Context(), identity.CardDocument, 100)
	require.NoError(t, err)
	require.Equal(t, 2, n, "the center's are everybody's")
}

func TestGiveBack_NoBlankThatWasWrittenToOrIsElsewhere(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	back, err := b.GiveBack(t.Context(), number, 1, "PX-02", "not its own")
	require.NoError(t, err)
	require.False(t, back)
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPersonalized, ""))
	back, err = b.GiveBack(t.Context(), number, 1, press, "too late")
	require.NoError(t, err)
	require.False(t, back)

	_, err = b.db.Exec(t.Context(), `UPDATE blanks SET account = 'stock', application = NULL, attempt = NULL, given_back = given_back + 1 WHERE account = 'production'`)
	require.ErrorContains(t, err, "a blank is used once", "the database itself holds it")
	require.Equal(t, 1, b.balanced(t).InProduction)
}

func TestStationsAtWork_KeepTheirFirstPause(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.ErrorIs(t, b.PauseStation(t.Context(), press, "SX-01", "cleaning"), identity.NotFound)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 2, false)))
	b.stock(t, 1)
	number := b.prepared(t)
	blank, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	for _, why := range []string{"cleaning", "again"} {
		require.NoError(t, b.PauseStation(t.Context(), press, "SX-01", why))
	}

	at, err := b.ReportStation(t.Context(), press, 2, false)
	require.NoError(t, err)
	require.Equal(t, "cleaning", at.PausedWhy)
	require.Equal(t, []registry.CardInSlot{{Application: number, Attempt: 1, State: identity.CardBegun, Blank: blank}}, at.Cards)
	for range 2 {
		require.NoError(t, b.ResumeStation(t.Context(), press, "SX-02"))
	}
	at, err = b.ReportStation(t.Context(), press, 2, false)
	require.NoError(t, err)
	require.Empty(t, at.PausedWhy)
	var acts int
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT count(*) FROM station_acts`).Scan(&acts))
	require.Equal(t, 2, acts)
	_, err = b.db.Exec(t.Context(), `DELETE FROM station_acts`)
	require.Error(t, err)
}

func TestNoteTrouble_IsShownUntilTheCardAdvances(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	for range 3 {
		require.NoError(t, b.NoteTrouble(t.Context(), number, press, "the printer is off"))
	}

	record, err := b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, "the printer is off", record.Trouble)
	require.NoError(t, b.Advance(t.Context(), number, 1, identity.CardPersonalized, ""))
	record, err = b.Application(t.Context(), number)
	require.NoError(t, err)
	require.Empty(t, record.Trouble)
	noted := 0
	for _, event := range b.trail(t, number) {
		if event == "trouble at station" {
			noted++
		}
	}
	require.Equal(t, 1, noted)
}

func TestGoOnAtStations_OnceTheStationIsBackWithTheCard(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	waiting, elsewhere := b.prepared(t), b.prepared(t)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 2, true)))
	for number, station := range map[identity.ApplicationNumber]identity.StationID{waiting: press, elsewhere: "PX-02"} {
		_, err := b.TakeBlank(t.Context(), number, 1, station)
		require.NoError(t, err)
		require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{
			Application: number, To: identity.Personalization, Attempt: 1, Awaiting: identity.ToRepair, Why: "silent", Actor: "system",
		})))
	}
	back := func() []identity.ApplicationNumber {
		list, err := b.GoOnAtStations(t.Context())
		require.NoError(t, err)
		return list
	}

	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 2, false)))
	require.Empty(t, back(), "it was there all the time")
	require.NoError(t, b.PauseStation(t.Context(), press, "SX-01", "cleaning"))
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 2, true)))
	require.Empty(t, back(), "it is paused")
	require.NoError(t, b.ResumeStation(t.Context(), press, "SX-01"))
	require.Equal(t, []identity.ApplicationNumber{waiting}, back())
	require.Empty(t, back())

	record, err := b.Application(t.Context(), waiting)
	require.NoError(t, err)
	require.Empty(t, record.Awaiting)
	require.Equal(t, "station is back", b.trail(t, waiting)[len(b.trail(t, waiting))-1])
}

// A service of the center that does not answer is shown until it does, without a word in
// the story; what a station said before is not hidden by it.
func TestShowTrouble_LeavesAStationsTrouble(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	trouble := func() string {
		record, err := b.Application(t.Context(), number)
		require.NoError(t, err)
		return record.Trouble
	}
	for _, what := range []string{"the HSM is off", "the HSM\nis busy"} {
		require.NoError(t, b.ShowTrouble(t.Context(), number, what))
	}
	require.Equal(t, "center: the HSM is busy", trouble())
	require.NoError(t, b.ShowTrouble(t.Context(), number, ""))
	require.Empty(t, trouble())

	require.NoError(t, b.NoteTrouble(t.Context(), number, press, "station PX-01: no ribbon"))
	require.NoError(t, b.ShowTrouble(t.Context(), number, "the HSM is off"))
	require.NoError(t, b.ShowTrouble(t.Context(), number, ""))
	require.Equal(t, "station PX-01: no ribbon", trouble())
	require.Equal(t, []string{"received", "trouble at station"}, b.trail(t, number))
}
