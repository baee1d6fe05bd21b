package registry_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// ofNobody are the tables that say nothing of an applicant or holder, or nothing that an extract
// does not have from another table; each with its reason.
var ofNobody = map[string]string{
	"acts": "the signatures over what the extract has from where it is recorded, or asks", "allotments": "the number, which the extract has",
	"blank_movements": "of blanks", "blanks": "of blanks", "boxes": "of blanks", "card_reports": "card_life has them",
	"chip_keys": "of the office", "competences": "of officers", "consignments": "of boxes", "credentials": "of officers",
	"gallery": "only that the templates are searched, which are among the evidence", "goose_db_version": "of the schema",
	"holders": "what another register said last, which is asked", "leases": "of programs", "look_up_misses": "of clients", "office_proof": "of the office",
	"officers": "of officers", "receivers": "of the office", "refused_acts": "for auditors; nothing was done", "refused_statements": "digests", "retention": "of the office", "least_waits": "of the office",
	"revoked_signers": "of the office", "schema_version": "of the schema", "sessions": "of officers", "station_acts": "of stations", "stations": "of stations",
	"stations_at_work": "of stations", "status_blocks": "secrets of the lists", "surplus_cards": "of boxes; the card and its trail have it", "vault_keys": "the key", "verifiers": "of verifiers",
}

// inExtract are the columns of the others of which the extract has the value, and beside is why it
// has not what else is in those tables.
var inExtract = map[string]struct{ columns, beside string }{
	"applications": {
		"number type ground stage filed_on station officer channel delivery urgent fee sealed sealed_number",
		"attempt awaiting awaiting_since awaiting_until awaiting_why capture_round captured citizen clock_stopped_at destination digest due enrolled_act enrollment_id entered_at erased_at form held law needs_capture notify probes processing_days province reason received_at started_at trouble trouble_since", // where it stands: the trail has it
	},
	"audit":       {"at actor event reason", "application hash prev seq txid"},
	"card_life":   {"at became by_whom reason", "act card txid was"},
	"card_orders": {"at officer what done_at", "act application attempt number of sealed"}, // in what the holder has at home: the new PIN
	"cards": {
		"application serial form state reason issued expires handed_over handed_over_by handed_over_at proof score old_card old_card_reason",
		"approved_by attempt blank changed_act changed_at changed_by citizen consignment digest_form digest_print digest_sod document erased_at handed_over_act holder holder_version id missing place probe sealed signer station status_place unsure",
	},
	"citizens":               {"number person status", "birth citizen id identity_key name_key registered_for same_as status_on version"},
	"decisions":              {"at step officer verdict reason paper", "application enrolled_by for_citizen request round stage"},
	"decodes":                {"at officer", "mac named payloads redacted seq txid"},
	"deliveries":             {"done_at receiver state", "application n next_at replayed since tries why"},
	"events":                 {"at kind", "application n round until"},
	"findings":               {"at stage found", "application round capture"},
	"identifications":        {"at person not_these paper", "application round"},
	"payments":               {"amount receipt paid_at paid_to refunded_at", "application due_back paid_act refund_receipt refunded_act refunded_by"},
	"person_changes":         {"at change actor paper reason before after erased_at", "act citizen digest person seq version"},
	"person_numbers":         {"number", "canceled_at citizen given_at person"}, // the record has the canceled one
	"pin_letters":            {"at officer", "act application attempt"},
	"reads":                  {"at officer subject what", "mac seq txid"},
	"signature_certificates": {"serial issued_at superseded_at", "application attempt digest sealed station"}, // the vault's: the certificate itself is on the card
	"vault_blobs":            {"kind", "application attempt sealed"},                                          // the pictures and templates themselves
}

// Whoever adds a column says here whether the extract has it; and what is said to be in it is: the
// values of a person of whom something stands in nearly each of these tables.
func TestExtract_HasEveryColumn(t *testing.T) {
	t.Parallel()
	b := busyOffice(t)
	serial := identity.CardSerial("")
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT c.serial FROM card_orders o JOIN cards c USING (application, attempt) LIMIT 1`).Scan(&serial))
	act := identity.ExtractRecord{Officer: "CB-001-0012", Reason: "17/2026"}
	e, err := b.Extract(t.Context(), registry.ExtractOf{Card: serial}, act, registrytest.Signed(act, statement.Card(serial)))
	require.NoError(t, err)
	written, err := json.Marshal(e)
	require.NoError(t, err)

	for column := range registrytest.Columns(t, b.url) {
		table, name, _ := strings.Cut(column, ".")
		said, of := inExtract[table]
		_, nobody := ofNobody[table]
		require.NotEqual(t, of, nobody, "%s: whether the extract has it", table)
		if !of {
			continue
		}
		require.Contains(t, strings.Fields(said.columns+" "+said.beside), name, "%s: whether the extract has %s", table, name)
	}
	for table, columns := range map[string]string{
		"cards": "serial form state handed_over handed_over_by proof old_card", "decisions": "step officer verdict reason paper", "card_orders": "officer what",
		"findings": "stage", "identifications": "paper", "payments": "receipt", "vault_blobs": "kind", "pin_letters": "officer",
	} {
		for name := range strings.FieldsSeq(columns) {
			var values []string
			require.NoError(t, b.db.QueryRow(t.Context(), `SELECT coalesce(array_agg(DISTINCT `+name+`::text) FILTER (WHERE `+name+`::text <> ''), '{}') FROM `+table+` WHERE application = ANY($1)`, applicationsIn(e)).Scan(&values))
			for _, value := range values {
				require.Contains(t, string(written), value, "%s.%s", table, name)
			}
		}
	}
}

func applicationsIn(e registry.Extract) (numbers []string) {
	for _, a := range e.Applications {
		numbers = append(numbers, string(a.Application))
	}
	return numbers
}

// Whatever an application comes to say of its applicant is among its claims.
func TestExtract_HasEveryClaim(t *testing.T) {
	t.Parallel()
	elsewhere := []string{"EnrollmentID", "Type", "Ground", "FiledOn", "Person", "Contact"} // of the station; beside the claims; by its parts
	claims := reflect.TypeFor[registry.Claims]()
	for field := range reflect.TypeFor[identity.Application]().Fields() {
		_, is := claims.FieldByName(field.Name)
		require.NotEqual(t, slices.Contains(elsewhere, field.Name), is, field.Name)
	}
	for field := range reflect.TypeFor[identity.Contact]().Fields() {
		_, is := claims.FieldByName(field.Name)
		require.True(t, is, field.Name)
	}
}
