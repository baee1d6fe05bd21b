package activities_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

// population knows one citizen, or none.
type population struct{ citizen *registry.Citizen }

func (p population) Citizen(context.Context, identity.PersonalNumber) (registry.Citizen, error) {
	if p.citizen == nil {
		return registry.Citizen{}, identity.Refuse(identity.NotFound, "there is no such citizen")
	}
	return *p.citizen, nil
}

func TestValidate_NamesTheFieldsThatThePopulationRegistryHasOtherwise(t *testing.T) {
	t.Parallel()
	card := &registry.OldCard{Serial: "0123456789ABCDEF"}
	for name, tt := range map[string]struct {
		ground identity.Ground
		known  func(*registry.Citizen)
		want   []string
	}{
		"Agrees":            {identity.GroundFirstCard, func(*registry.Citizen) {}, nil},
		"SpelledOtherwise":  {identity.GroundFirstCard, func(c *registry.Citizen) { c.Person.Name.Text = "NGUYỄN THỊ HOÀ" }, nil},
		"Name":              {identity.GroundFirstCard, func(c *registry.Citizen) { c.Person.Name.Text = "Nguyễn Thị Hoa" }, []string{"person.name"}},
		"Birth":             {identity.GroundFirstCard, func(c *registry.Citizen) { c.Person.Birth.Day = 2 }, []string{"person.birth"}},
		"Sex":               {identity.GroundFirstCard, func(c *registry.Citizen) { c.Person.Sex = identity.Male }, []string{"person.sex"}},
		"Deceased":          {identity.GroundFirstCard, func(c *registry.Citizen) { c.Status = identity.Deceased }, []string{"person"}},
		"FirstCardOfTwo":    {identity.GroundFirstCard, func(c *registry.Citizen) { c.LiveCard = card }, []string{"ground"}},
		"ExchangeOfACard":   {identity.GroundAge, func(c *registry.Citizen) { c.LiveCard = card }, nil},
		"ExchangeOfNone":    {identity.GroundAge, func(*registry.Citizen) {}, []string{"ground"}},
		"LossOfNone":        {identity.GroundLost, func(*registry.Citizen) {}, []string{"ground"}},
		"NationalityAnyway": {identity.GroundNationality, func(*registry.Citizen) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := registrytest.Open(t)
			person := identity.Person{Number: "001301000001", Name: identity.Name{Text: "Nguyễn Thị Hòa"}, Birth: identity.Date{Year: 2001, Month: 3, Day: 1}, Sex: identity.Female}
			known := registry.Citizen{Person: person, Status: identity.Alive}
			tt.known(&known)
			p := &activities.Pipeline{Registry: r, Population: population{&known}}
			number := registrytest.Receive(t, r, person, tt.ground, nil)

			out, err := p.Validate(t.Context(), activities.ValidateInput{Application: number})

			require.NoError(t, err)
			require.Equal(t, tt.want, out.Contradictions)
		})
	}
}

func TestValidate_UnknownNumberIsAContradiction(t *testing.T) {
	t.Parallel()
	r := registrytest.Open(t)
	p := &activities.Pipeline{Registry: r, Population: population{}}

	out, err := p.Validate(t.Context(), activities.ValidateInput{Application: registrytest.Receive(t, r, identity.Person{Number: "079086999903"}, identity.GroundAge, nil)})

	require.NoError(t, err)
	require.Equal(t, []string{"person.number"}, out.Contradictions)
}

func TestValidate_WhoHasNoNumberIsNotAskedFor(t *testing.T) {
	t.Parallel()
	r := registrytest.Open(t)
	p := &activities.Pipeline{Registry: r, Population: population{}}

	out, err := p.Validate(t.Context(), activities.ValidateInput{Application: registrytest.Receive(t, r, identity.Person{}, identity.GroundFirstCard, nil)})

	require.NoError(t, err)
	require.Empty(t, out.Contradictions)
}

// errOf is the error of a call whose result is of no interest.
func errOf[T any](_ T, err error) error { return err }
