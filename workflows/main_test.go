package workflows_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// atOnce is how many tests run at the same time if -parallel does not say it. The long
// ones wait, for heartbeats that do not come, stations and officers, and hardly compute.
const atOnce = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "test.parallel" })
	if !told {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err)
		}
	}
	var err error
	if programs, err = os.MkdirTemp("", "cancuoc-workers-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(programs) // what is left is in the way of nothing
	os.Exit(code)
}

// programs is the folder of those that are built for tests.
var programs string

// builtWorker is the worker's program, built once for all tests.
var builtWorker = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programs, "worker")
	return program, buildWorker(program)
})

func buildWorker(program string, flags ...string) error {
	args := slices.Concat([]string{"build", "-o", program}, flags, []string{"example.org/cancuoc/worker"})
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("build the worker: %w\n%s", err, out)
	}
	return nil
}
