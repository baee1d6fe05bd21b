package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/statement"
)

func newRegisterStation(a *app) *cobra.Command {
	var officer, witness, province, name, address, hours string
	c := &cobra.Command{
		Use: "station STATION", Short: "Register an enrollment station with its signing key, which is made if there is none; two administrators do so",
		Example: "  starter register station 001-TN-01 --province 001 --name \"PC06 Hà Nội\" \\\n" +
			"    --address \"Số 1, Phố Mẫu\" --hours \"8:00-17:00, thứ Hai - thứ Bảy\" --officer QT-C06-0001 --witness QT-C06-0002",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := identity.ParseStationID(args[0])
			if err != nil {
				return err
			}
			c, err := a.config()
			if err != nil {
				return err
			}
			key, err := packet.KeyFiles(c.PKI.Stations).Ensure(id)
			if err != nil {
				return err
			}
			act := identity.RegisterStation{
				Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), Province: identity.ProvinceCode(province), Name: name, Address: address, Hours: hours, PublicKey: key,
			}
			if _, err := a.act(cmd.Context(), act, statement.Station(id), "", nil); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"station": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "%s registered\n", id) })
		},
	}
	c.Flags().StringVar(&province, "province", "", "province code (required)")
	c.Flags().StringVar(&name, "name", "", "name of the station")
	c.Flags().StringVar(&address, "address", "", "where citizens find it: the status page says so")
	c.Flags().StringVar(&hours, "hours", "", "when it is open to them: likewise")
	byTwo(c, &officer, &witness)
	required(c, "province")
	return c
}
