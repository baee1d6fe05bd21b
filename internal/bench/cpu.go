package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// spent is what was spent until now.
func (b *benchmark) spent() cost {
	camera := b.camera.cpu()
	return cost{
		Clock: time.Since(programStart), Here: ownCPU() - camera, Camera: camera, Temporal: cpuOf(b.temporalPID), TemporalDatabase: cpuOf(b.temporalDatabasePID), Registry: cpuOf(b.registryPID),
	}
}

// programStart is where clocks count from.
var programStart = time.Now()

// measure gives what a part costs.
func (b *benchmark) measure(part func() error) (cost, error) {
	before := b.spent()
	err := part()
	return b.spent().minus(before), err
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpuOf is what a process and its children have used (Linux); 0 of process 0.
func cpuOf(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	total := statCPU(pid)
	tasks, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, name := range tasks {
		child, parent := parentOf(name)
		if parent == pid {
			total += statCPU(child)
		}
	}
	return total
}

func parentOf(name string) (pid, parent int) {
	fields := statFields(name)
	if len(fields) < 2 {
		return 0, 0
	}
	pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(name))) // a number, by the pattern
	parent, _ = strconv.Atoi(string(fields[1]))              // a number, by proc(5)
	return pid, parent
}

// statFields are the fields of /proc/PID/stat behind the command's name.
func statFields(name string) [][]byte {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
}

// statCPU is user and system time, its own and of children that ended.
func statCPU(pid int) time.Duration {
	fields := statFields(fmt.Sprintf("/proc/%d/stat", pid))
	if len(fields) < 15 {
		return 0
	}
	const ticks = 100 // a second, on every Linux
	sum := 0
	for _, f := range fields[11:15] {
		n, _ := strconv.Atoi(string(f)) // a number, by proc(5)
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks
}
