package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/sinks"
	"github.com/onstream/onstream/plugins/sources"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// ledger is a receiver that keeps an entry once per key. Of some requests it
// loses the answer, and some it refuses for now.
type ledger struct {
	mu       sync.Mutex
	entries  map[string]string
	repeated int // requests for an entry that was there
	asked    int
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entry, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	key := r.Header.Get("Idempotency-Key")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.asked%151 == 70 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if _, ok := l.entries[key]; ok {
		l.repeated++
	}
	l.entries[key] = string(entry)
	if l.asked%101 == 50 {
		panic(http.ErrAbortHandler)
	}
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// However often the process dies: the receiver has each record, once.
func TestIdempotentRequestsAreEffectivelyOnce(t *testing.T) {
	t.Parallel()
	const n = 400
	dir := t.TempDir()
	input := filepath.Join(dir, "orders.ndjson")
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "{\"id\":%d,\"note\":\"order %d\"}\n", i, i)
	}
	if err := os.WriteFile(input, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	l := &ledger{entries: map[string]string{}}
	srv := httptest.NewServer(l)
	defer srv.Close()
	registry := registryOfAll(t)
	life := func(ctx context.Context) error {
		e := runtime.New(runtime.Config{Registry: registry, StateDir: filepath.Join(dir, "state")})
		return e.Run(ctx, pipeline(t, registry, fmt.Sprintf(`
pipeline "orders" {
  require = "effectively_once"
  checkpoint { interval = "10ms" }
}

source "file" "orders" {
  path = %q
}

sink "http" "ledger" {
  from       = source.orders
  url        = %q
  body       = "single"
  key        = event.id
  idempotent = true
  retry { backoff = "1ms" }
}
`, filepath.ToSlash(input), srv.URL)))
	}
	for crash := 1; crash <= 3; crash++ {
		ctx, kill := context.WithCancel(t.Context())
		var watch sync.WaitGroup
		watch.Go(func() {
			for ctx.Err() == nil && l.count() < crash*n/4 {
				time.Sleep(time.Millisecond)
			}
			kill()
		})
		err := life(ctx)
		kill()
		watch.Wait()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("run %d: %v", crash, err)
		}
	}
	if err := life(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range n {
		if want := fmt.Sprintf("{\"id\":%d,\"note\":\"order %d\"}", i, i); l.entries[fmt.Sprint(i)] != want {
			t.Fatalf("entry %d is %q", i, l.entries[fmt.Sprint(i)])
		}
	}
	if len(l.entries) != n || l.repeated == 0 {
		t.Errorf("%d entries, %d requests repeated", len(l.entries), l.repeated)
	}
}

func TestIdempotentWithoutAKeyIsRefusedWhereItStands(t *testing.T) {
	t.Parallel()
	module, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(`
source "file" "orders" {
  path = "orders.ndjson"
}

sink "http" "ledger" {
  from       = source.orders
  url        = "http://127.0.0.1"
  body       = "single"
  idempotent = true
}
`)})
	if !diags.HasErrors() {
		_, diags = module.Build(registryOfAll(t), dsl.Options{})
	}
	if !diags.HasErrors() || !strings.Contains(diags.Error(), "set key") || diags[0].Subject.Start.Line != 10 {
		t.Errorf("%v", diags)
	}
}

func registryOfAll(t *testing.T) *plugins.Registry {
	t.Helper()
	var r plugins.Registry
	if err := errors.Join(codec.Register(&r), sources.Register(&r, sources.Streams{}), sinks.Register(&r, sinks.Streams{})); err != nil {
		t.Fatal(err)
	}
	return &r
}

// pipeline builds a pipeline for a run with state.
func pipeline(t *testing.T, r *plugins.Registry, text string) *graph.Graph {
	t.Helper()
	module, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(text)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := module.Build(r, dsl.Options{Stored: true})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p.Graph
}
