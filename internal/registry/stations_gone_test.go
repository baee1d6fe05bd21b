package registry_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func (b *bundle) now(t *testing.T) time.Time {
	t.Helper()
	now, err := b.Now(t.Context())
	require.NoError(t, err)
	return now
}

// gone has a station not be heard of for an hour.
func (b *bundle) gone(t *testing.T, id identity.StationID) {
	t.Helper()
	_, err := b.db.Exec(t.Context(), `UPDATE stations_at_work SET seen_at = now() - interval '1 hour' WHERE id = $1`, id)
	require.NoError(t, err)
}

func (b *bundle) stockAtPress(t *testing.T, last string) {
	t.Helper()
	require.NoError(t, b.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
		Box: "B-1", First: "PT0001", Last: identity.BlankSerial(last), Location: string(press), ReceivedBy: approver, CountedBy: counter,
	}))
}

// A station that is gone is refused as long as something waits for it, and is then heard
// of no more: in the list, in the metrics, in the stock.
func TestRemoveStation_WhenNothingWaitsForItAnyMore(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	remove := identity.RemoveStation{Officer: "SX-01", Witness: "SX-02", Reason: "burned down", Blanks: identity.BlanksLost}
	require.ErrorIs(t, errOf(b.RemoveStation(t.Context(), press, remove)), identity.NotFound)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, true)))
	b.stockAtPress(t, "PT0005")
	number := b.prepared(t)
	require.NoError(t, errOf(b.TakeBlank(t.Context(), number, 1, press)))

	require.ErrorContains(t, errOf(b.RemoveStation(t.Context(), press, remove)), "is at work")
	b.gone(t, press)
	require.ErrorContains(t, errOf(b.RemoveStation(t.Context(), press, remove)), string(number)+" (card 1, begun)")
	require.NoError(t, b.Spoil(t.Context(), number, 1, string(approver), identity.Reason{Code: identity.ReasonStationLost}))
	for field, m := range map[string]identity.RemoveStation{
		"blanks":  {Officer: "SX-01", Witness: "SX-02", Reason: "burned down"},
		"blanks:": {Officer: "SX-01", Witness: "SX-02", Reason: "burned down", Blanks: "PX-99"},
		"witness": {Officer: approver, Witness: approver, Reason: "burned down", Blanks: identity.BlanksLost},
		"reason":  {Officer: "SX-01", Witness: "SX-02", Reason: " ", Blanks: identity.BlanksLost},
	} {
		require.ErrorContains(t, errOf(b.RemoveStation(t.Context(), press, m)), field)
	}
	stations, err := b.StationsAtWork(t.Context())
	require.NoError(t, err)
	require.Len(t, stations, 1, "a refusal changes nothing")
	require.Empty(t, stations[0].PausedWhy)

	for want := range 2 {
		n, err := b.RemoveStation(t.Context(), press, remove)
		require.NoError(t, err)
		require.Equal(t, []int{4, 0}[want], n)
	}

	require.Equal(t, registry.Stock{Received: 5, Spoiled: 5, Balanced: true}, b.balanced(t))
	require.NoError(t, b.VerifyBooks(t.Context()))
	stations, err = b.StationsAtWork(t.Context())
	require.NoError(t, err)
	require.Empty(t, stations)
	require.Zero(t, testutil.CollectAndCount(b.Collector(slog.New(slog.DiscardHandler)), "cancuoc_station_silent_seconds", "cancuoc_station_paused"))
	counted, err := b.Metrics(t.Context())
	require.NoError(t, err)
	require.NotContains(t, counted.Stock, registry.StockCount{Location: string(press), Document: identity.CardDocument}, "nobody needs blanks there")
	today := identity.DateOf(b.now(t))
	off, err := b.WrittenOff(t.Context(), today, today)
	require.NoError(t, err)
	require.Len(t, off, 5)
	lost := off[4]
	require.True(t, lost.Lost)
	require.Equal(t, "SX-01 and SX-02", lost.Events[0].By)
	require.Equal(t, identity.ReasonStationLost, lost.Events[0].Reason.Code)
	_, err = b.db.Exec(t.Context(), `UPDATE blanks SET account = 'destroyed' WHERE serial = $1`, lost.Serial)
	require.Error(t, err, "nobody can destroy what is lost")

	at, err := b.ReportStation(t.Context(), press, 1, true)
	require.NoError(t, err)
	require.Equal(t, "out of service: burned down", at.PausedWhy, "it takes no cards, should it come back")
	stations, err = b.StationsAtWork(t.Context())
	require.NoError(t, err)
	require.Len(t, stations, 1)
	require.NoError(t, b.ResumeStation(t.Context(), press, "SX-01"))
	at, err = b.ReportStation(t.Context(), press, 1, false)
	require.NoError(t, err)
	require.Empty(t, at.PausedWhy)
}

// Blanks of a station that is closed go to where they are brought, and are taken there.
func TestRemoveStation_BringsItsBlanksElsewhere(t *testing.T) {
	t.Parallel()
	for _, to := range []string{identity.LocationCenter, "PX-02"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			for _, id := range []identity.StationID{press, "PX-02"} {
				require.NoError(t, errOf(b.ReportStation(t.Context(), id, 1, true)))
			}
			b.stockAtPress(t, "PT0005")
			b.gone(t, press)

			n, err := b.RemoveStation(t.Context(), press, identity.RemoveStation{Officer: "SX-01", Witness: "SX-02", Reason: "closed", Blanks: to})

			require.NoError(t, err)
			require.Equal(t, 5, n)
			require.Equal(t, registry.Stock{Received: 5, InStock: 5, Balanced: true}, b.balanced(t))
			blank, err := b.TakeBlank(t.Context(), b.prepared(t), 1, "PX-02")
			require.NoError(t, err)
			require.Equal(t, identity.BlankSerial("PT0001"), blank)
			require.NoError(t, b.VerifyBooks(t.Context()))

			require.ErrorContains(t, b.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
				Box: "B-2", First: "PT0006", Last: "PT0007", Location: string(press), ReceivedBy: approver, CountedBy: counter,
			}), "out of service")
			b.stockAtPress(t, "PT0005")
			require.Equal(t, 5, b.balanced(t).Received, "the same box again is the same box")
		})
	}
}

// A blank whose stock is that of a station that is gone is given back to the center, where
// some station finds it.
func TestRemoveStation_BlanksGivenBackLaterAreTheCenters(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, id := range []identity.StationID{press, "PX-02"} {
		require.NoError(t, errOf(b.ReportStation(t.Context(), id, 1, true)))
	}
	b.stockAtPress(t, "PT0001")
	b.gone(t, press)
	require.NoError(t, errOf(b.RemoveStation(t.Context(), press, identity.RemoveStation{Officer: "SX-01", Witness: "SX-02", Reason: "closed", Blanks: "PX-02"})))
	number := b.prepared(t)
	require.NoError(t, errOf(b.TakeBlank(t.Context(), number, 1, "PX-02")))

	require.NoError(t, errOf(b.GiveBack(t.Context(), number, 1, "PX-02", "the keys do not fit")))

	require.NoError(t, errOf(b.TakeBlank(t.Context(), number, 1, "PX-03")))
	b.balanced(t)
}

// In stock means in somebody's stock: only the blanks of a station that is gone are lost
// from there, whoever asks the database.
func TestBlanks_AreLostWithTheirStationOnly(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, true)))
	b.stockAtPress(t, "PT0002")
	_, err := b.db.Exec(t.Context(), `UPDATE blanks SET account = 'spoiled'`)
	require.ErrorContains(t, err, "lost with its station only")
	require.Equal(t, 2, b.balanced(t).InStock)
}

// The station whose card was given up when it was no more than begun says, once, whether
// its blank is untouched; what was written to stays spoiled, and so does a blank of which
// nobody can say.
func TestSayUntouched_GivesTheBlankBackOrNot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		untouched bool
		stock     registry.Stock
	}{
		"untouched": {true, registry.Stock{Received: 1, InStock: 1, Balanced: true}},
		"written":   {false, registry.Stock{Received: 1, Spoiled: 1, Balanced: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.stock(t, 1)
			number := b.prepared(t)
			blank, err := b.TakeBlank(t.Context(), number, 1, press)
			require.NoError(t, err)
			said, err := b.SayUntouched(t.Context(), number, 1, press, true)
			require.NoError(t, err)
			require.False(t, said, "nobody gave it up")
			require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: identity.StepReject, Round: 1, Officer: approver, Reason: identity.ReadReason("impersonation")}, time.Time{})))
			require.NoError(t, b.End(t.Context(), registry.StageChange{Application: number, To: identity.Rejected, Attempt: 1, Actor: "system", Reason: identity.ReasonRefused}))
			at, err := b.ReportStation(t.Context(), press, 1, true)
			require.NoError(t, err)
			require.Equal(t, []registry.CardInSlot{{Application: number, Attempt: 1, State: identity.CardSpoiled, Blank: blank}}, at.Unsure)
			said, err = b.SayUntouched(t.Context(), number, 1, "PX-02", true)
			require.NoError(t, err)
			require.False(t, said, "another station cannot know")

			times := 0
			for range 3 {
				said, err := b.SayUntouched(t.Context(), number, 1, press, tt.untouched)
				require.NoError(t, err)
				if said {
					times++
				}
			}

			require.Equal(t, 1, times)
			require.Equal(t, tt.stock, b.balanced(t))
			require.NoError(t, b.VerifyBooks(t.Context()))
			at, err = b.ReportStation(t.Context(), press, 1, false)
			require.NoError(t, err)
			require.Empty(t, at.Unsure)
			unwanted, err := b.Unwanted(t.Context())
			require.NoError(t, err)
			require.Len(t, unwanted, tt.stock.Spoiled)
			today := identity.DateOf(b.now(t))
			off, err := b.WrittenOff(t.Context(), today, today)
			require.NoError(t, err)
			require.Len(t, off, tt.stock.Spoiled, "a write-off that was taken back is none")
			if tt.untouched {
				again, err := b.TakeBlank(t.Context(), b.prepared(t), 1, "PX-02")
				require.NoError(t, err)
				require.Equal(t, blank, again)
			}
		})
	}
}
