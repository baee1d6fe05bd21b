package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
)

// submitted is what --json prints of one submission.
type submitted struct {
	File        string                     `json:"file"`
	Application identity.ApplicationNumber `json:"application,omitzero"`
	Existing    bool                       `json:"existing,omitzero"`
	Due         time.Time                  `json:"due,omitzero"`
	FeeVND      *int                       `json:"fee_vnd,omitzero"`
	Warnings    []intake.Warning           `json:"warnings,omitempty"`
	Faults      []*identity.Refusal        `json:"faults,omitzero"`
}

func newSubmit(a *app) *cobra.Command {
	var officer string
	c := &cobra.Command{
		Use: "submit FILE|DIR...", Short: "Submit applications: files, or all in a folder", GroupID: "station",
		Long: `Submit applications.

FILE is an application in JSON with its images beside it, which this command signs
with the keys of its officer and its station, or a packet (.jws) that they have signed. DIR is a
folder with an application.json, or a folder of such folders.

Submitting the same application again gives the number that it has. The exit code
is 2 when an application was refused, and 1 when one could not be submitted now:
then give the same command again.`,
		Example: "  starter submit samples/01-first-issue-at-14\n  starter submit samples/02-exchange-at-25 samples/15-urgent --json\n  starter submit enrollment.jws",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := submissionFiles(args)
			results := make([]submitted, 0, len(files))
			failed := []error{err}
			for _, file := range files {
				result, err := a.submit(cmd.Context(), file, identity.OfficerID(officer))
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
	enrolledBy(c, &officer)
	return c
}

func (s submitted) print(w io.Writer) {
	switch {
	case len(s.Faults) > 0: // on standard error
	case s.Existing:
		say(w, "%s  %s  submitted before\n", s.Application, s.File)
	default:
		say(w, "%s  %s  due %s  fee %d VND\n", s.Application, s.File, s.Due.Format(time.DateOnly), *s.FeeVND)
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(w, "  %s: %s\n", warning.Field, warning.Detail)
	}
}

// submit submits one file.
func (a *app) submit(ctx context.Context, file string, officer identity.OfficerID) (submitted, error) {
	result := submitted{File: identity.OneLine(file)} // a stranger may have chosen it
	signed, unread := a.packet(file, officer)
	if unread != nil && signed == nil {
		return result, unread
	}
	c, err := a.client()
	if err != nil {
		return result, errors.Join(unread, err)
	}
	var receipt api.Receipt
	err = c.ask(ctx, http.MethodPost, "/v1/packets", "", api.PacketType, signed, &receipt)
	if unread != nil {
		return result, andTheOffice(unread, err)
	}
	if err != nil {
		return result, err
	}
	result.Application, result.Existing, result.Due, result.FeeVND = receipt.Application, receipt.Existing, receipt.Due, &receipt.FeeVND
	result.Warnings = receipt.Warnings
	return result, nil
}

// andTheOffice joins what was seen here to be wrong with an application with what the office
// has against it. Where the office does not answer, the rest stands.
func andTheOffice(here, office error) error {
	if !isRefusal(office) {
		return here
	}
	var more []error
	for _, r := range identity.Refusals(office) {
		if r.Field != packet.Unread {
			more = append(more, r)
		}
	}
	return packet.AndThen(here, errors.Join(more...))
}

// submissionFiles lists the submissions that the arguments name, and what is wrong with
// those that name none.
func submissionFiles(args []string) ([]string, error) {
	var files []string
	var wrong []error
	for _, arg := range args {
		found, err := submissionsAt(arg)
		files = append(files, found...)
		wrong = append(wrong, inFile(arg, err))
	}
	return files, errors.Join(wrong...)
}

// submissionsAt lists those that one argument names.
func submissionsAt(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	if err != nil {
		return nil, refusePath("there is no such file or folder", err)
	}
	if !info.IsDir() {
		return []string{arg}, nil
	}
	found, err := submissionsIn(arg)
	if err != nil {
		return nil, refusePath("there is no such folder", err)
	}
	if len(found) == 0 {
		return nil, identity.Refuse(identity.Invalid, "there is no application.json in it")
	}
	return found, nil
}

// submissionsIn lists the application.json of a folder, or else those of the folders in
// it. The folder's name may hold anything.
func submissionsIn(folder string) ([]string, error) {
	const document = "application.json"
	if _, err := os.Lstat(filepath.Join(folder, document)); err == nil {
		return []string{filepath.Join(folder, document)}, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		file := filepath.Join(folder, entry.Name(), document)
		if _, err := os.Lstat(file); err == nil {
			found = append(found, file)
		}
	}
	return found, nil
}
