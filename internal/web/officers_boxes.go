package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// boxAct is what officers do to a box of cards on these pages.
type boxAct struct {
	title

	Act string
	At  identity.ConsignmentState // where it is done
}

// boxActs lists them.
var boxActs = []boxAct{
	{title{"Niêm phong hộp", "Seal the box"}, identity.SealConsignment{}.ActName(), identity.ConsignmentOpen},
	{title{"Giao cho đơn vị vận chuyển", "Hand to the courier"}, identity.SendConsignment{}.ActName(), identity.ConsignmentSealed},
	{title{"Mở lại hộp", "Reopen the box"}, identity.ReopenConsignment{}.ActName(), identity.ConsignmentSealed},
	{title{"Nhận và đếm thẻ", "Receive and count"}, identity.ReceiveConsignment{}.ActName(), identity.ConsignmentSent},
	{title{"Đếm lại, hai cán bộ", "Put the count right, two officers"}, identity.Recount{}.ActName(), identity.ConsignmentReceived},
}

// boxStates are the states of a box in words.
var boxStates = map[identity.ConsignmentState]title{
	identity.ConsignmentOpen:      {"Đang xếp thẻ", "Open"},
	identity.ConsignmentSealed:    {"Đã niêm phong", "Sealed"},
	identity.ConsignmentSent:      {"Đang vận chuyển", "On its way"},
	identity.ConsignmentReceived:  {"Đã nhận", "Received"},
	identity.ConsignmentDissolved: {"Đã giải thể", "Dissolved"},
}

// box is a box of cards as it is listed and shown.
type box struct {
	registry.Consignment

	Is title // its state
}

// boxesPage are the boxes that an officer may see.
type boxesPage struct {
	By   identity.Officer
	List []box
}

// showReceived is how long boxes that were received are listed.
const showReceived = 7 * 24 * time.Hour

// boxes lists the boxes that are under way, and those that were received lately.
func (p *officers) boxes(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	list, err := p.Desk.Consignments(r.Context(), by, p.Now().Add(-showReceived))
	if err != nil {
		return err
	}
	page := boxesPage{By: by}
	for _, c := range list {
		page.List = append(page.List, box{c, boxStates[c.State]})
	}
	p.show(w, http.StatusOK, "boxes", page)
	return nil
}

// movesBoxes reports whether an officer has a role for anything that is done to boxes here.
func movesBoxes(by identity.Officer) bool {
	return slices.ContainsFunc(boxActs, func(a boxAct) bool { return may(by, a.Act) })
}

// boxPage is one box, with what its officer may do now.
type boxPage struct {
	box

	By   identity.Officer
	Done title // what was just done; empty: nothing
	Acts []boxAct
}

// consignment shows one box.
func (p *officers) consignment(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	number, err := identity.ParseConsignmentNumber(r.PathValue("number"))
	if err != nil {
		return err
	}
	c, err := p.Desk.Consignment(r.Context(), by, number)
	if err != nil {
		return err
	}
	page := boxPage{box: box{c, boxStates[c.State]}, By: by, Done: justDone(r)}
	for _, a := range boxActs {
		if a.At == c.State && may(by, a.Act) {
			page.Acts = append(page.Acts, a)
		}
	}
	p.show(w, http.StatusOK, "box", page)
	return nil
}

func boxPath(number identity.ConsignmentNumber) string {
	return "/officers/boxes/" + url.PathEscape(string(number))
}

// askMove shows the statement of what the officer chose to do to a box.
func (p *officers) askMove(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	number, err := identity.ParseConsignmentNumber(r.PathValue("number"))
	if err != nil {
		return err
	}
	act, err := move(r, by.Badge)
	seen := registry.Consignment{}
	if seen.Round, _ = strconv.Atoi(r.PostFormValue("round")); seen.Round < 1 {
		err = errors.Join(err, identity.RefuseField(identity.Invalid, "round", "is not that of the page: look at the box again"))
	}
	if err != nil {
		return err
	}
	return p.askOf(w, r, by, seen.Saw(act), statement.Consignment(number), boxPath(number))
}

// move reads what the officer chose to do to a box.
func move(r *http.Request, by identity.OfficerID) (identity.Act, error) {
	switch r.PathValue("act") {
	case identity.SealConsignment{}.ActName():
		return identity.SealConsignment{Officer: by}, nil
	case identity.ReopenConsignment{}.ActName():
		return identity.ReopenConsignment{Officer: by}, nil
	case identity.SendConsignment{}.ActName():
		return identity.SendConsignment{Officer: by, Courier: r.PostFormValue("courier"), Seal: r.PostFormValue("seal")}, nil
	case identity.ReceiveConsignment{}.ActName():
		return received(r, by)
	case identity.Recount{}.ActName():
		return recounted(r, by)
	}
	return nil, identity.RefuseField(identity.NotFound, "act", "does not exist")
}

// received reads a count: how many cards there are, those of the manifest that are not,
// and those that are not of the manifest.
func received(r *http.Request, by identity.OfficerID) (identity.Act, error) {
	act := identity.ReceiveConsignment{Officer: by, Surplus: named(r, "surplus")}
	var problems []error
	var err error
	if act.Counted, err = strconv.Atoi(strings.TrimSpace(r.PostFormValue("counted"))); err != nil {
		problems = append(problems, identity.RefuseField(identity.Invalid, "counted", "is not a number; how many cards are in the box is accepted"))
	}
	act.Missing, err = numbers(r, "missing")
	return act, errors.Join(append(problems, err)...)
}
