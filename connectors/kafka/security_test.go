package kafka_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// certificate returns what a server on the loopback shows, and a file with the
// authority that signed it.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// tried returns what a sink that is opened says.
func tried(t *testing.T, bus connectors.Bus) error {
	t.Helper()
	return write(t, bus, "out").(plugins.Opener).Open(t.Context())
}

func TestWhoIsLetIn(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			c := cluster(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "onstream", "s3cret"), kfake.SeedTopics(1, "out"))
			addr := c.ListenAddrs()[0]
			sasl := func(password string) plugins.ConfigBlock {
				return nested(t, "sasl", "mechanism", mechanism, "username", "onstream", "password", plugins.NewSecret(password))
			}
			if err := tried(t, connect(t, addr, nil, sasl("s3cret"))); err != nil {
				t.Errorf("the right password is not accepted: %v", err)
			}
			c.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl() // the fake would only end the connection
				resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
				resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
				return resp, nil, true
			})
			err := tried(t, connect(t, addr, map[string]any{"startup": "wait"}, sasl("wr0ng")))
			refused(t, err, `the credentials of "onstream" are not accepted (`+mechanism+`)`, "check sasl.username and sasl.password", addr)
			if strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("the message tells the password: %v", err)
			}
			r := read(t, connect(t, addr, map[string]any{"startup": "wait"}, sasl("wr0ng")), connectors.Subscription{Topic: "out"}, env("source.in"), nil, &bustest.Outlet{})
			r.fails(t, "check sasl.username and sasl.password")
		})
	}
}

func TestAMechanismThatTheClusterDoesNotHave(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "p")).ListenAddrs()[0]
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("t0ken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, tried(t, connect(t, addr, map[string]any{"startup": "wait"}, nested(t, "sasl", "mechanism", "OAUTHBEARER", "token_file", file))), "OAUTHBEARER")
}

func TestTLSMismatch(t *testing.T) {
	t.Parallel()
	shown, authority := certificate(t)
	secure := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{shown}}), kfake.SeedTopics(1, "out")).ListenAddrs()[0]
	plain := cluster(t, kfake.SeedTopics(1, "out")).ListenAddrs()[0]
	wait := map[string]any{"startup": "wait"}
	if err := tried(t, connect(t, secure, wait, nested(t, "tls", "ca_file", authority))); err != nil {
		t.Errorf("the authority is not trusted: %v", err)
	}
	refused(t, tried(t, connect(t, secure, wait, nested(t, "tls"))), "certificate", "set tls.ca_file")
	refused(t, tried(t, connect(t, secure, wait, nested(t, "tls", "ca_file", authority, "server_name", "other.example"))), "certificate", "tls.server_name")
	refused(t, tried(t, connect(t, secure, wait)), "it speaks TLS on that port", `security_protocol = "SSL"`)
	refused(t, tried(t, connect(t, plain, wait, nested(t, "tls"))), "it does not speak TLS on that port", `security_protocol = "PLAINTEXT"`)
}

func TestCredentialsThatAreMissing(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "p")).ListenAddrs()[0]
	refused(t, tried(t, connect(t, addr, map[string]any{"startup": "wait"})), "say who you are in a block sasl")
}

func TestWhatAUserIsNotAllowed(t *testing.T) {
	t.Parallel()
	allow := func(resource kmsg.ACLResourceType, name string, op kmsg.ACLOperation) kfake.ACL {
		return kfake.ACL{Resource: resource, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true}
	}
	topic := kmsg.ACLResourceTypeTopic
	addr := cluster(
		t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "p"), kfake.SeedTopics(1, "out", "in", "secret"),
		kfake.User("PLAIN", "u", "p", allow(topic, "in", kmsg.ACLOperationRead), allow(topic, "out", kmsg.ACLOperationDescribe), allow(topic, "in", kmsg.ACLOperationWrite)),
	).ListenAddrs()[0]
	bus := connect(t, addr, map[string]any{"startup": "wait"}, nested(t, "sasl", "mechanism", "PLAIN", "username", "u", "password", plugins.NewSecret("p")))
	read(t, bus, connectors.Subscription{Topic: "secret"}, env("source.in"), nil, &bustest.Outlet{}).fails(t, `"secret"`, "the user is not allowed", "Read to read")
	read(t, bus, connectors.Subscription{Topic: "in"}, env("source.in"), nil, &bustest.Outlet{}).fails(t, `join the group "g"`, "grant Read on it")
	s := write(t, bus, "out")
	if err := s.(plugins.Opener).Open(t.Context()); err != nil {
		t.Fatalf("it can be described: %v", err)
	}
	rows := rowsOf(t, send(t, s, batchOf(row{value: "x"})).wait(t))
	if len(rows) != 1 || !strings.Contains(rows[0].Msg, "Write and") {
		t.Errorf("%v", rows)
	}
}

func TestAClusterThatIsNotThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	var logged bytes.Buffer
	e := env("source.in")
	e.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	refused(t, tried(t, connect(t, addr, nil)), addr, "connection refused", `startup = "wait"`)
	read(t, connect(t, addr, nil), connectors.Subscription{Topic: "in"}, e, nil, &bustest.Outlet{}).fails(t, "connection refused")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	patient := write(t, connect(t, addr, map[string]any{"startup": "wait"}), "out")
	if err := patient.(plugins.Opener).Open(ctx); err == nil || plugins.IsPermanent(err) {
		t.Errorf("a sink that may wait gives up: %v", err)
	}
}
