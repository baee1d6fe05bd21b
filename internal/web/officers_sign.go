package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// signWithin is how long an officer may take to sign what a page shows.
const signWithin = 5 * time.Minute

// askPage shows a statement in words, and has the officer's passkey sign it.
type askPage struct {
	By        identity.Officer // who is logged in; nobody when somebody logs in
	Words     words
	Until     time.Time
	Signer    identity.OfficerID // whose passkey is asked, where two sign; empty: one signs
	Signed    string             // base64url of the signatures before, as JSON
	To, Back  string             // where the signed statement goes, and where whoever does not sign goes
	Statement string             // base64url, as all below
	Seal      string
	Challenge string
	Site      string // the relying party's identifier
	Passkeys  string // those that may sign, separated by spaces; empty: the browser offers what it has
}

// ask makes the statement of an act and shows it to its officer, to be signed.
func (p *officers) ask(w http.ResponseWriter, act identity.Act, subject string, page askPage) error {
	if err := act.Check(); err != nil {
		return err
	}
	signed, err := statement.New(act, subject, statement.NewID(), p.Now().Add(signWithin))
	if err != nil {
		return err
	}
	said, err := signed.Read() // what is shown is read from what is signed
	if err != nil {
		return err
	}
	if page.Words, err = inWords(said); err != nil {
		return err
	}
	if by := act.By(); len(by) > 1 {
		page.Signer = by[0]
	}
	return p.showAsk(w, signed, said, page)
}

// showAsk shows a statement to be signed.
func (p *officers) showAsk(w http.ResponseWriter, signed statement.Signed, said statement.Statement, page askPage) error {
	seal, err := p.sealed("statement", signed.Statement)
	if err != nil {
		return err
	}
	page.Until, page.Site = said.Until, p.Desk.Passkeys.ID()
	page.Statement, page.Seal, page.Challenge = encode(signed.Statement), encode(seal), encode(signed.Challenge())
	p.show(w, http.StatusOK, "ask", page)
	return nil
}

// askNext shows a statement that was signed to the next of the officers who do it, whose own
// passkey signs the same. Nothing is kept meanwhile: the signatures go with the form, and the
// desk looks at all of them.
func (p *officers) askNext(w http.ResponseWriter, r *http.Request, by identity.Officer, act identity.Act, said statement.Statement, signed statement.Signed) error {
	next := act.By()[len(signed.Signatures)]
	offered, err := p.offered(r.Context(), next)
	if err != nil {
		return err
	}
	if offered == "" {
		return identity.RefuseField(identity.Forbidden, "witness", "%s has no passkey that is registered; starter signs with other keys", next)
	}
	before, err := json.Marshal(signed.Signatures)
	if err != nil {
		return err
	}
	page := askPage{By: by, Signer: next, Signed: encode(before), To: "/officers/acts", Back: shownAt(said), Passkeys: offered}
	if page.Words, err = inWords(said); err != nil {
		return err
	}
	return p.showAsk(w, signed, said, page)
}

// offered are the identifiers of an officer's passkeys, with spaces between.
func (p *officers) offered(ctx context.Context, badge identity.OfficerID) (string, error) {
	passkeys, err := p.passkeys(ctx, badge)
	ids := make([]string, len(passkeys))
	for i, c := range passkeys {
		ids[i] = encode(c.PasskeyID)
	}
	return strings.Join(ids, " "), err
}

// signedBefore reads the signatures that came with the form.
func signedBefore(r *http.Request, act identity.Act) ([]statement.Signature, error) {
	given := r.PostFormValue("signed")
	if given == "" {
		return nil, nil
	}
	var list []statement.Signature
	b, err := base64.RawURLEncoding.DecodeString(given)
	if err != nil || json.Unmarshal(b, &list) != nil || len(list) >= len(act.By()) {
		return nil, identity.RefuseField(identity.Invalid, "signed", "is not what the page before gave; begin again")
	}
	return list, nil
}

// signed reads a statement that these pages made, with what a passkey answered. Nothing of
// what the passkey signed is looked at here: that is the desk's.
func (p *officers) signed(r *http.Request) (statement.Signed, identity.Act, error) {
	f, err := decode(r, "statement", "seal", "passkey", "authenticator", "client", "signature")
	if err != nil {
		return statement.Signed{}, nil, err
	}
	if err := p.sealedBy(f["seal"], "statement", f["statement"]); err != nil {
		return statement.Signed{}, nil, err
	}
	s := statement.Signed{Statement: f["statement"]}
	said, err := s.Read()
	if err != nil {
		return s, nil, err
	}
	act, err := said.Does()
	if err != nil {
		return s, nil, err
	}
	if s.Signatures, err = signedBefore(r, act); err != nil {
		return s, nil, err
	}
	officer := act.By()[len(s.Signatures)]
	s.Signatures = append(s.Signatures, statement.Signature{
		Officer: officer, Value: f["signature"], Passkey: &statement.Passkey{AuthenticatorData: f["authenticator"], ClientData: f["client"]},
	})
	passkeys, err := p.passkeys(r.Context(), officer)
	if err != nil {
		return s, nil, err
	}
	key := keyOf(passkeys, f["passkey"])
	if key == nil {
		err := identity.RefuseField(identity.Forbidden, "passkey", "is not one that is registered for %s", officer)
		return s, nil, errors.Join(err, p.Desk.Registry.RefusedAct(r.Context(), s, err))
	}
	s.Signatures[len(s.Signatures)-1].Key = key
	return s, act, nil
}

// keyOf is the key of the passkey with that identifier; nil: it is none of these.
func keyOf(passkeys []registry.Credential, id []byte) []byte {
	if i := slices.IndexFunc(passkeys, func(c registry.Credential) bool { return string(c.PasskeyID) == string(id) }); i >= 0 {
		return passkeys[i].Key
	}
	return nil
}

// passkeys are those of an officer; a badge that is unknown has none.
func (p *officers) passkeys(ctx context.Context, badge identity.OfficerID) ([]registry.Credential, error) {
	officer, err := p.Desk.Registry.Officer(ctx, badge)
	if identity.Refused(err, identity.NotFound) {
		return nil, nil
	}
	return slices.DeleteFunc(officer.Credentials, func(c registry.Credential) bool { return len(c.PasskeyID) == 0 || !c.RevokedAt.IsZero() }), err
}

// encode writes bytes as Web Authentication does in JSON: base64url without padding.
func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode reads those fields of a form that hold bytes.
func decode(r *http.Request, names ...string) (map[string][]byte, error) {
	fields := make(map[string][]byte, len(names))
	for _, name := range names {
		b, err := base64.RawURLEncoding.DecodeString(r.PostFormValue(name))
		if err != nil || len(b) == 0 {
			return nil, identity.RefuseField(identity.Invalid, name, "is missing, or is not base64url: the passkey was not asked; the page needs its script")
		}
		fields[name] = b
	}
	return fields, nil
}

// row is a line of a statement in words.
type row struct{ VI, EN, Value string }

// words are a statement as its officer reads it.
type words struct {
	title

	Rows []row
}

// inWords says what a statement says.
func inWords(said statement.Statement) (words, error) {
	act, err := said.Does()
	if err != nil {
		return words{}, err
	}
	w := words{title: titleOf(said.Act)}
	w.add("Cán bộ", "Officer", string(act.By()[0]))
	if by := act.By(); len(by) > 1 {
		w.add("Cán bộ thứ hai", "Second officer", string(by[1]))
	}
	if badge, is := strings.CutPrefix(said.Subject, "officer/"); is {
		w.add("Về cán bộ", "Concerning", badge)
	}
	if number, is := strings.CutPrefix(said.Subject, "box/"); is {
		w.add("Hộp phôi", "Box of blanks", number)
	}
	w.add("Hồ sơ", "Application", string(applicationOf(said)))
	if number, is := strings.CutPrefix(said.Subject, "consignment/"); is {
		w.add("Hộp thẻ", "Box", number)
	}
	_, logsIn := act.(identity.LogIn)
	if !logsIn && !w.wordsOfApplication(act) && !w.wordsOfBox(act) && !w.wordsOfTwo(act) {
		return w, identity.RefuseField(identity.Invalid, "act", "%s is not done on these pages", said.Act)
	}
	return w, nil
}

// wordsOfApplication adds what an act on an application says; false: it is none.
func (w *words) wordsOfApplication(act identity.Act) bool {
	switch act := act.(type) {
	case identity.Approve:
		w.add("Ghi chú", "Note", act.Reason)
		w.add("Giấy tờ chứng minh", "Proven by", act.Paper)
		w.saw(act.Seen, act.Capture, act.Round)
	case identity.Reject:
		w.add("Lý do", "Reason", identity.ReadReason(act.Reason).InWords())
		w.saw(act.Seen, act.Capture, act.Round)
	case identity.Adjudicate:
		verdict := "Hai người khác nhau / different persons"
		if act.SamePerson {
			verdict = "Cùng một người / the same person"
		}
		w.add("Kết luận", "Verdict", verdict)
		w.add("Lý do", "Reason", act.Reason)
		w.add("Lần thu nhận", "Capture", strconv.Itoa(act.Round))
	case identity.Hold:
		w.add("Lý do", "Reason", identity.ReadReason(act.Reason).InWords())
		if act.CitizensPart {
			w.add("Công dân phải bổ sung", "The citizen's part", "Thời hạn giải quyết dừng lại / the legal clock stops")
		}
		w.count("Lần", "Round", act.Round)
	case identity.Release:
		w.add("Lý do", "Reason", identity.ReadReason(act.Reason).InWords())
		if act.Remake {
			w.add("Làm thẻ khác", "Another card", "Thẻ ở trạm không trả lời bị hủy bỏ / the card at the silent station is written off")
		}
		w.add("Đang chờ", "Waits for", string(act.Seen))
		w.count("Lần", "Round", act.Round)
	case identity.Identify:
		if act.Person != "" {
			w.add("Người nộp hồ sơ là", "The applicant is", string(act.Person)+": dữ liệu dân cư được dùng / the register's record stands")
		} else {
			w.add("Không phải", "None of", joined(act.NotThese))
			w.add("Giấy tờ chứng minh", "Proven by", act.Paper)
		}
		w.add("Lý do", "Reason", act.Reason)
	default:
		return false
	}
	return true
}

// wordsOfBox adds what an act on a box of cards says; false: it is none.
func (w *words) wordsOfBox(act identity.Act) bool {
	switch act := act.(type) {
	case identity.SealConsignment:
		w.count("Lần", "Round", act.Round)
	case identity.ReopenConsignment:
		w.count("Lần", "Round", act.Round)
	case identity.SendConsignment:
		w.add("Đơn vị vận chuyển", "Courier", act.Courier)
		w.add("Số niêm phong", "Seal", act.Seal)
		w.count("Lần", "Round", act.Round)
	case identity.ReceiveConsignment:
		w.add("Số thẻ đếm được", "Cards counted", strconv.Itoa(act.Counted))
		w.add("Thiếu", "Missing", joined(act.Missing))
		w.add("Thừa", "Surplus", joined(act.Surplus))
		w.count("Lần", "Round", act.Round)
	default:
		return false
	}
	return true
}

// applicationOf is the application that a statement is about; empty: it is about none.
func applicationOf(said statement.Statement) identity.ApplicationNumber {
	number, is := strings.CutPrefix(said.Subject, "application/")
	if !is {
		return ""
	}
	return identity.ApplicationNumber(number)
}

// joined writes a list on a line.
func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

// saw adds where, with which capture and in which round the officer saw the application.
func (w *words) saw(at identity.Stage, capture, round int) {
	w.add("Đang ở bước", "Seen at", string(at))
	w.count("Lần thu nhận", "Capture", capture)
	w.count("Lần", "Round", round)
}

func (w *words) count(vi, en string, n int) {
	if n > 0 {
		w.add(vi, en, strconv.Itoa(n))
	}
}

func (w *words) add(vi, en, value string) {
	if value != "" {
		w.Rows = append(w.Rows, row{vi, en, value})
	}
}
