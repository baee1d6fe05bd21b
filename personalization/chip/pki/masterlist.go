package pki

import (
	"bytes"
	"crypto"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"example.org/cancuoc/personalization/chip/cms"
	"example.org/cancuoc/personalization/chip/tlv"
)

// MasterList is a signed list of CSCA certificates (9303-12, 9).
type MasterList struct {
	Raw    []byte // ContentInfo, DER
	Signer *Certificate
	CSCAs  []*Certificate
}

// issueMasterList signs a list of CSCA certificates.
func issueMasterList(random io.Reader, signer, issuer *Certificate, key crypto.Signer, cscas []*Certificate, at time.Time) ([]byte, error) {
	var list [][]byte
	for _, c := range cscas {
		list = append(list, c.Raw)
	}
	slices.SortFunc(list, bytes.Compare)
	content := tlv.Encode(0x30, tlv.Encode(0x02, []byte{0}), tlv.Encode(0x31, list...))
	return cms.Sign(random, cms.Signing{
		ContentType:  oidMasterList,
		Content:      content,
		Certificates: [][]byte{signer.Raw, issuer.Raw},
		Issuer:       signer.Issuer,
		Serial:       signer.Serial,
		Key:          key,
		Hash:         cms.HashFor(key.Public()),
		At:           at,
	})
}

// ParseMasterList reads a master list and checks its signature with the signer's
// certificate inside, which may not be trusted: see [TrustStore.CheckMasterList].
func ParseMasterList(der []byte) (*MasterList, error) {
	data, err := cms.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("master list: %w", err)
	}
	if !data.ContentType.Equal(oidMasterList) {
		return nil, fmt.Errorf("%w: content of type %s is not a master list", ErrMalformed, data.ContentType)
	}
	signer, err := SignerOf(data)
	if err != nil {
		return nil, fmt.Errorf("master list: %w", err)
	}
	if err := data.CheckSignature(signer.PublicKey); err != nil {
		return nil, fmt.Errorf("master list: %w", err)
	}
	m := &MasterList{Raw: der, Signer: signer}
	content := cryptobyte.String(data.Content)
	var body, set cryptobyte.String
	var version int
	if !content.ReadASN1(&body, cbasn1.SEQUENCE) || !content.Empty() || !body.ReadASN1Integer(&version) ||
		!body.ReadASN1(&set, cbasn1.SET) || !body.Empty() {
		return nil, fmt.Errorf("%w: the master list", ErrMalformed)
	}
	for !set.Empty() {
		var one cryptobyte.String
		if len(m.CSCAs) == 4096 || !set.ReadASN1Element(&one, cbasn1.SEQUENCE) {
			return nil, fmt.Errorf("%w: the master list", ErrMalformed)
		}
		c, err := ParseCertificate(one)
		if err != nil {
			return nil, fmt.Errorf("master list: %w", err)
		}
		m.CSCAs = append(m.CSCAs, c)
	}
	return m, nil
}

// CheckMasterList checks that the signer of a master list is certified for that by a
// trusted CSCA, and valid at that time. Every error wraps ErrUntrusted.
func (t *TrustStore) CheckMasterList(m *MasterList, at time.Time) error {
	csca, err := t.issuer(m.Signer)
	switch {
	case err != nil:
		return err
	case !m.Signer.MasterListSigner:
		return untrusted("its certificate is not for master lists")
	case !m.Signer.Valid.Contains(at):
		return untrusted("its certificate is valid only from %s to %s", day(m.Signer.Valid.From), day(m.Signer.Valid.To))
	}
	return t.checkRevocation(m.Signer, csca, at)
}

// SignerOf finds the signer's certificate in a SignedData, by issuer and serial or by
// key identifier. Those that are known already need not be read again.
func SignerOf(data *cms.SignedData, known ...*Certificate) (*Certificate, error) {
	for _, raw := range data.Certificates {
		c, err := parseUnlessKnown(raw, known)
		if err != nil {
			return nil, err
		}
		s := &data.Signer
		if s.SubjectKeyID != nil && bytes.Equal(s.SubjectKeyID, c.SubjectKeyID) ||
			s.SubjectKeyID == nil && bytes.Equal(s.Issuer, c.Issuer) && s.Serial.Cmp(c.Serial) == 0 {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%w: the certificate of the signer is missing", ErrMalformed)
}

// parseUnlessKnown is ParseCertificate of what is none of the known ones, byte for byte.
func parseUnlessKnown(raw []byte, known []*Certificate) (*Certificate, error) {
	for _, c := range known {
		if bytes.Equal(c.Raw, raw) {
			return c, nil
		}
	}
	return ParseCertificate(raw)
}
