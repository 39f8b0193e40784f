package kafka_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
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
			bustest.Permanent(t, err, `the credentials of "onstream" are not accepted (`+mechanism+`)`, "check sasl.username and sasl.password", addr)
			if strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("the message tells the password: %v", err)
			}
			r := read(t, connect(t, addr, map[string]any{"startup": "wait"}, sasl("wr0ng")), connectors.Subscription{Topic: "out"}, bustest.Env("source.in"), nil, &bustest.Outlet{})
			bustest.Permanent(t, r.Err(t), "check sasl.username and sasl.password")
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
	bustest.Permanent(t, tried(t, connect(t, addr, map[string]any{"startup": "wait"}, nested(t, "sasl", "mechanism", "OAUTHBEARER", "token_file", file))), "OAUTHBEARER")
}

func TestTLSMismatch(t *testing.T) {
	t.Parallel()
	authority, key := bustest.Certificate(t)
	shown, err := tls.LoadX509KeyPair(authority, key)
	if err != nil {
		t.Fatal(err)
	}
	secure := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{shown}}), kfake.SeedTopics(1, "out")).ListenAddrs()[0]
	plain := cluster(t, kfake.SeedTopics(1, "out")).ListenAddrs()[0]
	wait := map[string]any{"startup": "wait"}
	if err := tried(t, connect(t, secure, wait, nested(t, "tls", "ca_file", authority))); err != nil {
		t.Errorf("the authority is not trusted: %v", err)
	}
	bustest.Permanent(t, tried(t, connect(t, secure, wait, nested(t, "tls"))), "certificate", "set tls.ca_file")
	bustest.Permanent(t, tried(t, connect(t, secure, wait, nested(t, "tls", "ca_file", authority, "server_name", "other.example"))), "certificate", "tls.server_name")
	bustest.Permanent(t, tried(t, connect(t, secure, wait)), "it speaks TLS on that port", `security_protocol = "SSL"`)
	// The server waits for more of what it takes for the size of a request.
	silent := map[string]any{"startup": "wait", "connect_timeout": 2 * time.Second}
	bustest.Permanent(t, tried(t, connect(t, plain, silent, nested(t, "tls"))), "it does not speak TLS on that port", `security_protocol = "PLAINTEXT"`)
}

func TestAServerOfSomethingElse(t *testing.T) {
	t.Parallel()
	addr := bustest.Speaks(t, "HTTP/1.1 400 Bad Request\r\n\r\n")
	bustest.Permanent(t, tried(t, connect(t, addr, map[string]any{"startup": "wait"})), "what answers does not speak the protocol of Kafka", "correct the port in bootstrap_servers")
}

func TestCredentialsThatAreMissing(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "p")).ListenAddrs()[0]
	bustest.Permanent(t, tried(t, connect(t, addr, map[string]any{"startup": "wait"})), "say who you are in a block sasl")
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
	bustest.Refused(t, bus, bustest.Subscribe("secret"), `"secret"`, "the user is not allowed", "Read to read")
	bustest.Refused(t, bus, bustest.Subscribe("in"), `join the group "g"`, "grant Read on it")
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
	addr := bustest.Nowhere(t)
	var logged bytes.Buffer
	e := bustest.Env("source.in")
	e.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	bustest.Permanent(t, tried(t, connect(t, addr, nil)), addr, "connection refused", `startup = "wait"`)
	bustest.Permanent(t, read(t, connect(t, addr, nil), connectors.Subscription{Topic: "in"}, e, nil, &bustest.Outlet{}).Err(t), "connection refused")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	patient := write(t, connect(t, addr, map[string]any{"startup": "wait"}), "out")
	if err := patient.(plugins.Opener).Open(ctx); err == nil || plugins.IsPermanent(err) {
		t.Errorf("a sink that may wait gives up: %v", err)
	}
}
