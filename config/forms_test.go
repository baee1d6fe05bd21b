package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
)

func TestLoad_WhatIsPrintedOfACard(t *testing.T) {
	t.Parallel()

	c, err := config.Load(file(t, "forms: {dir: /etc/forms, mode: overlay}"))
	require.NoError(t, err)
	require.Equal(t, config.Forms{Dir: "/etc/forms", Mode: "overlay", Specimen: true}, c.Forms)

	_, err = config.Load(file(t, "forms: {mode: half}"))
	require.ErrorContains(t, err, "forms.mode")
}
