package render

import (
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
)

func load(tb testing.TB) *Renderer {
	tb.Helper()
	r, err := shared()
	require.NoError(tb, err)
	return r
}

// ink is what a line's letters cover.
func (t piece) ink() forms.Box {
	em := t.size * point
	left, right, top, bottom := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, r := range t.runs {
		x := t.x + r.x*em
		var before glyph
		for _, letter := range r.text {
			g := r.face.glyphs[letter]
			if t.pitch == 0 {
				x += r.face.kern(before, g) * em
			}
			before = g
			if g.right > g.left {
				left, right = min(left, x+g.left*em), max(right, x+g.right*em)
				top, bottom = min(top, t.y+g.top*em), max(bottom, t.y+g.bottom*em)
			}
			if t.pitch > 0 {
				x += t.pitch
			} else {
				x += g.width * em
			}
		}
	}
	return forms.Box{X: left, Y: top, W: right - left, H: bottom - top}
}

// Nothing touches, overlaps or is cut, whoever the citizen is.
func TestLayout_NothingTouches(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, f := range c.forms {
		for seed := range uint64(600) {
			card := formstest.Card(identitytest.Seeded(seed), &f.Form)
			lines, err := mrz.Lines(card)
			require.NoError(t, err)
			l, err := f.layout(Content{Card: card, MRZ: lines, QR: f.QRPayload(card)}, Full)
			require.NoError(t, err, "seed %d of %s", seed, f.ID)
			for i := range sides {
				var boxes []forms.Box
				for _, p := range slices.Concat(l.labels[i], l.pieces[i]) {
					b := p.ink()
					require.GreaterOrEqual(t, min(b.X, b.Y), f.Page.Safe-1e-6, "seed %d of %s", seed, f.ID)
					require.LessOrEqual(t, b.X+b.W, f.Page.W-f.Page.Safe+1e-6)
					require.LessOrEqual(t, b.Y+b.H, f.Page.H-f.Page.Safe+1e-6)
					boxes = append(boxes, b)
				}
				for j, b := range boxes {
					for k, other := range boxes[:j] {
						if overlap(b, other) {
							t.Fatalf("seed %d of %s, side %d: text %d at %v touches text %d at %v", seed, f.ID, i, j, b, k, other)
						}
					}
				}
			}
		}
	}
}

// A text is drawn as large as it can be: first it shrinks on its one line, then it
// wraps.
func TestFit(t *testing.T) {
	t.Parallel()
	f, err := load(t).Form(formstest.CanCuoc2024)
	require.NoError(t, err)
	i := slices.IndexFunc(f.fields, func(g field) bool { return g.ID == "name" })
	require.GreaterOrEqual(t, i, 0)
	name := &f.fields[i]
	for _, tt := range []struct {
		name  string
		lines int
		least float64 // size
		most  float64
	}{
		{"Trần Thị Vy", 1, 8.5, 8.5},
		{"Nguyễn Hoàng Phương Thảo Nhiên", 1, 7, 8.4},
		{"Công Tằng Tôn Nữ Thị Bích Huyền Trân Châu", 2, 6.5, 8},
		{strings.TrimSpace(strings.Repeat("Nghiêng ", 12)), 3, 6.5, 8},
	} {
		pieces, err := f.fit(name, tt.name)
		require.NoError(t, err)
		require.Len(t, pieces, tt.lines, "%s", tt.name)
		require.GreaterOrEqual(t, pieces[0].size, tt.least, "%s", tt.name)
		require.LessOrEqual(t, pieces[0].size, tt.most, "%s", tt.name)
	}
}

// said is what the lines of a field say.
func said(pieces []piece) (lines []string) {
	for _, p := range pieces {
		var b strings.Builder
		for _, r := range p.runs {
			b.WriteString(r.text)
		}
		lines = append(lines, b.String())
	}
	return lines
}

// Lines break at commas, so that a unit and its name stay together; lines without commas are
// about as long as each other; a hyphen is broken behind where nothing else helps.
func TestFit_Breaks(t *testing.T) {
	t.Parallel()
	f, err := load(t).Form(formstest.CanCuoc2024)
	require.NoError(t, err)
	for _, tt := range []struct {
		field, text string
		want        []string
	}{
		{
			"residence", "Căn hộ A-12.05, Chung cư số 9, Đường Xô Viết Nghệ Tĩnh, Phường Hải Châu, Thành phố Đà Nẵng",
			[]string{"Căn hộ A-12.05, Chung cư số 9, Đường Xô Viết Nghệ Tĩnh,", "Phường Hải Châu, Thành phố Đà Nẵng"},
		},
		{
			"name", "Công Tằng Tôn Nữ Thị Bích Huyền Trân Châu",
			[]string{"CÔNG TẰNG TÔN NỮ THỊ", "BÍCH HUYỀN TRÂN CHÂU"},
		},
		{
			"name", "Nguyễn-Phước-Khuyến-Nghĩa-Thượng-Hoàng-Phương-Thảo",
			[]string{"NGUYỄN-PHƯỚC-KHUYẾN-NGHĨA-", "THƯỢNG-HOÀNG-PHƯƠNG-THẢO"},
		},
	} {
		i := slices.IndexFunc(f.fields, func(g field) bool { return g.ID == tt.field })
		pieces, err := f.fit(&f.fields[i], tt.text)
		require.NoError(t, err)
		require.Equal(t, tt.want, said(pieces))
	}
}

// Figures are as wide as each other: numbers and dates stand in columns.
func TestTypefaces_FiguresAreTabular(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"text", "bold"} {
		face := load(t).faces[name]
		for r := '1'; r <= '9'; r++ {
			require.InDelta(t, face.glyphs['0'].width, face.glyphs[r].width, 1e-9)
			require.Zero(t, face.kern(face.glyphs['1'], face.glyphs[r]))
		}
		require.Less(t, face.kern(face.glyphs['L'], face.glyphs['T']), -0.05, "letters are kerned")
		require.Zero(t, face.kern(face.glyphs['T'], face.glyphs[' ']))
	}
}

// What stands under a name of one line moves up, labels with their fields, unless the labels
// are on the blank already. Baselines lie on the form's grid.
func TestLayout_MovesUp(t *testing.T) {
	t.Parallel()
	f, err := load(t).Form(formstest.CanCuoc2024)
	require.NoError(t, err)
	baselines := func(name string, mode Mode) map[string]float64 {
		card := formstest.Card(identitytest.Seeded(1), &f.Form)
		card.Person.Name.Text = name
		lines, err := mrz.Lines(card)
		require.NoError(t, err)
		c := Content{Card: card, MRZ: lines, QR: f.QRPayload(card)}
		l, err := f.layout(c, mode)
		require.NoError(t, err)
		drawn := make(map[string]float64)
		for _, p := range slices.Concat(l.labels[0], l.pieces[0]) {
			drawn[said([]piece{p})[0]] = p.y
			off := (p.y - f.Grid.From) / f.Grid.Step
			require.InDelta(t, math.Round(off), off, 0.01, "%s stands on the grid", said([]piece{p})[0])
		}
		for _, text := range f.placed(l).Texts {
			if y, ok := drawn[text.Text]; ok {
				require.InDelta(t, y, text.Baseline, 1e-9)
			}
		}
		return drawn
	}
	const number, birth = "Số định danh cá nhân / Personal identification number:", "Ngày, tháng, năm sinh / Date of birth:"
	short, long := baselines("Trần Thị Vy", Full), baselines("Công Tằng Tôn Nữ Thị Bích Huyền Trân Châu", Full)
	require.InDelta(t, long[birth]-4.2, short[birth], 1e-9)
	require.InDelta(t, long["Việt Nam"]-4.2, short["Việt Nam"], 1e-9)
	require.InDelta(t, long[number], short[number], 1e-9)
	require.InDelta(t, long["Việt Nam"], baselines("Trần Thị Vy", Overlay)["Việt Nam"], 1e-9)
}

// The code has the largest modules that it can have, and the best error correction
// that leaves them large enough.
func TestEncodeQR(t *testing.T) {
	t.Parallel()
	g := &forms.Field{Box: forms.Box{X: 10, Y: 20, W: 18, H: 18}, Level: "M", Quiet: 4, Module: 0.25}
	for _, tt := range []struct {
		bytes, size int
	}{
		{130, 49}, // version 8, M
		{180, 53}, // 9, M
		{213, 57}, // 10, M
		{250, 61}, // 11, M
		{300, 61}, // 11, L: at M it would be 13
	} {
		code, err := encode(g, strings.Repeat("a", tt.bytes))
		require.NoError(t, err)
		require.Equal(t, tt.size, code.modules.Size(), "%d bytes", tt.bytes)
		require.GreaterOrEqual(t, code.module, g.Module)
		require.InDelta(t, g.X+4*code.module, code.x, 1e-9)
		require.InDelta(t, g.W, float64(tt.size+8)*code.module, 1e-9)
	}
	_, err := encode(g, strings.Repeat("a", 330))
	require.ErrorIs(t, err, identity.Invalid)
	_, err = encode(g, strings.Repeat("a", 5000))
	require.ErrorIs(t, err, identity.Invalid)
}

// Every letter of Vietnam's languages is in both typefaces of forms.
func TestTypefaces_HaveEveryLetter(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, face := range []string{"text", "bold"} {
		_, missing := c.faces.width(face, letters(vietnamese+strings.Join(doubled[:], "")+"ĔĬŎŬČÑɃĕĭŏŭčñƀ№° .,;:/-'()&+%\"0123456789fjwzFJWZ"))
		require.Zero(t, missing, "U+%04X", missing)
	}
	require.Equal(t, "\uE000\uE007", letters("E\u0302\u0306\u01B0\u0306"))
	require.Equal(t, "\uFFFD", letters("\uE003"))
}

// A portrait is cut, never stretched: its sides, or its low edge, go.
func TestBox_CoverKeepsTheHead(t *testing.T) {
	t.Parallel()
	box := forms.Box{W: 20, H: 30}
	for _, tt := range []struct {
		name string
		w, h int
		want image.Rectangle
	}{
		{"the same proportions", 236, 354, image.Rect(0, 0, 236, 354)},
		{"wider", 354, 472, image.Rect(19, 0, 335, 472)},
		{"higher", 200, 400, image.Rect(0, 0, 200, 300)},
	} {
		require.Equal(t, tt.want, Cover(box, tt.w, tt.h), tt.name)
	}
}
