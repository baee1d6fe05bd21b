package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/image/bmp"

	"example.org/cancuoc/internal/camera"
)

// lens is the simulated camera behind HTTP, as another machine's would be. It stands in
// for hardware: what it costs is counted apart.
type lens struct {
	camera camera.Simulated
	url    string
	server http.Server
	spent  atomic.Int64 // CPU, in nanoseconds

	mu    sync.Mutex
	backs map[string]image.Image // by job, until they are asked for
}

// newLens has a camera look at what a printer keeps in a folder.
func newLens(ctx context.Context, dir string) (*lens, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start camera: %w", err)
	}
	c := &lens{camera: camera.Simulated{Dir: dir, DPI: 300}, url: "http://" + l.Addr().String(), backs: make(map[string]image.Image)}
	c.server = http.Server{Handler: c, ReadHeaderTimeout: time.Minute}
	go func() { _ = c.server.Serve(l) }() // ends with Close
	return c, nil
}

// ServeHTTP answers as [camera.HTTP] asks, on a thread of its own: its CPU is the camera's.
func (l *lens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadCPU()
	defer func() { l.spent.Add(int64(threadCPU() - before)) }()
	job := r.FormValue("job")
	if job == "" {
		return // it is ready
	}
	picture, err := l.side(r.Context(), job, r.FormValue("side"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var file bytes.Buffer
	if err := bmp.Encode(&file, picture); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(file.Len()))
	_, _ = w.Write(file.Bytes()) // the station says what it did not get
}

// side looks at a card when its front is asked for, and keeps the back for later.
func (l *lens) side(ctx context.Context, job, side string) (image.Image, error) {
	if side == "front" {
		front, back, err := l.camera.Look(ctx, camera.Job{Name: job})
		l.mu.Lock()
		defer l.mu.Unlock()
		l.backs[job] = back
		return front, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	back, ok := l.backs[job]
	if !ok {
		return nil, fmt.Errorf("the front of job %s was not looked at", job)
	}
	delete(l.backs, job)
	return back, nil
}

// cpu is what the camera has used.
func (l *lens) cpu() time.Duration { return time.Duration(l.spent.Load()) }

func (l *lens) stop() { _ = l.server.Close() }

// threadCPU is what this thread has used.
func threadCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
