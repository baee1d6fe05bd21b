package render_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render"
)

// citizens is how many generated citizens of each form are drawn; the acceptance
// run takes 1700.
var citizens = flag.Uint64("citizens", 40, "generated citizens of each form")

func matches(tb testing.TB, pattern, s string) bool {
	tb.Helper()
	return regexp.MustCompile(pattern).MatchString(s)
}

// run calls a program in a folder and gives what it prints.
func run(tb testing.TB, dir, program string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), program, args...)
	cmd.Dir = dir
	var out, faults strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &faults
	require.NoError(tb, cmd.Run(), "%s", &faults)
	return out.String()
}

// words are a text's words in NFC: where lines break does not matter.
func words(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// expected is all that stands on a card, in the order in which it is drawn.
func expected(f *render.Form, c render.Content, full bool) string {
	p := c.Card.Person
	values := map[string]string{
		"number": string(p.Number), "name": p.Name.Upper(), "birth": p.Birth.Display(), "sex": p.Sex.Label(), "nationality": "Việt Nam",
		"origin": p.Origin.Text, "residence": p.Residence.Text, "birth-registration": p.BirthRegistration.Text, "marks": p.Marks,
		"issued": c.Card.Issued.Display(), "expiry": c.Card.Expiry.String(), "mrz": strings.Join(c.MRZ[:], " "),
		"ethnicity": p.Ethnicity, "religion": p.Religion, "father": p.Father.Text, "mother": p.Mother.Text, "spouse": p.Spouse.Text, "serial": string(c.Card.Serial),
	}
	var all []string
	for _, side := range []forms.Side{forms.Front, forms.Back} {
		for _, t := range f.Texts {
			if t.Side == side && full {
				all = append(all, t.Text)
			}
		}
		for _, g := range f.Fields {
			if g.Side == side {
				all = append(all, values[g.ID])
			}
		}
	}
	return words(strings.Join(all, " "))
}

// The text of a card's PDF is the card's record, and the labels, and nothing else.
func TestPDF_SaysWhatTheRecordSays(t *testing.T) {
	t.Parallel()
	pdftotext, qpdf := needs(t, "pdftotext", "poppler-utils"), needs(t, "qpdf", "qpdf")
	for _, id := range ids {
		t.Run(string(id), func(t *testing.T) {
			t.Parallel()
			f, dir := form(t, id), t.TempDir()
			for seed := range *citizens {
				c := citizen(t, seed, id)
				b, err := f.PDF(c, render.Options{Specimen: seed%2 == 0})
				require.NoError(t, err, "seed %d", seed)
				require.Less(t, len(b)+48_000-len(c.Portrait), 200_000, "200 kB with a portrait of 48 kB")
				name := strconv.FormatUint(seed, 10) + ".pdf"
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
				require.Equal(t, expected(f, c, true), words(run(t, dir, pdftotext, "-raw", "-enc", "UTF-8", name, "-")), "seed %d", seed)
				if seed < 5 {
					require.Contains(t, run(t, dir, qpdf, "--check", name), "No syntax or stream encoding errors found")
				}
				require.NoError(t, os.Remove(filepath.Join(dir, name)))
			}
		})
	}
}

func TestPDF_EmbedsSubsetFontsAndHasTheSizeOfACard(t *testing.T) {
	t.Parallel()
	pdffonts, pdfinfo := needs(t, "pdffonts", "poppler-utils"), needs(t, "pdfinfo", "poppler-utils")
	for _, id := range ids {
		dir := t.TempDir()
		b, err := form(t, id).PDF(citizen(t, 4, id), render.Options{Specimen: true})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "card.pdf"), b, 0o600))

		fonts := strings.Split(strings.TrimSpace(run(t, dir, pdffonts, "card.pdf")), "\n")[2:]
		want, size := 3, "242.65 x 153.01 pts" // 85.60 by 53.98 mm
		if !form(t, id).HasChip() {
			want, size = 2, "209.76 x 297.64 pts" // without that of the MRZ; 74 by 105 mm
		}
		require.GreaterOrEqual(t, len(fonts), want)
		for _, font := range fonts {
			require.Regexp(t, `^[A-Z]{6}\+\S+ +TrueType +Custom +yes yes `, font)
		}
		info := run(t, dir, pdfinfo, "-f", "1", "-l", "2", "card.pdf")
		require.Regexp(t, `Pages: +2\n`, info)
		require.Equal(t, 2, strings.Count(info, size), "%s", info)
	}
}

// On a blank that was printed before goes what differs from card to card; that it
// is a specimen is said all the same.
func TestPDF_Overlay(t *testing.T) {
	t.Parallel()
	pdftotext := needs(t, "pdftotext", "poppler-utils")
	f, c, dir := form(t, formstest.CanCuoc2024), citizen(t, 5, formstest.CanCuoc2024), t.TempDir()
	sizes := make(map[string]int)
	for name, o := range map[string]render.Options{
		"full": {}, "overlay": {Mode: render.Overlay}, "marked": {Mode: render.Overlay, Specimen: true},
	} {
		b, err := f.PDF(c, o)
		require.NoError(t, err)
		sizes[name] = len(b)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".pdf"), b, 0o600))
		require.Equal(t, expected(f, c, name == "full"), words(run(t, dir, pdftotext, "-raw", "-enc", "UTF-8", name+".pdf", "-")))
	}
	require.Less(t, sizes["overlay"], sizes["marked"])
	require.Less(t, sizes["marked"], sizes["full"])

	front, _, err := f.Bitmaps(c, 150, render.Options{Mode: render.Overlay})
	require.NoError(t, err)
	require.Equal(t, uint8(255), front.Pix[0], "nothing is printed in the corner")
}

// The same card is the same bytes, also when cards are drawn at once.
func TestPDF_IsTheSameEachTime(t *testing.T) {
	t.Parallel()
	for _, id := range ids {
		f := form(t, id)
		var want [4][]byte
		for i := range want {
			b, err := f.PDF(citizen(t, uint64(10+i), id), render.Options{Specimen: true})
			require.NoError(t, err)
			want[i] = b
		}
		var group sync.WaitGroup
		for worker := range 8 {
			group.Go(func() {
				for i := range want {
					i = (i + worker) % len(want)
					b, err := f.PDF(citizen(t, uint64(10+i), id), render.Options{Specimen: true})
					if err != nil || !bytes.Equal(want[i], b) {
						t.Errorf("card %d differs: %v", i, err)
					}
				}
			})
		}
		group.Wait()
	}
}

// A portrait of other proportions is cut, not stretched; one as wide as a
// fingerprint is no trouble.
func TestPDF_CutsPictures(t *testing.T) {
	t.Parallel()
	qpdf := needs(t, "qpdf", "qpdf")
	for _, size := range [][2]int{{300, 400}, {200, 400}, {142, 213}, {143, 214}, {119, 179}, {120, 180}} {
		c := citizen(t, 6, formstest.CCCD2021)
		c.Portrait = stripes(t, size[0], size[1])
		f := form(t, formstest.CCCD2021)
		b, err := f.PDF(c, render.Options{})
		require.NoError(t, err)
		again, err := f.PDF(c, render.Options{})
		require.NoError(t, err)
		require.Equal(t, b, again)
		name := filepath.Join(t.TempDir(), "card.pdf")
		require.NoError(t, os.WriteFile(name, b, 0o600))
		run(t, ".", qpdf, "--check", name)
	}
}

// A print house gets art and labels, with bleed and a trim box.
func TestBlank(t *testing.T) {
	t.Parallel()
	pdftotext, pdfinfo, qpdf := needs(t, "pdftotext", "poppler-utils"), needs(t, "pdfinfo", "poppler-utils"), needs(t, "qpdf", "qpdf")
	for _, id := range ids {
		f, dir := form(t, id), t.TempDir()
		b, err := f.Blank(render.Options{Specimen: true})
		require.NoError(t, err)
		again, err := f.Blank(render.Options{Specimen: true})
		require.NoError(t, err)
		require.Equal(t, b, again)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "blank.pdf"), b, 0o600))

		var labels []string
		for _, text := range f.Texts {
			labels = append(labels, text.Text)
		}
		require.Equal(t, words(strings.Join(labels, " ")), words(run(t, dir, pdftotext, "-raw", "-enc", "UTF-8", "blank.pdf", "-")))
		info := run(t, dir, pdfinfo, "-box", "-f", "1", "-l", "2", "blank.pdf")
		size, trimmed := "253.98 x 164.35 pts", `248\.31 +158\.68`
		if !f.HasChip() {
			size, trimmed = "221.1 x 308.98 pts", `215\.43 +303\.31`
		}
		require.Equal(t, 2, strings.Count(info, size), "2 mm of bleed: %s", info)
		require.Regexp(t, `Page +2 TrimBox: +5\.67 +5\.67 +`+trimmed, info)
		run(t, dir, qpdf, "--check", "blank.pdf")
	}
}
