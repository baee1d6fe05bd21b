package svg_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/templates/svg"
)

const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="10 20 100 50">`

func TestParse(t *testing.T) {
	t.Parallel()
	d, err := svg.Parse([]byte(`<?xml version="1.0" encoding="UTF-8"?>
` + head + `
<!-- lines, and a group that is moved and doubled -->
<g transform="translate(10 20) scale(2)" fill="none" stroke="#102030" stroke-width="0.5">
  <path d="M0 0h1v1L0,1z M5-5l.5.5"/>
  <path stroke="none" fill="#ff0000" opacity="0.25" d="M1 1Q2 1 2 2C2 3 3 3 3 2S4 1 4 2"/>
</g></svg>`))
	require.NoError(t, err)
	require.InDelta(t, 100, d.W, 0)
	require.InDelta(t, 50, d.H, 0)
	require.Len(t, d.Shapes, 2)
	line, area := d.Shapes[0], d.Shapes[1]
	require.InDelta(t, 1, line.Width, 1e-9, "lines grow with their group")
	require.Equal(t, [3]uint8{0x10, 0x20, 0x30}, line.Color)
	require.Len(t, line.Paths, 2)
	require.Len(t, line.Paths[0], 1+4*3, "closed")
	require.Equal(t, svg.Point{}, line.Paths[0][0])
	require.Equal(t, svg.Point{X: 2, Y: 2}, line.Paths[0][6])
	require.Equal(t, svg.Point{X: 11, Y: -9}, line.Paths[1][3])
	require.Zero(t, area.Width)
	require.InDelta(t, 0.25, area.Opacity, 0)
	want := svg.Path{
		{X: 2, Y: 2},
		{X: 2 + 4.0/3, Y: 2},
		{X: 4, Y: 2 + 2.0/3},
		{X: 4, Y: 4},
		{X: 4, Y: 6},
		{X: 6, Y: 6},
		{X: 6, Y: 4},
		{X: 6, Y: 2},
		{X: 8, Y: 2},
		{X: 8, Y: 4},
	}
	require.Len(t, area.Paths[0], len(want))
	for i, p := range area.Paths[0] {
		require.InDelta(t, want[i].X, p.X, 1e-9, "point %d", i)
		require.InDelta(t, want[i].Y, p.Y, 1e-9, "point %d", i)
	}
}

// What is not drawn is refused, where it stands.
func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ drawing, want string }{
		"Nothing":       {"", "line 1: there is no <svg>"},
		"NotXML":        {head + "\n<g", "line 2: unexpected EOF"},
		"Image":         {head + "\n\n<image href='http://example.org/a.png'/></svg>", "line 3: <image> is not accepted; <svg>, <g> and <path> are"},
		"Script":        {head + "<script>alert(1)</script></svg>", "line 1: <script> is not accepted"},
		"Entities":      {`<!DOCTYPE svg [<!ENTITY a "aaaa">]>` + head + "</svg>", "document type"},
		"Stylesheet":    {`<?xml-stylesheet href="a.css"?>` + head + "</svg>", "<?xml-stylesheet?> is not accepted"},
		"Charset":       {`<?xml version="1.0" encoding="latin1"?>` + head + "</svg>", "UTF-8 is accepted"},
		"Text":          {head + "MẪU</svg>", "text is drawn as paths"},
		"NoSize":        {"<svg></svg>", "viewBox of <svg> is missing"},
		"EmptySize":     {`<svg viewBox="0 0 0 5"></svg>`, "the drawing has no size"},
		"Style":         {head + `<path style="fill:red" d="M0 0"/></svg>`, "style of <path>: it is not accepted"},
		"Gradient":      {head + `<path fill="url(#a)" d="M0 0"/></svg>`, "fill of <path>: none and #rrggbb are accepted"},
		"NamedColor":    {head + `<path fill="red" d="M0 0"/></svg>`, "none and #rrggbb"},
		"Units":         {head + `<path stroke-width="1px" d="M0 0"/></svg>`, "it takes 1 number(s), and no units"},
		"Arc":           {head + `<path d="M0 0A1 1 0 0 0 5 5"/></svg>`, "'A' is not accepted; M L H V C S Q Z are"},
		"NoMove":        {head + `<path d="L5 5"/></svg>`, "a path begins with M"},
		"FewNumbers":    {head + `<path d="M0 0C1 1 2 2"/></svg>`, "C takes 6 number(s)"},
		"NotANumber":    {head + `<path d="M0 0L1 -"/></svg>`, `"-" is not a number`},
		"Far":           {head + `<path d="M0 0L1 1e9"/></svg>`, `"1e9" is not a number from`},
		"Skewed":        {head + `<g transform="skewX(3)"/></svg>`, "transform of <g>: matrix(a b c d e f)"},
		"GrownTooFar":   {head + `<g transform="scale(1e5)scale(1e5)"/></svg>`, "beyond all bounds"},
		"GroupOpacity":  {head + `<g opacity="0.5"/></svg>`, "only a <path> has one"},
		"Opacity":       {head + `<path opacity="1.5" d="M0 0"/></svg>`, "1.5 is not accepted; 0 to 1 are"},
		"BothAndSheer":  {head + `<path stroke="#000000" opacity="0.5" d="M0 0L1 1"/></svg>`, "where both lie, it would show twice"},
		"TwoDrawings":   {head + head + "</svg></svg>", "a drawing is one <svg>"},
		"InAPath":       {head + "<path d='M0 0'><g/></path></svg>", "a <path> holds nothing"},
		"Deep":          {head + strings.Repeat("<g>", 20) + strings.Repeat("</g>", 20) + "</svg>", "groups are 16 deep"},
		"ManyPoints":    {head + `<path d="M0 0` + strings.Repeat("h1", 70_000) + `"/></svg>`, "more than 200000 points"},
		"Large":         {head + strings.Repeat(" ", svg.MaxBytes) + "</svg>", "a drawing has at most"},
		"OutOfSight":    {head + `<path d="M10 20L500 20"/></svg>`, "a path lies farther outside the viewBox than that is large"},
		"NothingMarked": {"<g/>", "a drawing is one <svg>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := svg.Parse([]byte(tt.drawing))
			require.ErrorContains(t, err, tt.want)
			var fault *svg.Fault
			require.ErrorAs(t, err, &fault)
			require.Positive(t, fault.Line)
		})
	}
}

// Whatever a file holds, it is a drawing within bounds, or a fault with its line.
func FuzzParse(f *testing.F) {
	f.Add([]byte(head + `<g transform="rotate(3)matrix(1 0 0 1 5 5)"><path d="m0 0l1 1H5v-.5C1 1 2 2 3 3S4 4 5 5Q1 1 2 2Z"/></g></svg>`))
	f.Add([]byte(head + `<path stroke="#123456" stroke-width="1e-3" fill="none" d="M1-1.5.5"/></svg>`))
	f.Add([]byte(`<!DOCTYPE svg><svg viewBox="0 0 1 1"/>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := svg.Parse(data)
		if err != nil {
			var fault *svg.Fault
			require.ErrorAs(t, err, &fault)
			require.Positive(t, fault.Line)
			return
		}
		points := 0
		for _, s := range d.Shapes {
			for _, p := range s.Paths {
				require.Equal(t, 1, len(p)%3)
				for _, q := range p {
					require.False(t, math.IsNaN(q.X+q.Y) || math.IsInf(q.X+q.Y, 0))
				}
				points += len(p)
			}
		}
		require.LessOrEqual(t, points, 400_000, "each is filled and stroked at most")
	})
}
