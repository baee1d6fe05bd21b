package workflows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	records "example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// resolver settles what the population register contradicts.
const resolver = identity.OfficerID("PD-001-0002")

// holder is the population register's record of whom the sample is about.
func (o *testOffice) holder() records.Record {
	o.t.Helper()
	submitted, err := packet.ReadSubmission(os.DirFS(o.folder), "application.json", sizes)
	require.NoError(o.t, err)
	r, err := o.PersonByNumber(o.t.Context(), identity.PersonalNumber(submitted.Person.Number))
	require.NoError(o.t, err)
	return r
}

// identifies is an officer who takes the applicant for the person whom the register has.
func identifies(o *testOffice) {
	update(identity.Identify{Officer: resolver, Person: o.holder().ID, Reason: "papers and person compared"})(o)
}

// moves is the register being corrected.
func moves(o *testOffice) {
	r := o.holder()
	after := r.Person
	after.Residence.Text = "Số 99, Phố Mới, Phường Hoàn Kiếm, Hà Nội"
	act := identity.CorrectPerson{Officer: resolver, Version: r.Version, Paper: "residence record 7", Reason: "moved", Record: make([]byte, 32)}
	require.NoError(o.t, o.CorrectPerson(o.t.Context(), r.ID, act, records.Corrected{Person: after}, o.signed(act, statement.Person(r.ID))))
}

// becomes is the register hearing what the holder has become.
func becomes(status identity.CitizenStatus) act {
	return func(o *testOffice) {
		r := o.holder()
		act := identity.MarkPerson{Officer: resolver, Status: status, On: "2026-03-01", Paper: "certificate 3", Reason: "so it is"}
		require.NoError(o.t, o.MarkPerson(o.t.Context(), r.ID, act, o.signed(act, statement.Person(r.ID))))
	}
}

// dies is the register hearing of the holder's death.
var dies = becomes(identity.Deceased)

// merges is the register learning that the holder had a second life, with a card.
func merges(o *testOffice) {
	r := o.holder()
	other, err := o.PersonByNumber(o.t.Context(), "034087999916")
	require.NoError(o.t, err)
	act := identity.MergePersons{Officer: "GV-01", Version: r.Version, Other: other.ID, Paper: "decision 8", Reason: "twice"}
	_, err = o.MergePersons(o.t.Context(), r.ID, act, o.signed(act, statement.Person(r.ID)))
	require.NoError(o.t, err)
}

// somebodyElse is in the register in the applicant's place.
var somebodyElse = known(func(c *registry.Citizen) {
	c.Person.Name.Text, c.Person.Birth.Day = "Lò Thị Khác", c.Person.Birth.Day%28+1
})

func nameless(s *packet.Submission) { s.Person.Number = "" }

// provenBy is an approval by somebody who saw what proves the person.
var provenBy = identity.Approve{Officer: approver, Paper: "birth certificate 12/2026"}

// Whoever names no number and is nowhere is registered, once, with a number that fits: by the
// officer who approves and saw what proves the person, and not before.
func TestCardApplication_WhoIsNowhereIsRegistered(t *testing.T) {
	t.Parallel()
	o := newOffice(t, submitted(nameless), somebodyElse)
	o.when(identity.ToApprove, together(approves, nobodyIsNew, after(day, update(provenBy))))
	o.when(identity.ToHandOver, handsOver)

	o.process()

	require.Contains(t, strings.Join(o.answered, "\n"), "approve: paper: is missing: the population register has nobody like the applicant")

	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.NoError(t, card.Card.Person.Number.Agrees(card.Card.Person.Birth, card.Card.Person.Sex))
	who, err := o.PersonByNumber(t.Context(), card.Card.Person.Number)
	require.NoError(t, err)
	require.Equal(t, who.ID, card.Person)
	require.Equal(t, who.Person, card.Card.Person)
}

// renamed is the register's record of the holder, who bears the name of the sample by now.
func renamed(o *testOffice) {
	r := o.holder()
	after := r.Person
	after.Name = o.before.Application.Person.Name
	act := identity.CorrectPerson{Officer: resolver, Version: r.Version, Paper: "decision 7", Reason: "name", Record: make([]byte, 32)}
	require.NoError(o.t, o.CorrectPerson(o.t.Context(), r.ID, act, records.Corrected{Person: after}, o.signed(act, statement.Person(r.ID))))
}

// nobodyIsNew: whoever applies without a number is in no register yet.
func nobodyIsNew(o *testOffice) {
	record, err := o.Application(o.t.Context(), o.number)
	require.NoError(o.t, err)
	require.Empty(o.t, record.Application.Person.Number)
	likely, err := o.FindPersons(o.t.Context(), record.Application.Person)
	require.NoError(o.t, err)
	require.Empty(o.t, likely)
}

// An application of somebody who is nowhere ends without a card, however it ends: nobody has
// entered the register, and the fingers of somebody who is there lead to that person.
func TestCardApplication_WhoGetsNoCardEntersNoRegister(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set  func(o *testOffice)
		want identity.Stage
	}{
		"Withdrawn": {func(o *testOffice) { o.when(identity.ToApprove, withdraws) }, identity.Withdrawn},
		"Rejected":  {func(o *testOffice) { o.when(identity.ToApprove, rejects) }, identity.Rejected},
		"SamePerson": {func(o *testOffice) {
			o.hits = []identity.ApplicationNumber{registrytest.Receive(o.t, o.Registry, o.holder().Person, identity.GroundFirstCard, nil), "00000-00000-0"}
			o.when(identity.ToAdjudicate, adjudicates(true))
		}, identity.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, submitted(nameless), somebodyElse)
			tt.set(o)

			require.Equal(t, tt.want, o.process().End)

			record, err := o.Application(t.Context(), o.number)
			require.NoError(t, err)
			likely, err := o.FindPersons(t.Context(), identity.Person{Name: record.Application.Person.Name, Birth: record.Application.Person.Birth})
			require.NoError(t, err)
			require.Empty(t, likely)
			require.Equal(t, name == "SamePerson", record.Application.Person.Number == o.holder().Person.Number)
		})
	}
}

// Somebody was registered meanwhile who may be the applicant: the approval registers nobody, and
// an officer says who it is. That person's card is approved by another officer, however it was
// approved before. Whatever an adjudicator has decided stands, and whoever is found since is judged too.
func TestCardApplication_WhoIsSomebodyOfTheRegisterByTheApproval(t *testing.T) {
	t.Parallel()
	o := newOffice(t, submitted(nameless), somebodyElse)
	o.hits = []identity.ApplicationNumber{"00000-00000-0"}
	o.when(identity.ToAdjudicate, adjudicates(false))
	o.when(identity.ToApprove, together(renamed, update(provenBy)))
	o.when(identity.ToApprove, together(update(identity.Approve{Officer: resolver}), after(day, approves)))
	nobody := update(identity.Identify{Officer: resolver, Reason: "did not look"}) // at whom was found
	another := func(o *testOffice) { o.hits = append(o.hits, "00000-00001-1") }
	o.when(identity.ToResolve, together(nobody, after(day, nobody), after(2*day, together(another, identifies))))
	o.when(identity.ToAdjudicate, adjudicates(false))
	o.when(identity.ToHandOver, handsOver)

	require.Equal(t, identity.Issued, o.process().End)

	require.Contains(t, o.story(), "1 other person(s) with these fingerprints: an adjudicator decides; see 00000-00001-1")
	require.Contains(t, o.story(), "1 person(s) of the population register may be the applicant by now")
	require.Contains(t, o.story(), "Approved by "+string(approver)+" before an officer said whose it is: it is approved anew for that person, by another than who said so, or refused")
	require.Contains(t, strings.Join(o.answered, "\n"), "approve: officer: whoever said who the applicant is does not approve")
	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.Equal(t, o.holder().Person, card.Card.Person)
}

// What was a first card when it was validated is none when the card is made: the registers are
// asked again, and nobody gets it for nothing who had one under another number.
func TestCardApplication_OfWhoHadACardUnderAnotherNumber(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, together(merges, approves))
	o.when(identity.ToResolve, rejects)

	require.Equal(t, identity.Rejected, o.process().End)

	require.Contains(t, o.story(), "The applicant holds a card by now, or held one")
	require.Contains(t, o.story(), "The population registry disagrees on: [ground]")
}

// The fingers of a second life are the applicant's own once the register has made the two one
// person: nobody has to call the applicant two persons, or reject the application.
func TestCardApplication_LivesAreMergedWhileAnAdjudicatorIsAwaited(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	other, err := o.PersonByNumber(t.Context(), "034087999916")
	require.NoError(t, err)
	o.hits = []identity.ApplicationNumber{registrytest.Receive(t, o.Registry, other.Person, identity.GroundRequest, nil)}
	_, err = registrytest.Signing{Registry: o.Registry}.Decide(t.Context(), identity.Decision{Application: o.hits[0], Step: identity.StepWithdraw, Round: 1, Officer: counter, Reason: identity.Reason{Code: "card-found"}}, time.Time{})
	require.NoError(t, err)
	_, err = o.Enter(t.Context(), registry.StageChange{Application: o.hits[0], To: identity.Withdrawn, Actor: identity.ActorSystem})
	require.NoError(t, err)
	o.when(identity.ToAdjudicate, together(merges, adjudicates(true), after(day, looks)))
	o.when(identity.ToApprove, rejects)

	require.Equal(t, identity.Rejected, o.process().End)

	require.Contains(t, strings.Join(o.story(), "\n"), "1 other person(s) with these fingerprints")
	require.Contains(t, strings.Join(o.answered, "\n"), "there is nothing to adjudicate")
	require.Contains(t, o.story(), "An officer who did not enroll grants or refuses the card")
}

// Whoever names no number and is known gets no second one.
func TestCardApplication_WhoMayBeKnownIsShownToAnOfficer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, submitted(nameless))
	o.when(identity.ToResolve, identifies)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	o.process()

	require.Contains(t, o.story(), "1 person(s) of the population register may be the applicant: an officer says who it is")
	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.Equal(t, o.holder().Person, card.Card.Person)
}

// What a station typed is on no card: it is the register's record, once an officer said
// that it stands.
func TestCardApplication_NothingThatAStationTypedIsPrinted(t *testing.T) {
	t.Parallel()
	o := newOffice(t, submitted(func(s *packet.Submission) {
		s.Person.Residence.Text, s.Person.Father, s.Person.OldNumber, s.Person.Ethnicity = "Số 1, Phố Giả, Phường Hoàn Kiếm, Hà Nội", "Lê Văn Giả", "012999999", "Tày"
	}))
	o.when(identity.ToResolve, identifies)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)
	before := o.holder()

	o.process()

	require.Contains(t, o.story(), "The population registry disagrees on: [person.ethnicity person.residence person.father person.old_number]")
	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.Equal(t, before.Person, card.Card.Person)
	require.Equal(t, before, o.holder(), "handing a card over changes no person's record")
}

func TestCardApplication_ACorrectionWhileItWaitsIsTaken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, together(moves, approves))
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, 1, result.Cards)
	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.Equal(t, "Số 99, Phố Mới, Phường Hoàn Kiếm, Hà Nội", card.Card.Person.Residence.Text)
}

// A correction after the card was prepared makes another card, wherever it is found.
func TestCardApplication_ACorrectionAfterPreparationMakesAnotherCard(t *testing.T) {
	t.Parallel()
	for _, activity := range []string{"Make", "Pack"} {
		t.Run(activity, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.when(identity.ToApprove, approves)
			o.ahead[activity] = moves
			o.when(identity.ToHandOver, handsOver)

			result := o.process()

			require.Equal(t, identity.Issued, result.End)
			require.Equal(t, 2, result.Cards)
			cards, err := o.Cards(t.Context(), o.number)
			require.NoError(t, err)
			require.Equal(t, identity.CardSpoiled, cards[0].State)
			require.Equal(t, identity.ReasonRecordChanged, cards[0].Reason.Code)
			require.Equal(t, "Số 99, Phố Mới, Phường Hoàn Kiếm, Hà Nội", cards[1].Card.Person.Residence.Text)
		})
	}
}

// The card of who has died, or is no citizen any more, is neither made nor handed over, at
// whichever stage the register hears of it; what was made of it is spoiled, or destroyed by two officers.
func TestCardApplication_OfWhoDiesMeanwhile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		when    func(o *testOffice, hears act)
		card    identity.CardState // empty: none was prepared
		blank   bool               // one was taken
		printed bool
	}{
		"BeforeValidation":      {when: func(o *testOffice, hears act) { o.ahead["Validate"] = hears }},
		"BeforeDeduplication":   {when: func(o *testOffice, hears act) { o.ahead["Deduplicate"] = hears }},
		"WhileItIsApproved":     {when: func(o *testOffice, hears act) { o.when(identity.ToApprove, together(hears, approves)) }},
		"BeforePreparation":     {when: func(o *testOffice, hears act) { o.ahead["PrepareData"] = hears }},
		"BeforePersonalization": {when: func(o *testOffice, hears act) { o.ahead["Make"] = hears }, card: identity.CardSpoiled},
		"BeforeItIsPrinted":     {when: func(o *testOffice, hears act) { o.printing, o.off = hears, 1 }, card: identity.CardSpoiled, blank: true},
		"WhileItIsPrinted":      {when: func(o *testOffice, hears act) { o.printing = hears }, card: identity.CardSpoiled, blank: true, printed: true},
		"BeforeItIsPacked":      {when: func(o *testOffice, hears act) { o.ahead["Pack"] = hears }, card: identity.CardSpoiled, blank: true, printed: true},
	} {
		hears := func(t *testing.T, status identity.CitizenStatus) {
			t.Helper()
			t.Parallel()
			o := newOffice(t)
			for _, waits := range []identity.Action{identity.ToResolve, identity.ToAttend} {
				o.when(waits, rejects)
			}
			tt.when(o, becomes(status))
			o.when(identity.ToApprove, approves)

			result := o.process()

			require.Equal(t, identity.Rejected, result.End)
			require.Len(t, o.printed, map[bool]int{true: 1}[tt.printed])
			cards, err := o.Cards(t.Context(), o.number)
			require.NoError(t, err)
			if tt.card == "" {
				require.Empty(t, cards)
				return
			}
			require.Len(t, cards, 1)
			require.Equal(t, tt.card, cards[0].State)
			require.Equal(t, tt.blank, cards[0].Blank != "")
		}
		t.Run(name, func(t *testing.T) { hears(t, identity.Deceased) })
		t.Run("NationalityLost"+name, func(t *testing.T) { hears(t, identity.NationalityLost) })
	}
	t.Run("BeforeHandOver", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.when(identity.ToApprove, approves)
		o.when(identity.ToHandOver, together(dies, handsOver, after(day, rejects)))

		result := o.process()

		require.Equal(t, identity.Rejected, result.End)
		require.Contains(t, o.answered, "hand-over: person: is deceased by the population register: no card is made or handed over; reject the application")
		card, err := o.Card(t.Context(), o.number, 1)
		require.NoError(t, err)
		require.Equal(t, identity.CardArrived, card.State, "two officers destroy it")
	})
}

// A child who was too young for a capture when the application was filed, and is six when
// the card is prepared, is captured first, and has the card of that age.
func TestCardApplication_OfAChildWhoTurnsSixIsCaptured(t *testing.T) {
	t.Parallel()
	captured := filepath.Join("..", "samples", "05-child-of-8")
	captures := func(o *testOffice) {
		evidence := make(map[identity.EvidenceKind][]byte)
		var err error
		evidence[identity.EvidencePortrait], err = os.ReadFile(filepath.Join(captured, "portrait.jpg"))
		require.NoError(o.t, err)
		templates := make(fingerprint.Templates)
		for position, file := range map[fingerprint.Position]string{fingerprint.LeftIndex: "left-index.fmr", fingerprint.RightIndex: "right-index.fmr"} {
			templates[position], err = os.ReadFile(filepath.Join(captured, file))
			require.NoError(o.t, err)
		}
		evidence[identity.EvidenceTemplates], err = templates.MarshalBinary()
		require.NoError(o.t, err)
		require.NoError(o.t, o.Capture(o.t.Context(), o.number, 2, nil, evidence))
		update(identity.Recapture{Officer: enroller, Round: 2})(o)
	}
	o := newOffice(t, sample("06-child-under-6"), submitted(func(s *packet.Submission) {
		s.Person.Number, s.Person.Name, s.Person.Birth = "", "Bùi Gia Nguyên Tịnh", "2020-11-26"
	}))
	require.False(t, o.before.Application.NeedsCapture(), "on the day of filing")
	o.when(identity.ToApprove, after(4*day, update(provenBy))) // the birthday is over
	o.when(identity.ToRecapture, captures)
	o.when(identity.ToHandOver, handsOverTo(identity.HandOverByProxy, "birth certificate"))

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, 1, result.Cards)
	require.Contains(t, o.story(), "the child is old enough now for a portrait and fingerprints, which are taken before the card is made")
	require.Contains(t, o.stages(), identity.Deduplication)
	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.Equal(t, identity.FormID("can-cuoc-2024"), card.Card.Form)
}
