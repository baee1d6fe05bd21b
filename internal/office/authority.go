package office

import (
	"time"

	"example.org/cancuoc/config"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
)

// chipProfile is what the LDS of a chip holds and how it is secured.
func chipProfile(c config.Personalization) (lds.Profile, error) {
	chip, err := lds.ProfileByName(c.Profile)
	if err != nil {
		return chip, err
	}
	chip.NamedCurves, chip.LeaveOutUnknown = c.NamedCurves, c.LeaveOutUnknown
	if c.ActiveAuthentication == "rsa" {
		chip.AACurve = ""
	}
	for i, content := range c.Further {
		chip.Further = append(chip.Further, lds.Further{Number: lds.FirstFurther + i, Content: content})
	}
	return chip, chip.Check()
}

// Authority opens the certificates and document signers, with keys in the HSM where one
// is named, and makes what is missing but a CSCA; in development they are files, made at
// the first start, the CSCA too.
func (o *Office) Authority() (*pki.Authority, error) {
	authority, err := o.OpenAuthority()
	if err != nil {
		return nil, err
	}
	return authority, authority.Ensure(o.Now())
}

// OpenAuthority opens the certificates and document signers, and makes nothing.
func (o *Office) OpenAuthority() (*pki.Authority, error) {
	options := pki.Options{
		CSCACurve: o.chip.SODCurve, SignerCurve: o.chip.SODCurve, NamedCurves: o.chip.NamedCurves,
		Production: o.config.Production(), Clock: o.Now,
	}
	token := o.config.Keys.PKCS11
	if token.Module == "" {
		return pki.OpenDev(o.config.PKI.Dir, options)
	}
	pin, err := token.PIN()
	if err != nil {
		return nil, err
	}
	hsm, err := keys.OpenPKCS11(keys.HSM{Module: token.Module, Token: token.Token, PIN: string(pin), Sessions: token.Sessions})
	if err != nil {
		return nil, err
	}
	return pki.Open(o.config.PKI.Dir, hsm, options)
}

// signatureCA gives the CA for digital signatures, which production never makes by the way.
func (o *Office) signatureCA(authority *pki.Authority) func() (*pki.SignatureCA, error) {
	return cached(func() (*pki.SignatureCA, error) {
		if o.config.Production() {
			return authority.SignatureCA()
		}
		return authority.MakeSignatureCA(o.Now())
	}, time.Minute)
}

// cached asks again only when the last answer is older than while.
func cached[T any](ask func() (T, error), while time.Duration) func() (T, error) {
	type answer struct {
		value T
		at    time.Time
	}
	last := make(chan *answer, 1)
	last <- nil
	return func() (T, error) {
		a := <-last
		defer func() { last <- a }()
		if a != nil && time.Since(a.at) < while {
			return a.value, nil
		}
		value, err := ask()
		if err == nil {
			a = &answer{value, time.Now()} //nolint:forbidigo // for how long it is kept
		}
		return value, err
	}
}
