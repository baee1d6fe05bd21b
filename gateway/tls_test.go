package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
)

// authority is a CA that signs the certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	a := authority{cert, key, t.TempDir()}
	a.write(t, "ca.pem", "CERTIFICATE", der)
	return a
}

func (a authority) write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(a.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func (a authority) file(name string) string { return filepath.Join(a.dir, name) }

// sign writes NAME.pem and NAME.key, a certificate for loopback with that serial.
func (a authority) sign(t *testing.T, name string, serial int64) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	a.write(t, name+".pem", "CERTIFICATE", der)
	a.write(t, name+".key", "PRIVATE KEY", private)
	pair, err := tls.LoadX509KeyPair(a.file(name+".pem"), a.file(name+".key"))
	require.NoError(t, err)
	return pair
}

// client trusts the authority, and has those certificates.
func (a authority) client(most uint16, own ...tls.Certificate) *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: most, Certificates: own, MinVersion: tls.VersionTLS12},
	}}
}

// serveEncrypted serves who asked over what on two listeners, as the program does.
func serveEncrypted(t *testing.T, c config.Config) (inside, outside string) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	forInside, forOutside, err := encryption(c, quiet)
	require.NoError(t, err)
	handler := secured(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			_, _ = io.WriteString(w, tls.VersionName(r.TLS.Version))
		}
	}), c.Gateway)
	doors := []*door{{encryption: forInside, handler: handler}, {encryption: forOutside, handler: handler}}
	for _, d := range doors {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		d.lines = newLines(listener, 10, d.encryption)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- serveAll(ctx, doors, c.Gateway, quiet) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-served)
	})
	return "https://" + doors[0].lines.Addr().String(), "https://" + doors[1].lines.Addr().String()
}

// got is an answer.
type got struct {
	text   string
	header http.Header
	serial int64 // of the gateway's certificate
}

func get(client *http.Client, address string) (got, error) {
	answer, err := client.Get(address) //nolint:noctx // it ends with its server
	if err != nil {
		return got{}, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return got{string(b), answer.Header, answer.TLS.PeerCertificates[0].SerialNumber.Int64()}, err
}

// Both listeners speak TLS 1.3 and nothing older; who comes to that of stations and
// officers shows a certificate; and a renewed one is served without a restart.
func TestServe_EncryptsBySettings(t *testing.T) {
	t.Parallel()
	a, other := newAuthority(t), newAuthority(t)
	a.sign(t, "gateway", 7)
	own, foreign := a.sign(t, "client", 8), other.sign(t, "client", 9)
	c := config.Config{Gateway: limits(t)}
	c.Gateway.TLSCertFile, c.Gateway.TLSKeyFile, c.Gateway.TLSClientCAFile = a.file("gateway.pem"), a.file("gateway.key"), a.file("ca.pem")
	inside, outside := serveEncrypted(t, c)

	answer, err := get(a.client(tls.VersionTLS13), outside)
	require.NoError(t, err)
	require.Equal(t, "TLS 1.3", answer.text)
	require.Contains(t, answer.header.Get("Strict-Transport-Security"), "max-age=")
	answer, err = get(a.client(tls.VersionTLS13, own), inside)
	require.NoError(t, err)
	require.Equal(t, "TLS 1.3", answer.text)

	_, err = get(a.client(tls.VersionTLS12), outside)
	require.ErrorContains(t, err, "protocol version")
	_, err = get(a.client(tls.VersionTLS13), inside)
	require.Error(t, err, "without a certificate")
	_, err = get(a.client(tls.VersionTLS13, foreign), inside)
	require.Error(t, err, "with another's certificate")
	_, err = get(http.DefaultClient, "http"+outside[len("https"):])
	require.Error(t, err, "unencrypted")

	serial := func() int64 {
		answer, err := get(a.client(tls.VersionTLS13), outside)
		require.NoError(t, err)
		return answer.serial
	}
	require.EqualValues(t, 7, serial())
	require.NoError(t, os.WriteFile(a.file("gateway.key"), []byte("half"), 0o600))
	require.EqualValues(t, 7, serial(), "while it is renewed")
	a.sign(t, "gateway", 10)
	require.EqualValues(t, 10, serial())
}

// Production does not serve plain HTTP, unless somebody said that it is behind a proxy.
func TestEncryption_ProductionWantsIt(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	_, _, err := encryption(config.Config{Profile: "production"}, quiet)
	require.ErrorContains(t, err, "gateway.tls_cert_file is empty; production needs it")
	_, _, err = encryption(config.Config{Profile: "production", Gateway: config.Gateway{BehindProxy: true}}, quiet)
	require.NoError(t, err)
	_, _, err = encryption(config.Config{Gateway: config.Gateway{TLSCertFile: "absent", TLSKeyFile: "absent"}}, quiet)
	require.ErrorContains(t, err, "gateway.tls_cert_file")
	a := newAuthority(t)
	a.sign(t, "gateway", 1)
	broken := config.Gateway{TLSCertFile: a.file("gateway.pem"), TLSKeyFile: a.file("gateway.key"), TLSClientCAFile: a.file("gateway.key")}
	_, _, err = encryption(config.Config{Gateway: broken}, quiet)
	require.ErrorContains(t, err, "gateway.tls_client_ca_file holds no certificate")
}
