package main

import (
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/personalization/chip/pki"
)

// publication is a command that writes a list which the CSCA has signed, and has
// it signed first where there is none, or a new one is asked for.
type publication struct {
	use, short, example string
	sign                func(a *pki.Authority, at time.Time) error
	content             func(l pki.Listing, file string) []byte // nothing where none was signed
}

// command makes the cobra command of p.
func (p publication) command(a *app) *cobra.Command {
	var renew bool
	c := &cobra.Command{
		Use: p.use + " FILE", Short: p.short, Example: p.example,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			authority, list, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			content := p.content(list, args[0])
			if renew || len(content) == 0 {
				if err := p.sign(authority, a.opened.Now()); err != nil {
					return err
				}
				if list, err = authority.List(); err != nil {
					return err
				}
				content = p.content(list, args[0])
			}
			return a.write(cmd, args[0], public, content)
		},
	}
	c.Flags().BoolVar(&renew, "renew", false, "sign a new one first")
	return c
}
