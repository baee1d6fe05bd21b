package render

import (
	"bytes"
	"image"
	"image/jpeg"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/forms/formstest"
)

// Whatever stands in a form, reading it ends, with a fault or without.
func FuzzRead(f *testing.F) {
	for _, id := range formstest.IDs {
		f.Add(formstest.Form(f, id).Data())
	}
	f.Add([]byte("fields: [{kind: text, size: 1e308}]"))
	f.Add([]byte("page: {w: .inf, h: .nan}\nart: [{kind: water, count: 1, w: 1e9}]"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = Load(fstest.MapFS{"new.yaml": {Data: b}})
	})
}

// Whatever a name or an address holds, it is drawn or refused.
func FuzzCheck(f *testing.F) {
	f.Add("Trần Thị Yến", "Số 1, Đường Mẫu")
	f.Add("Y Bhŭk Niê Kdăm Ê\u0306", "12/3 (B) & C; 45° №7")
	f.Add("\U0001F600", "a\u0301\u0302\u0303")
	f.Add(strings.Repeat("Ẳ", 500), " \t\n|\\()")
	c, err := shared()
	require.NoError(f, err)
	form, err := c.Form(formstest.CanCuoc2024)
	require.NoError(f, err)
	content := Content{Card: formstest.Card(identitytest.Seeded(3), &form.Form)}
	content.MRZ, err = mrz.Lines(content.Card)
	require.NoError(f, err)
	var portrait bytes.Buffer
	require.NoError(f, jpeg.Encode(&portrait, image.NewGray(image.Rect(0, 0, 2, 3)), nil))
	content.Portrait = portrait.Bytes()
	f.Fuzz(func(t *testing.T, name, address string) {
		content := content
		content.Card.Person.Name.Text, content.Card.Person.Residence.Text = name, address
		content.QR = address
		if form.Check(content) == nil {
			_, err := form.PDF(content, Options{})
			require.NoError(t, err)
		}
	})
}
