package config

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProgram(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "cancuoc.yaml")
	require.NoError(t, os.WriteFile(name, []byte("worker: {role: pipeline, station: PX-07}"), 0o600))
	const usage = " (see clerk --help)\n"
	for _, tt := range []struct {
		name          string
		args          []string
		fails         error
		code          int
		role, station string // where it runs
		stderr        string
	}{
		{name: "Defaults", role: "all", station: "PX-01"},
		{name: "File", args: []string{"--config", name}, role: "pipeline", station: "PX-07"},
		{name: "FlagOverFile", args: []string{"--config=" + name, "--role", "station"}, role: "station", station: "PX-07"},
		{name: "OneDash", args: []string{"-role", "station", "-config=" + name}, role: "station", station: "PX-07"},
		{name: "Fault", fails: errors.New("no line"), code: ExitFault, role: "all", station: "PX-01", stderr: "clerk: no line\n"},
		{name: "UnknownFlag", args: []string{"--rolle", "all"}, code: ExitRefused, stderr: "clerk: unknown flag: --rolle" + usage},
		{name: "UnknownArgument", args: []string{"station"}, code: ExitRefused, stderr: `clerk: unknown argument "station"` + usage},
		{name: "NoValue", args: []string{"--role"}, code: ExitRefused, stderr: "clerk: flag needs an argument: --role" + usage},
		{
			name: "BadSettings", args: []string{"--role", "cook", "--config", name}, code: ExitRefused,
			stderr: "clerk: worker.role is \"cook\"; accepted are all, pipeline, station\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var ran Worker
			var stdout, stderr bytes.Buffer
			p := Program{
				Name: "clerk", About: "Work.", Flags: []Flag{{"role", "worker.role", "which role"}},
				Run: func(_ context.Context, c Config) error { ran = c.Worker; return tt.fails },
			}

			code := p.run(t.Context(), tt.args, &stdout, &stderr)

			require.Equal(t, tt.code, code)
			require.Equal(t, tt.role, ran.Role)
			require.Equal(t, tt.station, ran.Station)
			require.Equal(t, tt.stderr, stderr.String())
			require.Empty(t, stdout.String())
		})
	}
}

func TestProgram_Help(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"--help", "-h", "-help"} {
		var stdout, stderr bytes.Buffer
		p := Program{Name: "clerk", About: "Work.", Flags: []Flag{{"role", "worker.role", "which role"}}}

		code := p.run(t.Context(), []string{arg}, &stdout, &stderr)

		require.Equal(t, ExitDone, code)
		require.Empty(t, stderr.String())
		require.Regexp(t, `^Work\.\n\nUsage:\n  clerk \[flags\]\n\nFlags:\n +--config string +.*\n +--role string +which role \(default: worker.role .*\)\n +--version +show the version\n +-h, --help +show this\n$`, stdout.String())
	}
}

// Whoever asks for the version is told it, whatever the settings are, and nothing runs.
func TestProgram_ShowsItsVersion(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	code := Program{Name: "clerk", Run: func(context.Context, Config) error { return errors.New("it ran") }}.
		run(t.Context(), []string{"--config", "nowhere.yaml", "--version"}, &stdout, &stderr)
	require.Equal(t, ExitDone, code, stderr.String())
	require.Equal(t, "clerk version "+Version()+"\n", stdout.String())
}
