package modbus_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/examples/plugins/modbus/modbus"
	"github.com/onstream/onstream/examples/plugins/modbus/simulator"
	"github.com/onstream/onstream/plugins"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// row is a record by the names of its fields; what is null is not in it.
type row map[string]plugins.Value

// outlet is a fake of the engine's.
type outlet struct {
	pool *plugins.Pool

	mu      sync.Mutex
	rows    []row
	parts   []plugins.Partition
	read    int // by the test
	changed chan struct{}
}

func (o *outlet) Batch() *plugins.Batch { return o.pool.Batch() }

func (o *outlet) Done(plugins.Partition) {}

func (o *outlet) Hand(ctx context.Context, d plugins.Delivery) error {
	defer d.Batch.Release()
	if err := ctx.Err(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, i := range d.Batch.Sel {
		r := row{}
		for _, name := range fields {
			if col := d.Batch.Column(name); col != nil && !col.IsNull(i) {
				r[name] = col.Value(i)
			}
		}
		if at := r["ts"].Int; at == 0 || at != d.Batch.Times[i] {
			return errors.New("ts is not the time of the record")
		}
		o.rows, o.parts = append(o.rows, r), append(o.parts, d.Batch.Part)
	}
	close(o.changed)
	o.changed = make(chan struct{})
	return nil
}

// fields are all that tests look at.
var fields = []string{"ts", "device", "quality", "errors", "units", "a", "b", "c", "d"}

// until waits for a record that a condition is true of, behind those that the test has seen.
func (o *outlet) until(t *testing.T, what string, condition func(row) bool) row {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		o.mu.Lock()
		changed := o.changed
		for o.read < len(o.rows) {
			if o.read++; condition(o.rows[o.read-1]) {
				defer o.mu.Unlock()
				return o.rows[o.read-1]
			}
		}
		o.mu.Unlock()
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("there was no record with %s", what)
		}
	}
}

func whatever(row) bool { return true }

// journal is what was logged.
type journal struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newJournal() *journal { return &journal{changed: make(chan struct{})} }

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.changed)
	j.changed = make(chan struct{})
	return j.text.Write(p)
}

func (j *journal) count(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), text)
}

// until waits until a text was logged so often.
func (j *journal) until(t *testing.T, text string, times int) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		j.mu.Lock()
		found, changed := strings.Count(j.text.String(), text) >= times, j.changed
		j.mu.Unlock()
		if found {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%q was not logged", text)
		}
	}
}

// rig is a simulated device and a source that polls it.
type rig struct {
	device  *simulator.Device
	out     *outlet
	journal *journal
	env     plugins.Env
}

func newRig(t *testing.T) *rig {
	t.Helper()
	device, err := simulator.New("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	j := newJournal()
	pool := new(plugins.Pool)
	return &rig{
		device, &outlet{pool: pool, changed: make(chan struct{})}, j,
		plugins.Env{
			Stage: "source.test", Now: time.Now, Pool: pool, Metrics: new(plugins.Metrics),
			Logger: slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelInfo})),
		},
	}
}

// on switches the device on, and off at the end of the test.
func (r *rig) on(t *testing.T) {
	t.Helper()
	if err := r.device.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.device.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func (r *rig) metric(name string) float64 {
	for _, v := range r.env.Metrics.Values() {
		if v.Name == name {
			return v.Value
		}
	}
	return -1
}

// attrs are attributes of a block.
type attrs map[string]any

// with is what the language makes of a block: defaults and what is given.
func with(s plugins.Schema, given attrs, blocks ...plugins.ConfigBlock) plugins.Config {
	m := map[string]any{}
	for _, a := range s.Attrs {
		if a.Default != nil {
			m[a.Name] = a.Default
		}
	}
	for k, v := range given {
		m[k] = v
	}
	return plugins.NewConfig(m, blocks...)
}

func register(name string, given attrs) plugins.ConfigBlock {
	return plugins.ConfigBlock{Name: "register", Label: name, Config: with(modbus.Kind().Schema.Blocks[0].Schema, given)}
}

// start runs a source over the device until the test ends or stop is called.
func (r *rig) start(t *testing.T, given attrs, registers ...plugins.ConfigBlock) (stop func()) {
	t.Helper()
	k := modbus.Kind()
	all := attrs{"address": r.device.Address(), "interval": 5 * time.Millisecond, "max_backoff": 10 * time.Millisecond}
	for name, v := range given {
		all[name] = v
	}
	c := with(k.Schema, all, registers...)
	if err := k.Check(c); err != nil {
		t.Fatal(err)
	}
	s, err := k.New(c, r.env)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- s.Run(ctx, r.out) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}
