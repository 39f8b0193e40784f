package nats_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// outcome runs a source and returns why it ended; nil where it was still running after it had
// handed over what wait waits for.
func outcome(t *testing.T, bus connectors.Bus, s connectors.Subscription, from map[plugins.Partition]plugins.Position) error {
	t.Helper()
	source := sourceOf(t, bus, s)
	if from != nil {
		if err := source.(plugins.Seeker).Seek(from); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	err := source.Run(ctx, &counterless{&bustest.Outlet{}})
	if ctx.Err() != nil {
		t.Fatalf("the source does not end: %v", err)
	}
	return err
}

// counterless hides that an outlet knows of groups.
type counterless struct{ plugins.Outlet }

func sourceOf(t *testing.T, bus connectors.Bus, s connectors.Subscription) plugins.Source {
	t.Helper()
	if s.Group == "" {
		s.Group = "g"
	}
	source, err := bus.Reader(s, env("source.in"))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// open returns what Open of a sink says.
func open(t *testing.T, bus connectors.Bus, topic connectors.Topic) error {
	t.Helper()
	sink, err := bus.Writer(connectors.Publication{Topic: topic}, env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	err = sink.(plugins.Opener).Open(t.Context())
	if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
		t.Error(err)
	}
	return err
}

// wantPermanent checks an error that ends a pipeline, and what it says.
func wantPermanent(t *testing.T, err error, said ...string) {
	t.Helper()
	if !plugins.IsPermanent(err) {
		t.Fatalf("%v; want an error that ends it", err)
	}
	for _, s := range said {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%v\nwant %q in it", err, s)
		}
	}
	t.Log("what the user reads:", err)
}

func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	b := serve(t, func(o *server.Options) { o.Username, o.Password = "me", "right" })
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "username": "me", "password": plugins.NewSecret("wrong")}))
	err := outcome(t, bus, connectors.Subscription{Topic: "a.b"}, nil)
	wantPermanent(t, err, b.addr(), "Authorization Violation", "check username and password, token, creds_file or nkey_seed_file")
	wantPermanent(t, open(t, bus, "a.b"), "Authorization Violation")
}

func TestUnauthorizedTopic(t *testing.T) {
	t.Parallel()
	b := serve(t, func(o *server.Options) {
		allowed := &server.SubjectPermission{Allow: []string{"$JS.API.>", "$JS.ACK.>", "$KV.>", "open.>"}}
		o.Users = []*server.User{{Username: "me", Password: "x", Permissions: &server.Permissions{Publish: allowed}}}
	})
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "username": "me", "password": plugins.NewSecret("x")}))
	sink, err := bus.Writer(connectors.Publication{Topic: "closed.x"}, env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	var pool plugins.Pool
	answer := make(chan error, 1)
	if err := sink.Write(t.Context(), batchOf(&pool, 2), func(err error) { answer <- err }); err != nil {
		t.Fatal(err)
	}
	rows, ok := errors.AsType[plugins.RowErrors](<-answer)
	if !ok || len(rows) != 2 || !strings.Contains(rows[0].Msg, `Permissions Violation for Publish to "closed.x"`) || !strings.Contains(rows[0].Msg, "give it the permission") {
		t.Errorf("the records fail with %v", rows)
	}
	if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUserWithoutJetStreamAPI(t *testing.T) {
	t.Parallel()
	b := serve(t, func(o *server.Options) {
		o.Users = []*server.User{{Username: "me", Password: "x", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"a.>"}}}}}
	})
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "username": "me", "password": plugins.NewSecret("x")}))
	err := outcome(t, bus, connectors.Subscription{Topic: "a.b"}, nil)
	wantPermanent(t, err, "Permissions Violation", "$JS.API.>")
}

func TestTLSMismatch(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}, r.nested("tls", nil)))
	wantPermanent(t, outcome(t, bus, connectors.Subscription{Topic: "a.b"}, nil), b.addr(), "the server does not speak TLS: leave the tls block out")
}

func TestServerWithTLS(t *testing.T) {
	t.Parallel()
	cert, key := bustest.Certificate(t)
	b := serve(t, func(o *server.Options) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		o.TLS, o.TLSConfig = true, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	})
	for name, c := range map[string]struct {
		tls  map[string]any // nil for no block
		want []string       // nothing where it works
	}{
		"no block":     {want: []string{"certificate", "check ca_file and server_name of the tls block (without one, those that this machine trusts count)"}},
		"not trusted":  {tls: map[string]any{}, want: []string{"certificate", "check ca_file and server_name of the tls block"}},
		"another name": {tls: map[string]any{"ca_file": cert, "server_name": "elsewhere.example.com"}, want: []string{"elsewhere.example.com", "check ca_file and server_name of the tls block"}},
		"trusted":      {tls: map[string]any{"ca_file": cert}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			var blocks []plugins.ConfigBlock
			if c.tls != nil {
				blocks = append(blocks, r.nested("tls", c.tls))
			}
			bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}, blocks...))
			err := open(t, bus, "a.b")
			if len(c.want) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantPermanent(t, err, append(c.want, b.addr())...)
		})
	}
}

// What a stream refuses as too large fails alone, and does not hold up the rest.
func TestStreamThatTakesLess(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	r := newRig(t)
	if _, err := client(t, b.url()).CreateStream(t.Context(), jetstream.StreamConfig{Name: "small", Subjects: []string{"small.>"}, MaxMsgSize: 512}); err != nil {
		t.Fatal(err)
	}
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}))
	sink, err := bus.Writer(connectors.Publication{Topic: "small.x"}, env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, plugins.Framing{Terminator: []byte("\n")})
	for _, size := range []int{10, 2000, 10} {
		w.Add(connectors.Record{Value: bytes.Repeat([]byte("x"), size)})
	}
	answer := make(chan error, 1)
	if err := sink.Write(t.Context(), w.Batch(), func(err error) { answer <- err }); err != nil {
		t.Fatal(err)
	}
	rows, ok := errors.AsType[plugins.RowErrors](<-answer)
	if !ok || len(rows) != 1 || rows[0].Row != 1 || !strings.Contains(rows[0].Msg, "message size exceeds maximum allowed") {
		t.Errorf("the records fail with %+v", rows)
	}
	if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNoJetStream(t *testing.T) {
	t.Parallel()
	b := serve(t, func(o *server.Options) { o.JetStream = false })
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}))
	wantPermanent(t, open(t, bus, "a.b"), "has no JetStream, so that it keeps no records: switch it on")
}

func TestUnknownTopic(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "create": "never"}))
	const want = `no stream takes a.b, and create = "never": make one that does (nats stream add), or write create = "if_missing"`
	wantPermanent(t, open(t, bus, "a.b"), want)
	wantPermanent(t, outcome(t, bus, connectors.Subscription{Topic: "a.b"}, nil), want)
	other := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}))
	wantPermanent(t, outcome(t, other, connectors.Subscription{Topic: "*.b"}, nil), "no stream takes *.b", "name the stream of the connector")
}

// Nobody is there at first: the user chooses whether that is waited for.
func TestAbsentAtStart(t *testing.T) {
	t.Parallel()
	address := bustest.Nowhere(t)
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{"nats://" + address}, "startup": "fail"}))
	wantPermanent(t, outcome(t, bus, connectors.Subscription{Topic: "a.b"}, nil), address, "is a server running there? check servers")
	waiting := r.connect(t, r.config(map[string]any{"servers": []string{"nats://" + address}}))
	if err := open(t, waiting, "a.b"); err == nil || plugins.IsPermanent(err) {
		t.Errorf("Open: %v; want an error after which another try may succeed", err)
	}
	if s := waiting.(plugins.Monitored).Status(); s.Connected || !strings.Contains(s.Err, address) {
		t.Errorf("the status is %+v", s)
	}
}

// A stream of the name that would be made is somebody else's.
func TestStreamOfTheNameIsTaken(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	js := client(t, b.url())
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "a", Subjects: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}))
	wantPermanent(t, open(t, bus, "a.b"), "a stream a is there already, and takes other, not a.b", "name another stream")
}

// A stream that is full does not lose records: they fail for a while, and are written when
// there is room.
func TestFullStream(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}, r.nested("stream", map[string]any{"discard": "new", "max_bytes": int64(4096)})))
	sink, err := bus.Writer(connectors.Publication{Topic: "a.b"}, env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	var pool plugins.Pool
	answer := make(chan error, 1)
	if err := sink.Write(t.Context(), batchOf(&pool, 100), func(err error) { answer <- err }); err != nil {
		t.Fatal(err)
	}
	part, ok := errors.AsType[*plugins.PartialError](<-answer)
	if !ok || part.Done < 10 || plugins.IsPermanent(part) || !strings.Contains(part.Error(), "maximum bytes exceeded") {
		t.Errorf("the answer is %v", part)
	}
	if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFolderInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t)
	first := r.connect(t, r.config(map[string]any{"store_dir": dir}))
	if err := open(t, first, "a.b"); err != nil {
		t.Fatal(err)
	}
	for name, rig := range map[string]*rig{"in this process": r, "in another": newRig(t)} {
		other := rig.connect(t, rig.config(map[string]any{"store_dir": dir}))
		if err := open(t, other, "a.b"); err == nil || plugins.IsPermanent(err) || !strings.Contains(err.Error(), "is in use by") {
			t.Errorf("%s: %v; want that the folder is in use, for now", name, err)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"store_dir": t.TempDir(), "listen": l.Addr().String()}))
	if err := open(t, bus, "a.b"); err == nil || !strings.Contains(err.Error(), "free the address, choose another one with listen, or, where") {
		t.Errorf("%v", err)
	}
}

func TestMissingFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	missing := filepath.Join(t.TempDir(), "missing")
	for _, name := range []string{"creds_file", "nkey_seed_file"} {
		bus := r.connect(t, r.config(map[string]any{"servers": []string{"nats://127.0.0.1:1"}, name: missing}))
		wantPermanent(t, open(t, bus, "a.b"), name, missing)
	}
}

// The server ends in an orderly manner (lame duck), and its clients find it again.
func TestLameDuck(t *testing.T) {
	t.Parallel()
	p := serveProcess(t)
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{"nats://" + p.addr()}}))
	write(t, bus, 10)
	p.restart(t)
	nc, err := natsgo.Connect("nats://" + p.addr())
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	read(t, bus, "g", 10)
	if s := bus.(plugins.Monitored).Status(); !s.Connected || s.Reconnects == 0 {
		t.Errorf("the status is %+v", s)
	}
}
