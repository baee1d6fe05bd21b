package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// What two officers do together, on these pages: both are there, the one who is logged in
// chooses and signs, and the other signs the same statement with a passkey of their own.

// Where what is done to the whole office is done.
const (
	blanksPath = "/officers/blanks"
	peoplePath = "/officers/people"
)

// officeActs are done to the whole office on these pages, and where.
var officeActs = []officeAct{
	{title{"Nhận phôi thẻ", "Receive blanks"}, identity.ReceiveBlanks{}.ActName(), blanksPath},
	{title{"Chuyển phôi thẻ", "Move blanks"}, identity.MoveBlanks{}.ActName(), blanksPath},
	{title{"Đăng ký cán bộ, hoặc đổi vai trò", "Register an officer, or change roles"}, identity.RegisterOfficer{}.ActName(), peoplePath},
	{title{"Thêm khóa cho cán bộ", "Give an officer another key"}, identity.RegisterKey{}.ActName(), peoplePath},
	{title{"Thu hồi quyền của cán bộ", "End all that an officer may do"}, identity.RevokeOfficer{}.ActName(), peoplePath},
	{title{"Thu hồi một khóa của cán bộ", "End one key of an officer"}, identity.RevokeKey{}.ActName(), peoplePath},
}

// officeAct is one of them.
type officeAct struct {
	title

	Act, Path string
}

// officePage is what an officer may do to the whole office at one path.
type officePage struct {
	By    identity.Officer
	Done  title // what was just done; empty: nothing
	Acts  []officeAct
	Roles []identity.Role
	Badge identity.OfficerID // whose keys are shown; empty: nobody's
	Keys  []heldKey
}

// heldKey is a key of an officer that is valid.
type heldKey struct {
	Check   string
	Since   string
	Passkey bool
}

// office shows what the officer may do at a path.
func (p *officers) office(path string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		by, err := p.session(r)
		if err != nil {
			return err
		}
		page := officePage{By: by, Done: justDone(r), Roles: identity.Roles}
		for _, a := range officeActs {
			if a.Path == path && may(by, a.Act) {
				page.Acts = append(page.Acts, a)
			}
		}
		if len(page.Acts) == 0 {
			return identity.RefuseField(identity.Forbidden, "officer", "has no role for anything here")
		}
		if badge := identity.OfficerID(strings.TrimSpace(r.FormValue("badge"))); badge != "" && may(by, identity.RevokeKey{}.ActName()) {
			if page.Keys, err = p.heldKeys(r, badge); err != nil {
				return err
			}
			page.Badge = badge
		}
		p.show(w, http.StatusOK, "office", page)
		return nil
	}
}

// heldKeys lists the keys of an officer that are valid.
func (p *officers) heldKeys(r *http.Request, badge identity.OfficerID) ([]heldKey, error) {
	officer, err := p.Desk.Registry.Officer(r.Context(), badge)
	var keys []heldKey
	for _, c := range officer.Credentials {
		if c.RevokedAt.IsZero() {
			keys = append(keys, heldKey{passkey.Credential{Key: c.Key}.Fingerprint(), when(c.AddedAt), len(c.PasskeyID) > 0})
		}
	}
	return keys, err
}

// places are the paths at which an officer may do something to the whole office.
func places(by identity.Officer) map[string]bool {
	all := make(map[string]bool)
	for _, a := range officeActs {
		if may(by, a.Act) {
			all[a.Path] = true
		}
	}
	return all
}

// askOffice shows the statement of what the officer chose to do at a path.
func (p *officers) askOffice(path string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		by, err := p.session(r)
		if err != nil {
			return err
		}
		act, subject, err := p.onOffice(r, by.Badge)
		if err != nil {
			return err
		}
		return p.askOf(w, r, by, act, subject, path)
	}
}

// onOffice reads what the officer chose to do, and to what.
func (p *officers) onOffice(r *http.Request, by identity.OfficerID) (act identity.Act, subject string, err error) {
	field := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	badge := identity.OfficerID(field("badge"))
	switch r.PathValue("act") {
	case identity.ReceiveBlanks{}.ActName():
		box := field("box")
		return identity.ReceiveBlanks{
			ReceivedBy: by, CountedBy: witness(r), Box: box, Location: field("location"),
			First: identity.BlankSerial(field("first")), Last: identity.BlankSerial(field("last")),
		}, statement.Box(box), nil
	case identity.MoveBlanks{}.ActName():
		act := identity.MoveBlanks{
			Officer: by, Witness: witness(r), From: field("from"), To: field("to"),
			First: identity.BlankSerial(field("first")), Last: identity.BlankSerial(field("last")),
		}
		if act.Counted, err = strconv.Atoi(field("counted")); err != nil || act.Counted < 1 {
			err = identity.RefuseField(identity.Invalid, "counted", "is not how many blanks were moved")
		}
		return act, statement.Office, errors.Join(err, act.Check())
	case identity.RevokeKey{}.ActName():
		act, err = p.endedKey(r, by, badge)
		return act, statement.Officer(badge), err
	case identity.RegisterOfficer{}.ActName():
		act, err = registered(r, by, badge)
		return act, statement.Officer(badge), err
	case identity.RegisterKey{}.ActName():
		act, err = anotherKey(r, by, badge)
		return act, statement.Officer(badge), err
	case identity.RevokeOfficer{}.ActName():
		return identity.RevokeOfficer{Officer: by, Reason: field("reason")}, statement.Officer(badge), badge.Check()
	}
	return nil, "", identity.RefuseField(identity.NotFound, "act", "does not exist")
}

// witness is the second officer whom a form names.
func witness(r *http.Request) identity.OfficerID {
	return identity.OfficerID(strings.TrimSpace(r.PostFormValue("witness")))
}

// registered reads an officer as two administrators register him.
func registered(r *http.Request, by, badge identity.OfficerID) (identity.Act, error) {
	record := identity.Officer{Badge: badge, Unit: identity.Unit(strings.TrimSpace(r.PostFormValue("unit")))}
	for _, role := range r.PostForm["role"] {
		record.Roles = append(record.Roles, identity.Role(role))
	}
	var problems []error
	for name, into := range map[string]*time.Time{"from": &record.ValidFrom, "to": &record.ValidTo} {
		given := strings.TrimSpace(r.PostFormValue(name))
		if given == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, given, identity.HanoiTime)
		if err != nil {
			problems = append(problems, identity.RefuseField(identity.Invalid, name, "is no day; yyyy-mm-dd is accepted"))
		}
		*into = day
	}
	return identity.RegisterOfficer{By1: by, By2: witness(r), Record: record}, errors.Join(problems...)
}

// anotherKey reads a passkey as the page of its officer showed it, and its check value as he
// read it aloud.
func anotherKey(r *http.Request, by, badge identity.OfficerID) (identity.Act, error) {
	var given passkey.Credential
	if json.Unmarshal([]byte(r.PostFormValue("key")), &given) != nil || len(given.Key) == 0 {
		return nil, identity.RefuseField(identity.Invalid, "key", "is not the text that the page showed when the passkey was made")
	}
	switch {
	case cmp.Or(given.Officer, badge) != badge:
		return nil, identity.RefuseField(identity.Invalid, "key", "is for %s", given.Officer)
	case plain(r.PostFormValue("check")) != plain(given.Fingerprint()):
		return nil, identity.RefuseField(identity.Forbidden, "check", "is not that of the key, which is another than the officer's")
	}
	return identity.RegisterKey{By1: by, By2: witness(r), Key: given.Key, PasskeyID: given.PasskeyID}, badge.Check()
}

// endedKey reads which of an officer's keys ends, by its check value.
func (p *officers) endedKey(r *http.Request, by, badge identity.OfficerID) (identity.Act, error) {
	officer, err := p.Desk.Registry.Officer(r.Context(), badge)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(officer.Credentials, func(c registry.Credential) bool {
		return c.RevokedAt.IsZero() && plain(passkey.Credential{Key: c.Key}.Fingerprint()) == plain(r.PostFormValue("check"))
	})
	if i < 0 {
		return nil, identity.RefuseField(identity.Invalid, "check", "is not that of a key of %s that is valid", badge)
	}
	return identity.RevokeKey{Officer: by, Key: officer.Credentials[i].Key, Reason: strings.TrimSpace(r.PostFormValue("reason"))}, nil
}

// plain is a check value without spaces and in capitals, however it was typed.
func plain(typed string) string { return strings.ToUpper(strings.Join(strings.Fields(typed), "")) }

// recounted reads what a count is put right by.
func recounted(r *http.Request, by identity.OfficerID) (identity.Act, error) {
	act := identity.Recount{Officer: by, Witness: witness(r), Surplus: named(r, "surplus")}
	var problems []error
	for field, into := range map[string]*[]identity.ApplicationNumber{"found": &act.Found, "missing": &act.Missing} {
		list, err := numbers(r, field)
		*into, problems = list, append(problems, err)
	}
	return act, errors.Join(problems...)
}

// named reads names with spaces or commas between.
func named(r *http.Request, field string) []string {
	return strings.Fields(strings.ReplaceAll(r.PostFormValue(field), ",", " "))
}

// numbers reads the applications that were ticked.
func numbers(r *http.Request, field string) (list []identity.ApplicationNumber, err error) {
	var problems []error
	for _, ticked := range r.PostForm[field] {
		number, err := identity.ParseApplicationNumber(ticked)
		if err != nil {
			problems = append(problems, identity.RefuseField(identity.Invalid, field, "names what is no application"))
			continue
		}
		list = append(list, number)
	}
	return list, errors.Join(problems...)
}

// destroyed reads which card two officers destroyed, and why.
func destroyed(r *http.Request, by identity.OfficerID) (identity.Act, error) {
	reason := identity.Reason{Code: identity.ReasonCode(r.PostFormValue("reason")), Note: r.PostFormValue("note")}
	card, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue("card")))
	if err != nil || card < 1 {
		err = identity.RefuseField(identity.Invalid, "card", "is not the number of a card; 1 is the first of an application")
	}
	return identity.DestroyCard{Officer: by, Witness: witness(r), Card: card, Reason: reason.String()}, errors.Join(err, identity.DestroyReasons.Check(reason))
}

// wordsOfTwo adds what two officers do to the words of a statement; false: it is something
// else.
func (w *words) wordsOfTwo(act identity.Act) bool {
	switch act := act.(type) {
	case identity.Recount:
		w.add("Có trong hộp", "Found after all", joined(act.Found))
		w.add("Thiếu", "Missing", joined(act.Missing))
		w.add("Thừa", "Surplus", joined(act.Surplus))
		w.count("Lần", "Round", act.Round)
	case identity.DestroyCard:
		w.count("Thẻ thứ", "Card", act.Card)
		w.add("Lý do", "Reason", identity.ReadReason(act.Reason).InWords())
	case identity.ReceiveBlanks:
		w.add("Từ số", "First serial", string(act.First))
		w.add("Đến số", "Last serial", string(act.Last))
		w.add("Nơi để", "Where they are", act.Location)
	case identity.RegisterOfficer:
		w.add("Đơn vị", "Unit", string(act.Record.Unit))
		w.add("Vai trò", "Roles", joined(act.Record.Roles))
		w.add("Từ", "From", when(act.Record.ValidFrom))
		w.add("Đến", "To", when(act.Record.ValidTo))
	case identity.RegisterKey:
		w.add("Dấu kiểm tra", "Check value", passkey.Credential{Key: act.Key, PasskeyID: act.PasskeyID}.Fingerprint())
	case identity.MoveBlanks:
		w.add("Từ nơi", "From", act.From)
		w.add("Đến nơi", "To", act.To)
		w.add("Từ số", "First serial", string(act.First))
		w.add("Đến số", "Last serial", string(act.Last))
		w.count("Số phôi", "Blanks", act.Counted)
	case identity.RevokeOfficer:
		w.add("Lý do", "Reason", act.Reason)
	case identity.RevokeKey:
		w.add("Dấu kiểm tra", "Check value", passkey.Credential{Key: act.Key}.Fingerprint())
		w.add("Lý do", "Reason", act.Reason)
	default:
		return false
	}
	return true
}

// shownAt is the page of what a statement was about.
func shownAt(said statement.Statement) string {
	kind, name, _ := strings.Cut(said.Subject, "/")
	switch kind {
	case "application":
		return applicationPath(identity.ApplicationNumber(name))
	case "consignment":
		return boxPath(identity.ConsignmentNumber(name))
	}
	if i := slices.IndexFunc(officeActs, func(a officeAct) bool { return a.Act == said.Act }); i >= 0 {
		return officeActs[i].Path
	}
	return "/officers/"
}
