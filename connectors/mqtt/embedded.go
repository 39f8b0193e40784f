package mqtt

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// embeddedBlock is the block for a broker of onstream's own.
func embeddedBlock() plugins.Block {
	return plugins.Block{Name: "embedded", Doc: "Runs a broker in this process instead of connecting to one: devices connect to onstream itself. What a source reads of what they publish with QoS 1 or 2 is acknowledged to them when the pipeline has it safe; while that is full, acknowledgements wait, and messages with QoS 0 are dropped and counted. Sessions and retained messages are in memory only.", Schema: plugins.Schema{
		Attrs: append([]plugins.Attr{
			{Name: "listen", Type: plugins.AttrString, Default: "127.0.0.1:1883", Doc: "Address and port; \":1883\" is all addresses of the machine, port 0 any free port."},
			{Name: "websocket", Type: plugins.AttrString, Doc: "Another address, at which devices connect over WebSockets."},
			{Name: "anonymous", Type: plugins.AttrBool, Default: false, Doc: "Whether devices may connect without a user name."},
			{Name: "max_clients", Type: plugins.AttrInt, Default: int64(1000), Min: plugins.Bound(1), Doc: "How many devices may be connected at once."},
		}, quotaAttrs()...),
		Blocks: []plugins.Block{
			{Name: "user", Label: "name", Repeated: true, Doc: "Who may connect.", Schema: plugins.Schema{Attrs: []plugins.Attr{
				{Name: "password", Type: plugins.AttrSecret, Required: true, Doc: "The password."},
				{Name: "publish", Type: plugins.AttrStrings, Doc: "The topics to which the user may publish, as in a source; all where it is left out."},
				{Name: "subscribe", Type: plugins.AttrStrings, Doc: "The topics that the user may read; all where it is left out."},
			}}},
			{Name: "tls", Doc: "Encrypts the connections.", Schema: plugins.Schema{Attrs: []plugins.Attr{
				{Name: "cert_file", Type: plugins.AttrString, Required: true, Doc: "PEM file with the broker's certificate."},
				{Name: "key_file", Type: plugins.AttrString, Required: true, Doc: "PEM file with its key."},
				{Name: "client_ca_file", Type: plugins.AttrString, Doc: "PEM file with the authorities of devices: then each has to show a certificate of theirs."},
			}}},
		},
	}}
}

// checkEmbedded finds what the schema of a block with an embedded broker cannot say.
func checkEmbedded(c plugins.Config) error {
	for _, name := range []string{"url", "client_id", "username", "password", "share_name"} {
		if c.Has(name) {
			return plugins.ConfigErrorf(name, "it is about a broker elsewhere, and this one is embedded: leave it out, or the block embedded")
		}
	}
	for _, name := range []string{"tls", "will"} {
		if len(c.Blocks(name)) > 0 {
			return plugins.ConfigErrorf(name, "it is about a broker elsewhere, and this one is embedded: leave it out; tls of the broker goes inside the block embedded")
		}
	}
	e := c.Block("embedded")
	for _, name := range []string{"listen", "websocket"} {
		if !e.Has(name) {
			continue
		}
		if err := plugins.CheckListen("embedded."+name, e.String(name), "127.0.0.1:1883"); err != nil {
			return err
		}
	}
	if _, port, _ := net.SplitHostPort(e.String("websocket")); port == "0" {
		return plugins.ConfigErrorf("embedded.websocket", "name the port")
	}
	if !e.Bool("anonymous") && len(e.Blocks("user")) == 0 {
		return plugins.ConfigErrorf("embedded", "nobody may connect: add a block user \"NAME\" { password = ... }, or anonymous = true")
	}
	_, err := usersOf(e)
	return err
}

// brokers are the embedded brokers of a registry. Connections of equal blocks share one, so
// that a pipeline which is started anew does not find its own port in use.
type brokers struct {
	mu   sync.Mutex
	open map[string]*broker
}

// connect makes a connection to the broker that a block describes.
func (s *brokers) connect(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
	if err := check(c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := c.Fingerprint()
	b := s.open[key]
	if b == nil {
		var err error
		if b, err = newBroker(c, env); err != nil {
			return nil, err
		}
		if s.open == nil {
			s.open = map[string]*broker{}
		}
		s.open[key] = b
	}
	b.users++
	return &embedded{broker: b, brokers: s, key: key, qos: byte(c.Int("qos")), retain: c.Bool("retain")}, nil
}

// embedded is a connection to an embedded broker.
type embedded struct {
	*broker
	brokers *brokers
	key     string
	qos     byte
	retain  bool
	closed  sync.Once
}

var (
	_ connectors.Bus    = (*embedded)(nil)
	_ plugins.Monitored = (*embedded)(nil)
)

// Reader implements [connectors.Bus].
func (e *embedded) Reader(s connectors.Subscription, env plugins.Env) (plugins.Source, error) {
	f, err := filterOf(s.Topic)
	if err != nil {
		return nil, plugins.ConfigErrorf("topic", "%v", err)
	}
	r := &deviceReader{broker: e.broker, box: newBox(f, env, s)}
	if !s.Browse {
		e.hub.await(r.box)
	}
	return r, nil
}

// Writer implements [connectors.Bus].
func (e *embedded) Writer(p connectors.Publication, env plugins.Env) (plugins.Sink, error) {
	w := &deviceWriter{broker: e.broker, qos: e.qos, retain: e.retain, env: env}
	if p.Topic != "" {
		var err error
		if w.fixed, err = nameOf(p.Topic); err != nil {
			return nil, plugins.ConfigErrorf("topic", "%v", err)
		}
	}
	return w, nil
}

// Close implements [plugins.Closer].
func (e *embedded) Close(context.Context) error {
	e.closed.Do(func() {
		e.brokers.mu.Lock()
		defer e.brokers.mu.Unlock()
		if e.users--; e.users == 0 {
			delete(e.brokers.open, e.key)
			e.stop()
		}
	})
	return nil
}

// deviceReader is a source of what devices publish to the embedded broker.
type deviceReader struct {
	*broker
	box *box
}

var _ plugins.Source = (*deviceReader)(nil)

// Addr returns where devices connect, nil while they cannot. It is also logged.
func (r *deviceReader) Addr() net.Addr { return r.addr() }

// Run implements [plugins.Source].
func (r *deviceReader) Run(ctx context.Context, out plugins.Outlet) error {
	if err := r.start(ctx); err != nil {
		return err
	}
	d := &r.box.desk
	d.open(out)
	r.hub.add(r.box)
	left, err := d.handAll(ctx, out, func(all []*arrival) { answer(all, nil) }, answer)
	answer(left, errLeft)
	d.stop()
	r.hub.remove(r.box)
	if ctx.Err() != nil {
		d.settle()
		err = ctx.Err()
	}
	last := d.close()
	answer(last.receipts, errLeft)
	last.raw.Release()
	return err
}

// waitForPort is how long a port may be in use at the start: by this very program, where
// the block was changed while it runs.
const waitForPort = 10 * time.Second
