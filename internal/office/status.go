package office

import (
	"example.org/cancuoc/internal/cardstatus"
)

// Status is what verifiers hear of cards.
type Status struct {
	Signer    *cardstatus.Signer
	Lists     *cardstatus.Lists
	Answers   *cardstatus.Answers
	Verifiers *cardstatus.Verifiers
}

// Status opens it once; it is nil in production without a key.
func (o *Office) Status() (*Status, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.config.Status
	if o.status != nil || c.KeyFile == "" {
		return o.status, nil
	}
	signer, err := cardstatus.OpenSigner(c.KeyFile, c.CertificatesFile, !o.config.Production(), o.Now)
	if err != nil {
		return nil, err
	}
	if signer.Ended() {
		o.logger.Warn("The certificate of the key that signs what verifiers hear has ended: make another (starter keys status)", "kid", signer.KeyID()) //nolint:noctx // there is none
	}
	lists := cardstatus.NewLists(o.Registry, signer, o.config.Gateway.PublicURL, c.TTL, o.Now)
	o.status = &Status{
		Signer: signer, Lists: lists,
		Answers: cardstatus.NewAnswers(o.Registry, signer, lists, o.Now), Verifiers: cardstatus.NewVerifiers(o.Registry, o.Now),
	}
	return o.status, nil
}
