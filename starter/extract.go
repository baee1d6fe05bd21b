package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newExtract(a *app) *cobra.Command {
	var officer, request, dir string
	c := &cobra.Command{
		Use: "extract CARD", Short: "Give citizens what is held on them and who asked for it, as JSON and PDF, signed", GroupID: "office",
		Example: "  starter extract 0123456789ABCDEF --officer CB-001-0012 --request 17/2026 --dir extract",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := identity.ExtractRecord{Officer: identity.OfficerID(officer), Reason: request}
			a.askAs(identity.OfficerID(officer))
			serial, err := a.cardOf(cmd.Context(), args[0])
			if err != nil {
				return wrongToo(act.Check(), err)
			}
			answer, err := a.act(cmd.Context(), act, statement.Card(serial), "", nil)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return fmt.Errorf("make folder: %w", err)
			}
			for name, content := range map[string][]byte{"extract.json": answer.Extract.JSON, "extract.pdf": answer.Extract.PDF, "extract.jws": []byte(answer.Extract.Signed)} {
				if err := os.WriteFile(filepath.Join(dir, name), content, private); err != nil {
					return fmt.Errorf("write extract: %w", err)
				}
			}
			return a.print(cmd, map[string]string{"dir": dir}, func(w io.Writer) {
				fmt.Fprintf(w, "extract.json, extract.pdf and extract.jws, which signs both, are in %s\n", dir)
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer whom the citizen asked (required)")
	c.Flags().StringVar(&request, "request", "", "number of the citizen's request (required)")
	c.Flags().StringVar(&dir, "dir", "", "folder for the three files (required)")
	required(c, "officer", "request", "dir")
	return c
}
