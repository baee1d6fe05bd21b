package forms_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
)

func day(tb testing.TB, iso string) identity.Date {
	tb.Helper()
	d, err := identity.ParseDate(iso)
	require.NoError(tb, err)
	return d
}

func TestLoad_BuiltIn(t *testing.T) {
	t.Parallel()
	c := formstest.BuiltIn(t)
	require.Equal(t, slices.Sorted(slices.Values(formstest.IDs)), c.IDs())
	for _, id := range formstest.IDs {
		require.True(t, formstest.Form(t, id).Issued.From.Complete())
	}
	_, err := c.Form("cmnd-1999")
	require.ErrorIs(t, err, identity.NotFound)
}

// What the circulars ask of the forms.
func TestForms_HaveWhatTheLawAsks(t *testing.T) {
	t.Parallel()
	for id, fields := range map[identity.FormID]string{
		formstest.CCCD2021:          "number name birth sex nationality origin residence expiry portrait qr marks issued left-index right-index mrz",
		formstest.CanCuoc2024:       "number name birth sex nationality portrait ghost residence birth-registration qr issued expiry mrz",
		formstest.CanCuoc2024Under6: "number name birth sex nationality residence birth-registration qr issued expiry mrz",
	} {
		f := formstest.Form(t, id)
		require.Len(t, f.Fields, len(strings.Fields(fields)), "%s", id)
		for field := range strings.FieldsSeq(fields) {
			_, ok := formstest.Field(f, field)
			require.True(t, ok, "%s: %s", id, field)
		}
		require.InDelta(t, 85.60, f.Page.W, 0)
		require.InDelta(t, 53.98, f.Page.H, 0)
	}
}

// What is the holder's is bold, and the labels are regular.
func TestForms_HaveTwoWeights(t *testing.T) {
	t.Parallel()
	for _, id := range []identity.FormID{formstest.CCCD2021, formstest.CanCuoc2024, formstest.CanCuoc2024Under6} {
		f := formstest.Form(t, id)
		for _, g := range f.Fields {
			if g.Kind == forms.TextField {
				require.Equal(t, "bold", g.Font, "%s: field %s", id, g.ID)
			}
		}
		for _, label := range f.Texts {
			if label.ID != "" {
				require.Equal(t, "text", label.Font, "%s: %s", id, label.ID)
			}
		}
	}
}

// Which form a card gets follows from law, day and age.
func TestCatalog_For(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, filed, birth string
		want               identity.FormID
	}{
		{"FirstChipCards", "2021-01-23", "1999-12-31", formstest.CCCD2021},
		{"LastDayOfTheLawOf2014", "2024-06-30", "1999-12-31", formstest.CCCD2021},
		{"FirstDayOfTheLawOf2023", "2024-07-01", "1999-12-31", formstest.CanCuoc2024},
		{"ChildUnderSix", "2026-11-23", "2020-11-24", formstest.CanCuoc2024Under6},
		{"ChildOfSix", "2026-11-23", "2020-11-23", formstest.CanCuoc2024},
		{"NewBorn", "2026-11-23", "2026-11-23", formstest.CanCuoc2024Under6},
		{"Eldest", "2026-11-23", "1900-01-01", formstest.CanCuoc2024},
	} {
		form, err := formstest.BuiltIn(t).For(identity.Application{FiledOn: day(t, tt.filed), Person: identity.Person{Birth: day(t, tt.birth)}})
		require.NoError(t, err, tt.name)
		require.Equal(t, tt.want, form.ID, tt.name)
	}
	for name, filed := range map[string]string{"BeforeChipCards": "2021-01-22", "ChildIn2014": "2024-06-30"} {
		_, err := formstest.BuiltIn(t).For(identity.Application{FiledOn: day(t, filed), Person: identity.Person{Birth: day(t, "2010-07-01")}})
		refusals := identity.Refusals(err)
		require.Len(t, refusals, 1, name)
		require.Equal(t, "filed_on", refusals[0].Field, name)
	}
}

// Whoever may apply gets a form, and it shows a portrait where the law asks for one.
func TestCatalog_HasAFormForEveryApplication(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5000) {
		a := identitytest.Application(identitytest.Seeded(seed))
		form, err := formstest.BuiltIn(t).For(a)
		require.NoError(t, err, "seed %d", seed)
		require.Equal(t, a.NeedsPortrait(), form.Shows(forms.PortraitField), "seed %d", seed)
	}
}

// The form that is issued from the latest day is used, and only on its days.
func TestCatalog_ForTakesTheLatest(t *testing.T) {
	t.Parallel()
	newer := formstest.Changed(t, func(s string) string {
		s = strings.Replace(s, "id: can-cuoc-2024", "id: can-cuoc-2026", 1)
		return strings.Replace(s, "from: 2024-07-01, from_age: 6", "from: 2026-01-01, to: 2026-06-30, from_age: 14", 1)
	})
	c, err := forms.Load(forms.BuiltIn, newer)
	require.NoError(t, err)
	for _, tt := range []struct {
		filed, birth string
		want         identity.FormID
	}{
		{"2025-12-31", "1999-12-31", formstest.CanCuoc2024},
		{"2026-01-01", "1999-12-31", "can-cuoc-2026"},
		{"2026-06-30", "1999-12-31", "can-cuoc-2026"},
		{"2026-07-01", "1999-12-31", formstest.CanCuoc2024},
		{"2026-01-01", "2013-01-01", formstest.CanCuoc2024},
	} {
		form, err := c.For(identity.Application{FiledOn: day(t, tt.filed), Person: identity.Person{Birth: day(t, tt.birth)}})
		require.NoError(t, err)
		require.Equal(t, tt.want, form.ID, "filed on %s, born %s", tt.filed, tt.birth)
	}
}

// A folder's form takes the place of one that is built in.
func TestLoad_ReplacesAForm(t *testing.T) {
	t.Parallel()
	c, err := forms.Load(forms.BuiltIn, formstest.Changed(t, func(s string) string { return strings.Replace(s, "version: 5", "version: 99", 1) }))
	require.NoError(t, err)
	require.Len(t, c.IDs(), len(formstest.IDs))
	form, err := c.Form(formstest.CanCuoc2024)
	require.NoError(t, err)
	require.Equal(t, 99, form.Version)
}

// Where nothing says which of two forms a card gets, the catalog is refused.
func TestLoad_RefusesRivals(t *testing.T) {
	t.Parallel()
	_, err := forms.Load(forms.BuiltIn, formstest.Changed(t, func(s string) string {
		return strings.Replace(strings.Replace(s, "id: can-cuoc-2024", "id: new", 1), "from_age: 6", "from_age: 5", 1)
	}))
	require.ErrorContains(t, err, "form new.yaml:9: issued: the form can-cuoc-2024 is issued to the same holders from the same day on")
	require.ErrorContains(t, err, "the form can-cuoc-2024-under-6 is issued to the same holders")
}

// A form at fault is refused with file, line and field.
func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, to, want string }{
		{"NotYAML", "id: can-cuoc-2024", "id: [", `^form new.yaml:\d+: `},
		{"UnknownSetting", "kind: portrait,", "kind: portrait, colour: red,", `^form new.yaml:\d+: there is no setting "colour"$`},
		{"UnknownSettingOfForm", "version: 5", "version: 5\nprice: 3", `^form new.yaml:\d+: field price not found`},
		{"NotANumber", "w: 20, h: 30,", "w: wide, h: 30,", "^form new.yaml:\\d+: cannot unmarshal !!str `wide` into float64$"},
		{"NoVersion", "version: 5\n", "", `form: id, title and version`},
		{"NoDate", "from: 2024-07-01", "from: 2024-07", `issued: from is needed`},
		{"NotADate", "from: 2024-07-01", "from: 2024-02-31", `^form new.yaml:\d+: `},
		{"Page", "page: {w: 85.60", "page: {w: -1", `page: w and h are 20 to 400 mm`},
		{"NaN", "w: 20, h: 30,", "w: .nan, h: 30,", `^form new.yaml:\d+: .nan is not a number that a form can hold`},
		{"AMeter", "w: 20, h: 30,", "w: 2e9, h: 30,", `^form new.yaml:\d+: 2e9 is not a number that a form can hold`},
		{"Color", `ink: "#000000"`, `ink: black`, `color ink: "black" is not #rrggbb`},
		{"NoColor", "font: bold, size: 11.5, color: ink", "font: bold, size: 11.5, color: inc", `:\d+: field number: there is no color "inc"$`},
		{"NoFont", "font: bold, size: 11.5", "font: gothic, size: 11.5", `field number: there is no font "gothic"`},
		{"NoKind", "kind: portrait", "kind: photo", `field portrait: there is no kind "photo"`},
		{"NoBind", "kind: text, bind: sex", "kind: text, bind: gender", `field sex: bind is "gender", which does not exist; there are birth, `},
		{"NoLabel", "after: sex label", "after: sax label", `field sex: there is no text "sax label"`},
		{"Twice", "{id: sex, kind", "{id: birth, kind", `field birth: the id is empty, or used twice`},
		{"NoSide", "kind: portrait, side: front", "kind: portrait, side: left", `field portrait: side must be front or back`},
		{"TooSmall", "min: 4.5", "min: 2", `field name: sizes must descend`},
		{"SampleOfNothing", "- note: 120 letters", "- note: 120 letters\n    values: {title: Dr}\n  - note: more letters", `"title" is not a name that a field can be bound to`},
		{"NoSamples", "samples:", "samples: []\nunused:", `field unused not found`},
		{"ModuleOfQR", "module: 0.254", "module: 0.2", `field qr: module is 0.20 mm; one under 0.25 mm`},
		{"LevelOfQR", "level: M", "level: Z", `field qr: level must be L, M, Q or H`},
		{"MarkOfQR", "level: M", "level: M, eci: true", `field qr: eci is "true"; it must be never or always, or be left out`},
		{"QuietZone", "quiet: 4", "quiet: 2", `field qr: quiet is 2`},
		{"QRNotSquare", "w: 20.7, h: 20.7", "w: 20.7, h: 20", `field qr: its box must be square`},
		{"MRZNotBlack", "leading: 6.35, color: ink", "leading: 6.35, color: label", `field mrz: its color must be black`},
		{"MRZTooNarrow", "w: 76.3, h: 16.4", "w: 70, h: 16.4", `field mrz: its box must hold 30 letters and 3 lines: 76.20 by 16.30 mm`},
		{"MRZOutsideItsZone", "name: mrz, side: back, x: 0, y: 30.78, w: 85.6, h: 23.2", "name: mrz, side: back, x: 0, y: 40, w: 85.6, h: 13", `field mrz: it must lie in a zone mrz`},
		{"NoZone", "name: chip", "name: hole", `zone hole: the zone does not exist; there are chip and mrz`},
		{"NoName", "card: {vi: Căn cước, en: Identity Card}", "card: {vi: Căn cước}", `card: vi and en are needed`},
		{"NoLaw", "law: 26/2023/QH15", "law: 05/1999/ND-CP", `^form new.yaml:9: issued: law is needed; there are 59/2014/QH13, 26/2023/QH15`},
		{"EndBeforeBegin", "from: 2024-07-01", "from: 2024-07-01, to: 2024-06-30", `issued: from is needed, yyyy-mm-dd, and to cannot be before it`},
		{"Ages", "from_age: 6", "from_age: 6, below_age: 6", `issued: from_age is 0 to 200, and below_age, if given, is above it`},
		{"UnknownSettingOfIssued", "from_age: 6", "from: 6", `^form new.yaml:\d+: `},
		{"NoValueOfQR", "{bind: cancelled-number}", "{bind: canceled}", `:\d+: qr: bind is "canceled", which does not exist; there are birth, `},
		{"NoQR", "kind: qr", "kind: portrait", `qr: the values of the QR code and a field of kind qr go together`},
		{"DrawingGone", "art/vietnam.svg", "art/china.svg", `art art/china.svg: there is no such file beside the form$`},
		{"DrawingElsewhere", "art/vietnam.svg", "../vietnam.svg", `art ../vietnam.svg: file must be an .svg in the form's folder or below`},
		{"DrawingChanged", "sha256: ", "sha256: 0", `art art/bronze-drum.svg: sha256 is "0[0-9a-f]+"; the file's is [0-9a-f]{64}$`},
		{"DrawingOfNobody", "licence: ", "sha256: x}\n  - {kind: wash, side: front, colors: [gold, red], licence: ", `art wash: sha256, layer and licence belong to a drawing`},
		{"DrawingOfNoLayer", "layer: ovi", "layer: magnetic", `art art/ovi-lotus.svg: layer must be one of print, uv, ovi, tactile`},
		{"GhostOfOtherProportions", "w: 7.6, h: 11.4", "w: 7.6, h: 12.4", `field ghost: it must have the portrait's proportions`},
		{"Feather", "feather: 2.6", "feather: 26", `field portrait: feather is 26 mm; 0 to 5 are accepted`},
		{"Microtext", "bind: number, x: 75.4", "bind: numbr, x: 75.4", `microtext numbr: bind is "numbr", which does not exist`},
		{"OffTheGrid", "baseline: 24.2,", "baseline: 24.3,", `text "Số định danh .*": baseline is 24.3 mm, off the grid: 3.2 mm and every 1.05`},
		{"NoGrid", "step: 1.05", "step: 0", `grid: step is 0 mm`},
		{"UnderNothing", "baseline: 44.15, under: name, size", "baseline: 44.15, under: sex, size", `text "Ngày, .*": there is no text field "sex" with a rise on its side`},
		{"ApartFromItsLabel", "baseline: 44.15, under: name, after", "baseline: 44.15, after", `field birth: it comes after "birth label", and must be under the same field`},
		{"RiseOfOneLine", "font: bold, size: 11.5", "font: bold, rise: 1.05, size: 11.5", `field number: only a field of several lines, which is under no other, has a rise`},
		{"OptionalPortrait", "kind: portrait,", "kind: portrait, optional: true,", `field portrait: only a text can be optional`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := forms.Load(formstest.Changed(t, func(s string) string { return strings.Replace(s, tt.from, tt.to, 1) }))
			require.Error(t, err)
			want := regexp.MustCompile(tt.want)
			require.True(t, slices.ContainsFunc(strings.Split(err.Error(), "\n"), func(line string) bool {
				return strings.HasPrefix(line, "form new.yaml:") && want.MatchString(line)
			}), "%s", err)
		})
	}
}

func TestLoad_RefusesAnEmptyFolder(t *testing.T) {
	t.Parallel()
	_, err := forms.Load(fstest.MapFS{})
	require.ErrorContains(t, err, "there is no *.yaml")
}

func TestLoad_LeavesOutWhatIsAtFault(t *testing.T) {
	t.Parallel()
	folder := formstest.Changed(t, func(s string) string { return s + "\n" }).(fstest.MapFS)
	folder["bad.yaml"] = &fstest.MapFile{Data: []byte("id: 3")}
	c, err := forms.Load(folder)
	require.ErrorContains(t, err, "form bad.yaml:1: ")
	require.Equal(t, []identity.FormID{formstest.CanCuoc2024}, c.IDs())
}
