package workflows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
)

// obey has an operator change the card in the slot when the station asks for another, and
// not before.
func (r *reader) obey() {
	go func() {
		for r.o.t.Context().Err() == nil {
			for _, c := range r.o.inSlots() {
				if r.empty() || strings.Contains(c.Trouble, "put blank "+string(c.Blank)+" into the slot") {
					r.insert(c.Blank)
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
}

func (r *reader) empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.in == ""
}

// One encoder with one slot and no feeder makes the cards of two applications: the
// operator changes the card between them, is told when it is still the one before, and
// once puts that one back in the middle of the work. Nothing is spoiled.
func TestOneSlot_AnOperatorChangesTheCard(t *testing.T) {
	t.Parallel()
	o := newTwoStations(t, nil)
	o.apps = o.apps[:2]
	r := newReader(t, o)
	var first identity.BlankSerial
	mistaken := false
	r.onReset = func() { // before a card is read: the reader's lock is held
		for _, c := range o.inSlots() {
			if first == "" {
				first = c.Blank
			}
			if c.Blank != first && c.State == identity.CardPrinted && !mistaken {
				r.in, mistaken = first, true
			}
		}
	}
	r.obey()
	of := r.settings()
	of["station.insert_wait"] = "30s"
	o.begin("PX-01", of)
	o.approveAll()

	o.finish()

	require.True(t, mistaken)
	var stories strings.Builder
	for _, a := range o.apps {
		stories.WriteString(o.story(a.number))
	}
	require.Equal(t, 2, strings.Count(stories.String(), "into the slot: "), "the operator was told when the card was to be changed, and when it was the wrong one:\n"+stories.String())
	require.NotContains(t, stories.String(), "spoiled")
}

// A station with one slot that loses its power when a step is done and the registry has
// not heard of it: with the card in its slot, it goes on by itself where it was.
func TestOneSlot_KilledBeforeTheRegistryHearsOfAStep(t *testing.T) {
	t.Parallel()
	for _, step := range []identity.CardState{identity.CardPersonalized, identity.CardPrinted, identity.CardInspected} {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			o := newTwoStations(t, nil)
			o.apps = o.apps[:2]
			r := newReader(t, o)
			r.operate()
			p := newStationProcess(t, o, r.settings())
			caught, lift := o.holdBack("cards", string(step))
			p.start()
			o.approveAll()
			require.Eventually(t, caught, time.Minute, 20*time.Millisecond, "no card becomes "+string(step))

			p.kill()
			lift()
			p.start()

			o.finish()
		})
	}
}

// holdBack has the database keep statements waiting by which a row of a table would reach a
// state, until they are lifted, which ends them: what they would have changed is not.
func (o *liveOffice) holdBack(table, state string) (caught func() bool, lift func()) {
	o.t.Helper()
	ctx := context.WithoutCancel(o.t.Context())
	conn, err := pgx.Connect(ctx, registrytest.Behind(o.t, o.settings["database.url"].(string)))
	require.NoError(o.t, err)
	o.t.Cleanup(func() { _ = conn.Close(ctx) })
	_, err = conn.Exec(ctx, `
		CREATE OR REPLACE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			PERFORM pg_sleep(3600);
			RAISE EXCEPTION 'held back';
		END $$;
		CREATE TRIGGER hold_back BEFORE UPDATE ON `+table+` FOR EACH ROW WHEN (NEW.state = '`+state+`' AND OLD.state <> NEW.state) EXECUTE FUNCTION hold_back()`)
	require.NoError(o.t, err)
	const sleepers = ` FROM pg_stat_activity WHERE application_name = current_database() AND wait_event = 'PgSleep'`
	caught = func() bool {
		var n int
		require.NoError(o.t, conn.QueryRow(ctx, `SELECT count(*)`+sleepers).Scan(&n))
		return n > 0
	}
	return caught, func() {
		_, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid)`+sleepers)
		require.NoError(o.t, err)
		_, err = conn.Exec(ctx, `DROP TRIGGER hold_back ON `+table)
		require.NoError(o.t, err)
	}
}
