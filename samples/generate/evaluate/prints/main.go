// Prints measures the inspection of prints: whether it judges damaged prints right, how many
// good prints it refuses, and how many portraits of other persons of the same hair and sex it
// accepts. Good cards are drawn as PDF, and seen by the simulated camera, whose engine is not
// ours. It prints the numbers in docs/inspection.md.
//
//	go run ./samples/generate/evaluate/prints -cards 200 -faces 20
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.org/cancuoc/internal/camera"
	"example.org/cancuoc/internal/identity/identitytest"
	printinspection "example.org/cancuoc/internal/inspection/print"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render"
)

func main() {
	var e evaluation
	flag.IntVar(&e.first, "first", 0, "the number of the first card: a card and its picture are the same each time")
	flag.IntVar(&e.cards, "cards", 100, "good prints of each form")
	flag.IntVar(&e.damages, "damages", 1, "how often each kind of damage, and each light, is judged on each form")
	flag.StringVar(&e.only, "only", "", "only kinds of damage and light whose name has this in it")
	flag.IntVar(&e.faces, "faces", 12, "faces of each hair and sex, and as many photographed; each is compared with every other")
	flag.Parse()
	if err := e.run(); err != nil {
		fmt.Fprintln(os.Stderr, "evaluate:", err)
		os.Exit(1)
	}
}

// evaluation is one run.
type evaluation struct {
	first, cards, faces, damages int
	only                         string
	forms                        *render.Renderer
	dir                          string // where the printer keeps what it was given
}

// drawn is how the cards are drawn.
var drawn = render.Options{Specimen: true}

func (e *evaluation) run() error {
	var err error
	if e.forms, err = render.Load(forms.BuiltIn); err != nil {
		return err
	}
	if e.dir, err = os.MkdirTemp("", "cancuoc-prints-"); err != nil {
		return err
	}
	defer os.RemoveAll(e.dir)
	return errors.Join(e.damaged(), e.good(), e.others())
}

// card is a print, and what it should be.
type card struct {
	form    *render.Form
	content render.Content
	job     string
}

// make prints a card of an invented person.
func (e *evaluation) make(form *render.Form, seed uint64, p person) (card, error) {
	c := card{form: form, job: fmt.Sprintf("%s-%d", form.ID, seed)}
	c.content.Card = formstest.Card(identitytest.Seeded(seed), &form.Form)
	c.content.QR = form.QRPayload(c.content.Card)
	var err error
	if c.content.MRZ, err = mrz.Lines(c.content.Card); err != nil {
		return c, err
	}
	for _, field := range form.Fields {
		if field.Kind == forms.PortraitField {
			if c.content.Portrait, err = p.portrait(); err != nil {
				return c, err
			}
		}
	}
	pdf, err := form.PDF(c.content, drawn)
	if err != nil {
		return c, err
	}
	return c, os.WriteFile(filepath.Join(e.dir, c.job+".pdf"), pdf, 0o600)
}

// look takes pictures of a card in a light.
func (e *evaluation) look(c card, l light) (front, back image.Image, err error) {
	see := camera.Simulated{Dir: e.dir, DPI: l.dpi}
	front, back, err = see.Look(context.Background(), camera.Job{Name: c.job})
	if err != nil {
		return nil, nil, err
	}
	if front, err = l.shine(front); err != nil {
		return nil, nil, err
	}
	back, err = l.shine(back)
	return front, back, err
}

// good counts the good prints that are refused.
func (e *evaluation) good() error {
	for _, id := range e.forms.IDs() {
		form, err := e.forms.Form(id)
		if err != nil {
			return err
		}
		var mu sync.Mutex
		refused, spent := 0, time.Duration(0)
		err = each(e.cards, func(n int) error {
			n += e.first
			random := rand.New(rand.NewPCG(uint64(n), 7))
			c, err := e.make(form, uint64(n), anyPerson(random))
			if err != nil {
				return err
			}
			l := anyLight(random)
			front, back, err := e.look(c, l)
			if err != nil {
				return err
			}
			start := time.Now()
			found, err := printinspection.Inspect(form, front, back, c.content, drawn)
			mu.Lock()
			defer mu.Unlock()
			spent += time.Since(start)
			if err != nil || len(found) > 0 {
				refused++
				fmt.Printf("refused     %s, %+v: %s %v\n", c.job, l, strings.Join(found, "; "), err)
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Printf("good prints %-24s %d of %d refused; %v each\n", id, refused, e.cards, (spent / time.Duration(max(e.cards, 1))).Round(time.Millisecond))
	}
	return nil
}

// others counts the portraits of other persons that are accepted.
func (e *evaluation) others() error {
	form, err := e.forms.Form(formstest.CanCuoc2024)
	if err != nil {
		return err
	}
	for _, group := range groups {
		for _, photographed := range []bool{false, true} {
			if err := e.group(form, person{group, photographed}); err != nil {
				return err
			}
		}
	}
	return nil
}

// faceLike is what a finding says of a face.
var faceLike = regexp.MustCompile(`the face is (-?[0-9.]+) like`)

// group compares each of the faces of a group with each other.
func (e *evaluation) group(form *render.Form, p person) error {
	cards := make([]card, e.faces)
	err := each(e.faces, func(n int) (err error) {
		p := p
		p.Seed = uint64(e.first + n)
		cards[n], err = e.make(form, 1_000_000+uint64(e.first+n), p)
		return err
	})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	accepted, byFace, compared, refused, nearest := 0, 0, 0, 0, -1.0
	err = each(e.faces, func(n int) error {
		l := anyLight(rand.New(rand.NewPCG(uint64(e.first+n), 8)))
		front, back, err := e.look(cards[n], l)
		if err != nil {
			return err
		}
		for m, other := range cards {
			content := cards[n].content
			content.Portrait = other.content.Portrait
			found, err := printinspection.Inspect(form, front, back, content, drawn)
			if err != nil {
				return err
			}
			told := strings.Join(found, "; ")
			mu.Lock()
			switch like := faceLike.FindStringSubmatch(told); {
			case m == n && told != "":
				refused++
				fmt.Printf("refused     %s, %+v: %s\n", cards[n].job, l, told)
			case m != n:
				compared++
				if told == "" {
					accepted++
				}
				if like == nil {
					byFace++ // what else differs is luck: another's hair and clothes
				} else if v, err := strconv.ParseFloat(like[1], 64); err == nil {
					nearest = max(nearest, v)
				}
			}
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("portraits   hair %d, female %-5t aged %d, photographed %-5t: %d of %d others accepted, %d by the face alone, the nearest of the rest %.2f; %d of %d refused\n",
		p.Hair, p.Female, p.Age, p.photographed, accepted, compared, byFace, nearest, refused, e.faces)
	return nil
}

// each does something n times, on all processors.
func each(n int, do func(int) error) error {
	errs := make([]error, n)
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for i := range next {
				errs[i] = do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
	return errors.Join(errs...)
}
