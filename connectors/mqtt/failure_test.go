package mqtt_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version string
		code    byte
		says    string
	}{
		"credentials":         {"5", 0x86, "does not take the user name or the password: correct username and password of the connector"},
		"credentials, 3.1.1":  {"3.1.1", 4, "does not take the user name or the password: correct username and password of the connector"},
		"not authorised":      {"5", 0x87, "does not let this client in: not authorised; set username and password of the connector"},
		"authorised, 3.1.1":   {"3.1.1", 5, "not authorised"},
		"banned":              {"5", 0x8a, "has banned this client"},
		"client id":           {"5", 0x85, "does not take the client id: set client_id"},
		"client id, 3.1.1":    {"3.1.1", 2, "does not take the client id: set client_id"},
		"no MQTT 5":           {"5", 0x84, `does not speak MQTT 5: write protocol_version = "3.1.1"`},
		"MQTT 5 only":         {"3.1.1", 1, `does not speak MQTT 3.1.1: write protocol_version = "5"`},
		"will not to be kept": {"5", 0x9a, "does not take the will: the server keeps no retained messages; correct the block will"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			s.connack = func(packets.Packet) byte { return c.code }
			bus := to(t, s.addr(), map[string]any{"protocol_version": c.version, "username": "u", "password": plugins.NewSecret("s3cret")})
			err := bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.b"}), &bustest.Outlet{}).Err(t)
			bustest.Permanent(t, err, "the broker at mqtt://"+s.addr(), c.says)
			sink, made := bus.Writer(connectors.Publication{Topic: "a.b"}, bustest.Env("sink.out"))
			if made != nil {
				t.Fatal(made)
			}
			bustest.Permanent(t, sink.(plugins.Opener).Open(t.Context()), c.says)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the message holds the password: %v", err)
			}
		})
	}
}

func TestRefusalThatPasses(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	busy := 3
	s.connack = func(packets.Packet) byte {
		if busy--; busy >= 0 {
			return 0x89
		}
		return 0
	}
	out := &bustest.Outlet{}
	bus := to(t, s.addr(), nil)
	bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.b"}), out)
	sink := writer(t, to(t, s.addr(), nil), "a.b")
	bustest.Eventually(t, "a record comes", func() bool {
		return answered(t, give(t, sink, connectors.Record{Value: []byte("x")})) == nil && len(out.Records()) > 0
	})
}

func TestRefusedTopics(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version string
		code    byte
		says    string
	}{
		"not authorised":        {"5", 0x87, `topic "a/b" of the broker at`},
		"not authorised, text":  {"5", 0x87, "cannot be read: not authorised: allow it there, or read another topic"},
		"not authorised, 3.1.1": {"3.1.1", 0x80, "cannot be read: the server refuses it: allow it there, or read another topic"},
		"no shares":             {"5", 0x9e, "the server has no shared subscriptions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			s.suback = func(string) byte { return c.code }
			refused(t, to(t, s.addr(), map[string]any{"protocol_version": c.version}), connectors.Subscription{Topic: "a.b"}, c.says)
		})
	}
}

func TestAbsentBroker(t *testing.T) {
	t.Parallel()
	addr := bustest.Nowhere(t)
	bus := to(t, addr, map[string]any{"startup": "fail"})
	want := "connection refused: start it, or correct url"
	refused(t, bus, connectors.Subscription{Topic: "a"}, "the broker at mqtt://"+addr+" cannot be reached", want)
	sink, err := bus.Writer(connectors.Publication{Topic: "a"}, bustest.Env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	bustest.Permanent(t, sink.(plugins.Opener).Open(t.Context()), want)
}

func TestSilentServerAtTheStart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	bus := to(t, l.Addr().String(), map[string]any{"startup": "fail", "connect_timeout": 50 * time.Millisecond})
	refused(t, bus, connectors.Subscription{Topic: "a"}, "no answer within connect_timeout (50ms)")
}

func TestNoMQTTBehindThePort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scheme, answer, says string }{
		{"mqtt", "HTTP/1.1 400 Bad Request\r\n\r\n", "the broker sent a packet that is no MQTT"},
		{"mqtt", "\x15\x03\x03\x00\x02\x02\x46", "the server speaks TLS at this port: write url = \"mqtts://"},
		{"mqtt", "\x20\xff\xff\xff\xff\xff", "the broker sent a packet that is no MQTT"},
		{"mqtt", "\x20\xff\xff\xff\x7f", "the broker sent a packet that is no MQTT: a packet of type 2 has 268435455 bytes"},
		{"mqtts", "HTTP/1.1 400 Bad Request\r\n\r\n", "the server does not speak TLS at this port: correct url"},
	} {
		bus := bustest.Connect(t, kindOf(t), block(t, map[string]any{"url": c.scheme + "://" + bustest.Speaks(t, c.answer), "startup": "fail", "connect_timeout": 30 * time.Second}), bustest.Env("connector.bus"))
		refused(t, bus, connectors.Subscription{Topic: "a"}, c.says)
	}
}

func TestTLSMismatch(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	plain := bustest.Connect(t, kindOf(t), block(t, map[string]any{"url": "mqtts://" + s.addr(), "connect_timeout": 30 * time.Second, "startup": "fail"}), bustest.Env("connector.bus"))
	refused(t, plain, connectors.Subscription{Topic: "a"}, "if it does not speak TLS at this port, correct url")
	cert, key := bustest.Certificate(t)
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, map[string]any{"anonymous": true},
		plugins.ConfigBlock{Name: "tls", Config: plugins.NewConfig(map[string]any{"cert_file": cert, "key_file": key})})), bustest.Env("connector.own"))
	out := &bustest.Outlet{}
	source := reader(t, bus, connectors.Subscription{Topic: "a.b"})
	bustest.Start(t, source, out)
	addr := addressOf(t, source)
	client := func(values map[string]any, url string) connectors.Bus {
		var blocks []plugins.ConfigBlock
		if values != nil {
			blocks = append(blocks, bustest.Nested(kindOf(t).Schema, "tls", values))
		}
		return bustest.Connect(t, kindOf(t), block(t, map[string]any{"url": url + addr, "connect_timeout": 30 * time.Second, "startup": "fail"}, blocks...), bustest.Env("connector.bus"))
	}
	refused(t, client(nil, "mqtts://"), connectors.Subscription{Topic: "a"}, "name who is to be trusted with ca_file in the block tls")
	refused(t, client(map[string]any{"ca_file": cert, "server_name": "other.example"}, "mqtts://"), connectors.Subscription{Topic: "a"}, "correct server_name")
	refused(t, client(nil, "mqtt://"), connectors.Subscription{Topic: "a"}, "if it speaks TLS at this port, write mqtts:// in url")
	if err := answered(t, give(t, writer(t, client(map[string]any{"ca_file": cert}, "mqtts://"), "a.b"), connectors.Record{Value: []byte("over TLS")})); err != nil {
		t.Fatal(err)
	}
	out.Brings(t, "over TLS")
}

func TestRefusedRecords(t *testing.T) {
	t.Parallel()
	for _, qos := range []int64{1, 2} {
		for reason, why := range map[byte]string{0x87: "not authorised", 0x90: "the server does not take the name of the topic", 0x95: "the packet is larger than the server takes", 0x99: "the payload is not of the format"} {
			s := startServer(t)
			s.puback = func(pk packets.Packet) byte {
				if string(pk.Payload) == "bad" {
					return reason
				}
				return 0x10 // nobody reads it, which is no failure
			}
			sink := writer(t, to(t, s.addr(), map[string]any{"qos": qos}), "a.b")
			err := answered(t, give(t, sink, connectors.Record{Value: []byte("one")}, connectors.Record{Value: []byte("bad")}, connectors.Record{Value: []byte("two")}))
			var rows plugins.RowErrors
			if !errors.As(err, &rows) || len(rows) != 1 || rows[0].Row != 1 || !strings.Contains(rows[0].Msg, `topic "a/b" of the broker at mqtt://`+s.addr()+": "+why) {
				t.Errorf("reason 0x%02x: got %v", reason, err)
			}
		}
	}
}

// TestRefusedForAWhile has the broker refuse a record for want of room: it and all that is behind
// it is to be written again.
func TestRefusedForAWhile(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.puback = func(pk packets.Packet) byte {
		if string(pk.Payload) == "two" {
			return 0x97
		}
		return 0
	}
	sink := writer(t, to(t, s.addr(), nil), "a.b")
	err := answered(t, give(t, sink, connectors.Record{Value: []byte("one")}, connectors.Record{Value: []byte("two")}, connectors.Record{Value: []byte("three")}))
	var part *plugins.PartialError
	if !errors.As(err, &part) || part.Done != 1 || plugins.IsPermanent(err) || !strings.Contains(err.Error(), "a quota is exceeded") {
		t.Fatalf("got %v", err)
	}
	if err := answered(t, give(t, sink, connectors.Record{Value: []byte("one again")})); err != nil {
		t.Fatal(err)
	}
}

// TestRecordThatEndsConnections is what would be sent again for ever.
func TestRecordThatEndsConnections(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version string
		reason  byte
	}{{"5", 0x95}, {"5", 0x81}, {"3.1.1", 0}} {
		s := startServer(t)
		s.hangUp = func(pk packets.Packet) (byte, bool) { return c.reason, string(pk.Payload) == "bad" }
		sink := writer(t, to(t, s.addr(), map[string]any{"protocol_version": c.version}), "a.b")
		answers := []<-chan error{
			give(t, sink, connectors.Record{Value: []byte("one")}, connectors.Record{Value: []byte("bad")}, connectors.Record{Value: []byte("two")}),
			give(t, sink, connectors.Record{Value: []byte("three")}),
		}
		err := answered(t, answers[0])
		var rows plugins.RowErrors
		if !errors.As(err, &rows) || len(rows) != 1 || rows[0].Row != 1 || !strings.Contains(rows[0].Msg, "the broker ends the connection whenever it gets this record: ") {
			t.Errorf("MQTT %s: got %v", c.version, err)
		}
		if err := answered(t, answers[1]); err != nil {
			t.Errorf("MQTT %s: the record behind it: %v", c.version, err)
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.maxPacket = 2000
	sink := writer(t, to(t, s.addr(), nil), "a.b")
	large := connectors.Record{Value: make([]byte, 3000)}
	var rows plugins.RowErrors
	if err := answered(t, give(t, sink, large)); !errors.As(err, &rows) || !strings.Contains(rows[0].Msg, "and the broker at mqtt://"+s.addr()+" takes 2000") {
		t.Errorf("larger than the broker takes: %v", err)
	}
	small := writer(t, to(t, startServer(t).addr(), map[string]any{"max_packet_size": int64(2000)}), "a.b")
	if err := answered(t, give(t, small, large)); !errors.As(err, &rows) || !strings.Contains(rows[0].Msg, "and max_packet_size of the connector is 2000: raise it") {
		t.Errorf("larger than the connector takes: %v", err)
	}
}

// failures takes what a source fails.
type failures struct {
	bustest.Outlet
	failed chan string
}

func (o *failures) Hand(ctx context.Context, d plugins.Delivery) error {
	for _, f := range d.Batch.Failures {
		o.failed <- f.Msg
	}
	d.Batch.DropFailed()
	return o.Outlet.Hand(ctx, d)
}

func TestMessageLargerThanIsTaken(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	out := &failures{failed: make(chan string, 10)}
	source := reader(t, to(t, s.addr(), map[string]any{"max_packet_size": int64(2000), "protocol_version": "3.1.1"}), connectors.Subscription{Topic: "a.b", Group: "g"})
	bustest.Start(t, source, out)
	sink := writer(t, to(t, s.addr(), nil), "a.b")
	bustest.Eventually(t, "the source reads", func() bool {
		return answered(t, give(t, sink, connectors.Record{Value: []byte("small")})) == nil && len(out.Records()) > 0
	})
	large := connectors.Record{Value: make([]byte, 300_000)}
	if err := answered(t, give(t, sink, large, connectors.Record{Value: []byte("after it")})); err != nil {
		t.Fatal(err)
	}
	if msg := <-out.failed; !strings.HasPrefix(msg, `a message of topic "a/b" has 300`) || !strings.HasSuffix(msg, "more than max_packet_size: raise that of the connector") {
		t.Errorf("the message is %q", msg)
	}
	bustest.Eventually(t, "what is behind it comes", func() bool { return strings.Contains(strings.Join(out.Values(), " "), "after it") })
}

func TestHeadersThatAreNoText(t *testing.T) {
	t.Parallel()
	sink := writer(t, to(t, startServer(t).addr(), nil), "a.b")
	bad := connectors.Record{Value: []byte("x"), Headers: []connectors.RecordHeader{{Name: "raw", Value: []byte{0xff}}}}
	var rows plugins.RowErrors
	if err := answered(t, give(t, sink, bad)); !errors.As(err, &rows) || rows[0].Msg != "the header raw is no text, and MQTT has only such: drop it, or encode it" {
		t.Errorf("got %v", err)
	}
}

func TestTwoProcessesWithOneName(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	out := &bustest.Outlet{}
	first := bustest.Start(t, reader(t, to(t, s.addr(), map[string]any{"client_id": "here"}), connectors.Subscription{Topic: "a.b", Group: "g"}), &bustest.Outlet{})
	bustest.Eventually(t, "the first is connected", func() bool { return s.greetings() == 1 })
	bustest.Start(t, reader(t, to(t, s.addr(), map[string]any{"client_id": "here"}), connectors.Subscription{Topic: "a.b", Group: "g"}), out)
	bustest.Permanent(t, first.Err(t), `another client has connected with the same client id: "here-g-`, "give each process a client_id of its own")
}

func TestCommittedWithoutSession(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	refused(t, to(t, s.addr(), nil), connectors.Subscription{Topic: "a.b", Group: "g", Start: connectors.StartCommitted},
		`has no session of "onstream-g-`, `write start = "earliest" or "latest"`)
}
