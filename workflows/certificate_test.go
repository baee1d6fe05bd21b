package workflows_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// stockCertificates takes a box of blanks for certificates in.
func (o *testOffice) stockCertificates() {
	act := identity.ReceiveBlanks{
		Box: "B-C", First: "CN0001", Last: "CN0002", Location: identity.LocationCenter, ReceivedBy: "TK-C06-0001", CountedBy: "TK-C06-0002", Document: identity.Certificate,
	}
	require.NoError(o.t, o.ReceiveBlanks(context.WithoutCancel(o.t.Context()), act, o.signed(act, statement.Box(act.Box))))
}

// unknown has the sample's person be somebody who is nowhere, and has no number.
func unknown(s *packet.Submission) {
	inHanoi(s)
	s.Person.Number, s.Person.Name, s.Person.Birth, s.Person.Mother = "", "Kim Thị Ba Ly", "1979-01-30", "Kim Thị Sa Rinh"
}

func TestCardApplication_ACertificateIsPrintedOnPaperOfItsOwn(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("22-certificate"), submitted(unknown))
	o.stockCertificates()
	o.when(identity.ToApprove, update(provenBy))
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, result)
	require.Equal(t, []string{"1 live CN0001"}, o.cards())
	require.NotContains(t, o.stages(), identity.Personalization)
	require.Contains(t, o.stages(), identity.Printing)
	require.Contains(t, o.stages(), identity.Inspection)
	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.Equal(t, identity.Certificate, card.Document)
	require.Empty(t, card.DigestSOD, "nothing was signed")
	require.Equal(t, card.Card.Issued.AddYears(2), card.Card.Expiry.Date)
	require.Equal(t, identity.ProvinceCode("086"), card.Card.Person.Number.Province(), "of origin: the birth was registered abroad")
	held, err := o.Held(t.Context(), card.Card.Person.Number)
	require.NoError(t, err)
	require.True(t, held.Certificate)
}

func TestCardApplication_NoCertificateForACitizen(t *testing.T) {
	t.Parallel()
	citizen := func(c *registry.Citizen) { c.Person.Nationality = identity.NationalityVietnamese }
	o := newOffice(t, sample("22-certificate"), submitted(inHanoi), known(citizen))
	o.when(identity.ToResolve, rejects)

	o.process()

	require.Contains(t, o.story(), "The population registry disagrees on: [person.nationality]")
}

func TestCardApplication_NoCertificateIsMadeOfACardsBlank(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("22-certificate"), submitted(inHanoi))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToRestock, func(o *testOffice) { o.stockCertificates(); looks(o) })
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, []string{"1 live CN0001"}, o.cards())
}

func TestCardApplication_ASmearedCertificateIsMadeAnew(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sample("22-certificate"), submitted(inHanoi), func(o *testOffice, _ *setting) { o.noInk = 1 })
	o.stockCertificates()
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, []string{"1 spoiled CN0001", "2 live CN0002"}, o.cards())
}
