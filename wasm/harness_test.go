package wasm_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// goGuest builds testdata/guest, once.
var goGuest = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "guest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, ".")
	cmd.Dir, cmd.Env = filepath.Join("testdata", "guest"), append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-mod=mod", "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	return os.ReadFile(out)
})

// cacheDir holds what is compiled of it, for all tests.
var cacheDir string

func TestMain(m *testing.M) {
	var err error
	if cacheDir, err = os.MkdirTemp("", "compiled"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(cacheDir) // what stays is in the folder for temporary files
	os.Exit(code)
}

const spaces = `"state": {"version": 1, "spaces": ["all"]}`

// guest writes the Go guest with a manifest into a file.
func guest(t testing.TB, manifest string) string {
	t.Helper()
	module, err := goGuest()
	if err != nil {
		t.Fatal(err)
	}
	about := append(binary.AppendName(nil, abi.ManifestSection), manifest...)
	return file(t, wasmtest.Section(slices.Clone(module), binary.CustomSection, about))
}

func file(t testing.TB, module []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guest.wasm")
	if err := os.WriteFile(path, module, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func kind(t testing.TB) plugins.TransformKind {
	t.Helper()
	var r plugins.Registry
	if err := wasm.Register(&r, wasm.Config{CacheDir: cacheDir}); err != nil {
		t.Fatal(err)
	}
	k, ok := r.Transform("wasm")
	if !ok {
		t.Fatal("there is no kind wasm")
	}
	return k
}

// expr is a fake of a compiled expression.
type expr struct {
	typ  plugins.Type
	eval func(b *plugins.Batch, col *plugins.Column)
	is   *plugins.Value // of a constant
}

func (e expr) Type() plugins.Type { return e.typ }
func (e expr) Reads() []plugins.Field {
	if e.is != nil {
		return nil
	}
	return []plugins.Field{{Name: "some", Type: e.typ}}
}
func (e expr) String() string { return "fake" }
func (e expr) Range() string  { return "test.hcl:1,1-2" }
func (e expr) Evaluator(plugins.Env) plugins.Evaluator {
	return &evaluator{expr: e}
}

func (e expr) Constant() (plugins.Value, bool) {
	if e.is == nil {
		return plugins.Value{}, false
	}
	return *e.is, true
}

type evaluator struct {
	expr
	col plugins.Column
}

func (e *evaluator) Eval(b *plugins.Batch) *plugins.Column {
	e.col.Reset(e.typ.Kind, b.Len)
	e.col.Data = e.col.Data[:0]
	e.eval(b, &e.col)
	b.DropFailed()
	return &e.col
}

// field reads a column of the batch.
func field(name string, t plugins.Type) expr {
	return expr{typ: t, eval: func(b *plugins.Batch, col *plugins.Column) {
		from := b.Column(name)
		for _, i := range b.Sel {
			col.SetValue(i, from.Value(i))
		}
	}}
}

func constant(v plugins.Value) expr { return expr{typ: plugins.Of(v.Kind), is: &v} }

func integer(v int64) plugins.Value { return plugins.Value{Kind: plugins.Int, Int: v} }
func text(v string) plugins.Value   { return plugins.Value{Kind: plugins.String, Text: v} }
func float(v float64) plugins.Value { return plugins.Value{Kind: plugins.Float, Float: v} }

func named(name string, e plugins.Expr) plugins.NamedExpr {
	return plugins.NamedExpr{Name: name, Expr: e}
}

// engine is a fake of what calls a transform. It checks conservation.
type engine struct {
	t        testing.TB
	env      plugins.Env
	clock    time.Time
	said     bytes.Buffer
	stage    plugins.Transform
	read     func(b *plugins.Batch, i uint32) string // of a record that comes out
	records  []string                                // that came out since the last look, with the port if it is not the first
	failures []plugins.Failure
	rows     int // that came out
	dropped  int
	made     int
}

// start makes a stage of a module.
func start(t testing.TB, module string, more map[string]any, blocks ...plugins.ConfigBlock) *engine {
	t.Helper()
	e := &engine{t: t, clock: time.Unix(1000, 0), read: func(b *plugins.Batch, i uint32) string { return string(b.Value(i)) }}
	e.env = plugins.Env{
		Pipeline: "p", Stage: "transform.test", Now: func() time.Time { return e.clock },
		Logger: slog.New(slog.NewTextHandler(&e.said, nil)), Pool: new(plugins.Pool), Shared: new(plugins.Shared),
		Metrics: new(plugins.Metrics),
	}
	t.Cleanup(func() {
		if err := e.env.Shared.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	e.stage = e.instance(module, more, blocks...)
	return e
}

func config(module string, more map[string]any, blocks ...plugins.ConfigBlock) plugins.Config {
	attrs := map[string]any{"module": module, "max_ahead": time.Hour, "lateness": time.Duration(0), "max_keys": int64(1000)}
	for name, v := range more {
		attrs[name] = v
	}
	return plugins.NewConfig(attrs, blocks...).WithPayload(plugins.Shape{Format: "json"})
}

func (e *engine) instance(module string, more map[string]any, blocks ...plugins.ConfigBlock) plugins.Transform {
	e.t.Helper()
	tr, err := kind(e.t).New(config(module, more, blocks...), e.env)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := tr.(plugins.Opener).Open(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	return tr
}

// measured returns the values of metrics.
func (e *engine) measured(names ...string) string {
	var all []string
	for _, name := range names {
		for _, v := range e.env.Metrics.Values() {
			if v.Name == name {
				all = append(all, fmt.Sprint(v.Value))
			}
		}
	}
	return strings.Join(all, " ")
}

func (e *engine) Emit(output int, b *plugins.Batch) {
	b.TakeFailures(func(f plugins.Failure) { e.failures = append(e.failures, f) })
	e.rows += len(b.Sel)
	for _, i := range b.Sel {
		r := e.read(b, i)
		if output > 0 {
			r = fmt.Sprintf("%d:%s", output, r)
		}
		e.records = append(e.records, r)
	}
	b.Sel = b.Sel[:0]
}

func (e *engine) Drop(n int) { e.dropped += n }
func (e *engine) Make(n int) { e.made += n }

// batch makes a batch of payloads, with the keys a and b in turn as a column and times from 1 s on.
func (e *engine) batch(payloads ...string) *plugins.Batch {
	b := e.env.Pool.Batch()
	b.SelectAll(len(payloads))
	key, at := b.NewColumn("key", plugins.String), b.NewColumn("time", plugins.Time)
	b.Values, b.Keys, b.Offsets = b.SpareValues(), b.SpareKeys(), b.SpareOffsets()
	add := func(s string) plugins.Span {
		span := plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(s))}
		b.Data = append(b.Data, s...)
		return span
	}
	for i, p := range payloads {
		p, seconds, timed := strings.Cut(p, " at ")
		at.Ints[i] = int64(i+1) * 1e9
		if timed {
			d, err := time.ParseDuration(seconds)
			if err != nil {
				e.t.Fatal(err)
			}
			at.Ints[i] = int64(d)
		}
		k := string(rune('a' + i%2))
		if own, rest, ok := strings.Cut(p, "|"); ok {
			k, p = own, rest
		}
		key.AppendString(uint32(i), k)
		b.Values = append(b.Values, add(p))
		b.Keys = append(b.Keys, add("key "+k))
		b.Offsets = append(b.Offsets, int64(100+i))
	}
	return b
}

// run puts a batch through the stage, and returns what came out and then what failed.
func (e *engine) run(payloads ...string) string {
	e.t.Helper()
	return e.process(e.batch(payloads...))
}

func (e *engine) process(b *plugins.Batch) string {
	e.t.Helper()
	in := len(b.Sel)
	return e.look(in, func() error {
		mark := b.Mark()
		err := e.stage.Process(e.t.Context(), b, e)
		b.Rewind(mark)
		b.TakeFailures(func(f plugins.Failure) { e.failures = append(e.failures, f) })
		b.Release()
		return err
	})
}

// look returns what a call made of so many records.
func (e *engine) look(in int, call func() error) string {
	e.t.Helper()
	e.records, e.failures, e.rows, e.dropped, e.made = nil, nil, 0, 0, 0
	if err := call(); err != nil {
		e.t.Fatal(err)
	}
	if out := e.rows + e.dropped + len(e.failures); in+e.made != out {
		e.t.Errorf("in %d + made %d != out %d + dropped %d + dead %d", in, e.made, e.rows, e.dropped, len(e.failures))
	}
	says := slices.Clone(e.records)
	for _, f := range e.failures {
		says = append(says, "!"+f.Code+" "+f.Msg)
	}
	return strings.Join(says, "; ")
}

func (e *engine) tick() string {
	e.t.Helper()
	return e.look(0, func() error { return e.stage.(plugins.Timed).Tick(e.t.Context(), e.clock.UnixNano(), e) })
}

func (e *engine) finish() string {
	e.t.Helper()
	return e.look(0, func() error { return e.stage.(plugins.Finisher).Finish(e.t.Context(), e) })
}

// memoryState is a fake of what a stage has stored.
type memoryState struct {
	first, last plugins.Group
	rows        map[string][]byte
}

func newState() *memoryState {
	return &memoryState{last: plugins.Groups - 1, rows: map[string][]byte{}}
}

func rowOf(space byte, g plugins.Group, key []byte) string {
	return string([]byte{space, g}) + string(key)
}

func (m *memoryState) Groups() (first, last plugins.Group) { return m.first, m.last }

func (m *memoryState) Get(space byte, g plugins.Group, key, dst []byte) ([]byte, bool, error) {
	v, ok := m.rows[rowOf(space, g, key)]
	return append(dst, v...), ok, nil
}

func (m *memoryState) Ascend(space byte, g plugins.Group, from []byte, f func(key, value []byte) bool) error {
	var keys []string
	for row := range m.rows {
		if row[0] == space && row[1] == g && row[2:] >= string(from) {
			keys = append(keys, row)
		}
	}
	slices.Sort(keys)
	for _, row := range keys {
		if !f([]byte(row[2:]), m.rows[row]) {
			break
		}
	}
	return nil
}

func (m *memoryState) Put(space byte, g plugins.Group, key, value []byte) {
	m.rows[rowOf(space, g, key)] = bytes.Clone(value)
}

func (m *memoryState) Delete(space byte, g plugins.Group, key []byte) {
	delete(m.rows, rowOf(space, g, key))
}

func (e *engine) restore(m *memoryState) {
	e.t.Helper()
	if err := e.stage.(plugins.Stateful).Restore(m); err != nil {
		e.t.Fatal(err)
	}
}

func (e *engine) snapshot(m *memoryState) {
	e.t.Helper()
	if err := e.stage.(plugins.Stateful).Snapshot(m); err != nil {
		e.t.Fatal(err)
	}
}

var discard = slog.New(slog.DiscardHandler)
