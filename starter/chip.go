package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/chip/tlv"
)

func newChip(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "chip", Short: "Read, verify and serve the chips of finished cards", GroupID: "centre",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newVerifyChip(a), newExportChip(a), newServeChip(a))
	return c
}

// finished finds the last card of an application.
func (a *app) finished(ctx context.Context, arg string) (registry.CardRecord, error) {
	number, record, err := a.record(ctx, arg)
	if err != nil {
		return registry.CardRecord{}, err
	}
	return a.opened.Registry.Card(ctx, number, record.Attempt)
}

func newVerifyChip(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "verify APPLICATION", Short: "Read the chip as a border would, and compare it with the application",
		Example: "  starter chip verify 7QF3M-9T2XK-D", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			card, err := a.finished(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			result, err := a.opened.InspectChip(cmd.Context(), card)
			if err != nil {
				return err
			}
			if err := a.print(cmd, inspectionOf(result), func(w io.Writer) { printInspection(w, result) }); err != nil {
				return err
			}
			if !result.OK() {
				return identity.Refuse(identity.Spoiled, "the chip failed inspection")
			}
			return nil
		},
	}
}

// inspected is what --json prints of an inspection.
type inspected struct {
	Access   string        `json:"access,omitzero"`
	Good     bool          `json:"good"`
	Checks   []chipCheck   `json:"checks"`
	Findings []chipFinding `json:"findings,omitzero"` // what differs from the application
}

type chipCheck struct {
	Name   string `json:"name"`
	Good   bool   `json:"good"`
	Detail string `json:"detail,omitzero"`
}

type chipFinding struct {
	File    string `json:"file"`
	Field   string `json:"field,omitzero"`
	Problem string `json:"problem"`
}

func inspectionOf(r chipinspection.Result) inspected {
	shown := inspected{Access: r.Access, Good: r.OK(), Checks: make([]chipCheck, len(r.Checks))}
	for i, c := range r.Checks {
		shown.Checks[i] = chipCheck{Name: c.Name, Good: c.OK, Detail: c.Detail}
	}
	for _, f := range r.Findings {
		shown.Findings = append(shown.Findings, chipFinding{File: f.File, Field: f.Field, Problem: f.Problem})
	}
	return shown
}

func printInspection(w io.Writer, r chipinspection.Result) {
	fmt.Fprintf(w, "access by %s\n", r.Access)
	for _, c := range r.Checks {
		verdict := "good"
		if !c.OK {
			verdict = "BAD: " + c.Detail
		}
		fmt.Fprintf(w, "  %-24s %s\n", c.Name, verdict)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(w, "  DIFFERS: %s\n", f)
	}
}

func newExportChip(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "export APPLICATION DIR", Short: "Write the chip's files, the signed security object and the CSCA certificate into a folder",
		Long: `Write the chip's files as they are on the card (EF_SOD.bin, EF_DG1.bin ...),
the CMS of the security object (sod.der) and the CSCA certificate, for other
programs: openssl cms -verify -inform DER -in sod.der -noverify -out lds.der`,
		Example: "  starter chip export 7QF3M-9T2XK-D /tmp/chip", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			card, err := a.finished(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			n, err := a.exportChip(cmd.Context(), card, args[1])
			if err != nil {
				return err
			}
			return a.print(cmd, map[string]int{"files": n}, func(w io.Writer) { fmt.Fprintf(w, "%d files in %s\n", n, args[1]) })
		},
	}
}

func newServeChip(a *app) *cobra.Command {
	var listen, vpcd string
	c := &cobra.Command{
		Use: "serve APPLICATION", Short: "Serve the chip to readers, over TCP or to PC/SC, until Ctrl-C",
		Long: `Serve the chip of a finished card.

With --listen, APDUs over TCP, each with a two-byte length before it (big-endian),
in both directions. With --vpcd, to the virtual reader of Debian's vsmartcard-vpcd,
so that any PC/SC program reads it.`,
		Example: "  starter chip serve 7QF3M-9T2XK-D --listen 127.0.0.1:9100\n  starter chip serve 7QF3M-9T2XK-D --vpcd 127.0.0.1:35963",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			card, err := a.finished(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			chip, err := a.opened.SoftwareChip(cmd.Context(), card)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			fmt.Fprintf(cmd.OutOrStdout(), "serving the chip of card %d of %s (MRZ key and CAN are printed on the card)\n", card.Attempt, card.Application)
			if vpcd != "" {
				return ended(ctx, softcard.ServeVPCD(ctx, vpcd, chip))
			}
			listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
			if err != nil {
				return fmt.Errorf("listen: %w", err)
			}
			return ended(ctx, softcard.ServeTCP(ctx, listener, chip))
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:9100", "address to serve APDUs at")
	c.Flags().StringVar(&vpcd, "vpcd", "", "address of the virtual reader (its port is 35963)")
	return c
}

// ended forgets the error of a service that was told to end.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// exportChip writes the files of a chip.
func (a *app) exportChip(ctx context.Context, card registry.CardRecord, dir string) (int, error) {
	image, err := a.opened.ChipImage(ctx, card.Application, card.Attempt)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("export chip: %w", err)
	}
	authority, err := a.opened.Authority()
	if err != nil {
		return 0, err
	}
	trust, err := authority.TrustStore()
	if err != nil {
		return 0, err
	}
	f := image.Files
	files := map[string][]byte{
		"EF_COM.bin": f.COM, "EF_CardAccess.bin": f.CardAccess, "EF_DG1.bin": f.DG1, "EF_DG2.bin": f.DG2, "EF_DG13.bin": f.DG13,
		"EF_DG14.bin": f.DG14, "EF_DG15.bin": f.DG15, "EF_SOD.bin": f.SOD, "access.txt": []byte("mrz-information " + image.MRZInformation + "\ncan " + image.CAN + "\nsod " + hex.EncodeToString(card.DigestSOD) + "\n"),
	}
	if cms, err := contentOf(f.SOD); err == nil {
		files["sod.der"] = cms
	}
	for i, csca := range trust.CSCAs() {
		files[fmt.Sprintf("csca-%d.pem", i+1)] = csca.PEM()
	}
	n := 0
	for name, b := range files {
		if len(b) == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return n, fmt.Errorf("export chip: %w", err)
		}
		n++
	}
	return n, nil
}

// contentOf takes the outer tag of a file off.
func contentOf(file []byte) ([]byte, error) {
	node, _, err := tlv.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	return node.Value, nil
}
