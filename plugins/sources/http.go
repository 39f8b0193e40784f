package sources

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
)

func httpKind() plugins.SourceKind {
	return plugins.SourceKind{
		Name: "http",
		Schema: plugins.Schema{
			Doc: "Listens for requests (POST or PUT) whose bodies are records. A request is answered with 200 and `{\"accepted\":n}` once all its records are where the pipeline takes them, and with 503 and Retry-After when that takes too long: then the sender has to send it again. With format json a body is one object, an array of objects, or an object a line; every record is checked wholly, and a body with one that is no JSON object is refused as a whole with 400, which names the line. Of the request's headers only Idempotency-Key is kept.",
			Example: `source "http" "ingest" {
  listen = "127.0.0.1:8080"
  path   = "/readings"
  format = "json"
}`,
			Attrs: []plugins.Attr{
				{Name: "listen", Type: plugins.AttrString, Default: "127.0.0.1:8080", Doc: "Address and port; \":8080\" is all addresses of the machine, port 0 any free port."},
				{Name: "path", Type: plugins.AttrString, Default: "/", Doc: "The only path that is served."},
				{Name: "token", Type: plugins.AttrSecret, Doc: "What requests must carry as `Authorization: Bearer TOKEN`."},
				{Name: "max_body", Type: plugins.AttrSize, Default: int64(4 << 20), Min: plugins.Bound(1), Max: plugins.Bound(1 << 30), Doc: "The largest body, decompressed; a larger one is answered with 413."},
				{Name: "max_requests", Type: plugins.AttrInt, Default: int64(64), Min: plugins.Bound(1), Doc: "Requests in progress at once; more are answered with 503. With max_body it bounds the memory."},
				{Name: "max_wait", Type: plugins.AttrDuration, Default: time.Second, Min: plugins.Bound(0.001), Doc: "How long a request waits while the pipeline is full."},
				{Name: "timeout", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(0.001), Doc: "How long a body may take to arrive, and then the pipeline to acknowledge it."},
			},
		},
		Payload:       true,
		DefaultFormat: "json",
		Check:         checkHTTP,
		Capabilities: func(plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Redelivers: true, Weakens: "a sender that does not repeat what was not answered with 2xx loses it"}
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) {
			return &httpSource{
				listen: c.String("listen"), path: c.String("path"), token: c.Secret("token"), json: c.Payload().Format == "json",
				maxBody: c.Int("max_body"), maxWait: c.Duration("max_wait"), timeout: c.Duration("timeout"),
				slots: make(chan struct{}, c.Int("max_requests")), env: env,
			}, nil
		},
	}
}

func checkHTTP(c plugins.Config) error {
	if err := plugins.CheckListen("listen", c.String("listen"), "127.0.0.1:8080"); err != nil {
		return err
	}
	if !strings.HasPrefix(c.String("path"), "/") {
		return plugins.ConfigErrorf("path", "a path begins with a slash: \"/%s\"", c.String("path"))
	}
	if c.Has("token") && c.Secret("token").Reveal() == "" {
		return plugins.ConfigErrorf("token", "the token is empty, so everybody has it: set one, or leave the attribute out")
	}
	return nil
}

type httpSource struct {
	listen  string
	path    string
	token   plugins.Secret
	json    bool
	maxBody int64
	maxWait time.Duration
	timeout time.Duration
	slots   chan struct{} // one for each request in progress
	env     plugins.Env
	addr    atomic.Pointer[net.Addr]
}

var _ plugins.Source = (*httpSource)(nil)

// Addr returns the address that requests may be sent to, nil while there is
// none. It is also logged.
func (h *httpSource) Addr() net.Addr {
	if a := h.addr.Load(); a != nil {
		return *a
	}
	return nil
}

// Handler returns what answers the requests; Run serves it.
func (h *httpSource) Handler(out plugins.Outlet) http.Handler {
	return &httpHandler{h, out, plugins.Partition{Name: h.path}}
}

// Run implements [plugins.Source].
func (h *httpSource) Run(ctx context.Context, out plugins.Outlet) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", h.listen)
	if err != nil {
		return fmt.Errorf("listen for requests: %w: free the address, or choose another one with listen", err)
	}
	addr := l.Addr()
	h.addr.Store(&addr)
	defer h.addr.Store(nil)
	h.env.Logger.Info("listening", "address", "http://"+addr.String()+h.path)
	server := &http.Server{
		Handler:           h.Handler(out),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(h.env.Logger.Handler(), slog.LevelDebug),
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		err = server.Serve(l)
	}()
	defer func() { <-served }()
	select {
	case <-served:
		return fmt.Errorf("serve requests: %w", err)
	case <-ctx.Done():
	}
	// What was handed over is waited for; the handlers know their own limits.
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.maxWait+h.timeout)
	defer cancel()
	if err := server.Shutdown(finish); err != nil {
		return errors.Join(fmt.Errorf("finish requests: %w", err), server.Close())
	}
	return ctx.Err()
}
