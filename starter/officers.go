package main

import (
	"cmp"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

func newOfficers(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "officers", Short: "Show who may act, and register, change and revoke officers and their keys", GroupID: "set-up",
		Example: "  starter officers --as QT-C06-0001\n  starter officers key PD-001-0002 pd.pub\n" +
			"  starter officers register PD-001-0002 --unit 001 --role approving,resolving --key pd.pub --officer QT-C06-0001 --witness QT-C06-0002",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []registry.RegisteredOfficer
			if err := a.read(cmd.Context(), "/v1/officers", nil, &list); err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) { printOfficers(w, list) })
		},
	}
	c.AddCommand(newOfficerKey(a), newRegisterOfficer(a), newRevokeOfficer(a), newAddKey(a), newRevokeOfficersKey(a), newFoundOffice(a), newOfficersSessions(a))
	return c
}

func printOfficers(w io.Writer, list []registry.RegisteredOfficer) {
	rows := make([][]string, len(list))
	for i, o := range list {
		state := "valid"
		switch {
		case !o.RevokedAt.IsZero():
			state = "revoked " + o.RevokedAt.In(identity.HanoiTime).Format(time.DateOnly)
		case !o.ValidTo.IsZero():
			state = "valid to " + o.ValidTo.In(identity.HanoiTime).Format(time.DateOnly)
		}
		keys := 0
		for _, c := range o.Credentials {
			if c.RevokedAt.IsZero() {
				keys++
			}
		}
		rows[i] = []string{string(o.Badge), string(o.Unit), words(o.Roles), state, strconv.Itoa(keys)}
	}
	printTable(w, []string{"OFFICER", "UNIT", "ROLES", "STATE", "KEYS"}, rows)
}

// publicKey is the PEM type of a SubjectPublicKeyInfo (RFC 7468, section 13).
const publicKey = "PUBLIC KEY"

func newOfficerKey(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "key BADGE FILE", Short: "Write the public key of an officer on this machine, for the administrators; the key is made if there is none",
		Example: "  starter officers key PD-001-0002 pd.pub",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := a.client()
			if err != nil {
				return err
			}
			key, err := g.keys.ensure(identity.OfficerID(args[0]))
			if err != nil {
				return err
			}
			return a.write(cmd, args[1], public, pem.EncodeToMemory(&pem.Block{Type: publicKey, Bytes: key}))
		},
	}
}

// readCredential reads a public key that an officer gives to the administrators: in PEM,
// or, of a passkey, as the officers' page shows it.
func readCredential(file string) (passkey.Credential, error) {
	var c passkey.Credential
	b, err := os.ReadFile(file)
	if err != nil {
		return c, refusePath("there is no such file", err)
	}
	if block, _ := pem.Decode(b); block != nil && block.Type == publicKey {
		return passkey.Credential{Key: block.Bytes}, nil
	}
	if json.Unmarshal(b, &c, json.RejectUnknownMembers(true)) != nil || len(c.Key) == 0 {
		return c, identity.RefuseField(identity.Invalid, "key", "%s holds neither a public key in PEM (starter officers key) nor that of a passkey", file)
	}
	return c, nil
}

func newRegisterOfficer(a *app) *cobra.Command {
	var by, witness, unit, key, from, to string
	var roles []string
	c := &cobra.Command{
		Use: "register BADGE", Short: "Register an officer with a key, or change roles, unit and times of one; two administrators do so",
		Example: "  starter officers register PD-001-0002 --unit 001 --role approving,resolving --key pd.pub --officer QT-C06-0001 --witness QT-C06-0002",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			record := identity.Officer{Badge: identity.OfficerID(args[0]), Unit: identity.Unit(unit)}
			for _, r := range roles {
				record.Roles = append(record.Roles, identity.Role(strings.TrimSpace(r)))
			}
			for flag, into := range map[string]*time.Time{from: &record.ValidFrom, to: &record.ValidTo} {
				if flag == "" {
					continue
				}
				day, err := time.ParseInLocation(time.DateOnly, flag, identity.HanoiTime)
				if err != nil {
					return identity.RefuseField(identity.Invalid, "from", "and to are days; yyyy-mm-dd is accepted")
				}
				*into = day
			}
			act := identity.RegisterOfficer{By1: identity.OfficerID(by), By2: identity.OfficerID(witness), Record: record}
			if key != "" {
				given, err := readCredential(key)
				if err != nil {
					return err
				}
				if len(given.PasskeyID) > 0 {
					return identity.RefuseField(identity.Invalid, "key", "%s holds a passkey: register the officer, and then give it with starter officers add-key", key)
				}
				act.Key = given.Key
			}
			return a.onOfficer(cmd, record.Badge, act, "%s registered\n")
		},
	}
	c.Flags().StringVar(&unit, "unit", "", "center, or the code of a province (required)")
	c.Flags().StringSliceVar(&roles, "role", nil, "what the officer may do, of "+words(identity.Roles)+" (required)")
	c.Flags().StringVar(&key, "key", "", "file of the public key, as starter officers key writes it; without it, the keys stay")
	c.Flags().StringVar(&from, "from", "", "first day on which the officer may act (default: now)")
	c.Flags().StringVar(&to, "to", "", "day from which he may not any more (default: until revoked)")
	byTwo(c, &by, &witness)
	required(c, "unit", "role")
	return c
}

// onOfficer sends an act on an officer, and says what was done.
func (a *app) onOfficer(cmd *cobra.Command, badge identity.OfficerID, act identity.Act, done string) error {
	if _, err := a.act(cmd.Context(), act, statement.Officer(badge), "", nil); err != nil {
		return err
	}
	return a.print(cmd, map[string]any{"officer": badge}, func(w io.Writer) { fmt.Fprintf(w, done, badge) })
}

// byTwo adds the flags of an act that two administrators do.
func byTwo(c *cobra.Command, by, witness *string) {
	c.Flags().StringVar(by, "officer", "", "badge of an administrator (required)")
	c.Flags().StringVar(witness, "witness", "", "badge of another administrator (required)")
	required(c, "officer", "witness")
}

func newRevokeOfficer(a *app) *cobra.Command {
	var by, reason string
	c := &cobra.Command{
		Use: "revoke BADGE", Short: "End all that an officer may do, at once",
		Example: "  starter officers revoke PD-001-0002 --officer QT-C06-0001 --reason \"left the service\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			badge := identity.OfficerID(args[0])
			act := identity.RevokeOfficer{Officer: identity.OfficerID(by), Reason: reason}
			return a.onOfficer(cmd, badge, act, "%s revoked\n")
		},
	}
	c.Flags().StringVar(&by, "officer", "", "badge of an administrator (required)")
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	required(c, "officer", "reason")
	return c
}

func newAddKey(a *app) *cobra.Command {
	var by, witness, key, check string
	c := &cobra.Command{
		Use: "add-key BADGE", Short: "Give an officer another key, or a passkey; two administrators do so",
		Example: "  starter officers add-key PD-001-0002 --key passkey.json --check \"A9DE 3C7C E986 508E BEA8 7DA7 EAC6 3300\" --officer QT-C06-0001 --witness QT-C06-0002",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			badge := identity.OfficerID(args[0])
			given, err := readCredential(key)
			if err != nil {
				return err
			}
			if cmp.Or(given.Officer, badge) != badge {
				return identity.RefuseField(identity.Invalid, "key", "%s is for %s", key, given.Officer)
			}
			if check != "" && plainCheck(check) != plainCheck(given.Fingerprint()) {
				return identity.RefuseField(identity.Forbidden, "check", "is not that of the key in %s, which is another than the officer's", key)
			}
			act := identity.RegisterKey{By1: identity.OfficerID(by), By2: identity.OfficerID(witness), Key: given.Key, PasskeyID: given.PasskeyID}
			if _, err := a.act(cmd.Context(), act, statement.Officer(badge), "", nil); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"officer": badge, "check": given.Fingerprint()}, func(w io.Writer) {
				fmt.Fprintf(w, "%s has another key, of check value %s\n", badge, given.Fingerprint())
			})
		},
	}
	c.Flags().StringVar(&key, "key", "", "file of the public key, or of the passkey as the officers' page gave it (required)")
	c.Flags().StringVar(&check, "check", "", "check value that the officer read aloud from the page; a key that has another is refused")
	byTwo(c, &by, &witness)
	required(c, "key")
	return c
}

// plainCheck is a check value without spaces and in capitals, however it was typed.
func plainCheck(typed string) string { return strings.ToUpper(strings.Join(strings.Fields(typed), "")) }

func newRevokeOfficersKey(a *app) *cobra.Command {
	var by, key, reason string
	c := &cobra.Command{
		Use: "revoke-key BADGE", Short: "End one key of an officer, at once",
		Example: "  starter officers revoke-key PD-001-0002 --key pd.pub --officer QT-C06-0001 --reason \"the token was lost\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			badge := identity.OfficerID(args[0])
			given, err := readCredential(key)
			if err != nil {
				return err
			}
			act := identity.RevokeKey{Officer: identity.OfficerID(by), Key: given.Key, Reason: reason}
			return a.onOfficer(cmd, badge, act, "a key of %s is revoked\n")
		},
	}
	c.Flags().StringVar(&by, "officer", "", "badge of an administrator (required)")
	c.Flags().StringVar(&key, "key", "", "file of the public key (required)")
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	required(c, "officer", "key", "reason")
	return c
}
