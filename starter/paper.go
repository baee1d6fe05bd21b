package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/templates/papers"
	"example.org/cancuoc/templates/render"
)

func newPaper(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "paper", Short: "Draw appointment slips, manifests of consignments, and records of destroyed blanks", GroupID: "centre",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newPaperSlip(a), newPaperManifest(a), newPaperDestruction(a))
	return c
}

// document is a paper that is ready to be drawn.
type document interface {
	Draw(c *render.Catalog) ([]byte, error)
}

// paperCommand is a command that draws one paper from the registry.
func paperCommand(a *app, c *cobra.Command, read func(ctx context.Context, office *office.Office, args []string) (d document, file string, err error)) *cobra.Command {
	var out string
	c.RunE = func(cmd *cobra.Command, args []string) error {
		office, err := a.office(cmd.Context())
		if err != nil {
			return err
		}
		d, file, err := read(cmd.Context(), office, args)
		if err != nil {
			return err
		}
		drawn, err := d.Draw(office.Forms)
		if err != nil {
			return err
		}
		if out != "" {
			file = out
		}
		return a.savePaper(cmd, file, drawn)
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write; - is standard output (default: named after what it is about, in this folder)")
	return c
}

// savePaper writes a paper for its owner's eyes; - is standard output.
func (a *app) savePaper(cmd *cobra.Command, file string, drawn []byte) error {
	if file == "-" {
		if _, err := cmd.OutOrStdout().Write(drawn); err != nil {
			return fmt.Errorf("write paper: %w", err)
		}
		return nil
	}
	if err := os.WriteFile(file, drawn, 0o600); err != nil {
		return fmt.Errorf("write paper: %w", err)
	}
	return a.print(cmd, map[string]any{"file": file, "bytes": len(drawn)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s  %d bytes\n", file, len(drawn))
	})
}

func newPaperSlip(a *app) *cobra.Command {
	return paperCommand(a, &cobra.Command{
		Use: "slip NUMBER", Short: "Draw the appointment slip of an application, with a QR code to the status page",
		Example: "  starter paper slip 7QF3M-9T2XK-D\n  starter paper slip 7QF3M-9T2XK-D -o - | lp",
		Args:    cobra.ExactArgs(1),
	}, func(ctx context.Context, office *office.Office, args []string) (document, string, error) {
		number, err := identity.ParseApplicationNumber(args[0])
		if err != nil {
			return nil, "", err
		}
		record, err := office.Registry.Application(ctx, number)
		if err != nil {
			return nil, "", err
		}
		if record.Stage.Ended() {
			return nil, "", identity.Refuse(identity.Conflict, "application %s has ended (%s): there is nothing to come for", number, record.Stage)
		}
		station, err := office.Registry.Station(ctx, record.Application.Station)
		if err != nil {
			return nil, "", err
		}
		c, err := a.config()
		return papers.Slip{
			Application: number, Form: record.Rules.Form, Type: record.Application.Type, Ground: record.Application.Ground,
			FiledOn: record.Application.FiledOn, Due: identity.DateOf(record.Due.Add(-time.Nanosecond)),
			Station: papers.Station{ID: station.ID, Name: station.Name}, Post: record.Destination == registry.Post,
			Fee: record.Rules.Fee, Officer: record.Application.Officer, StatusPage: c.Gateway.PublicURL, Specimen: c.Forms.Specimen,
		}, fmt.Sprintf("slip-%s.pdf", number), err
	})
}

func newPaperManifest(a *app) *cobra.Command {
	return paperCommand(a, &cobra.Command{
		Use: "manifest CONSIGNMENT", Short: "Draw the manifest of a consignment: a line and a barcode for each card",
		Example: "  starter paper manifest C-000001\n  starter paper manifest C-000001 -o manifest.pdf",
		Args:    cobra.ExactArgs(1),
	}, func(ctx context.Context, office *office.Office, args []string) (document, string, error) {
		consignment, err := office.Registry.Consignment(ctx, registry.ConsignmentNumber(strings.ToUpper(args[0])))
		if err != nil {
			return nil, "", err
		}
		c, err := a.config()
		if err != nil {
			return nil, "", err
		}
		m := papers.Manifest{
			Consignment: string(consignment.Number), State: consignment.State, Courier: consignment.Courier, Seal: consignment.Seal,
			Destination: papers.Station{ID: consignment.Destination}, Post: consignment.Destination == registry.Post, Specimen: c.Forms.Specimen,
		}
		if !m.Post {
			station, err := office.Registry.Station(ctx, consignment.Destination)
			if err != nil {
				return nil, "", err
			}
			m.Destination.Name = station.Name
		}
		for _, card := range consignment.Cards {
			m.Cards = append(m.Cards, papers.ManifestCard{
				Application: card.Application, Attempt: card.Attempt, Blank: string(card.Blank), Missing: card.Missing,
			})
		}
		return m, fmt.Sprintf("manifest-%s.pdf", consignment.Number), nil
	})
}

func newPaperDestruction(a *app) *cobra.Command {
	var from, to string
	c := paperCommand(a, &cobra.Command{
		Use: "destruction", Short: "Draw the record of the blanks that were spoiled and destroyed in some days, for witnesses to sign",
		Example: "  starter paper destruction --from 2026-11-01 --to 2026-11-30",
		Args:    cobra.NoArgs,
	}, func(ctx context.Context, office *office.Office, _ []string) (document, string, error) {
		first, err := day("from", from)
		if err != nil {
			return nil, "", err
		}
		last, err := day("to", to)
		if err != nil {
			return nil, "", err
		}
		blanks, err := office.Registry.WrittenOff(ctx, first, last)
		if err != nil {
			return nil, "", err
		}
		c, err := a.config()
		return destruction(first, last, blanks, c.Forms.Specimen), fmt.Sprintf("destruction-%s-%s.pdf", from, to), err
	})
	c.Flags().StringVar(&from, "from", "", "first day, as 2026-11-01 (required)")
	c.Flags().StringVar(&to, "to", "", "last day (required)")
	required(c, "from")
	required(c, "to")
	return c
}

// destruction is the registry's list as the paper has it.
func destruction(from, to identity.Date, blanks []registry.WrittenOff, specimen bool) papers.Destruction {
	d := papers.Destruction{From: from, To: to, Specimen: specimen}
	for _, b := range blanks {
		off := papers.WrittenOff{Serial: string(b.Serial), Lost: b.Lost}
		for _, e := range b.Events {
			off.Events = append(off.Events, papers.WriteOff(e))
		}
		d.Blanks = append(d.Blanks, off)
	}
	return d
}

// day reads a flag that is a day.
func day(flag, text string) (identity.Date, error) {
	var d identity.Date
	if err := d.UnmarshalText([]byte(text)); err != nil || !d.Complete() {
		return d, identity.RefuseField(identity.Invalid, "--"+flag, "is no day: write it as 2026-11-01")
	}
	return d, nil
}
