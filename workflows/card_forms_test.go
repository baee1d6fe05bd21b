package workflows_test

import (
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	printinspection "example.org/cancuoc/internal/inspection/print"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/templates/render"
)

// A form is a file: a card of one that no code knows goes from the application to the
// citizen, its chip and its print inspected on the way.
func TestCardApplication_CardOfAFormFromAFolder(t *testing.T) {
	t.Parallel()
	o := newOffice(t, extraForms("testdata/forms"))
	require.Equal(t, identity.FormID("trial-2026"), o.before.Rules.Form)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	require.Equal(t, []string{"1 live PT0001"}, o.cards())
	card := o.card("trial-2026")
	form, err := o.forms.Form("trial-2026")
	require.NoError(t, err)
	digest := form.Digest()
	require.Equal(t, digest[:], card.DigestForm, "the record says what it was drawn with")
	p := card.Card.Person
	require.Equal(t, string(p.Number)+"|"+p.Name.Title()+"|"+p.Birth.Compact(), o.printedQR(form))
}

// Whether a card shows a photograph is the form's to say, and the door asks for it.
func TestCardApplication_ChildsCardWithAPhotograph(t *testing.T) {
	t.Parallel()
	portrait, err := os.ReadFile(filepath.Join("..", "samples", "05-child-of-8", "portrait.jpg"))
	require.NoError(t, err)
	photographed := func(s *packet.Submission) { s.Portrait = &packet.Image{Data: portrait} }
	o := newOffice(t, extraForms("testdata/forms"), sample("06-child-under-6"), submitted(photographed))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOverTo(identity.HandOverByProxy, "birth certificate"))

	result := o.process()

	require.Equal(t, identity.Issued, result.End)
	o.card("trial-2026-under-6")
	b, err := o.Evidence(t.Context(), o.number, identity.EvidenceChipImage, 1)
	require.NoError(t, err)
	var made chip.Image
	require.NoError(t, made.UnmarshalBinary(b))
	require.NotEmpty(t, made.Files[lds.DG2], "the chip has the photograph too")
}

func TestDoor_AsksForThePhotographThatAFormShows(t *testing.T) {
	t.Parallel()
	o := &testOffice{t: t}
	extraForms("testdata/forms")(o, nil)
	submission, err := packet.ReadSubmission(os.DirFS("../samples/06-child-under-6"), "application.json", sizes)
	require.NoError(t, err)

	_, err = o.door().Check(submission)

	refusals := identity.Refusals(err)
	require.Len(t, refusals, 1)
	require.Equal(t, "portrait", refusals[0].Field)
}

// card is the one card that was made, of that form, with both sides as they were
// printed.
func (o *testOffice) card(form identity.FormID) registry.CardRecord {
	o.t.Helper()
	card, err := o.Card(o.t.Context(), o.number, 1)
	require.NoError(o.t, err)
	require.Equal(o.t, form, card.Card.Form)
	pdf, err := o.Evidence(o.t.Context(), o.number, identity.EvidencePrint, 1)
	require.NoError(o.t, err)
	printed, err := os.ReadFile(o.print())
	require.NoError(o.t, err)
	require.Equal(o.t, sha256.Sum256(pdf), sha256.Sum256(printed))
	return card
}

// print is the file that the printer got.
func (o *testOffice) print() string {
	o.t.Helper()
	spooled, err := filepath.Glob(filepath.Join(o.spool, "*.pdf"))
	require.NoError(o.t, err)
	require.Len(o.t, spooled, 1)
	return spooled[0]
}

// printedQR is what the QR code says in the file that the printer got, drawn by a
// program of other code.
func (o *testOffice) printedQR(form *render.Form) string {
	o.t.Helper()
	pdftoppm, err := exec.LookPath("pdftoppm")
	if err != nil {
		if os.Getenv("CI") != "" {
			o.t.Fatal("pdftoppm is missing; install the Debian package poppler-utils")
		}
		o.t.Skip("pdftoppm is missing; install the Debian package poppler-utils")
	}
	dir := o.t.TempDir()
	require.NoError(o.t, exec.CommandContext(o.t.Context(), pdftoppm, "-r", "300", "-png", o.print(), filepath.Join(dir, "side")).Run())
	var sides [2]image.Image
	for i := range sides {
		file, err := os.Open(filepath.Join(dir, fmt.Sprintf("side-%d.png", i+1)))
		require.NoError(o.t, err)
		defer file.Close()
		sides[i], err = png.Decode(file)
		require.NoError(o.t, err)
	}
	said, err := printinspection.ReadQR(form, sides[0], sides[1])
	require.NoError(o.t, err)
	return said
}
