package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newDecodes(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "decodes", Short: "Show who had payloads in the Temporal UI decrypted, the newest first",
		Long: `Show who had payloads of workflows decrypted, in the Temporal UI or for its command
line, and which applications and consignments stood in them: the newest thousand, the
newest first. Auditors may see it.`,
		Example: "  starter audit decodes --as KT-C06-0001",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []registry.Decode
			if err := a.read(cmd.Context(), "/v1/decodes", nil, &list); err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) { printDecodes(w, list) })
		},
	}
}

func printDecodes(w io.Writer, list []registry.Decode) {
	rows := make([][]string, len(list))
	for i, d := range list {
		sight := "all"
		if d.Redacted {
			sight = "redacted"
		}
		rows[i] = []string{d.At.In(identity.HanoiTime).Format(time.DateTime), string(d.Officer), strconv.Itoa(d.Payloads), sight, strings.Join(d.Named, " ")}
	}
	if len(rows) == 0 {
		fmt.Fprintln(w, "nobody had payloads decrypted")
		return
	}
	printTable(w, []string{"AT", "OFFICER", "PAYLOADS", "SEEN", "IN THEM"}, rows)
	say(w, "%d listed, the newest first, of %d\n", len(list), max(list[0].Line, int64(len(list))))
}
