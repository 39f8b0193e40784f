package mqtt_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// strict starts a Mosquitto of the test's own, with lines of configuration for its listener, or skips
// the test where there is none to start. It lets in the user u, whose password is that of the tests.
func strict(t *testing.T, lines ...string) *mosquitto {
	t.Helper()
	binary := ownBinary(t)
	passwords := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(passwords, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mosquitto_passwd", "-b", passwords, "u", bustest.Password).CombinedOutput(); err != nil {
		t.Skipf("mosquitto_passwd: %v: %s", err, out)
	}
	return startMosquitto(t, binary, strings.Join(append(lines, "allow_anonymous false", "password_file "+passwords, ""), "\n"))
}

func TestUsersOfMosquitto(t *testing.T) {
	t.Parallel()
	acl := filepath.Join(t.TempDir(), "acl")
	if err := os.WriteFile(acl, []byte("user u\ntopic readwrite plant/#\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := strict(t, "acl_file "+acl)
	for _, version := range []string{"5", "3.1.1"} {
		t.Run(version, func(t *testing.T) {
			as := func(user, password string) connectors.Bus {
				values := map[string]any{"protocol_version": version}
				if user != "" {
					values["username"], values["password"] = user, plugins.NewSecret(password)
				}
				return to(t, m.addr, values)
			}
			refused(t, as("", ""), bustest.Subscribe("plant.a"), m.addr, "not authorised")
			refused(t, as("u", "wrong"), bustest.Subscribe("plant.a"), m.addr, "set username and password")
			bus := as("u", bustest.Password)
			// To read what is not allowed Mosquitto confirms, whatever the version, and brings nothing of it.
			out := &bustest.Outlet{}
			bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "plant.a"}), out)
			sink := writer(t, bus, "")
			bustest.Eventually(t, "the source reads", func() bool {
				return answered(t, give(t, sink, connectors.Record{Topic: "plant.a", Value: []byte("x")})) == nil && len(out.Records()) > 0
			})
			err := answered(t, give(t, sink, connectors.Record{Topic: "plant.a", Value: []byte("1")}, connectors.Record{Topic: "secret.a", Value: []byte("2")}, connectors.Record{Topic: "plant.a", Value: []byte("3")}))
			if version == "3.1.1" { // the protocol has no word for it: the broker confirms it, and throws it away
				if err != nil {
					t.Errorf("the sink says %v", err)
				}
			} else {
				var rows plugins.RowErrors
				if !errors.As(err, &rows) || len(rows) != 1 || rows[0].Row != 1 {
					t.Fatalf("the sink says %v", err)
				}
				bustest.Says(t, rows, `secret/a`, "not authorised")
			}
			bustest.Eventually(t, "the others come", func() bool {
				values := strings.Join(out.Values(), " ")
				return strings.HasSuffix(values, "1 3")
			})
		})
	}
}

func TestMosquittoWithTLS(t *testing.T) {
	t.Parallel()
	cert, key := bustest.Certificate(t)
	m := strict(t, "cafile "+cert, "certfile "+cert, "keyfile "+key)
	a := connectors.Subscription{Topic: "a"}
	over := func(scheme string, values map[string]any) connectors.Bus {
		var blocks []plugins.ConfigBlock
		if values != nil {
			blocks = append(blocks, bustest.Nested(kindOf(t).Schema, "tls", values))
		}
		all := map[string]any{"url": scheme + m.addr, "startup": "fail", "username": "u", "password": plugins.NewSecret(bustest.Password)}
		return bustest.Connect(t, kindOf(t), block(t, all, blocks...), bustest.Env("connector.bus"))
	}
	refused(t, over("mqtt://", nil), a, m.addr, "if it speaks TLS at this port, write mqtts:// in url")
	refused(t, over("mqtts://", nil), a, m.addr, "name who is to be trusted with ca_file in the block tls")
	refused(t, over("mqtts://", map[string]any{"ca_file": cert, "server_name": "other.example"}), a, m.addr, "correct server_name")
	if err := answered(t, give(t, writer(t, over("mqtts://", map[string]any{"ca_file": cert}), "a"), connectors.Record{Value: []byte("1")})); err != nil {
		t.Error(err)
	}
	plain := strict(t)
	bus := bustest.Connect(t, kindOf(t), block(t, map[string]any{"url": "mqtts://" + plain.addr, "startup": "fail"}), bustest.Env("connector.bus"))
	refused(t, bus, a, plain.addr, "if it does not speak TLS at this port, correct url")
}

// A broker may take less than the sink knows: only the record that is too large fails. Before MQTT 5, Mosquitto
// confirms what is above its message_size_limit, and throws it away.
func TestMosquittoThatTakesLess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ limit, version, says string }{
		{"max_packet_size 100000", "5", "and the broker at mqtt://"},
		{"max_packet_size 100000", "3.1.1", "the broker ends the connection whenever it gets this record"},
		{"message_size_limit 100000", "5", "the packet is larger than the server takes"},
	} {
		t.Run(c.limit+", "+c.version, func(t *testing.T) {
			t.Parallel()
			bus := to(t, strict(t, c.limit).addr, map[string]any{"protocol_version": c.version, "username": "u", "password": plugins.NewSecret(bustest.Password)})
			out := &bustest.Outlet{}
			bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a"}), out)
			bustest.Eventually(t, "the source reads", func() bool { return bustest.Put(t, bus, "a", "x") == nil && len(out.Records()) > 0 })
			err := bustest.Insist(t, bus, "a", "1", strings.Repeat("x", 200_000), "2")
			var rows plugins.RowErrors
			if !errors.As(err, &rows) || len(rows) != 1 || rows[0].Row != 1 {
				t.Fatalf("the sink says %v", err)
			}
			bustest.Says(t, rows, c.says)
			bustest.Eventually(t, "the others come", func() bool { return strings.HasSuffix(strings.Join(out.Values(), " "), "1 2") })
		})
	}
}
