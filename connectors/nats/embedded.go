package nats

import (
	"errors"
	"fmt"
	"log/slog"
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
	drop   func() // gives back the folder
	memory bool   // it keeps nothing on disk
}

// startTime bounds how long a server may take to start: it reads its streams.
const startTime = 2 * time.Minute

// startEmbedded starts a server. What trying again cannot mend is [plugins.Permanent].
func startEmbedded(o options, env plugins.Env, h *hub) (*embedded, error) {
	e := &embedded{drop: func() {}}
	opts, err := serverOptions(o)
	if err != nil {
		return nil, err
	}
	switch {
	case o.storeDir != "":
		opts.StoreDir = o.storeDir
	case env.Dir != "":
		opts.StoreDir = env.Dir
	default:
		if err := e.inMemory(opts, env.Logger); err != nil {
			return nil, err
		}
	}
	if !e.memory {
		if err := e.own(opts, h); err != nil {
			return nil, err
		}
	}
	if err := e.start(opts, o, env.Logger); err != nil {
		e.drop()
		return nil, err
	}
	return e, nil
}

func serverOptions(o options) (*server.Options, error) {
	opts := &server.Options{
		ServerName: "onstream", DontListen: o.listen == "", JetStream: true, NoSigs: true, NoLog: true,
		MaxPayload: int32(o.maxPayload), MaxPending: 4 * max(o.maxPayload, 16<<20),
		JetStreamMaxMemory: o.maxMemory, JetStreamMaxStore: o.maxFile,
		Authorization: o.token.Reveal(), Username: o.username, Password: o.password.Reveal(),
	}
	switch o.durability {
	case "fsync":
		opts.SyncAlways = true
		opts.SyncInterval = o.syncInterval
	case "os":
		opts.SyncInterval = 2 * time.Minute
	default:
		opts.SyncInterval = o.syncInterval
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
func (e *embedded) inMemory(opts *server.Options, logger *slog.Logger) error {
	dir, err := os.MkdirTemp("", "onstream-nats-")
	if err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	e.memory = true
	opts.StoreDir = dir
	e.drop = func() { os.RemoveAll(dir) }
	logger.Warn("the embedded server keeps its streams in memory only, and they are gone when the process ends: run with --state DIR, or set store_dir")
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
		return nil, fmt.Errorf("the folder %s is in use by the embedded server of another process: connect to that with servers, or give each its own store_dir", folder)
	}
	return f, nil
}

func (e *embedded) start(opts *server.Options, o options, logger *slog.Logger) error {
	if o.listen != "" && opts.Port > 0 {
		// The server would end the process over an address that is taken.
		l, err := net.Listen("tcp", net.JoinHostPort(opts.Host, strconv.Itoa(opts.Port)))
		if err != nil {
			return fmt.Errorf("embedded server: %w: free the address, or choose another one with listen", err)
		}
		if err := l.Close(); err != nil {
			return fmt.Errorf("embedded server: %w", err)
		}
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return plugins.Permanent(fmt.Errorf("embedded server: %w", err))
	}
	log := &serverLog{logger: logger}
	s.SetLoggerV2(log, false, false, false)
	s.Start()
	if !s.ReadyForConnections(startTime) || !s.JetStreamEnabled() {
		s.Shutdown()
		s.WaitForShutdown()
		return fmt.Errorf("embedded server: it did not start: %w", log.why())
	}
	e.server = s
	if o.listen != "" {
		logger.Info("listening", "address", s.ClientURL())
		if host := opts.Host; !isLoopback(host) && !o.authenticated {
			logger.Warn("everybody who reaches the embedded server may read and write its streams: set token, or username and password")
		}
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// stop ends the server. What it has confirmed is on disk then.
func (e *embedded) stop() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
	e.drop()
}

var errNoReason = errors.New("it gives no reason")
