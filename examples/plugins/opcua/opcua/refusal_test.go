package opcua_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/examples/plugins/opcua/simulator"
	"github.com/onstream/onstream/plugins"
)

// identity is a certificate in DER and its key, and files with both in PEM.
type identity struct {
	der               []byte
	key               *rsa.PrivateKey
	certFile, keyFile string
}

func newIdentity(t *testing.T) identity {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "onstream"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		URIs: []*url.URL{{Scheme: "urn", Opaque: "onstream:test"}}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageDataEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return identity{der, key, save(t, "CERTIFICATE", der), save(t, "PRIVATE KEY", private)}
}

// save writes a file in PEM.
func save(t *testing.T, what string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: what, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWhatTheServerRefuses has mistakes that only the server knows: the source ends and says what to do.
func TestWhatTheServerRefuses(t *testing.T) {
	t.Parallel()
	theirs, ours := newIdentity(t), newIdentity(t)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curveDER, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	open, protected := serve(t, simulator.Config{}), serve(t, simulator.Config{Policy: "Basic256Sha256", Certificate: theirs.der, Key: theirs.key})
	open.Set("x", 1.0)
	relay := newRelay(t)
	relay.to(open.Endpoint())
	secure := func(change attrs) attrs {
		a := attrs{"endpoint": protected.Endpoint(), "security_policy": "Basic256Sha256", "certificate_file": ours.certFile, "key_file": ours.keyFile, "server_certificate_file": theirs.certFile}
		for name, v := range change {
			a[name] = v
		}
		return a
	}
	for name, c := range map[string]struct {
		given attrs
		id    string
		want  string
	}{
		"unknown node":      {attrs{"endpoint": open.Endpoint()}, "ns=1;s=y", `node "b" (ns=1;s=y): BadNodeIDUnknown: the server has no such node: look at its id, and whether the namespace has this number there`},
		"unknown namespace": {attrs{"endpoint": open.Endpoint()}, "ns=9;s=x", `node "b" (ns=9;s=x): Bad: the server does not give it: look at its id, and whether the namespace has this number there`},
		"another policy": {secure(attrs{"security_policy": "Aes256_Sha256_RsaPss"}), "ns=1;s=x",
			"the server at ENDPOINT has no endpoint with the policy Aes256_Sha256_RsaPss and the mode SignAndEncrypt: write security_policy and security_mode as it has them, Basic256Sha256 with SignAndEncrypt"},
		"no protection": {attrs{"endpoint": protected.Endpoint()}, "ns=1;s=x",
			"the server at ENDPOINT has no endpoint with the policy None and the mode None: write security_policy and security_mode as it has them, Basic256Sha256 with SignAndEncrypt"},
		"another server": {secure(attrs{"server_certificate_file": ours.certFile}), "ns=1;s=x",
			"the server at ENDPOINT shows another certificate than that of server_certificate_file: if it was renewed, save the new one there, otherwise somebody else answers"},
		"another name": {attrs{"endpoint": relay.endpoint()}, "ns=1;s=x", "the server at ENDPOINT has no endpoint of this name: write endpoint as the server calls itself"},
		"no users":     {attrs{"endpoint": open.Endpoint(), "user": "operator", "password": plugins.NewSecret("open sesame"), "allow_plain_password": true}, "ns=1;s=x", "at the endpoint of ENDPOINT with the policy None nobody can log on with a name and password: leave user out, or have the server allow it"},
		"key of another": {secure(attrs{"key_file": theirs.keyFile}), "ns=1;s=x",
			"key_file: " + theirs.keyFile + " is not the key of the certificate in " + ours.certFile},
		"no certificate": {secure(attrs{"certificate_file": ours.keyFile}), "ns=1;s=x", "certificate_file: " + ours.keyFile + " has no CERTIFICATE"},
		"broken certificate": {secure(attrs{"certificate_file": save(t, "CERTIFICATE", []byte("no"))}), "ns=1;s=x",
			"file.pem holds no certificate: write one in PEM or DER"},
		"no RSA key":     {secure(attrs{"key_file": save(t, "PRIVATE KEY", curveDER)}), "ns=1;s=x", "file.pem holds no RSA key, which is what OPC UA uses: write one in PEM or DER, without a passphrase"},
		"no file at all": {secure(attrs{"key_file": "/nowhere/key.pem"}), "ns=1;s=x", "key_file: open /nowhere/key.pem: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig()
			r.start(t, c.given, node("a", attrs{"id": "i=2258"}), node("b", attrs{"id": c.id}))
			err := r.fails(t)
			want := strings.ReplaceAll(c.want, "ENDPOINT", c.given["endpoint"].(string))
			if err == nil || !strings.Contains(err.Error(), want) || !plugins.IsPermanent(err) {
				t.Errorf("the error is %v\nwant %s", err, want)
			}
			if strings.Contains(err.Error()+r.journal.String(), "sesame") {
				t.Error("the password was told")
			}
		})
	}
}
