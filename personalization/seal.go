package personalization

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/personalization/profile"
)

// Sealer completes the images of chips that have made their keys.
type Sealer struct {
	Profile lds.Profile        // the chip profile
	Signer  sod.DocumentSigner // signs EF.SOD, on the SODCurve of the profile
	Now     func() time.Time   // when EF.SOD is signed
}

// Prove reports what would keep the next image from being sealed, where the signer can tell
// without a signature.
func (s Sealer) Prove() error {
	if p, can := s.Signer.(interface{ Prove(at time.Time) error }); can {
		return p.Prove(s.Now())
	}
	return nil
}

// Curves names the curves of the keys that the chip of an image makes, or profile.RSA.
func (s Sealer) Curves(i *chip.Image) (ca, aa string, err error) {
	p, err := s.profile(i)
	return p.CACurve, cmp.Or(p.AACurve, profile.RSA), err
}

// profile is the one that an image was composed by. One that was composed under other
// settings is completed as they were then.
func (s Sealer) profile(i *chip.Image) (lds.Profile, error) {
	if i.Profile == s.Profile.Name {
		return s.Profile, nil
	}
	return lds.ProfileByName(i.Profile)
}

// Seal gives an open image the files that depend on the chip's keys, and signs. It reads
// them back and compares them. An error is a fault and may pass.
func (s Sealer) Seal(open *chip.Image, ca, aa crypto.PublicKey) (*chip.Image, error) {
	p, err := s.profile(open)
	if err != nil {
		return nil, err
	}
	sealed := *open
	if sealed.Files, err = lds.Complete(open.Files, p, ca, aa); err != nil {
		return nil, fmt.Errorf("build data groups: %w", err)
	}
	signer := remembered{DocumentSigner: s.Signer}
	sealed.Files[lds.SOD], err = sod.Build(sealed.Files.DataGroups(), &signer, sod.Options{Hash: p.Hash, LDSVersion: p.LDSVersion, At: s.Now()})
	if err != nil {
		return nil, err
	}
	return &sealed, checkSealed(&sealed, p, signer.certificate)
}

// remembered is a signer whose last certificate is remembered: it signs very many cards.
type remembered struct {
	sod.DocumentSigner
	certificate *pki.Certificate
}

func (r *remembered) Signer(at time.Time) (*pki.Certificate, crypto.Signer, error) {
	certificate, key, err := r.DocumentSigner.Signer(at)
	r.certificate = certificate
	return certificate, key, err
}

// checkSealed reads what sealing added as a reader will, but for the certificate of who signed.
func checkSealed(i *chip.Image, p lds.Profile, signer *pki.Certificate) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("check chip image: "+format, args...)
	}
	added := maps.Clone(i.Files)
	maps.DeleteFunc(added, func(ef lds.EF, _ []byte) bool {
		row, _ := lds.Find(ef)
		return !row.OfKeys
	})
	if err := p.CheckFiles(added); err != nil {
		return fail("%w", err)
	}
	s, err := sod.Parse(i.Files[lds.SOD], signer)
	if err != nil {
		return fail("%w", err)
	}
	if signer, ok := s.Signer.PublicKey.(*ecdsa.PublicKey); !ok || signer.Curve.Params().Name != p.SODCurve {
		return fail("the document signer's key is not on %s, the curve of profile %s", p.SODCurve, p.Name)
	}
	com, err := lds.ParseCOM(i.Files[lds.COM])
	if err != nil {
		return fail("%w", err)
	}
	if !slices.Equal(com.DataGroups, s.DataGroups()) {
		return fail("EF.COM lists other data groups than EF.SOD")
	}
	return nil
}
