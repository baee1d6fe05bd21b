package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/devserver/devservertest"
)

// The short form of `make chaos`. Not parallel: it measures how long things take.
func TestRun_LosesNothing(t *testing.T) {
	losesNothing(t, options{seed: 1, applications: 12, faults: 10, duration: 30 * time.Second, wipe: true, drain: 2 * time.Minute})
}

// The registry is restored to an earlier instant under an office at work.
func TestRun_SurvivesARestore(t *testing.T) {
	losesNothing(t, options{seed: 3, applications: 16, faults: 4, duration: 45 * time.Second, restore: true, drain: 2 * time.Minute})
}

func losesNothing(t *testing.T, o options) {
	t.Helper()
	devservertest.NeedPostgres(t)
	devservertest.NeedTemporal(t)
	o.report = filepath.Join(t.TempDir(), "report.md")

	r, err := run(t.Context(), o, t.Logf)

	require.NoError(t, err)
	for _, v := range r.violations {
		t.Errorf("%s: %s (after %v)", v.who, v.what, v.faults)
	}
}
