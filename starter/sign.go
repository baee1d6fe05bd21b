package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/office"
)

// packet reads a packet (.jws), or signs an application: as the officer whom it names, unless
// another is given, and with its station's key. What of an application could not be read is
// refused, with all else that is seen here to be wrong with it; the packet then asks the
// office what more there is, and is taken in by none.
func (a *app) packet(file string, officer identity.OfficerID) ([]byte, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	sizes := office.Sizes(c)
	if filepath.Ext(file) == ".jws" && officer != "" {
		return nil, identity.RefuseField(identity.Invalid, "officer", "cannot be given: the packet is signed by its officer already")
	}
	if filepath.Ext(file) == ".jws" {
		b, err := inFolder(file, func(folder fs.FS, name string) ([]byte, error) { return packet.Read(folder, name, sizes) })
		return bytes.TrimSpace(b), err
	}
	submission, err := inFolder(file, func(folder fs.FS, name string) (packet.Submission, error) {
		return packet.ReadSubmission(folder, name, sizes)
	})
	_, unread := errors.AsType[packet.PartlyRead](err)
	if err != nil && !unread {
		return nil, err
	}
	if officer != "" {
		submission.Officer = string(officer)
	}
	station, stationless := packet.KeyFiles(c.PKI.Stations).Key(identity.StationID(submission.Station))
	badge, keys := identity.OfficerID(submission.Officer), a.keyring(c.Client)
	unsigned := badge.Check()
	if unsigned == nil { // else the check below says so with the rest
		_, unsigned = keys.key(badge)
		err = errors.Join(err, unsigned)
	}
	switch err = errors.Join(err, stationless); {
	case stationless != nil || unsigned != nil:
		return nil, checkRest(c, submission, err)
	case unread:
		asks, fault := packet.SignUnread(submission, station, keys.sign)
		if fault != nil {
			return nil, fault
		}
		return asks, checkRest(c, submission, err)
	}
	return packet.Sign(submission, station, keys.sign)
}

// checkRest says all that is wrong with a submission that cannot be signed, as something
// could not be read or there is no key.
func checkRest(c config.Config, submission packet.Submission, unread error) error {
	checker, err := office.Checker(c, time.Now) //nolint:forbidigo // the office looks again, by its own clock
	if err != nil {
		return err
	}
	_, err = checker.CheckRest(submission, unread)
	return err
}

func newSign(a *app) *cobra.Command {
	var officer string
	c := &cobra.Command{
		Use: "sign FILE PACKET", Short: "Sign an application into a packet, for submitting it later", GroupID: "station",
		Long: `Sign an application into a packet, for submitting it later.

The officer whom the application names signs it with the key of client.keys, and the station
with that of pki.stations; no connection is needed. The office takes it in within 30 days.`,
		Example: "  starter sign samples/01-first-issue-at-14/application.json enrollment.jws",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			packet, err := a.packet(args[0], identity.OfficerID(officer))
			if err != nil {
				return inFile(args[0], err)
			}
			if err := os.WriteFile(args[1], append(packet, '\n'), 0o600); err != nil {
				return fmt.Errorf("write packet: %w", err)
			}
			return a.print(cmd, map[string]any{"packet": args[1], "bytes": len(packet)}, func(w io.Writer) {
				fmt.Fprintf(w, "%s  %d bytes\n", args[1], len(packet))
			})
		},
	}
	enrolledBy(c, &officer)
	return c
}

// enrolledBy gives a command the flag of the officer who enrolls.
func enrolledBy(cmd *cobra.Command, officer *string) {
	cmd.Flags().StringVar(officer, "officer", "", "badge of the officer who enrolled and signs (default: whom the application names)")
}
