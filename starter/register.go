package main

import (
	"github.com/spf13/cobra"
)

func newRegister(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "register", Short: "Register stations and people known to the population registry", GroupID: "set-up",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newRegisterStation(a), newRevokeStation(a), newRegisterPopulation(a))
	return c
}
