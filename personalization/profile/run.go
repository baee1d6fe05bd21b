package profile

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/tlv"
)

// ReferenceTag is the tag of the data object of the issuer security domain that
// names what a card was made from. It is read through a secure channel only.
const ReferenceTag = 0xDF20

// Content is what is written to a card, by the names in the table of card
// applications.
type Content map[string][]byte

// Job is one card to be personalized.
type Job struct {
	Card         apdu.Card
	Keys         securechannel.KeySet // the key set that the chip has
	NextKeys     securechannel.KeySet // the key set that it is given
	Serial       []byte               // of the chip, which repeats it under its keys; nil: it is not asked
	Applications []*Application       // in the order in which they are installed
	Content      Content
	Reference    []byte    // stored on the card; tells finished cards apart
	Short        bool      // the reader does not pass on commands of extended length
	Random       io.Reader // crypto/rand by default

	// Certify makes the certificate for a key that the card has generated; the
	// key is an uncompressed point of P-256. Needed where an application
	// generates a key.
	Certify func(ctx context.Context, application string, publicKey []byte) (certificate []byte, err error)
	// Curves names the curves of the keys that the chip makes, by the keys' names, or RSA, and
	// Complete gives what is written besides for their public keys. Needed where there is no
	// content for a key of an application.
	Curves   map[string]string
	Complete func(ctx context.Context, made map[string]crypto.PublicKey) (Content, error)
	// Note is called with each step before it is taken. May be nil.
	Note func(step string) error
}

// run is a job being done.
type run struct {
	*Profile
	Job
	application *Application
	channel     *securechannel.Session
	domain      bool // the issuer security domain is selected
	replaced    bool // the chip has NextKeys already
}

// Run takes the profile's steps, which personalize and lock a chip in any state
// except locked. After an error the chip is unfinished and cannot be read, and can
// be given to Run again: the first steps delete what is on it.
func (p *Profile) Run(ctx context.Context, job Job) error {
	if job.Short && p.Block > apdu.MaxShortData {
		short := *p
		short.Block = apdu.MaxShortData
		p = &short
	}
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

// Update adds applications to a card that was issued, or replaces them: to a card that lost
// power on the way, it can be done again.
func (p *Profile) Update(ctx context.Context, job Job) error {
	return p.manage(ctx, job, p.Before, p.Each)
}

// StoreSecrets gives applications of a card that was issued the secrets for which there is
// content.
func (p *Profile) StoreSecrets(ctx context.Context, job Job) error {
	return p.manage(ctx, job, []Action{SelectSecurityDomain, OpenChannel}, []Action{BeginPersonalization, StoreSecrets})
}

// Rotate gives a card that was issued its next key set, and proves that it has no other.
func (p *Profile) Rotate(ctx context.Context, job Job) error {
	return p.manage(ctx, job, []Action{SelectSecurityDomain, OpenChannel, PutKeys, SelectSecurityDomain, OpenChannel, CheckKeys}, nil)
}

// manage takes steps on a card that was issued.
func (p *Profile) manage(ctx context.Context, job Job, before, each []Action) error {
	managing := *p
	managing.Before, managing.Each, managing.After = before, each, nil
	return managing.Run(ctx, job)
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
	case SelectSecurityDomain:
		return r.selectByName(ctx, globalplatform.IssuerSecurityDomain())
	case SelectApplication:
		return r.selectByName(ctx, r.application.Instance)
	case OpenChannel:
		return r.openChannel(ctx)
	case DeleteApplications:
		return r.deleteApplications(ctx)
	case Install:
		return r.install(ctx)
	case BeginPersonalization:
		data := lengthValues(nil, nil, r.application.Instance, nil, nil, nil)
		return r.secured(ctx, apdu.Command{INS: apdu.Install, P1: globalplatform.InstallForPersonalization, Data: data, Le: apdu.MaxShortLe})
	case GenerateKey:
		return r.generateKey(ctx)
	case StoreFiles:
		return r.storeFiles(ctx)
	case StoreSecrets:
		return r.storeSecrets(ctx)
	case CreateFiles:
		return r.createFiles(ctx)
	case SetPersonalized:
		return r.setStatus(ctx, globalplatform.ScopeApplications, globalplatform.Personalized, r.application.Instance)
	case StoreReference:
		return r.secured(ctx, apdu.Command{
			INS: apdu.StoreData, P1: globalplatform.StoreLast | globalplatform.StoreBER, Data: tlv.Encode(ReferenceTag, r.Reference),
		})
	case PutKeys:
		return r.putKeys(ctx)
	case CheckContent:
		return r.checkContent(ctx)
	case CheckKeys:
		return r.checkKeys(ctx)
	case SetInitialized:
		return r.setStatus(ctx, globalplatform.ScopeCard, byte(globalplatform.Initialized), nil)
	case SetSecured:
		return r.setStatus(ctx, globalplatform.ScopeCard, byte(globalplatform.Secured), nil)
	}
	return fmt.Errorf("there is no step %q", a)
}

// Select selects an application, or the issuer security domain, by its identifier.
func Select(ctx context.Context, card apdu.Card, aid []byte) error {
	r, err := apdu.Send(ctx, card, apdu.Command{INS: apdu.Select, P1: apdu.SelectByName, Data: aid, Le: apdu.MaxShortLe})
	if err != nil {
		return err
	}
	return r.Err()
}

func (r *run) selectByName(ctx context.Context, aid []byte) error {
	r.channel, r.domain = nil, bytes.Equal(aid, globalplatform.IssuerSecurityDomain())
	return Select(ctx, r.Card, aid)
}

func (r *run) openChannel(ctx context.Context) error {
	keys := r.Keys
	if r.replaced {
		keys = r.NextKeys
	}
	var err error
	if r.channel, err = securechannel.Open(ctx, r.Card, keys, securechannel.Level(r.Level[0]), r.Random); err != nil {
		return err
	}
	return r.checkSerial(ctx)
}

// checkSerial refuses a chip that came into the slot since the work began: initial keys may be
// the same for many chips, and open a channel with any of them.
func (r *run) checkSerial(ctx context.Context) error {
	if r.Serial == nil || !r.domain {
		return nil
	}
	serial, err := SerialOf(ctx, r.channel)
	if err == nil && !bytes.Equal(serial, r.Serial) {
		err = ErrOtherChip
	}
	return err
}

// send sends a command through the channel.
func (r *run) send(ctx context.Context, c apdu.Command) (apdu.Response, error) {
	if r.channel == nil {
		return apdu.Response{}, errors.New("there is no open secure channel")
	}
	answer, err := r.channel.Send(ctx, c)
	if err != nil {
		return apdu.Response{}, err
	}
	return answer, answer.Err()
}

// secured sends a command of GlobalPlatform through the channel.
func (r *run) secured(ctx context.Context, c apdu.Command) error {
	c.CLA |= apdu.ClassGlobalPlatform
	_, err := r.send(ctx, c)
	return err
}

// setStatus sets the life cycle state of the card or of an application.
func (r *run) setStatus(ctx context.Context, scope, state byte, aid []byte) error {
	return r.secured(ctx, apdu.Command{INS: apdu.SetStatus, P1: scope, P2: state, Data: aid})
}

// deleteApplications removes what an earlier try has left, if there is anything.
func (r *run) deleteApplications(ctx context.Context) error {
	for _, a := range r.Applications {
		err := r.secured(ctx, apdu.Command{INS: apdu.Delete, Data: tlv.Encode(0x4F, a.Instance), Le: apdu.MaxShortLe})
		if err != nil && !errors.Is(err, apdu.ReferenceNotFound) {
			return err
		}
	}
	return nil
}

func (r *run) install(ctx context.Context) error {
	a := r.application
	parameters := []byte{0xC9, 0x00} // none of the application's own
	data := lengthValues(a.Package, a.Module, a.Instance, a.Privileges, parameters, nil)
	return r.secured(ctx, apdu.Command{INS: apdu.Install, P1: globalplatform.InstallAndMakeSelectable, Data: data, Le: apdu.MaxShortLe})
}

// lengthValues joins fields, each after one byte of length.
func lengthValues(fields ...[]byte) []byte {
	var b []byte
	for _, f := range fields {
		b = append(append(b, byte(len(f)&0xFF)), f...)
	}
	return b
}

// generateKey has the card make its keys, and gets what depends on them.
func (r *run) generateKey(ctx context.Context) error {
	lacking := r.lackingKeys()
	if !r.application.GenerateKey && len(lacking) == 0 {
		return nil
	}
	if !r.application.GenerateKey && !r.MakesKeys {
		return r.complete(ctx, lacking, r.makeKey)
	}
	if err := r.selectForKey(ctx); err != nil {
		return err
	}
	if len(lacking) > 0 {
		if err := r.complete(ctx, lacking, r.haveKeyMade); err != nil {
			return err
		}
	}
	if r.application.GenerateKey {
		if err := r.certifyKey(ctx); err != nil {
			return err
		}
	}
	return r.selectBack(ctx)
}

// lackingKeys are the application's keys for which there is no content. Those of files that
// are there already, signed, are not lacking: they are the chip's that the files are of.
func (r *run) lackingKeys() []Item {
	if r.application.LDS && len(r.Content[string(lds.SOD)]) > 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.application.Keys), func(i Item) bool { return len(r.Content[i.Content]) > 0 })
}

// certifyKey has the card make its key for certificates, and gets the certificate for it.
func (r *run) certifyKey(ctx context.Context) error {
	if r.Certify == nil {
		return errors.New("there is nothing to certify the key with: Certify is nil")
	}
	point, err := r.generatePoint(ctx, nil)
	if err != nil {
		return err
	}
	certificate, err := r.Certify(ctx, r.application.Name, point)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	r.Content[r.application.Files[0].Content] = certificate
	return nil
}

// complete makes keys, and adds to the content what depends on them.
func (r *run) complete(ctx context.Context, keys []Item, create func(context.Context, Item, string) (crypto.PublicKey, error)) error {
	if r.Complete == nil {
		return errors.New("there is nothing to complete the card with: Complete is nil")
	}
	made := make(map[string]crypto.PublicKey)
	for _, i := range keys {
		var err error
		if made[i.Content], err = create(ctx, i, r.Curves[i.Content]); err != nil {
			return fmt.Errorf("%s: %w", i.Content, err)
		}
	}
	added, err := r.Complete(ctx, made)
	if err != nil {
		return err
	}
	maps.Copy(r.Content, added)
	return nil
}

// RSA is what Curves has for a key of RSA, with a modulus of 2048 bits.
const RSA = "RSA-2048"

// makeKey makes a key for a chip that cannot. It is written like other secrets.
func (r *run) makeKey(_ context.Context, i Item, kind string) (crypto.PublicKey, error) {
	if kind == RSA {
		const bits = 2048
		key, err := rsa.GenerateKey(r.Random, bits)
		if err != nil {
			return nil, err
		}
		r.Content[i.Content], err = x509.MarshalPKCS8PrivateKey(key)
		return &key.PublicKey, err
	}
	on, err := curve.ByName(kind)
	if err != nil {
		return nil, err
	}
	key, err := curve.GenerateKey(on, r.Random)
	if err != nil {
		return nil, err
	}
	r.Content[i.Content], err = curve.MarshalPrivateKey(key, curve.Named)
	return &key.PublicKey, err
}

// haveKeyMade has the chip make a key: a control reference template names the key and its
// curve, or RSA.
func (r *run) haveKeyMade(ctx context.Context, i Item, kind string) (crypto.PublicKey, error) {
	if kind == RSA {
		made, err := r.generate(ctx, r.reference(i, curve.OIDRSA))
		if err != nil {
			return nil, err
		}
		return rsaKey(made)
	}
	on, err := curve.ByName(kind)
	if err != nil {
		return nil, err
	}
	oid, err := curve.OID(on)
	if err != nil {
		return nil, err
	}
	point, err := r.generatePoint(ctx, r.reference(i, oid))
	if err != nil {
		return nil, err
	}
	return curve.ParsePoint(on, point)
}

// reference is the control reference template of a key that is to be made.
func (r *run) reference(i Item, mechanism asn1.ObjectIdentifier) []byte {
	oid, _ := asn1.Marshal(mechanism) // of the two arcs and more that every one here has
	return tlv.Encode(0xA4, tlv.Encode(0x83, i.Tag), tlv.Encode(0x80, oid[2:]))
}

// rsaKey reads the public key of RSA that a chip has made.
func rsaKey(template []byte) (*rsa.PublicKey, error) {
	modulus, err := tlv.Find(template, 0x7F49, 0x81)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	exponent, err := tlv.Find(template, 0x7F49, 0x82)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus.Value), E: int(new(big.Int).SetBytes(exponent.Value).Int64())}
	if key.N.BitLen() != 2048 || len(exponent.Value) > 4 || key.E < 3 || key.E&1 == 0 {
		return nil, errors.New("public key: it is none of RSA-2048")
	}
	return key, nil
}

// generate is GENERATE ASYMMETRIC KEY PAIR; the answer is a template with the public key.
func (r *run) generate(ctx context.Context, data []byte) ([]byte, error) {
	answer, err := r.send(ctx, apdu.Command{INS: apdu.GenerateKeyPair, P1: 0x80, Data: data, Le: apdu.MaxShortLe})
	return answer.Data, err
}

// generatePoint has a key on a curve made, and gives its public point.
func (r *run) generatePoint(ctx context.Context, data []byte) ([]byte, error) {
	template, err := r.generate(ctx, data)
	if err != nil {
		return nil, err
	}
	point, err := tlv.Find(template, 0x7F49, 0x86)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return point.Value, nil
}

// selectForKey selects the application, which alone can make its key.
func (r *run) selectForKey(ctx context.Context) error {
	if err := r.selectByName(ctx, r.application.Instance); err != nil {
		return err
	}
	return r.openChannel(ctx)
}

// selectBack returns to what the profile's steps had selected.
func (r *run) selectBack(ctx context.Context) error {
	if slices.Contains(r.Each, BeginPersonalization) {
		return r.steps(ctx, []Action{SelectSecurityDomain, OpenChannel, BeginPersonalization})
	}
	return nil // the following steps are for the application, too
}

// maxFile is the longest file, in bytes: its length has two bytes.
const maxFile = 0xFFFF

// each calls do with every item and its content. An optional item without content
// is left out.
func (r *run) each(items []Item, do func(Item, []byte) error) error {
	for _, i := range items {
		b := r.Content[i.Content]
		switch {
		case len(b) == 0 && i.Optional:
			continue
		case len(b) == 0:
			return fmt.Errorf("there is no %s", i.Content)
		case len(b) > maxFile:
			return fmt.Errorf("%s: %d bytes are more than the %d of a file", i.Content, len(b), maxFile)
		}
		if err := do(i, b); err != nil {
			return fmt.Errorf("%s: %w", i.Content, err)
		}
	}
	return nil
}

// storeFiles sends all files as one sequence of data groupings, in commands as
// long as the channel allows.
func (r *run) storeFiles(ctx context.Context) error {
	var all []byte
	var headers []int // where the headers of groupings begin
	err := r.each(r.application.Files, func(i Item, b []byte) error {
		headers = append(headers, len(all))
		all = append(appendGrouping(all, i.tag(), len(b)), b...)
		return nil
	})
	if err != nil || len(all) == 0 {
		return err
	}
	return r.store(ctx, globalplatform.StoreDGI, all, headers)
}

// storeSecrets sends each secret as a sequence by itself, encrypted under the DEK.
func (r *run) storeSecrets(ctx context.Context) error {
	return r.each(r.application.Secrets, func(i Item, b []byte) error {
		sealed, err := r.channel.SealSecret(b)
		if err != nil {
			return err
		}
		grouping := append(appendGrouping(nil, i.tag(), len(sealed)), sealed...)
		return r.store(ctx, globalplatform.StoreDGI|globalplatform.StoreEncrypted, grouping, nil)
	})
}

// appendGrouping appends the header of a data grouping: its identifier, and its
// length in one byte, or FF and two bytes.
func appendGrouping(b []byte, tag uint16, n int) []byte {
	b = binary.BigEndian.AppendUint16(b, tag)
	if n < 0xFF {
		return append(b, byte(n&0xFF))
	}
	return binary.BigEndian.AppendUint16(append(b, 0xFF), uint16(n))
}

// longestHeader is the length of the longest header of a grouping, in bytes.
const longestHeader = 5

// store sends one sequence of STORE DATA. No command ends inside a header, which
// not every chip can put together from two commands.
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
		c := apdu.Command{INS: apdu.StoreData, P1: structure, P2: block, Data: data[:n]}
		data = data[n:]
		if len(data) == 0 {
			c.P1 |= globalplatform.StoreLast
			return r.secured(ctx, c)
		}
		if err := r.secured(ctx, c); err != nil {
			return fmt.Errorf("block %d: %w", block, err)
		}
	}
}

// createFiles makes and writes each file.
func (r *run) createFiles(ctx context.Context) error {
	return r.each(r.application.Files, func(i Item, b []byte) error { return r.createFile(ctx, i, b) })
}

// maxOffset is the last offset that UPDATE BINARY can have in P1-P2.
const maxOffset = 0x7FFF

// createFile makes and writes one file.
func (r *run) createFile(ctx context.Context, i Item, b []byte) error {
	size := binary.BigEndian.AppendUint16(nil, uint16(len(b)))
	parameters := tlv.Encode(0x62, tlv.Encode(0x80, size), tlv.Encode(0x82, []byte{0x01}), tlv.Encode(0x83, i.Tag))
	if _, err := r.send(ctx, apdu.Command{INS: apdu.CreateFile, Data: parameters}); err != nil {
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

// updateOverhead is how many bytes the objects of UPDATE BINARY with odd instruction
// take beside the data: 54 02 and the offset, 53 and up to three of length.
const updateOverhead = 4 + 4

// update is UPDATE BINARY: by its even instruction as far as that reaches, then by
// the odd one, with the offset in an object.
func update(offset int, part []byte) apdu.Command {
	high, low := byte(offset>>8&0xFF), byte(offset&0xFF)
	if offset <= maxOffset {
		return apdu.Command{INS: apdu.UpdateBinary, P1: high, P2: low, Data: part}
	}
	return apdu.Command{INS: apdu.UpdateBinaryOdd, Data: append(tlv.Encode(0x54, []byte{high, low}), tlv.Encode(0x53, part)...)}
}

// putKeys replaces the chip's key set, unless an earlier try has done so.
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
