package play

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Addresses are where a person looks at what was played.
type Addresses struct {
	TemporalUI    string   // URL; "" where there is none
	StatusPage    string   // URL
	OfficersPages string   // URL without path; "": no pages for officers
	Metrics       []string // URLs of worker and gateway
	Notifications string   // file of those that were sent; "" where the settings say who is told
	Cards         string   // folder that Report writes the page of finished cards into
}

// Report reads the cards back, writes the page of finished cards and says how the
// samples ended. It fails when one came to another end than its script's.
func (p *Player) Report(ctx context.Context, at Addresses) error {
	p.board.Say("\nReading the cards back ...")
	if err := os.MkdirAll(at.Cards, 0o700); err != nil {
		return fmt.Errorf("make folder of cards: %w", err)
	}
	page := make([]shown, len(p.script.Samples))
	unexpected := 0
	for i, s := range p.script.Samples {
		var err error
		if page[i], err = p.shown(ctx, s, at.Cards); err != nil {
			return fmt.Errorf("show %s: %w", s.Name, err)
		}
		mark := "as expected"
		if page[i].End != s.End {
			mark, unexpected = "EXPECTED "+string(s.End), unexpected+1
		}
		p.board.Say("%s  %-28s %-10s %s", page[i].Application, s.Name, page[i].End, mark)
	}
	if err := writePage(filepath.Join(at.Cards, pageFile), page); err != nil {
		return err
	}
	if err := p.balance(ctx); err != nil {
		return err
	}
	if at.TemporalUI != "" {
		p.board.Say("\nTemporal UI   %s", at.TemporalUI)
	}
	p.board.Say("Status page   %s", at.StatusPage)
	if at.OfficersPages != "" {
		p.board.Say("Officers      %s/officers/", at.OfficersPages)
	}
	p.board.Say("Metrics       %s", strings.Join(at.Metrics, "  "))
	if at.Notifications != "" {
		p.board.Say("Told          file://%s", at.Notifications)
	}
	p.board.Say("Cards         file://%s", filepath.Join(at.Cards, pageFile))
	if unexpected > 0 {
		return fmt.Errorf("%d sample(s) did not come to their expected end", unexpected)
	}
	return nil
}

// balance says whether the stock of blanks balances and the audit trail is intact.
func (p *Player) balance(ctx context.Context) error {
	stock, err := p.office.Registry.Stock(ctx)
	if err != nil {
		return err
	}
	audit, err := p.office.Registry.VerifyAllAudit(ctx)
	if err != nil {
		return err
	}
	balance := "balances"
	if !stock.Balanced {
		balance = "DOES NOT BALANCE"
	}
	p.board.Say("\nBlanks: %d received = %d in stock + %d in production + %d spoiled + %d issued + %d destroyed: the stock %s.",
		stock.Received, stock.InStock, stock.InProduction, stock.Spoiled, stock.Issued, stock.Destroyed, balance)
	p.board.Say("Audit trail: %d entries of %d applications, chains intact.", audit.Entries, audit.Applications)
	return nil
}
