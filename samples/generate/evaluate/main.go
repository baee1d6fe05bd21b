// Evaluate measures the matcher on synthetic fingers, and prints the numbers in
// docs/biometrics.md. They say that the code works, and nothing about a real
// population.
//
//	go run ./samples/generate/evaluate -persons 100 -captures 3 -gallery 10000
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"example.org/cancuoc/internal/biometrics/abis"
	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/biometrics/ridges"
	"example.org/cancuoc/samples/generate/finger"
)

func main() {
	var e evaluation
	flag.IntVar(&e.persons, "persons", 50, "persons with two fingers each, grown and read from images")
	flag.IntVar(&e.captures, "captures", 3, "captures of each person")
	flag.IntVar(&e.gallery, "gallery", 10000, "persons in the gallery; those beyond -persons have strewn fingers, without images")
	flag.Parse()
	if err := e.run(); err != nil {
		fmt.Fprintln(os.Stderr, "evaluate:", err)
		os.Exit(1)
	}
}

// evaluation is one run.
type evaluation struct {
	persons, captures, gallery int
	hands                      [][]fingerprint.Templates // by person and capture
}

func (e *evaluation) run() error {
	if err := e.capture(); err != nil {
		return err
	}
	e.oneFinger()
	if err := e.twoFingers(); err != nil {
		return err
	}
	return e.identify()
}

// capture grows and reads every finger, on all processors.
func (e *evaluation) capture() error {
	start := time.Now()
	e.hands = make([][]fingerprint.Templates, e.persons)
	errs := make([]error, e.persons)
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for p := range next {
				e.hands[p], errs[p] = grow(uint64(p), e.captures)
			}
		})
	}
	for p := range e.persons {
		next <- p
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	fmt.Printf("captured    %d persons, 2 fingers, %d times, in %.0f s\n", e.persons, e.captures, time.Since(start).Seconds())
	return nil
}

// grow makes one person's captures.
func grow(person uint64, captures int) ([]fingerprint.Templates, error) {
	hands := make([]fingerprint.Templates, captures)
	for f, position := range fingers() {
		seed := 1_000_000 + 2*person + uint64(f)
		master := finger.Grow(seed)
		for c := range captures {
			if hands[c] == nil {
				hands[c] = make(fingerprint.Templates)
			}
			t := ridges.Read(master.Impression(seed*1000+uint64(c), finger.Conditions{})).Record
			record, err := minutiae.Encode(t)
			if err != nil {
				return nil, fmt.Errorf("write template: %w", err)
			}
			hands[c][position] = record
		}
	}
	return hands, nil
}

func fingers() []fingerprint.Position {
	return []fingerprint.Position{fingerprint.LeftIndex, fingerprint.RightIndex}
}

// oneFinger compares every capture of every finger with every other.
func (e *evaluation) oneFinger() {
	type one struct {
		finger int
		ready  *minutiae.Prepared
	}
	var all []one
	total := 0
	for p, captures := range e.hands {
		for _, h := range captures {
			for f, position := range fingers() {
				t, err := minutiae.Parse(h[position])
				if err != nil {
					continue
				}
				total += len(t.Minutiae)
				all = append(all, one{2*p + f, minutiae.Prepare(t)})
			}
		}
	}
	var genuine, impostor []float64
	start := time.Now()
	for i, a := range all {
		for _, b := range all[:i] {
			score := minutiae.Match(a.ready, b.ready)
			if a.finger == b.finger {
				genuine = append(genuine, score)
			} else {
				impostor = append(impostor, score)
			}
		}
	}
	each := time.Since(start) / time.Duration(len(genuine)+len(impostor))
	fmt.Printf("minutiae    %.1f a finger; %v a comparison\n", float64(total)/float64(len(all)), each.Round(time.Microsecond))
	report("one finger ", genuine, impostor)
}

// twoFingers compares every capture of every person with every other.
func (e *evaluation) twoFingers() error {
	var genuine, impostor []float64
	for p, captures := range e.hands {
		for c, h := range captures {
			for q := range p + 1 {
				for d, other := range e.hands[q] {
					if q == p && d >= c {
						continue
					}
					v, err := fingerprint.Verify(h, other, fingerprint.DefaultMatchLimits())
					if err != nil {
						return fmt.Errorf("compare hands: %w", err)
					}
					if p == q {
						genuine = append(genuine, v.Score)
					} else {
						impostor = append(impostor, v.Score)
					}
				}
			}
		}
	}
	report("two fingers", genuine, impostor)
	return nil
}

// report prints how two sets of scores overlap.
func report(name string, genuine, impostor []float64) {
	slices.Sort(genuine)
	slices.Sort(impostor)
	fmt.Printf("%s genuine %d: lowest %.1f, 1%% %.1f, median %.1f; impostor %d: median %.1f, 99.9%% %.1f, highest %.1f\n",
		name, len(genuine), genuine[0], genuine[len(genuine)/100], genuine[len(genuine)/2],
		len(impostor), impostor[len(impostor)/2], impostor[len(impostor)*999/1000], impostor[len(impostor)-1])
	for _, limit := range []float64{25, 30, 35, 40, 45, 50, 60, 75, 90, 120} {
		missed, _ := slices.BinarySearch(genuine, limit)
		passed, _ := slices.BinarySearch(impostor, limit)
		fmt.Printf("            at %5.0f: FNMR %7.4f%%, FMR %7.4f%%\n", limit,
			100*float64(missed)/float64(len(genuine)), 100*float64(len(impostor)-passed)/float64(len(impostor)))
	}
}

// identify fills a gallery and searches it for everyone's other captures.
func (e *evaluation) identify() error {
	g := abis.NewGallery()
	start := time.Now()
	for p := range e.gallery {
		h, err := e.enrolled(p)
		if err != nil {
			return err
		}
		if err := g.Add(name(p), h); err != nil {
			return fmt.Errorf("fill gallery: %w", err)
		}
	}
	fmt.Printf("gallery     %d persons in %.1f s\n", g.Len(), time.Since(start).Seconds())
	limits := abis.DefaultLimits()
	searches, found, falseHits := 0, 0, 0
	var slowest, all time.Duration
	for p, captures := range e.hands {
		for _, probe := range captures[1:] {
			began := time.Now()
			candidates, err := g.Identify(context.Background(), probe, limits)
			if err != nil {
				return fmt.Errorf("search gallery: %w", err)
			}
			took := time.Since(began)
			all, slowest = all+took, max(slowest, took)
			searches++
			for _, c := range candidates {
				if c.ID == name(p) {
					found++
				} else {
					falseHits++
				}
			}
		}
	}
	fmt.Printf("identify    %d searches: found %d (%.2f%%), false hits %d (%.5f%% of comparisons); %v mean, %v slowest\n",
		searches, found, 100*float64(found)/float64(searches), falseHits,
		100*float64(falseHits)/float64(searches*e.gallery), (all / time.Duration(searches)).Round(time.Microsecond), slowest.Round(time.Microsecond))
	return e.strangers(g, limits)
}

// strangers searches the gallery for people who are not in it.
func (e *evaluation) strangers(g *abis.Gallery, limits abis.Limits) error {
	const searches = 1000
	hits, compared := 0, time.Duration(0)
	for s := range searches {
		probe, err := finger.Hand(uint64(10_000_000+s), 0)
		if err != nil {
			return err
		}
		began := time.Now()
		candidates, err := g.Identify(context.Background(), probe, limits)
		if err != nil {
			return fmt.Errorf("search gallery: %w", err)
		}
		compared += time.Since(began)
		hits += len(candidates)
	}
	fmt.Printf("strangers   %d searches: false hits %d (%.7f%% of comparisons); %v mean\n",
		searches, hits, 100*float64(hits)/float64(searches*e.gallery), (compared / searches).Round(time.Microsecond))
	return e.members(g, limits)
}

// members searches the gallery for strewn fingers by another capture.
func (e *evaluation) members(g *abis.Gallery, limits abis.Limits) error {
	const searches = 1000
	again := 0
	for s := range searches {
		p := e.persons + s
		if p >= e.gallery {
			break
		}
		probe, err := finger.Hand(uint64(p), 1)
		if err != nil {
			return err
		}
		candidates, err := g.Identify(context.Background(), probe, limits)
		if err != nil {
			return fmt.Errorf("search gallery: %w", err)
		}
		if len(candidates) > 0 && candidates[0].ID == name(p) {
			again++
		}
	}
	fmt.Printf("strewn      %d of %d strewn fingers found again\n", again, searches)
	return nil
}

func name(p int) string { return fmt.Sprintf("person-%06d", p) }

// enrolled is what the gallery holds of a person.
func (e *evaluation) enrolled(p int) (fingerprint.Templates, error) {
	if p < e.persons {
		return e.hands[p][0], nil
	}
	return finger.Hand(uint64(p), 0)
}
