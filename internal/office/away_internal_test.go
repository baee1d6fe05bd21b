package office

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/registry"
)

// A program that starts while PostgreSQL restarts waits for it; one whose settings or
// files are wrong says so at once.
func TestAway(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		&pgconn.PgError{Code: "57P01"}, &pgconn.PgError{Code: "57P03"}, &registry.Fault{SQLState: "57P02"}, &registry.Fault{SQLState: "08006"},
		io.ErrUnexpectedEOF, &net.OpError{Op: "read", Err: os.ErrClosed}, &pgconn.ConnectError{},
	} {
		require.True(t, away(fmt.Errorf("open registry: %w", err)), "%v", err)
	}
	for _, err := range []error{nil, os.ErrNotExist, ErrClock, errors.New("bad"), &pgconn.PgError{Code: "42P01"}, &registry.Fault{SQLState: "53300"}} {
		require.False(t, away(err), "%v", err)
	}
}
