package wasm_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// The programs of testdata/foreign are built once each, with the kits of those that they were written for.
var (
	extismPlugin  = sync.OnceValues(func() ([]byte, error) { return buildForeign("extism", "-buildmode=c-shared") })
	redpandaGuest = sync.OnceValues(func() ([]byte, error) { return buildForeign("redpanda") })
	wasiProgram   = sync.OnceValues(func() ([]byte, error) { return buildForeign("wasi") })
)

func buildForeign(name string, flags ...string) ([]byte, error) {
	dir, err := os.MkdirTemp("", name)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, name+".wasm")
	cmd := exec.Command("go", append(append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", out}, flags...), ".")...)
	cmd.Dir, cmd.Env = filepath.Join("testdata", "foreign", name), append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-mod=readonly", "CGO_ENABLED=0", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		download := exec.Command("go", "mod", "download")
		download.Dir, download.Env = cmd.Dir, cmd.Env
		if why, none := download.CombinedOutput(); none != nil {
			return nil, fmt.Errorf("%w: %s", errNoKit, why)
		}
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	return os.ReadFile(out)
}

// errNoKit is why a program is not built: what it was written with cannot be had.
var errNoKit = errors.New("its kit cannot be had from the module proxy")

// foreignModule writes a program of testdata/foreign into a file. Where its kit cannot be had, there is nothing to test.
func foreignModule(t testing.TB, build func() ([]byte, error)) string {
	t.Helper()
	module, err := build()
	if errors.Is(err, errNoKit) && os.Getenv("ONSTREAM_TOOLCHAINS") != "all" {
		t.Skip("the program cannot be built here:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file(t, module)
}

// step is what a stage is given, and what it is to give.
type step struct {
	in   []string
	want string // what it begins with, up to each of its parts
}

func steps(t *testing.T, e *engine, steps ...step) {
	t.Helper()
	for _, s := range steps {
		got := strings.Split(e.run(s.in...), "; ")
		want := strings.Split(s.want, "; ")
		same := len(got) == len(want)
		for k := 0; same && k < len(got); k++ {
			part, begins := strings.CutSuffix(want[k], "...")
			same = got[k] == part || begins && strings.HasPrefix(got[k], part)
		}
		if !same {
			t.Errorf("%q gives\n%q, not\n%q", s.in, strings.Join(got, "; "), s.want)
		}
	}
}

func settings(pairs ...string) []plugins.NamedExpr {
	var exprs []plugins.NamedExpr
	for k := 0; k < len(pairs); k += 2 {
		exprs = append(exprs, named(pairs[k], constant(text(pairs[k+1]))))
	}
	return exprs
}

func limit(name string, v any) plugins.ConfigBlock {
	return plugins.ConfigBlock{Name: "limits", Config: plugins.NewConfig(map[string]any{name: v})}
}

// A plug-in of Extism is called for each record. What it returns is the new value.
func TestExtism(t *testing.T) {
	t.Parallel()
	module := foreignModule(t, extismPlugin)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Answer", r.Header.Get("X-Ask"))
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s", r.Method, body)
	}))
	t.Cleanup(s.Close)
	attrs := map[string]any{"config": settings("unit", "°C"), "grant": []string{"http:" + strings.TrimPrefix(s.URL, "http://")}}
	steps(t, start(t, module, attrs, limit("time", time.Minute)), // all that a request takes counts
		step{[]string{"http:" + s.URL, "http:http://localhost:1/", "g"}, `418 it POST body; G; !trap the request of the plug-in has failed: the host localhost:1 is not granted: write grant = ["http:localhost:1"], if it may be asked`},
	)
	e := start(t, module, attrs, limit("time", 300*time.Millisecond))
	steps(t, e,
		step{[]string{"hello, plug-in", "a"}, "HELLO, PLUG-IN; A"},
		step{[]string{"drop", "b"}, "B"},
		step{[]string{"config:unit", "config:other"}, "true °C; false "},
		step{[]string{"c", "fail:no good", "silent", "d"}, "C; D; !rejected no good; !rejected the plug-in has returned an error, and no text for it"},
		step{[]string{"count", "count", "forget", "count"}, "1; 2; forgotten; 1"},
		step{[]string{"count", "panic:told to", "count"}, "2; 1; !trap the module trapped: unreachable: panic: told to (in ..."},
		step{[]string{"e", "spin", "f"}, "E; F; !timeout the module took longer than 300ms: raise limits.time, or give it less to do at a time"},
		step{[]string{"log:it says this"}, "logged"},
	)
	if !strings.Contains(e.said.String(), "it says this") {
		t.Errorf("the log has %s", e.said.String())
	}
}

// granted is what a stage of the plug-in has to say, which makes requests.
var granted = map[string]any{"grant": []string{"http:localhost"}}

// Keys, headers, times and offsets of what a plug-in makes are those of the record.
func TestExtismEnvelope(t *testing.T) { // not in parallel, so that the module is compiled once
	e := start(t, foreignModule(t, extismPlugin), granted)
	e.read = func(b *plugins.Batch, i uint32) string {
		return fmt.Sprintf("%s=%s #%d", b.Key(i), b.Value(i), b.Offsets[i])
	}
	steps(t, e, step{[]string{"x", "drop", "y"}, "key a=X #100; key a=Y #102"})
}

// A data transform of Redpanda reads records and writes them, also to other topics.
func TestRedpanda(t *testing.T) {
	t.Parallel()
	attrs := map[string]any{"ports": []string{"alerts"}, "config": settings("UNIT", "K"), "time": field("time", plugins.Of(plugins.Time))}
	e := start(t, foreignModule(t, redpandaGuest), attrs, limit("time", 300*time.Millisecond))
	e.read = func(b *plugins.Batch, i uint32) string {
		s := fmt.Sprintf("%s=%s", b.Key(i), b.Value(i))
		for _, h := range b.HeadersOf(i) {
			s += fmt.Sprintf(" %s:%s", h.Name.Of(b.Data), h.Value.Of(b.Data))
		}
		return s
	}
	steps(t, e,
		step{[]string{"one", "two"}, "key a=one; key b=two"},
		step{[]string{"drop", "twice", "header:v", "nokey"}, "key b=twice; key b=twice; key a=header:v h:v; =nokey"},
		step{[]string{"about", "about"}, "key a=key=key a time=1000 offset=100 headers=0; key b=key=key b time=2000 offset=101 headers=0"},
		step{[]string{"to:alerts", "to:transform.test"}, "key b=to:transform.test; 1:key a=to:alerts"},
		step{[]string{"env:UNIT", "env:REDPANDA_OUTPUT_TOPIC_1", "env:HOME"}, "key a=K; key b=alerts; key a="},
		step{[]string{"x", "to:elsewhere", "y"}, `key a=x; key a=y; !trap the module has ended itself with the code 2: the transform writes to the topic "elsewhere", for which the stage has no output: write ports = ["elsewhere"]`},
		step{[]string{"twice", "fail:no good", "y"}, "key a=twice; key a=twice; key a=y; !trap the module has ended itself with the code 2: panic: transforming record failed: no good"},
		step{[]string{"x", "spin", "y"}, "key a=x; key a=y; !timeout the module took longer than 300ms: raise limits.time, or give it less to do at a time"},
		step{[]string{"z"}, "key a=z"},
	)
}

// A program of WASI reads lines and writes lines.
func TestProgram(t *testing.T) {
	t.Parallel()
	module := foreignModule(t, wasiProgram)
	e := start(t, module, map[string]any{"config": settings("UNIT", "K")}, limit("time", 300*time.Millisecond))
	e.read = func(b *plugins.Batch, i uint32) string { return fmt.Sprintf("%s=%s", b.Key(i), b.Value(i)) }
	steps(t, e,
		step{[]string{"one", "two"}, "key a=ONE; key b=TWO"},
		step{[]string{"none", "drop", "twice:it", "last"}, "key a=it; key a=it; key b=LAST"},
		step{[]string{"env:UNIT", "env:HOME"}, "key a=K"},
		step{[]string{"open:/etc/passwd"}, "key a=open /etc/passwd: ..."},
		step{[]string{"x", "two\nlines", "y"}, "key a=X; key a=Y; !rejected the value has several lines, and a program is given a line for each record"},
		step{[]string{"x", "end", "given again"}, "key a=X; key a=GIVEN AGAIN"},
		step{[]string{"x", "exit", "y"}, "key a=X; key a=Y; !trap the module has ended itself with the code 3: I give up"},
		step{[]string{"x", "spin", "y"}, "key a=X; key a=Y; !timeout the module took longer than 300ms: raise limits.time, or give it less to do at a time"},
	)
}

// A program that keeps its output back has to write a line for each that it has read.
func TestProgramThatKeepsItsOutputBack(t *testing.T) { // not in parallel, so that the module is compiled once
	e := start(t, foreignModule(t, wasiProgram), map[string]any{"args": []string{"-late"}})
	e.read = func(b *plugins.Batch, i uint32) string { return fmt.Sprintf("%s=%s", b.Key(i), b.Value(i)) }
	long := strings.Repeat("x", 3000)
	up := strings.ToUpper(long)
	steps(t, e,
		step{[]string{"one", "drop", "three"}, "key a=ONE; key a=THREE"},
		step{[]string{long, long, long, "four"}, fmt.Sprintf("key a=%s; key b=%[1]s; key a=%[1]s; key b=FOUR", up)},
		step{[]string{"one", "twice:it"}, "key a=ONE; !frame the program has written 2 lines for 1 that it was given: write one for each, empty to drop the record, or write what becomes of a line before you read the next"},
	)
}

// misfits are modules and stages that do not go together, with what the user is told.
func TestForeignMisfits(t *testing.T) {
	t.Parallel()
	call := func(names ...string) wasmtest.Behaviour {
		b := wasmtest.Behaviour{Imports: []wasmtest.HostFunc{{Module: "extism:host/env", Name: "input_length", Results: "I"}}}
		for _, n := range names {
			b.Funcs = append(b.Funcs, wasmtest.Export{Name: n, Results: "i", Code: wasmtest.I32(0)})
		}
		return b
	}
	importing := func(module, name, params, results string) wasmtest.Behaviour {
		b := call("run")
		b.Imports = append(b.Imports, wasmtest.HostFunc{Module: module, Name: name, Params: params, Results: results})
		return b
	}
	for name, c := range map[string]struct {
		module wasmtest.Behaviour
		attrs  map[string]any
		want   string
	}{
		"several functions": {call("run", "check"), nil, `the module has several functions, run, check: write function = "run", or the one that is meant`},
		"no such function":  {call("run"), map[string]any{"function": "walk"}, `the module has no function "walk" that could be called for a record, it has run`},
		"no function":       {call(), nil, "it exports no function that a host could call, which has no parameters: it is no Extism plug-in"},
		"user function":     {importing("extism:host/user", "ask", "I", "I"), nil, "it imports extism:host/user.ask: that is a function of the program that it was made for, and onstream has none for it: build it without"},
		"unknown":           {importing("extism:host/env", "ask", "", ""), nil, "it imports extism:host/env.ask, which Extism plug-ins are not given here: they may import from extism:host/env and wasi_snapshot_preview1"},
		"wrong type":        {importing("extism:host/env", "alloc", "i", "i"), nil, "it imports extism:host/env.alloc as (i32) -> (i32), it is (i64) -> (i64)"},
		"schema registry":   {importing("redpanda_schema_registry", "check_abi_version_0", "", ""), map[string]any{"abi": "redpanda"}, "which Redpanda's data transforms are not given here: they may import from redpanda_transform"},
		"ports":             {call("run"), map[string]any{"ports": []string{"x"}}, "the module is one of Extism plug-ins, which have none: remove it"},
		"args":              {call("run"), map[string]any{"args": []string{"x"}}, "the module is one of Extism plug-ins, which have none: remove it"},
		"no program":        {wasmtest.Behaviour{}, map[string]any{"abi": "wasi"}, "it does not export _start, so it is no program of WASI: build a program, not a library"},
		"no transform":      {wasmtest.Behaviour{}, map[string]any{"abi": "redpanda"}, "it does not export _start, so it is no data transform: build a program, not a library"},
		"no behaviour":      {call("run"), map[string]any{"abi": "onstream"}, "it imports extism:host/env.input_length, which is not given to behaviours"},
		"config":            {call("run"), map[string]any{"config": []plugins.NamedExpr{named("x", field("key", plugins.Of(plugins.String)))}}, "x depends on the record: a setting is the same for all of them"},
		"zero":              {call("run"), map[string]any{"config": settings("x", "a\x00b")}, "x has a byte zero, which no text for the module can have: remove it"},
	} {
		module := c.module
		if strings.HasPrefix(name, "no ") && module.Imports == nil || name == "function" {
			module.Imports = []wasmtest.HostFunc{{Module: "wasi_snapshot_preview1", Name: "sched_yield", Results: "i"}}
		}
		k := kind(t)
		_, err := k.Outputs(plugins.Shape{Format: "json"}, config(file(t, strip(module)), c.attrs))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, not %s", name, err, c.want)
		}
	}
	_, err := kind(t).Outputs(plugins.Shape{Format: "json"}, config(file(t, wasmtest.Behaviour{
		Funcs: []wasmtest.Export{{Name: "onstream_process", Params: "ii", Results: "I", Code: wasmtest.I64(0)}},
	}.Bytes()), map[string]any{"function": "x"}))
	if err == nil || !strings.Contains(err.Error(), "the module is one of onstream, which has none: remove it") {
		t.Errorf("a function of a behaviour: %v", err)
	}
}

// strip is a module without what marks a behaviour.
func strip(b wasmtest.Behaviour) []byte {
	return []byte(strings.ReplaceAll(string(b.Bytes()), "onstream_abi_v1", "__stream_abi_v1"))
}

// What a plug-in makes of a batch costs no allocation for each record.
func TestForeignAllocations(t *testing.T) {
	module := wasmtest.Behaviour{
		Imports: []wasmtest.HostFunc{
			{Module: "extism:host/env", Name: "input_offset", Results: "I"}, {Module: "extism:host/env", Name: "input_length", Results: "I"},
			{Module: "extism:host/env", Name: "output_set", Params: "II"},
		},
		Funcs: []wasmtest.Export{{Name: "echo", Results: "i", Code: wasmtest.Code(wasmtest.CallOf(0), wasmtest.CallOf(1), wasmtest.CallOf(2), wasmtest.I32(0))}},
	}
	e := start(t, file(t, strip(module)), map[string]any{"function": "echo"})
	batch := e.batch(readings()...)
	sel, m := append([]uint32(nil), batch.Sel...), batch.Mark()
	run := func() {
		batch.Sel = append(batch.Sel[:0], sel...)
		if err := e.stage.Process(t.Context(), batch, sink{}); err != nil {
			t.Fatal(err)
		}
		batch.Rewind(m)
	}
	run()
	if n := testing.AllocsPerRun(20, run); n > float64(len(sel))/10 { // the race detector and the collector empty pools
		t.Errorf("a batch of %d records allocates %.0f times", len(sel), n)
	}
}

// A frame that is as large as many others is not kept, nor what points into it.
func TestForeignMemory(t *testing.T) { // not in parallel: it looks at the heap
	const vector, text, lines, times = 16, 64, 10_000, 40
	wasi := func(name, params string) wasmtest.HostFunc {
		return wasmtest.HostFunc{Module: "wasi_snapshot_preview1", Name: name, Params: params, Results: "i"}
	}
	call := func(index uint32, args ...int32) []byte {
		var code []byte
		for _, a := range args {
			code = append(code, wasmtest.I32(a)...)
		}
		return append(append(code, wasmtest.CallOf(index)...), 0x1a)
	}
	set := func(at, v int32) []byte {
		return wasmtest.Code(wasmtest.I32(at), wasmtest.I32(v), []byte{0x36, 2, 0})
	}
	read := wasmtest.Code(set(vector, 1<<20), set(vector+4, 1<<16), call(0, 0, vector, 1, 8))
	write := wasmtest.Code([]byte{0x03, 0x40}, call(1, 1, vector, 1, 8), []byte{0x20, 0}, wasmtest.I32(1), []byte{0x6a, 0x22, 0}, wasmtest.I32(times), []byte{0x48, 0x0d, 0, 0x0b})
	module := wasmtest.Behaviour{
		Imports: []wasmtest.HostFunc{wasi("fd_read", "iiii"), wasi("fd_write", "iiii")},
		Funcs:   []wasmtest.Export{{Name: "_start", Code: wasmtest.Code(read, set(vector, text), set(vector+4, 2*lines), write, read)}},
		Data:    strings.Repeat("\x00", text) + strings.Repeat("x\n", lines),
	}
	e := start(t, file(t, strip(module)), nil, limit("output", int64(64<<20)))
	heap := func() int64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return int64(s.HeapAlloc)
	}
	before, out := heap(), new(counter)
	batch := e.batch("one")
	if err := e.stage.Process(t.Context(), batch, out); err != nil {
		t.Fatal(err)
	}
	batch.Release()
	if out.rows != lines*times {
		t.Errorf("%d records come out", out.rows)
	}
	if grown := heap() - before; grown > 48<<20 { // the batches of the pool are 20 MiB
		t.Errorf("%d MiB are kept of a batch", grown>>20)
	}
	runtime.KeepAlive(e)
}

// counter counts what comes out.
type counter struct {
	sink
	rows int
}

// Emit implements [plugins.Emitter].
func (c *counter) Emit(_ int, b *plugins.Batch) {
	c.rows += len(b.Sel)
	c.sink.Emit(0, b)
}
