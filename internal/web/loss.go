package web

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// A citizen reports a loss at the portal as the status of an application is looked up: by the
// number of the slip on which the card was given, and the birth date, with the same tries.
// It is said twice: the first answer shows which card that is and what will follow, and has
// the word by which the second confirms it.

// loss is what is sent.
type loss struct {
	Receipt string `json:"receipt"`
	Birth   string `json:"birth"`
	Confirm string `json:"confirm"` // empty: what would be reported is to be shown
}

// Loss is the answer.
type Loss struct {
	Receipt identity.ApplicationNumber `json:"receipt"`
	State   identity.CardState         `json:"state"`
	Issued  identity.Date              `json:"issued"`           // as the card shows it
	Confirm string                     `json:"confirm,omitzero"` // what to send with the same again, within confirmWithin
	Text    Text                       `json:"text"`
}

// confirmWithin is how long a citizen has to confirm a loss.
const confirmWithin = 10 * time.Minute

var (
	noCard = problem{Status: http.StatusConflict, Text: Text{
		"Hồ sơ này không có thẻ đang sử dụng.", "No card is in use that was given on this application.",
	}}
	unconfirmed = problem{Status: http.StatusConflict, Field: "confirm", Text: Text{
		"Xác nhận không đúng hoặc đã hết hạn: xin gửi lại từ đầu.", "The confirmation is not the one that was given, or is too old: please begin again.",
	}}
	willBeDead = Text{
		"Sau khi xác nhận, thẻ bị khóa ngay. " + lostNext.VI, "Once you confirm, the card is dead at once. " + lostNext.EN,
	}
	isDead = Text{
		"Thẻ đã được báo mất và không còn giá trị.", "The card is reported lost, and is not valid any more.",
	}
)

// lossJSON answers a loss with a [Loss], or with a problem document (RFC 9457).
func (d *window) lossJSON(w http.ResponseWriter, r *http.Request) {
	var said loss
	var answer *Loss
	wrong := readJSON(w, r, &said, Text{"Cần một đối tượng JSON có receipt và birth, và confirm khi xác nhận.", "A JSON object with receipt and birth is needed, and with confirm to confirm it."})
	if wrong == nil {
		answer, wrong = d.reportLoss(r.Context(), said, question{client: d.client(r), receipt: said.Receipt, birth: said.Birth})
	}
	d.answerJSON(w, answer, wrong)
}

func (d *window) reportLoss(ctx context.Context, said loss, q question) (*Loss, *problem) {
	if _, wrong := d.find(ctx, q); wrong != nil {
		return nil, wrong
	}
	number, _, wrong := q.read()
	if wrong != nil {
		return nil, wrong
	}
	card, err := d.Registry.CardOf(ctx, number)
	switch {
	case identity.Refused(err, identity.NotFound):
		return nil, &noCard
	case err != nil:
		return d.lossFault(err)
	case card.State == identity.CardReportedLost && !card.Claimed:
		return &Loss{Receipt: number, State: card.State, Issued: card.Issued, Text: isDead}, nil
	case said.Confirm == "":
		word, err := d.word(number, card, card.Now.Add(confirmWithin))
		if err != nil {
			return d.lossFault(err)
		}
		return &Loss{Receipt: number, State: card.State, Issued: card.Issued, Confirm: word, Text: willBeDead}, nil
	}
	if confirmed, err := d.confirms(said.Confirm, number, card); err != nil || !confirmed {
		if err != nil {
			return d.lossFault(err)
		}
		return nil, &unconfirmed
	}
	switch err := d.Registry.LostByHolder(ctx, number); {
	case identity.Refused(err, identity.Conflict):
		return nil, &noCard
	case err != nil:
		return d.lossFault(err)
	}
	return &Loss{Receipt: number, State: identity.CardReportedLost, Issued: card.Issued, Text: isDead}, nil
}

func (d *window) lossFault(err error) (*Loss, *problem) {
	d.Logger.Error("Loss not recorded", "error", err)
	return nil, &busy
}

// word is what confirms the loss of a card until then: no other card, and not the same one
// after it was found.
func (d *window) word(number identity.ApplicationNumber, card registry.CardInHand, until time.Time) (string, error) {
	code, err := d.Code(fmt.Appendf(nil, "loss %s %s %d %d", number, card.State, card.ChangedAt.UnixMicro(), until.Unix()))
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(until.Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString(code), nil
}

// confirms reports whether a word is the one that was given for that card, and not too old.
func (d *window) confirms(said string, number identity.ApplicationNumber, card registry.CardInHand) (bool, error) {
	seconds, _, _ := strings.Cut(said, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || card.Now.Unix() > n {
		return false, nil //nolint:nilerr // it is no word of ours
	}
	word, err := d.word(number, card, time.Unix(n, 0))
	return err == nil && subtle.ConstantTimeCompare([]byte(word), []byte(said)) == 1, err
}

// readJSON reads what is sent, or says what is wrong with it.
func readJSON(w http.ResponseWriter, r *http.Request, into any, needed Text) *problem {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return &problem{Status: http.StatusUnsupportedMediaType, Text: Text{"Chỉ nhận application/json.", "Only application/json is accepted."}}
	}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm))
	if err := errors.Join(body.Decode(into), ends(body)); err != nil {
		return &problem{Status: http.StatusBadRequest, Text: needed}
	}
	return nil
}

// ends refuses what follows the one value that was read.
func ends(body *json.Decoder) error {
	if _, err := body.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows")
	}
	return nil
}

// answerJSON writes an answer, or a problem document.
func (d *window) answerJSON(w http.ResponseWriter, answer any, wrong *problem) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	var err error
	if wrong != nil {
		told := *wrong
		told.Title = http.StatusText(told.Status)
		told.header(w)
		header.Set("Content-Type", "application/problem+json")
		w.WriteHeader(told.Status)
		err = json.NewEncoder(w).Encode(told)
	} else {
		header.Set("Content-Type", "application/json")
		err = json.NewEncoder(w).Encode(answer)
	}
	if err != nil {
		d.Logger.Error("Answer not written", "error", err)
	}
}
