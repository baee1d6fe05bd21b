package activities

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// PrintFolder is where a printer's program finds the printed sides of cards, by jobs.
type PrintFolder interface {
	// Jobs lists the jobs of which it holds anything.
	Jobs() ([]string, error)
	Holds(job string) (bool, error)
	// Forget removes what it holds of a job.
	Forget(job string) error
}

// remove removes the printed sides of a card that needs them no more, which the trail says
// first: a station that is killed between the two removes them when it is back.
func (s *Station) remove(ctx context.Context, card CardInput) error {
	job := PrintJob(card.Application, card.Attempt)
	held, err := s.Prints.Holds(job)
	if err != nil || !held {
		return err
	}
	if err := s.Registry.NoteForgotten(ctx, card.Application, card.Attempt, s.ID); err != nil {
		return err
	}
	return s.Prints.Forget(job)
}

// tidying is how often a station looks for printed sides that nobody needs.
const tidying = time.Minute

// TidyPrints removes the printed sides of cards that somebody else gave up, or that were left
// when the station was killed, until ctx ends. Of stations that share a folder any may do it.
func TidyPrints(ctx context.Context, s *Station, logger *slog.Logger) {
	for {
		if err := s.tidy(ctx); err != nil && ctx.Err() == nil {
			logger.WarnContext(ctx, "Printed sides are removed later", "station", s.ID, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(tidying):
		}
	}
}

func (s *Station) tidy(ctx context.Context) error {
	jobs, err := s.Prints.Jobs()
	if err != nil {
		return err
	}
	var printed []registry.CardInSlot
	for _, job := range jobs {
		if card, is := cardOf(job); is {
			printed = append(printed, registry.CardInSlot{Application: card.Application, Attempt: card.Attempt})
		}
	}
	if len(printed) == 0 {
		return nil
	}
	if printed, err = s.Registry.PrintedInVain(ctx, printed); err != nil {
		return err
	}
	for _, c := range printed {
		if err := s.remove(ctx, CardInput{Application: c.Application, Attempt: c.Attempt}); err != nil {
			return fmt.Errorf("card %d of %s: %w", c.Attempt, c.Application, err)
		}
	}
	return nil
}

// cardOf reads what PrintJob wrote.
func cardOf(job string) (CardInput, bool) {
	cut := strings.LastIndexByte(job, '-')
	if cut < 0 {
		return CardInput{}, false
	}
	number, err := identity.ParseApplicationNumber(job[:cut])
	if err != nil {
		return CardInput{}, false
	}
	attempt, err := strconv.Atoi(job[cut+1:])
	return CardInput{Application: number, Attempt: attempt}, err == nil && PrintJob(number, attempt) == job
}
