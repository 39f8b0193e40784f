package spool_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// feed is a fake of a source that cannot replay.
type feed func(ctx context.Context, out plugins.Outlet) error

func (f feed) Run(ctx context.Context, out plugins.Outlet) error { return f(ctx, out) }

// silent is a source from which nothing comes, until it is stopped.
var silent = feed(func(ctx context.Context, _ plugins.Outlet) error { <-ctx.Done(); return ctx.Err() })

// ending is a source that has come to its end.
var ending = feed(func(context.Context, plugins.Outlet) error { return nil })

// verdict is what a source is told about a delivery: nil for an Ack.
type verdict chan error

// hand hands over records, one value each, and returns what becomes of them.
func hand(ctx context.Context, out plugins.Outlet, values ...string) (verdict, error) {
	b := out.Batch()
	b.Part = plugins.Partition{Name: "origin"}
	fill(b, values)
	v := make(verdict, 1)
	return v, out.Hand(ctx, plugins.Delivery{Batch: b, Ack: func() { v <- nil }, Nack: func(err error) { v <- err }})
}

func fill(b *plugins.Batch, values []string) {
	b.Values = b.SpareValues()
	for _, v := range values {
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(v))})
		b.Data = append(b.Data, v...)
	}
	b.SelectAll(len(values))
}

// sending is a source that hands over each group at once, waits until it is
// acknowledged, and ends.
func sending(groups ...[]string) feed {
	return func(ctx context.Context, out plugins.Outlet) error {
		for _, values := range groups {
			v, err := hand(ctx, out, values...)
			if err == nil {
				err = <-v
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// engine is a fake of the engine's outlet.
type engine struct {
	pool  plugins.Pool
	keep  bool // never acknowledge
	limit int  // after so many records Hand blocks; 0 for never

	mu      sync.Mutex
	changed chan struct{}
	records []string
	offsets []int64
	next    map[int64]plugins.Position // by the offset of the record before
	acks    []func()
	done    []plugins.Partition
}

func newEngine() *engine {
	return &engine{changed: make(chan struct{}), next: map[int64]plugins.Position{}}
}

func (e *engine) Batch() *plugins.Batch { return e.pool.Batch() }

func (e *engine) Hand(ctx context.Context, d plugins.Delivery) error {
	defer d.Batch.Release()
	e.mu.Lock()
	full := e.limit > 0 && len(e.records) >= e.limit
	e.mu.Unlock()
	if full {
		<-ctx.Done()
		return ctx.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	b := d.Batch
	for _, i := range b.Sel {
		e.records = append(e.records, string(b.Value(i)))
		e.offsets = append(e.offsets, b.Offsets[i])
	}
	if b.Part != (plugins.Partition{Name: spool.PartitionName}) {
		return fmt.Errorf("partition %v", b.Part)
	}
	e.next[b.Offsets[b.Len-1]] = d.Next
	e.acks = append(e.acks, d.Ack)
	if !e.keep {
		d.Ack()
	}
	close(e.changed)
	e.changed = make(chan struct{})
	return nil
}

func (e *engine) Done(p plugins.Partition) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done = append(e.done, p)
}

// acknowledge acknowledges all that there is.
func (e *engine) acknowledge() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ack := range e.acks {
		ack()
	}
	e.acks = nil
}

// got returns the records so far.
func (e *engine) got() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.records, " ")
}

// patience is how long something may take on a busy machine.
const patience = time.Minute

// until waits until so many records are there.
func (e *engine) until(t testing.TB, records int) {
	t.Helper()
	deadline := time.After(patience)
	for {
		e.mu.Lock()
		n, changed := len(e.records), e.changed
		e.mu.Unlock()
		if n >= records {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("there are %d records, not %d: %.200s", n, records, e.got())
		}
	}
}

// eventually waits for a condition that nothing announces.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func wrap(t fataler, inner plugins.Source, dir string, o spool.Options) *spool.Source {
	t.Helper()
	s, err := spool.Wrap(inner, dir, new(plugins.Pool), o)
	if err != nil {
		t.Fatalf("Wrap: %v", err)
	}
	return s
}

// resume is where a source is to go on.
func resume(at plugins.Position) map[plugins.Partition]plugins.Position {
	return map[plugins.Partition]plugins.Position{{Name: spool.PartitionName}: at}
}

// run runs a source from a position, nil for its beginning, until its input
// ends.
func run(ctx context.Context, t fataler, inner plugins.Source, dir string, o spool.Options, from plugins.Position) (*engine, error) {
	t.Helper()
	s := wrap(t, inner, dir, o)
	if from != nil {
		if err := s.Seek(resume(from)); err != nil {
			t.Fatalf("Seek: %v", err)
		}
	}
	e := newEngine()
	return e, s.Run(ctx, e)
}

// start runs a source until stop is called, which returns what Run did.
func start(t testing.TB, s plugins.Source, e plugins.Outlet) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- s.Run(ctx, e) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-result })
		return err
	}
	t.Cleanup(func() {
		if err := stop(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return stop
}

// logTo returns a logger whose messages, with their errors, go to a channel, as far as there is
// room in it.
func logTo(messages chan<- string) *slog.Logger {
	return slog.New(logHandler{slog.DiscardHandler, messages})
}

type logHandler struct {
	slog.Handler
	messages chan<- string
}

func (h logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h logHandler) Handle(_ context.Context, r slog.Record) error {
	message := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			message += ": " + a.Value.String()
		}
		return true
	})
	select {
	case h.messages <- message:
	default:
	}
	return nil
}
