package registry_test

import (
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// Every list of values that the database keeps by a check or a partial index is
// the one of package identity.
func TestSchema_HasTheWordsOfIdentity(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var standing []string
	for _, s := range identity.CardStates {
		if s.Standing() {
			standing = append(standing, string(s))
		}
	}
	want := map[string][]string{
		"application_stage":     words(identity.Stages),
		"application_awaiting":  append([]string{""}, words(identity.Actions)...),
		"decision_step":         words(identity.DecisionSteps),
		"four_eyes":             words([]identity.DecisionStep{identity.StepApprove, identity.StepReject, identity.StepAdjudicate}),
		"card_state":            words(identity.CardStates),
		"card_old_card":         append([]string{""}, words(identity.OldCards)...),
		"old_card_has_reason":   append(words([]identity.OldCard{identity.OldCardLost, identity.OldCardKept}), ""),
		"card_handed_over":      append([]string{""}, words(identity.HandOverMethods)...),
		"blank_account":         words(identity.BlankAccounts),
		"consignment_state":     words(identity.ConsignmentStates),
		"card_change_is_signed": append(words([]identity.CardState{identity.CardReportedLost, identity.CardDamaged, identity.CardKept}), string(identity.CardReportedLost), identity.ActorHolder),
		"citizen_status":        words(identity.CitizenStatuses),
		"holder_status":         words(identity.CitizenStatuses),
		"station_kind":          words(identity.StationKinds),
		"cards_not_valid":       {string(identity.CardLive)},
		"retention_stage":       append(words(identity.Ends()), "Changed"),
		"least_wait_awaiting":   words([]identity.Action{identity.ToRecapture, identity.ToResolve, identity.ToHandOver}),
		"least_wait_lasts":      {"00:00:00"},
		"applications_to_erase": words([]identity.Stage{identity.Rejected, identity.Withdrawn, identity.Expired}),
		"cards_to_erase":        words([]identity.CardState{identity.CardRevoked, identity.CardWithdrawn, identity.CardLapsed, identity.CardDestroyed}),
		"read_what":             {"card", "person", "register"},
		"station_act":           {"pause", "resume", "remove"},
		"act_is_json":           {"UTF8"},
		"movement_has_act":      {"", identity.ActorSystem, "", ""},

		"cards_unsure":            {string(identity.CardSpoiled)},
		"blank_in_use_has_a_card": words([]identity.BlankAccount{identity.AccountStock, identity.AccountSpoiled}),

		"one_open_application_per_citizen": words(identity.Ends()),
		"applications_open_by_receipt":     words(identity.Ends()),
		"consignments_under_way":           words([]identity.ConsignmentState{identity.ConsignmentReceived, identity.ConsignmentDissolved}),
		"announced_when_closed":            words([]identity.ConsignmentState{identity.ConsignmentReceived, identity.ConsignmentDissolved}),
		"consignments_by_receipt":          words([]identity.ConsignmentState{identity.ConsignmentReceived, identity.ConsignmentDissolved}),
		"surplus_outcome":                  words(identity.SurplusOutcomes),
		"surplus_unsettled":                words([]identity.SurplusOutcome{identity.SurplusUnclear}),
		"blanks_to_account_for":            words([]identity.BlankAccount{identity.AccountProduction, identity.AccountSpoiled}),
		"one_card_in_hand_per_application": words([]identity.CardState{
			identity.CardBegun, identity.CardPersonalized, identity.CardPrinted, identity.CardInspected, identity.CardPacked, identity.CardArrived, identity.CardLive,
		}),
		"one_open_consignment_per_destination": words([]identity.ConsignmentState{identity.ConsignmentOpen}),
		"one_live_card_per_citizen":            standing,
		"cards_at_station":                     words([]identity.CardState{identity.CardBegun, identity.CardPersonalized, identity.CardPrinted}),
		"applications_open":                    words(identity.Ends()),
		"box_document":                         words(identity.Documents),
		"blank_document":                       words(identity.Documents),
		"card_document":                        words(identity.Documents),
		"certificates_in_stock_at_center":      {string(identity.CardDocument), string(identity.AccountStock), identity.LocationCenter},
		"blanks_in_stock":                      words([]identity.BlankAccount{identity.AccountStock}),
		"blanks_taken":                         words([]identity.BlankAccount{identity.AccountProduction}),
		"blank_write_offs":                     words([]identity.BlankAccount{identity.AccountSpoiled, identity.AccountDestroyed}),
	}

	want["four_eyes_on_the_person"] = words([]identity.DecisionStep{identity.StepIdentify})
	want["chip_key_use"], want["chip_key_of_cards_has_a_day"], want["chip_key_versions_of_the_beginning"] = []string{"transport", "card"}, []string{"card"}, []string{"card", "transport"}
	want["chip_key_diversification"] = []string{"sp800-108", "emv-cps", "none"}
	want["decision_paper"] = []string{"", string(identity.StepApprove)}
	want["officer_is_no_actor"] = []string{"SYSTEM", "HOLDER", "CENTER"}
	want["four_eyes_on_holds"] = words([]identity.DecisionStep{identity.StepHold, identity.StepRelease})
	want["person_change"] = []string{"registered", "corrected", "marked", "renumbered", "merged"}
	want["person_change_has_act"] = []string{identity.ActorSystem}
	want["person_change_has_paper"] = []string{""}
	want["officer_is_no_actor"] = []string{"SYSTEM", "HOLDER", "CENTER"}

	want["event_kind"] = words(identity.EventKinds)
	want["application_notify"] = words(identity.NotifyWays)
	want["receiver_way"] = append([]string{""}, words(identity.NotifyWays)...)
	want["delivery_state"] = []string{"waiting", "delivered", "dead", "void"}
	want["deliveries_waiting"], want["deliveries_waiting_since"], want["deliveries_dead"] = []string{"waiting"}, []string{"waiting"}, []string{"dead"}
	want["applications_ended_by_province"] = words(identity.Ends())
	want["applications_by_deadline"] = words(append([]identity.Stage{identity.HandOver}, identity.Ends()...))
	want["applications_to_remind"] = words([]identity.Action{identity.ToHandOver})
	want["received_when"] = words([]identity.ConsignmentState{identity.ConsignmentReceived})

	rows, err := b.db.Query(t.Context(), `
		SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND connamespace = current_schema()::regnamespace
		UNION ALL
		SELECT relname, pg_get_expr(indpred, indrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
		WHERE indpred IS NOT NULL AND relnamespace = current_schema()::regnamespace`)
	require.NoError(t, err)
	var name, definition string
	_, err = pgx.ForEachRow(rows, []any{&name, &definition}, func() error {
		literals := literalsOf(definition)
		if list, listed := want[name]; listed {
			require.ElementsMatch(t, list, literals, "%s: %s", name, definition)
			delete(want, name)
			return nil
		}
		for _, literal := range literals {
			require.NotRegexp(t, `^\w+$`, literal, "%s holds a word that this test does not compare: %s", name, definition)
		}
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, want, "the database has no such checks and indexes")
}

var literal = regexp.MustCompile(`'([^']*)'`)

// literalsOf lists the strings in an expression.
func literalsOf(expression string) []string {
	var list []string
	for _, match := range literal.FindAllStringSubmatch(expression, -1) {
		list = append(list, match[1])
	}
	return list
}

func words[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}
