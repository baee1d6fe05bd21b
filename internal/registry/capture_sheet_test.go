package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
)

// What the citizen signs is kept as it was drawn, once for each version of the record, however
// many draw it at once. Nothing is kept of an application that was erased.
func TestCaptureSheet_IsKept(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	known := population.Record{ID: "0123456789ABCDEF", Version: "1", Status: identity.Alive, Person: identity.Person{Name: identity.Name{Text: "Đặng Thị Ngọc Ước"}}}

	for _, err := range atOnce(4, func(int) error { return errOf(b.CaptureSheet(t.Context(), number, known)) }) {
		require.NoError(t, err)
	}
	other := known
	other.Person.Name.Text = "as another process read it"
	sheet, err := b.CaptureSheet(t.Context(), number, other)
	require.NoError(t, err)
	require.Equal(t, known, sheet, "of one version there is one sheet")
	corrected := known
	corrected.Version, corrected.Person.Name.Text = "2", "Đặng Thị Ngọc Ướt"
	sheet, err = b.CaptureSheet(t.Context(), number, corrected)
	require.NoError(t, err)
	require.Equal(t, corrected, sheet)
	require.Equal(t, 2, b.count(t, "vault_blobs WHERE application = $1 AND kind = 'capture-sheet'", number))

	b.behind(t, `UPDATE applications SET stage = 'Rejected' WHERE number = '`+string(number)+`'`)
	sheet, err = b.CaptureSheet(t.Context(), number, known)
	require.NoError(t, err)
	require.Equal(t, corrected, sheet, "the last one stands")

	_, err = b.db.Exec(t.Context(), `UPDATE applications SET erased_at = now() WHERE number = $1`, number)
	require.NoError(t, err)
	require.ErrorIs(t, errOf(b.CaptureSheet(t.Context(), number, known)), identity.NotFound)
}
