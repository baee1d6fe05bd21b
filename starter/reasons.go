package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

// reasonsHeading is before the reasons that an officer can give.
const reasonsHeading = "Reasons:"

// offerReasons lists the reasons of a table, in both languages, in the help of a
// command with --reason, and has shells complete them.
func offerReasons(c *cobra.Command, table identity.ReasonTable) {
	var long strings.Builder
	long.WriteString(c.Short + ".\n\n" + reasonsHeading + "\n")
	codes := make([]string, len(table))
	for i, e := range table {
		fmt.Fprintf(&long, "  %-26s %s / %s\n", e.Code, e.VI, e.EN)
		codes[i] = string(e.Code) + "\t" + e.EN
	}
	c.Long = strings.TrimSuffix(long.String(), "\n")
	if err := c.RegisterFlagCompletionFunc("reason", cobra.FixedCompletions(codes, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}
