package registry

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.org/cancuoc/internal/identity"
)

// constraints gives the refusal for each named constraint.
var constraints = map[string]identity.Refusal{
	"one_application_per_enrollment":       {Kind: identity.Conflict, Field: "enrollment_id", Detail: "was used by this station for another application"},
	"payments_pkey":                        {Kind: identity.Conflict, Detail: "the fee of this application was paid before"},
	"one_payment_per_fee":                  {Kind: identity.Conflict, Detail: "the fee of this application was paid before"},
	"fee_is_paid":                          {Kind: identity.Conflict, Field: "fee", Detail: "is not paid: take it, and record its receipt (starter fees collect)"},
	"one_letter_of_each_pin":               {Kind: identity.Conflict, Field: "card", Detail: "had its PIN letter printed before: nobody prints it again"},
	"order_has_content":                    {Kind: identity.Invalid, Field: "content", Detail: "is empty: no chip can be given that"},
	"one_open_order_of_a_kind":             {Kind: identity.Conflict, Field: "do", Detail: "is ordered for this card and not done yet: do it first (starter chip manage)"},
	"one_payment_per_receipt":              {Kind: identity.Conflict, Field: "receipt", Detail: "is that of another payment in your province"},
	"one_refund_per_receipt":               {Kind: identity.Conflict, Field: "receipt", Detail: "is that of another refund in your province"},
	"one_open_application_per_citizen":     {Kind: identity.Conflict, Field: "person.number", Detail: "has an open application"},
	"four_eyes":                            {Kind: identity.Forbidden, Field: "officer", Detail: "whoever enrolled an application cannot decide on it"},
	"four_eyes_on_the_person":              {Kind: identity.Forbidden, Field: "officer", Detail: "whoever enrolled an application does not say who the applicant is"},
	"one_registration_per_identity":        {Kind: identity.Conflict, Field: "person", Detail: "of that name, birth, parents and place of registration is registered already"},
	"adjudicator_does_not_approve":         {Kind: identity.Forbidden, Field: "officer", Detail: "whoever adjudicated an application cannot approve it"},
	"identifier_does_not_approve":          {Kind: identity.Forbidden, Field: "officer", Detail: "whoever said who the applicant is does not approve the application, and the other way round: another officer does"},
	"approval_is_of_now":                   {Kind: identity.NotNow, Detail: "an officer said meanwhile whose the application is: look at it again"},
	"one_verdict_at_approval":              {Kind: identity.Conflict, Detail: "the application was approved or rejected before"},
	"one_decision_per_request":             {Kind: identity.Conflict, Detail: "another decision on this application carries the same identifier"},
	"counted_by_another":                   {Kind: identity.Forbidden, Field: "counted_by", Detail: "a box is counted by another officer than the one who received it"},
	"one_live_card_per_citizen":            {Kind: identity.Conflict, Detail: "the citizen has a live card already"},
	"card_life":                            {Kind: identity.Conflict, Detail: "the card is in a state from which it cannot go there"},
	"card_of_the_living":                   {Kind: identity.Conflict, Detail: "whoever it is for has died or is no citizen any more"},
	"card_withdrawn_meanwhile":             {Kind: identity.Conflict, Detail: "the card that its holder had was withdrawn since this application was validated, or is kept: an officer has to look at it, and releases or rejects the application"},
	"card_change_is_signed":                {Kind: identity.Forbidden, Detail: "nobody signed what is to become of the card"},
	"officer_is_no_actor":                  {Kind: identity.Conflict, Field: "badge", Detail: "is what the trail calls the system, or a holder"},
	"station_is_no_actor":                  {Kind: identity.Conflict, Field: "station", Detail: "is what the trail calls the system, or a holder"},
	"card_is_signed_for":                   {Kind: identity.Forbidden, Detail: "nobody signed now what is to become of the card: sign again"},
	"one_blank_per_card":                   {Kind: identity.Conflict, Detail: "the card has a blank already"},
	"one_card_per_blank":                   {Kind: identity.Conflict, Detail: "the blank is used by another card"},
	"blank_transition":                     {Kind: identity.Conflict, Detail: "the blank is in an account from which it cannot go there"},
	"blank_for_document":                   {Kind: identity.Conflict, Detail: "the blank is one for another document"},
	"certificates_in_stock_at_center":      {Kind: identity.Conflict, Field: "location", Detail: "must be " + identity.LocationCenter + " for blanks of certificates, from which every station takes them"},
	"blank_used_once":                      {Kind: identity.Conflict, Detail: "the blank belongs to another card"},
	"applications_station_fkey":            {Kind: identity.Invalid, Field: "station", Detail: "is not registered"},
	"ledger_is_final":                      {Kind: identity.Forbidden, Detail: "blanks and their ledger cannot be taken away"},
	"audit_is_final":                       {Kind: identity.Forbidden, Detail: "the audit trail cannot be changed"},
	"number_is_final":                      {Kind: identity.Forbidden, Detail: "the personal number of an application cannot be changed"},
	"evidence_is_of_its_capture":           {Kind: identity.Forbidden, Detail: "evidence comes with its application, for the next round of capture, or with its card"},
	"evidence_is_final":                    {Kind: identity.Forbidden, Detail: "evidence cannot be taken away"},
	"enrolled_by_officer":                  {Kind: identity.Forbidden, Field: "officer", Detail: "did not sign this enrollment"},
	"one_enrollment_per_act":               {Kind: identity.Conflict, Field: "officer", Detail: "signed another enrollment with this statement"},
	"act_by_own_key":                       {Kind: identity.Forbidden, Field: "officer", Detail: "is not the owner of the key that signed, or the key is not registered"},
	"act_by_valid_officer":                 {Kind: identity.Forbidden, Field: "officer", Detail: "or the key that signed was revoked, or is not valid now"},
	"act_by_role":                          {Kind: identity.Forbidden, Field: "officer", Detail: "has no role that may do this"},
	"act_in_own_province":                  {Kind: identity.Forbidden, Field: "officer", Detail: "acts for another province, or this is the center's to do"},
	"four_eyes_on_holds":                   {Kind: identity.Forbidden, Field: "officer", Detail: "whoever enrolled an application does not hold it, nor lets it go on"},
	"four_eyes_at_hand_over":               {Kind: identity.Forbidden, Field: "officer", Detail: "whoever enrolled an application, captured it anew or granted it does not hand its card over without the holder's finger: another officer does"},
	"handed_over_by_another":               {Kind: identity.Forbidden, Field: "officer", Detail: "whoever sent a card's box or counted it in does not hand the card over without the holder's finger: another officer does"},
	"by_post_as_applied_for":               {Kind: identity.Forbidden, Field: "method", Detail: "is by post, but the card is to be collected: it is handed over at its counter"},
	"refused_before":                       {Kind: identity.Conflict, Field: "statement", Detail: "was refused before, since another came first or it was not asked for then: look again, and sign anew"},
	"session_is_short":                     {Kind: identity.Forbidden, Field: "until", Detail: "is later than a session ends"},
	"station_name":                         {Kind: identity.Invalid, Field: "station", Detail: "is no name of a station; capital letters, digits and hyphens are accepted"},
	"four_eyes_on_captures":                {Kind: identity.Forbidden, Field: "officer", Detail: "whoever captured an application anew cannot decide on it"},
	"four_eyes_on_hits":                    {Kind: identity.Forbidden, Field: "officer", Detail: "whoever enrolled or captured an application that was found does not say whether it is the same person's"},
	"verdict_is_of_now":                    {Kind: identity.NotNow, Field: "round", Detail: "is of a search that was not made yet: look at the hits again"},
	"four_eyes_on_persons":                 {Kind: identity.Forbidden, Field: "officer", Detail: "whoever enrolled or captured an application of one of these persons does not say who is whom"},
	"death_is_taken_back":                  {Kind: identity.Conflict, Field: "status", Detail: "is of somebody who lives, and the register has the person as deceased: if that is wrong, mark the person alive first"},
	"four_eyes_on_the_record":              {Kind: identity.Forbidden, Field: "officer", Detail: "whoever enrolled a person does not change the register's record while the application is open"},
	"hand_over_at_own_counter":             {Kind: identity.Forbidden, Field: "officer", Detail: "hands a card over without the holder's finger at a counter of the own province alone"},
	"wait_is_kept":                         {Kind: identity.Forbidden, Detail: "how long an application waits does not become shorter"},
	"probes_are_counted_on":                {Kind: identity.Forbidden, Detail: "how often a finger was laid on the reader is counted on"},
	"stage_is_earned":                      {Kind: identity.Elsewhere, Detail: "the application is not ready for that stage: what was found before it stands, or nobody decided so"},
	"counted_in_by_another":                {Kind: identity.Forbidden, Field: "officer", Detail: "whoever handed a box to the courier does not count it in"},
	"badge_is_no_station":                  {Kind: identity.Conflict, Field: "badge", Detail: "is the name of a station, or a station's that of an officer"},
	"box_as_seen":                          {Kind: identity.Conflict, Field: "round", Detail: "is not that of the consignment now, to which something was done meanwhile: look at it again"},
	"act_said_otherwise":                   {Kind: identity.Conflict, Field: "id", Detail: "belongs to another act"},
	"act_as_signed":                        {Kind: identity.Forbidden, Field: "statement", Detail: "is of another act"},
	"act_in_its_time":                      {Kind: identity.Forbidden, Field: "statement", Detail: "ran out before it could be recorded: sign again"},
	"act_not_so_far_ahead":                 {Kind: identity.Forbidden, Field: "statement", Detail: "is signed for longer ahead than anybody may: is the clock right?"},
	"act_by_two":                           {Kind: identity.Forbidden, Field: "witness", Detail: "is missing: two administrators sign that, each with a key of their own"},
	"two_administrators_remain":            {Kind: identity.Conflict, Field: "badge", Detail: "is of one of the last two administrators, by whom everybody is registered: two with a key remain, so register another, or another key, first"},
	"credentials_pkey":                     {Kind: identity.Conflict, Field: "key", Detail: "is registered already; each officer has keys of their own"},
	"credentials_passkey_id_key":           {Kind: identity.Conflict, Field: "passkey_id", Detail: "is registered already"},
	"boxes_pkey":                           {Kind: identity.Duplicate, Field: "box", Detail: "was taken in before"},
	"blanks_pkey":                          {Kind: identity.Conflict, Field: "serial", Detail: "a blank of that range was taken in before"},
	"one_blank_per_chip":                   {Kind: identity.Conflict, Field: "manifest", Detail: "a chip of it was taken in with another blank before"},
	"one_card_in_hand_per_application":     {Kind: identity.Conflict, Detail: "another card of the application can still be handed over"},
	"one_open_consignment_per_destination": {Kind: identity.Conflict, Detail: "another box for that destination is open: send this one as it is"},
}

// refusalOf gives the refusal for a constraint.
func refusalOf(constraint string) error {
	refusal := constraints[constraint]
	return &refusal
}

// fail turns an error of the database into the refusal of a named constraint, or
// else into a fault that says what was being done. PostgreSQL's detail, hint and
// message may hold personal data and are dropped.
func fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if refusal, named := constraints[pg.ConstraintName]; named {
		return &refusal
	}
	return fmt.Errorf("%s: %w", doing, &Fault{SQLState: pg.Code, Constraint: pg.ConstraintName})
}

// Fault is an error of the database, without the values that it is about.
type Fault struct {
	SQLState   string // five characters, PostgreSQL appendix A
	Constraint string // the constraint that was violated, if any
}

// Lasts reports whether the same would be refused again: a check of what is to be written.
func (f *Fault) Lasts() bool { return f.SQLState == checkViolation }

// Error gives the state and the constraint.
func (f *Fault) Error() string {
	if f.Constraint != "" {
		return fmt.Sprintf("database refused by %s (SQLSTATE %s)", f.Constraint, f.SQLState)
	}
	if f.SQLState == insufficientPrivilege {
		return "the database's role may not do this (SQLSTATE " + f.SQLState + "): was the schema migrated?"
	}
	return fmt.Sprintf("database error (SQLSTATE %s)", f.SQLState)
}

// violates reports whether err is a violation of one of those constraints.
func violates(err error, constraints ...string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(constraints, pg.ConstraintName)
}

// found turns an empty answer into a refusal.
func found(err error, format string, args ...any) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return identity.Refuse(identity.NotFound, format, args...)
	}
	return err
}

func noApplication(n identity.ApplicationNumber) error {
	return identity.Refuse(identity.NotFound, "there is no application %s", n)
}
