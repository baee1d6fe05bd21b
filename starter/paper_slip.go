package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/templates/papers"
)

func newPaperSlip(a *app) *cobra.Command {
	return paperCommand(a, &cobra.Command{
		Use: "slip APPLICATION", Short: "Draw the appointment slip of an application, with a QR code to the status page",
		Example: "  starter paper slip 7QF3M-9T2XK-D\n  starter paper slip 7QF3M-9T2XK-D -o - | lp",
		Args:    cobra.ExactArgs(1),
	}, func(ctx context.Context, office *office.Office, args []string) (document, string, error) {
		number, err := identity.ParseApplicationNumber(args[0])
		if err != nil {
			return nil, "", err
		}
		record, err := office.Registry.Application(ctx, number)
		if err != nil {
			return nil, "", err
		}
		if record.Stage.Ended() {
			return nil, "", identity.Refuse(identity.Conflict, "application %s has ended (%s): there is no card to collect", number, record.Stage)
		}
		station, err := office.Registry.Station(ctx, record.Application.Station)
		if err != nil {
			return nil, "", err
		}
		c, err := a.config()
		return papers.Slip{
			Application: number, Form: record.Rules.Form, Type: record.Application.Type, Ground: record.Application.Ground,
			FiledOn: record.Application.FiledOn, Due: identity.DateOf(record.Due.Add(-time.Nanosecond)),
			Station: papers.Station{ID: station.ID, Name: station.Name}, Post: record.Destination == identity.DestinationPost,
			Fee: record.Rules.Fee, Officer: record.Application.Officer, StatusPage: c.Gateway.PublicURL, Specimen: c.Forms.Specimen,
		}, fmt.Sprintf("slip-%s.pdf", number), err
	})
}
