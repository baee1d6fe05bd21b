package registry_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/bench/ended"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

// With thousands of finished applications, consignments and cards beside a few that
// are open, nothing that people and programs do every day reads the finished ones.
func TestLists_CostByWhatTheyShow(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.Close()
	open := func() *registry.Registry {
		r, err := registry.Open(t.Context(), b.url, registry.Options{Vault: b.vault, MaxConns: 4})
		require.NoError(t, err)
		return r
	}
	b.Registry = open()
	const finished, few, tries = 6000, 2000, 3
	require.NoError(t, ended.Fill(t.Context(), registrytest.Behind(t, b.url), finished, b.vault))
	b.stock(t, 1+tries) // one for the packed card, one for each try of a whole life
	first := b.received(t)
	b.enter(t, b.prepared(t), 1, identity.Personalization)
	_, err := b.Pack(t.Context(), b.inspected(t, func(s *registry.Submission) { s.Application.Delivery = identity.Post }), 1, 50, "system")
	require.NoError(t, err)
	_, err = b.Enter(t.Context(), registry.StageChange{
		Application: first, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Actor: "system",
	})
	require.NoError(t, err)
	_, err = b.db.Exec(t.Context(), `ANALYZE`)
	require.NoError(t, err)
	b.Close()
	list := func(want int, f registry.Filter) func(*registry.Registry) error {
		return func(r *registry.Registry) error {
			list, err := r.List(t.Context(), f)
			require.Len(t, list, want)
			return err
		}
	}
	var one registry.Whereabouts
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT application, serial, blank FROM cards WHERE state = 'live' ORDER BY id LIMIT 1`).Scan(&one.Application, &one.Serial, &one.Blank))
	var number identity.PersonalNumber
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT n.number FROM citizens n JOIN cards c ON c.citizen = n.citizen WHERE c.serial = $1`, one.Serial).Scan(&number))
	found := func(find func(*registry.Registry) ([]registry.Whereabouts, error)) func(*registry.Registry) error {
		return func(r *registry.Registry) error {
			list, err := find(r)
			require.Len(t, list, 1)
			return err
		}
	}
	reads := func(name string, do func(*registry.Registry) error, tables ...string) {
		var read int64
		for range tries { // what PostgreSQL counted late, of other statements, is not counted again
			before := rowsRead(t, b, tables...)
			r := open()
			require.NoError(t, do(r), name)
			r.Close()
			if read = rowsRead(t, b, tables...) - before; read < few {
				break
			}
		}
		require.Less(t, read, int64(few), name)
	}
	reads("overview of the whole office", func(r *registry.Registry) error {
		o, err := r.OverviewOf(t.Context(), "", time.Now())
		require.Len(t, o.Groups, 3)
		require.Equal(t, 3, o.Today.Received)
		return err
	}, "applications", "cards", "blanks", "consignments", "audit") // of blank_movements it reads the last days, by ranges of pages
	for name, do := range map[string]func(*registry.Registry) error{
		"open":                list(3, registry.Filter{Stages: identity.OpenStages()}),
		"open of a province":  list(3, registry.Filter{Stages: identity.OpenStages(), Province: "001", Station: enrollment}),
		"open, page":          list(1, registry.Filter{Stages: identity.OpenStages(), After: first, Limit: 1}),
		"stage":               list(1, registry.Filter{Stages: []identity.Stage{identity.BiometricCapture}}),
		"open and ended":      list(1, registry.Filter{Stages: []identity.Stage{identity.Dispatch, identity.Rejected}}),
		"awaiting":            list(1, registry.Filter{Awaiting: identity.ToRecapture}),
		"awaiting, province":  list(1, registry.Filter{Awaiting: identity.ToRecapture, Province: "001"}),
		"late":                list(3, registry.Filter{Stages: identity.OpenStages(), Deadline: registry.Late}),
		"at risk":             list(0, registry.Filter{Stages: identity.OpenStages(), Deadline: registry.AtRisk, Near: time.Now().AddDate(1, 0, 0)}),
		"of some waits":       list(1, registry.Filter{AnyOf: []identity.Action{identity.ToRecapture, identity.ToApprove}}),
		"in trouble":          list(0, registry.Filter{Trouble: true}),
		"page of all":         list(10, registry.Filter{Limit: 10}),
		"page of the issued":  list(10, registry.Filter{Stages: []identity.Stage{identity.Issued}, Limit: 10}),
		"page of the rejects": list(0, registry.Filter{Stages: []identity.Stage{identity.Rejected}, Limit: 10}),
		"count of all, so far": func(r *registry.Registry) error {
			n, err := r.Count(t.Context(), registry.Filter{}, 100)
			require.Equal(t, 100, n)
			return err
		},
		"page of a province":           list(10, registry.Filter{Province: "002", Limit: 10}),
		"next page of a province":      list(1, registry.Filter{Province: "001", After: first, Limit: 1}),
		"all of a province with none":  list(0, registry.Filter{Province: "097", Limit: 10}),
		"the issued of one with none":  list(0, registry.Filter{Province: "097", Stages: []identity.Stage{identity.Issued}, Limit: 10}),
		"the ready, and issued, of it": list(0, registry.Filter{Province: "097", Stages: []identity.Stage{identity.HandOver, identity.Issued}, Limit: 10}),
		"count of a province": func(r *registry.Registry) error {
			n, err := r.Count(t.Context(), registry.Filter{Province: "002"}, 1000)
			require.Equal(t, finished/96+1, n)
			return err
		},
		"find an application": found(func(r *registry.Registry) ([]registry.Whereabouts, error) {
			return r.FindApplication(t.Context(), one.Application)
		}),
		"find a card": found(func(r *registry.Registry) ([]registry.Whereabouts, error) { return r.FindCard(t.Context(), one.Serial) }),
		"find a blank": found(func(r *registry.Registry) ([]registry.Whereabouts, error) {
			return r.FindBlank(t.Context(), string(one.Blank))
		}),
		"find a person": found(func(r *registry.Registry) ([]registry.Whereabouts, error) {
			return r.FindPerson(t.Context(), "SX-9001", number, func(registry.Whereabouts) bool { return true })
		}),
		"a status": func(r *registry.Registry) error {
			_, err := r.CardStatuses(t.Context(), []registry.StatusQuery{{Serial: one.Serial}, {Chip: "4672078E3AA03BA4B01E"}})
			return err
		},
		"one application": func(r *registry.Registry) error {
			_, err := r.Entry(t.Context(), one.Application)
			_, trail := r.Audit(t.Context(), one.Application)
			_, cards := r.Cards(t.Context(), one.Application)
			return errors.Join(err, trail, cards)
		},
		"unwanted cards, and surplus": func(r *registry.Registry) error {
			_, err := r.Unwanted(t.Context())
			_, surplus := r.UnclearSurplus(t.Context())
			return errors.Join(err, surplus)
		},
		"fees to give back": func(r *registry.Registry) error { _, err := r.FeesDue(t.Context(), identity.UnitCenter); return err },
		"notifications": func(r *registry.Registry) error {
			_, err := r.Backlogs(t.Context())
			_, letters := r.Letters(t.Context(), 100)
			_, reminders := r.Remind(t.Context(), time.Hour, 100)
			return errors.Join(err, letters, reminders)
		},
		"stations, and what lies nowhere": func(r *registry.Registry) error {
			_, err := r.StationsAtWork(t.Context())
			_, stranded := r.Stranded(t.Context())
			return errors.Join(err, stranded)
		},
		"what is to be erased": func(r *registry.Registry) error {
			_, err := r.EraseDue(t.Context(), 10)
			return err
		},
		"consignments": func(r *registry.Registry) error {
			list, err := r.Consignments(t.Context(), time.Now())
			require.Len(t, list, 1)
			return err
		},
		"metrics": func(r *registry.Registry) error { _, err := r.Metrics(t.Context()); return err },
		"overview": func(r *registry.Registry) error {
			o, err := r.OverviewOf(t.Context(), "001", time.Now())
			require.Len(t, o.Groups, 3)
			return err
		},
		"unstarted":                       func(r *registry.Registry) error { _, err := r.Unstarted(t.Context(), 0, 10); return err },
		"gallery":                         func(r *registry.Registry) error { _, err := r.Gallery(t.Context(), 0, 10); return err },
		"open, for the reconciler":        func(r *registry.Registry) error { _, err := r.OpenApplications(t.Context(), "", 100); return err },
		"consignments for the reconciler": func(r *registry.Registry) error { _, err := r.OpenConsignments(t.Context(), 0, "", 100); return err },
		"counts for the reconciler":       func(r *registry.Registry) error { _, err := r.CountOpen(t.Context(), 0); return err },
		"unknown, for the reconciler": func(r *registry.Registry) error {
			_, _, err := r.UnknownAmong(t.Context(), []identity.ApplicationNumber{first}, nil)
			return err
		},
		"awaiting stock": func(r *registry.Registry) error {
			_, err := r.AwaitingStock(t.Context(), identity.CardDocument, 100)
			return err
		},
		"silent stations": func(r *registry.Registry) error { _, err := r.NoteSilentStations(t.Context()); return err },
		"free blanks": func(r *registry.Registry) error {
			_, err := r.FreeBlanks(t.Context(), identity.CardDocument, 100)
			return err
		},
		"supply": func(r *registry.Registry) error { _, _, err := r.Supply(t.Context(), 100); return err },
		"a whole life": func(r *registry.Registry) error {
			b.Registry = r
			return b.Issue(t.Context(), handOver(b.arrived(t)))
		},
	} {
		reads(name, do)
	}
}

// rowsRead counts the rows and index entries that were ever read of some tables, or of all that
// grow with the applications: who works in the office, which small tables hold, is read whole.
func rowsRead(t *testing.T, b *bundle, tables ...string) (n int64) {
	t.Helper()
	awaitReports(t, b)
	const counted = ` WHERE schemaname = current_schema() AND CASE cardinality($1::text[]) WHEN 0 THEN relname NOT IN ('officers', 'credentials', 'competences', 'stations', 'office_proof') ELSE relname = ANY($1) END`
	require.NoError(t, b.db.QueryRow(t.Context(), `
		SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables`+counted+`) +
			(SELECT sum(idx_tup_read) FROM pg_stat_user_indexes`+counted+`)`, append([]string{}, tables...)).Scan(&n))
	return n
}
