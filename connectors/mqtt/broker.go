package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// broker is an embedded broker. It listens when a source or a sink first needs it.
type broker struct {
	env     plugins.Env
	config  plugins.Config
	own     plugins.Config // the block embedded
	people  people
	backoff connectors.Backoff
	hub     hub
	losses  losses
	users   int // connections; under brokers.mu

	ctx    context.Context // ends with the broker
	cancel context.CancelFunc
	failed atomic.Pointer[error] // why it does not listen
	at     atomic.Pointer[net.Addr]

	mu     sync.Mutex
	server *mochi.Server // nil until it listens
	inside *mochi.Client // through which sinks publish
	hook   *hook
}

func newBroker(c plugins.Config, env plugins.Env) (*broker, error) {
	own := c.Block("embedded")
	people, err := usersOf(own)
	if err != nil {
		return nil, err
	}
	b := &broker{env: env, config: c, own: own, people: people, backoff: connectors.BackoffOf(c)}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b, nil
}

func (b *broker) addr() net.Addr {
	if a := b.at.Load(); a != nil {
		return *a
	}
	return nil
}

// Status implements [plugins.Monitored].
func (b *broker) Status() plugins.ConnectionStatus {
	s := plugins.ConnectionStatus{Connected: b.addr() != nil, Dropped: b.losses.dropped.Load()}
	if err := b.failed.Load(); err != nil && !s.Connected {
		s.Err = (*err).Error()
	}
	return s
}

// start listens, unless the broker does so already.
func (b *broker) start(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server != nil {
		return nil
	}
	secure, err := b.tls()
	if err != nil {
		return plugins.Permanent(err)
	}
	l, err := b.listen(ctx, b.own.String("listen"))
	if err != nil {
		return err
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	server := mochi.New(b.options())
	q := quotaOf(b.own)
	b.hook = &hook{
		broker: b, server: server, devices: map[*mochi.Client]*device{},
		sessions: newSessions(q.sessions), queues: newQueues(q), retained: newRetained(q.retained), losses: &b.losses,
	}
	inside := server.NewClient(nil, "inside", "onstream", true)
	inside.Properties.ProtocolVersion = 5
	err = errors.Join(server.AddHook(b.hook, nil), server.AddListener(&port{Listener: l, open: map[net.Conn]bool{}}))
	if web := b.own.String("websocket"); web != "" && err == nil {
		var probe net.Listener
		if probe, err = b.listen(ctx, web); err == nil { // the driver does not say when it cannot
			_ = probe.Close() // nobody has used it
			err = server.AddListener(listeners.NewWebsocket(listeners.Config{ID: "websocket", Address: web, TLSConfig: secure}))
		}
	}
	if err == nil {
		err = server.Serve()
	}
	if err != nil {
		_ = l.Close() // it is of no use any more
		return fmt.Errorf("start the embedded broker: %w", err)
	}
	addr := l.Addr()
	b.server, b.inside = server, inside
	b.at.Store(&addr)
	b.env.Logger.Info("listening", "address", "mqtt://"+addr.String())
	return nil
}

// listen opens a port.
func (b *broker) listen(ctx context.Context, addr string) (net.Listener, error) {
	end := time.Now().Add(waitForPort)
	for attempt := 1; ; attempt++ {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err == nil || ctx.Err() != nil {
			return l, err
		}
		b.failed.Store(&err)
		if time.Now().After(end) || b.config.String("startup") == "fail" {
			return nil, plugins.Permanent(fmt.Errorf("listen for devices: %w: free the address, or choose another one in the block embedded", err))
		}
		if err := b.env.Wait(ctx, b.backoff.Before(attempt)); err != nil {
			return nil, err
		}
	}
}

// options bound what devices can ask for.
func (b *broker) options() *mochi.Options {
	can := mochi.NewDefaultServerCapabilities()
	can.MaximumClients = b.own.Int("max_clients")
	can.MaximumPacketSize = uint32(b.config.Int("max_packet_size"))
	can.ReceiveMaximum = uint16(b.config.Int("receive_maximum"))
	can.MaximumSessionExpiryInterval = seconds(b.config.Duration("session_expiry"))
	can.MaximumClientWritesPending = 1024
	can.MaximumInflight = math.MaxUint16             // the quota bounds them
	can.MaximumMessageExpiryInterval = math.MaxInt32 // not after a day, which is the driver's default
	can.Compatibilities.NoInheritedPropertiesOnAck = true
	return &mochi.Options{
		Capabilities: can, Logger: slog.New(slog.DiscardHandler), InlineClient: true, // its log would show packets, with passwords
		ClientNetReadBufferSize: 16 << 10, SysTopicResendInterval: 60,
	}
}

// tls returns how connections are encrypted; nil where they are not.
func (b *broker) tls() (*tls.Config, error) {
	if len(b.own.Blocks("tls")) == 0 {
		return nil, nil
	}
	t := b.own.Block("tls")
	pair, err := tls.LoadX509KeyPair(t.String("cert_file"), t.String("key_file"))
	if err != nil {
		return nil, fmt.Errorf("embedded.tls: cert_file and key_file: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if file := t.String("client_ca_file"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("embedded.tls: client_ca_file: %w", err)
		}
		c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !c.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("embedded.tls: client_ca_file: %s holds no certificate in PEM form", file)
		}
	}
	return c, nil
}

// stop ends the broker. Devices that were not acknowledged send again.
func (b *broker) stop() {
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server == nil {
		return
	}
	_ = b.server.Close() // it never fails
	b.server.Listeners.ClientsWg.Wait()
	b.hook.releasing.Wait()
	b.at.Store(nil)
}
