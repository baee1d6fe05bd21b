package print_test

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/camera"
	"example.org/cancuoc/internal/camera/fault"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	printinspection "example.org/cancuoc/internal/inspection/print"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/templates/render/rendertest"
)

// portraitOf is the portrait of a sample, normalized for the card.
func portraitOf(tb testing.TB, sample string) []byte {
	tb.Helper()
	raw, err := os.ReadFile("../../../samples/" + sample + "/portrait.jpg")
	require.NoError(tb, err)
	card, _, err := portrait.Normalize(raw)
	require.NoError(tb, err)
	return card
}

// printed draws a card of an invented person on a form.
func printed(tb testing.TB, id identity.FormID, dpi int) (form *render.Form, front, back *image.RGBA, content render.Content) {
	tb.Helper()
	form = rendertest.Form(tb, id)
	name, err := identity.ParseName("Đặng Thị Ngọc Ước")
	require.NoError(tb, err)
	card := identity.Card{
		Form: id, Issued: identity.Date{Year: 2026, Month: 11, Day: 23}, Serial: "0123456789ABCDEF",
		Person: identity.Person{
			Number: "001199999990", Name: name, Birth: identity.Date{Year: 1999, Month: 12, Day: 31}, Sex: identity.Female,
			Residence: identity.Place{Text: "Số 12, Phố Mẫu, Phường Hoàn Kiếm, Hà Nội"},
		},
	}
	lines, err := mrz.Lines(card)
	require.NoError(tb, err)
	content = render.Content{Card: card, MRZ: lines, QR: form.QRPayload(card)}
	if form.Shows(forms.PortraitField) {
		content.Portrait = portraitOf(tb, "02-exchange-at-25")
	}
	front, back, err = form.Bitmaps(content, dpi, render.Options{Specimen: true})
	require.NoError(tb, err)
	return form, front, back, content
}

// inspect inspects pictures of specimens.
func inspect(tb testing.TB, form *render.Form, front, back image.Image, content render.Content) []string {
	tb.Helper()
	found, err := printinspection.Inspect(form, front, back, content, render.Options{Specimen: true})
	require.NoError(tb, err)
	return found
}

func TestInspect_FindsNothingOnAGoodCard(t *testing.T) {
	t.Parallel()
	for _, id := range formstest.IDs {
		for _, dpi := range []int{300, 600} {
			form, front, back, content := printed(t, id, dpi)

			require.Empty(t, inspect(t, form, front, back, content), "%s at %d dpi", id, dpi)
		}
	}
}

// The mark of a specimen is on both sides of one, and on no side of a card, in any light.
func TestInspect_FindsAMarkThatIsMissingOrShouldNotBeThere(t *testing.T) {
	t.Parallel()
	for id, lights := range map[identity.FormID][]float64{
		formstest.CanCuoc2024: {0.7, 1, 1.15}, "cccd-2021": {1}, "chung-nhan-can-cuoc-2024": {1},
	} {
		form, front, back, content := printed(t, id, 300)
		plainFront, plainBack, err := form.Bitmaps(content, 300, render.Options{})
		require.NoError(t, err)
		for _, c := range []struct {
			front, back *image.RGBA
			specimen    bool
			want        string // that finding
		}{
			{front, back, true, ""},
			{plainFront, plainBack, false, ""},
			{plainFront, back, true, "front: specimen: "},
			{front, plainBack, true, "back: specimen: "},
			{front, plainBack, false, "front: specimen: "},
			{plainFront, back, false, "back: specimen: "},
		} {
			for _, light := range lights {
				found, err := printinspection.Inspect(form, lit(c.front, light), lit(c.back, light), content, render.Options{Specimen: c.specimen})
				require.NoError(t, err)
				if c.want == "" {
					require.Empty(t, found, "%s, specimen %t, light %g", id, c.specimen, light)
				} else {
					require.Contains(t, strings.Join(found, "; "), c.want, "%s, specimen %t, light %g", id, c.specimen, light)
				}
			}
		}
	}
}

// lit is a picture in another light.
func lit(img *image.RGBA, light float64) *image.RGBA {
	out := image.NewRGBA(img.Rect)
	for i, v := range img.Pix {
		out.Pix[i] = uint8(min(255, light*float64(v)))
		if i%4 == 3 {
			out.Pix[i] = v
		}
	}
	return out
}

// So is what is printed on a blank that has art and labels already.
func TestInspect_FindsNothingOnAnOverlay(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	front, back, err := form.Bitmaps(content, 300, render.Options{Mode: render.Overlay})
	require.NoError(t, err)
	found, err := printinspection.Inspect(form, front, back, content, render.Options{Mode: render.Overlay})
	require.NoError(t, err)
	require.Empty(t, found)
}

// look has a printer keep a card as PDF, and looks at it with a camera whose engine is
// not ours, and with faults.
func look(tb testing.TB, form *render.Form, content render.Content, dpi int, faults ...string) (front, back *image.RGBA) {
	tb.Helper()
	dir := tb.TempDir()
	keep := func(job string, content render.Content) {
		b, err := form.PDF(content, render.Options{Specimen: true})
		require.NoError(tb, err)
		require.NoError(tb, os.WriteFile(filepath.Join(dir, job+".pdf"), b, 0o600))
	}
	keep("A-1", content)
	other := content
	other.Card = formstest.Card(identitytest.Seeded(99), &form.Form)
	other.QR = form.QRPayload(other.Card)
	var err error
	other.MRZ, err = mrz.Lines(other.Card)
	require.NoError(tb, err)
	keep("B-1", other)
	c := &camera.Simulated{Dir: dir, DPI: dpi}
	for _, text := range faults {
		f, err := fault.Parse(text)
		require.NoError(tb, err)
		c.Faults = append(c.Faults, f)
	}
	f, k, err := c.Look(tb.Context(), camera.Job{Name: "A-1"})
	require.NoError(tb, err)
	return f.(*image.RGBA), k.(*image.RGBA)
}

// Prints of all kinds of people are good, in each form.
func TestInspect_FindsNothingOnPrintsSeenByAnotherEngine(t *testing.T) {
	t.Parallel()
	for _, id := range formstest.IDs {
		form, _, _, content := printed(t, id, 300)
		for seed := range uint64(4) {
			var err error
			content.Card = formstest.Card(identitytest.Seeded(seed), &form.Form)
			content.QR = form.QRPayload(content.Card)
			content.MRZ, err = mrz.Lines(content.Card)
			require.NoError(t, err)
			front, back := look(t, form, content, 300)

			require.Empty(t, inspect(t, form, front, back, content), "%s, seed %d", id, seed)
		}
	}
}

// Letters at the end of a long line stand where every engine's rounding of their advances has
// added up: that is no fault of the print. These lines were refused.
func TestInspect_FindsNothingAtTheEndOfALongLine(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	for _, p := range []identity.Person{
		{
			Number: "079311536032", Name: identity.Name{Text: "Phạm Giềng"}, Birth: identity.Date{Year: 2011, Month: 3, Day: 26}, Sex: identity.Female,
			BirthRegistration: identity.Place{Text: "Phường Bến Thành, Hồ Chí Minh", Province: "079"},
			Residence:         identity.Place{Text: "Buôn Ma Thuột, tổ 3, Xã Đắk D'rông, Huyện Cư Jút, Đắk Lắk", Province: "066"},
		},
		{
			Number: "079311536032", Name: identity.Name{Text: "Lê Thuý"}, Birth: identity.Date{Year: 2011, Month: 3, Day: 26}, Sex: identity.Female,
			BirthRegistration: identity.Place{Text: "Phường Bến Thành, Hồ Chí Minh", Province: "079"},
			Residence:         identity.Place{Text: "Số 12/34B, Ngõ 56, Phố Lý Thường Kiệt, Đặc khu Phú Quý, Sơn La", Province: "014"},
		},
	} {
		var err error
		content.Card.Person = p
		content.QR = form.QRPayload(content.Card)
		content.MRZ, err = mrz.Lines(content.Card)
		require.NoError(t, err)
		front, back := look(t, form, content, 300)

		require.Empty(t, inspect(t, form, front, back, content))
	}
}

// A good print stays good in dim and in glaring light, in a noisy picture, shifted a
// little, and turned as it lies.
func TestInspect_FindsNothingInAnyLight(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	for _, faults := range [][]string{
		{"brightness=0.6"},
		{"brightness=1.3"},
		{"noise=12"},
		{"shift=0.3"},
		{"shift=-0.3"},
		{"rotation=0.2"},
		{"rotation=-2"},
		{"rotation=2", "brightness=0.7", "noise=8", "shift=0.2"},
	} {
		front, back := look(t, form, content, 300, faults...)
		require.Empty(t, inspect(t, form, front, back, content), faults)
	}
	front, back := look(t, form, content, 600, "rotation=1", "noise=12")
	require.Empty(t, inspect(t, form, front, back, content), "at 600 dpi")
}

// A picture may show what the card lies on.
func TestInspect_FindsTheCardOnWhatItLiesOn(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	front, back := look(t, form, content, 300, "rotation=0")
	around := func(img *image.RGBA, bed uint8) *image.RGBA {
		out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()+150, img.Rect.Dy()+90))
		draw.Draw(out, out.Rect, image.NewUniform(color.Gray{bed}), image.Point{}, draw.Src)
		draw.Draw(out, img.Rect.Add(image.Pt(90, 30)), img, image.Point{}, draw.Src)
		return out
	}
	for _, bed := range []uint8{10, 120, 255} {
		require.Empty(t, inspect(t, form, around(front, bed), around(back, bed), content), "on gray %d", bed)
	}
	front, back = look(t, form, content, 300, "brightness=1.3") // a nearly white card has no edges on white
	require.Empty(t, inspect(t, form, around(front, 255), around(back, 255), content), "in glaring light on white")
}

// A soft shadow of the card on what it lies on is no part of the card: it was taken for its edge.
func TestInspect_FindsTheCardInItsShadow(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	front, back := look(t, form, content, 300)
	const around, millimeter = 60, 300 / 25.4
	shadowed := func(img *image.RGBA, deep float64) *image.RGBA {
		out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()+2*around, img.Rect.Dy()+2*around))
		for y := range out.Rect.Dy() {
			for x := range out.Rect.Dx() {
				off := max(around-x, x-around-img.Rect.Dx(), around-y, y-around-img.Rect.Dy())
				level := uint8(250 * (1 - deep*math.Exp(-float64(off)/millimeter)))
				out.SetRGBA(x, y, color.RGBA{level, level, level, 255})
			}
		}
		draw.Draw(out, img.Rect.Add(image.Pt(around, around)), img, image.Point{}, draw.Src)
		return out
	}
	for _, deep := range []float64{0.2, 0.4} {
		require.Empty(t, inspect(t, form, shadowed(front, deep), shadowed(back, deep), content), deep)
	}
	small := image.NewRGBA(front.Rect) // a print that is too small on a white card is found there too
	draw.Draw(small, small.Rect, image.White, image.Point{}, draw.Src)
	xdraw.BiLinear.Transform(small, f64.Aff3{0.97, 0, 0.015 * float64(front.Rect.Dx()), 0, 0.97, 0.015 * float64(front.Rect.Dy())}, front, front.Rect, draw.Src, nil)
	require.Contains(t, strings.Join(inspect(t, form, shadowed(small, 0.4), shadowed(back, 0.4), content), "; "), "as wide as it should be")
}

// So may a scanner's bed that is much larger than the card, or a table, or a cloth.
func TestInspect_FindsTheCardAnywhereOnAnything(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	front, back := look(t, form, content, 300)
	around := func(img *image.RGBA, left, top, right, low int, bed func(x, y int) color.Color) *image.RGBA {
		out := image.NewRGBA(image.Rect(0, 0, left+img.Rect.Dx()+right, top+img.Rect.Dy()+low))
		for y := range out.Rect.Dy() {
			for x := range out.Rect.Dx() {
				out.Set(x, y, bed(x, y))
			}
		}
		draw.Draw(out, img.Rect.Add(image.Pt(left, top)), img, image.Point{}, draw.Src)
		return out
	}
	dark := func(int, int) color.Color { return color.Gray{8} }
	white := func(int, int) color.Color { return color.Gray{250} }
	cloth := func(x, y int) color.Color { return color.Gray{uint8(60 + 60*((x/6+y/6)%2))} }
	wood := func(x, y int) color.Color {
		v := 130 + 25*math.Sin(float64(x)/30+3*math.Sin(float64(y)/90))
		return color.RGBA{uint8(v + 20), uint8(v), uint8(v - 30), 255}
	}
	for name, on := range map[string]func(*image.RGBA) *image.RGBA{
		"at a scanner's corner": func(img *image.RGBA) *image.RGBA { return around(img, 500, 400, 700, 600, dark) },
		"far from the middle":   func(img *image.RGBA) *image.RGBA { return around(img, 60, 200, 300, 40, dark) },
		"on cloth":              func(img *image.RGBA) *image.RGBA { return around(img, 70, 50, 90, 70, cloth) },
		"on wood":               func(img *image.RGBA) *image.RGBA { return around(img, 200, 150, 90, 120, wood) },
		"on a large white bed":  func(img *image.RGBA) *image.RGBA { return around(img, 470, 350, 470, 350, white) },
		"on an upright bed":     func(img *image.RGBA) *image.RGBA { return around(img, 500, 1400, 900, 1400, dark) },
	} {
		require.Empty(t, inspect(t, form, on(front), on(back), content), name)
	}

	small := image.NewRGBA(front.Rect)
	draw.Draw(small, small.Rect, image.White, image.Point{}, draw.Src)
	xdraw.BiLinear.Scale(small, front.Rect.Inset(150), front, front.Rect, draw.Src, nil)
	require.NotEmpty(t, inspect(t, form, small, back, content), "a small print in the middle of a white card")
}

// What the printer or the ribbon did wrong is found, and the field is named.
func TestInspect_FindsBadPrints(t *testing.T) {
	t.Parallel()
	for _, id := range []identity.FormID{formstest.CanCuoc2024, formstest.CanCuoc2024Under6} {
		form, _, _, content := printed(t, id, 300)
		for faults, want := range map[string]string{
			"blank":     "front: the print of this card is not on it",
			"cyan":      "front: red has 0% of the contrast",
			"magenta":   "front: green has 0% of the contrast",
			"yellow":    "front: blue has 0% of the contrast",
			"smear":     "front: number: ",
			"half":      "front: nationality: its letters",
			"other":     "front: number: its letters",
			"shift=1.2": "front: the print is shifted by 1.2 mm across and 1.2 mm down",
		} {
			front, back := look(t, form, content, 300, faults)
			require.Contains(t, strings.Join(inspect(t, form, front, back, content), "\n"), want, "%s on %s", faults, id)
		}
	}
}

// One letter, digit or tone mark that is another is found, also in the smallest text of a card,
// in good light and in a picture by JPEG.
func TestInspect_FindsOneLetterThatIsAnother(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	person := &content.Card.Person
	person.Residence = identity.Place{Text: "Số 12/34B, Ngõ 56, Xã Ea Kao, Tuyên Quang", Province: "008"}
	person.BirthRegistration = identity.Place{Text: "Phường Bến Thành, Cần Thơ", Province: "092"}
	var err error
	content.MRZ, err = mrz.Lines(content.Card)
	require.NoError(t, err)
	content.QR = form.QRPayload(content.Card)
	sent := content
	for field, changes := range map[string][][2]string{
		"residence":          {{"Quang", "Queng"}, {"Ngõ", "Nqõ"}, {"Kao", "Kaa"}, {"56", "58"}},
		"birth-registration": {{"Cần", "Cấn"}, {"Thành", "Thanh"}},
		"name":               {{"Thị", "Thi"}},
	} {
		for _, change := range changes {
			content := sent
			p := &content.Card.Person
			text := map[string]*string{"residence": &p.Residence.Text, "birth-registration": &p.BirthRegistration.Text, "name": &p.Name.Text}[field]
			*text = strings.Replace(*text, change[0], change[1], 1)
			front, back := look(t, form, content, 300, "noise=4", "brightness=0.85")

			require.Contains(t, strings.Join(inspect(t, form, front, back, sent), "\n"), field+": its letters", "%s for %s", change[1], change[0])
		}
	}
}

// A print is shifted too far from 0.5 mm on, and up to there nothing is wrong with it,
// wherever it was looked for first.
func TestInspect_KnowsHowFarAPrintIsShifted(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	for fault, want := range map[string]string{
		"shift=0.42": "", "shift=-0.42": "", "shift=0.6": "front: the print is shifted by 0.6 mm across and 0.6 mm down",
		"shift=-0.7": "front: the print is shifted by -0.7 mm across and -0.7 mm down", "shift=2": "front: the print is shifted by 2.0 mm across and 2.0 mm down",
	} {
		front, back := look(t, form, content, 300, fault)
		found := strings.Join(inspect(t, form, front, back, content), "\n")
		if want == "" {
			require.Empty(t, found, fault)
		} else {
			require.Contains(t, found, want, fault)
		}
	}
}

// So is one that is smaller than its card, or stretched, where the card's edges are seen.
func TestInspect_KnowsHowLargeAPrintIs(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	front, back := look(t, form, content, 300)
	for want, size := range map[string][2]float64{
		"":                                  {0.995, 1.005},
		"front: the print is 96":            {0.96, 0.96},
		"front: the print is 98.0% as wide": {0.98, 1},
	} {
		on := func(img *image.RGBA) *image.RGBA {
			const around = 50
			w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
			card := image.NewRGBA(img.Rect)
			draw.Draw(card, card.Rect, image.White, image.Point{}, draw.Src)
			xdraw.BiLinear.Transform(card, f64.Aff3{size[0], 0, (1 - size[0]) / 2 * w, 0, size[1], (1 - size[1]) / 2 * h}, img, img.Rect, draw.Src, nil)
			out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()+2*around, img.Rect.Dy()+2*around))
			draw.Draw(out, out.Rect, image.NewUniform(color.Gray{90}), image.Point{}, draw.Src)
			draw.Draw(out, img.Rect.Add(image.Pt(around, around)), card, image.Point{}, draw.Src)
			return out
		}
		found := strings.Join(inspect(t, form, on(front), on(back), content), "\n")
		if want == "" {
			require.Empty(t, found)
		} else {
			require.Contains(t, found, want)
		}
	}
}

// The letters of both sides are compared in each light in which a print is judged: an art
// that is nearly white is not taken for overexposed, and its dots show how little noise
// there is.
func TestInspect_ComparesLettersInAnyLight(t *testing.T) {
	t.Parallel()
	form, _, _, content := printed(t, formstest.CanCuoc2024, 300)
	for _, brightness := range []string{"0.6", "0.8", "0.95", "1"} {
		front, back := look(t, form, content, 300, "other", "brightness="+brightness)
		found := strings.Join(inspect(t, form, front, back, content), "\n")
		require.Contains(t, found, "front: name: its letters", brightness)
		require.Contains(t, found, "back: residence: its letters", brightness)
	}
}

// gray is what a camera without colors sees.
func gray(img *image.RGBA) image.Image {
	out := image.NewGray(img.Rect)
	draw.Draw(out, out.Rect, img, image.Point{}, draw.Src)
	return out
}

// Pictures by which nothing can be judged are the camera's fault, not the card's.
func TestInspect_RefusesPicturesThatShowNothing(t *testing.T) {
	t.Parallel()
	form, front, back, content := printed(t, formstest.CanCuoc2024, 300)
	black := image.NewRGBA(front.Rect)
	for want, picture := range map[string]image.Image{
		"picture of the front: it is too dark":                               black,
		"picture of the front: a picture has 40 by 30 dots":                  image.NewRGBA(image.Rect(0, 0, 40, 30)),
		"picture of the front: a picture has 60000 by 270 dots":              image.NewGray(image.Rect(0, 0, 60000, 270)),
		"picture of the front: it has no colors":                             gray(front),
		"picture of the front: a part of the card is outside the picture":    front.SubImage(image.Rect(0, 40, 1011, 638)),
		"picture of the front: a picture has 638 by 1011 dots; a card lying": image.NewGray(image.Rect(0, 0, 638, 1011)),
	} {
		_, err := printinspection.Inspect(form, picture, back, content, render.Options{Specimen: true})
		require.ErrorContains(t, err, want)
	}
}

// A print that says something else, or nothing, is found.
func TestInspect_FindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	white := func(img *image.RGBA, form *render.Form, field string) {
		f, ok := formstest.Field(&form.Form, field)
		require.True(t, ok)
		scale := float64(img.Rect.Dx()) / form.Page.W
		box := image.Rect(int(f.X*scale), int(f.Y*scale), int((f.X+f.W)*scale), int((f.Y+f.H)*scale))
		draw.Draw(img, box, image.NewUniform(color.White), image.Point{}, draw.Src)
	}
	for _, tt := range []struct {
		name  string
		spoil func(form *render.Form, front, back *image.RGBA, want *render.Content)
		want  string
	}{
		{"OtherQR", func(_ *render.Form, _, _ *image.RGBA, c *render.Content) { c.QR = "1" + c.QR[1:] }, "QR code says something else"},
		{"NoQR", func(f *render.Form, _, back *image.RGBA, _ *render.Content) { white(back, f, "qr") }, "QR code cannot be read"},
		{"OtherLetterInMRZ", func(_ *render.Form, _, _ *image.RGBA, c *render.Content) {
			c.MRZ[2] = "X" + c.MRZ[2][1:]
		}, "line 3 of the MRZ differs at 1 place"},
		{"NoMRZ", func(f *render.Form, _, back *image.RGBA, _ *render.Content) { white(back, f, "mrz") }, "MRZ is missing"},
		{"NoPortrait", func(f *render.Form, front, _ *image.RGBA, _ *render.Content) { white(front, f, "portrait") }, "front: portrait: the face is"},
		{"OtherPortrait", func(_ *render.Form, _, _ *image.RGBA, c *render.Content) {
			c.Portrait = portraitOf(t, "11-long-name") // the same hair, sex and age
		}, "front: portrait: the face is"},
		{"BarOverTheEyes", func(f *render.Form, front, _ *image.RGBA, _ *render.Content) {
			portrait, _ := formstest.Field(&f.Form, "portrait")
			scale := float64(front.Rect.Dx()) / f.Page.W
			bar := image.Rect(int((portrait.X+5)*scale), int((portrait.Y+12.5)*scale), int((portrait.X+15)*scale), int((portrait.Y+16)*scale))
			draw.Draw(front, bar, image.Black, image.Point{}, draw.Src)
		}, "front: portrait: "},
		{"NoName", func(f *render.Form, front, _ *image.RGBA, _ *render.Content) { white(front, f, "name") }, "front: name: its letters"},
		{"OtherName", func(_ *render.Form, _, _ *image.RGBA, c *render.Content) {
			c.Card.Person.Name, _ = identity.ParseName("Đặng Thị Ngọc Bích")
		}, "front: name: its letters"},
		{"NoToneMark", func(f *render.Form, front, _ *image.RGBA, c *render.Content) {
			other := *c
			other.Card.Person.Name, _ = identity.ParseName("Đặng Thị Ngoc Ước")
			drawn, _, err := f.Bitmaps(other, 300, render.Options{Specimen: true})
			require.NoError(t, err)
			copy(front.Pix, drawn.Pix)
		}, "front: name: its letters"},
		{"OtherGhost", func(f *render.Form, front, _ *image.RGBA, c *render.Content) {
			other := *c
			other.Portrait = portraitOf(t, "01-first-issue-at-14")
			drawn, _, err := f.Bitmaps(other, 300, render.Options{Specimen: true})
			require.NoError(t, err)
			ghost, _ := formstest.Field(&f.Form, "ghost")
			scale := float64(front.Rect.Dx()) / f.Page.W
			box := image.Rect(int(ghost.X*scale), int(ghost.Y*scale), int((ghost.X+ghost.W)*scale), int((ghost.Y+ghost.H)*scale))
			draw.Draw(front, box, drawn, box.Min, draw.Src)
		}, "front: ghost: "},
		{"DeadLineOfThePrintHead", func(_ *render.Form, front, _ *image.RGBA, _ *render.Content) {
			draw.Draw(front, image.Rect(0, 400, front.Rect.Dx(), 407), image.White, image.Point{}, draw.Src)
		}, "front: name"},
		{"LightOverTheFace", func(_ *render.Form, front, _ *image.RGBA, _ *render.Content) {
			draw.Draw(front, image.Rect(150, 340, 200, 390), image.White, image.Point{}, draw.Src)
		}, "front: portrait: the face is"},
		{"BackUpsideDown", func(_ *render.Form, _, back *image.RGBA, _ *render.Content) {
			for i, j := 0, len(back.Pix)-4; i < j; i, j = i+4, j-4 {
				for c := range 4 {
					back.Pix[i+c], back.Pix[j+c] = back.Pix[j+c], back.Pix[i+c]
				}
			}
		}, "back: the print of this card is not on it"},
		{"OtherDigit", func(_ *render.Form, _, _ *image.RGBA, c *render.Content) {
			c.Card.Person.Number = "001199999980"
		}, "front: number: its letters"},
		{"OtherResidence", func(_ *render.Form, _, _ *image.RGBA, c *render.Content) {
			c.Card.Person.Residence.Text = "Số 13, Phố Mẫu, Phường Hoàn Kiếm, Hà Nội"
		}, "back: residence: its letters"},
		{"NoTitle", func(_ *render.Form, front, _ *image.RGBA, _ *render.Content) {
			draw.Draw(front, image.Rect(300, 150, 890, 210), image.NewUniform(front.At(300, 150)), image.Point{}, draw.Src)
		}, `front: text "CĂN CƯỚC": its letters`},
		{"StainOnTheQRCode", func(f *render.Form, _, back *image.RGBA, _ *render.Content) { // it can be read all the same
			qr, _ := formstest.Field(&f.Form, "qr")
			x, y := int((qr.X+qr.W/2)*300/25.4), int((qr.Y+qr.H/2)*300/25.4)
			draw.Draw(back, image.Rect(x-18, y-18, x+18, y+18), image.White, image.Point{}, draw.Src)
		}, "back: qr: the QR code can be read, but is stained"},
		{"InkAroundTheQRCode", func(f *render.Form, _, back *image.RGBA, _ *render.Content) {
			qr, _ := formstest.Field(&f.Form, "qr")
			x, y := int((qr.X+0.4)*300/25.4), int((qr.Y+qr.H/2)*300/25.4)
			draw.Draw(back, image.Rect(x, y-7, x+10, y+7), image.Black, image.Point{}, draw.Src)
		}, "back: qr: there is ink around the QR code"},
		{"NoLinesInAPartOfTheArt", func(_ *render.Form, front, _ *image.RGBA, _ *render.Content) {
			flatten(front, image.Rect(832, 480, 960, 608))
		}, "of its lines are seen"},
		{"NoLinesWhereAFieldIsEmpty", func(f *render.Form, _, back *image.RGBA, c *render.Content) {
			c.Card.Person.Residence.Text = "Phố Mẫu" // it ends before them
			c.QR = f.QRPayload(c.Card)
			_, drawn, err := f.Bitmaps(*c, 300, render.Options{Specimen: true})
			require.NoError(t, err)
			copy(back.Pix, drawn.Pix)
			flatten(back, image.Rect(532, 24, 692, 136))
		}, "of its lines are seen"},
		{"ThinLineAcross", func(_ *render.Form, front, _ *image.RGBA, _ *render.Content) {
			draw.Draw(front, image.Rect(0, 590, front.Rect.Dx(), 592), image.White, image.Point{}, draw.Src)
		}, "front: there is a line across the card at 50.0 mm"},
		{"ThinLineDown", func(_ *render.Form, _, back *image.RGBA, _ *render.Content) {
			draw.Draw(back, image.Rect(526, 0, 528, back.Rect.Dy()), image.White, image.Point{}, draw.Src)
		}, "back: there is a line down the card at 44.6 mm"},
		{"SpotOnTheArt", func(_ *render.Form, front, _ *image.RGBA, _ *render.Content) {
			draw.Draw(front, image.Rect(900, 560, 930, 590), image.NewUniform(color.Gray{90}), image.Point{}, draw.Src)
		}, "front: art at "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			form, front, back, content := printed(t, formstest.CanCuoc2024, 300)
			tt.spoil(form, front, back, &content)

			found := strings.Join(inspect(t, form, front, back, content), "; ")

			require.Contains(t, found, tt.want)
		})
	}
}

// flatten gives squares of a part of a picture their mean color.
func flatten(img *image.RGBA, part image.Rectangle) {
	const size = 16 // dots
	for y := part.Min.Y; y < part.Max.Y; y += size {
		for x := part.Min.X; x < part.Max.X; x += size {
			block, mean := image.Rect(x, y, x+size, y+size), image.NewRGBA(image.Rect(0, 0, 1, 1))
			xdraw.ApproxBiLinear.Scale(mean, mean.Rect, img, block, draw.Src, nil)
			draw.Draw(img, block, image.NewUniform(mean.At(0, 0)), image.Point{}, draw.Src)
		}
	}
}

// What is inspected is what another engine drew, as of each card.
func BenchmarkInspect(b *testing.B) {
	form, _, _, content := printed(b, formstest.CanCuoc2024, 300)
	front, back := look(b, form, content, 300)
	b.ReportAllocs()
	for b.Loop() {
		inspect(b, form, front, back, content)
	}
}
