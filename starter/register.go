package main

import (
	"github.com/spf13/cobra"
)

func newRegister(a *app) *cobra.Command {
	return parent("register", "set-up", "Register enrollment stations, and the people of the built-in population registry",
		newRegisterStation(a), newRevokeStation(a), newRegisterVerifier(a), newRevokeVerifier(a), newRegisterPopulation(a))
}
