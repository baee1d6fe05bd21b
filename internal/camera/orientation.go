package camera

import (
	"bytes"
	"encoding/binary"
	"image"

	"golang.org/x/image/draw"
)

// orientation is how a JPEG picture lies, as EXIF has it: 1 upright, 3 upside down, 6 and 8 on
// its sides, the others mirrored. A camera that is mounted upside down writes it so, and leaves
// the turning to whoever looks. It is 1 where nothing is said.
func orientation(jpeg []byte) int {
	const (
		start, startOfScan, app1 = 0xd8, 0xda, 0xe1
		marker                   = 0xff
	)
	if len(jpeg) < 2 || jpeg[0] != marker || jpeg[1] != start {
		return 1
	}
	for rest := jpeg[2:]; len(rest) >= 4 && rest[0] == marker && rest[1] != startOfScan; {
		if rest[1] == marker { // it may be repeated
			rest = rest[1:]
			continue
		}
		size := int(binary.BigEndian.Uint16(rest[2:]))
		if size < 2 || len(rest) < 2+size {
			return 1
		}
		if exif, ok := bytes.CutPrefix(rest[4:2+size], []byte("Exif\x00\x00")); ok && rest[1] == app1 {
			return exifOrientation(exif)
		}
		rest = rest[2+size:]
	}
	return 1
}

// exifOrientation reads the orientation from TIFF data.
func exifOrientation(tiff []byte) int {
	const header, entry, tag, short = 8, 12, 0x0112, 3
	if len(tiff) < header {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	list := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(list) < entry {
			return 1
		}
		if v := int(order.Uint16(list[8:])); order.Uint16(list) == tag && order.Uint16(list[2:]) == short && v >= 1 && v <= 8 {
			return v
		}
		list = list[entry:]
	}
	return 1
}

// turned gives a picture upright that lies as EXIF has it.
func turned(in image.Image, lies int) image.Image {
	if lies == 1 {
		return in
	}
	b := in.Bounds()
	src := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(src, src.Rect, in, b.Min, draw.Src)
	w, h := b.Dx(), b.Dy()
	right, low := w-1, h-1
	across := lies >= 5 // rows become columns
	if across {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := x, y
			if across {
				u, v = y, x
			}
			if lies == 2 || lies == 3 || lies == 7 || lies == 8 {
				u = right - u
			}
			if lies == 3 || lies == 4 || lies == 6 || lies == 7 {
				v = low - v
			}
			copy(out.Pix[y*out.Stride+4*x:][:4], src.Pix[v*src.Stride+4*u:][:4])
		}
	}
	return out
}
