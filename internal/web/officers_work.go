package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// title is what something is called in both languages.
type title struct{ VI, EN string }

// titles are those of the acts that are done on these pages.
var titles = map[string]title{
	identity.LogIn{}.ActName():      {"Đăng nhập", "Log in"},
	string(identity.StepApprove):    {"Phê duyệt cấp thẻ", "Approve"},
	string(identity.StepReject):     {"Từ chối hồ sơ", "Reject"},
	string(identity.StepAdjudicate): {"Kết luận trùng sinh trắc học", "Adjudicate"},
	string(identity.StepHold):       {"Tạm dừng hồ sơ", "Hold"},
	string(identity.StepRelease):    {"Cho hồ sơ tiếp tục", "Release"},
	string(identity.StepIdentify):   {"Xác định người nộp hồ sơ", "Say who the applicant is"},

	identity.DestroyCard{}.ActName(): {"Hủy thẻ, hai cán bộ", "Destroy a card, two officers"},
}

// wait is what applications wait for and officers decide on these pages.
type wait struct {
	title

	For identity.Action
	Act identity.DecisionStep // that answers it
}

// waits lists them.
var waits = []wait{
	{title{"Chờ phê duyệt", "Awaiting approval"}, identity.ToApprove, identity.StepApprove},
	{title{"Chờ kết luận trùng sinh trắc học", "Awaiting adjudication"}, identity.ToAdjudicate, identity.StepAdjudicate},
	{title{"Thông tin chưa khớp với Cơ sở dữ liệu quốc gia về dân cư", "The population register disagrees"}, identity.ToResolve, identity.StepRelease},
	{title{"Đang tạm dừng", "On hold"}, identity.ToRelease, identity.StepRelease},
	{title{"Sản xuất bị dừng", "Production was given up"}, identity.ToRepair, identity.StepRelease},
	{title{"Hết phôi thẻ", "Out of blanks"}, identity.ToRestock, identity.StepRelease},
	{title{"Cần xem xét", "Needs attention"}, identity.ToAttend, identity.StepRelease},
}

// answered are the waits that officers answer on these pages.
func answered(by identity.Officer) []identity.Action {
	list := []identity.Action{}
	for _, w := range waits {
		if may(by, string(w.Act)) {
			list = append(list, w.For)
		}
	}
	return list
}

// actionTitle is what a wait is called.
func actionTitle(action identity.Action) title {
	if i := slices.IndexFunc(waits, func(w wait) bool { return w.For == action }); i >= 0 {
		return waits[i].title
	}
	return map[identity.Action]title{
		identity.ToRecapture: {"Chờ chụp lại", "To be captured again"},
		identity.ToHandOver:  {"Chờ trả thẻ", "To be collected"},
		identity.ToSendAway:  {"Chờ gửi hộp thẻ", "Box to be sent"},
		identity.ToCountIn:   {"Chờ nhận hộp thẻ", "Box to be counted in"},
	}[action]
}

// stageTitle is what a stage is called among officers; citizens are told of fewer.
func stageTitle(stage identity.Stage) title {
	vi := map[identity.Stage]string{
		identity.BiometricCapture: "Kiểm tra ảnh và vân tay", identity.Validation: "Đối chiếu dữ liệu dân cư", identity.Deduplication: "Tra trùng sinh trắc học",
		identity.DataPreparation: "Chuẩn bị dữ liệu thẻ", identity.Personalization: "Ghi chip", identity.Printing: "In thẻ", identity.Inspection: "Kiểm tra thẻ",
	}[stage]
	return title{cmp.Or(vi, stage.VI()), string(stage)}
}

// may reports whether an officer has a role for an act.
func may(by identity.Officer, act string) bool {
	return slices.ContainsFunc(identity.Competence(act), func(r identity.Role) bool { return slices.Contains(by.Roles, r) })
}

// lookUp leads to the application whose number was typed.
func (p *officers) lookUp(w http.ResponseWriter, r *http.Request) error {
	number, err := identity.ParseApplicationNumber(r.URL.Query().Get("number"))
	if err != nil {
		return err
	}
	http.Redirect(w, r, applicationPath(number), http.StatusSeeOther) //nolint:gosec // to a page of these
	return nil
}

func applicationPath(number identity.ApplicationNumber) string {
	return "/officers/applications/" + url.PathEscape(string(number))
}

// applicationPage is one application, with what its officer may do now.
type applicationPage struct {
	desk.Status

	By    identity.Officer
	Waits title // what for
	Done  title // what was just done; empty: nothing
	Acts  []offered

	Temporal string // the application in the Temporal UI; empty: it is not shown

	Destroy identity.ReasonTable // why two officers destroy a card; nil: he does not
	Beside  *beside              // nil: nothing is compared
}

// offered is an act with the reasons for it.
type offered struct {
	title

	Act     identity.DecisionStep
	Reasons identity.ReasonTable
	Remake  bool // a card may be in a silent station
}

// application shows one application.
func (p *officers) application(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	number, err := identity.ParseApplicationNumber(r.PathValue("number"))
	if err != nil {
		return err
	}
	status, err := p.Desk.Status(r.Context(), by, number)
	if err != nil {
		return err
	}
	page := applicationPage{Status: status, By: by, Done: justDone(r), Acts: offers(by, status)}
	if status.Cards > 0 && may(by, identity.DestroyCard{}.ActName()) {
		page.Destroy = identity.DestroyReasons
	}
	page.Waits = actionTitle(status.Awaiting)
	if by.Unit == identity.UnitCenter {
		page.Temporal = p.TemporalUI.workflow(number)
	}
	if page.Beside, err = p.beside(r, by, status); err != nil {
		return err
	}
	p.show(w, http.StatusOK, "application", page)
	return nil
}

// justDone is what the page before has done, by its name.
func justDone(r *http.Request) title {
	if r.Header.Get("Sec-Fetch-Site") != "same-origin" { // anybody's link, which says what it likes
		return title{}
	}
	return titleOf(r.URL.Query().Get("done"))
}

// titleOf is what an act of these pages is called.
func titleOf(act string) title {
	if i := slices.IndexFunc(boxActs, func(a boxAct) bool { return a.Act == act }); i >= 0 {
		return boxActs[i].title
	}
	if i := slices.IndexFunc(officeActs, func(a officeAct) bool { return a.Act == act }); i >= 0 {
		return officeActs[i].title
	}
	return titles[act]
}

// offers are the acts that an officer may do to an application where it stands. The
// workflow decides whether they are done.
func offers(by identity.Officer, s desk.Status) []offered {
	if s.Stage.Ended() {
		return nil
	}
	answers := func(act identity.DecisionStep) bool {
		return slices.ContainsFunc(waits, func(w wait) bool { return w.Act == act && w.For == s.Awaiting })
	}
	var list []offered
	for _, o := range []struct {
		act identity.DecisionStep
		now bool
	}{
		{identity.StepApprove, answers(identity.StepApprove)},
		{identity.StepAdjudicate, answers(identity.StepAdjudicate)},
		{identity.StepRelease, s.Held || answers(identity.StepRelease)},
		{identity.StepHold, !s.Held},
		{identity.StepReject, true},
	} {
		if o.now && may(by, string(o.act)) {
			list = append(list, offered{titles[string(o.act)], o.act, o.act.Reasons(), s.Awaiting == identity.ToRepair})
		}
	}
	return list
}

// askAct shows the statement of what the officer chose to do.
func (p *officers) askAct(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	number, err := identity.ParseApplicationNumber(r.PathValue("number"))
	if err != nil {
		return err
	}
	var act identity.Act
	if r.PathValue("act") == (identity.DestroyCard{}).ActName() {
		act, err = destroyed(r, by.Badge)
	} else {
		act, err = chosen(r, by)
	}
	if err != nil {
		return err
	}
	return p.askOf(w, r, by, act, statement.Application(number), applicationPath(number))
}

// askOf shows the statement of an act to the officer who is logged in, whose passkeys may
// sign it.
func (p *officers) askOf(w http.ResponseWriter, r *http.Request, by identity.Officer, act identity.Act, subject, back string) error {
	offered, err := p.offered(r.Context(), by.Badge)
	if err != nil {
		return err
	}
	return p.ask(w, act, subject, askPage{By: by, To: "/officers/acts", Back: back, Passkeys: offered})
}

// chosen reads what the officer chose to do.
func chosen(r *http.Request, by identity.Officer) (identity.Deciding, error) {
	saw, err := sawOn(r)
	if err != nil {
		return nil, err
	}
	reason := identity.Reason{Code: identity.ReasonCode(r.PostFormValue("reason")), Note: r.PostFormValue("note")}
	var act identity.Deciding
	switch identity.DecisionStep(r.PathValue("act")) {
	case identity.StepApprove:
		act = identity.Approve{Officer: by.Badge, Reason: reason.Note, Paper: strings.TrimSpace(r.PostFormValue("paper"))}
	case identity.StepReject:
		act = identity.Reject{Officer: by.Badge, Reason: reason.String()}
	case identity.StepAdjudicate:
		return adjudicated(r, by, reason.Note)
	case identity.StepHold:
		act = identity.Hold{Officer: by.Badge, Reason: reason.String(), CitizensPart: r.PostFormValue("citizen") != "" || identity.AsksCitizen(reason)}
	case identity.StepRelease:
		act = identity.Release{Officer: by.Badge, Reason: reason.String(), Remake: r.PostFormValue("remake") != ""}
	case identity.StepIdentify:
		identify, err := identified(r, by, reason.Note)
		act, _ = saw.Saw(identify).(identity.Deciding)
		return act, err
	case identity.StepRecapture, identity.StepWithdraw:
		return nil, identity.RefuseField(identity.Invalid, "act", "is not done on these pages")
	default:
		return nil, identity.RefuseField(identity.NotFound, "act", "does not exist")
	}
	act, _ = saw.Saw(act).(identity.Deciding)
	decision := act.Decision()
	return act, decision.Step.Reasons().Check(decision.Reason)
}

// sawOn is what of the application the officer's page showed.
func sawOn(r *http.Request) (desk.Status, error) {
	s := desk.Status{Stage: identity.Stage(r.PostFormValue("seen")), Awaiting: identity.Action(r.PostFormValue("waited"))}
	if identity.DecisionStep(r.PathValue("act")) == identity.StepAdjudicate {
		return s, nil // it needs its round, and looks itself
	}
	var problems []error
	for name, into := range map[string]*int{"round": &s.CaptureRound, "turn": &s.Round} {
		if given := r.PostFormValue(name); given != "" {
			n, err := strconv.Atoi(given)
			if err != nil || n < 1 {
				problems = append(problems, identity.RefuseField(identity.Invalid, name, "is not a number from 1; open the application's page again"))
			}
			*into = n
		}
	}
	return s, errors.Join(problems...)
}

// adjudicated reads a verdict on the hits of the search that the officer saw.
func adjudicated(r *http.Request, by identity.Officer, why string) (identity.Deciding, error) {
	verdict := identity.Verdict(r.PostFormValue("verdict"))
	var problems []error
	if verdict != identity.SamePerson && verdict != identity.DifferentPersons {
		problems = append(problems, identity.RefuseField(identity.Invalid, "verdict", "must be one of %s, %s", identity.SamePerson, identity.DifferentPersons))
	}
	if strings.TrimSpace(why) == "" {
		problems = append(problems, identity.RefuseField(identity.Invalid, "note", "is empty; say why"))
	}
	round, err := strconv.Atoi(r.PostFormValue("round"))
	if err != nil || round < 1 {
		problems = append(problems, identity.RefuseField(identity.Invalid, "round", "is not the number of a search"))
	}
	return identity.Adjudicate{Officer: by.Badge, SamePerson: verdict == identity.SamePerson, Reason: why, Round: round}, errors.Join(problems...)
}

// act does what the officer signed.
func (p *officers) act(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	signed, act, err := p.signed(r)
	if err != nil {
		return err
	}
	if act.By()[0] != by.Badge {
		return identity.RefuseField(identity.Forbidden, "statement", "is another officer's than the one who is logged in")
	}
	said, err := signed.Read()
	if err != nil {
		return err
	}
	if len(signed.Signatures) < len(act.By()) && signed.Verify() == nil { // else the desk refuses it, and keeps that
		return p.askNext(w, r, by, act, said, signed)
	}
	if _, err := p.Desk.Do(r.Context(), signed, nil); err != nil {
		return err
	}
	http.Redirect(w, r, shownAt(said)+"?done="+act.ActName(), http.StatusSeeOther) //nolint:gosec // to a page of these
	return nil
}
