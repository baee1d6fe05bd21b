package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/workflows"
)

// play takes the sample applications to their ends by the commands that people
// use. What was done in an earlier run is found done.
type play struct {
	app    *app
	board  *board
	folder string
	script samples.Script
	number map[string]identity.ApplicationNumber // of samples that were submitted
	sample map[identity.ApplicationNumber]samples.Sample
	done   map[string]bool // acts, so that none is repeated while its effect is on the way
}

func newPlay(a *app, b *board, folder string) (*play, error) {
	script, err := samples.ReadScript(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	return &play{
		app: a, board: b, folder: folder, script: script,
		number: make(map[string]identity.ApplicationNumber), sample: make(map[identity.ApplicationNumber]samples.Sample), done: make(map[string]bool),
	}, nil
}

// prepare registers stations and people, and takes a box of blanks in.
func (p *play) prepare(ctx context.Context) error {
	p.board.say("Registering stations, people and a box of blanks ...")
	for _, s := range p.script.Stations {
		if err := command(ctx, "register", "station", string(s.ID), "--province", string(s.Province), "--name", s.Name); err != nil {
			return err
		}
	}
	if err := command(ctx, "register", "population", p.folder); err != nil {
		return err
	}
	err := command(ctx, "stock", "receive", "--box", "B-0001", "--first", "PT00000001", "--last", "PT00000200", "--received-by", "TK-C06-0001", "--counted-by", "TK-C06-0002")
	if err != nil && !errors.Is(err, errRefused) { // a second run: the box was taken in before
		return err
	}
	return nil
}

// run plays until every sample has ended.
func (p *play) run(ctx context.Context) error {
	p.board.say("Submitting %d sample applications ...", len(p.script.Samples))
	for {
		records, err := p.records(ctx)
		if err != nil {
			return err
		}
		if err := p.submit(ctx, records); err != nil {
			return err
		}
		rows, err := p.rows(ctx, records)
		if err != nil {
			return err
		}
		p.board.show(rows, time.Now())
		if len(rows) == len(p.script.Samples) && !slices.ContainsFunc(rows, func(r boardRow) bool { return !r.stage.Ended() }) {
			return nil
		}
		if err := p.act(ctx, rows); err != nil {
			return err
		}
		if err := p.ship(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// records reads where the samples stand.
func (p *play) records(ctx context.Context) (map[identity.ApplicationNumber]registry.ApplicationRecord, error) {
	office, err := p.app.office(ctx)
	if err != nil {
		return nil, err
	}
	records := make(map[identity.ApplicationNumber]registry.ApplicationRecord)
	for _, number := range p.number {
		if records[number], err = office.Registry.Application(ctx, number); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// submit sends the samples whose time has come.
func (p *play) submit(ctx context.Context, records map[identity.ApplicationNumber]registry.ApplicationRecord) error {
	for _, s := range p.script.Samples {
		if _, sent := p.number[s.Name]; sent || !p.due(s, records) {
			continue
		}
		results, err := answerOf[[]submitted](ctx, "submit", filepath.Join(p.folder, s.Name))
		if err != nil {
			return fmt.Errorf("submit %s: %w", s.Name, err)
		}
		p.number[s.Name], p.sample[results[0].Application] = results[0].Application, s
	}
	return nil
}

// due reports whether a sample may be sent: those that wait for another only when
// that one has left a stage behind.
func (p *play) due(s samples.Sample, records map[identity.ApplicationNumber]registry.ApplicationRecord) bool {
	if s.After == nil {
		return true
	}
	first, sent := records[p.number[s.After.Sample]]
	return sent && slices.Index(identity.Stages, first.Stage) > slices.Index(identity.Stages, s.After.Passed)
}

// rows are the board's lines, in the script's order.
func (p *play) rows(ctx context.Context, records map[identity.ApplicationNumber]registry.ApplicationRecord) ([]boardRow, error) {
	flows, err := p.app.workflows(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := flows.List(ctx, workflows.Filter{Limit: 10_000})
	if err != nil {
		return nil, err
	}
	awaiting := make(map[identity.ApplicationNumber]string)
	for _, r := range listed {
		awaiting[r.Application] = string(r.Awaiting)
	}
	var rows []boardRow
	for _, s := range p.script.Samples {
		number, sent := p.number[s.Name]
		if !sent {
			continue
		}
		record, known := records[number]
		if !known { // sent just now
			continue
		}
		rows = append(rows, boardRow{
			application: number, sample: s.Name, stage: record.Stage, awaiting: awaiting[number], since: record.EnteredAt,
		})
	}
	return rows, nil
}

// act does what applications wait for.
func (p *play) act(ctx context.Context, rows []boardRow) error {
	for _, r := range rows {
		if r.awaiting == "" || p.reserved(r, rows) {
			continue
		}
		s := p.sample[r.application]
		i := slices.IndexFunc(s.Steps, func(step samples.Step) bool { return string(step.Awaiting) == r.awaiting })
		if i < 0 {
			continue
		}
		if err := p.once(ctx, string(r.application)+r.awaiting, p.args(s, s.Steps[i], r.application)...); err != nil {
			return err
		}
	}
	return nil
}

// reserved keeps others from taking the blank that is made for a sample with a
// fault: the first of the box.
func (p *play) reserved(r boardRow, rows []boardRow) bool {
	if r.awaiting != string(identity.ToApprove) || len(p.sample[r.application].Faults) > 0 {
		return false
	}
	return slices.ContainsFunc(rows, func(o boardRow) bool {
		at := slices.Index(identity.Stages, o.stage)
		return len(p.sample[o.application].Faults) > 0 && at < slices.Index(identity.Stages, identity.Printing)
	})
}

// once runs a command unless it was run before. A refusal means that its time has
// not come, or is over.
func (p *play) once(ctx context.Context, act string, args ...string) error {
	if p.done[act] {
		return nil
	}
	if !p.board.live {
		p.board.say("$ starter %s", strings.Join(args, " "))
	}
	err := command(ctx, args...)
	switch {
	case err == nil:
		p.done[act] = true
	case errors.Is(err, errRefused) || ctx.Err() != nil:
	default:
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}

// args is a step as a person types it.
func (p *play) args(s samples.Sample, step samples.Step, number identity.ApplicationNumber) []string {
	args := []string{string(step.Do), string(number), "--officer", string(step.By)}
	if step.Reason != "" && step.Do != samples.Recapture {
		args = append(args, "--reason", step.Reason)
	}
	file := func(name string) string { return filepath.Join(p.folder, s.Name, name) }
	switch step.Do {
	case samples.Recapture:
		args = append(args, "--portrait", file(step.Portrait))
	case samples.Adjudicate:
		if step.SamePerson {
			args = append(args, "--same-person")
		} else {
			args = append(args, "--different-persons")
		}
	case samples.HandOver:
		args = append([]string{"handover"}, args[1:]...)
		switch step.Method {
		case identity.HandOverByFingerprint:
			args = append(args, "--finger", file(step.File), "--position", step.Position)
		case identity.HandOverByProxy:
			args = append(args, "--proxy", step.Proof)
		case identity.HandOverByPost:
			args = append(args, "--post", step.Proof)
		default:
			args = append(args, "--reason", step.Proof)
		}
		if step.OldCardCollected {
			args = append(args, "--old-card")
		}
	case samples.Approve, samples.Reject, samples.Withdraw:
	}
	return args
}

// ship sends sealed consignments, and counts those in that were sent.
func (p *play) ship(ctx context.Context) error {
	list, err := answerOf[[]registry.Consignment](ctx, "consignments")
	if err != nil {
		return err
	}
	for i, c := range list {
		number := string(c.Number)
		switch c.State {
		case "sealed":
			err = p.once(ctx, number+"send", "consignments", "send", number, "--courier", "VNPost", "--seal", strconv.Itoa(88001+i), "--officer", "SX-C06-0001")
		case "sent":
			err = p.once(ctx, number+"receive", "consignments", "receive", number, "--counted", strconv.Itoa(len(c.Cards)), "--officer", receiver(c.Destination))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// receiver is who counts consignments in at a destination.
func receiver(destination identity.StationID) string {
	if destination == identity.DestinationPost {
		return "BC-VNPOST-0001"
	}
	province, _, _ := strings.Cut(string(destination), "-")
	return "CB-" + province + "-0012"
}
