// Command starter is the command line of stations and operators: it submits
// applications, shows where they are, and carries people's decisions to their
// workflows.
//
// What people read goes to standard output, what went wrong to standard error
// with a "starter:" prefix. The exit code is 0 when it was done, 2 when it was
// refused, 1 when something failed and may be tried again.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
