//go:build pcsc

package station_test

import (
	"context"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/apdu"
	"example.org/cancuoc/personalization/softcard"
	"example.org/cancuoc/personalization/station"
)

// A blank in software lies in the virtual reader of Debian's vsmartcard-vpcd
// and is personalized through pcscd, as a blank of plastic would be.
func TestPCSC_PersonalizesACardInAReader(t *testing.T) {
	reader := net.JoinHostPort("localhost", strconv.Itoa(softcard.VPCDPort))
	probe, err := net.DialTimeout("tcp", reader, time.Second)
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("pcscd with vsmartcard-vpcd is not running")
	}
	require.NoError(t, err)
	require.NoError(t, probe.Close())
	c := newCentre(t)
	keys, err := keysOf(0x30, 16)([]byte("0123456789"))
	require.NoError(t, err)
	card, err := softcard.New(softcard.Blank{ChipSerial: []byte("0123456789"), Keys: keys}, softcard.Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	time.Sleep(2 * time.Second) // the reader notices that the probe has gone
	go func() { served <- softcard.ServeVPCD(ctx, reader, card) }()
	time.Sleep(3 * time.Second) // and that a card has come
	c.Encoder, err = station.NewPCSC("Virtual PCD 00 00")
	require.NoError(t, err)

	_, err = c.Personalize(t.Context(), "B-1", image(t, "one"))

	require.NoError(t, err)
	require.Equal(t, softcard.Secured, card.Life())
	session, err := c.Encoder.Open(t.Context(), "B-1")
	require.NoError(t, err)
	require.Equal(t, card.ATR(), session.ATR())
	r, err := apdu.Send(t.Context(), session, apdu.Command{INS: 0xB0, P1: 0x9C, Le: 256})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.NoError(t, session.Close())
	cancel()
	require.NoError(t, <-served)
}
