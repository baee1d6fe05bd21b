package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"example.org/cancuoc/config"
)

// rehearsal are settings by which the samples take a minute instead of a working
// day. The environment may give others.
var rehearsal = map[string]string{
	"CANCUOC_STATION_WRITE_TIME":         "600ms",
	"CANCUOC_STATION_PRINT_TIME":         "400ms",
	"CANCUOC_CAMERA_FAULTS":              "smear@1",
	"CANCUOC_OFFICE_CONSIGNMENT_CUT_OFF": "6s",
	"CANCUOC_WORKER_RECONCILE":           "5s",
	"CANCUOC_GATEWAY_CONTACT":            "000 000 0000 (số mẫu · specimen)",
	"CANCUOC_CLIENT_OFFICER":             "SX-C06-0001", // who asks in the other terminal, unless --as says
}

// settingsFile is where commands in another terminal find the running office.
const settingsFile = "office.yaml"

// publish gives the settings to this process and the programs that it starts, by
// the environment, and all settings to commands in other terminals, by a file, which
// holds the database's password.
func (s *servers) publish(given string) error {
	for key, value := range rehearsal {
		if os.Getenv(key) == "" {
			s.settings[key] = value
		}
	}
	for key, value := range s.settings {
		if err := os.Setenv(key, value); err != nil {
			return fmt.Errorf("publish settings: %w", err)
		}
	}
	all, err := config.Settings(given)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.data, settingsFile), all, 0o600); err != nil {
		return fmt.Errorf("publish settings: %w", err)
	}
	return nil
}

// forgetPublished forgets the file that an earlier run published, where a terminal still
// names it: the servers in it run no more.
func (a *app) forgetPublished() error {
	c, err := a.config()
	if err != nil {
		return err
	}
	given, err := os.Stat(cmp.Or(a.configFile, os.Getenv(config.FileVariable))) //nolint:gosec // the file that the user names
	if err != nil {                                                             // none is given
		return nil
	}
	published, err := os.Stat(filepath.Join(c.DataDir, settingsFile))
	if err != nil || !os.SameFile(given, published) {
		return nil
	}
	a.configFile, a.loaded = "", nil
	return errors.Join(os.Unsetenv(config.FileVariable), os.Setenv("CANCUOC_DATA_DIR", c.DataDir))
}
