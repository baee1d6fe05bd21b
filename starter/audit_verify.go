package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/transparency"
)

func newVerifyAudit(a *app) *cobra.Command {
	var all bool
	var packets intake.Scope
	cmd := &cobra.Command{
		Use: "verify [APPLICATION...]", Short: "Check that no entry was changed, added or removed (default: in all applications)",
		Long: `Check that no entry of the audit trail was changed, added or removed: in all
applications, or in those named.

First the hash chains, and whether the books agree with each other and with the trail:
blanks, their movements, boxes, cards and decisions. Without names, then which statements
were refused, who decoded what and who looked whose card up: no line was added, changed or
taken away, by codes under the vault's key. Then every act: its
signatures, that each is by a key of an officer who was valid then and had a role for
it, that officers, keys, stations and verifiers were registered by two administrators, back to the founders,
and that what is recorded of people is what they signed. Where the vault's key is, also
whether each application is what its officer signed: the packet that it came as, and the
portrait, fingers and eyes of each capture. Then the transparency log in
which all this is anchored
(audit.log_dir of the settings): its signature, that it holds all it held at the last
verification, that every leaf is included, and that the registry still has each entry,
and each act, that was anchored. So a trail is found that was cut at its end, or
rewritten with all hashes that follow, and an act that was removed with all that it
did. What came since the last anchoring (audit.anchor) is in no log yet.

Of a kind it names the first hundred things that do not fit, and counts the others; acts that
no key of their officer signed it sums up, for each key. --all names every one.

It names the founders, on whom the rest relies: are they those whom you know?`,
		Example: "  starter audit verify\n  starter audit verify --all\n  starter audit verify 7QF3M-9T2XK-D",
		RunE: func(cmd *cobra.Command, args []string) error {
			numbers := make([]identity.ApplicationNumber, len(args))
			for i, arg := range args {
				var err error
				if numbers[i], err = identity.ParseApplicationNumber(arg); err != nil {
					return err
				}
			}
			verified, err := a.verifyAudit(cmd.Context(), numbers, all, packets)
			if err != nil && !isRefusal(err) {
				return err
			}
			return errors.Join(a.print(cmd, verified, verified.print), err)
		},
	}
	cmd.Flags().BoolVar(&packets.Every, "packets", false, "compare every application with its packet, and not only those that are open or ended in the last 30 days")
	cmd.Flags().BoolVar(&packets.Fingers, "fingers", false, "compare fingers of which the station sent images alone, too, by templates that are drawn anew (0.2 s each)")
	cmd.Flags().BoolVar(&all, "all", false, "name everything that does not fit, and not the first hundred of a kind")
	return cmd
}

// verifiedAudit is what audit verify found; what was changed is in the error beside it.
type verifiedAudit struct {
	registry.AuditReport
	Acts    *registry.ActsReport         `json:"acts,omitempty"` // none: applications are named
	Packets *intake.Compared             `json:"packets,omitempty"`
	Intact  []identity.ApplicationNumber `json:"intact,omitempty"` // of those named, whose chains are intact
	Log     *transparency.Report         `json:"log,omitempty"`    // none: there is no log yet
	Changed []string                     `json:"changed,omitempty"`
}

// verifyAudit checks the chains, then the log, also if a chain was changed.
func (a *app) verifyAudit(ctx context.Context, numbers []identity.ApplicationNumber, all bool, packets intake.Scope) (verifiedAudit, error) {
	var v verifiedAudit
	opened, err := a.openOffice(ctx, office.OpenToVerify)
	if err != nil {
		return v, err
	}
	if all {
		opened.Registry = opened.Registry.NamingAll()
	}
	var faults []error
	if len(numbers) == 0 {
		v.AuditReport, err = opened.Registry.VerifyAllAudit(ctx)
		faults = append(faults, err, opened.Registry.VerifyBooks(ctx))
		acts, err := opened.Registry.VerifyActs(ctx)
		compared, differ := intake.Verify(ctx, opened.Registry, packets)
		v.Acts, v.Packets, faults = &acts, &compared, append(faults, err, differ)
	}
	for _, number := range numbers {
		err := opened.Registry.VerifyAudit(ctx, number)
		if err == nil {
			v.Intact = append(v.Intact, number)
		}
		faults = append(faults, err)
	}
	v.Log, err = opened.VerifyAuditLog(ctx, numbers...)
	faults = append(faults, err)
	if v.Log != nil {
		for _, c := range v.Log.Changed {
			faults = append(faults, identity.Refuse(identity.Conflict, "%s", c))
		}
	}
	err = errors.Join(faults...)
	if err != nil && isRefusal(err) {
		v.Changed = explain(err)
	}
	return v, err
}

func (v verifiedAudit) print(w io.Writer) {
	if len(v.Changed) > 0 {
		return // the error names them
	}
	for _, number := range v.Intact {
		fmt.Fprintf(w, "%s intact\n", number)
	}
	if v.Applications > 0 {
		fmt.Fprintf(w, "intact: %d entries of %d applications\n", v.Entries, v.Applications)
	}
	if v.Acts != nil {
		fmt.Fprintf(w, "signed: %d acts; %d officers, whom the founders registered: %s\n", v.Acts.Acts, v.Acts.Officers, joined(v.Acts.Founders))
		if v.Acts.Keyless {
			fmt.Fprintln(w, "not checked: which of them a program of the office took in, as the vault's key is not here")
		}
		if v.Acts.Unsigned > 0 {
			fmt.Fprintf(w, "not signed: %d records of before people signed what they did\n", v.Acts.Unsigned)
		}
	}
	if v.Packets != nil && !v.Packets.Keyless {
		fmt.Fprintf(w, "as their officers signed: %d applications, with their evidence\n", v.Packets.Applications)
	} else if v.Packets != nil {
		fmt.Fprintln(w, "not compared: applications with their packets, as the vault's key is not here, or this role does not read what it opens")
	}
	if v.Log == nil {
		fmt.Fprintln(w, "not anchored: there is no log yet, so entries cut from the end of a trail are not found")
		return
	}
	fmt.Fprintf(w, "anchored: %d heads in %d leaves, checked by %s\n", v.Log.Heads, v.Log.Leaves, v.Log.Key)
	if v.Log.Alone > 0 {
		fmt.Fprintf(w, "anchored: %d signatures of acts, and founders\n", v.Log.Alone)
	}
}

func joined(badges []identity.OfficerID) string {
	list := make([]string, len(badges))
	for i, badge := range badges {
		list[i] = string(badge)
	}
	return strings.Join(list, ", ")
}
