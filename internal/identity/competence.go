package identity

import (
	"errors"
	"slices"
	"time"
)

// Role is what an officer may be entrusted with. The values are wire format: they stand in
// the registry.
type Role string

// The roles.
const (
	Enrolling     Role = "enrolling"     // takes applications, captures again, withdraws for the citizen
	Resolving     Role = "resolving"     // settles what the population register contradicts; holds and releases
	Adjudicating  Role = "adjudicating"  // says whether two captures are one person
	Approving     Role = "approving"     // grants or refuses the card
	Dispatching   Role = "dispatch"      // boxes of cards
	AtCounter     Role = "counter"       // hands cards over
	Stock         Role = "stock"         // blanks
	Production    Role = "production"    // stations and what they hold
	Keys          Role = "keys"          // the office's own keys
	Auditor       Role = "auditor"       // reads everything, and changes nothing
	Administrator Role = "administrator" // officers and stations
)

// Roles lists every role.
var Roles = []Role{
	Enrolling, Resolving, Adjudicating, Approving, Dispatching, AtCounter, Stock, Production, Keys, Auditor, Administrator,
}

// Unit is where an officer serves: the center, whose officers act for every province, or a
// province by its code.
type Unit string

// UnitCenter is the production center.
const UnitCenter Unit = "center"

// Covers reports whether an officer of the unit may act on what belongs to a province. What
// belongs to none is the center's.
func (u Unit) Covers(p ProvinceCode) bool {
	return u == UnitCenter || p != "" && string(u) == string(p)
}

// Check refuses a unit that does not exist.
func (u Unit) Check() error {
	p := ProvinceCode(u)
	if u != UnitCenter && (!p.known() || p.Abroad()) {
		return RefuseField(Invalid, "unit", "is neither %q nor the code of a province, for example 001", UnitCenter)
	}
	return nil
}

// Officer is a registered person who may do acts.
type Officer struct {
	Badge     OfficerID `json:"badge"`
	Unit      Unit      `json:"unit"`
	Roles     []Role    `json:"roles"`
	ValidFrom time.Time `json:"valid_from"`
	ValidTo   time.Time `json:"valid_to,omitzero"` // zero: until revoked
}

// Check refuses, in one round, what can be no officer.
func (o Officer) Check() error {
	problems := []error{checkBadge("badge", o.Badge), o.Unit.Check()}
	if len(o.Roles) == 0 {
		problems = append(problems, RefuseField(Invalid, "roles", "are empty; at least one of %s is needed", join(Roles)))
	}
	for _, r := range o.Roles {
		if !slices.Contains(Roles, r) {
			problems = append(problems, RefuseField(Invalid, "roles", "must be of %s", join(Roles)))
			break
		}
	}
	if roles := slices.Sorted(slices.Values(o.Roles)); len(slices.Compact(roles)) != len(o.Roles) {
		problems = append(problems, RefuseField(Invalid, "roles", "name one twice"))
	}
	if !o.ValidTo.IsZero() && !o.ValidTo.After(o.ValidFrom) {
		problems = append(problems, RefuseField(Invalid, "valid_to", "is not after valid_from"))
	}
	return errors.Join(problems...)
}

// competence says which roles may do an act, each by its name. An act of two officers needs
// one of the roles in each. The registry's table competences holds the same, and a test
// compares them.
var competence = map[string][]Role{
	"enroll":               {Enrolling},
	string(StepRecapture):  {Enrolling},
	string(StepWithdraw):   {Enrolling, AtCounter},
	string(StepAdjudicate): {Adjudicating},
	string(StepApprove):    {Approving},
	string(StepReject):     {Approving},
	string(StepHold):       {Approving, Resolving, Adjudicating, Production},
	string(StepRelease):    {Approving, Resolving, Production},
	string(StepIdentify):   {Resolving},
	"correct-person":       {Resolving},
	"mark-person":          {Resolving},
	"renumber-person":      {Resolving},
	"merge-persons":        {Resolving},
	"hand-over":            {AtCounter},
	"collect-fee":          {Enrolling, AtCounter},
	"refund-fee":           {Enrolling, AtCounter},
	"seal":                 {Dispatching},
	"send":                 {Dispatching, AtCounter},
	"receive":              {Dispatching, AtCounter},
	"recount":              {Dispatching, AtCounter},
	"reopen":               {Dispatching},
	"settle-surplus":       {Dispatching, AtCounter},
	"receive-blanks":       {Stock},
	"move-blanks":          {Stock},
	"destroy-card":         {Stock, Production, AtCounter, Dispatching},
	"find-card":            {Stock, Dispatching, AtCounter},
	"report-lost":          {Enrolling, AtCounter, Approving, Resolving},
	"report-found":         {Enrolling, AtCounter, Approving, Resolving},
	"report-damaged":       {Enrolling, AtCounter, Approving, Resolving},
	"keep-card":            {AtCounter, Approving, Resolving},
	"return-card":          {AtCounter, Approving, Resolving},
	"withdraw-card":        {Approving, Resolving},
	"lapse-card":           {Approving, Resolving},
	"extract-record":       {AtCounter, Resolving},
	"print-pin-letter":     {Dispatching},
	"manage-card":          {AtCounter, Resolving, Keys},
	"pause-station":        {Production},
	"resume-station":       {Production},
	"remove-station":       {Production},
	"revoke-signer":        {Keys},
	"roll-over-signer":     {Keys},
	"import-transport-key": {Keys},
	"make-chip-master":     {Keys},
	"let-go":               {Production},
	"replay-notifications": {Production},
	"register-station":     {Administrator},
	"revoke-station":       {Administrator},
	"register-verifier":    {Administrator},
	"revoke-verifier":      {Administrator},
	"register-officer":     {Administrator},
	"revoke-officer":       {Administrator},
	"register-key":         {Administrator},
	"revoke-key":           {Administrator},
}

// Competence gives the roles that may do an act; none if there is no such act.
func Competence(act string) []Role { return competence[act] }

// ActNames lists every act, sorted.
func ActNames() []string {
	names := make([]string, 0, len(competence))
	for name := range competence {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
