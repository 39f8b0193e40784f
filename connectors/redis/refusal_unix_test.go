//go:build unix

package redis_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// What real servers refuse that are set up to.

func TestUserThatMayNotHaveTheTopic(t *testing.T) {
	t.Parallel()
	o := newOwn(t, "--user", "u", "on", ">"+bustest.Password, "~other*", "~onstream:*", "&*", "+@all")
	bus := open(t, config(t, o.addr, map[string]any{"username": "u", "password": plugins.NewSecret(bustest.Password)}))
	remedy := "the user is not allowed to do that: grant it"
	bustest.Refused(t, bus, bustest.Subscribe("secret"), o.addr, "NOPERM", remedy)
	bustest.Permanent(t, bustest.Put(t, bus, "secret", "1", "2"), "NOPERM", remedy)
	sink, err := bus.Writer(connectors.Publication{}, bustest.Env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // also when something was written before
		batch := bustest.Batch(connectors.Record{Topic: "other.a", Value: []byte("1")}, connectors.Record{Topic: "secret", Value: []byte("2")}, connectors.Record{Topic: "other.b", Value: []byte("3")})
		done := make(chan error, 1)
		if err := sink.Write(t.Context(), batch, func(err error) { done <- err }); err != nil {
			t.Fatal(err)
		}
		var rows plugins.RowErrors
		if err := <-done; !errors.As(err, &rows) || len(rows) != 1 || rows[0].Row != 1 {
			t.Fatalf("the sink says %v", err)
		}
		bustest.Says(t, rows, "stream secret: NOPERM", remedy)
	}
	for _, topic := range []string{"other.a", "other.b"} {
		out := &bustest.Outlet{}
		bustest.Read(t, bus, bustest.Subscribe(topic), out)
		out.Await(t, 2)
	}
	if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestServerWithTLS(t *testing.T) {
	t.Parallel()
	cert, key := bustest.Certificate(t)
	o := newOwn(t, "--port", "0", "--tls-port", "PORT", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	tls := func(values map[string]any) plugins.Config {
		return config(t, o.addr, nil, bustest.Nested(kindOf(t).Schema, "tls", values))
	}
	a := bustest.Subscribe("a")
	bustest.Refused(t, open(t, config(t, o.addr, nil)), a, o.addr, "the server expects TLS there: write a block tls, or use another port")
	bustest.Refused(t, open(t, tls(nil)), a, o.addr, "the server's certificate is not trusted", "set tls.ca_file to the authority that signed it")
	bustest.Refused(t, open(t, tls(map[string]any{"ca_file": cert, "server_name": "other.example"})), a, o.addr, "tls.server_name")
	if err := bustest.Put(t, open(t, tls(map[string]any{"ca_file": cert})), "a", "1"); err != nil {
		t.Error(err)
	}
}

// A server may take less than the sink knows: only the record that is too large fails.
func TestServerThatTakesLess(t *testing.T) {
	t.Parallel()
	o := newOwn(t, "--proto-max-bulk-len", "1048576")
	bus, out := open(t, config(t, o.addr, nil)), &bustest.Outlet{}
	bustest.Read(t, bus, bustest.Subscribe("a"), out)
	err := bustest.Insist(t, bus, "a", "1", strings.Repeat("x", 2<<20), "2")
	var rows plugins.RowErrors
	if !errors.As(err, &rows) || len(rows) != 1 || rows[0].Row != 1 {
		t.Fatalf("the sink says %v", err)
	}
	bustest.Says(t, rows, "2097152 bytes", "proto-max-bulk-len")
	out.Await(t, 2)
}
