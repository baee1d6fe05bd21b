package desk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/templates/papers"
)

// Extract is what is held on a citizen, as JSON, as a paper, and both signed by the office.
type Extract struct {
	JSON   jsontext.Value `json:"json"`
	PDF    []byte         `json:"pdf"`
	Signed string         `json:"signed"` // compact JWS over the SHA-256 of the two, in hexadecimal
}

// extract has an extract made, for the citizen who asked for it.
func (d *Desk) extract(ctx context.Context, s subject, act identity.ExtractRecord, signed statement.Signed) (Answer, error) {
	of, err := d.extractOf(ctx, s)
	if err != nil {
		return Answer{}, err
	}
	if d.Sign == nil {
		return Answer{}, identity.Refuse(identity.Conflict, "this gateway has no key that signs extracts (status.key_file)")
	}
	held, err := d.Registry.Extract(ctx, of, act, signed)
	if err != nil {
		return Answer{}, err
	}
	var e Extract
	if e.JSON, err = json.Marshal(held, json.Deterministic(true)); err != nil {
		return Answer{}, fmt.Errorf("write extract: %w", err)
	}
	digest := sha256.Sum256(e.JSON)
	paper := papers.Extract{
		At: held.At, Officer: act.Officer, Request: act.Reason, Digest: hex.EncodeToString(digest[:]), Sections: sections(held), Specimen: d.Papers.Specimen,
	}
	if e.PDF, err = paper.Draw(d.Papers.Renderer); err != nil {
		return Answer{}, err
	}
	drawn := sha256.Sum256(e.PDF)
	token, err := d.Sign("extract+jwt", map[string]any{
		"iat": held.At.Unix(), "json_sha256": hex.EncodeToString(digest[:]), "pdf_sha256": hex.EncodeToString(drawn[:]),
	})
	e.Signed = string(token)
	return Answer{Extract: &e}, err
}

// extractOf says on whom an extract is made, by a card, an application or a person.
func (d *Desk) extractOf(ctx context.Context, s subject) (registry.ExtractOf, error) {
	if number, err := s.application(); err == nil {
		return registry.ExtractOf{Application: number}, nil
	}
	if id, err := s.person(); err == nil {
		known, err := d.Population.Person(ctx, id)
		return registry.ExtractOf{Person: known.ID, Numbers: known.Numbers()}, err
	}
	serial, err := s.card()
	return registry.ExtractOf{Card: serial}, err
}

// Whose says whom the population register knows under a number, to an officer who makes
// extracts for citizens, also for who has no card. It says nothing else of the person; that the
// officer asked is kept.
func (d *Desk) Whose(ctx context.Context, by identity.Officer, number identity.PersonalNumber) (identity.PersonID, error) {
	may := identity.Competence(identity.ExtractRecord{}.ActName())
	if !slices.ContainsFunc(by.Roles, func(r identity.Role) bool { return slices.Contains(may, r) }) {
		return "", identity.Refuse(identity.Forbidden, "only officers who make extracts for citizens may ask this")
	}
	if _, err := identity.ParsePersonalNumber(string(number)); err != nil {
		return "", identity.InField("number", err)
	}
	known, err := d.Population.PersonByNumber(ctx, number)
	if err != nil {
		return "", err
	}
	return known.ID, d.Registry.AskedFor(ctx, by.Badge, known.ID)
}

// sections says in lines what is held.
func sections(e registry.Extract) []papers.Section {
	moment := func(t time.Time) string { return t.In(identity.HanoiTime).Format("02/01/2006 15:04") }
	register := papers.Section{VI: "Cơ sở dữ liệu quốc gia về dân cư", EN: "population register"}
	if e.Register != nil {
		register.Lines = append(personLines(*e.Register), "Trạng thái / status: "+string(e.Status))
	}
	changes := papers.Section{VI: "Thay đổi trong cơ sở dữ liệu", EN: "changes of the record"}
	for _, c := range e.Changes {
		changes.Lines = append(changes.Lines, strings.TrimSpace(fmt.Sprintf("%s: %s, %s, %s %s", moment(c.At), c.Change, c.Actor, c.Paper, c.Reason)))
		changes.Lines = append(changes.Lines, changedLines(c, moment)...)
	}
	cards := papers.Section{VI: "Thẻ đã cấp", EN: "cards issued"}
	for _, c := range e.Cards {
		cards.Lines = append(cards.Lines, fmt.Sprintf("%s, %s, %s: %s %s", c.Serial, c.Form, c.Issued.Display(), c.State, identity.ReadReason(c.Reason).InWords()))
		if c.Fault != "" {
			cards.Lines = append(cards.Lines, "   Không đọc được / fault: "+c.Fault)
		}
		for _, change := range c.Life {
			cards.Lines = append(cards.Lines, fmt.Sprintf("   %s: %s, %s", moment(change.At), change.Became, change.By))
		}
	}
	all := []papers.Section{register, changes, cards}
	for _, a := range e.Applications {
		one := papers.Section{VI: "Hồ sơ " + string(a.Application), EN: "application"}
		one.Lines = append(one.Lines, fmt.Sprintf("%s, %s, %s: %s", a.Type, a.Ground, a.FiledOn.Display(), a.Stage))
		one.Lines = append(one.Lines, personLines(a.Person)...)
		one.Lines = append(one.Lines, claimLines(a.Claims)...)
		one.Lines = append(one.Lines, heldLines(a.Held, moment)...)
		if a.Fault != "" {
			one.Lines = append(one.Lines, "Không đọc được / fault: "+a.Fault)
		}
		one.Lines = append(one.Lines, "Lưu giữ / held: "+strings.Join(a.Evidence, ", "))
		for _, event := range a.Trail {
			one.Lines = append(one.Lines, strings.TrimSpace(fmt.Sprintf("   %s: %s, %s %s", moment(event.At), event.What, event.Actor, event.Reason)))
		}
		all = append(all, one)
	}
	asked := papers.Section{VI: "Người đã tra cứu", EN: "who asked"}
	for _, a := range e.Asked {
		asked.Lines = append(asked.Lines, fmt.Sprintf("%s: %s, %s, %s", moment(a.At), a.Officer, a.What, a.Subject))
	}
	return append(all, asked)
}

// changedLines says what of a record was otherwise before a change, and what it is since.
func changedLines(c registry.RecordChange, moment func(time.Time) string) []string {
	if c.Erased != nil {
		return []string{"   trước, sau / before, after: đã xóa / erased " + moment(*c.Erased)}
	}
	var marked struct{ Status, On string }
	if json.Unmarshal(c.After, &marked) == nil && marked.Status != "" {
		return []string{strings.TrimSpace("   sau / after: " + marked.Status + " " + marked.On)}
	}
	var before, after identity.Person
	if c.Before == nil || json.Unmarshal(c.Before, &before) != nil || json.Unmarshal(c.After, &after) != nil {
		return nil // it was registered, or is another register's
	}
	was, is := personLines(before), personLines(after)
	var lines []string
	for _, line := range was {
		if !slices.Contains(is, line) {
			lines = append(lines, "   trước / before: "+line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			lines = append(lines, "   sau / after: "+line)
		}
	}
	return lines
}

// claimLines says what an application says beside the person; nothing where it was erased.
func claimLines(c registry.Claims) []string {
	var lines []string
	for _, field := range []struct{ name, value string }{
		{"Nơi nộp / filed at", strings.TrimSpace(string(c.Station) + " " + string(c.Officer) + " " + string(c.Channel))},
		{"Người đại diện / representative", c.Representative},
		{"Nhận thẻ / delivery", strings.TrimSpace(string(c.Delivery) + " " + c.DeliveryTo)},
		{"Miễn lệ phí / exemption", strings.TrimSpace(c.Exemption + " " + c.ExemptionProof)},
		{"Lỗi do / error by", string(c.ErrorBy)},
		{"Lý do nộp muộn / late because", c.LateReason},
		{"Phiếu thu nhận đã ký / signed sheet", c.SignedSheet},
		{"Giấy tờ chứng minh nguồn gốc / origin proof", c.OriginProof},
		{"Cư trú từ / residing since", c.ResidingSince.Display()},
		{"Điện thoại / telephone", c.SMS},
		{"Thư điện tử / e-mail", c.Email},
	} {
		if field.value != "" {
			lines = append(lines, field.name+": "+field.value)
		}
	}
	if c.VNeID {
		lines = append(lines, "Thông báo qua VNeID / told by VNeID")
	}
	return lines
}

// heldLines says what is kept of an application beside what it says.
func heldLines(h registry.Held, moment func(time.Time) string) []string {
	lines := []string{fmt.Sprintf("Lệ phí / fee: %d VND", h.Fee)}
	for _, p := range h.Payments {
		line := fmt.Sprintf("   %s: %d VND, %s, %s", moment(p.At), p.Amount, p.Receipt, p.To)
		if p.Refunded != nil {
			line += ", hoàn trả / refunded " + moment(*p.Refunded)
		}
		lines = append(lines, line)
	}
	for _, d := range h.Decisions {
		if d.Paper != "" {
			lines = append(lines, fmt.Sprintf("Giấy tờ / paper %s: %s, %s", moment(d.At), d.Officer, d.Paper))
		}
	}
	for _, f := range h.Found {
		lines = append(lines, fmt.Sprintf("Kiểm tra / found %s: %s %s", moment(f.At), f.Stage, f.Found))
	}
	for _, m := range h.Made {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("Thẻ / card %s: %s %s %s %s %s", m.Serial, m.State, m.Handed, m.Proof, m.OldCard, m.OldCardReason)))
	}
	for _, o := range h.Ordered {
		lines = append(lines, fmt.Sprintf("Trên chip / on the chip %s: %s, %s", moment(o.At), o.What, o.Officer))
	}
	for _, l := range h.Letters {
		lines = append(lines, fmt.Sprintf("Thư PIN / PIN letter %s: %s", moment(l.At), l.Officer))
	}
	for _, s := range h.Signatures {
		lines = append(lines, fmt.Sprintf("Chứng thư chữ ký số / signature certificate %s: %s", moment(s.Issued), s.Serial))
	}
	for _, i := range h.Identified {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("Đối chiếu / identified %s: %s, %s %s", moment(i.At), i.Officer, cmp.Or(string(i.Person), "-"), i.Paper)))
	}
	for _, other := range h.Alike {
		lines = append(lines, "Vân tay giống / fingers alike: "+string(other))
	}
	for _, s := range h.Sent {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("Thông báo / told %s: %s %s %s", moment(s.At), s.What, s.Receiver, s.State)))
	}
	return lines
}

// personLines says what is known of a person; nothing where it was erased.
func personLines(p identity.Person) []string {
	var lines []string
	for _, field := range []struct{ name, value string }{
		{"Số định danh / number", string(p.Number)},
		{"Họ tên / name", p.Name.Text},
		{"Ngày sinh / birth", p.Birth.Display()},
		{"Giới tính / sex", string(p.Sex)},
		{"Dân tộc / ethnic group", p.Ethnicity},
		{"Tôn giáo / religion", p.Religion},
		{"Nhóm máu / blood group", p.BloodGroup},
		{"Quê quán / place of origin", p.Origin.Text},
		{"Nơi đăng ký khai sinh / birth registration", p.BirthRegistration.Text},
		{"Nơi cư trú / residence", p.Residence.Text},
		{"Đặc điểm nhận dạng / marks", p.Marks},
		{"Cha / father", p.Father.Text},
		{"Mẹ / mother", p.Mother.Text},
		{"Vợ, chồng / spouse", p.Spouse.Text},
		{"Số CMND / old number", string(p.OldNumber)},
		{"Số định danh đã hủy / cancelled number", string(p.CancelledNumber)},
	} {
		if field.value != "" && p.Name.Text != "" {
			lines = append(lines, field.name+": "+field.value)
		}
	}
	return lines
}
