package activities

import (
	"context"
	"fmt"
	"image"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/inspection"
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/station"
	"example.org/cancuoc/templates/render"
)

// Station is one personalization station: an encoder, a printer and a camera.
// Its three steps of one card run on its own task queue, but for the first, which
// any station with a free slot takes.
type Station struct {
	ID       identity.StationID
	Registry *registry.Registry
	Chip     *station.Station
	Printer  printing.Printer
	Camera   interface {
		// Look takes a picture of both sides of the card that was printed as that
		// job.
		Look(ctx context.Context, form *render.Form, printed render.Content) (front, back image.Image, err error)
	}
	Forms *render.Renderer
	Print render.Options
	Trust func() (*pki.TrustStore, error)
	Now   func() time.Time
}

// Personalize takes a blank, writes the card's chip and locks it. Asked again, by
// the same station, it goes on with the same blank: the station's journal and
// the chip itself say how far it is. A chip that cannot become this card is
// spoiled.
func (s *Station) Personalize(ctx context.Context, in CardInput) (PersonalizeResult, error) {
	defer beat(ctx).stop()
	evidence, err := s.enterWith(ctx, in, identity.Personalization, identity.EvidenceChipImage)
	if err != nil {
		return PersonalizeResult{}, err
	}
	chip, err := chipImage(evidence)
	if err != nil {
		return PersonalizeResult{}, err
	}
	blank, err := s.Registry.TakeBlank(ctx, in.Application, in.Attempt, s.ID)
	if err != nil {
		return PersonalizeResult{}, s.spoiled(ctx, in, identity.ReasonStationLost, fmt.Errorf("take blank: %w", err))
	}
	made, err := s.Chip.Personalize(ctx, string(blank), chip)
	if err != nil {
		return PersonalizeResult{}, s.spoiled(ctx, in, identity.ReasonChipFailed, fmt.Errorf("personalize blank %s: %w", blank, err))
	}
	detail := fmt.Sprintf("chip %X", made.ChipSerial)
	if err := s.Registry.Advance(ctx, in.Application, in.Attempt, identity.CardPersonalized, detail); err != nil {
		return PersonalizeResult{}, fmt.Errorf("note personalization: %w", err)
	}
	return PersonalizeResult{Station: s.ID}, nil
}

// PrintCard prints both sides, once: the job is named after application and
// attempt. What the printer wants of a person is told to whoever looks at the
// pending activity, and to the log. A card that may be printed, and may not, is
// spoiled.
func (s *Station) PrintCard(ctx context.Context, in CardInput) error {
	pulse := beat(ctx)
	defer pulse.stop()
	evidence, err := s.enterWith(ctx, in, identity.Printing, identity.EvidencePrint)
	if err != nil {
		return err
	}
	pdf, err := evidence.Get(identity.EvidencePrint)
	if err != nil {
		return fmt.Errorf("read printed sides: %w", err)
	}
	sides := printing.Sides{PDF: pdf, Draw: func(dpi int) (front, back image.Image, err error) { return s.draw(ctx, in, dpi) }}
	job := PrintJob(in.Application, in.Attempt)
	err = s.Printer.Print(ctx, job, sides, func(wanted string) {
		pulse.tell(wanted)
		if wanted != "" {
			activity.GetLogger(ctx).Warn("Printer needs a person", "job", job, "wanted", wanted)
		}
	})
	if err != nil {
		return s.spoiled(ctx, in, identity.ReasonPrintFailed, err)
	}
	if err := s.Registry.Advance(ctx, in.Application, in.Attempt, identity.CardPrinted, ""); err != nil {
		return fmt.Errorf("note print: %w", err)
	}
	return nil
}

// draw gives both sides as pictures, for printers that take no PDF.
func (s *Station) draw(ctx context.Context, in CardInput, dpi int) (front, back image.Image, err error) {
	move := registry.StageChange{Application: in.Application, To: identity.Printing, Attempt: in.Attempt, Actor: string(s.ID)}
	_, evidence, err := s.Registry.EnterWith(ctx, move, registry.EvidenceKey{Kind: identity.EvidencePrintPortrait, Attempt: in.Attempt},
		registry.EvidenceKey{Kind: identity.EvidenceLeftIndex}, registry.EvidenceKey{Kind: identity.EvidenceRightIndex})
	if err != nil {
		return nil, nil, fmt.Errorf("read pictures: %w", err)
	}
	card, err := s.Registry.Card(ctx, in.Application, in.Attempt)
	if err != nil {
		return nil, nil, fmt.Errorf("read card: %w", err)
	}
	form, content, err := composed(s.Forms, card, evidence)
	if err != nil {
		return nil, nil, err
	}
	return form.Bitmaps(content, dpi, s.Print)
}

// PrintJob names the print of one card.
func PrintJob(app identity.ApplicationNumber, attempt int) string {
	return fmt.Sprintf("%s-%d", app, attempt)
}

// Inspect reads the card back as a border and an officer would: the chip over the
// air, the print from a picture, and compares all of it with what was applied
// for. A card that fails is spoiled.
func (s *Station) Inspect(ctx context.Context, in CardInput) error {
	defer beat(ctx).stop()
	evidence, err := s.enterWith(ctx, in, identity.Inspection, identity.EvidenceChipImage, identity.EvidencePrintPortrait)
	if err != nil {
		return err
	}
	card, err := s.Registry.Card(ctx, in.Application, in.Attempt)
	if err != nil {
		return fmt.Errorf("read card: %w", err)
	}
	form, printed, err := composed(s.Forms, card, evidence)
	if err != nil {
		return err
	}
	chip, err := chipImage(evidence)
	if err != nil {
		return err
	}
	expected, err := inspection.Expect(form, printed, chip)
	if err != nil {
		return err
	}
	faults, err := s.inspectChip(ctx, card.Blank, expected)
	if err != nil {
		return fmt.Errorf("inspect chip: %w", err)
	}
	front, back, err := s.Camera.Look(ctx, form, printed)
	if err != nil {
		return fmt.Errorf("take picture of the print: %w", err)
	}
	seen := expected.Print(front, back)
	if faults = append(faults, seen...); len(faults) > 0 {
		return s.spoiled(ctx, in, identity.ReasonInspectionFailed, identity.Refuse(identity.Spoiled, "inspection failed: %s", strings.Join(faults, "; ")))
	}
	if err := s.Registry.Advance(ctx, in.Application, in.Attempt, identity.CardInspected, ""); err != nil {
		return fmt.Errorf("note inspection: %w", err)
	}
	return nil
}

// inspectChip reads the chip and says what is wrong with it.
func (s *Station) inspectChip(ctx context.Context, blank identity.BlankSerial, expected inspection.Expectation) ([]string, error) {
	trust, err := s.Trust()
	if err != nil {
		return nil, fmt.Errorf("read trusted certificates: %w", err)
	}
	session, err := s.Chip.Encoder.Open(ctx, string(blank))
	if err != nil {
		return nil, fmt.Errorf("open blank %s: %w", blank, err)
	}
	defer session.Close()
	result, err := expected.Chip(ctx, session, trust, s.Now())
	if err != nil {
		return nil, err
	}
	return result.Failures(), nil
}

// composed is what the form of a card shows of it; the card of a child under 6 has
// no portrait.
func composed(forms *render.Renderer, card registry.CardRecord, evidence registry.Evidence) (*render.Form, render.Content, error) {
	form, err := forms.Form(card.Card.Form)
	if err != nil {
		return nil, render.Content{}, fmt.Errorf("find form: %w", err)
	}
	content, err := personalization.Compose(form, card.Card, render.Pictures{
		Portrait:  evidence[identity.EvidencePrintPortrait],
		LeftIndex: evidence[identity.EvidenceLeftIndex], RightIndex: evidence[identity.EvidenceRightIndex],
	})
	return form, content, err
}

// chipImage reads what is written to the card's chip.
func chipImage(evidence registry.Evidence) (*chip.Image, error) {
	b, err := evidence.Get(identity.EvidenceChipImage)
	if err != nil {
		return nil, fmt.Errorf("read chip image: %w", err)
	}
	var image chip.Image
	if err := image.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("read chip image: %w", err)
	}
	return &image, nil
}

// enterWith enters a stage and reads what it needs of the card, in one round trip.
func (s *Station) enterWith(ctx context.Context, in CardInput, stage identity.Stage, roles ...identity.EvidenceKind) (registry.Evidence, error) {
	wanted := make([]registry.EvidenceKey, len(roles))
	for i, role := range roles {
		wanted[i] = registry.EvidenceKey{Kind: role, Attempt: in.Attempt}
	}
	move := registry.StageChange{Application: in.Application, To: stage, Attempt: in.Attempt, Actor: string(s.ID)}
	_, evidence, err := s.Registry.EnterWith(ctx, move, wanted...)
	if err != nil {
		return nil, fmt.Errorf("enter %s: %w", stage, err)
	}
	return evidence, nil
}

// spoiled books the card as spoiled where err says that it is, and returns err.
func (s *Station) spoiled(ctx context.Context, in CardInput, why identity.ReasonCode, err error) error {
	if !identity.Refused(err, identity.Spoiled) {
		return err
	}
	if booked := s.Registry.Spoil(ctx, in.Application, in.Attempt, string(s.ID), identity.Reason{Code: why, Note: err.Error()}); booked != nil {
		return fmt.Errorf("book spoiled card: %w", booked) // a fault: the step is retried and spoils again
	}
	return err
}

// pulse is the heartbeat of an activity.
type pulse struct {
	ctx  context.Context
	done chan struct{}
	news chan string
}

// beat heartbeats until it is stopped, so that a dead station is noticed within the
// heartbeat timeout.
func beat(ctx context.Context) *pulse {
	p := &pulse{ctx: ctx, done: make(chan struct{}), news: make(chan string)}
	go p.run()
	return p
}

func (p *pulse) run() {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	var details []any
	for {
		select {
		case <-p.done:
			return
		case <-p.ctx.Done():
			return
		case what := <-p.news:
			details = []any{what}
		case <-tick.C:
		}
		activity.RecordHeartbeat(p.ctx, details...)
	}
}

// tell shows operators what the activity waits for, beside it in the Temporal UI.
func (p *pulse) tell(what string) {
	select {
	case p.news <- what:
	case <-p.ctx.Done():
	}
}

func (p *pulse) stop() { close(p.done) }
