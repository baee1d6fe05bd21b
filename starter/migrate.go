package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
)

func newMigrate(a *app) *cobra.Command {
	var anew bool
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the schema of the database up to date", GroupID: "set-up",
		Long: `Bring the schema of the database up to date, before the programs of a new version
start: they wait for it. Programs of the version before go on with the new schema. A schema
that an engine of before began, by other migrations than these, is refused and left as it is.

The first time, it also has the database take the programs' key (vault.key_file), of which
each program proves that it holds it before it writes; who has the programs' password alone
writes nothing. Should that proof become known, as by a log of PostgreSQL's, --new-proof has
the database take another one of the same key: restart the programs then.

It also has the database know how long citizens have at least (office.recapture, resolution
and collect of the settings): no program gives less, so run it when these are made shorter.

It logs in as the role that owns the schema (database.owner_url of the settings), which
no program has, and grants the programs' role and the readers' what they may do. Given
again it changes nothing; given twice at once, one waits for the other; interrupted, it
goes on the next time.`,
		Example: "  starter migrate\n  starter migrate --new-proof\n  CANCUOC_DATABASE_OWNER_URL_FILE=/run/secrets/owner_url starter migrate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			migrate := office.Migrate
			if anew {
				migrate = office.MigrateAnew
			}
			m, err := migrate(cmd.Context(), c)
			if err != nil {
				return err
			}
			return a.print(cmd, m, func(w io.Writer) { printMigration(w, m) })
		},
	}
	cmd.Flags().BoolVar(&anew, "new-proof", false, "have the database take another proof of vault.key_file")
	return cmd
}

func printMigration(w io.Writer, m registry.Migration) {
	for _, name := range m.Applied {
		fmt.Fprintf(w, "applied %s\n", name)
	}
	fmt.Fprintf(w, "the schema has version %d\n", m.Version)
	if m.Proof {
		fmt.Fprintln(w, "programs write that hold the key in vault.key_file; restart those that are running")
	}
}
