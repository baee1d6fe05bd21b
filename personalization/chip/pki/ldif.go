package pki

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
)

// pkdRoot is where the ICAO PKD keeps what States have published.
const pkdRoot = "dc=data,dc=download,dc=pkd,dc=icao,dc=int"

// LDIF gives what a State publishes in the ICAO PKD (Doc 9303-12, 6): the certificates of
// its document signers, also of those that sign no more, its revocation list and its
// master list, each at its place in the PKD's directory, as LDIF (RFC 2849). What was not
// signed yet is left out. The PKD itself gives versions and says what conforms.
func (l Listing) LDIF() ([]byte, error) {
	b := bytes.NewBufferString("version: 1\n")
	for _, s := range l.Signers {
		issuer, err := directoryName(s.Certificate.Issuer)
		if err != nil {
			return nil, err
		}
		serial := fmt.Sprintf("%X", s.Certificate.Serial)
		entry(b, fmt.Sprintf("cn=%s+sn=%s,o=dsc,c=%s,%s", escaped(issuer), serial, s.Certificate.Country, pkdRoot),
			[][2]string{
				{"objectClass", "top"},
				{"objectClass", "person"},
				{"objectClass", "organizationalPerson"},
				{"objectClass", "inetOrgPerson"},
				{"objectClass", "pkdDownload"},
				{"cn", issuer},
				{"sn", serial},
			}, "userCertificate;binary", s.Certificate.Raw)
	}
	country := ""
	if len(l.CSCAs) > 0 {
		country = l.CSCAs[len(l.CSCAs)-1].Certificate.Country
	}
	if l.CRL != nil {
		issuer, err := directoryName(l.CRL.Issuer)
		if err != nil {
			return nil, err
		}
		entry(b, fmt.Sprintf("cn=%s,o=crl,c=%s,%s", escaped(issuer), country, pkdRoot),
			[][2]string{{"objectClass", "top"}, {"objectClass", "cRLDistributionPoint"}, {"objectClass", "pkdDownload"}, {"cn", issuer}},
			"certificateRevocationList;binary", l.CRL.Raw)
	}
	if len(l.MasterList) > 0 {
		signer, err := directoryName(l.CSCAs[len(l.CSCAs)-1].Certificate.Subject)
		if err != nil {
			return nil, err
		}
		entry(b, fmt.Sprintf("cn=%s,o=ml,c=%s,%s", escaped(signer), country, pkdRoot),
			[][2]string{{"objectClass", "top"}, {"objectClass", "person"}, {"objectClass", "pkdMasterList"}, {"objectClass", "pkdDownload"}, {"cn", signer}, {"sn", "1"}},
			"pkdMasterListContent", l.MasterList)
	}
	return b.Bytes(), nil
}

// directoryName writes a name (DER) as a directory does (RFC 4514): CN=...,O=...,C=VN.
func directoryName(der []byte) (string, error) {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return "", fmt.Errorf("%w: a certificate's name", ErrMalformed)
	}
	return name.String(), nil
}

// escaped is a value within a distinguished name (RFC 4514, 2.4).
var escaped = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `+`, `\+`, `"`, `\"`, `<`, `\<`, `>`, `\>`, `;`, `\;`, `=`, `\=`).Replace

// entry writes one entry of the directory: its name, its attributes, and last a binary one.
func entry(b *bytes.Buffer, name string, attributes [][2]string, binary string, value []byte) {
	b.WriteByte('\n')
	attribute(b, "dn", name)
	for _, a := range attributes {
		attribute(b, a[0], a[1])
	}
	folded(b, binary+":: "+base64.StdEncoding.EncodeToString(value))
}

// attribute writes a text, in base64 where LDIF cannot have it as it is (RFC 2849, note 8).
func attribute(b *bytes.Buffer, name, value string) {
	plain := !strings.HasPrefix(value, " ") && !strings.HasPrefix(value, ":") && !strings.HasPrefix(value, "<") && !strings.HasSuffix(value, " ") &&
		!strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII || r < ' ' })
	if plain {
		folded(b, name+": "+value)
		return
	}
	folded(b, name+":: "+base64.StdEncoding.EncodeToString([]byte(value)))
}

// folded writes a line, continued after a space where it is longer than 76 characters.
func folded(b *bytes.Buffer, line string) {
	const width = 76
	for len(line) > width {
		b.WriteString(line[:width] + "\n ")
		line = line[width:]
	}
	b.WriteString(line + "\n")
}
