package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// known is a person of the population register.
func known() identity.Person {
	return identity.Person{
		Number: "001301000001", Name: identity.Name{Text: "Nguyễn Thị Hòa"}, Birth: identity.Date{Year: 2001, Month: 3, Day: 1}, Sex: identity.Female,
		Ethnicity: "Kinh", Father: identity.Name{Text: "Nguyễn Văn Tám"}, Mother: identity.Name{Text: "Trần Thị Tư"},
		Residence:         identity.Place{Text: "12 Hàng Bài, Hà Nội", Province: "001"},
		BirthRegistration: identity.Place{Text: "Phường Hoàn Kiếm, Hà Nội", Province: "001"},
	}
}

// validating is a pipeline over a register that knows a person, who may hold a card.
func validating(t *testing.T, person identity.Person, card *registry.OldCard) (*activities.Pipeline, *registry.Registry) {
	t.Helper()
	r := registrytest.Open(t)
	require.NoError(t, r.SeedCitizen(t.Context(), registry.Citizen{Person: person, Status: identity.Alive, LiveCard: card}))
	return &activities.Pipeline{Registry: r, Population: r}, r
}

var oldCard = &registry.OldCard{Serial: "0123456789ABCDEF", Form: "cccd-2021", Issued: identity.Date{Year: 2021, Month: 5, Day: 1}, Expiry: identity.Expiry{Date: identity.Date{Year: 2026, Month: 3, Day: 1}}}

func TestValidate_NamesTheFieldsThatThePopulationRegistryHasOtherwise(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ground identity.Ground
		typed  func(*identity.Person)
		card   *registry.OldCard
		want   []string
	}{
		"Agrees":           {identity.GroundFirstCard, func(*identity.Person) {}, nil, nil},
		"SpelledOtherwise": {identity.GroundFirstCard, func(p *identity.Person) { p.Name.Text = "NGUYỄN THỊ HOÀ" }, nil, nil},
		"Name":             {identity.GroundFirstCard, func(p *identity.Person) { p.Name.Text = "Nguyễn Thị Hoa" }, nil, []string{"person.name"}},
		"Birth":            {identity.GroundFirstCard, func(p *identity.Person) { p.Birth.Day = 2 }, nil, []string{"person.birth"}},
		"Sex":              {identity.GroundFirstCard, func(p *identity.Person) { p.Sex = identity.Male }, nil, []string{"person.sex"}},
		"Several": {identity.GroundFirstCard, func(p *identity.Person) {
			p.Residence.Text, p.Father.Text, p.OldNumber = "1 Phố Huế, Hà Nội", "Lê Văn Một", "012999999"
		}, nil, []string{"person.residence", "person.father", "person.old_number"}},
		"Ethnicity":            {identity.GroundFirstCard, func(p *identity.Person) { p.Ethnicity = "Tày" }, nil, []string{"person.ethnicity"}},
		"FirstCardOfTwo":       {identity.GroundFirstCard, func(*identity.Person) {}, oldCard, []string{"ground"}},
		"ExchangeOfACard":      {identity.GroundAge, func(*identity.Person) {}, oldCard, nil},
		"ExchangeOfNone":       {identity.GroundAge, func(*identity.Person) {}, nil, []string{"ground"}},
		"LossOfNone":           {identity.GroundLost, func(*identity.Person) {}, nil, []string{"ground"}},
		"NationalityNeverLost": {identity.GroundNationality, func(*identity.Person) {}, nil, []string{"ground"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, r := validating(t, known(), tt.card)
			typed := known()
			tt.typed(&typed)

			out, err := p.Validate(t.Context(), activities.ValidateInput{Application: captured(t, r, typed, tt.ground)})

			require.NoError(t, err)
			require.Equal(t, tt.want, out.Contradictions)
		})
	}
}

// Whoever comes from a CMND by the register applies on that ground, as it is handed in.
func TestValidate_FirstCardOfWhoHasACMND(t *testing.T) {
	t.Parallel()
	person := known()
	person.OldNumber = "012999999"
	p, r := validating(t, person, nil)

	out, err := p.Validate(t.Context(), activities.ValidateInput{Application: captured(t, r, known(), identity.GroundFirstCard)})

	require.NoError(t, err)
	require.Equal(t, []string{"ground"}, out.Contradictions)
}

// Who lost nationality and regained it is given a reissue, at its price, whether the card was
// withdrawn here or there was none; and an exchange on request, which costs less, is not given.
func TestValidate_RegainedNationality(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		card   *registry.OldCard
		kind   identity.ApplicationType
		ground identity.Ground
		want   []string
		fee    int
	}{
		"Reissue":     {oldCard, identity.Reissue, identity.GroundNationality, nil, 35_000},
		"NeverACard":  {nil, identity.Reissue, identity.GroundNationality, nil, 35_000},
		"FirstCard":   {nil, identity.FirstIssue, identity.GroundFirstCard, nil, 0},
		"Request":     {oldCard, identity.Exchange, identity.GroundRequest, []string{"ground"}, 15_000},
		"FiledBefore": {oldCard, identity.Reissue, identity.GroundNationality, []string{"filed_on"}, 35_000},
		"FirstOfMany": {oldCard, identity.FirstIssue, identity.GroundFirstCard, []string{"ground"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, r := validating(t, known(), tt.card)
			who, err := r.PersonByNumber(t.Context(), known().Number)
			require.NoError(t, err)
			for _, status := range []identity.CitizenStatus{identity.NationalityLost, identity.Alive} {
				on := "2026-02-01"
				if name == "FiledBefore" && status == identity.Alive {
					on = "2026-11-24"
				}
				mark := identity.MarkPerson{Officer: "PD-001-0002", Status: status, On: on, Paper: "decision 3", Reason: "so it is"}
				require.NoError(t, registrytest.Signing{Registry: r}.MarkPerson(t.Context(), who.ID, mark))
			}
			number := atCapture(t, r, registrytest.ReceiveAs(t, r, known(), tt.kind, tt.ground))

			out, err := p.Validate(t.Context(), activities.ValidateInput{Application: number})

			require.NoError(t, err)
			require.Equal(t, tt.want, out.Contradictions)
			payment, err := r.Payment(t.Context(), number)
			require.NoError(t, err)
			require.Equal(t, registry.Payment{Fee: tt.fee}, payment)
		})
	}
}

// The fee follows from the age that the register knows, whatever a station typed.
func TestValidate_SettlesTheFeeByTheRegister(t *testing.T) {
	t.Parallel()
	p, r := validating(t, known(), oldCard)
	typed := known()
	typed.Birth = identity.Date{Year: 1950, Month: 3, Day: 1}
	number := atCapture(t, r, registrytest.ReceiveAs(t, r, typed, identity.Exchange, identity.GroundRequest))

	_, err := p.Validate(t.Context(), activities.ValidateInput{Application: number})

	require.NoError(t, err)
	payment, err := r.Payment(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, registry.Payment{Fee: 15_000}, payment)
}

// The card that the register's holder has decides on which ground it is exchanged, by the places
// and numbers of the register; not what a station typed or left out.
func TestValidate_TheGroundIsThatOfTheHolder(t *testing.T) {
	t.Parallel()
	who := known()
	who.Origin = who.BirthRegistration
	withoutPlace, renumbered := who, who
	withoutPlace.Origin, renumbered.CancelledNumber = identity.Place{}, "001201000777"
	for ground, tt := range map[identity.Ground]struct {
		typed identity.Person
		want  []string
	}{
		identity.GroundBoundaries:    {withoutPlace, []string{"ground"}},
		identity.GroundNumberChanged: {renumbered, []string{"person.cancelled_number", "ground"}},
	} {
		t.Run(string(ground), func(t *testing.T) {
			t.Parallel()
			p, r := validating(t, who, &registry.OldCard{
				Serial: "0123456789ABCDEF", Form: "can-cuoc-2024", Issued: identity.Date{Year: 2026, Month: 1, Day: 15}, Expiry: identity.Expiry{Date: identity.Date{Year: 2041, Month: 3, Day: 1}},
			})
			number := atCapture(t, r, registrytest.ReceiveAs(t, r, tt.typed, identity.Exchange, ground))

			out, err := p.Validate(t.Context(), activities.ValidateInput{Application: number})

			require.NoError(t, err)
			require.Equal(t, tt.want, out.Contradictions)
		})
	}
}

func TestValidate_WhoHasDiedIsAContradiction(t *testing.T) {
	t.Parallel()
	r := registrytest.Open(t)
	require.NoError(t, r.SeedCitizen(t.Context(), registry.Citizen{Person: known(), Status: identity.Deceased}))
	p := &activities.Pipeline{Registry: r, Population: r}

	out, err := p.Validate(t.Context(), activities.ValidateInput{Application: captured(t, r, known(), identity.GroundFirstCard)})

	require.NoError(t, err)
	require.Equal(t, []string{"person"}, out.Contradictions)
}

func TestValidate_UnknownNumberIsAContradiction(t *testing.T) {
	t.Parallel()
	p, r := validating(t, known(), nil)

	out, err := p.Validate(t.Context(), activities.ValidateInput{Application: captured(t, r, identity.Person{Number: "079086999903"}, identity.GroundAge)})

	require.NoError(t, err)
	require.Equal(t, []string{"person.number"}, out.Contradictions)
}

// Who names no number is looked for: nobody is given a second one.
func TestValidate_WhoHasNoNumberIsLookedFor(t *testing.T) {
	t.Parallel()
	unknown, unproven := known(), known()
	unknown.Number, unknown.Name.Text, unknown.Mother.Text = "", "Phạm Thu Hà", "Đỗ Thị Lan"
	unproven.Number, unproven.Name.Text, unproven.Mother.Text, unproven.BirthRegistration = "", "Phạm Thu Hà", "Đỗ Thị Lan", identity.Place{}
	typed := known()
	typed.Number, typed.Name.Text = "", "NGUYỄN THỊ HOA"
	for name, tt := range map[string]struct {
		typed   identity.Person
		matches int
		want    []string
	}{
		"Likely":        {typed: typed, matches: 1},
		"Nowhere":       {typed: unknown},
		"WithoutAPaper": {typed: unproven, want: []string{"person.birth_registration"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, r := validating(t, known(), nil)
			in := activities.ValidateInput{Application: captured(t, r, tt.typed, identity.GroundFirstCard)}

			for range 2 { // a step may run again
				out, err := p.Validate(t.Context(), in)
				require.NoError(t, err)
				require.Equal(t, tt.matches, out.Matches)
				require.Equal(t, tt.want, out.Contradictions)
			}

			record, err := r.Application(t.Context(), in.Application)
			require.NoError(t, err)
			require.Empty(t, record.Application.Person.Number, "nobody is registered before an officer approves")
		})
	}
}

// An officer's word settles who the applicant is, and what was typed does not matter then.
func TestValidate_AfterAnOfficerSaidWhoItIs(t *testing.T) {
	t.Parallel()
	typed := known()
	typed.Number, typed.Name.Text, typed.Residence.Text = "", "NGUYỄN THỊ HOA", "1 Phố Huế, Hà Nội"
	for name, tt := range map[string]struct {
		said func(population.Record) identity.Decision
		same bool
	}{
		"ThisPerson": {func(r population.Record) identity.Decision {
			return identity.Decision{Verdict: identity.KnownPerson, Person: r.ID}
		}, true},
		"NobodyOfThese": {func(r population.Record) identity.Decision {
			return identity.Decision{Verdict: identity.NewPerson, NotThese: []identity.PersonID{r.ID}}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, r := validating(t, known(), nil)
			number := captured(t, r, typed, identity.GroundFirstCard)
			out, err := p.Validate(t.Context(), activities.ValidateInput{Application: number})
			require.NoError(t, err)
			require.Equal(t, 1, out.Matches)
			who, err := r.PersonByNumber(t.Context(), known().Number)
			require.NoError(t, err)
			d := tt.said(who)
			d.Application, d.Step, d.Round, d.Officer, d.Reason = number, identity.StepIdentify, 1, "CB-001-0003", identity.Reason{Note: "papers seen"}
			require.NoError(t, errOf(registrytest.Signing{Registry: r}.Decide(t.Context(), d, time.Time{})))

			out, err = p.Validate(t.Context(), activities.ValidateInput{Application: number, Round: 1})

			require.NoError(t, err)
			require.Empty(t, out.Contradictions)
			require.Zero(t, out.Matches)
			record, err := r.Application(t.Context(), number)
			require.NoError(t, err)
			require.Equal(t, tt.same, record.Application.Person.Number == known().Number)
		})
	}
}

// Nobody is taken for a person who was not shown to the officer, and whoever was taken for the
// wrong one of those is taken for the right one while the application is validated.
func TestDecide_IdentifiesOneOfThoseWhoWereShown(t *testing.T) {
	t.Parallel()
	p, r := validating(t, known(), nil)
	calendar, err := identity.LoadCalendar()
	require.NoError(t, err)
	p.Calendar = calendar
	namesake, stranger := known(), known()
	namesake.Number, namesake.Birth = "001301000002", identity.Date{Year: 2001, Month: 1, Day: 3}
	stranger.Number, stranger.Name.Text, stranger.Mother.Text = "001301000003", "Lê Thị Khác", "Đỗ Thị Lan"
	for _, one := range []identity.Person{namesake, stranger} {
		require.NoError(t, r.SeedCitizen(t.Context(), registry.Citizen{Person: one, Status: identity.Alive}))
	}
	typed := known()
	typed.Number = ""
	number := captured(t, r, typed, identity.GroundFirstCard)
	out, err := p.Validate(t.Context(), activities.ValidateInput{Application: number})
	require.NoError(t, err)
	require.Equal(t, 2, out.Matches)
	identify := func(n identity.PersonalNumber, round int) error {
		who, err := r.PersonByNumber(t.Context(), n)
		require.NoError(t, err)
		act := identity.Identify{Officer: "CB-001-0003", Person: who.ID, Reason: "papers seen", Round: round}
		d := activities.DecideInput{Decision: act.Decision(), Signed: registrytest.SignedAs(act, statement.Application(number), "I"+string(n))}
		d.Application, d.Request, d.Signed.TakenIn = number, "I"+string(n), time.Now()
		_, err = p.Decide(t.Context(), d)
		return err
	}

	require.ErrorContains(t, identify(stranger.Number, 1), "person: is none of those who may be the applicant")
	for i, n := range []identity.PersonalNumber{namesake.Number, known().Number} {
		require.NoError(t, identify(n, i+1))
		_, err = p.Validate(t.Context(), activities.ValidateInput{Application: number, Round: i + 1})
		require.NoError(t, err)
		record, err := r.Application(t.Context(), number)
		require.NoError(t, err)
		require.Equal(t, n, record.Application.Person.Number)
	}
}

// errOf is the error of a call whose result is of no interest.
func errOf[T any](_ T, err error) error { return err }

var _ population.Register = (*registry.Registry)(nil)

// crowded is a register in which too many may be somebody.
type crowded struct{ *registry.Registry }

func (crowded) FindPersons(context.Context, identity.Person) ([]population.Match, error) {
	return nil, identity.RefuseField(identity.Conflict, "person", "may be any of more than 500 persons")
}

// Who may be any of too many waits for an officer, who finds the one by papers and says so.
func TestValidate_OneOfTooMany(t *testing.T) {
	t.Parallel()
	p, r := validating(t, known(), nil)
	p.Population = crowded{r}
	typed := known()
	typed.Number, typed.Birth = "", identity.Date{Year: 2001}
	number := captured(t, r, typed, identity.GroundFirstCard)

	out, err := p.Validate(t.Context(), activities.ValidateInput{Application: number})
	require.NoError(t, err)
	require.Greater(t, out.Matches, population.MostLikely)

	who, err := r.PersonByNumber(t.Context(), known().Number)
	require.NoError(t, err)
	p.Calendar, err = identity.LoadCalendar()
	require.NoError(t, err)
	act := identity.Identify{Officer: "CB-001-0003", Person: who.ID, Reason: "papers compared", Round: 1}
	d := activities.DecideInput{Decision: act.Decision(), Signed: registrytest.SignedAs(act, statement.Application(number), "one")}
	d.Application, d.Request, d.Signed.TakenIn = number, "one", time.Now()
	_, err = p.Decide(t.Context(), d)
	require.NoError(t, err)
}

// captured is an application whose capture was good: it is validated next.
func captured(t *testing.T, r *registry.Registry, typed identity.Person, ground identity.Ground) identity.ApplicationNumber {
	t.Helper()
	return atCapture(t, r, registrytest.Receive(t, r, typed, ground, nil))
}

func atCapture(t *testing.T, r *registry.Registry, number identity.ApplicationNumber) identity.ApplicationNumber {
	t.Helper()
	require.NoError(t, errOf(r.Enter(t.Context(), registry.StageChange{Application: number, To: identity.BiometricCapture, Actor: "system"})))
	return number
}
