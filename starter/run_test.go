package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
)

// What run publishes are settings, in the environment and in the file.
func TestServers_PublishSettings(t *testing.T) {
	s := &servers{data: t.TempDir(), settings: map[string]string{"CANCUOC_DATABASE_URL": "postgres://h/d", "CANCUOC_WORKER_SLOTS": "5"}}
	s.settings["CANCUOC_DATA_DIR"] = s.data
	for key := range rehearsal {
		t.Setenv(key, "") // and back to what it was
	}
	for key := range s.settings {
		t.Setenv(key, "")
	}

	require.NoError(t, s.publish())

	published, err := config.Load("")
	require.NoError(t, err)
	require.Equal(t, s.data, published.DataDir)
	require.Equal(t, 5, published.Worker.Slots)
	require.Equal(t, 1, published.Station.SpoilFirst)
	for key := range s.settings {
		require.NoError(t, os.Unsetenv(key))
	}
	written, err := config.Load(filepath.Join(s.data, settingsFile))
	require.NoError(t, err)
	require.Equal(t, published, written)
}
