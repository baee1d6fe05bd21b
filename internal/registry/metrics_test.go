package registry_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func TestMetrics_CountWhatIsOpenLateAndInStock(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	due := func(at time.Time) func(*registry.Submission) {
		return func(s *registry.Submission) { s.Rules.Due = at }
	}
	tomorrow, yesterday := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	b.received(t, due(tomorrow))
	b.received(t, due(yesterday))
	awaited := b.received(t, due(yesterday))
	b.enter(t, awaited, 1, identity.BiometricCapture)
	require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{
		Application: awaited, To: identity.Validation, Awaiting: identity.ToResolve, Attempt: 1, Actor: "system",
	})))
	b.enter(t, b.received(t, due(yesterday)), 1, identity.Withdrawn)
	stopped, stoppedLate := b.received(t, due(tomorrow)), b.received(t, due(yesterday))
	for _, n := range []identity.ApplicationNumber{stopped, stoppedLate} {
		require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{
			Application: n, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, StopsClock: true, Attempt: 1, Actor: "system",
		})))
	}
	require.NoError(t, pgx.BeginFunc(t.Context(), b.db, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SET LOCAL session_replication_role = replica`)
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `UPDATE applications SET due = now() - interval '1 day', clock_stopped_at = now() - interval '2 days' WHERE number = $1`, stopped)
		return err
	}), "its deadline passes while the clock stands")
	require.NoError(t, b.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{Box: "B-1", First: "PT0001", Last: "PT0007", Location: identity.LocationCenter, ReceivedBy: "TK-01", CountedBy: "TK-02"}))

	m, err := b.Metrics(t.Context())

	require.NoError(t, err)
	require.Positive(t, m.Open[2].Longest)
	for i := range m.Open {
		require.Positive(t, m.Open[i].AtStage)
		m.Open[i].Longest, m.Open[i].AtStage = 0, 0
	}
	require.Zero(t, m.LongestForStation(), "no card waits for one")
	m.Open = append(m.Open, registry.OpenCount{Stage: identity.DataPreparation, AtStage: time.Hour}, registry.OpenCount{Stage: identity.DataPreparation, Awaiting: identity.ToRelease, AtStage: 2 * time.Hour})
	require.Equal(t, time.Hour, m.LongestForStation(), "a held one does not wait for it")
	m.Open = m.Open[:3]
	require.Equal(t, registry.Metrics{
		Open: []registry.OpenCount{
			{Stage: identity.BiometricCapture, Awaiting: identity.ToRecapture, Count: 2, Late: 1},
			{Stage: identity.Received, Count: 2, Late: 1},
			{Stage: identity.Validation, Awaiting: identity.ToResolve, Count: 1, Late: 1},
		},
		Stock: []registry.StockCount{{Location: identity.LocationCenter, Document: identity.CardDocument, Count: 7}},
		Boxes: []registry.BoxesWaiting{},
	}, m)

	// The first screen, the lists and each of their lines call the same late.
	o, err := b.OverviewOf(t.Context(), "", time.Now())
	require.NoError(t, err)
	lateByStage := make(map[identity.Stage]int)
	for _, g := range o.Groups {
		lateByStage[g.Stage] += g.Late
	}
	require.Equal(t, map[identity.Stage]int{identity.BiometricCapture: 1, identity.Received: 1, identity.Validation: 1}, lateByStage)
	all, err := b.List(t.Context(), registry.Filter{Stages: identity.OpenStages()})
	require.NoError(t, err)
	list, err := b.List(t.Context(), registry.Filter{Stages: identity.OpenStages(), Deadline: registry.Late})
	require.NoError(t, err)
	require.Len(t, list, 3)
	for _, r := range all {
		listed := slices.ContainsFunc(list, func(l registry.ApplicationRecord) bool { return l.Number == r.Number })
		require.Equal(t, listed, r.Standing(r.Now, r.Now) == registry.Late, r.Number)
	}
}

// TestCollector_SaysNoneOfWhatThereIsNone: an alert on stock has to fire when nothing
// is left, and when nothing was ever received.
func TestCollector_SaysNoneOfWhatThereIsNone(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	gauges := func() map[string]float64 {
		gatherer := prometheus.NewPedanticRegistry()
		require.NoError(t, gatherer.Register(b.Collector(slog.New(slog.DiscardHandler))))
		families, err := gatherer.Gather()
		require.NoError(t, err)
		values := make(map[string]float64)
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				words := []string{family.GetName()}
				for _, label := range metric.GetLabel() {
					words = append(words, label.GetValue())
				}
				values[strings.Join(words, " ")] = metric.GetGauge().GetValue()
			}
		}
		return values
	}
	got := gauges()
	for _, action := range identity.Actions {
		require.Contains(t, got, "cancuoc_awaiting_applications "+string(action))
	}
	require.Zero(t, got["cancuoc_awaiting_applications adjudication"])
	require.Contains(t, got, "cancuoc_blanks_in_stock card "+identity.LocationCenter)
	require.Contains(t, got, "cancuoc_held_applications")

	require.NoError(t, errOf(b.ReportStation(t.Context(), "PX-09", 1, false)))
	require.NoError(t, b.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{Box: "B-1", First: "PT0001", Last: "PT0001", Location: "PX-09", ReceivedBy: "TK-01", CountedBy: "TK-02"}))
	n := b.received(t)
	b.enter(t, n, 1, identity.BiometricCapture)
	require.Zero(t, gauges()["cancuoc_longest_wait_seconds adjudication"])
	b.behind(t, `UPDATE applications SET held = true, awaiting = 'adjudication', awaiting_since = now() - interval '2 days' WHERE number = '`+string(n)+`'`)
	got = gauges()
	require.InDelta(t, 1, got["cancuoc_blanks_in_stock card PX-09"], 0)
	require.InDelta(t, 1, got["cancuoc_held_applications"], 0)
	require.InDelta(t, 1, got["cancuoc_awaiting_applications adjudication"], 0)
	require.InDelta(t, 2*24*60*60, got["cancuoc_longest_wait_seconds adjudication"], 60)
	require.Contains(t, got, "cancuoc_longest_wait_seconds release")
}

func TestCollector_LeavesMetricsOutWhenTheRegistryIsAway(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, b.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
		Box: "B-1", First: "PT0001", Last: "PT0007", Location: identity.LocationCenter, ReceivedBy: "TK-01", CountedBy: "TK-02",
	}))
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 2, false)))
	require.NoError(t, b.PauseItself(t.Context(), press, "the printer is off"))
	collector := b.Collector(slog.New(slog.DiscardHandler))

	require.NoError(t, testutil.CollectAndCompare(collector, strings.NewReader(`
# HELP cancuoc_applications_in_trouble Applications whose last step could not be done: a station could not make the card, or a service of the center does not answer.
# TYPE cancuoc_applications_in_trouble gauge
cancuoc_applications_in_trouble 0
# HELP cancuoc_blanks_in_stock Blanks in stock, by place and by what is made of them: the center, and wherever boxes were received; 0 where none is left.
# TYPE cancuoc_blanks_in_stock gauge
cancuoc_blanks_in_stock{document="card",location="center"} 7
# HELP cancuoc_station_paused 1 if the personalization station takes no cards until it is resumed, else 0.
# TYPE cancuoc_station_paused gauge
cancuoc_station_paused{station="`+string(press)+`"} 1
# HELP cancuoc_station_silent_seconds How long ago the personalization station was last heard of.
# TYPE cancuoc_station_silent_seconds gauge
cancuoc_station_silent_seconds{station="`+string(press)+`"} 0
# HELP cancuoc_station_slots_taken Cards in the slots of the personalization station.
# TYPE cancuoc_station_slots_taken gauge
cancuoc_station_slots_taken{station="`+string(press)+`"} 0
`), "cancuoc_applications_in_trouble", "cancuoc_blanks_in_stock", "cancuoc_station_paused", "cancuoc_station_silent_seconds", "cancuoc_station_slots_taken"))
	b.Close()
	require.Zero(t, testutil.CollectAndCount(collector))
}

// Cards that wait for a station are counted while no station works.
func TestCollector_CountsWhatStandsStill(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.prepared(t)
	b.enter(t, number, 1, identity.Personalization)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 2, false)))
	standing := func() float64 {
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(b.Collector(slog.New(slog.DiscardHandler)))
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, f := range families {
			if f.GetName() == "cancuoc_standing_applications" {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return -1
	}
	require.Zero(t, standing())

	require.NoError(t, b.PauseItself(t.Context(), press, "the printer is off"))

	require.InDelta(t, 1, standing(), 0)
}
