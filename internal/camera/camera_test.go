package camera_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"

	"example.org/cancuoc/internal/camera"
	"example.org/cancuoc/internal/camera/fault"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render"
	"example.org/cancuoc/templates/render/rendertest"
)

var job = camera.Job{Name: "7QF3M-9T2XK-D-1", Blank: "PT00000007"}

// gray is a picture in one color, by which it is recognized.
func gray(level uint8) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	draw.Draw(img, img.Rect, image.NewUniform(color.Gray{level}), image.Point{}, draw.Src)
	return img
}

func encoded(tb testing.TB, img image.Image, as string) []byte {
	tb.Helper()
	var b bytes.Buffer
	switch as {
	case "png":
		require.NoError(tb, png.Encode(&b, img))
	case "jpg":
		require.NoError(tb, jpeg.Encode(&b, img, nil))
	case "bmp":
		require.NoError(tb, bmp.Encode(&b, img))
	}
	return b.Bytes()
}

func levelOf(img image.Image) uint8 {
	return color.GrayModel.Convert(img.At(5, 5)).(color.Gray).Y
}

// A folder is looked at until both pictures are there.
func TestFolder_WaitsForBothPictures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &camera.Folder{Dir: dir, Wait: time.Minute}
	require.NoError(t, c.Prove(t.Context()))
	require.NoError(t, os.WriteFile(filepath.Join(dir, job.Name+"-front.png"), encoded(t, gray(100), "png"), 0o600))
	picture := encoded(t, gray(200), "jpg")
	go func() {
		name := filepath.Join(dir, job.Name+"-back.jpg")
		_ = os.WriteFile(name+".part", picture, 0o600)
		_ = os.Rename(name+".part", name)
	}()

	front, back, err := c.Look(t.Context(), job)

	require.NoError(t, err)
	require.Equal(t, []uint8{100, 200}, []uint8{levelOf(front), levelOf(back)})
}

// What is still being written, or is no file at all, is looked at again; names may be in
// capitals. A pipe that nobody writes to holds nobody up.
func TestFolder_ReadsWhatAppearsInAnyWay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &camera.Folder{Dir: dir, Wait: time.Minute}
	whole := encoded(t, gray(100), "jpg")
	front := filepath.Join(dir, job.Name+"-FRONT.JPG")
	require.NoError(t, os.WriteFile(front, whole[:len(whole)/2], 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, job.Name+"-back.png"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, job.Name+"-back.bmp"), encoded(t, gray(200), "bmp"), 0o600))
	go func() {
		time.Sleep(150 * time.Millisecond)
		_ = os.WriteFile(front, whole, 0o600)
	}()

	f, b, err := c.Look(t.Context(), job)

	require.NoError(t, err)
	require.Equal(t, []uint8{100, 200}, []uint8{levelOf(f), levelOf(b)})

	other := camera.Job{Name: "B-1"}
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "B-1-front.png"), 0o600))
	_, _, err = (&camera.Folder{Dir: dir, Wait: time.Millisecond}).Look(t.Context(), other)
	require.ErrorContains(t, err, "what has the picture's name is not a file")
}

// A camera that is mounted upside down, or on its side, says so in its pictures.
func TestFolder_TurnsAPictureThatSaysHowItLies(t *testing.T) {
	t.Parallel()
	upright := image.NewGray(image.Rect(0, 0, 64, 32))
	draw.Draw(upright, image.Rect(0, 0, 32, 16), image.White, image.Point{}, draw.Src)
	for lies, white := range map[int]image.Point{1: {8, 8}, 2: {56, 8}, 3: {56, 24}, 4: {8, 24}, 5: {8, 8}, 6: {24, 8}, 7: {24, 56}, 8: {8, 56}} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			c := &camera.Folder{Dir: t.TempDir(), Wait: time.Second}
			for _, side := range []string{"-front.jpg", "-back.jpg"} {
				require.NoError(t, os.WriteFile(filepath.Join(c.Dir, job.Name+side), lying(encoded(t, upright, "jpg"), order, lies), 0o600))
			}

			front, _, err := c.Look(t.Context(), job)

			require.NoError(t, err)
			for _, at := range []image.Point{{8, 8}, {front.Bounds().Dx() - 8, 8}, {8, front.Bounds().Dy() - 8}, {front.Bounds().Dx() - 8, front.Bounds().Dy() - 8}} {
				r, _, _, _ := front.At(at.X, at.Y).RGBA()
				require.Equal(t, at == white, r > 0x8000, "orientation %d at %v", lies, at)
			}
		}
	}
}

// lying adds an orientation to a JPEG picture.
func lying(picture []byte, order binary.AppendByteOrder, lies int) []byte {
	exif := []byte("Exif\x00\x00MM")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		exif = []byte("Exif\x00\x00II")
	}
	exif = order.AppendUint16(exif, 42)
	exif = order.AppendUint32(exif, 8)
	exif = order.AppendUint16(exif, 1)
	for _, v := range []int{0x0112, 3} {
		exif = order.AppendUint16(exif, uint16(v))
	}
	exif = order.AppendUint32(exif, 1)
	exif = order.AppendUint16(exif, uint16(lies))
	exif = append(exif, 0, 0)
	out := append([]byte{}, picture[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(2+len(exif)))
	out = append(out, exif...)
	return append(out, picture[2:]...)
}

func TestFolder_RefusesWhatIsNotThereOrNoPicture(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &camera.Folder{Dir: dir, Wait: time.Millisecond}
	_, _, err := c.Look(t.Context(), job)
	require.ErrorContains(t, err, "front of job 7QF3M-9T2XK-D-1: no picture appeared")

	require.NoError(t, os.WriteFile(filepath.Join(dir, job.Name+"-front.bmp"), []byte("not a picture"), 0o600))
	c.Wait = time.Second // it is looked at until then, and a busy machine takes its time
	_, _, err = c.Look(t.Context(), job)
	require.ErrorContains(t, err, "the picture is not PNG, JPEG or BMP")

	_, _, err = c.Look(t.Context(), camera.Job{Name: "../other"})
	require.ErrorContains(t, err, "cannot name a picture")

	require.Error(t, (&camera.Folder{Dir: filepath.Join(dir, "absent")}).Prove(t.Context()))
}

// A picture that claims to be enormous is refused before there is room made for it.
func TestRead_RefusesAnEnormousPicture(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	header := encoded(t, gray(1), "bmp")
	copy(header[18:], []byte{0xff, 0xff, 0, 0, 0xff, 0x7f, 0, 0}) // width and height
	require.NoError(t, os.WriteFile(filepath.Join(dir, job.Name+"-front.bmp"), header, 0o600))

	_, _, err := (&camera.Folder{Dir: dir, Wait: time.Minute}).Look(t.Context(), job)

	require.ErrorContains(t, err, "accepted are 16 million")
}

// The camera is told the job, the blank and the side, and nothing of what to expect.
func TestHTTP_AsksForBothSides(t *testing.T) {
	t.Parallel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		if r.FormValue("job") == "" {
			return // ready
		}
		level := map[string]uint8{"front": 10, "back": 20}[r.FormValue("side")]
		_, _ = w.Write(encoded(t, gray(level), "bmp"))
	}))
	defer server.Close()
	c, err := camera.NewHTTP(server.URL+"/look?lamp=1", time.Minute)
	require.NoError(t, err)
	require.NoError(t, c.Prove(t.Context()))

	front, back, err := c.Look(t.Context(), job)

	require.NoError(t, err)
	require.Equal(t, []uint8{10, 20}, []uint8{levelOf(front), levelOf(back)})
	require.Equal(t, []string{
		"lamp=1", "blank=PT00000007&job=7QF3M-9T2XK-D-1&lamp=1&side=front", "blank=PT00000007&job=7QF3M-9T2XK-D-1&lamp=1&side=back",
	}, asked)
}

func TestHTTP_TellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	c, err := camera.NewHTTP(server.URL, time.Minute)
	require.NoError(t, err)
	require.ErrorContains(t, c.Prove(t.Context()), "the camera answered HTTP 404")
	_, _, err = c.Look(t.Context(), job)
	require.ErrorContains(t, err, "the camera answered HTTP 404")

	_, err = camera.NewHTTP("camera", time.Minute)
	require.ErrorContains(t, err, "camera.url must be")
}

func TestCommand_WritesBothPictures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "picture.png"), encoded(t, gray(77), "png"), 0o600))
	c := &camera.Command{Wait: time.Minute, Args: []string{ // it leaves a program behind, as drivers of scanners do
		"sh", "-c", `sleep 5 & test "$1 $2" = "7QF3M-9T2XK-D-1 PT00000007" && cp "$0" "$3" && cp "$0" "$4"`, filepath.Join(dir, "picture.png"),
	}}
	require.NoError(t, c.Prove(t.Context()))

	front, back, err := c.Look(t.Context(), job)

	require.NoError(t, err)
	require.Equal(t, []uint8{77, 77}, []uint8{levelOf(front), levelOf(back)})
}

func TestCommand_TellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`exit status 3: "no lamp\n"`: {"sh", "-c", "echo no lamp >&2; exit 3"},
		"no such file":               {"true"},
		"deadline exceeded":          {"sh", "-c", "sleep 60"},
	} {
		_, _, err := (&camera.Command{Args: args, Wait: time.Second}).Look(t.Context(), job)
		require.ErrorContains(t, err, want)
	}
	require.Error(t, (&camera.Command{Args: []string{"/absent/program"}}).Prove(t.Context()))
	require.Error(t, (&camera.Command{}).Prove(t.Context()))
}

// printed draws a card as PDF, under a file's name.
func printed(tb testing.TB, dir, name string) (front, back *image.RGBA) {
	tb.Helper()
	form := rendertest.Form(tb, formstest.CanCuoc2024Under6)
	content := render.Content{Card: formstest.Card(identitytest.Seeded(3), &form.Form)}
	content.QR = form.QRPayload(content.Card)
	var err error
	content.MRZ, err = mrz.Lines(content.Card)
	require.NoError(tb, err)
	pdf, err := form.PDF(content, render.Options{})
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(filepath.Join(dir, name), pdf, 0o600))
	front, back, err = form.Bitmaps(content, 300, render.Options{})
	require.NoError(tb, err)
	return front, back
}

// difference is the mean difference of two pictures in green.
func difference(a, b image.Image) float64 {
	sum, n := 0.0, 0
	for y := 0; y < 630; y += 3 {
		for x := 0; x < 1000; x += 3 {
			_, p, _, _ := a.At(x, y).RGBA()
			_, q, _, _ := b.At(x, y).RGBA()
			sum, n = sum+max(float64(p)-float64(q), float64(q)-float64(p))/257, n+1
		}
	}
	return sum / float64(n)
}

// The simulated camera sees what the printer has, however it names it, and where it has
// nothing, a white card.
func TestSimulated_SeesWhatWasPrinted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{job.Name + ".pdf", "12-7qf3m-9t2xk-d-1.pdf"} {
		dir := t.TempDir()
		wantFront, wantBack := printed(t, dir, name)

		front, back, err := (&camera.Simulated{Dir: dir, DPI: 300}).Look(t.Context(), job)

		require.NoError(t, err)
		require.Less(t, difference(wantFront, front), 8.0, "lines are finer than dots, and PDFium draws them a dot wide")
		require.Less(t, difference(wantBack, back), 16.0, "the QR code is drawn in whole dots")
		require.Greater(t, difference(wantFront, back), 20.0)
	}
	dir := t.TempDir()
	front, _ := printed(t, dir, "other.pdf")
	for _, side := range []string{"front", "back"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, job.Name+"-"+side+".png"), encoded(t, front, "png"), 0o600))
	}
	seen, _, err := (&camera.Simulated{Dir: dir, DPI: 300}).Look(t.Context(), job)
	require.NoError(t, err)
	require.Zero(t, difference(front, seen))

	seen, _, err = (&camera.Simulated{Dir: t.TempDir(), DPI: 300}).Look(t.Context(), job)
	require.NoError(t, err)
	require.Equal(t, image.Pt(1011, 638), seen.Bounds().Size())
	require.EqualValues(t, 255, levelOf(seen))
}

func TestSimulated_HasTheFaultsOfTheSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wantFront, wantBack := printed(t, dir, job.Name+".pdf")
	for _, text := range []string{
		"blank", "magenta", "smear", "half", "other", "shift=1", "rotation=1", "noise=20", "brightness=0.6", "blank@7",
	} {
		f, err := fault.Parse(text)
		require.NoError(t, err)
		front, _, err := (&camera.Simulated{Dir: dir, DPI: 300, Faults: []fault.Fault{f}}).Look(t.Context(), job)
		require.NoError(t, err)
		require.Greater(t, difference(wantFront, front), 3.0, text)
	}
	for _, text := range []string{"blank@6", "smear"} {
		f, err := fault.Parse(text)
		require.NoError(t, err)
		_, back, err := (&camera.Simulated{Dir: dir, DPI: 300, Faults: []fault.Fault{f}}).Look(t.Context(), job)
		require.NoError(t, err)
		require.Less(t, difference(wantBack, back), 16.0, "%s strikes neither the back nor this blank", text)
	}
}

// Damaged PDF is the printer's; it ends no program.
func TestSimulated_RefusesWhatIsNoPDF(t *testing.T) {
	t.Parallel()
	for i, content := range []string{"", "%PDF-1.4\n", "\x00\x01"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, job.Name+".pdf"), []byte(content), 0o600))
		_, _, err := (&camera.Simulated{Dir: dir, DPI: 300}).Look(t.Context(), job)
		require.ErrorContains(t, err, "job "+job.Name, strconv.Itoa(i))
	}
}
