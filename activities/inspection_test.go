package activities

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/inspection"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/station"
)

// deaf is an encoder whose reader refuses every command itself, and fails after so many
// sessions.
type deaf struct {
	station.Encoder
	sessions int
}

func (r *deaf) Open(context.Context, string) (station.Session, error) {
	if r.sessions--; r.sessions < 0 {
		return nil, errors.New("the encoder does not answer")
	}
	return deafSession{}, nil
}

type deafSession struct{ station.Session }

func (deafSession) Transmit(context.Context, []byte) ([]byte, error) {
	return []byte{0x6F, 0x00}, nil
}
func (deafSession) Close() error { return nil }

// What is found against a chip once is the encoder's trouble and spoils no card; found twice, in
// two sessions, it does.
func TestInspectChip_WhatIsFoundOnceSpoilsNoCard(t *testing.T) {
	t.Parallel()
	encoder := &deaf{sessions: 1}
	journal, err := station.OpenJournal(t.TempDir(), false)
	require.NoError(t, err)
	s := &Station{Chip: &station.Station{Encoder: encoder, Journal: journal}, Trust: func() (*pki.TrustStore, error) { return &pki.TrustStore{}, nil }}

	blank := new(job)
	blank.Card.Blank = "PT0001"
	_, _, err = s.inspectChip(t.Context(), blank, inspection.Expectation{})

	wrong, is := errors.AsType[*trouble](err)
	require.True(t, is, "%v", err)
	require.Equal(t, partEncoder, wrong.part)
	encoder.sessions = 2
	findings, _, err := s.inspectChip(t.Context(), blank, inspection.Expectation{})
	require.NoError(t, err)
	require.NotEmpty(t, findings)
}
