package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/statement"
)

func newPopulation(a *app) *cobra.Command {
	return parent("population", "office", "Look into the population register; say who an applicant is; correct, mark, renumber and merge persons",
		newPopulationCompare(a), newPopulationIdentify(a), newPopulationFind(a), newPopulationShow(a), newPopulationCorrect(a), newPopulationMark(a), newPopulationRenumber(a), newPopulationMerge(a))
}

func newPopulationCompare(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "compare APPLICATION", Short: "Show what an application says beside the register, or beside those who are likely to be the applicant",
		Example: "  starter population compare 7QF3M-9T2XK-D --as PD-001-0002",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := identity.ParseApplicationNumber(args[0])
			if err != nil {
				return err
			}
			var list []desk.Beside
			if err := a.read(cmd.Context(), "/v1/applications/"+string(number)+"/persons", nil, &list); err != nil {
				return err
			}
			asked, err := a.status(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) {
				printRequested(w, asked)
				for _, b := range list {
					fmt.Fprintf(w, "%s  %s\n", b.Person, b.Status)
					printBeside(w, b.Fields)
				}
			})
		},
	}
}

// printBeside shows every field, side by side.
func printBeside(w io.Writer, fields []population.Field) {
	rows := make([][]string, len(fields))
	for i, f := range fields {
		rows[i] = []string{f.Name, f.Claimed, f.Registered, string(f.Outcome)}
	}
	printTable(w, []string{"FIELD", "APPLICATION", "REGISTER", "OUTCOME"}, rows)
}

func newPopulationIdentify(a *app) *cobra.Command {
	var officer, person, notThese, paper, reason, id string
	c := &cobra.Command{
		Use: "identify APPLICATION", Short: "Say whom of the register the applicant is, or that it is none of those who were found",
		Example: "  starter population identify 7QF3M-9T2XK-D --person 4F2A90C1D7B84E6FA013 --officer PD-001-0002 --reason \"papers compared\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := identity.Identify{Officer: identity.OfficerID(officer), Person: identity.PersonID(person), Paper: paper, Reason: reason}
			for other := range strings.SplitSeq(notThese, ",") {
				if other = strings.TrimSpace(other); other != "" {
					act.NotThese = append(act.NotThese, identity.PersonID(other))
				}
			}
			saw, err := a.seen(cmd.Context(), args[0], act)
			if err != nil {
				return err
			}
			answer, err := a.onApplication(cmd.Context(), args[0], saw, id, nil)
			if err != nil {
				return err
			}
			return a.print(cmd, outcomeOf(args[0], answer), func(w io.Writer) { fmt.Fprintf(w, "%s identified\n", args[0]) })
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who decides (required)")
	c.Flags().StringVar(&person, "person", "", "whom the applicant is, as population compare shows it; the register's record then stands")
	c.Flags().StringVar(&notThese, "not-these", "", "whom you saw, with commas between, where the applicant is none of them")
	c.Flags().StringVar(&paper, "paper", "", "what proves a new person: the birth certificate, or form DC01")
	c.Flags().StringVar(&reason, "reason", "", "why, for the audit trail")
	c.Flags().StringVar(&id, "id", "", "identifier that you choose for this decision: given again, it is answered by what was decided")
	required(c, "officer", "reason")
	return c
}

func newPopulationFind(a *app) *cobra.Command {
	var q desk.Sought
	c := &cobra.Command{
		Use: "find [NUMBER]", Short: "Say who of the register has a personal number or had it, or who is likely to be somebody; that you asked is kept",
		Example: "  starter population find 001201999990 --as PD-001-0002\n" +
			"  starter population find --name \"Nguyễn Minh An\" --birth 2020-03-05 --mother \"Trần Thị Thúy\" --as PD-001-0002",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				q.Number = identity.PersonalNumber(args[0])
			}
			var found []desk.Found
			if err := a.find(cmd.Context(), "/v1/population/find", q, &found); err != nil {
				return err
			}
			return a.print(cmd, found, func(w io.Writer) {
				for _, f := range found {
					fmt.Fprintf(w, "%s  %s  version %s", f.Person, f.Status, f.Version)
					if f.Score > 0 {
						fmt.Fprintf(w, "  score %d", f.Score)
					}
					if f.Name != "" {
						fmt.Fprintf(w, "  %s, %s, %s", f.Name, f.Birth, f.Residence)
					}
					fmt.Fprintln(w)
				}
			})
		},
	}
	c.Flags().StringVar(&q.Name, "name", "", "the name, where the number is not known; birth is needed with it")
	c.Flags().StringVar(&q.Birth, "birth", "", "the day of birth, yyyy-mm-dd, yyyy-mm or yyyy")
	c.Flags().StringVar(&q.Sex, "sex", "", "M or F")
	c.Flags().StringVar(&q.Father, "father", "", "the father's name")
	c.Flags().StringVar(&q.Mother, "mother", "", "the mother's name")
	c.Flags().StringVar(&q.BirthRegistration, "place", "", "where the birth was registered")
	return c
}

func newPopulationShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show PERSON", Short: "Show a person's record with its version and its changes",
		Example: "  starter population show 4F2A90C1D7B84E6FA013 --as PD-001-0002 --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			known, err := a.person(cmd, args[0])
			if err != nil {
				return err
			}
			return a.print(cmd, known, func(w io.Writer) {
				fmt.Fprintf(w, "%s  version %s  %s\n%s, %s, %s\n", known.Person, known.Version, known.Status, known.Record.Name, known.Record.Birth, known.Record.Residence.Text)
				for _, c := range known.Changes {
					fmt.Fprintf(w, "%s  %s by %s: %s\n", c.At.In(identity.HanoiTime).Format("2006-01-02 15:04"), c.Change, c.Actor, c.Paper)
				}
			})
		},
	}
}

// person reads a record.
func (a *app) person(cmd *cobra.Command, arg string) (desk.Known, error) {
	var known desk.Known
	id := identity.PersonID(arg)
	if err := id.Check(); err != nil {
		return known, err
	}
	err := a.read(cmd.Context(), "/v1/persons/"+string(id), nil, &known)
	return known, err
}

func newPopulationCorrect(a *app) *cobra.Command {
	var officer, version, paper, reason string
	c := &cobra.Command{
		Use: "correct PERSON FILE", Short: "Correct a person's record; FILE has the whole record after it, as population show --json gives it",
		Example: "  starter population correct 4F2A90C1D7B84E6FA013 record.json --version 3 --paper \"residence record 12\" --reason moved --officer PD-001-0002",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			record, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			files := map[string][]byte{desk.FileRecord: record}
			act := identity.CorrectPerson{Officer: identity.OfficerID(officer), Version: version, Paper: paper, Reason: reason, Record: statement.Digest(files)}
			return a.toPerson(cmd, args[0], act, files, "corrected")
		},
	}
	onPerson(c, &officer, &paper, &reason)
	c.Flags().StringVar(&version, "version", "", "of the record that you corrected, as population show gives it")
	required(c, "version")
	return c
}

func newPopulationMark(a *app) *cobra.Command {
	var officer, status, on, paper, reason string
	c := &cobra.Command{
		Use: "mark PERSON", Short: "Note that a person has died, has emigrated or lost the nationality, or that this was wrong",
		Example: "  starter population mark 4F2A90C1D7B84E6FA013 --status deceased --on 2026-11-02 --paper \"death certificate 4\" --reason died --officer PD-001-0002",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := identity.MarkPerson{Officer: identity.OfficerID(officer), Status: identity.CitizenStatus(status), On: on, Paper: paper, Reason: reason}
			return a.toPerson(cmd, args[0], act, nil, status)
		},
	}
	onPerson(c, &officer, &paper, &reason)
	c.Flags().StringVar(&status, "status", "", "alive, deceased, emigrated or nationality-lost")
	c.Flags().StringVar(&on, "on", "", "the day, yyyy-mm-dd")
	required(c, "status", "on")
	return c
}

func newPopulationRenumber(a *app) *cobra.Command {
	var officer, version, paper, reason string
	c := &cobra.Command{
		Use: "renumber PERSON", Short: "Give a person another personal number; the old one is canceled, with the card that bears it",
		Example: "  starter population renumber 4F2A90C1D7B84E6FA013 --version 3 --paper \"decision 7\" --reason \"year of birth corrected\" --officer PD-001-0002",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := identity.RenumberPerson{Officer: identity.OfficerID(officer), Version: version, Paper: paper, Reason: reason}
			return a.toPerson(cmd, args[0], act, nil, "renumbered")
		},
	}
	onPerson(c, &officer, &paper, &reason)
	c.Flags().StringVar(&version, "version", "", "of the record that the number is drawn from, as population show gives it")
	required(c, "version")
	return c
}

func newPopulationMerge(a *app) *cobra.Command {
	var officer, version, other, paper, reason string
	c := &cobra.Command{
		Use: "merge PERSON", Short: "Say that two persons of the register are one; the other's number is canceled, with the card that bears it, and leads to PERSON",
		Example: "  starter population merge 4F2A90C1D7B84E6FA013 --version 3 --other 09C1D7B84E6FA0134F2A --paper \"decision 8\" --reason \"registered twice\" --officer PD-001-0002",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := identity.MergePersons{Officer: identity.OfficerID(officer), Version: version, Other: identity.PersonID(other), Paper: paper, Reason: reason}
			return a.toPerson(cmd, args[0], act, nil, "merged")
		},
	}
	onPerson(c, &officer, &paper, &reason)
	c.Flags().StringVar(&version, "version", "", "of the record that stands, as population show gives it")
	c.Flags().StringVar(&other, "other", "", "whose record and number do not stand")
	required(c, "version", "other")
	return c
}

// onPerson gives a command what every change of a person's record needs.
func onPerson(c *cobra.Command, officer, paper, reason *string) {
	c.Flags().StringVar(officer, "officer", "", "your badge")
	c.Flags().StringVar(paper, "paper", "", "the paper that proves it")
	c.Flags().StringVar(reason, "reason", "", "why")
	required(c, "officer", "paper", "reason")
}

// toPerson sends an act on a person.
func (a *app) toPerson(cmd *cobra.Command, arg string, act identity.Act, files map[string][]byte, done string) error {
	id := identity.PersonID(arg)
	if err := id.Check(); err != nil {
		return err
	}
	if _, err := a.act(cmd.Context(), act, statement.Person(id), "", files); err != nil {
		return err
	}
	return a.print(cmd, map[string]string{"person": arg, "state": done}, func(w io.Writer) { fmt.Fprintf(w, "%s  %s\n", id, done) })
}
