package profile

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/tlv"
)

// ReferenceTag is the data object of the security domain that names what a card
// was made from. It is read through a secure channel only.
const ReferenceTag = 0xDF20

// Content is what goes on a card, by the names that the table of applications
// uses.
type Content map[string][]byte

// Job is one card to be made.
type Job struct {
	Card         apdu.Card
	Keys         securechannel.Keys // those that the chip has now
	NextKeys     securechannel.Keys // those that it shall have
	Applications []*Application     // in the order in which they are installed
	Content      Content
	Reference    []byte    // stored on the card; tells finished cards apart
	Random       io.Reader // crypto/rand by default

	// Certify makes the certificate for a key that the card has generated; the
	// key is an uncompressed point of P-256. Needed where an application
	// generates a key.
	Certify func(ctx context.Context, application string, publicKey []byte) (certificate []byte, err error)
	// Note is told of each step before it is taken. May be nil.
	Note func(step string) error
}

// run is a job under way.
type run struct {
	*Profile
	Job
	application *Application
	channel     *securechannel.Session
	replaced    bool // the chip has NextKeys
}

// Run takes the profile's steps, from a chip in whatever state but locked to a
// locked one. After an error the chip is unfinished, shows no document, and can
// be given to Run again: the first steps delete what there is.
func (p *Profile) Run(ctx context.Context, job Job) error {
	if job.Random == nil {
		job.Random = rand.Reader
	}
	job.Content = maps.Clone(job.Content) // certificates are added
	r := &run{Profile: p, Job: job, replaced: job.Keys.Version == job.NextKeys.Version}
	if err := r.steps(ctx, p.Before); err != nil {
		return err
	}
	for _, a := range job.Applications {
		r.application = a
		if err := r.steps(ctx, p.Each); err != nil {
			return fmt.Errorf("application %s: %w", a.Name, err)
		}
	}
	return r.steps(ctx, p.After)
}

func (r *run) steps(ctx context.Context, actions []Action) error {
	for _, a := range actions {
		if r.Note != nil {
			if err := r.Note(string(a)); err != nil {
				return err
			}
		}
		if err := r.step(ctx, a); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return nil
}

func (r *run) step(ctx context.Context, a Action) error {
	switch a {
	case SelectDomain:
		return r.selectByName(ctx, nil)
	case SelectApplication:
		return r.selectByName(ctx, r.application.Instance)
	case OpenChannel:
		return r.openChannel(ctx)
	case DeleteApplications:
		return r.deleteApplications(ctx)
	case Install:
		return r.install(ctx)
	case BeginPersonalization:
		return r.secured(ctx, apdu.Command{INS: insInstall, P1: 0x20, Data: lengthValues(nil, nil, r.application.Instance, nil, nil, nil), Le: apdu.MaxShortLe})
	case GenerateKey:
		return r.generateKey(ctx)
	case StoreFiles:
		return r.storeFiles(ctx)
	case StoreSecrets:
		return r.storeSecrets(ctx)
	case CreateFiles:
		return r.createFiles(ctx)
	case SetPersonalized:
		return r.secured(ctx, apdu.Command{INS: insSetStatus, P1: 0x40, P2: 0x0F, Data: r.application.Instance})
	case StoreReference:
		return r.secured(ctx, apdu.Command{INS: insStoreData, P1: 0x90, Data: tlv.Encode(ReferenceTag, r.Reference)})
	case PutKeys:
		return r.putKeys(ctx)
	case SetInitialized:
		return r.secured(ctx, apdu.Command{INS: insSetStatus, P1: 0x80, P2: 0x07})
	case SetSecured:
		return r.secured(ctx, apdu.Command{INS: insSetStatus, P1: 0x80, P2: 0x0F})
	}
	return fmt.Errorf("no such step: %q", a)
}

const (
	insSelect       = 0xA4
	insInstall      = 0xE6
	insDelete       = 0xE4
	insStoreData    = 0xE2
	insSetStatus    = 0xF0
	insCreateFile   = 0xE0
	insUpdateBinary = 0xD6 // and D7 for offsets beyond maxOffset
	insGenerate     = 0x47
)

// DomainAID names the issuer security domain of the chips (GlobalPlatform Card
// Specification 2.3.1, H.1.3).
func DomainAID() []byte { return []byte{0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00} }

// Select selects an application, or the security domain where aid is empty.
func Select(ctx context.Context, card apdu.Card, aid []byte) error {
	if len(aid) == 0 {
		aid = DomainAID()
	}
	r, err := apdu.Send(ctx, card, apdu.Command{INS: insSelect, P1: 0x04, Data: aid, Le: apdu.MaxShortLe})
	if err != nil {
		return err
	}
	return r.Err()
}

func (r *run) selectByName(ctx context.Context, aid []byte) error {
	r.channel = nil
	return Select(ctx, r.Card, aid)
}

func (r *run) openChannel(ctx context.Context) error {
	keys := r.Keys
	if r.replaced {
		keys = r.NextKeys
	}
	var err error
	r.channel, err = securechannel.Open(ctx, r.Card, keys, securechannel.Level(r.Level[0]), r.Random)
	return err
}

// send sends a command through the channel. A command whose class is not given
// is GlobalPlatform's.
func (r *run) send(ctx context.Context, c apdu.Command) (apdu.Response, error) {
	if r.channel == nil {
		return apdu.Response{}, errors.New("no secure channel is open")
	}
	answer, err := r.channel.Send(ctx, c)
	if err != nil {
		return apdu.Response{}, err
	}
	return answer, answer.Err()
}

func (r *run) secured(ctx context.Context, c apdu.Command) error {
	c.CLA |= apdu.ClassGlobalPlatform
	_, err := r.send(ctx, c)
	return err
}

// deleteApplications removes what an earlier try has left. An application that
// is not there is well removed.
func (r *run) deleteApplications(ctx context.Context) error {
	for _, a := range r.Applications {
		err := r.secured(ctx, apdu.Command{INS: insDelete, Data: tlv.Encode(0x4F, a.Instance), Le: apdu.MaxShortLe})
		if err != nil && !errors.Is(err, apdu.ReferenceNotFound) {
			return err
		}
	}
	return nil
}

func (r *run) install(ctx context.Context) error {
	a := r.application
	parameters := []byte{0xC9, 0x00}
	data := lengthValues(a.Package, a.Module, a.Instance, a.Privileges, parameters, nil)
	return r.secured(ctx, apdu.Command{INS: insInstall, P1: 0x0C, Data: data, Le: apdu.MaxShortLe})
}

// lengthValues joins fields, each after a byte with its length.
func lengthValues(fields ...[]byte) []byte {
	var b []byte
	for _, f := range fields {
		b = append(append(b, byte(len(f)&0xFF)), f...)
	}
	return b
}

// generateKey lets the card make its key and gets the certificate for it.
func (r *run) generateKey(ctx context.Context) error {
	if !r.application.GenerateKey {
		return nil
	}
	if r.Certify == nil {
		return errors.New("nobody certifies the key")
	}
	if err := r.selectForKey(ctx); err != nil {
		return err
	}
	answer, err := r.send(ctx, apdu.Command{INS: insGenerate, P1: 0x80, Le: apdu.MaxShortLe})
	if err != nil {
		return err
	}
	point, err := tlv.Find(answer.Data, 0x7F49, 0x86)
	if err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	certificate, err := r.Certify(ctx, r.application.Name, point.Value)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	r.Content[r.application.Files[0].Content] = certificate
	return r.selectBack(ctx)
}

// selectForKey goes to the application, which alone can make its key, when the
// profile speaks to it through the security domain.
func (r *run) selectForKey(ctx context.Context) error {
	if err := r.selectByName(ctx, r.application.Instance); err != nil {
		return err
	}
	return r.openChannel(ctx)
}

// selectBack returns to where the profile's steps left off.
func (r *run) selectBack(ctx context.Context) error {
	if slices.Contains(r.Each, BeginPersonalization) {
		return r.steps(ctx, []Action{SelectDomain, OpenChannel, BeginPersonalization})
	}
	return nil // the steps that follow go to the application as well
}

// content finds what an item holds; absent tells that it is left out.
func (r *run) content(i Item) (b []byte, absent bool, err error) {
	b = r.Content[i.Content]
	if len(b) > 0 {
		return b, false, nil
	}
	if i.Optional {
		return nil, true, nil
	}
	return nil, true, fmt.Errorf("there is no %s", i.Content)
}

// storeFiles sends all files as one sequence of data groupings, cut into
// commands as long as the channel carries.
func (r *run) storeFiles(ctx context.Context) error {
	if len(r.application.Files) == 0 {
		return nil
	}
	var all []byte
	var headers []int // where the headers of groupings begin
	for _, i := range r.application.Files {
		b, absent, err := r.content(i)
		switch {
		case err != nil:
			return err
		case absent:
			continue
		case len(b) > 0xFFFF:
			return fmt.Errorf("%s: %d bytes are too many for a file", i.Content, len(b))
		}
		headers = append(headers, len(all))
		all = append(appendGrouping(all, i.tag(), len(b)), b...)
	}
	return r.store(ctx, 0x08, all, headers)
}

// storeSecrets sends the secrets, each a sequence of its own and encrypted by
// itself under the DEK.
func (r *run) storeSecrets(ctx context.Context) error {
	for _, i := range r.application.Secrets {
		b, absent, err := r.content(i)
		if err != nil {
			return err
		}
		if absent {
			continue
		}
		sealed, err := r.channel.SealSecret(b)
		if err != nil {
			return err
		}
		if err := r.store(ctx, 0x68, append(appendGrouping(nil, i.tag(), len(sealed)), sealed...), nil); err != nil {
			return fmt.Errorf("%s: %w", i.Content, err)
		}
	}
	return nil
}

// appendGrouping appends the header of a data grouping: tag, and the length in
// one byte or FF and two.
func appendGrouping(b []byte, tag uint16, n int) []byte {
	b = binary.BigEndian.AppendUint16(b, tag)
	if n < 0xFF {
		return append(b, byte(n&0xFF))
	}
	return binary.BigEndian.AppendUint16(append(b, 0xFF), uint16(n))
}

// longestHeader is the tag and the longest length of a grouping, in bytes.
const longestHeader = 5

// store is one sequence of STORE DATA. No command ends inside a header: a chip
// need not put one together again from two commands.
func (r *run) store(ctx context.Context, structure byte, data []byte, headers []int) error {
	size := r.channel.MaxData(r.Block)
	sent := 0
	for block := byte(0); ; block++ {
		n := min(size, len(data))
		for _, h := range headers {
			if cut := sent + n; n < len(data) && cut > h && cut < h+longestHeader && h > sent {
				n = h - sent
			}
		}
		sent += n
		c := apdu.Command{INS: insStoreData, P1: structure, P2: block, Data: data[:n]}
		data = data[n:]
		if len(data) == 0 {
			c.P1 |= 0x80
			return r.secured(ctx, c)
		}
		if err := r.secured(ctx, c); err != nil {
			return fmt.Errorf("block %d: %w", block, err)
		}
	}
}

// createFiles makes each file and fills it.
func (r *run) createFiles(ctx context.Context) error {
	for _, i := range r.application.Files {
		b, absent, err := r.content(i)
		if err != nil {
			return err
		}
		if absent {
			continue
		}
		if err := r.createFile(ctx, i, b); err != nil {
			return fmt.Errorf("%s: %w", i.Content, err)
		}
	}
	return nil
}

// maxOffset is the last offset that UPDATE BINARY can name in P1-P2.
const maxOffset = 0x7FFF

func (r *run) createFile(ctx context.Context, i Item, b []byte) error {
	if len(b) > 0xFFFF {
		return fmt.Errorf("%d bytes are too many for a file", len(b))
	}
	size := binary.BigEndian.AppendUint16(nil, uint16(len(b)))
	parameters := tlv.Encode(0x62, tlv.Encode(0x80, size), tlv.Encode(0x82, []byte{0x01}), tlv.Encode(0x83, i.Tag))
	if _, err := r.send(ctx, apdu.Command{INS: insCreateFile, Data: parameters}); err != nil {
		return err
	}
	step := r.channel.MaxData(r.Block) - updateOverhead
	for offset := 0; offset < len(b); offset += step {
		if _, err := r.send(ctx, update(offset, b[offset:min(offset+step, len(b))])); err != nil {
			return fmt.Errorf("at offset %d: %w", offset, err)
		}
	}
	return nil
}

// updateOverhead is how many bytes the objects of the odd instruction take
// beside the data: 54 02 and the offset, 53 and up to three of length.
const updateOverhead = 4 + 4

// update is UPDATE BINARY: its even instruction as far as that reaches, then
// the odd one with the offset in an object.
func update(offset int, part []byte) apdu.Command {
	high, low := byte(offset>>8&0xFF), byte(offset&0xFF)
	if offset <= maxOffset {
		return apdu.Command{INS: insUpdateBinary, P1: high, P2: low, Data: part}
	}
	return apdu.Command{INS: insUpdateBinary | 1, Data: append(tlv.Encode(0x54, []byte{high, low}), tlv.Encode(0x53, part)...)}
}

// putKeys replaces the chip's keys, unless an earlier try has.
func (r *run) putKeys(ctx context.Context) error {
	if r.replaced {
		return nil
	}
	if err := r.channel.PutKey(ctx, r.Keys.Version, r.NextKeys); err != nil {
		return err
	}
	r.replaced = true
	return nil
}
