package wasm_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// Whatever a module does to a record, that record fails, the others go on, all are accounted for (which look checks),
// and another stage of the process, with an instance of the same module, notices nothing.
func TestFaultsOfGuests(t *testing.T) {
	t.Parallel()
	module := guest(t, plain)
	stop, done := neighbour(t, module)
	limits := func(time time.Duration) plugins.ConfigBlock {
		return plugins.ConfigBlock{Name: "limits", Config: plugins.NewConfig(map[string]any{"time": time, "calls": int64(100_000)})}
	}
	keyed := map[string]any{"key": field("key", plugins.Of(plugins.String))}
	for cmd, want := range map[string]string{
		"spin":    "!timeout the module took longer than 100ms: raise limits.time",
		"hog":     "!trap the module trapped: unreachable: runtime: out of memory",
		"recurse": "!limit the module calls itself too deeply",
		"panic":   "!trap the module trapped: unreachable: panic: told to",
		"err":     "!module_error the command is err",
		"bad":     "!frame what the module returned cannot be read",
		"outside": "!frame the module returned 1 bytes at 0x7fffffff, which are outside of its memory",
		"wrap":    "!frame the module returned 4294967295 bytes at 0x10, which are outside of its memory",
		"pointer": "!trap the module gave 100 bytes at 0xfffffffe, which are outside of its memory",
		"grow":    "!limit the module keeps more than 65536 bytes of a key",
		"calls":   "!limit the module called the host more than 100000 times in a call",
	} {
		t.Run(cmd, func(t *testing.T) {
			t.Parallel()
			limit := time.Minute
			if cmd == "spin" {
				limit = 100 * time.Millisecond
			}
			e := start(t, module, keyed, limits(limit))
			for range 3 {
				e.run("k|del:x")
				got := e.run("k|put:x=1", "keep", "k|"+cmd, "keep", "k|get:x", "say:on")
				if want := "keep; keep; 1; on; " + want; !strings.HasPrefix(got, want) {
					t.Errorf("it gives %q, not %q", got, want)
				}
			}
		})
	}
	t.Run("every third", func(t *testing.T) {
		t.Parallel()
		e := start(t, module, keyed, limits(time.Minute))
		for range 20 {
			e.run("every3", "keep", "every3", "every3", "keep")
		}
	})
	t.Cleanup(func() {
		stop()
		if n := done(); n == 0 {
			t.Error("the neighbour has done nothing")
		}
	})
}

// neighbour is a stage of another pipeline, which works until it is stopped. It counts its batches.
func neighbour(t *testing.T, module string) (stop func(), done func() int) {
	t.Helper()
	e := start(t, module, map[string]any{"key": field("key", plugins.Of(plugins.String))})
	var stopped atomic.Bool
	var working sync.WaitGroup
	batches := 0
	working.Go(func() {
		for ; !stopped.Load(); batches++ {
			in := fmt.Sprintf("k|put:x=%d", batches)
			if got, want := e.run("keep", in, "k|get:x", "recall"), fmt.Sprintf("keep; %d; ", batches); got != want {
				t.Errorf("batch %d of the neighbour gives %q, not %q", batches, got, want)
				return
			}
			runtime.Gosched()
		}
	})
	return func() { stopped.Store(true); working.Wait() }, func() int { return batches }
}

// Two stages with one module share nothing: neither memory nor state.
func TestTenants(t *testing.T) {
	t.Parallel()
	module := guest(t, plain)
	keyed := map[string]any{"key": field("key", plugins.Of(plugins.String))}
	a, b := start(t, module, keyed), start(t, module, keyed)
	a.run("remember:of the first", "k|put:secret=1")
	if got := b.run("recall", "k|get:secret"); got != "; none" {
		t.Errorf("the second stage finds %q", got)
	}
	other := a.instance(module, keyed) // another lane of the first
	lane := &engine{t: t, env: a.env, clock: a.clock, stage: other, read: a.read}
	if got := lane.run("recall", "k|get:secret"); got != "; none" {
		t.Errorf("the second lane finds %q", got)
	}
	b.run("panic")
	if got := a.run("recall", "k|get:secret"); got != "of the first; 1" {
		t.Errorf("after a fault of the second the first finds %q", got)
	}
}

// Modules that are made to take all of a machine are refused before that, in little memory.
func TestBombs(t *testing.T) {
	t.Parallel()
	preamble := "\x00asm\x01\x00\x00\x00"
	most := "\xff\xff\xff\xff\x0f" // 2^32-1
	process := func(code []byte) []byte {
		return wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: append(code, wasmtest.I64(0)...)}}}.Bytes()
	}
	void := []binary.FuncType{{}}
	start := wasmtest.Func{Code: nil}
	large := wasmtest.Behaviour{Pages: 65536, Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)}}}
	for name, c := range map[string]struct {
		module []byte
		want   string
	}{
		"imports": {[]byte(preamble + "\x02\x05" + most), "it says that it has 4294967295 imports, for which it is too short"},
		"types":   {[]byte(preamble + "\x01\x05" + most), "it says that it has 4294967295 types, for which it is too short"},
		"locals":  {[]byte(preamble + "\x01\x04\x01\x60\x00\x00" + "\x03\x02\x01\x00" + "\x0a\x0a\x01\x08\x01" + most + "\x7f\x0b"), "a function has 4294967295 locals or more, at most 10000 are taken"},
		"memory":  {large.Bytes(), "the module begins with 4096.0 MiB of memory, and may have 64.0 MiB: raise limits.memory, or build it with less"},
		"table":   {wasmtest.Module{Types: void, Funcs: []wasmtest.Func{start}, Table: &binary.Limits{Min: 1 << 30}}.Bytes(), "its table has 1073741824 entries, at most 10000 are taken"},
		"long":    {bytes.Repeat([]byte(preamble), 2<<20), "it has 8388609 bytes, at most 8388608 are taken"},
		"loops":   {process(bytes.Repeat([]byte{0x03, 0x40, 0x0b}, 1<<17)), "loops, at most 2000 are taken"},
		"blocks":  {process(bytes.Repeat([]byte{0x02, 0x40, 0x0b}, 1<<17)), "blocks, at most 10000 are taken"},
		"calls":   {process(bytes.Repeat([]byte{0x10, 0}, 60_000)), "calls, at most 50000 are taken"},
		"code":    {process(bytes.Repeat([]byte{0x01}, 1<<17)), "instructions, at most 100000 are taken: divide it, or build it with less inlining"},
		"results": {wasmtest.Module{Types: []binary.FuncType{{Results: make([]binary.ValueType, 17)}}}.Bytes(), "it has 17 results, at most 16 are taken"},
		"nesting": {process(bytes.Repeat([]byte{0x02, 0x40}, 1<<17)), "blocks are nested deeper than 100000"},
	} {
		t.Run(name, func(t *testing.T) {
			k := kind(t)
			cfg := config(file(t, c.module), nil)
			_, err := k.Outputs(plugins.Shape{Format: "json"}, cfg)
			if err == nil {
				var tr plugins.Transform
				if tr, err = k.New(cfg, plugins.Env{Now: time.Now, Logger: discard, Pool: new(plugins.Pool)}); err == nil {
					err = tr.(plugins.Opener).Open(t.Context())
				}
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it gives %v, not %s", err, c.want)
			}
		})
	}
}
