package render_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/templates/render/rendertest"
	"example.org/cancuoc/templates/specimens"
)

func form(tb testing.TB, id identity.FormID) *render.Form {
	tb.Helper()
	return rendertest.Form(tb, id)
}

var ids = formstest.IDs

// pictures are those of the specimens, by form.
var pictures sync.Map

// contentOf is what is drawn of a card.
func contentOf(tb testing.TB, card identity.Card) render.Content {
	tb.Helper()
	f := form(tb, card.Form)
	like, ok := pictures.Load(card.Form)
	if !ok {
		cards, err := specimens.Of(f, personalization.Compose)
		require.NoError(tb, err)
		like = cards[0].Content.Pictures
		pictures.Store(card.Form, like)
	}
	c, err := personalization.Compose(f, card, like.(render.Pictures))
	require.NoError(tb, err)
	return c
}

// citizen is a generated card.
func citizen(tb testing.TB, seed uint64, id identity.FormID) render.Content {
	tb.Helper()
	return contentOf(tb, formstest.Card(identitytest.Seeded(seed), formstest.Form(tb, id)))
}

// needs gives the path of a program that tests call as a witness.
func needs(tb testing.TB, program, debian string) string {
	tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatalf("%s is missing; install the Debian package %s", program, debian)
		}
		tb.Skipf("%s is missing; install the Debian package %s", program, debian)
	}
	return path
}

func TestLoad(t *testing.T) {
	t.Parallel()
	c := rendertest.BuiltIn(t)
	require.Equal(t, slices.Sorted(slices.Values(ids)), c.IDs())

	digests := make(map[[32]byte]bool)
	for _, id := range ids {
		digests[form(t, id).Digest()] = true
	}
	require.NotContains(t, digests, [32]byte{})
	require.Len(t, digests, len(ids))

	_, err := c.Form("cmnd-1999")
	require.ErrorIs(t, err, identity.NotFound)

	again, err := render.Load(forms.BuiltIn)
	require.NoError(t, err)
	f, err := again.Form(formstest.CanCuoc2024)
	require.NoError(t, err)
	require.Equal(t, form(t, formstest.CanCuoc2024).Digest(), f.Digest(), "the same form, the same digest")
}

func TestForm_Fields(t *testing.T) {
	t.Parallel()
	f := form(t, formstest.CanCuoc2024)
	qr, ok := formstest.Field(&f.Form, "qr")
	require.True(t, ok)
	require.Equal(t, forms.Back, qr.Side)
	require.InDelta(t, 20, qr.W, 1)
	portrait, ok := formstest.Field(&f.Form, "portrait")
	require.True(t, ok)
	require.Equal(t, forms.Box{Side: forms.Front, X: 4.5, Y: 19, W: 20, H: 30}, portrait.Box)
	ghost, ok := formstest.Field(&f.Form, "ghost")
	require.True(t, ok)
	require.InDelta(t, portrait.Feather*ghost.W/portrait.W, ghost.Feather, 1e-9, "a ghost fades as the portrait does")
	name, ok := formstest.Field(&f.Form, "name")
	require.True(t, ok)
	require.Greater(t, name.H, 5.0, "the box of a text field follows from its letters")
	_, ok = formstest.Field(&form(t, formstest.CanCuoc2024Under6).Form, "portrait")
	require.False(t, ok)
}

// A form at fault is refused with file, line and field.
func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, to, want string }{
		{"LargeMotif", "y: 0.5, w: 92, h: 15", "y: 0.5, w: 920, h: 15", `art ribbon: it may be at most twice as large`},
		{"OffThePage", "x: 4.5, y: 19, w: 20, h: 30,", "x: 4.5, y: 29, w: 20, h: 30,", `field portrait: it reaches from 4.50, 29.00 to 24.50, 59.00 mm: off the page`},
		{"Unsafe", "x: 4.5, y: 19, w: 20, h: 30,", "x: 1, y: 19, w: 20, h: 30,", `field portrait: .* margin of 1.5 mm`},
		{"Overlap", "x: 4.5, y: 19, w: 20, h: 30,", "x: 14.5, y: 19, w: 20, h: 30,", `overlaps or touches field portrait`},
		{"OnTheChip", "x: 24, w: 30, baseline: 23.15", "x: 14, w: 30, baseline: 23.15", `field issued: it overlaps or touches zone chip`},
		{"InTheMRZ", "w: 30, baseline: 29.45", "w: 30, baseline: 31.55", `field expiry: it overlaps or touches zone mrz`},
		{"LabelTooLong", "Giới tính / Sex:", "Giới tính / Sex, as far as known:", `text "Giới tính / Sex, as far as known:": it is \d+\.\d+ mm wide; its box is 14.00`},
		{"NoGlyph", "Giới tính / Sex:", "Giới tính / ♀:", `no font has '♀'`},
		{"TooLow", "h: 9.6, baseline: 35.75, rise: 4.2", "h: 2.6, baseline: 35.75, rise: 2.1", `field name: h is 2.60 mm; one line at 8\.5 pt takes 4\.\d+$`},
		{"RisesTooFar", "rise: 4.2", "rise: 6.3", `text "Ngày, tháng, năm sinh / Date of birth:": it touches field name if that takes one line`},
		{"Sample", "min: 4.5", "min: 7", `^form new.yaml:\d+: sample \d \(.*\): field name: does not fit on the card`},
		{"SampleOfQR", "w: 20.7, h: 20.7", "w: 16, h: 16", `sample 3 .*: field qr: holds more than the QR code can`},
		{"NoMotif", "kind: medallion", "kind: eagle", `art eagle: the motif does not exist; \[chip-symbol fringe`},
		{"ColorsOfMotif", "colors: [red, gold]", "colors: [red]", `art roundel: it takes 2 color`},
		{"ColorsOfLines", "[lace blue, lace green, lace gold, lace rose]", "[lace blue]", `art ribbon: it takes 2 color\(s\) or more, not 1`},
		{"MarkOnQR", "x: 33, y: 11, size: 11.5", "x: 52, y: 11, size: 11.5", `specimen back: it runs over field qr`},
		{"MarkOffThePage", "x: 44, y: 33, size: 17", "x: 70, y: 33, size: 17", `specimen front: it goes beyond the page`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := render.Load(formstest.Changed(t, func(s string) string { return strings.Replace(s, tt.from, tt.to, 1) }))
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.True(t, slices.ContainsFunc(lines, func(line string) bool {
				return strings.HasPrefix(line, "form new.yaml:") && matches(t, tt.want, line)
			}), "%s", err)
		})
	}
}

func TestLoad_LeavesOutWhatIsAtFault(t *testing.T) {
	t.Parallel()
	r, err := render.Load(forms.BuiltIn, formstest.Changed(t, func(s string) string {
		return strings.Replace(s, "h: 9.6, baseline: 35.75, rise: 4.2", "h: 2.6, baseline: 35.75, rise: 2.1", 1)
	}))
	require.ErrorContains(t, err, "form new.yaml:")
	_, err = r.Form(formstest.CanCuoc2024)
	require.ErrorIs(t, err, identity.NotFound)
	_, err = r.Form(formstest.CCCD2021)
	require.NoError(t, err)
}

// A moved field is a change of data.
func TestLoad_TakesAMovedField(t *testing.T) {
	t.Parallel()
	c, err := render.Load(formstest.Changed(t, func(s string) string {
		return strings.Replace(s, "x: 4.5, y: 19, w: 20, h: 30,", "x: 3.5, y: 20, w: 20, h: 30,", 1)
	}))
	require.NoError(t, err)
	f, err := c.Form(formstest.CanCuoc2024)
	require.NoError(t, err)
	require.NotEqual(t, form(t, formstest.CanCuoc2024).Digest(), f.Digest())
	_, err = f.PDF(citizen(t, 1, formstest.CanCuoc2024), render.Options{})
	require.NoError(t, err)
}

// refusals are the fields that an error refuses.
func refusals(err error) []string {
	var fields []string
	for _, refusal := range identity.Refusals(err) {
		fields = append(fields, refusal.Field)
	}
	return fields
}

func TestCheck(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Nghiêng ", 40)
	for _, tt := range []struct {
		name   string
		form   identity.FormID
		change func(*render.Content)
		want   []string
	}{
		{"Good", formstest.CanCuoc2024, func(*render.Content) {}, nil},
		{"NoImagesYet", formstest.CCCD2021, func(c *render.Content) { c.Portrait, c.LeftIndex, c.RightIndex = nil, nil, nil }, nil},
		{"Decomposed", formstest.CanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Tra\u0302\u0300n Thi\u0323 Ye\u0302\u0301n" }, nil},
		{"Minorities", formstest.CanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Y Bhŭk Ê̆ban Ơ̆ Č Ñ Ƀ" }, nil},
		{"NoGlyph", formstest.CanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần Ωmega" }, []string{"person.name"}},
		{"Emoji", formstest.CanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần 😀" }, []string{"person.name"}},
		{"StrayMark", formstest.CanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần b\u0301" }, []string{"person.name"}},
		{"PrivateUse", formstest.CanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần \uE000" }, []string{"person.name"}},
		{"NotUTF8", formstest.CanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần \xff" }, []string{"person.name"}},
		{"LongName", formstest.CanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = long }, []string{"person.name"}},
		{"LongWord", formstest.CanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = strings.Repeat("ng", 40) }, []string{"person.name"}},
		{"LongAddress", formstest.CCCD2021, func(c *render.Content) { c.Card.Person.Residence.Text = long }, []string{"person.residence.text"}},
		{"NoAddress", formstest.CCCD2021, func(c *render.Content) { c.Card.Person.Residence.Text = "" }, []string{"person.residence.text"}},
		{"NoOrigin", formstest.CCCD2021, func(c *render.Content) { c.Card.Person.Origin.Text = "" }, nil},
		{"TwoAtOnce", formstest.CCCD2021, func(c *render.Content) {
			c.Card.Person.Origin.Text, c.Card.Person.Marks = long, "☠"
		}, []string{"person.origin.text", "person.marks"}},
		{"LongCode", formstest.CanCuoc2024, func(c *render.Content) { c.QR = long + long }, []string{"person"}},
		{"NoMRZ", formstest.CanCuoc2024, func(c *render.Content) { c.MRZ = [3]string{} }, []string{"person"}},
		{"NoJPEG", formstest.CanCuoc2024, func(c *render.Content) { c.Portrait = []byte("GIF89a") }, []string{"portrait"}},
		{"NoFingerprint", formstest.CCCD2021, func(c *render.Content) { c.LeftIndex = []byte{0} }, []string{"fingerprints"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := citizen(t, 2, tt.form)
			tt.change(&c)

			err := form(t, tt.form).Check(c)

			require.Equal(t, tt.want, refusals(err), "%v", err)
			for _, personal := range []string{"Trần", "Nghiêng"} {
				if err != nil {
					require.NotContains(t, err.Error(), personal)
				}
			}
			if err != nil {
				_, pdf := form(t, tt.form).PDF(c, render.Options{})
				require.Equal(t, tt.want, refusals(pdf))
			}
		})
	}
}

func TestPDF_RefusesAMissingPortrait(t *testing.T) {
	t.Parallel()
	c := citizen(t, 2, formstest.CanCuoc2024)
	c.Portrait = nil
	_, err := form(t, formstest.CanCuoc2024).PDF(c, render.Options{})
	require.Equal(t, []string{"portrait"}, refusals(err))
	_, _, err = form(t, formstest.CanCuoc2024).Bitmaps(c, 300, render.Options{})
	require.Equal(t, []string{"portrait"}, refusals(err))
}
