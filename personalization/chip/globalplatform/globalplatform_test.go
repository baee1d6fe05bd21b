package globalplatform_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/globalplatform"
)

func TestCPLC_HasTheSerialInItsPlaces(t *testing.T) {
	t.Parallel()
	serial := []byte{0x47, 0x90, 0x51, 0x63, 0, 0, 0, 1, 0xBA, 0x7C}

	cplc := globalplatform.CPLC(serial)

	// fabricator, type, system, level; fabrication date, serial number, batch; the rest
	require.Equal(t, "4790"+"0000000000000000"+"516300000001ba7c"+"000000000000000000000000000000000000000000000000", hex.EncodeToString(cplc))
	got, err := globalplatform.ParseCPLC(cplc)
	require.NoError(t, err)
	require.Equal(t, serial, got)
	_, err = globalplatform.ParseCPLC(cplc[1:])
	require.ErrorContains(t, err, "41 bytes, not 42")
}

func TestLifeCycle_HasTheNamesOfTheSpecification(t *testing.T) {
	t.Parallel()
	require.Equal(t, "OP_READY", globalplatform.OpReady.String())
	require.Equal(t, "INITIALIZED", globalplatform.Initialized.String())
	require.Equal(t, "SECURED", globalplatform.Secured.String())
	require.Equal(t, "7F", globalplatform.LifeCycle(0x7F).String())
}
