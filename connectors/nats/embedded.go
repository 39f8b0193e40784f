package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/onstream/onstream/plugins"
)

// embedded is a server inside the process.
type embedded struct {
	server *server.Server
	quota  *quota
	store  string        // its folder; "" where it keeps nothing on disk
	behind time.Duration // how old what is not forced to disk may be
	drop   func()        // gives back the folder
	logger *slog.Logger
}

// startTime bounds how long a server may take to start: it reads its streams. In between it
// is seen whether it is still wanted, and can.
const (
	startTime = 2 * time.Minute
	readyTime = 20 * time.Millisecond
)

// startEmbedded starts a server, when its store was found undamaged. What trying again cannot
// mend is [plugins.Permanent].
func startEmbedded(ctx context.Context, o options, env plugins.Env, h *hub) (*embedded, error) {
	e := &embedded{drop: func() {}, logger: env.Logger}
	opts, err := serverOptions(o)
	if err != nil {
		return nil, err
	}
	if opts.StoreDir = cmp.Or(o.storeDir, env.Dir); opts.StoreDir == "" {
		err = e.inMemory(opts)
	} else {
		err = e.onDisk(ctx, opts, h)
	}
	if err != nil {
		return nil, err
	}
	if err := e.start(ctx, opts, o); err != nil {
		return nil, err
	}
	return e, nil
}

func serverOptions(o options) (*server.Options, error) {
	opts := &server.Options{
		ServerName: "onstream", DontListen: o.listen == "", JetStream: true, NoSigs: true, NoLog: true,
		MaxPayload: int32(o.maxPayload), MaxPending: 4 * max(o.maxPayload, 16<<20),
		JetStreamMaxMemory: noBound, // see quota
		Authorization:      o.token.Reveal(), Username: o.username, Password: o.password.Reveal(),
	}
	if o.maxFile > 0 {
		opts.JetStreamMaxStore = noBound
	}
	opts.SyncAlways, opts.SyncInterval = o.durability == "fsync", o.syncInterval
	if o.durability == "os" {
		opts.SyncInterval = 2 * time.Minute
	}
	if o.listen == "" {
		return opts, nil
	}
	host, port, err := net.SplitHostPort(o.listen)
	if err != nil {
		return nil, plugins.Permanent(err)
	}
	if opts.Port, err = net.LookupPort("tcp", port); err != nil {
		return nil, plugins.Permanent(fmt.Errorf("listen: %w", err))
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	if opts.Host = host; host == "" {
		opts.Host = "0.0.0.0"
	}
	return opts, nil
}

// inMemory makes the server keep nothing that outlives it. It wants a folder all the
// same, for what it knows of itself.
func (e *embedded) inMemory(opts *server.Options) error {
	dir, err := os.MkdirTemp("", "onstream-nats-")
	if err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	opts.StoreDir = dir
	e.drop = func() { os.RemoveAll(dir) }
	e.logger.Warn("the embedded server keeps its streams in memory only, and they are gone when the process ends: run with --state DIR, or set store_dir")
	return nil
}

// onDisk takes a store, and sees that it is undamaged.
func (e *embedded) onDisk(ctx context.Context, opts *server.Options, h *hub) error {
	if err := e.own(opts, h); err != nil {
		return err
	}
	e.store = opts.StoreDir
	if !opts.SyncAlways {
		e.behind = 2*opts.SyncInterval + 2*time.Second // two intervals, as one may not have ended
	}
	if err := checkStore(ctx, e.store, e.behind, e.logger); err != nil {
		e.drop()
		return fmt.Errorf("embedded server: %w", err)
	}
	return nil
}

// own makes the folder this server's alone.
func (e *embedded) own(opts *server.Options, h *hub) error {
	whole, err := h.takeFolder(opts.StoreDir)
	if err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	opts.StoreDir = whole
	e.drop = func() { h.dropFolder(whole) }
	f, err := openLock(whole)
	if err != nil {
		e.drop()
		return fmt.Errorf("embedded server: %w", err)
	}
	e.drop = func() {
		defer f.Close()
		h.dropFolder(whole)
	}
	return nil
}

func openLock(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, plugins.Permanent(err)
	}
	f, err := os.OpenFile(filepath.Join(folder, "LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, plugins.Permanent(err)
	}
	if err := lock(f); err != nil {
		defer f.Close()
		return nil, fmt.Errorf("the folder %s is in use by the embedded server of another process: stop that one, or give it listen, and connect to it with servers; only what is to have a store of its own gets another store_dir", folder)
	}
	return f, nil
}

// start runs the server. Where it does not come up, or ctx ends before, the folder is given
// back when it is stopped: that nobody waits for.
func (e *embedded) start(ctx context.Context, opts *server.Options, o options) error {
	s, log, err := e.prepare(ctx, opts, o)
	if err != nil {
		e.drop()
		return err
	}
	started := make(chan struct{})
	go func() {
		defer close(started)
		s.Start()
	}()
	if err := e.opened(ctx, s, log, o); err != nil {
		go func() {
			<-started // it cannot be stopped while it reads its streams
			s.Shutdown()
			s.WaitForShutdown()
			e.drop()
		}()
		return err
	}
	e.server = s
	if o.listen != "" {
		e.logger.Info("listening", "address", s.ClientURL())
		if o.open() {
			e.logger.Warn("everybody who reaches the embedded server may read and write its streams: set token, or username and password")
		}
	}
	return nil
}

// opened waits until the server is up, with all streams, and bounds it.
func (e *embedded) opened(ctx context.Context, s *server.Server, log *serverLog, o options) error {
	ready := false
	for end := time.Now().Add(startTime); !ready && !log.isFatal() && time.Now().Before(end); {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		ready = s.ReadyForConnections(readyTime)
	}
	if !ready || !s.JetStreamEnabled() {
		return fmt.Errorf("embedded server: it did not start: %w", log.why())
	}
	if err := allOpened(s, e.store); err != nil {
		return err
	}
	var err error
	if e.quota, err = newQuota(s, o); err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	return nil
}

// prepare makes a server.
func (e *embedded) prepare(ctx context.Context, opts *server.Options, o options) (*server.Server, *serverLog, error) {
	if o.listen != "" && opts.Port > 0 {
		// The server would end the process over an address that is taken.
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(opts.Host, strconv.Itoa(opts.Port)))
		if err != nil {
			return nil, nil, fmt.Errorf("embedded server: %w: free the address, choose another one with listen, or, where it is that of another onstream, connect to it with servers", err)
		}
		if err := l.Close(); err != nil {
			return nil, nil, fmt.Errorf("embedded server: %w", err)
		}
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, nil, plugins.Permanent(fmt.Errorf("embedded server: %w", err))
	}
	if e.store != "" {
		if err := removeSeal(e.store); err != nil {
			return nil, nil, fmt.Errorf("embedded server: %w", err)
		}
	}
	log := &serverLog{logger: e.logger}
	s.SetLoggerV2(log, false, false, false)
	return s, log, nil
}

// allOpened reports a stream of the store that the server leaves out, as it does with what it
// cannot read.
func allOpened(s *server.Server, store string) error {
	if store == "" {
		return nil
	}
	streams, err := streamsIn(store)
	if err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	all, err := s.Jsz(&server.JSzOptions{Accounts: true, Streams: true, Limit: math.MaxInt32})
	if err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	known := map[string]bool{}
	for _, account := range all.AccountDetails {
		for _, stream := range account.Streams {
			known[stream.Name] = true
		}
	}
	for _, folder := range streams {
		if !known[filepath.Base(folder)] && isStream(folder) {
			return plugins.Permanent(fmt.Errorf("embedded server: it does not open the stream in %s, and says why in the log: bring the folder %s back from a copy; or move that of the stream elsewhere, and the stream is begun anew", folder, store))
		}
	}
	return nil
}

// open reports whether everybody who reaches the embedded server is let in.
func (o options) open() bool {
	host, _, err := net.SplitHostPort(o.listen)
	return err == nil && !isLoopback(host) && !o.authenticated
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// stop ends the server. What it has confirmed is on disk then.
func (e *embedded) stop() {
	defer e.drop()
	e.server.Shutdown()
	e.server.WaitForShutdown()
	if e.store == "" {
		return
	}
	if err := writeSeal(e.store, e.behind); err != nil {
		e.logger.Warn("the store of the embedded server could not be sealed: not all damage to it will be found at the next start", "folder", e.store, "error", err)
	}
}

var errNoReason = errors.New("it gives no reason")
