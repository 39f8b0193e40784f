package sources_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sources"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a fake of a format: records are lines, blank ones are none.
type lines struct{}

func (lines) Split(data []byte, from int, atEnd bool, spans []plugins.Span) ([]plugins.Span, int, error) {
	for from < len(data) {
		n := bytes.IndexByte(data[from:], '\n')
		next := from + n + 1
		if n < 0 {
			if !atEnd {
				break
			}
			n, next = len(data)-from, len(data)
		}
		if n > 0 && data[from+n-1] == '\r' {
			n--
		}
		if n > 0 {
			spans = append(spans, plugins.Span{Off: uint32(from), Len: uint32(n)})
		}
		from = next
	}
	return spans, from, nil
}

// prefixed is a fake of a format whose records begin with their length, a
// byte; 255 is malformed.
type prefixed struct{}

var errMalformed = errors.New("malformed length")

func (prefixed) Split(data []byte, from int, atEnd bool, spans []plugins.Span) ([]plugins.Span, int, error) {
	for from < len(data) {
		n := int(data[from])
		if n == 255 || atEnd && from+1+n > len(data) {
			return spans, from, errMalformed
		}
		if from+1+n > len(data) {
			break
		}
		spans = append(spans, plugins.Span{Off: uint32(from + 1), Len: uint32(n)})
		from += 1 + n
	}
	return spans, from, nil
}

var lineFraming = plugins.Framing{Splitter: func() plugins.Splitter { return lines{} }, Terminator: []byte("\n")}

func environment() plugins.Env {
	return plugins.Env{Stage: "source.test", Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: new(plugins.Pool), Framing: lineFraming}
}

// record is one row that a source handed over.
type record struct {
	part     plugins.Partition
	value    string
	offset   int64
	preamble string
	failure  string // code and message
	headers  string
}

// outlet is a fake of the engine's.
type outlet struct {
	pool *plugins.Pool
	// hand is asked what to do with a delivery; nil acknowledges it.
	hand func(ctx context.Context, d plugins.Delivery) error

	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	records []record
	next    []plugins.Position // for each record, the position of its delivery
	batches int
	done    []plugins.Partition
}

func newOutlet() *outlet { return &outlet{pool: new(plugins.Pool), changed: make(chan struct{})} }

func (o *outlet) Batch() *plugins.Batch { return o.pool.Batch() }

func (o *outlet) Hand(ctx context.Context, d plugins.Delivery) error {
	defer d.Batch.Release()
	if err := ctx.Err(); err != nil {
		return err
	}
	if o.hand != nil {
		if err := o.hand(ctx, d); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	b := d.Batch
	o.batches++
	failures := map[uint32]string{}
	for _, f := range b.Failures {
		failures[f.Row] = f.Code + ": " + f.Msg
	}
	if len(b.Sel)+len(failures) != b.Len {
		return fmt.Errorf("%d rows, but %d alive and %d failed", b.Len, len(b.Sel), len(failures))
	}
	for i := range uint32(b.Len) {
		r := record{part: b.Part, value: string(b.Value(i)), preamble: string(b.Preamble), failure: failures[i]}
		if b.Offsets != nil {
			r.offset = b.Offsets[i]
		}
		for _, h := range b.HeadersOf(i) {
			r.headers += string(h.Name.Of(b.Data)) + "=" + string(h.Value.Of(b.Data)) + ";"
		}
		o.records = append(o.records, r)
		o.next = append(o.next, d.Next)
	}
	o.change()
	if d.Ack != nil && o.hand == nil {
		d.Ack()
	}
	return nil
}

func (o *outlet) Done(p plugins.Partition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done = append(o.done, p)
	o.change()
}

func (o *outlet) change() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// until waits for a condition on what was handed over.
func (o *outlet) until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		o.mu.Lock()
		ok, changed := condition(), o.changed
		o.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%s did not happen; there are %d records, the last: %.200v", what, len(o.records), last(o.records))
		}
	}
}

func last(rs []record) record {
	if len(rs) == 0 {
		return record{}
	}
	return rs[len(rs)-1]
}

func (o *outlet) values() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var vs []string
	for _, r := range o.records {
		vs = append(vs, r.value)
	}
	return strings.Join(vs, " ")
}

func kind(t testing.TB, name string, s sources.Streams) plugins.SourceKind {
	t.Helper()
	var r plugins.Registry
	if err := sources.Register(&r, s); err != nil {
		t.Fatal(err)
	}
	k, ok := r.Source(name)
	if !ok {
		t.Fatalf("no kind %q", name)
	}
	return k
}

// configure is what the language makes of a block: defaults and what is given.
func configure(s plugins.Schema, kv ...any) plugins.Config {
	m := map[string]any{}
	for _, a := range s.Attrs {
		if a.Default != nil {
			m[a.Name] = a.Default
		}
	}
	var blocks []plugins.ConfigBlock
	for i := 0; i < len(kv); i += 2 {
		if b, ok := kv[i+1].(plugins.ConfigBlock); ok {
			blocks = append(blocks, b)
			continue
		}
		m[kv[i].(string)] = kv[i+1]
	}
	return plugins.NewConfig(m, blocks...)
}

func start(t testing.TB, name string, env plugins.Env, kv ...any) plugins.Source {
	t.Helper()
	k := kind(t, name, sources.Streams{})
	c := configure(k.Schema, kv...).WithPayload(plugins.Shape{Format: "json"})
	if k.Check != nil {
		if err := k.Check(c); err != nil {
			t.Fatal(err)
		}
	}
	s, err := k.New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, path, content string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func inDir(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(t.TempDir(), name)
}

// background runs a source until stop is called, which returns what Run did.
func background(t *testing.T, s plugins.Source, o plugins.Outlet) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- s.Run(ctx, o) }()
	stopped := false
	stop = func() error {
		stopped = true
		cancel()
		return <-result
	}
	t.Cleanup(func() {
		if !stopped {
			if err := stop(); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("Run: %v", err)
			}
		}
	})
	return stop
}
