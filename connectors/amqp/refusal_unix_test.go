//go:build unix

package amqp_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// What real servers refuse that are set up to.

// definitions writes what a server is to begin with: the user u, with the password of the tests, who may
// write to what write says, and with topics that begin with "open.".
func definitions(t *testing.T, write string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "definitions.json")
	text := fmt.Sprintf(`{"users":[{"name":"u","password":%q,"tags":""},{"name":"guest","password":"guest","tags":"administrator"}],"vhosts":[{"name":"/"}],
		"permissions":[{"user":"u","vhost":"/","configure":"^g:open|^amq","write":%q,"read":"^g:open|amq.topic"},{"user":"guest","vhost":"/","configure":".*","write":".*","read":".*"}],
		"topic_permissions":[{"user":"u","vhost":"/","exchange":"amq.topic","write":"^open[.]","read":"^open[.]"}]}`, bustest.Password, write)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "load_definitions = " + file
}

func TestUserThatMayNotHaveTheTopic(t *testing.T) {
	t.Parallel()
	o := newOwn(t, definitions(t, "^g:open|amq.topic"))
	bus := open(t, config(t, o.addr, map[string]any{"username": "u", "password": plugins.NewSecret(bustest.Password)}, nil))
	bustest.Refused(t, bus, bustest.Subscribe("secret.a"), o.addr, "ACCESS_REFUSED", "the user is not allowed to do that: grant it")
	out := &bustest.Outlet{}
	joined(t, bus, bustest.Subscribe("open.a"), out)
	err := bustest.Insist(t, bus, "secret.a", "1", "2")
	bustest.Permanent(t, err, "access to topic 'secret.a' in exchange 'amq.topic'", "the user is not allowed to do that: grant it")

	sink, err := bus.Writer(connectors.Publication{}, bustest.Env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		batch := bustest.Batch(connectors.Record{Topic: "open.a", Value: []byte("1")}, connectors.Record{Topic: "secret.a", Value: []byte("2")}, connectors.Record{Topic: "open.a", Value: []byte("3")})
		var rows plugins.RowErrors
		if err := bustest.Persist(t, sink, batch); !errors.As(err, &rows) || len(rows) != 1 || rows[0].Row != 1 {
			t.Fatalf("the sink says %v", err)
		}
		bustest.Says(t, rows, "access to topic 'secret.a' in exchange 'amq.topic'", "allow it there (topic permissions), or write to another topic")
	}
	out.Await(t, 4)
	if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUserThatMayNotPublish(t *testing.T) {
	t.Parallel()
	o := newOwn(t, definitions(t, "^g:open"))
	bus := open(t, config(t, o.addr, map[string]any{"username": "u", "password": plugins.NewSecret(bustest.Password), "create": "never"}, nil))
	bustest.Permanent(t, bustest.Insist(t, bus, "open.a", "1", "2"), "access to exchange 'amq.topic'", "the user is not allowed to do that: grant it")
}

func TestServerWithTLS(t *testing.T) {
	t.Parallel()
	cert, key := bustest.Certificate(t)
	o := newOwn(t, "listeners.ssl.default = SECURE", "ssl_options.certfile = "+cert, "ssl_options.keyfile = "+key, "ssl_options.verify = verify_none")
	over := func(url string, tls map[string]any) connectors.Bus {
		var blocks []plugins.ConfigBlock
		if tls != nil {
			blocks = append(blocks, bustest.Nested(kindOf(t).Schema, "tls", tls))
		}
		return open(t, config(t, o.addr, map[string]any{"url": url, "mandatory": false}, nil, blocks...))
	}
	a := bustest.Subscribe("a.b")
	bustest.Refused(t, over("amqp://"+o.secure, nil), a, o.secure, "does not speak AMQP 0-9-1: use another port, or write amqps:// in url if it expects TLS")
	bustest.Refused(t, over("amqps://"+o.addr, nil), a, o.addr, "it speaks no TLS there", "write amqp:// in url")
	bustest.Refused(t, over("amqps://"+o.secure, nil), a, o.secure, "the server's certificate is not trusted", "set tls.ca_file to the authority that signed it")
	bustest.Refused(t, over("amqps://"+o.secure, map[string]any{"ca_file": cert, "server_name": "other.example"}), a, "tls.server_name")
	if err := bustest.Put(t, over("amqps://"+o.secure, map[string]any{"ca_file": cert}), "a.b", "1"); err != nil {
		t.Error(err)
	}
}
