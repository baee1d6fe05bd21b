package web

import (
	"errors"
	"net/http"
	"strings"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
)

// beside is what an application says beside the population register's record, field by
// field, for an officer who settles what differs.
type beside struct {
	Persons []besidePerson
	Nobody  bool // the register knows nobody like that
	Away    bool // the register does not answer
	Offer   bool // the officer may say who the applicant is
	All     string
}

type besidePerson struct {
	desk.Beside

	Fields []besideField
}

type besideField struct {
	title

	Claimed, Registered string
	Outcome             title
	Class               string
}

// besides are the waits at which an officer looks at both.
var besides = []identity.Action{identity.ToResolve, identity.ToAdjudicate}

// beside reads both sides for who may settle what differs; nil: there is nothing to be
// shown. That the register is away keeps nobody from the rest of the page.
func (p *officers) beside(r *http.Request, by identity.Officer, s desk.Status) (*beside, error) {
	if s.Fault != "" || !may(by, string(identity.StepIdentify)) || s.Awaiting != besides[0] && s.Awaiting != besides[1] {
		return nil, nil //nolint:nilnil // nothing is shown, and nothing is wrong
	}
	b := &beside{Offer: s.Awaiting == identity.ToResolve}
	persons, err := p.Desk.Persons(r.Context(), by, s.Application)
	switch {
	case identity.Refused(err, identity.NotFound):
		b.Nobody = true
		return b, nil
	case err != nil && len(identity.Refusals(err)) == 0:
		p.Logger.ErrorContext(r.Context(), "Population register not asked for an officer's page", "error", err)
		b.Away = true
		return b, nil
	case err != nil:
		return nil, err
	}
	b.Nobody = len(persons) == 0
	ids := make([]string, len(persons))
	for i, one := range persons {
		ids[i] = string(one.Person)
		shown := besidePerson{Beside: one}
		for _, f := range one.Fields {
			shown.Fields = append(shown.Fields, besideField{
				title: fieldTitles[f.Name], Claimed: f.Claimed, Registered: f.Registered,
				Outcome: outcomeTitles[string(f.Outcome)], Class: outcomeClasses[string(f.Outcome)],
			})
		}
		b.Persons = append(b.Persons, shown)
	}
	b.All = strings.Join(ids, ",")
	return b, nil
}

// identified reads whom the officer takes the applicant for.
func identified(r *http.Request, by identity.Officer, why string) (identity.Identify, error) {
	act := identity.Identify{Officer: by.Badge, Person: identity.PersonID(r.PostFormValue("person")), Reason: why}
	var problems []error
	if strings.TrimSpace(why) == "" {
		problems = append(problems, identity.RefuseField(identity.Invalid, "note", "is empty; say why"))
	}
	if act.Person == "" {
		act.Paper = strings.TrimSpace(r.PostFormValue("paper"))
		for id := range strings.SplitSeq(r.PostFormValue("not-these"), ",") {
			if id != "" {
				act.NotThese = append(act.NotThese, identity.PersonID(id))
			}
		}
		if act.Paper == "" {
			problems = append(problems, identity.RefuseField(identity.Invalid, "paper", "is empty; name what proves a new person: the birth certificate, or form DC01"))
		}
	}
	return act, errors.Join(problems...)
}

// outcomeTitles and outcomeClasses are of how a field stands to the register's record.
var (
	outcomeTitles = map[string]title{
		"agrees":            {"khớp", "agrees"},
		"differs tolerably": {"khác, chấp nhận được", "differs tolerably"},
		"contradicts":       {"mâu thuẫn", "contradicts"},
	}
	outcomeClasses = map[string]string{"agrees": "agrees", "differs tolerably": "tolerable", "contradicts": "contradicts"}
)

// fieldTitles are the fields that are compared.
var fieldTitles = map[string]title{
	"person.number":             {"Số định danh cá nhân", "personal number"},
	"person.name":               {"Họ, chữ đệm và tên", "name"},
	"person.birth":              {"Ngày sinh", "birth"},
	"person.sex":                {"Giới tính", "sex"},
	"person.ethnicity":          {"Dân tộc", "ethnic group"},
	"person.religion":           {"Tôn giáo", "religion"},
	"person.blood_group":        {"Nhóm máu", "blood group"},
	"person.origin":             {"Quê quán", "place of origin"},
	"person.birth_registration": {"Nơi đăng ký khai sinh", "birth registration"},
	"person.residence":          {"Nơi cư trú", "residence"},
	"person.marks":              {"Đặc điểm nhận dạng", "marks"},
	"person.father":             {"Cha", "father"},
	"person.mother":             {"Mẹ", "mother"},
	"person.spouse":             {"Vợ hoặc chồng", "spouse"},
	"person.old_number":         {"Số CMND 9 số", "old number"},
	"person.cancelled_number":   {"Số định danh đã hủy", "canceled number"},
	"person.nationality":        {"Quốc tịch", "nationality"},
}
