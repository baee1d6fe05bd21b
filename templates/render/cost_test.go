package render

import (
	"bytes"
	"cmp"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jung-kurt/gofpdf"
	"github.com/skip2/go-qrcode"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
)

// shared is loaded once, for what measures.
var shared = sync.OnceValues(func() (*Renderer, error) { return Load(forms.BuiltIn) })

// subject is a card to measure with: the form of 2024, with a portrait of some 20 kB.
func subject(tb testing.TB) (*Form, Content) {
	tb.Helper()
	const seed = 9
	c, err := shared()
	require.NoError(tb, err)
	f, err := c.Form(formstest.CanCuoc2024)
	require.NoError(tb, err)
	card := formstest.Card(identitytest.Seeded(seed), &f.Form)
	lines, err := mrz.Lines(card)
	require.NoError(tb, err)
	r := identitytest.Seeded(seed)
	img := image.NewRGBA(image.Rect(0, 0, 472, 708))
	for i := range img.Pix {
		img.Pix[i] = uint8((i/4%472/3 + i/1888/6 + r.IntN(6)) & 0xff)
	}
	var portrait bytes.Buffer
	require.NoError(tb, jpeg.Encode(&portrait, img, &jpeg.Options{Quality: 75}))
	return f, Content{Card: card, MRZ: lines, QR: f.QRPayload(card), Pictures: Pictures{Portrait: portrait.Bytes()}}
}

// plain draws the same card with gofpdf as its manual shows: UTF-8 fonts from
// files, the background drawn each time, a rectangle for each module.
func plain(tb testing.TB, f *Form, c Content) {
	tb.Helper()
	pdf := gofpdf.NewCustom(&gofpdf.InitType{UnitStr: "mm", Size: gofpdf.SizeType{Wd: f.Page.W, Ht: f.Page.H}, FontDirStr: "../fonts"})
	pdf.SetAutoPageBreak(false, 0)
	for family, file := range map[string]string{"text": "BeVietnamPro-Regular.ttf", "bold": "BeVietnamPro-SemiBold.ttf", "mrz": "OCRB.ttf"} {
		pdf.AddUTF8Font(family, "", file)
	}
	l, err := f.layout(c, Full)
	require.NoError(tb, err)
	for i := range sides {
		pdf.AddPage()
		for _, s := range f.art[i].shapes {
			plainShape(pdf, s)
		}
		for _, p := range l.pictures[i] {
			options := gofpdf.ImageOptions{ImageType: "jpg"}
			pdf.RegisterImageOptionsReader("portrait", options, bytes.NewReader(p.bytes))
			pdf.ImageOptions("portrait", p.box.X, p.box.Y, p.box.W, p.box.H, false, options, 0, "")
		}
		for _, q := range l.codes[i] {
			plainCode(tb, pdf, q, c.QR)
		}
		for _, t := range slices.Concat(f.labels[i], l.pieces[i]) {
			plainText(pdf, t)
		}
	}
	var out bytes.Buffer
	require.NoError(tb, pdf.Output(&out))
}

func plainShape(pdf *gofpdf.Fpdf, s shape) {
	style := "F"
	pdf.SetFillColor(int(s.color.r), int(s.color.g), int(s.color.b))
	if s.width > 0 {
		style = "D"
		pdf.SetDrawColor(int(s.color.r), int(s.color.g), int(s.color.b))
		pdf.SetLineWidth(s.width)
	}
	for _, c := range s.contours {
		pdf.MoveTo(c.points[0].x, c.points[0].y)
		for i := 1; i < len(c.points); i++ {
			switch p := c.points; {
			case !c.curved:
				pdf.LineTo(p[i].x, p[i].y)
			case i%3 == 0:
				pdf.CurveBezierCubicTo(p[i-2].x, p[i-2].y, p[i-1].x, p[i-1].y, p[i].x, p[i].y)
			}
		}
	}
	pdf.DrawPath(style)
}

func plainCode(tb testing.TB, pdf *gofpdf.Fpdf, q code, payload string) {
	tb.Helper()
	qr, err := qrcode.New(payload, qrcode.Medium)
	require.NoError(tb, err)
	qr.DisableBorder = true
	pdf.SetFillColor(0, 0, 0)
	for y, row := range qr.Bitmap() {
		for x, dark := range row {
			if dark {
				pdf.Rect(q.x+float64(x)*q.module, q.y+float64(y)*q.module, q.module, q.module, "F")
			}
		}
	}
}

func plainText(pdf *gofpdf.Fpdf, t piece) {
	pdf.SetTextColor(int(t.color.r), int(t.color.g), int(t.color.b))
	for _, r := range t.runs {
		family := map[string]string{"BeVietnamPro-SemiBold": "bold", "OCRB": "mrz"}[r.face.name]
		pdf.SetFont(cmp.Or(family, "text"), "", t.size)
		if t.pitch == 0 {
			pdf.Text(t.x+r.x*t.size*point, t.y, r.text)
			continue
		}
		for i, letter := range r.text {
			pdf.Text(t.x+float64(i)*t.pitch, t.y, string(letter))
		}
	}
}

// cpu is what the process has used so far, of user and system.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// A card costs at most a fifth of what it costs with the plain use of gofpdf, in
// the same run. Nothing runs beside it: the test is not parallel.
func TestPDF_CostsAFifthOfPlainGofpdf(t *testing.T) {
	f, c := subject(t)
	own := func() {
		_, err := f.PDF(c, Options{})
		require.NoError(t, err)
	}
	own()
	plain(t, f, c)
	var ratios []float64
	for range 7 { // interleaved, and the median of them
		const cards = 6
		start := cpu(t)
		for range cards {
			plain(t, f, c)
		}
		middle := cpu(t)
		for range cards {
			own()
		}
		ratios = append(ratios, float64(middle-start)/float64(max(cpu(t)-middle, 1)))
	}
	slices.Sort(ratios)
	t.Logf("plain gofpdf takes %.1f times the CPU", ratios[len(ratios)/2])
	require.GreaterOrEqual(t, ratios[len(ratios)/2], 5.0)
}

func TestPDF_AllocatesLittle(t *testing.T) {
	f, c := subject(t)
	allocations := testing.AllocsPerRun(20, func() {
		_, err := f.PDF(c, Options{Specimen: true})
		require.NoError(t, err)
	})
	t.Logf("%.0f allocations", allocations)
	require.Less(t, allocations, 5000.0)
}

// What is kept from card to card does not grow with the cards.
func TestForm_KeepsNoCards(t *testing.T) {
	f, c := subject(t)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	draw := func(from, to uint64) {
		for seed := from; seed < to; seed++ {
			c.Card = formstest.Card(identitytest.Seeded(seed), &f.Form)
			c.QR = f.QRPayload(c.Card)
			if f.Check(c) != nil {
				continue
			}
			_, err := f.PDF(c, Options{})
			require.NoError(t, err)
			_, _, err = f.Bitmaps(c, 300, Options{})
			require.NoError(t, err)
		}
	}
	draw(0, 40)
	before := heap()
	draw(40, 160)
	after := heap()
	require.Less(t, int64(after)-int64(before), int64(2<<20), "from %d to %d bytes", before, after)
}

func BenchmarkPDF(b *testing.B) {
	f, c := subject(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.PDF(c, Options{Specimen: true}); err != nil {
			b.Fatal(err)
		}
	}
}

// With -cpu 1,2 it shows how drawing scales with cores. A worker keeps some 100 MB;
// a heap of nothing but cards would be collected at every tenth, and what scaled
// would be the collector.
func BenchmarkPDF_Parallel(b *testing.B) {
	f, c := subject(b)
	kept := make([]byte, 100<<20)
	defer runtime.KeepAlive(kept)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := f.PDF(c, Options{Specimen: true}); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkPDF_PlainGofpdf(b *testing.B) {
	f, c := subject(b)
	_, err := os.Stat(filepath.Join("..", "fonts", "OCRB.ttf"))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		plain(b, f, c)
	}
}

func BenchmarkCheck(b *testing.B) {
	f, c := subject(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Check(c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBitmaps(b *testing.B) {
	f, c := subject(b)
	for name, o := range map[string]struct {
		dpi     int
		options Options
	}{"300": {300, Options{}}, "600": {600, Options{}}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := f.Bitmaps(c, o.dpi, o.options); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
