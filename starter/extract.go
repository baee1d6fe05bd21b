package main

import (
	"context"
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
		Use: "extract CARD|APPLICATION", Short: "Give citizens what is held on them and who asked for it, as JSON and PDF, signed", GroupID: "office",
		Example: "  starter extract 0123456789ABCDEF --officer CB-001-0012 --request 17/2026 --dir extract",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := identity.ExtractRecord{Officer: identity.OfficerID(officer), Reason: request}
			a.askAs(identity.OfficerID(officer))
			of, err := a.extractOf(cmd.Context(), args[0])
			if err != nil {
				return wrongToo(act.Check(), err)
			}
			answer, err := a.act(cmd.Context(), act, of, "", nil)
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

// extractOf reads on whom an extract is made: a card's serial, the number of an application, or
// the personal number of somebody who may have no card.
func (a *app) extractOf(ctx context.Context, named string) (string, error) {
	if number, err := identity.ParseApplicationNumber(named); err == nil {
		return statement.Application(number), nil
	}
	q, err := cardQuery(named)
	if err != nil || q.Serial != "" {
		return statement.Card(q.Serial), err
	}
	var known struct {
		Person identity.PersonID `json:"person"`
	}
	err = a.find(ctx, "/v1/population/whose", map[string]identity.PersonalNumber{"number": q.Number}, &known)
	return statement.Person(known.Person), err
}
