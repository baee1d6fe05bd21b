package main

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"example.org/cancuoc/internal/identity"
	printinspection "example.org/cancuoc/internal/inspection/print"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render"
)

// trial is a card while it is damaged: what was sent, what was printed instead, and how it
// came out.
type trial struct {
	form        *render.Form
	sent        render.Content
	front, back *image.RGBA
	scale       float64 // dots per mm
	random      *rand.Rand
	evaluation  *evaluation
}

// draw prints something else than was sent.
func (p *trial) draw(change func(*render.Content)) error {
	content := p.sent
	change(&content)
	var err error
	p.front, p.back, err = p.form.Bitmaps(content, 300, drawn)
	return err
}

// other is what is on another person's card.
func (p *trial) other() (render.Content, error) {
	c, err := p.evaluation.make(p.form, 7_000_000+p.random.Uint64()%1000, anyPerson(p.random))
	return c.content, err
}

// box is where a field is, in dots; ok is false if the form has none of that name.
func (p *trial) box(id string) (img *image.RGBA, box image.Rectangle, ok bool) {
	f, ok := formstest.Field(&p.form.Form, id)
	img = p.front
	if f.Side == forms.Back {
		img = p.back
	}
	at := func(v float64) int { return int(v * p.scale) }
	return img, image.Rect(at(f.X), at(f.Y), at(f.X+f.W), at(f.Y+f.H)), ok
}

// paint fills a part of a box, which is given in shares of it.
func (p *trial) paint(id string, c color.Color, x0, y0, x1, y1 float64) bool {
	img, b, ok := p.box(id)
	at := func(x, y float64) image.Point {
		return image.Pt(b.Min.X+int(x*float64(b.Dx())), b.Min.Y+int(y*float64(b.Dy())))
	}
	draw.Draw(img, image.Rectangle{at(x0, y0), at(x1, y1)}, image.NewUniform(c), image.Point{}, draw.Src)
	return ok
}

// plain takes the tone marks off a letter.
var plain = strings.NewReplacer("Á", "A", "À", "A", "Ả", "A", "Ã", "A", "Ạ", "A", "Ấ", "Â", "Ầ", "Â", "Ế", "Ê", "Ề", "Ê", "Ễ", "Ê", "Ị", "I", "Ố", "Ô", "Ồ", "Ô", "Ộ", "Ô",
	"á", "a", "à", "a", "ả", "a", "ã", "a", "ạ", "a", "ấ", "â", "ầ", "â", "ậ", "â", "ế", "ê", "ề", "ê", "ễ", "ê", "ệ", "ê", "ị", "i", "í", "i", "ố", "ô", "ồ", "ô", "ộ", "ô", "ớ", "ơ", "ờ", "ơ", "ợ", "ơ", "ụ", "u", "ũ", "u", "ứ", "ư", "ữ", "ư", "ự", "ư", "ý", "y", "ỳ", "y", "ỹ", "y")

// withoutOneTone takes the tone mark off one letter of a text.
func withoutOneTone(text string) string {
	for i, r := range text {
		if bare := plain.Replace(string(r)); bare != string(r) {
			return text[:i] + bare + text[i+len(string(r)):]
		}
	}
	return text
}

// otherDigit changes one digit of a text.
func otherDigit(text string, random *rand.Rand) string {
	for {
		if i := random.IntN(len(text)); text[i] >= '0' && text[i] <= '9' {
			return text[:i] + string('0'+(text[i]-'0'+1+byte(random.IntN(9)))%10) + text[i+1:]
		}
	}
}

// gloss is a spot of light.
func gloss(img *image.RGBA, x, y, r float64) {
	for j := max(int(y-2*r), 0); j < min(int(y+2*r), img.Rect.Dy()); j++ {
		for i := max(int(x-2*r), 0); i < min(int(x+2*r), img.Rect.Dx()); i++ {
			d := math.Hypot(float64(i)-x, float64(j)-y) / r
			k := min(max(1.5-d, 0), 1)
			at := img.PixOffset(i, j)
			for c := range 3 {
				img.Pix[at+c] = uint8(float64(img.Pix[at+c])*(1-k) + 255*k)
			}
		}
	}
}

// each side is changed dot by dot.
func (p *trial) dots(change func(x, y float64, dot []uint8)) {
	for _, img := range []*image.RGBA{p.front, p.back} {
		w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
		for y := range img.Rect.Dy() {
			for x := range img.Rect.Dx() {
				change(float64(x)/w, float64(y)/h, img.Pix[img.PixOffset(x, y):][:3])
			}
		}
	}
}

func level(v float64) uint8 { return uint8(min(max(v, 0), 255)) }

// lit multiplies the colors.
func (p *trial) lit(gain func(x, y float64) [3]float64) {
	p.dots(func(x, y float64, dot []uint8) {
		g := gain(x, y)
		for c := range dot {
			dot[c] = level(float64(dot[c]) * g[c])
		}
	})
}

// moved turns a side about its middle, and scales it.
func moved(img *image.RGBA, degrees, scale float64) *image.RGBA {
	out := image.NewRGBA(img.Rect)
	draw.Draw(out, out.Rect, image.NewUniform(color.Gray{90}), image.Point{}, draw.Src)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	sin, cos = sin*scale, cos*scale
	x, y := float64(img.Rect.Dx())/2, float64(img.Rect.Dy())/2
	draw.BiLinear.Transform(out, f64.Aff3{cos, -sin, x - cos*x + sin*y, sin, cos, y - sin*x - cos*y}, img, img.Rect, draw.Src, nil)
	return out
}

// damage is done to a print; it reports whether the form can have it.
type damage struct {
	name string
	do   func(p *trial) (can bool, err error)
}

func printedInstead(change func(p *trial, c *render.Content)) func(p *trial) (bool, error) {
	return func(p *trial) (bool, error) { return true, p.draw(func(c *render.Content) { change(p, c) }) }
}

func always(do func(p *trial)) func(p *trial) (bool, error) {
	return func(p *trial) (bool, error) { do(p); return true, nil }
}

// damages are what an inspection has to find.
var damages = []damage{
	{"a digit of the number", printedInstead(func(p *trial, c *render.Content) {
		c.Card.Person.Number = identity.PersonalNumber(otherDigit(string(c.Card.Person.Number), p.random))
	})},
	{"a tone mark of the name", func(p *trial) (bool, error) {
		name := withoutOneTone(p.sent.Card.Person.Name.Text)
		return name != p.sent.Card.Person.Name.Text, p.draw(func(c *render.Content) { c.Card.Person.Name.Text = name })
	}},
	{"a digit of the year of birth", printedInstead(func(_ *trial, c *render.Content) { c.Card.Person.Birth.Year ^= 1 })},
	{"a digit of the residence", printedInstead(func(p *trial, c *render.Content) {
		if strings.ContainsAny(c.Card.Person.Residence.Text, "0123456789") {
			c.Card.Person.Residence.Text = otherDigit(c.Card.Person.Residence.Text, p.random)
		} else {
			c.Card.Person.Residence.Text = withoutOneTone(c.Card.Person.Residence.Text)
		}
	})},
	{"another's QR code", printedInstead(func(p *trial, c *render.Content) {
		if o, err := p.other(); err == nil {
			c.QR = o.QR
		}
	})},
	{"a letter of the MRZ", func(p *trial) (bool, error) {
		return p.form.Shows(forms.MRZField), p.draw(func(c *render.Content) {
			line := c.MRZ[2]
			c.MRZ[2] = line[:3] + string('A'+(line[3]-'A'+1+byte(p.random.IntN(20)))%26) + line[4:]
		})
	}},
	{"another's portrait and ghost", func(p *trial) (bool, error) {
		return p.sent.Portrait != nil, p.draw(func(c *render.Content) {
			if o, err := p.other(); err == nil {
				c.Portrait = o.Portrait
			}
		})
	}},
	{"another's ghost", func(p *trial) (bool, error) {
		_, box, ok := p.box("ghost")
		if !ok {
			return false, nil
		}
		own := p.front
		o, err := p.other()
		if err != nil {
			return true, err
		}
		if err := p.draw(func(c *render.Content) { c.Portrait = o.Portrait }); err != nil {
			return true, err
		}
		draw.Draw(own, box, p.front, box.Min, draw.Src)
		p.front = own
		return true, nil
	}},
	{"the portrait mirrored", func(p *trial) (bool, error) {
		img, b, ok := p.box("portrait")
		if !ok {
			return false, nil
		}
		src := image.NewRGBA(b)
		draw.Draw(src, b, img, b.Min, draw.Src)
		for x := range b.Dx() {
			draw.Draw(img, image.Rect(b.Min.X+x, b.Min.Y, b.Min.X+x+1, b.Max.Y), src, image.Pt(b.Max.X-1-x, b.Min.Y), draw.Src)
		}
		return true, nil
	}},
	{"a bar over the eyes", func(p *trial) (bool, error) { return p.paint("portrait", color.Black, 0.2, 0.4, 0.8, 0.5), nil }},
	{"a bar over the name", func(p *trial) (bool, error) { return p.paint("name", color.Black, 0, 0.2, 0.5, 0.6), nil }},
	{"no portrait", func(p *trial) (bool, error) { return p.paint("portrait", color.White, 0, 0, 1, 1), nil }},
	{"no name", func(p *trial) (bool, error) { return p.paint("name", color.White, 0, 0, 1, 1), nil }},
	{"no expiry", func(p *trial) (bool, error) { return p.paint("expiry", color.White, 0, 0, 1, 1), nil }},
	{"a line of the print head is dead", always(func(p *trial) {
		y := int(p.scale * p.form.Page.H * 0.55)
		for _, img := range []*image.RGBA{p.front, p.back} {
			draw.Draw(img, image.Rect(0, y, img.Rect.Dx(), y+int(0.6*p.scale)), image.White, image.Point{}, draw.Src)
		}
	})},
	{"a dot of the print head is dead", always(func(p *trial) {
		x, y := int(p.scale*p.form.Page.W*0.52), int(p.scale*p.form.Page.H*0.45)
		draw.Draw(p.front, image.Rect(0, y, p.front.Rect.Dx(), y+3), image.White, image.Point{}, draw.Src)
		draw.Draw(p.back, image.Rect(x, 0, x+3, p.back.Rect.Dy()), image.White, image.Point{}, draw.Src)
	})},
	{"half of the front", always(func(p *trial) {
		draw.Draw(p.front, image.Rect(p.front.Rect.Dx()/2, 0, p.front.Rect.Dx(), p.front.Rect.Dy()), image.White, image.Point{}, draw.Src)
	})},
	{"half of the back", always(func(p *trial) {
		draw.Draw(p.back, image.Rect(p.back.Rect.Dx()/2, 0, p.back.Rect.Dx(), p.back.Rect.Dy()), image.White, image.Point{}, draw.Src)
	})},
	{"no cyan", always(func(p *trial) { p.dots(func(_, _ float64, dot []uint8) { dot[0] = 255 }) })},
	{"no magenta", always(func(p *trial) { p.dots(func(_, _ float64, dot []uint8) { dot[1] = 255 }) })},
	{"no yellow", always(func(p *trial) { p.dots(func(_, _ float64, dot []uint8) { dot[2] = 255 }) })},
	{"a smear down the front", always(func(p *trial) {
		x0, w := p.front.Rect.Dx()/2, int(5*p.scale)
		for y := p.front.Rect.Dy() / 3; y < p.front.Rect.Dy(); y++ {
			for x := x0; x < x0+w; x++ {
				at, above := p.front.PixOffset(x, y), p.front.PixOffset(x, y-1)
				for c := range 3 {
					p.front.Pix[at+c] = uint8((int(p.front.Pix[at+c]) + 7*int(p.front.Pix[above+c])) / 8)
				}
			}
		}
	})},
	{"another card's back", func(p *trial) (bool, error) {
		o, err := p.other()
		if err != nil {
			return true, err
		}
		front := p.front
		err = p.draw(func(c *render.Content) { *c = o })
		p.front = front
		return true, err
	}},
	{"the back upside down", always(func(p *trial) { p.back = moved(p.back, 180, 1) })},
	{"the front twice", always(func(p *trial) { p.back = p.front })},
	{"a light over the face", func(p *trial) (bool, error) {
		img, b, ok := p.box("portrait")
		gloss(img, float64(b.Min.X+b.Max.X)/2, float64(b.Min.Y+b.Max.Y)/2, 2.5*p.scale)
		return ok, nil
	}},
	{"a light over the number", func(p *trial) (bool, error) {
		img, b, ok := p.box("number")
		gloss(img, float64(b.Min.X)+8*p.scale, float64(b.Min.Y+b.Max.Y)/2, 2.5*p.scale)
		return ok, nil
	}},
	{"shifted by a millimeter on the card", always(func(p *trial) {
		for _, img := range []*image.RGBA{p.front, p.back} {
			src, d := image.NewRGBA(img.Rect), int(p.scale)
			draw.Draw(src, src.Rect, img, image.Point{}, draw.Src)
			draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
			draw.Draw(img, img.Rect.Add(image.Pt(d, d)), src, image.Point{}, draw.Src)
		}
	})},
}

// goods are pictures of good prints.
var goods = []damage{
	{"as it is", always(func(*trial) {})},
	{"warm light", always(func(p *trial) { p.lit(func(_, _ float64) [3]float64 { return [3]float64{1, 0.95, 0.9} }) })},
	{"cold light", always(func(p *trial) { p.lit(func(_, _ float64) [3]float64 { return [3]float64{0.9, 0.95, 1} }) })},
	{"darker towards the corners, by 6%", always(func(p *trial) { p.lit(vignette(0.06)) })},
	{"darker towards the corners, by 10%", always(func(p *trial) { p.lit(vignette(0.10)) })},
	{"darker towards one side, by 8%", always(func(p *trial) {
		p.lit(func(x, _ float64) [3]float64 { k := 1 - 0.08*x; return [3]float64{k, k, k} })
	})},
	{"seen 1% larger", always(func(p *trial) { p.front, p.back = moved(p.front, 0, 1.01), moved(p.back, 0, 1.01) })},
	{"seen 1% smaller", always(func(p *trial) { p.front, p.back = moved(p.front, 0, 0.99), moved(p.back, 0, 0.99) })},
	{"turned by 0.2 degrees", always(func(p *trial) { p.front, p.back = moved(p.front, 0.2, 0.97), moved(p.back, -0.2, 0.97) })},
	{"turned by 0.7 degrees", always(func(p *trial) { p.front, p.back = moved(p.front, -0.7, 0.96), moved(p.back, 0.7, 0.96) })},
	{"turned by 2 degrees", always(func(p *trial) { p.front, p.back = moved(p.front, 2, 0.92), moved(p.back, -2, 0.92) })},
	{"in its shadow on a white bed", always(func(p *trial) { p.front, p.back = shadowed(p.front, p.scale), shadowed(p.back, p.scale) })},
	{"a small light beside everything", always(func(p *trial) { gloss(p.front, 1.2*p.scale, 25*p.scale, 0.4*p.scale) })},
}

// shadowed lays a card on a white bed, on which it casts a soft shadow.
func shadowed(img *image.RGBA, scale float64) *image.RGBA {
	around := int(5 * scale)
	out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()+2*around, img.Rect.Dy()+2*around))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			off := max(around-x, x-around-img.Rect.Dx(), around-y, y-around-img.Rect.Dy())
			out.Set(x, y, color.Gray{level(250 * (1 - 0.4*math.Exp(-float64(off)/scale)))})
		}
	}
	draw.Draw(out, img.Rect.Add(image.Pt(around, around)), img, image.Point{}, draw.Src)
	return out
}

func vignette(deep float64) func(x, y float64) [3]float64 {
	return func(x, y float64) [3]float64 {
		k := 1 - deep*2*((x-0.5)*(x-0.5)+(y-0.5)*(y-0.5))
		return [3]float64{k, k, k}
	}
}

// damaged shows the inspection prints with each damage, and good ones, on every form, and
// counts what it misjudges.
func (e *evaluation) damaged() error {
	for _, kind := range []struct {
		list []damage
		bad  bool
	}{{damages, true}, {goods, false}} {
		judged, wrong := 0, 0
		for _, id := range e.forms.IDs() {
			form, err := e.forms.Form(id)
			if err != nil {
				return err
			}
			for n := range e.damages * len(kind.list) {
				d := kind.list[n%len(kind.list)]
				if !strings.Contains(d.name, e.only) {
					continue
				}
				verdict, can, err := e.judge(form, d, uint64(e.first+n))
				if err != nil {
					return fmt.Errorf("%s on %s: %w", d.name, id, err)
				}
				if !can {
					continue
				}
				if judged++; (verdict != "") != kind.bad {
					wrong++
					fmt.Printf("misjudged   %s on %s, %d: %s\n", d.name, id, e.first+n, verdict)
				}
			}
		}
		what := "good prints"
		if kind.bad {
			what = "damaged prints"
		}
		fmt.Printf("%s: %d of %d misjudged\n", what, wrong, judged)
	}
	return nil
}

// judge inspects a print with a damage in some light, and gives what was found; can reports
// whether the form can have the damage.
func (e *evaluation) judge(form *render.Form, d damage, seed uint64) (verdict string, can bool, err error) {
	random := rand.New(rand.NewPCG(seed, 9))
	c, err := e.make(form, seed, anyPerson(random))
	if err != nil {
		return "", false, err
	}
	p := &trial{form: form, sent: c.content, scale: 300 / 25.4, random: random, evaluation: e}
	if err := p.draw(func(*render.Content) {}); err != nil {
		return "", false, err
	}
	if can, err = d.do(p); err != nil || !can {
		return "", can, err
	}
	l := light{dpi: 300, brightness: 0.75 + 0.4*random.Float64(), noise: 6 * random.Float64(), blur: 0.8 * random.Float64(), jpeg: 40 + random.IntN(50)}
	front, err := l.shine(p.front)
	if err != nil {
		return "", true, err
	}
	back, err := l.shine(p.back)
	if err != nil {
		return "", true, err
	}
	found, err := printinspection.Inspect(form, front, back, c.content, drawn)
	if err != nil {
		return "error: " + err.Error(), true, nil
	}
	return strings.Join(found, "; "), true, nil
}
