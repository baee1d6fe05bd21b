package chip_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/softcard"
)

// timed is a card that measures the time that it takes.
type timed struct {
	apdu.Card
	busy time.Duration
}

func (c *timed) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	start := time.Now()
	defer func() { c.busy += time.Since(start) }()
	return c.Card.Transmit(ctx, command)
}

// BenchmarkInspect reads and checks one card. chip-ms is the share of the software
// card, which a real chip does itself.
func BenchmarkInspect(b *testing.B) {
	for _, p := range lds.Profiles() {
		i := issued(b, p)
		chip := i.card(b, softcard.Options{})
		for name, o := range map[string]chipinspection.Options{"PACE": {}, "BAC": {BACOnly: true}} {
			b.Run(p.Name+"/"+name+"/Read", func(b *testing.B) {
				b.ReportAllocs()
				card := &timed{Card: chip}
				commands := 0
				for b.Loop() {
					require.NoError(b, chip.Reset(b.Context()))
					r, err := chipinspection.Read(b.Context(), card, i.mrz(), o)
					require.NoError(b, err)
					commands = r.Commands
				}
				b.ReportMetric(card.busy.Seconds()*1000/float64(b.N), "chip-ms/op")
				b.ReportMetric((b.Elapsed()-card.busy).Seconds()*1000/float64(b.N), "reader-ms/op")
				b.ReportMetric(float64(commands), "commands/op")
			})
		}
		r := i.read(b)
		b.Run(p.Name+"/Verify", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				require.Empty(b, chipinspection.Verify(r, i.trust, now()).Failures())
			}
		})
		b.Run(p.Name+"/Compare", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				require.Empty(b, chipinspection.Compare(r, i.expect))
			}
		})
		b.Run(p.Name+"/All", func(b *testing.B) {
			b.ReportAllocs()
			card := &timed{Card: chip}
			for b.Loop() {
				require.NoError(b, chip.Reset(b.Context()))
				result, err := chipinspection.Inspect(b.Context(), card, i.mrz(), i.expect, i.trust, now())
				require.NoError(b, err)
				require.True(b, result.OK())
			}
			b.ReportMetric(card.busy.Seconds()*1000/float64(b.N), "chip-ms/op")
			b.ReportMetric((b.Elapsed()-card.busy).Seconds()*1000/float64(b.N), "reader-ms/op")
		})
	}
}
