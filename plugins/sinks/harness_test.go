package sinks_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sinks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func environment() plugins.Env {
	return plugins.Env{
		Stage: "sink.test", Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: new(plugins.Pool),
		Framing: plugins.Framing{Terminator: []byte("\n")},
	}
}

// batch makes a batch of encoded records, as the engine does.
func batch(pool *plugins.Pool, records ...string) *plugins.Batch {
	b := pool.Batch()
	b.Values = b.SpareValues()
	for _, r := range records {
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(r))})
		b.Data = append(append(b.Data, r...), '\n')
	}
	b.SelectAll(len(records))
	return b
}

func kind(t testing.TB, name string, s sinks.Streams) plugins.SinkKind {
	t.Helper()
	var r plugins.Registry
	if err := sinks.Register(&r, s); err != nil {
		t.Fatal(err)
	}
	k, ok := r.Sink(name)
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
	return plugins.NewConfig(m, blocks...).WithPayload(plugins.Shape{Format: "json"})
}

// start returns a sink that is closed at the end of the test.
func start(t testing.TB, name string, env plugins.Env, kv ...any) plugins.Sink {
	t.Helper()
	k := kind(t, name, sinks.Streams{})
	c := configure(k.Schema, kv...)
	if k.Check != nil {
		if err := k.Check(c); err != nil {
			t.Fatal(err)
		}
	}
	s, err := k.New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t testing.TB, s plugins.Sink) {
	t.Helper()
	if c, ok := s.(plugins.Closer); ok {
		if err := c.Close(t.Context()); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Errorf("Close: %v", err)
		}
	}
}

// outcome is what became of a batch.
type outcome struct {
	mu    sync.Mutex
	calls int
	err   error
}

func (o *outcome) done(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	o.err = err
}

// answered reports whether the batch was answered for, once, and how.
func (o *outcome) answered(t testing.TB) (bool, error) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calls > 1 {
		t.Errorf("a batch was answered for %d times", o.calls)
	}
	return o.calls > 0, o.err
}

// send writes a batch and flushes, and returns what became of it.
func send(t testing.TB, s plugins.Sink, b *plugins.Batch) error {
	t.Helper()
	var o outcome
	if err := s.Write(t.Context(), b, o.done); err != nil {
		if o.calls > 0 {
			t.Error("an error was returned and the batch answered for")
		}
		return err
	}
	if err := s.Flush(t.Context()); err != nil {
		return err
	}
	ok, err := o.answered(t)
	if !ok {
		t.Error("the batch was not answered for")
	}
	return err
}

// strike takes out of a batch what a sink has done with before an error, as the
// engine does. It returns which of that failed.
func strike(b *plugins.Batch, err error) []plugins.Failure {
	var part *plugins.PartialError
	if !errors.As(err, &part) {
		return nil
	}
	b.Sel = b.Sel[part.Done:]
	return part.Failed
}

// must is send where nothing goes wrong.
func must(t testing.TB, s plugins.Sink, b *plugins.Batch) {
	t.Helper()
	if err := send(t, s, b); err != nil {
		t.Fatal(err)
	}
}

func content(t testing.TB, path string) string {
	t.Helper()
	c, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(c)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func inDir(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(t.TempDir(), name)
}

func wantConfigError(t *testing.T, err error, path, says string) {
	t.Helper()
	var ce *plugins.ConfigError
	if !errors.As(err, &ce) || ce.Path != path || !strings.Contains(ce.Msg, says) {
		t.Errorf("error %v, want one at %q that says %q", err, path, says)
	}
}

// clock is a pipeline's clock that moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// pieces is a writer that remembers each write.
type pieces struct {
	bytes.Buffer
	writes int
	err    error
}

func (p *pieces) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	p.writes++
	return p.Buffer.Write(b)
}

var _ io.Writer = (*pieces)(nil)
