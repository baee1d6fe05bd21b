package render_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/templates/specimens"
)

// catalog is loaded once: it is safe for concurrent use, and that is tested too.
var catalog = sync.OnceValues(render.Load)

func form(tb testing.TB, id identity.FormID) *render.Form {
	tb.Helper()
	c, err := catalog()
	require.NoError(tb, err)
	f, err := c.Form(id)
	require.NoError(tb, err)
	return f
}

var ids = []identity.FormID{identity.FormCCCD2021, identity.FormCanCuoc2024, identity.FormCanCuoc2024Under6}

// images are those of the specimens, by form.
var images = sync.OnceValues(func() (map[identity.FormID]render.Content, error) {
	all, err := catalog()
	if err != nil {
		return nil, err
	}
	found := make(map[identity.FormID]render.Content)
	for _, id := range ids {
		form, err := all.Form(id)
		if err != nil {
			return nil, err
		}
		cards, err := specimens.Of(form, personalization.Compose)
		if err != nil {
			return nil, err
		}
		found[id] = cards[0].Content
	}
	return found, nil
})

// contentOf is what is drawn of a card.
func contentOf(t require.TestingT, card identity.Card) render.Content {
	like, err := images()
	require.NoError(t, err)
	all, err := catalog()
	require.NoError(t, err)
	f, err := all.Form(card.Form)
	require.NoError(t, err)
	c, err := personalization.Compose(f, card, like[card.Form].Pictures)
	require.NoError(t, err)
	return c
}

// citizen is a generated card.
func citizen(tb testing.TB, seed uint64, id identity.FormID) render.Content {
	tb.Helper()
	return contentOf(tb, identitytest.Card(identitytest.Seeded(seed), id))
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
	c, err := catalog()
	require.NoError(t, err)
	require.Equal(t, slices.Sorted(slices.Values(ids)), c.IDs())

	hashes := make(map[string]bool)
	for _, id := range ids {
		f := form(t, id)
		require.Regexp(t, `^[0-9a-f]{64}$`, f.Hash())
		hashes[f.Hash()] = true
		require.True(t, f.ValidFrom.Complete())
	}
	require.Len(t, hashes, len(ids))

	_, err = c.Form("cmnd-1999")
	require.ErrorIs(t, err, identity.NotFound)

	again, err := render.Load()
	require.NoError(t, err)
	f, err := again.Form(identity.FormCanCuoc2024)
	require.NoError(t, err)
	require.Equal(t, form(t, identity.FormCanCuoc2024).Hash(), f.Hash(), "the same form, the same hash")
}

func TestForm_Field(t *testing.T) {
	t.Parallel()
	f := form(t, identity.FormCanCuoc2024)
	qr, ok := f.Field("qr")
	require.True(t, ok)
	require.Equal(t, render.Back, qr.Side)
	require.InDelta(t, 20, qr.W, 1)
	portrait, ok := f.Field("portrait")
	require.True(t, ok)
	require.Equal(t, render.Box{Side: render.Front, X: 4.5, Y: 19, W: 20, H: 30}, portrait.Box)
	name, ok := f.Field("name")
	require.True(t, ok)
	require.Greater(t, name.H, 5.0, "the box of a text field follows from its letters")
	_, ok = form(t, identity.FormCanCuoc2024Under6).Field("portrait")
	require.False(t, ok)
}

// What the circulars ask of the forms.
func TestForms_HaveWhatTheLawAsks(t *testing.T) {
	t.Parallel()
	for id, fields := range map[identity.FormID]string{
		identity.FormCCCD2021:          "number name birth sex nationality origin residence expiry portrait qr marks issued left-index right-index mrz",
		identity.FormCanCuoc2024:       "number name birth sex nationality portrait residence birth-registration qr issued expiry mrz",
		identity.FormCanCuoc2024Under6: "number name birth sex nationality residence birth-registration qr issued expiry mrz",
	} {
		f := form(t, id)
		require.Len(t, f.Fields, len(strings.Fields(fields)), "%s", id)
		for field := range strings.FieldsSeq(fields) {
			_, ok := f.Field(field)
			require.True(t, ok, "%s: %s", id, field)
		}
		require.InDelta(t, 85.60, f.Page.W, 0)
		require.InDelta(t, 53.98, f.Page.H, 0)
	}
}

// formFS is a folder with one of the built-in forms, changed.
func formFS(tb testing.TB, change func(string) string) fs.FS {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("..", "forms", "can-cuoc-2024.yaml"))
	require.NoError(tb, err)
	changed := change(string(b))
	require.NotEqual(tb, string(b), changed, "nothing was changed")
	return fstest.MapFS{"new.yaml": {Data: []byte(changed)}}
}

// A form at fault is refused with file, line and field.
func TestLoadFS_Refuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, to, want string }{
		{"NotYAML", "id: can-cuoc-2024", "id: [", `^form new.yaml:\d+: `},
		{"UnknownSetting", "kind: portrait,", "kind: portrait, colour: red,", `^form new.yaml:\d+: there is no setting "colour"$`},
		{"UnknownSettingOfForm", "version: 2", "version: 2\nprice: 3", `^form new.yaml:\d+: field price not found`},
		{"NotANumber", "w: 20, h: 30}", "w: wide, h: 30}", "^form new.yaml:\\d+: cannot unmarshal !!str `wide` into float64$"},
		{"NoVersion", "version: 2\n", "", `form: id, title and version`},
		{"NoDate", "valid_from: 2024-07-01", "valid_from: 2024-07", `form: valid_from is needed`},
		{"NotADate", "valid_from: 2024-07-01", "valid_from: 2024-02-31", `^form new.yaml:\d+: `},
		{"Page", "page: {w: 85.60", "page: {w: -1", `page: w and h are 20 to 400 mm`},
		{"NaN", "w: 20, h: 30}", "w: .nan, h: 30}", `^form new.yaml:\d+: .nan is no number that a form can hold`},
		{"AMetre", "w: 20, h: 30}", "w: 2e9, h: 30}", `^form new.yaml:\d+: 2e9 is no number that a form can hold`},
		{"LargeMotif", "y: 1, w: 92, h: 17", "y: 1, w: 920, h: 17", `art guilloche: it may be at most twice as large`},
		{"Color", `ink: "#000000"`, `ink: black`, `color ink: "black" is not #rrggbb`},
		{"NoColor", "font: bold, size: 11.5, color: ink", "font: bold, size: 11.5, color: inc", `:\d+: field number: there is no color "inc"$`},
		{"NoFont", "font: bold, size: 11.5", "font: gothic, size: 11.5", `field number: there is no font "gothic"`},
		{"NoKind", "kind: portrait", "kind: photo", `field portrait: there is no kind "photo"`},
		{"NoBind", "bind: sex", "bind: gender", `field sex: there is nothing to bind to by the name "gender"`},
		{"NoLabel", "after: sex label", "after: sax label", `field sex: there is no text "sax label"`},
		{"Twice", "{id: sex, kind", "{id: birth, kind", `field birth: the id is empty, or used twice`},
		{"OffThePage", "x: 4.5, y: 19, w: 20, h: 30}", "x: 4.5, y: 29, w: 20, h: 30}", `field portrait: it reaches from 4.50, 29.00 to 24.50, 59.00 mm: off the page`},
		{"Unsafe", "x: 4.5, y: 19, w: 20, h: 30}", "x: 1, y: 19, w: 20, h: 30}", `field portrait: .* margin of 1.5 mm`},
		{"NoSide", "kind: portrait, side: front", "kind: portrait, side: left", `field portrait: side must be front or back`},
		{"Overlap", "x: 4.5, y: 19, w: 20, h: 30}", "x: 14.5, y: 19, w: 20, h: 30}", `overlaps or touches field portrait`},
		{"OnTheChip", "x: 24, w: 30, baseline: 23.4", "x: 14, w: 30, baseline: 23.4", `field issued: it overlaps or touches zone chip`},
		{"InTheMRZ", "w: 30, baseline: 29.3", "w: 30, baseline: 31.3", `field expiry: it overlaps or touches zone mrz`},
		{"LabelTooLong", "Giới tính / Sex:", "Giới tính / Sex, as far as known:", `text "Giới tính / Sex, as far as known:": it is \d+\.\d+ mm wide; its box has 14.00`},
		{"NoGlyph", "Giới tính / Sex:", "Giới tính / ♀:", `no font has '♀'`},
		{"TooSmall", "min: 4.5", "min: 2", `field name: sizes must descend`},
		{"TooLow", "h: 8.6", "h: 2.6", `field name: h is 2.60 mm; one line at 9 pt takes 4\.\d+$`},
		{"Sample", "min: 4.5", "min: 7", `^form new.yaml:\d+: sample \d \(.*\): field name: does not fit on the card`},
		{"SampleOfNothing", "- note: 120 letters", "- note: 120 letters\n    values: {title: Dr}\n  - note: more letters", `there is nothing to bind to by the name "title"`},
		{"NoSamples", "samples:", "samples: []\nunused:", `field unused not found`},
		{"ModuleOfQR", "module: 0.254", "module: 0.2", `field qr: module is 0.20 mm; one under 0.25 mm`},
		{"SampleOfQR", "w: 20.7, h: 20.7", "w: 16, h: 16", `sample 3 .*: field qr: holds more than the QR code can`},
		{"LevelOfQR", "level: M", "level: Z", `field qr: level must be L, M, Q or H`},
		{"QuietZone", "quiet: 4", "quiet: 2", `field qr: quiet is 2`},
		{"QRNotSquare", "w: 20.7, h: 20.7", "w: 20.7, h: 20", `field qr: its box must be square`},
		{"MRZNotBlack", "leading: 6.35, color: ink", "leading: 6.35, color: label", `field mrz: its color must be black`},
		{"MRZTooNarrow", "w: 76.3, h: 16.4", "w: 70, h: 16.4", `field mrz: its box must hold 30 letters and 3 lines: 76.20 by 16.30 mm`},
		{"MRZOutsideItsZone", "name: mrz, side: back, x: 0, y: 30.78, w: 85.6, h: 23.2", "name: mrz, side: back, x: 0, y: 40, w: 85.6, h: 13", `field mrz: it must lie in a zone mrz`},
		{"NoZone", "name: chip", "name: hole", `zone hole: there is no such zone`},
		{"NoMotif", "kind: lotus", "kind: eagle", `art eagle: there is no such motif; \[chip-symbol drum`},
		{"ColorsOfMotif", "[line gold, petal]", "[line gold]", `art lotus: it takes 2 color`},
		{"MarkOnPortrait", "x: 55.5, y: 36, size: 15", "x: 40, y: 36, size: 15", `specimen front: it runs over field portrait`},
		{"MarkOnQR", "x: 42.5, y: 17, size: 12", "x: 52, y: 17, size: 12", `specimen back: it runs over field qr`},
		{"MarkOffThePage", "x: 55.5, y: 36, size: 15", "x: 70, y: 36, size: 15", `specimen front: it goes beyond the page`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := render.LoadFS(formFS(t, func(s string) string { return strings.Replace(s, tt.from, tt.to, 1) }))
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.True(t, slices.ContainsFunc(lines, func(line string) bool {
				return strings.HasPrefix(line, "form new.yaml:") && matches(t, tt.want, line)
			}), "%s", err)
		})
	}
}

func TestLoadFS_RefusesAnEmptyFolder(t *testing.T) {
	t.Parallel()
	_, err := render.LoadFS(fstest.MapFS{})
	require.ErrorContains(t, err, "there is no *.yaml")
}

func TestLoadFS_LeavesOutWhatIsAtFault(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(filepath.Join("..", "forms", "cccd-2021.yaml"))
	require.NoError(t, err)
	c, err := render.LoadFS(fstest.MapFS{"good.yaml": {Data: good}, "bad.yaml": {Data: []byte("id: 3")}})
	require.ErrorContains(t, err, "form bad.yaml:1: ")
	require.Equal(t, []identity.FormID{identity.FormCCCD2021}, c.IDs())
}

// A moved field is a change of data.
func TestLoadFS_TakesAMovedField(t *testing.T) {
	t.Parallel()
	c, err := render.LoadFS(formFS(t, func(s string) string {
		return strings.Replace(s, "x: 4.5, y: 19, w: 20, h: 30}", "x: 3.5, y: 20, w: 20, h: 30}", 1)
	}))
	require.NoError(t, err)
	f, err := c.Form(identity.FormCanCuoc2024)
	require.NoError(t, err)
	require.NotEqual(t, form(t, identity.FormCanCuoc2024).Hash(), f.Hash())
	_, err = f.PDF(citizen(t, 1, identity.FormCanCuoc2024), render.Options{})
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
		{"Good", identity.FormCanCuoc2024, func(*render.Content) {}, nil},
		{"NoImagesYet", identity.FormCCCD2021, func(c *render.Content) { c.Portrait, c.LeftIndex, c.RightIndex = nil, nil, nil }, nil},
		{"Decomposed", identity.FormCanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Tra\u0302\u0300n Thi\u0323 Ye\u0302\u0301n" }, nil},
		{"Minorities", identity.FormCanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Y Bhŭk Ê̆ban Ơ̆ Č Ñ Ƀ" }, nil},
		{"NoGlyph", identity.FormCanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần Ωmega" }, []string{"person.name"}},
		{"Emoji", identity.FormCanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần 😀" }, []string{"person.name"}},
		{"StrayMark", identity.FormCanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần b\u0301" }, []string{"person.name"}},
		{"PrivateUse", identity.FormCanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần \uE000" }, []string{"person.name"}},
		{"NotUTF8", identity.FormCanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = "Trần \xff" }, []string{"person.name"}},
		{"LongName", identity.FormCanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = long }, []string{"person.name"}},
		{"LongWord", identity.FormCanCuoc2024, func(c *render.Content) { c.Card.Person.Name.Text = strings.Repeat("ng", 40) }, []string{"person.name"}},
		{"LongAddress", identity.FormCCCD2021, func(c *render.Content) { c.Card.Person.Residence.Text = long }, []string{"person.residence.text"}},
		{"NoAddress", identity.FormCCCD2021, func(c *render.Content) { c.Card.Person.Residence.Text = "" }, []string{"person.residence.text"}},
		{"NoOrigin", identity.FormCCCD2021, func(c *render.Content) { c.Card.Person.Origin.Text = "" }, nil},
		{"TwoAtOnce", identity.FormCCCD2021, func(c *render.Content) {
			c.Card.Person.Origin.Text, c.Card.Person.Marks = long, "☠"
		}, []string{"person.origin.text", "person.marks"}},
		{"LongCode", identity.FormCanCuoc2024, func(c *render.Content) { c.QR = long + long }, []string{"person"}},
		{"NoMRZ", identity.FormCanCuoc2024, func(c *render.Content) { c.MRZ = [3]string{} }, []string{"person"}},
		{"NoJPEG", identity.FormCanCuoc2024, func(c *render.Content) { c.Portrait = []byte("GIF89a") }, []string{"portrait"}},
		{"NoFingerprint", identity.FormCCCD2021, func(c *render.Content) { c.LeftIndex = []byte{0} }, []string{"fingerprints"}},
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
	c := citizen(t, 2, identity.FormCanCuoc2024)
	c.Portrait = nil
	_, err := form(t, identity.FormCanCuoc2024).PDF(c, render.Options{})
	require.Equal(t, []string{"portrait"}, refusals(err))
	_, _, err = form(t, identity.FormCanCuoc2024).Bitmaps(c, 300, render.Options{})
	require.Equal(t, []string{"portrait"}, refusals(err))
	_, _, err = form(t, identity.FormCanCuoc2024).Bitmaps(c, 300, render.Options{Only: []string{"qr"}})
	require.NoError(t, err)
}
