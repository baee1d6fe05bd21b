package main

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newRegisterVerifier(a *app) *cobra.Command {
	var officer, witness, name, tokenFile string
	var perSecond int
	c := &cobra.Command{
		Use: "verifier VERIFIER", Short: "Let a bank or an authority ask whether cards are valid, with a token that is made for it; two administrators do so",
		Example: "  starter register verifier VCB --name Vietcombank --per-second 50 --token-file vcb.token --officer QT-C06-0001 --witness QT-C06-0002",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := identity.ParseVerifierID(args[0])
			if err != nil {
				return err
			}
			token := rand.Text() + rand.Text()
			digest := sha256.Sum256([]byte(token))
			act := identity.RegisterVerifier{Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), Name: name, Token: digest[:], PerSecond: perSecond}
			file, err := os.OpenFile(tokenFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, private)
			if err != nil {
				return fmt.Errorf("write token: %w", err)
			}
			defer file.Close()
			if _, err := fmt.Fprintln(file, token); err != nil {
				return fmt.Errorf("write token: %w", err)
			}
			if _, err := a.act(cmd.Context(), act, statement.Verifier(id), "", nil); err != nil {
				if isRefusal(err) { // else it may have been done
					_ = os.Remove(tokenFile) // nobody will ask with it
				}
				return err
			}
			return a.print(cmd, map[string]string{"verifier": args[0], "token_file": tokenFile}, func(w io.Writer) {
				fmt.Fprintf(w, "%s registered; its token is in %s: hand it over sealed, and keep no copy\n", id, tokenFile)
			})
		},
	}
	c.Flags().StringVar(&name, "name", "", "name of the bank or authority (required)")
	c.Flags().IntVar(&perSecond, "per-second", 0, "how many questions it may ask in a second, of each gateway (required)")
	c.Flags().StringVar(&tokenFile, "token-file", "", "file that is made for its token (required)")
	byTwo(c, &officer, &witness)
	required(c, "name", "per-second", "token-file")
	return c
}

func newRevokeVerifier(a *app) *cobra.Command {
	var officer, reason string
	c := &cobra.Command{
		Use: "revoke-verifier VERIFIER", Short: "Answer a verifier no more, until two administrators register it again with another token",
		Example: "  starter register revoke-verifier VCB --officer QT-C06-0001 --reason \"the token was seen in a log\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := identity.ParseVerifierID(args[0])
			if err != nil {
				return err
			}
			act := identity.RevokeVerifier{Officer: identity.OfficerID(officer), Reason: reason}
			if _, err := a.act(cmd.Context(), act, statement.Verifier(id), "", nil); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"verifier": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "%s revoked\n", id) })
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the administrator who revokes it (required)")
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	required(c, "officer", "reason")
	return c
}
