package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"strings"
	"time"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/samples/generate/finger"
)

// applicant is one application: what its station sends, and what people will do
// about it.
type applicant struct {
	name        string // of the sample, or what is applied for
	application identity.Application
	packet      []byte
	probe       []byte // the holder's finger at hand-over; nil: no finger was captured
	portrait    []byte // a good one, for the recapture; nil: none is needed
	plan        plan
}

// plan is what people will decide, should they be asked.
type plan struct {
	at            time.Duration // when it is sent
	copies        int           // how often the station sends it at once
	comesAgain    bool          // the citizen comes for the recapture
	corrected     bool          // the population register is put right; otherwise the application is rejected
	samePerson    bool          // what the adjudicator finds
	approval      string        // approve, reject, both (two officers, at the same instant) or withdraw
	holdAfter     time.Duration // since the receipt; 0: nobody holds it
	withdrawAfter time.Duration // since the receipt; 0: it is not withdrawn so
	released      bool          // after a hold; otherwise it is rejected
	remade        bool          // after its station fell silent; otherwise the station is waited for
	wrongFinger   bool          // another finger is tried first
	mislaid       bool          // the office does not find the portrait when the card is to be made
}

// newPlan draws what people will do.
func newPlan(random *rand.Rand, sendWithin time.Duration) plan {
	chance := func(percent int) bool { return random.IntN(100) < percent }
	p := plan{
		at: time.Duration(random.Int64N(int64(sendWithin))), copies: 1,
		comesAgain: chance(75), corrected: chance(70), samePerson: chance(35), released: chance(80), remade: chance(50), wrongFinger: chance(10),
	}
	if chance(15) {
		p.copies = 2 + random.IntN(3)
	}
	switch n := random.IntN(100); {
	case n < 80:
		p.approval = "approve"
	case n < 87:
		p.approval = "reject"
	case n < 95:
		p.approval = "both"
	default:
		p.approval = "withdraw"
	}
	within := func(d time.Duration) time.Duration { return time.Millisecond + time.Duration(random.Int64N(int64(d))) }
	if chance(15) {
		p.holdAfter = within(20 * time.Second)
	}
	if chance(5) {
		p.withdrawAfter = within(30 * time.Second)
	}
	return p
}

// crowd makes the applicants, and sets the office up for them.
type crowd struct {
	site     *site
	random   *rand.Rand
	folder   fs.FS // samples
	script   samples.Script
	door     *intake.Door
	signers  map[identity.StationID]ed25519.PrivateKey
	numbers  map[identity.PersonalNumber]bool
	oldForm  identity.FormID // of the cards that people hold already
	portrait [][]byte        // good ones
	poor     []byte
	odds     odds
	list     []*applicant
}

// odds say how many invented applications have a poor portrait, the fingers of somebody
// who applied before, contradict the population register, and how many portraits are
// mislaid; in percent.
type odds struct{ poor, double, wrong, mislaid int }

// gather registers the stations and the population, and has every application
// signed.
func gather(ctx context.Context, o options, s *site) ([]*applicant, error) {
	folder, err := samplesFolder(ctx)
	if err != nil {
		return nil, err
	}
	script, err := samples.ReadScript(folder)
	if err != nil {
		return nil, err
	}
	c := &crowd{
		site: s, random: identitytest.Seeded(o.seed), folder: folder, script: script,
		signers: make(map[identity.StationID]ed25519.PrivateKey), numbers: make(map[identity.PersonalNumber]bool),
	}
	c.door, c.odds = s.office.Door(), odds{poor: 8, double: 6, wrong: 8}
	if o.ordered() { // at every place there must be some
		c.odds = odds{poor: 20, double: 20, wrong: 20, mislaid: 25}
	}
	if err := c.register(ctx); err != nil {
		return nil, err
	}
	sendWithin := o.duration * 3 / 4
	for i := range o.applications {
		var a *applicant
		if i%3 == 0 && i/3 < len(script.Samples) {
			a, err = c.sample(script.Samples[i/3])
		} else {
			a, err = c.invented(ctx, i)
		}
		if err != nil {
			return nil, err
		}
		a.plan = newPlan(c.random, sendWithin)
		if o.ordered() { // it has its turn, and whoever is waited for comes
			a.plan.at, a.plan.comesAgain = 0, true
			a.plan.mislaid = a.portrait != nil && c.random.IntN(100) < c.odds.mislaid
		}
		c.list = append(c.list, a)
	}
	return c.list, nil
}

// samplesFolder finds the samples in the clone.
func samplesFolder(ctx context.Context) (fs.FS, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("find the clone: %w", err)
	}
	return os.DirFS(path.Join(strings.TrimSpace(string(out)), "samples")), nil
}

// register registers the samples' stations and people.
func (c *crowd) register(ctx context.Context) error {
	for _, s := range c.script.Stations {
		key, err := c.site.office.StationKeys().Ensure(s.ID)
		if err != nil {
			return err
		}
		act := identity.RegisterStation{Officer: cast.Founders[0], Witness: cast.Founders[1], Province: s.Province, Name: s.Name, PublicKey: key}
		signed, err := c.site.keys.State(act, statement.Station(s.ID), "")
		if err != nil {
			return err
		}
		if err := c.site.office.Registry.RegisterStation(ctx, s.ID, act, signed); err != nil {
			return err
		}
		if c.signers[s.ID], err = c.site.office.StationKeys().Key(s.ID); err != nil {
			return err
		}
	}
	people, err := samples.ReadPopulation(c.folder)
	if err != nil {
		return err
	}
	for _, p := range people {
		citizen := registry.Citizen{Person: p.Person, Status: identity.CitizenStatus(p.Status)}
		if p.Card != nil {
			c.oldForm = p.Card.Form
			citizen.LiveCard = &registry.OldCard{Serial: p.Card.Serial, Form: p.Card.Form, Issued: p.Card.Issued, Expiry: p.Card.Expiry}
		}
		if err := c.site.office.Registry.SeedCitizen(ctx, citizen); err != nil {
			return err
		}
		c.numbers[p.Person.Number] = true
	}
	for _, s := range c.script.Samples {
		picture, err := fs.ReadFile(c.folder, path.Join(s.Name, "portrait.jpg"))
		switch {
		case errors.Is(err, fs.ErrNotExist): // a child's card has none
		case err != nil:
			return fmt.Errorf("read portrait: %w", err)
		case strings.HasSuffix(s.Name, "poor-portrait"):
			c.poor = picture
		default:
			c.portrait = append(c.portrait, picture)
		}
	}
	return nil
}

// sample makes a sample's application.
func (c *crowd) sample(s samples.Sample) (*applicant, error) {
	submission, err := packet.ReadSubmission(c.folder, path.Join(s.Name, "application.json"), c.site.office.Sizes())
	if err != nil {
		return nil, err
	}
	a := &applicant{name: s.Name, portrait: c.portrait[0]}
	for _, step := range s.Steps {
		if step.Template == "" {
			continue
		}
		template, err := fs.ReadFile(c.folder, path.Join(s.Name, step.Template))
		if err != nil {
			return nil, fmt.Errorf("read finger: %w", err)
		}
		a.probe, err = fingerprint.Templates{fingerprint.Position(step.Position): template}.MarshalBinary()
		if err != nil {
			return nil, err
		}
	}
	return a, c.sign(a, submission)
}

// invented makes an application of an invented person, and tells the population
// register of them. Some contradict it, some have a poor portrait, and some the
// fingers of somebody who applied before.
func (c *crowd) invented(ctx context.Context, i int) (*applicant, error) {
	for {
		app := identitytest.Application(c.random)
		place := c.script.Stations[c.random.IntN(len(c.script.Stations))]
		app.FiledOn = identity.DateOf(time.Now())
		app.Station, app.Officer = place.ID, identity.OfficerID("CB-"+place.Province+"-0007")
		app.EnrollmentID = fmt.Sprintf("CHAOS-%06d", i)
		if n := app.Person.Number; n != "" && c.numbers[n] || app.Check(app.FiledOn) != nil {
			continue
		}
		// Nobody has another number than is on the card held, or has regained what was lost.
		if app.Ground == identity.GroundNumberChanged || app.Ground == identity.GroundNationality {
			continue
		}
		a := &applicant{name: fmt.Sprintf("%s, %s, age %d", app.Type, app.Ground, app.Person.Birth.AgeOn(app.FiledOn))}
		submission := packet.SubmissionOf(app)
		if app.NeedsPortrait() {
			a.portrait = c.portrait[c.random.IntN(len(c.portrait))]
			submission.Portrait = &packet.Image{Data: a.portrait}
			if app.NeedsCapture() && c.random.IntN(100) < c.odds.poor {
				submission.Portrait = &packet.Image{Data: c.poor}
			}
		}
		if app.NeedsCapture() {
			hands := uint64(i)
			if c.random.IntN(100) < c.odds.double {
				hands = c.random.Uint64N(hands + 1)
			}
			if err := a.lay(&submission, hands, uint64(i)); err != nil {
				return nil, err
			}
		}
		if err := c.sign(a, submission); err != nil {
			if len(identity.Refusals(err)) > 0 { // it fits on no card, or the like
				continue
			}
			return nil, err
		}
		c.numbers[app.Person.Number] = true
		return a, c.know(ctx, app, i)
	}
}

// lay puts both index fingers of that pair of hands into a submission.
func (a *applicant) lay(s *packet.Submission, hands, impression uint64) error {
	for i, position := range []fingerprint.Position{fingerprint.LeftIndex, fingerprint.RightIndex} {
		scatter := finger.Strew(1000 + 2*hands + uint64(i))
		template, err := minutiae.Encode(scatter.Impression(2 * impression))
		if err != nil {
			return err
		}
		s.Fingerprints = append(s.Fingerprints, packet.Fingerprint{Position: string(position), TemplateData: template})
		if position != fingerprint.LeftIndex {
			continue
		}
		if template, err = minutiae.Encode(scatter.Impression(2*impression + 1)); err != nil {
			return err
		}
		if a.probe, err = (fingerprint.Templates{position: template}).MarshalBinary(); err != nil {
			return err
		}
	}
	return nil
}

// sign checks a submission as the office will, and signs it.
func (c *crowd) sign(a *applicant, s packet.Submission) error {
	checked, err := c.door.Check(s)
	if err != nil {
		return err
	}
	a.application = checked.Application
	a.packet, err = packet.Sign(s, c.signers[checked.Application.Station], c.site.keys.State)
	return err
}

// know tells the population register of an applicant, sometimes wrongly.
func (c *crowd) know(ctx context.Context, app identity.Application, i int) error {
	wrong := c.random.IntN(100) < c.odds.wrong
	if app.Person.Number == "" {
		return nil
	}
	citizen := registry.Citizen{Person: app.Person, Status: identity.Alive}
	if wrong { // there is no 29 February in the year before
		citizen.Person.Birth.Year--
		citizen.Person.Birth.Day = min(citizen.Person.Birth.Day, 28)
	}
	switch app.Ground {
	case identity.GroundFirstCard, identity.GroundFromCMND, identity.GroundNationality,
		identity.GroundFirstCertificate, identity.GroundExpired: // none holds a card
	case identity.GroundAge, identity.GroundDetails, identity.GroundAppearance, identity.GroundBiometrics,
		identity.GroundSex, identity.GroundOrigin, identity.GroundPrintError, identity.GroundBoundaries,
		identity.GroundNumberChanged, identity.GroundRequest, identity.GroundLost, identity.GroundDamaged, identity.GroundFromCCCD:
		issued := identity.Date{Year: 2021, Month: 3, Day: 29}
		if citizen.Person.Birth.AgeOn(issued) < 6 { // of whom nothing was captured for it
			issued = app.FiledOn
		}
		citizen.LiveCard = &registry.OldCard{
			Serial: identity.CardSerial(fmt.Sprintf("00C1%012d", i)), Form: c.oldForm, Issued: issued,
			Expiry: identity.Validity(identity.Law2014, app.Person.Birth, app.FiledOn), // one that ended is exchanged for its holder's age
		}
		if app.Ground == identity.GroundAge { // or it would be another ground
			citizen.LiveCard.Expiry.Date = app.FiledOn
		}
	}
	return c.site.office.Registry.SeedCitizen(ctx, citizen)
}
