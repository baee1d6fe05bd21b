// Generate makes the samples folder: applications of invented people, with drawn
// portraits and grown fingerprints. It makes the same files each time.
//
//	go run ./samples/generate -out samples
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/samples/generate/face"
	"example.org/cancuoc/samples/generate/finger"
)

func main() {
	out := flag.String("out", "samples", "folder to write into")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	all := subjects()
	errs := make([]error, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for i := range next {
				errs[i] = all[i].write(filepath.Join(out, all[i].sample.Name), uint64(i)+1)
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	return errors.Join(append(errs, writeScript(out, all), writePopulation(out, all), writeReadme(out, all))...)
}

// write makes one sample's folder.
func (s subject) write(folder string, index uint64) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	a := s.application
	if s.face != nil {
		a.Portrait = &packet.Image{File: "portrait.jpg"}
		if err := s.writePortraits(folder); err != nil {
			return err
		}
	}
	if s.hands != 0 {
		a.Fingerprints = []packet.Fingerprint{
			{Position: "left-index", File: "left-index.png", Template: "left-index.fmr"},
			{Position: "right-index", File: "right-index.png", Template: "right-index.fmr"},
		}
		if s.bandaged {
			a.Fingerprints[1] = packet.Fingerprint{Position: "right-index", Missing: string(fingerprint.Bandaged)}
		}
		if err := s.writeFingers(folder, index); err != nil {
			return err
		}
	}
	if s.whole {
		if err := s.writeWhole(folder, index, &a); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(folder, "application.json"), a)
}

// writePortraits draws the applicant. A poor sample is first drawn badly.
func (s subject) writePortraits(folder string) error {
	if !s.poor {
		return writePortrait(filepath.Join(folder, "portrait.jpg"), *s.face)
	}
	bad := *s.face
	bad.Blur, bad.Dark = 3.2, 0.55
	if err := writePortrait(filepath.Join(folder, "portrait.jpg"), bad); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, "recapture"), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	return writePortrait(filepath.Join(folder, "recapture", "portrait.jpg"), *s.face)
}

// portraitBytes keeps a portrait small enough for the chip to hold it as it is.
const portraitBytes = 19_500

func writePortrait(path string, f face.Face) error {
	picture := face.Draw(f)
	for quality := 95; ; quality-- {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: quality}); err != nil {
			return fmt.Errorf("write portrait: %w", err)
		}
		if b.Len() <= portraitBytes {
			return writeFile(path, b.Bytes())
		}
	}
}

// writeFingers grows both index fingers, and makes another impression of the left one
// for the hand-over.
func (s subject) writeFingers(folder string, index uint64) error {
	left := finger.Grow(10 * s.hands)
	if err := writeFinger(folder, "left-index", fingerprint.LeftIndex, left.Impression(100*index, finger.Conditions{})); err != nil {
		return err
	}
	if err := writeFinger(folder, "left-index-handover", fingerprint.LeftIndex, left.Impression(100*index+2, finger.Conditions{})); err != nil {
		return err
	}
	if s.bandaged {
		return nil
	}
	right := finger.Grow(10*s.hands + 1)
	return writeFinger(folder, "right-index", fingerprint.RightIndex, right.Impression(100*index+1, finger.Conditions{}))
}

// writeWhole adds the other eight fingers, as templates alone, and both eyes.
func (s subject) writeWhole(folder string, index uint64, a *packet.Submission) error {
	n := uint64(2)
	for _, position := range fingerprint.Positions() {
		if position == fingerprint.LeftIndex || position == fingerprint.RightIndex {
			continue
		}
		var b bytes.Buffer
		if err := png.Encode(&b, finger.Grow(10*s.hands+n).Impression(100*index+n+8, finger.Conditions{})); err != nil {
			return fmt.Errorf("write fingerprint: %w", err)
		}
		name := string(position) + ".fmr"
		if err := writeTemplate(filepath.Join(folder, name), position, b.Bytes()); err != nil {
			return err
		}
		a.Fingerprints = append(a.Fingerprints, packet.Fingerprint{Position: string(position), Template: name})
		n++
	}
	a.IrisLeft, a.IrisRight = &packet.Iris{File: "iris-left.png"}, &packet.Iris{File: "iris-right.png"}
	for i, eye := range []*packet.Iris{a.IrisLeft, a.IrisRight} {
		var b bytes.Buffer
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		if err := encoder.Encode(&b, drawEye(s.hands+uint64(i))); err != nil {
			return fmt.Errorf("write eye: %w", err)
		}
		if err := writeFile(filepath.Join(folder, eye.File), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// drawEye draws an eye as a camera in the near infrared has it: lids, white, an iris of fibers
// that are each eye's own, a dark pupil with the lamp's reflection.
func drawEye(seed uint64) *image.Gray {
	const w, h = 640, 480
	random := rand.New(rand.NewPCG(seed, 6))
	var waves [12]struct{ spokes, rings, phase, height float64 }
	for i := range waves {
		wave := &waves[i]
		wave.spokes, wave.rings, wave.phase, wave.height = float64(8+random.IntN(60)), 4+random.Float64()*20, random.Float64()*2*math.Pi, 3+random.Float64()*5
	}
	g := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			dx, dy := float64(x)-w/2, float64(y)-h/2
			r, angle := math.Hypot(dx, dy), math.Atan2(dy, dx)
			v := 205 - 0.1*math.Abs(dx)
			switch {
			case math.Hypot(dx-18, dy+18) < 7:
				v = 250
			case r < 42:
				v = 18
			case r < 128:
				v = 105
				for _, wave := range waves {
					v += wave.height * math.Sin(wave.spokes*angle+r/wave.rings+wave.phase)
				}
				v -= max(0, r-120) * 5
			}
			if lid := 150 - dx*dx/900; dy < -lid || dy > lid {
				v = 150 - 0.05*math.Abs(dx)
			}
			g.SetGray(x, y, color.Gray{uint8(min(max(v, 0), 255))})
		}
	}
	return g
}

// writeFinger writes the image of a finger and its template.
func writeFinger(folder, name string, position fingerprint.Position, picture *image.Gray) error {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, picture); err != nil {
		return fmt.Errorf("write fingerprint: %w", err)
	}
	if err := writeFile(filepath.Join(folder, name+".png"), b.Bytes()); err != nil {
		return err
	}
	return writeTemplate(filepath.Join(folder, name+".fmr"), position, b.Bytes())
}

// writeTemplate writes the template of a finger's image.
func writeTemplate(file string, position fingerprint.Position, picture []byte) error {
	record, err := fingerprint.Extract(picture)
	if err != nil {
		return fmt.Errorf("extract template: %w", err)
	}
	named, err := fingerprint.Templates{position: record}.MarshalBinary() // one record, with its finger position filled in
	if err != nil {
		return fmt.Errorf("name template: %w", err)
	}
	return writeFile(file, named)
}

func writeScript(out string, all []subject) error {
	script := samples.Script{Stations: stations(), Officers: officers()}
	for _, s := range all {
		script.Samples = append(script.Samples, s.sample)
	}
	var b bytes.Buffer
	b.WriteString("# Who works in the sample office, and what they do about each sample until it has\n" +
		"# ended. Made by samples/generate; samples.go explains the keys.\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(script); err != nil {
		return fmt.Errorf("write script: %w", err)
	}
	return writeFile(filepath.Join(out, "script.yaml"), b.Bytes())
}

// writePopulation writes what the population registry knows of everyone beforehand:
// what the application says, unless the sample is about a difference.
func writePopulation(out string, all []subject) error {
	var p samples.Population
	for _, s := range all {
		e := samples.Entry{Person: s.application.Person, Status: "alive"}
		if s.registry != nil {
			s.registry(&e.Person)
		}
		if s.oldCard != nil {
			card := *s.oldCard
			expiry, err := expiry(card, e.Person)
			if err != nil {
				return fmt.Errorf("%s: %w", s.sample.Name, err)
			}
			card.Expiry = expiry
			e.Card = &card
		}
		p.Citizens = append(p.Citizens, e)
	}
	return writeJSON(filepath.Join(out, "population.json"), p)
}

// expiry is the date at which the old card expires by the law of 2014, or "" if it
// never does.
func expiry(card samples.LiveCard, p packet.Person) (string, error) {
	birth, err := identity.ParseDate(p.Birth)
	if err != nil {
		return "", fmt.Errorf("read birth: %w", err)
	}
	issued, err := identity.ParseDate(card.Issued)
	if err != nil {
		return "", fmt.Errorf("read day of issue: %w", err)
	}
	e := identity.Validity(identity.Law2014, birth, issued)
	if e.Never() {
		return "", nil
	}
	text, err := e.Date.MarshalText()
	return string(text), err
}

const readme = `# Samples

Applications of people who do not exist. Names, numbers (the last six digits begin
with 9999), addresses and families are invented; portraits are drawn and fingerprints
are grown by ` + "`go run ./samples/generate -out samples`" + `, which always makes the same
files. Free to use for any purpose.

Each folder holds ` + "`application.json`" + ` ([what its fields mean](../docs/packet.md)),
` + "`portrait.jpg`" + ` (3 x 4 cm at 300 dpi), and both index fingers as images at 500 dpi and as
records of ISO/IEC 19794-2:2005; the left one a second time, as it is laid on the reader
when the card is collected. ` + "`population.json`" + ` is what the population registry knows
beforehand, with the cards that people hold. ` + "`script.yaml`" + ` says who does what until each
application has ended; ` + "`make run`" + ` plays it.

The fingers do not stand for a population; docs/biometrics.md says what was measured with
fingers like these, by ` + "`go run ./samples/generate/evaluate`" + `.

Reissue after loss uses the data on file: 08 is filed at a station, and its capture stands
for the data on file; 09 is filed online with only the portrait on file.

| sample | shows | end |
|---|---|---|
`

func writeReadme(out string, all []subject) error {
	var b strings.Builder
	b.WriteString(readme)
	for _, s := range all {
		end := string(s.sample.End)
		if s.sample.Reason != "" {
			end += ": " + s.sample.Reason
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.sample.Name, s.sample.Shows, end)
	}
	return writeFile(filepath.Join(out, "README.md"), []byte(b.String()))
}

func writeJSON(path string, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return writeFile(path, b.Bytes())
}

func writeFile(path string, b []byte) error {
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
