package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

// submitted is what --json prints of one submission.
type submitted struct {
	File        string                     `json:"file"`
	Application identity.ApplicationNumber `json:"application,omitzero"`
	Existing    bool                       `json:"existing,omitzero"`
	Due         time.Time                  `json:"due,omitzero"`
	FeeVND      *int                       `json:"fee_vnd,omitzero"`
	Faults      []*identity.Refusal        `json:"faults,omitzero"`
}

func newSubmit(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "submit FILE|DIR...", Short: "Submit applications: files, or all in a folder", GroupID: "station",
		Long: `Submit applications.

FILE is an application in JSON with its images beside it, which this command signs
with the station's key, or a packet (.jws) that a station has signed. DIR is a
folder with an application.json, or a folder of such folders.

Submitting the same application again gives the number that it has. The exit code
is 2 when an application was refused, and 1 when one could not be submitted now:
then give the same command again.`,
		Example: "  starter submit samples/01-first-issue-at-14\n  starter submit samples/02-exchange-at-25 samples/15-urgent --json\n  starter submit enrollment.jws",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := submissionFiles(args)
			if err != nil {
				return err
			}
			results := make([]submitted, 0, len(files))
			var failed []error
			for _, file := range files {
				result, err := a.submit(cmd.Context(), file)
				if err != nil {
					result.Faults = faultsOf(err)
					failed = append(failed, inFile(file, err))
				}
				results = append(results, result)
			}
			err = a.print(cmd, results, func(w io.Writer) {
				for _, r := range results {
					r.print(w)
				}
			})
			return errors.Join(append(failed, err)...)
		},
	}
}

func (s submitted) print(w io.Writer) {
	switch {
	case len(s.Faults) > 0: // on standard error
	case s.Existing:
		fmt.Fprintf(w, "%s  %s  submitted before\n", s.Application, s.File)
	default:
		fmt.Fprintf(w, "%s  %s  due %s  fee %d VND\n", s.Application, s.File, s.Due.Format(time.DateOnly), *s.FeeVND)
	}
}

// submit submits one file.
func (a *app) submit(ctx context.Context, file string) (submitted, error) {
	result := submitted{File: file}
	packet, err := a.packet(ctx, file)
	if err != nil {
		return result, err
	}
	office, err := a.office(ctx)
	if err != nil {
		return result, err
	}
	door := office.Door()
	receipt, err := door.Receive(ctx, packet)
	if err != nil {
		return result, err
	}
	result.Application, result.Existing, result.Due, result.FeeVND = receipt.Number, receipt.Existing, receipt.Due, &receipt.Fee
	return result, nil
}

// submissionFiles lists the submissions that the arguments name.
func submissionFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, identity.Refuse(identity.Invalid, "%s: there is no such file or folder", arg)
		}
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", arg, err)
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		found, err := filepath.Glob(filepath.Join(arg, "application.json"))
		if err == nil && len(found) == 0 {
			found, err = filepath.Glob(filepath.Join(arg, "*", "application.json"))
		}
		if err != nil {
			return nil, fmt.Errorf("look into %s: %w", arg, err)
		}
		if len(found) == 0 {
			return nil, identity.Refuse(identity.Invalid, "%s: there is no application.json in it", arg)
		}
		files = append(files, found...)
	}
	return files, nil
}
