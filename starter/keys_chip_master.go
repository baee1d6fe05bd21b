package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/personalization/station"
)

func newChipMaster(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "chip-master", Short: "Make the master key of chips in the key store, unless it is there",
		Long: `Make the master key from which the keys of every chip are derived, card-master, in
the key store, unless it is there. Production never makes it by the way.

The maker's own, card-transport, is brought into the HSM by its tools.`,
		Example: "  starter keys chip-master", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			authority, _, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			if err := station.MakeMaster(authority.Store()); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"key": "card-master"}, func(w io.Writer) { fmt.Fprintln(w, "card-master is in the key store") })
		},
	}
}
