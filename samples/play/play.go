// Package play takes the sample applications to their ends by the commands that
// people use, shows where they are, and writes a page with the finished cards.
// `starter run` uses it.
package play

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

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/workflows"
)

// Command runs a command of starter, as a person types it, and gives what it
// prints. When it is refused the error is ErrRefused: its time may not have come.
type Command func(ctx context.Context, args ...string) (output []byte, err error)

// ErrRefused is a command that was refused.
var ErrRefused = errors.New("refused")

// Player plays the parts of officers, stations and citizens. What an earlier run
// has done is found done.
type Player struct {
	office *office.Office
	run    Command
	board  *Board
	folder string
	script samples.Script
	number map[string]identity.ApplicationNumber // of samples that were submitted
	sample map[identity.ApplicationNumber]samples.Sample
	done   map[string]bool // acts, so that none is repeated before its effect is seen
}

// New makes a player of the samples in a folder.
func New(office *office.Office, run Command, board *Board, folder string) (*Player, error) {
	script, err := samples.ReadScript(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	return &Player{
		office: office, run: run, board: board, folder: folder, script: script,
		number: make(map[string]identity.ApplicationNumber), sample: make(map[identity.ApplicationNumber]samples.Sample), done: make(map[string]bool),
	}, nil
}

// Prepare registers officers, stations and people, and receives boxes of blanks: for certificates and for cards.
func (p *Player) Prepare(ctx context.Context) error {
	p.board.Say("Registering officers, stations, people and boxes of blanks ...")
	if err := p.officers(ctx); err != nil {
		return err
	}
	for _, s := range p.script.Stations {
		if _, err := p.run(ctx, "register", "station", string(s.ID), "--province", string(s.Province), "--name", s.Name, "--address", s.Address, "--hours", s.Hours,
			"--officer", string(cast.Founders[0]), "--witness", string(cast.Founders[1])); err != nil {
			return err
		}
	}
	if _, err := p.run(ctx, "register", "population", p.folder); err != nil {
		return err
	}
	// Not from number 1: the camera of a rehearsal smears that one, for sample 20.
	_, err := p.run(ctx, "stock", "receive", "--document", "certificate", "--box", "B-0002", "--first", "CN00000101", "--last", "CN00000120", "--received-by", "TK-C06-0001", "--counted-by", "TK-C06-0002")
	if err != nil {
		return err
	}
	_, err = p.run(ctx, "stock", "receive", "--box", "B-0001", "--first", "PT00000001", "--last", "PT00000200", "--received-by", "TK-C06-0001", "--counted-by", "TK-C06-0002")
	return err
}

// officers registers everybody who plays a part, each with a key of his own, as two
// administrators do; an earlier run may have done so.
func (p *Player) officers(ctx context.Context) error {
	registered, err := answerOf[[]registry.RegisteredOfficer](ctx, p, "officers", "--as", string(cast.Founders[0]))
	if err != nil {
		return err
	}
	known := make(map[identity.OfficerID]bool)
	for _, o := range registered {
		known[o.Badge] = true
	}
	keys, err := os.MkdirTemp("", "keys-")
	if err != nil {
		return fmt.Errorf("make folder of public keys: %w", err)
	}
	defer os.RemoveAll(keys)
	for _, o := range cast.Officers() {
		if known[o.Badge] {
			continue
		}
		file, roles := filepath.Join(keys, string(o.Badge)+".pub"), make([]string, len(o.Roles))
		for i, r := range o.Roles {
			roles[i] = string(r)
		}
		if _, err := p.run(ctx, "officers", "key", string(o.Badge), file); err != nil {
			return err
		}
		_, err := p.run(ctx, "officers", "register", string(o.Badge), "--unit", string(o.Unit), "--role", strings.Join(roles, ","), "--key", file,
			"--officer", string(cast.Founders[0]), "--witness", string(cast.Founders[1]))
		if err != nil {
			return err
		}
	}
	return nil
}

// Play submits the samples, and does what they wait for, until all have ended.
func (p *Player) Play(ctx context.Context) error {
	p.board.Say("Submitting %d sample applications ...", len(p.script.Samples))
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
		if len(rows) == len(p.script.Samples) && !slices.ContainsFunc(rows, func(r row) bool { return !r.stage.Ended() }) {
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

// records reads where the submitted samples are.
func (p *Player) records(ctx context.Context) (map[identity.ApplicationNumber]registry.ApplicationRecord, error) {
	records := make(map[identity.ApplicationNumber]registry.ApplicationRecord)
	for _, number := range p.number {
		record, err := p.office.Registry.Application(ctx, number)
		if err != nil {
			return nil, err
		}
		records[number] = record
	}
	return records, nil
}

// submit sends the samples whose time has come.
func (p *Player) submit(ctx context.Context, records map[identity.ApplicationNumber]registry.ApplicationRecord) error {
	for _, s := range p.script.Samples {
		if _, sent := p.number[s.Name]; sent || !p.due(s, records) {
			continue
		}
		results, err := answerOf[[]struct {
			Application identity.ApplicationNumber `json:"application"`
		}](ctx, p, "submit", filepath.Join(p.folder, s.Name))
		if err != nil {
			return fmt.Errorf("submit %s: %w", s.Name, err)
		}
		p.number[s.Name], p.sample[results[0].Application] = results[0].Application, s
	}
	return nil
}

// due reports whether a sample may be sent: one that waits for another only when
// that one has left the stage behind.
func (p *Player) due(s samples.Sample, records map[identity.ApplicationNumber]registry.ApplicationRecord) bool {
	if s.After == nil {
		return true
	}
	first, sent := records[p.number[s.After.Sample]]
	return sent && slices.Index(identity.Stages, first.Stage) > slices.Index(identity.Stages, s.After.Passed)
}

// rows are the board's, in the script's order.
func (p *Player) rows(ctx context.Context, records map[identity.ApplicationNumber]registry.ApplicationRecord) ([]row, error) {
	flows, err := p.office.Workflows(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := flows.List(ctx, workflows.Filter{Limit: 10_000})
	if err != nil {
		return nil, err
	}
	awaiting := make(map[identity.ApplicationNumber]identity.Action)
	for _, l := range listed {
		awaiting[l.Application] = l.Awaiting
	}
	var rows []row
	for _, s := range p.script.Samples {
		number := p.number[s.Name]
		record, known := records[number] // not yet where it was sent just now
		if !known {
			continue
		}
		rows = append(rows, row{
			application: number, sample: s.Name, stage: record.Stage, awaiting: awaiting[number], since: record.EnteredAt,
		})
	}
	return rows, nil
}

// act does what applications wait for.
func (p *Player) act(ctx context.Context, rows []row) error {
	for _, r := range rows {
		if r.awaiting == identity.NoAction || p.reserved(r, rows) {
			continue
		}
		s := p.sample[r.application]
		i := slices.IndexFunc(s.Steps, func(step samples.Step) bool { return step.Awaiting == r.awaiting })
		if i < 0 {
			continue
		}
		if s.Steps[i].Do == samples.HandOver {
			if err := p.pay(ctx, r.application, s.Steps[i].By); err != nil {
				return err
			}
		}
		if err := p.once(ctx, string(r.application)+string(r.awaiting), p.args(s, s.Steps[i], r.application)...); err != nil {
			return err
		}
	}
	return nil
}

// reserved holds the others back from the blank with the simulated fault, the first
// of the box, until the sample that it is for has it.
func (p *Player) reserved(r row, rows []row) bool {
	if r.awaiting != identity.ToApprove || len(p.sample[r.application].Faults) > 0 {
		return false
	}
	return slices.ContainsFunc(rows, func(o row) bool {
		at := slices.Index(identity.Stages, o.stage)
		return len(p.sample[o.application].Faults) > 0 && at < slices.Index(identity.Stages, identity.Printing)
	})
}

// pay has the citizen pay the fee before the card is handed over.
func (p *Player) pay(ctx context.Context, number identity.ApplicationNumber, officer identity.OfficerID) error {
	payment, err := p.office.Registry.Payment(ctx, number)
	if err != nil || payment.Fee == 0 || payment.PaidAt != nil {
		return err
	}
	return p.once(ctx, string(number)+"fee", "fees", "collect", string(number),
		"--amount", strconv.Itoa(payment.Fee), "--receipt", "BL-"+string(number), "--officer", string(officer))
}

// once runs a command unless it was done before. A refusal means that its time has
// not come, or is over.
func (p *Player) once(ctx context.Context, act string, args ...string) error {
	if p.done[act] {
		return nil
	}
	if !p.board.Live() {
		p.board.Say("$ starter %s", quoted(args))
	}
	_, err := p.run(ctx, args...)
	switch {
	case err == nil:
		p.done[act] = true
	case errors.Is(err, ErrRefused) || ctx.Err() != nil:
	default:
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}

// quoted is a command line as a shell takes it.
func quoted(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		if words[i] = arg; strings.ContainsAny(arg, " '\"$") {
			words[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// args is a step as a person types it.
func (p *Player) args(s samples.Sample, step samples.Step, number identity.ApplicationNumber) []string {
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
		case identity.HandOverByOfficer:
			args = append(args, "--reason", step.Proof)
		}
		if step.OldCard != "" {
			args = append(args, "--old-card", string(step.OldCard))
		}
		if step.OldCardReason != "" {
			args = append(args, "--old-card-reason", step.OldCardReason)
		}
	case samples.Approve, samples.Reject, samples.Withdraw:
	}
	return args
}

// ship sends sealed consignments, and counts in those that were sent.
func (p *Player) ship(ctx context.Context) error {
	list, err := answerOf[[]registry.Consignment](ctx, p, "consignments")
	if err != nil {
		return err
	}
	for i, c := range list {
		number := string(c.Number)
		switch c.State {
		case identity.ConsignmentSealed:
			err = p.once(ctx, number+"send", "consignments", "send", number, "--courier", "VNPost", "--seal", strconv.Itoa(88001+i), "--officer", "SX-C06-0001")
		case identity.ConsignmentSent:
			err = p.once(ctx, number+"receive", "consignments", "receive", number, "--counted", strconv.Itoa(len(c.Cards)), "--officer", receiver(c.Destination))
		case identity.ConsignmentOpen, identity.ConsignmentReceived, identity.ConsignmentDissolved:
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// receiver is the officer who counts consignments in at a destination: another than who hands
// their cards over.
func receiver(destination identity.StationID) string {
	if destination == identity.DestinationPost {
		return "BC-VNPOST-0001"
	}
	province, _, _ := strings.Cut(string(destination), "-")
	return "CB-" + province + "-0002"
}

// answerOf runs a command with --json and reads its answer.
func answerOf[T any](ctx context.Context, p *Player, args ...string) (T, error) {
	var answer T
	output, err := p.run(ctx, append(args, "--json")...)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return answer, fmt.Errorf("read answer of %s: %w", args[0], err)
	}
	return answer, nil
}
