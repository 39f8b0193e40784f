package opcua_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/examples/plugins/opcua/opcua"
	"github.com/onstream/onstream/examples/plugins/opcua/simulator"
	"github.com/onstream/onstream/plugins"
)

// row is a record by the names of its fields; what is null is not in it.
type row map[string]plugins.Value

var fields = []string{"ts", "server", "node", "value", "quality", "status", "source_time", "server_time", "gap"}

// outlet is a fake of the engine's.
type outlet struct {
	pool *plugins.Pool

	mu      sync.Mutex
	rows    []row
	read    int // by the test
	journal *journal
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
	failures := map[uint32]string{}
	for _, f := range d.Batch.Failures {
		failures[f.Row] = f.Code + ": " + f.Msg
	}
	for _, i := range d.Batch.Sel {
		r := row{}
		for _, name := range fields {
			if col := d.Batch.Column(name); col != nil && !col.IsNull(i) {
				r[name] = col.Value(i)
			}
		}
		if failures[i] != "" {
			r["failure"] = plugins.Value{Kind: plugins.String, Text: failures[i]}
		}
		if at := r["ts"].Int; at == 0 || at != d.Batch.Times[i] {
			return errors.New("ts is not the time of the record")
		}
		o.rows = append(o.rows, r)
	}
	close(o.changed)
	o.changed = make(chan struct{})
	return nil
}

// until waits for a record that a condition is true of, behind those that the test has seen.
func (o *outlet) until(t *testing.T, what string, condition func(row) bool) row {
	t.Helper()
	deadline := time.After(patience)
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
			t.Fatalf("there was no record with %s, but the journal\n%s", what, o.journal)
		}
	}
}

// patience is how long a test waits for what must happen.
const patience = time.Minute

func whatever(row) bool { return true }

func is(value string) func(row) bool {
	return func(r row) bool { return r["value"].String() == value }
}

// journal is what was logged.
type journal struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

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

// until waits until a text was logged.
func (j *journal) until(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		j.mu.Lock()
		found, changed := strings.Contains(j.text.String(), text), j.changed
		j.mu.Unlock()
		if found {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%q was not logged, but:\n%s", text, j.text.String())
		}
	}
}

// behind starts a simulated server that is reached over a relay.
func behind(t *testing.T) (*simulator.Server, *relay) {
	t.Helper()
	r := newRelay(t)
	s := serve(t, simulator.Config{Others: []string{r.l.Addr().String()}})
	r.to(s.Endpoint())
	return s, r
}

// serve starts a simulated server for the time of the test.
func serve(t *testing.T, c simulator.Config) *simulator.Server {
	t.Helper()
	s, err := simulator.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// rig is what a source runs in.
type rig struct {
	out     *outlet
	journal *journal
	env     plugins.Env
	done    chan error // what Run returned
}

func newRig() *rig {
	j := &journal{changed: make(chan struct{})}
	pool := new(plugins.Pool)
	return &rig{
		&outlet{pool: pool, journal: j, changed: make(chan struct{})}, j,
		plugins.Env{
			Stage: "source.test", Now: time.Now, Pool: pool, Metrics: new(plugins.Metrics),
			Logger: slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelInfo})),
		},
		make(chan error, 1),
	}
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

func node(name string, given attrs) plugins.ConfigBlock {
	return plugins.ConfigBlock{Name: "node", Label: name, Config: with(opcua.Kind().Schema.Blocks[0].Schema, given)}
}

func nodesOf(names []string, of func(string) attrs) []plugins.ConfigBlock {
	var blocks []plugins.ConfigBlock
	for _, name := range names {
		blocks = append(blocks, node(name, of(name)))
	}
	return blocks
}

// start runs a source until the test ends or stop is called. What Run returns by itself is in done.
func (r *rig) start(t *testing.T, given attrs, nodes ...plugins.ConfigBlock) (stop func()) {
	t.Helper()
	k := opcua.Kind()
	all := attrs{"publishing_interval": 10 * time.Millisecond, "max_backoff": 100 * time.Millisecond, "timeout": 20 * time.Second}
	for name, v := range given {
		all[name] = v
	}
	c := with(k.Schema, all, nodes...)
	if err := k.Check(c); err != nil {
		t.Fatal(err)
	}
	s, err := k.New(c, r.env)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		err := s.Run(ctx, r.out)
		if !errors.Is(err, context.Canceled) {
			r.env.Logger.Error("the source has ended", "error", err)
		}
		r.done <- err
		close(ended)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(stop)
	return stop
}

// fails waits for the error with which a source ends by itself.
func (r *rig) fails(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(patience):
		t.Fatal("the source goes on: ", r.journal.text.String())
		return nil
	}
}

// relay stands before a server, and can be cut or held.
type relay struct {
	l      net.Listener
	target string
	held   sync.RWMutex // locked by a test that lets nothing through

	messages atomic.Int64 // from the server
	message  chan struct{}

	mu    sync.Mutex
	conns []net.Conn
	wg    sync.WaitGroup
}

// newRelay returns one that leads nowhere yet.
func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{l: l, target: "127.0.0.1:1", message: make(chan struct{}, 1)}
	r.wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			target := r.target
			r.mu.Unlock()
			out, err := net.Dial("tcp", target)
			if err != nil {
				in.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, in, out)
			r.mu.Unlock()
			r.wg.Go(func() { r.pass(in, out, nil) })
			r.wg.Go(func() { r.pass(out, in, &r.messages) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.cut()
		r.wg.Wait()
	})
	return r
}

func (r *relay) pass(from, to net.Conn, count *atomic.Int64) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		r.held.RLock()
		_, failed := to.Write(buffer[:n])
		r.held.RUnlock()
		if count != nil {
			count.Add(1)
			select {
			case r.message <- struct{}{}:
			default:
			}
		}
		if err != nil || failed != nil {
			return
		}
	}
}

// to has what connects from now on led to another server.
func (r *relay) to(endpoint string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = strings.TrimPrefix(endpoint, "opc.tcp://")
}

func (r *relay) endpoint() string { return "opc.tcp://" + r.l.Addr().String() }

// answers waits until so many messages came from the server.
func (r *relay) answers(t *testing.T, n int64) {
	t.Helper()
	deadline := time.After(patience)
	for until := r.messages.Load() + n; r.messages.Load() < until; {
		select {
		case <-r.message:
		case <-deadline:
			t.Fatal("the server says nothing")
		}
	}
}

// cut ends all connections there are.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
	r.conns = nil
}

// String returns all that was logged.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
