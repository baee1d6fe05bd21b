package registry

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Metrics are the work that is open and the blanks in stock.
type Metrics struct {
	Open      []OpenCount
	Stock     []StockCount
	Boxes     []BoxesWaiting
	InTrouble int // applications whose last step could not be done
}

// OpenCount counts the applications that are at a stage and wait for an action.
type OpenCount struct {
	Stage    identity.Stage
	Awaiting identity.Action
	Count    int
	Late     int           // of them, past the legal deadline
	Held     int           // of them, on hold
	Longest  time.Duration // that one of them has waited for the action
	AtStage  time.Duration // that one of them has been at the stage
}

// Awaiting counts the open applications that wait for each action, none too: those in boxes wait
// for what their box waits for.
func (m Metrics) Awaiting() map[identity.Action]int {
	counts := make(map[identity.Action]int, len(identity.Actions))
	for _, action := range identity.Actions {
		counts[action] = 0
	}
	for _, o := range m.Open {
		if o.Awaiting != identity.NoAction {
			counts[o.Awaiting] += o.Count
		}
	}
	for _, b := range m.Boxes {
		counts[b.Awaiting] += b.Cards
	}
	return counts
}

// withEmptyStages are the counts of all stages, those where no application is too.
func (m Metrics) withEmptyStages() []OpenCount {
	all := slices.Clone(m.Open)
	for _, stage := range identity.OpenStages() {
		if !slices.ContainsFunc(m.Open, func(o OpenCount) bool { return o.Stage == stage && o.Awaiting == identity.NoAction }) {
			all = append(all, OpenCount{Stage: stage})
		}
	}
	return all
}

// Held counts the open applications that are on hold.
func (m Metrics) Held() int {
	held := 0
	for _, o := range m.Open {
		held += o.Held
	}
	return held
}

// Longest is how long an open application has waited for each action; 0 where none waits.
func (m Metrics) Longest() map[identity.Action]time.Duration {
	longest := make(map[identity.Action]time.Duration, len(identity.Actions))
	for _, action := range identity.Actions {
		longest[action] = 0
	}
	for _, o := range m.Open {
		if o.Awaiting != identity.NoAction {
			longest[o.Awaiting] = max(longest[o.Awaiting], o.Longest)
		}
	}
	for _, b := range m.Boxes {
		longest[b.Awaiting] = max(longest[b.Awaiting], b.Longest)
	}
	return longest
}

// StockCount counts the blanks of a document that are in stock at a place: those of cards at
// the center, and each kind wherever boxes of it were received, but for stations that were removed.
type StockCount struct {
	Location string
	Document identity.Document
	Count    int
}

// ForStations counts the applications whose card waits for a station, and for nobody.
func (m Metrics) ForStations() int {
	n := 0
	for _, o := range m.Open {
		if o.Awaiting == "" && slices.Contains(StagesForStations, o.Stage) {
			n += o.Count
		}
	}
	return n
}

// LongestForStation is how long one of those has waited; 0 where none does.
func (m Metrics) LongestForStation() time.Duration {
	var longest time.Duration
	for _, o := range m.Open {
		if o.Awaiting == identity.NoAction && slices.Contains(StagesForStations, o.Stage) {
			longest = max(longest, o.AtStage)
		}
	}
	return longest
}

// StagesForStations are those at which a card waits until a station takes it.
var StagesForStations = []identity.Stage{identity.DataPreparation, identity.Personalization}

// BoxesWaiting counts the cards in boxes that wait for a person, by what for.
type BoxesWaiting struct {
	Awaiting identity.Action // ToSendAway or ToCountIn
	Cards    int
	Longest  time.Duration // since the first was opened, if it is to be sent, and since it was sent
}

const boxesWaiting = `
	SELECT CASE state WHEN ` + consignmentSealed + ` THEN '` + string(identity.ToSendAway) + `' ELSE '` + string(identity.ToCountIn) + `' END, sum(cards), max(now() - coalesce(sent_at, opened_at))
	FROM consignments WHERE state IN (` + consignmentSealed + `, ` + consignmentSent + `) GROUP BY state ORDER BY state`

// stockByPlace counts the blanks that are in stock, at the center ($1) and elsewhere.
const stockByPlace = `
	SELECT location, document, coalesce(n, 0)
	FROM (
			SELECT $1 AS location, ` + documentCard + ` AS document UNION SELECT b.location, b.document FROM boxes b
			WHERE NOT EXISTS (SELECT FROM stations_at_work w WHERE w.id = b.location AND w.removed_at IS NOT NULL)
		) places
		FULL JOIN (SELECT location, document, count(*) AS n FROM blanks WHERE account = ` + accountStock + ` GROUP BY document, location) stock USING (location, document)
	ORDER BY document, location`

// Metrics counts by indexes of what is open and what is in stock: applications that
// ended cost nothing.
func (r *Registry) Metrics(ctx context.Context) (Metrics, error) {
	var m Metrics
	var batch pgx.Batch
	batch.Queue(`
		SELECT stage, awaiting, count(*), count(*) FILTER (WHERE ` + late + `), count(*) FILTER (WHERE held), coalesce(max(now() - awaiting_since), '0'), coalesce(max(now() - entered_at), '0')
		FROM applications a WHERE stage NOT IN ` + ends + ` GROUP BY stage, awaiting ORDER BY stage, awaiting`).Query(into(&m.Open))
	batch.Queue(stockByPlace, identity.LocationCenter).Query(into(&m.Stock))
	batch.Queue(boxesWaiting).Query(into(&m.Boxes))
	batch.Queue(`SELECT count(*) FROM applications WHERE trouble <> ''`).QueryRow(func(row pgx.Row) error { return row.Scan(&m.InTrouble) })
	return m, fail("count what is open and what is in stock", r.db.SendBatch(ctx, &batch).Close())
}
