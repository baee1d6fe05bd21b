package printing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"example.org/cancuoc/internal/identity"
)

// The answers of a printer's program, in the file JOB.state beside the job's own: a word,
// and after a space what a person should know. It replaces the file whenever something
// changes, by renaming another.
const (
	answerTaken   = "taken"   // it prints the job, or is about to
	answerJammed  = "jammed"  // it needs a person; another answer follows
	answerDone    = "done"    // the card is out, printed
	answerFailed  = "failed"  // the card is lost, or may be
	answerRefused = "refused" // nothing was printed: the job may be given again
)

// state is what a printer's program says of a job.
type state struct{ word, why string }

// readState reads the answer to a job; it is empty if there is none yet.
func readState(dir, job string) (state, error) {
	f, err := os.Open(filepath.Join(dir, job+".state"))
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, nil
	}
	if err != nil {
		return state{}, fmt.Errorf("read the answer to job %s: %w", job, err)
	}
	defer f.Close()
	const most = 4 << 10
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return state{}, fmt.Errorf("read the answer to job %s: %w", job, err)
	}
	a, err := parseState(string(text))
	if err != nil {
		return state{}, fmt.Errorf("the answer to job %s is %w", job, err)
	}
	return a, nil
}

// parseState reads an answer.
func parseState(text string) (state, error) {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	word, why, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch word {
	case answerTaken, answerJammed, answerDone, answerFailed, answerRefused:
		return state{word, sayable(why)}, nil
	}
	return state{}, fmt.Errorf("%q; accepted are taken, jammed, done, failed and refused, followed by why", printable(word))
}

// sayable shortens what a program says, and removes what is not text.
func sayable(text string) string {
	const most = 120 // letters
	letters := make([]rune, 0, most)
	for _, r := range strings.TrimSpace(text) {
		if len(letters) == most {
			break
		}
		if unicode.IsPrint(r) {
			letters = append(letters, r)
		}
	}
	return string(letters)
}

// await waits until a printer's program has ended a job, and meanwhile tells what it
// needs a person to do, also that it has said nothing for so long.
func await(ctx context.Context, dir, job string, silence time.Duration, tell func(string)) error {
	const poll = 200 * time.Millisecond
	told, last := "", state{}
	for silent := time.Duration(0); ; silent += poll {
		a, err := readState(dir, job)
		if err != nil {
			return err
		}
		if a != last {
			last, silent = a, 0
		}
		now := ""
		switch a.word {
		case answerDone:
			return nil
		case answerFailed:
			return identity.Refuse(identity.Spoiled, "the printer failed at job %s (%s): its card may have been printed", job, a.why)
		case answerRefused:
			err := fmt.Errorf("the printer's program refused job %s (%s)", job, a.why)
			return errors.Join(err, os.Remove(filepath.Join(dir, job+".state")))
		case answerJammed:
			now = strings.TrimSuffix("the printer needs a person: "+a.why, ": ")
		case answerTaken:
			if silent >= silence {
				now = "the printer's program took the job, and does not say what became of it: see whether it runs"
			}
		default:
			if silent >= silence {
				now = "the printer's program does not take the job: see whether it runs"
			}
		}
		if now != told {
			told = now
			tell(now)
		}
		if err := wait(ctx, poll); err != nil {
			return fmt.Errorf("wait for job %s: %w", job, err)
		}
	}
}
