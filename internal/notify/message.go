package notify

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// message is what is sent about a delivery: the same, each time.
type message struct {
	id   string
	body []byte
}

// typePrefix is before the kind in the type of an event.
const typePrefix = "vn.cancuoc.application."

// event is a CloudEvent 1.0 in its JSON format, with the extension sequence.
type event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	Sequence        string    `json:"sequence"` // which event of the subject's this is; compared as text
	DataContentType string    `json:"datacontenttype"`
	Data            data      `json:"data"`
}

// data is what the event says.
type data struct {
	Event identity.EventKind `json:"event"`
	Until identity.Date      `json:"until,omitzero"` // the last day on which the citizen is waited for
	By    identity.NotifyBy  `json:"by,omitzero"`
	To    string             `json:"to,omitzero"`
	Text  *text              `json:"text,omitzero"`
}

// message writes what a receiver is told of a delivery.
func (l *line) message(d registry.Delivery) (message, error) {
	id, err := l.code("event", string(d.Application), strconv.Itoa(d.N))
	if err != nil {
		return message{}, err
	}
	e := event{
		SpecVersion: "1.0", ID: id, Source: l.Source, Type: typePrefix + string(d.Kind), Subject: string(d.Application), Time: d.At.UTC(),
		Sequence: fmt.Sprintf("%06d", d.N), DataContentType: "application/json", Data: data{Event: d.Kind},
	}
	if l.to.ByReference {
		if e.Subject, err = l.code("reference", l.to.Name, string(d.Application)); err != nil {
			return message{}, err
		}
	}
	if !d.Until.IsZero() {
		e.Data.Until = lastDay(d.Until)
	}
	if l.to.Way != "" {
		said := l.say(d)
		e.Data.By, e.Data.To, e.Data.Text = l.to.Way, address(d, l.to.Way), &said
	}
	body, err := json.Marshal(e)
	return message{id, body}, err
}

// code is an opaque name of parts, under a key of the office.
func (l *line) code(kind string, parts ...string) (string, error) {
	digest, err := l.Code(fmt.Appendf(nil, "notification %s %q", kind, parts))
	if err != nil {
		return "", fmt.Errorf("name notification: %w", err)
	}
	const long = 18 // bytes; 24 letters
	return base64.RawURLEncoding.EncodeToString(digest[:long]), nil
}

// address is where a citizen is reached.
func address(d registry.Delivery, by identity.NotifyBy) string {
	switch by {
	case identity.BySMS:
		return d.Contact.SMS
	case identity.ByEmail:
		return d.Contact.Email
	case identity.ByVNeID:
		return string(d.Number)
	}
	return ""
}

// statusURL is the citizens' page with the receipt filled in.
func (l *line) statusURL(number identity.ApplicationNumber) string {
	return l.Source + "/?receipt=" + url.QueryEscape(string(number))
}
