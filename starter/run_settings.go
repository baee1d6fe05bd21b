package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// rehearsal are settings by which the samples take a minute instead of a working
// day. The environment may give others.
var rehearsal = map[string]string{
	"CANCUOC_STATION_WRITE_TIME":         "600ms",
	"CANCUOC_STATION_PRINT_TIME":         "400ms",
	"CANCUOC_STATION_SPOIL_FIRST":        "1",
	"CANCUOC_OFFICE_CONSIGNMENT_CUT_OFF": "6s",
	"CANCUOC_WORKER_RECONCILE":           "5s",
}

// settingsFile is where commands in another terminal find the running office.
const settingsFile = "office.yaml"

// publish gives the settings to this process and the programs that it starts, by
// the environment, and to commands in other terminals, by a file.
func (s *servers) publish() error {
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
	return writeSettings(filepath.Join(s.data, settingsFile), s.settings)
}

// writeSettings writes settings as a configuration file. It holds the database's
// password.
func writeSettings(name string, settings map[string]string) error {
	tree := make(map[string]map[string]string)
	top := make(map[string]string)
	for key, value := range settings {
		section, rest, nested := strings.Cut(strings.ToLower(strings.TrimPrefix(key, "CANCUOC_")), "_")
		if section == "data" || !nested {
			top[section+"_"+rest] = value
			continue
		}
		if tree[section] == nil {
			tree[section] = make(map[string]string)
		}
		tree[section][rest] = value
	}
	b, err := yaml.Marshal(top)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	sections, err := yaml.Marshal(tree)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	if err := os.WriteFile(name, append(b, sections...), 0o600); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return nil
}
