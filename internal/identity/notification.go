package identity

import (
	"errors"
	"regexp"
	"strings"
)

// EventKind is what happened to an application that its citizen is told, and whoever else
// was given a webhook. The values are wire format: they end the types of CloudEvents.
type EventKind string

// The kinds.
const (
	EventReceived  EventKind = "received"
	EventRecapture EventKind = "recapture" // a capture has to be taken again
	EventReady     EventKind = "ready"     // the card can be collected, or comes by post
	EventReminder  EventKind = "reminder"  // it still can be, for a while
	EventRejected  EventKind = "rejected"
	EventExpired   EventKind = "expired"
	EventCardLost  EventKind = "card-lost"  // the card that was given is reported lost
	EventCardValid EventKind = "card-valid" // it is so no more: it was found, or reported by who was not its holder
)

// EventKinds lists them.
var EventKinds = []EventKind{EventReceived, EventRecapture, EventReady, EventReminder, EventRejected, EventExpired, EventCardLost, EventCardValid}

// NotifyBy is a way to reach a citizen. The values are wire format.
type NotifyBy string

// The ways, each through an adapter that is a webhook.
const (
	BySMS   NotifyBy = "sms"
	ByEmail NotifyBy = "email"
	ByVNeID NotifyBy = "vneid"
)

// NotifyWays lists them.
var NotifyWays = []NotifyBy{BySMS, ByEmail, ByVNeID}

// Contact is how a citizen agreed to be told of the application; zero: they did not.
type Contact struct {
	SMS   string `json:",omitzero"` // a telephone number of E.164
	Email string `json:",omitzero"`
	VNeID bool   `json:",omitzero"` // the account of the personal number
}

// Ways lists those that the citizen agreed to.
func (c Contact) Ways() []NotifyBy {
	ways := []NotifyBy{}
	if c.SMS != "" {
		ways = append(ways, BySMS)
	}
	if c.Email != "" {
		ways = append(ways, ByEmail)
	}
	if c.VNeID {
		ways = append(ways, ByVNeID)
	}
	return ways
}

// String hides the contact.
func (Contact) String() string { return "[contact]" }

var (
	e164    = regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)
	mailbox = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$`)
)

const maxMailbox = 254 // of an address in SMTP

// ParsePhone reads a telephone number: of E.164, or as Vietnam dials it.
func ParsePhone(s string) (string, error) {
	number := strings.NewReplacer(" ", "", ".", "", "-", "").Replace(s)
	if rest, national := strings.CutPrefix(number, "0"); national {
		number = "+84" + rest
	}
	if !e164.MatchString(number) {
		return "", Refuse(Invalid, "is no telephone number; accepted are +84912345678 and 0912345678")
	}
	return number, nil
}

// ParseEmail reads an address of electronic mail, as HTML's forms accept it.
func ParseEmail(s string) (string, error) {
	if len(s) > maxMailbox || !mailbox.MatchString(s) {
		return "", Refuse(Invalid, "is no address of electronic mail; accepted is for example ten@example.vn")
	}
	return s, nil
}

// ReplayNotifications has what a receiver did not take sent again.
type ReplayNotifications struct {
	Officer     OfficerID
	Receiver    string
	Application ApplicationNumber `json:",omitzero"` // empty: of all
	Reason      string
}

// ActName implements Act.
func (ReplayNotifications) ActName() string { return "replay-notifications" }

// Check implements Act.
func (a ReplayNotifications) Check() error {
	problems := []error{checkBadge("officer", a.Officer), checkGiven("receiver", a.Receiver), checkGiven("reason", a.Reason)}
	if a.Application != "" {
		if _, err := ParseApplicationNumber(string(a.Application)); err != nil {
			problems = append(problems, InField("application", err))
		}
	}
	return errors.Join(problems...)
}

// By implements Act.
func (a ReplayNotifications) By() []OfficerID { return []OfficerID{a.Officer} }
