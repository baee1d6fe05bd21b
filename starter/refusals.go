package main

import (
	"errors"
	"fmt"

	"example.org/cancuoc/internal/identity"
)

// isRefusal reports whether everything that went wrong was refused: here, in the
// registry, or by a workflow.
func isRefusal(err error) bool { return len(identity.Refusals(err)) == len(identity.Apart(err)) }

// explain gives a line for each thing that is wrong.
func explain(err error) []string {
	problems := identity.Apart(err)
	lines := make([]string, len(problems))
	for i, e := range problems {
		lines[i] = e.Error()
	}
	return lines
}

// faultsOf lists what is wrong as --json shows it. What is not a refusal has no
// kind, and may pass.
func faultsOf(err error) []*identity.Refusal {
	problems := identity.Apart(err)
	faults := make([]*identity.Refusal, len(problems))
	for i, e := range problems {
		if refusal, ok := errors.AsType[*identity.Refusal](e); ok {
			faults[i] = refusal
			continue
		}
		faults[i] = &identity.Refusal{Detail: e.Error()}
	}
	return faults
}

// inFile puts the file's name before everything that is wrong with it. A stranger may have
// chosen it, so it is made safe to show.
func inFile(file string, err error) error {
	problems, file := identity.Apart(err), identity.OneLine(file)
	for i, e := range problems {
		if refusal, ok := errors.AsType[*identity.Refusal](e); ok {
			problems[i] = identity.Refuse(refusal.Kind, "%s: %s", file, refusal.Error())
			continue
		}
		problems[i] = fmt.Errorf("%s: %w", file, e)
	}
	return errors.Join(problems...)
}
