package sinks_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/plugintest"
	"github.com/onstream/onstream/plugins/sinks"
)

// conform is the configuration of a kind with the values given.
func conform(k plugins.SinkKind, values map[string]any) plugins.Config {
	c := plugintest.Configure(k.Schema, values)
	if k.Payload {
		c = c.WithPayload(plugins.Shape{Format: "json"})
	}
	return c
}

func TestDiscardConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "discard", sinks.Streams{})
	plugintest.Sink(t, plugintest.SinkCase{Kind: k, Discards: true, Open: func(testing.TB) plugintest.Target {
		return plugintest.Target{Config: conform(k, nil)}
	}})
}

func TestFileConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "file", sinks.Streams{})
	for name, values := range map[string]map[string]any{
		"plain":  {},
		"always": {"fsync": "always"},
		"never":  {"fsync": "never"},
		"gzip":   {"compression": "gzip"},
		"zstd":   {"compression": "zstd", "fsync": "always"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plugintest.Sink(t, plugintest.SinkCase{Kind: k, Open: func(t testing.TB) plugintest.Target {
				path := filepath.Join(t.TempDir(), "out.ndjson")
				all := map[string]any{"path": path}
				for n, v := range values {
					all[n] = v
				}
				return plugintest.Target{
					Config: conform(k, all),
					Read: func() ([]string, error) {
						text, err := os.ReadFile(path)
						if os.IsNotExist(err) {
							return nil, nil
						}
						if len(text) > 0 && values["compression"] != nil {
							text, err = unpacked(values["compression"], text)
						}
						return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }), err
					},
				}
			}})
		})
	}
}

// half is a standard output that can be full: then it takes half of what it is given.
type half struct {
	mu   sync.Mutex
	text bytes.Buffer
	full bool
}

// Write implements [io.Writer].
func (h *half) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.full {
		return h.text.Write(p)
	}
	n, _ := h.text.Write(p[:len(p)/2])
	return n, syscall.ENOSPC
}

func (h *half) set(full bool) func() {
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.full = full
	}
}

func (h *half) lines() ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.FieldsFunc(h.text.String(), func(r rune) bool { return r == '\n' }), nil
}

func TestStdoutConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "stdout", sinks.Streams{})
	plugintest.Sink(t, plugintest.SinkCase{Kind: k, Open: func(t testing.TB) plugintest.Target {
		var out half
		return plugintest.Target{
			Config: conform(k, nil), New: kind(t, "stdout", sinks.Streams{Out: &out}).New,
			Read: out.lines, Break: out.set(true), Mend: out.set(false),
		}
	}})
}

// receiver is a server that records are sent to.
type receiver struct {
	mu      sync.Mutex
	records []string
	keys    map[string]bool
	down    bool
	stalled chan struct{} // closed when it goes on
}

// ServeHTTP implements [http.Handler].
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	stalled := r.stalled
	r.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch key := req.Header.Get("Idempotency-Key"); {
	case err != nil || r.down:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case strings.Contains(string(body), "bad"):
		w.WriteHeader(http.StatusBadRequest)
		return
	case key != "" && r.keys[key]:
		return
	case key != "":
		r.keys[key] = true
	}
	text := strings.NewReplacer("[", "", "]", "", "},{", "}\n{").Replace(string(body))
	r.records = append(r.records, strings.FieldsFunc(text, func(c rune) bool { return c == '\n' })...)
}

func (r *receiver) read() ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.records, nil
}

func (r *receiver) set(f func()) func() {
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		f()
	}
}

func (r *receiver) goOn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stalled != nil {
		close(r.stalled)
		r.stalled = nil
	}
}

func TestHTTPConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "http", sinks.Streams{})
	for name, values := range map[string]map[string]any{
		"stream":     {"body": "stream"},
		"small":      {"body": "stream", "max_records": int64(7)},
		"array":      {"body": "array"},
		"single":     {"body": "single"},
		"idempotent": {"body": "single", "idempotent": true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := plugintest.SinkCase{Kind: k, Records: 60}
			if values["idempotent"] != nil {
				c.Key = func(i int) string { return fmt.Sprint("k", i) }
			}
			c.Open = func(t testing.TB) plugintest.Target {
				r := &receiver{keys: map[string]bool{}}
				server := httptest.NewServer(r)
				t.Cleanup(server.Close)
				all := map[string]any{"url": server.URL}
				for n, v := range values {
					all[n] = v
				}
				config := conform(k, all)
				if c.Key != nil {
					config = config.With("key", keyed{})
				}
				to := plugintest.Target{
					Config: config, Read: r.read,
					Break: r.set(func() { r.down = true }), Mend: r.set(func() { r.down = false }),
					Stall: r.set(func() { r.stalled = make(chan struct{}) }), Free: r.goOn,
				}
				if values["body"] == "single" {
					to.Refused = `{"bad":1}`
				}
				return to
			}
			plugintest.Sink(t, c)
		})
	}
}

// keyed stands for an expression of a key.
type keyed struct{ plugins.Expr }

// Type implements [plugins.Expr].
func (keyed) Type() plugins.Type { return plugins.Of(plugins.String) }

// unpacked returns what was compressed.
func unpacked(how any, packed []byte) ([]byte, error) {
	var r io.Reader
	var err error
	if how == "gzip" {
		r, err = gzip.NewReader(bytes.NewReader(packed))
	} else {
		r, err = zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
