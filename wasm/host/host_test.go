package host_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

func load(t testing.TB, module []byte, c host.Config) *host.Module {
	t.Helper()
	m, err := host.Load(t.Context(), module, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close(t.Context()) }) // of no use any more
	return m
}

func config() host.Config {
	l := host.DefaultLimits()
	l.Time, l.Start, l.Calls = 50*time.Millisecond, 50*time.Millisecond, 1000
	return host.Config{Limits: l}
}

func start(t testing.TB, b wasmtest.Behaviour) *host.Instance {
	t.Helper()
	i, err := load(t, b.Bytes(), config()).Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// process gives an instance a frame of some bytes.
func process(i *host.Instance, frame string) ([]byte, error) {
	i.Begin(host.Call{Rows: 2})
	in, err := i.Input(len(frame))
	if err != nil {
		return nil, err
	}
	copy(in, frame)
	return i.Process()
}

// processing is a behaviour with the code of onstream_process.
func processing(code ...[]byte) wasmtest.Behaviour {
	return wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.Code(code...)}}}
}

// echo returns its input.
var echo = []byte{0x20, 0, 0xad, 0x42, 32, 0x86, 0x20, 1, 0xad, 0x84} // ptr << 32 | len

var loop = []byte{0x03, 0x40, 0x0c, 0, 0x0b}

func TestEcho(t *testing.T) {
	t.Parallel()
	i := start(t, processing(echo))
	for _, text := range []string{"hello", "again"} {
		if out, err := process(i, text); err != nil || string(out) != text {
			t.Errorf("it returns %q, %v", out, err)
		}
	}
	i.Discard()
}

// Whatever a guest does, the call ends with a fault that says what it was.
func TestFaults(t *testing.T) {
	t.Parallel()
	onstream := func(name, params, results string) wasmtest.HostFunc {
		return wasmtest.HostFunc{Module: abi.Module, Name: name, Params: params, Results: results}
	}
	wasi := func(name, params, results string) wasmtest.HostFunc {
		return wasmtest.HostFunc{Module: "wasi_snapshot_preview1", Name: name, Params: params, Results: results}
	}
	with := func(b wasmtest.Behaviour, imports ...wasmtest.HostFunc) wasmtest.Behaviour {
		b.Imports = imports
		return b
	}
	zero := wasmtest.I64(0)
	drop := []byte{0x1a}
	forever := func(code ...[]byte) []byte {
		return wasmtest.Code([]byte{0x03, 0x40}, wasmtest.Code(code...), []byte{0x0c, 0, 0x0b}, zero)
	}
	numbers := func(vs ...int32) []byte {
		var code []byte
		for _, v := range vs {
			code = append(code, wasmtest.I32(v)...)
		}
		return code
	}
	state := `{"state": {"spaces": ["a"]}}`
	keyed := func(b wasmtest.Behaviour) wasmtest.Behaviour {
		b.Manifest = state
		return b
	}
	for name, c := range map[string]struct {
		guest      wasmtest.Behaviour
		code, want string
		alive      bool
	}{
		"endless loop":    {processing(loop, zero), host.Timeout, "the module took longer than 50ms: raise limits.time", false},
		"unreachable":     {processing([]byte{0}), host.Trap, "the module trapped: unreachable", false},
		"division":        {processing(numbers(1, 0), []byte{0x6d}, drop, zero), host.Trap, "the module trapped: integer divide by zero", false},
		"memory":          {processing(numbers(-1), []byte{0x28, 2, 0}, drop, zero), host.Trap, "the module trapped: out of bounds memory access", false},
		"result":          {processing(wasmtest.I64(0x7fffffff_00000010)), host.Frame, "the module returned 16 bytes at 0x7fffffff, which are outside of its memory", false},
		"wrapping result": {processing(wasmtest.I64(0x00000010_ffffffff)), host.Frame, "the module returned 4294967295 bytes at 0x10, which are outside of its memory", false},
		"error":           {processing(wasmtest.I64(-7)), host.Failed, "the module returned the error -7", true},
		"long output":     {func() wasmtest.Behaviour { b := processing(wasmtest.I64(20 << 20)); b.Pages = 500; return b }(), host.Limit, "the module returns more than 16777216 bytes in a call", false},
		"error with text": {with(func() wasmtest.Behaviour {
			b := processing(numbers(0, 4), wasmtest.CallOf(0), wasmtest.I64(-1))
			b.Data = "oops"
			return b
		}(), onstream("error", "ii", "")), host.Failed, "oops", true},
		"pointer":      {with(processing(numbers(-1, 2), wasmtest.CallOf(0), zero), onstream("error", "ii", "")), host.Trap, "the module gave 2 bytes at 0xffffffff, which are outside of its memory", false},
		"length":       {with(processing(numbers(1, 1, -1), wasmtest.CallOf(0), zero), onstream("log", "iii", "")), host.Trap, "the module gave 4294967295 bytes at 0x1", false},
		"calls":        {with(processing(forever(numbers(0), wasmtest.CallOf(0), drop)), onstream("log_enabled", "i", "i")), host.Limit, "the module called the host more than 1000 times in a call", false},
		"emit":         {with(processing(forever(numbers(0, 1<<20), wasmtest.CallOf(0), drop)), onstream("emit", "ii", "i")), host.Limit, "the module emits more than 16777216 bytes in a call", false},
		"row":          {keyed(with(processing(numbers(0, 2, 0, 0), wasmtest.CallOf(0), drop, zero), onstream("state_del", "iiii", "i"))), host.Trap, "the module named row 2 for its state, there are 2 rows in the call", false},
		"space":        {keyed(with(processing(numbers(1, 0, 0, 0), wasmtest.CallOf(0), drop, zero), onstream("state_del", "iiii", "i"))), host.Trap, "the module named space 1 of its state, its manifest has 1", false},
		"exit":         {with(processing(numbers(3), wasmtest.CallOf(0), zero), wasi("proc_exit", "i", "")), host.Trap, "the module has ended itself with the code 3", false},
		"much random":  {with(processing(forever(numbers(0, 1<<20), wasmtest.CallOf(0), drop)), wasi("random_get", "ii", "i")), host.Limit, "the module called the host more than 1000 times", false},
		"no room":      {wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: abi.Alloc, Params: "i", Results: "i", Code: numbers(0)}, {Name: abi.Process, Params: "ii", Results: "I", Code: zero}}}, host.Limit, "the module has no room for 2 bytes of input", false},
		"room outside": {wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: abi.Alloc, Params: "i", Results: "i", Code: numbers(-1)}, {Name: abi.Process, Params: "ii", Results: "I", Code: zero}}}, host.Trap, "the module gave 2 bytes at 0xffffffff for its input, which are outside", false},
		"endless room": {wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: abi.Alloc, Params: "i", Results: "i", Code: wasmtest.Code(loop, numbers(0))}, {Name: abi.Process, Params: "ii", Results: "I", Code: zero}}}, host.Timeout, "the module took longer", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, c.guest)
			_, err := process(i, "in")
			var f *host.Fault
			if !errors.As(err, &f) || f.Code != c.code || !strings.Contains(f.Msg, c.want) || f.Alive != c.alive {
				t.Fatalf("it ends with %+v (%v), not with %s: %s", f, err, c.code, c.want)
			}
			if c.alive {
				if _, err := process(i, "in"); err == nil {
					t.Error("the second call does not fail")
				}
			}
		})
	}
}

func TestRecursion(t *testing.T) {
	t.Parallel()
	c := host.Config{Limits: host.DefaultLimits()}
	c.Limits.Time = time.Hour
	i, err := load(t, processing([]byte{0x20, 0, 0x20, 1}, wasmtest.CallOf(2)).Bytes(), c).Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := process(i, "in"); err == nil || err.Error() != "the module calls itself too deeply" {
		t.Errorf("it ends with %v", err)
	}
}

// What a module does before its first call is limited as well.
func TestFaultsAtStart(t *testing.T) {
	t.Parallel()
	process := wasmtest.Export{Name: abi.Process, Params: "ii", Results: "I", Code: echo}
	for name, c := range map[string]struct {
		guest wasmtest.Behaviour
		want  string
	}{
		"start":      {wasmtest.Behaviour{Start: loop, Funcs: []wasmtest.Export{process}}, "make an instance: the module took longer than 50ms: raise limits.start"},
		"initialize": {wasmtest.Behaviour{Funcs: []wasmtest.Export{process, {Name: abi.Initialize, Code: loop}}}, "initialize: the module took longer than 50ms: raise limits.start"},
		"open":       {wasmtest.Behaviour{Funcs: []wasmtest.Export{process, {Name: abi.Open, Params: "ii", Results: "i", Code: wasmtest.I32(-3)}}}, "open: the module returned the error -3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, c.guest.Bytes(), config()).Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it gives %v, not %s", err, c.want)
			}
		})
	}
}

// A guest with a memory that grows without end gets no more than it may have.
func TestMemoryIsLimited(t *testing.T) {
	t.Parallel()
	c := config()
	c.Limits.Memory = 5 << 20
	grow := []byte{0x41, 16, 0x40, 0, 0xac} // memory.grow 16
	i, err := load(t, processing(grow).Bytes(), c).Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := process(i, ""); err != nil { // from 64 pages to 80
		t.Fatal(err)
	}
	if _, err := process(i, ""); err == nil || err.Error() != "the module returned the error -1" {
		t.Errorf("the second MiB gives %v", err)
	}
	c.Limits.Memory = 3 << 20
	if _, err := host.Load(t.Context(), processing(grow).Bytes(), c); err == nil || !strings.Contains(err.Error(), "it begins with 4.0 MiB of memory, and may have 3.0 MiB: raise limits.memory") {
		t.Errorf("a module that begins with too much gives %v", err)
	}
}

// store is a fake of the state of some rows.
type store struct {
	values map[string]string
	timers map[uint64]int64
}

func name(space uint8, row uint32, name []byte) string {
	return string(rune('a'+space)) + string(rune('0'+row)) + string(name)
}

func (s *store) Get(space uint8, row uint32, n []byte) ([]byte, bool, error) {
	v, ok := s.values[name(space, row, n)]
	return []byte(v), ok, nil
}

func (s *store) Put(space uint8, row uint32, n, value []byte, ttl int64) error {
	s.values[name(space, row, n)] = string(value) + string(rune('0'+ttl))
	return nil
}

func (s *store) Delete(space uint8, row uint32, n []byte) (bool, error) {
	_, ok := s.values[name(space, row, n)]
	delete(s.values, name(space, row, n))
	return ok, nil
}

func (s *store) Set(_ uint32, _ uint8, id uint64, at int64) error {
	s.timers[id] = at
	return nil
}

func (s *store) Clear(_ uint32, _ uint8, id uint64) (bool, error) {
	_, ok := s.timers[id]
	delete(s.timers, id)
	return ok, nil
}

var errStore = errors.New("the disk is gone")

type brokenStore struct{ store }

func (*brokenStore) Get(uint8, uint32, []byte) ([]byte, bool, error) { return nil, false, errStore }

// The state is reached by rows; an error of the host's own is not a fault of the guest.
func TestState(t *testing.T) {
	t.Parallel()
	i32 := wasmtest.I32
	drop := []byte{0x1a}
	at := func(address int32, call ...[]byte) []byte { // store the result
		return wasmtest.Code(i32(address), wasmtest.Code(call...), []byte{0x36, 2, 0})
	}
	b := processing(
		// state_put(0, 1, "k", "value", 7)
		i32(0), i32(1), i32(0), i32(1), i32(1), i32(5), wasmtest.I64(7), wasmtest.CallOf(1), drop,
		// state_get(0, 1, "k", 200, 3), which is too short, then 6 bytes
		at(100, i32(0), i32(1), i32(0), i32(1), i32(200), i32(3), wasmtest.CallOf(0)),
		at(104, i32(0), i32(1), i32(0), i32(1), i32(204), i32(6), wasmtest.CallOf(0)),
		// state_get of another row
		at(108, i32(0), i32(0), i32(0), i32(1), i32(300), i32(6), wasmtest.CallOf(0)),
		at(112, i32(0), i32(1), i32(0), i32(1), wasmtest.CallOf(2)),
		at(116, i32(0), i32(1), i32(0), i32(1), wasmtest.CallOf(2)),
		i32(0), i32(0), wasmtest.I64(5), wasmtest.I64(99), wasmtest.CallOf(3), drop,
		at(120, i32(0), i32(0), wasmtest.I64(6), wasmtest.CallOf(4)),
		wasmtest.I64(100<<32|110),
	)
	b.Data, b.Manifest = "kvalue", `{"state": {"spaces": ["a"]}}`
	f := func(name, params string) wasmtest.HostFunc {
		return wasmtest.HostFunc{Module: abi.Module, Name: name, Params: params, Results: "i"}
	}
	b.Imports = []wasmtest.HostFunc{f("state_get", "iiiiii"), f("state_put", "iiiiiiI"), f("state_del", "iiii"), f("timer_set", "iiII"), f("timer_clear", "iiI")}
	b.Funcs = append(b.Funcs, wasmtest.Export{Name: abi.OnTimer, Params: "ii", Results: "I", Code: wasmtest.I64(0)})
	i := start(t, b)
	s := &store{values: map[string]string{}, timers: map[uint64]int64{}}
	call := func(state host.State) ([]byte, error) {
		i.Begin(host.Call{Rows: 2, State: state, Timers: s})
		if _, err := i.Input(0); err != nil {
			return nil, err
		}
		return i.Process()
	}
	out, err := call(s)
	if err != nil {
		t.Fatal(err)
	}
	var got []int32
	for k := range 6 {
		got = append(got, int32(binary.LittleEndian.Uint32(out[4*k:])))
	}
	if want := []int32{6, 6, -1, 0, -1, -1}; !equal(got, want) {
		t.Errorf("the answers are %v, not %v", got, want)
	}
	if string(out[100:104]) != "\x00\x00\x00\x00" || string(out[104:110]) != "value7" {
		t.Errorf("it has read %q", out[100:110])
	}
	if s.timers[5] != 99 {
		t.Errorf("the timers are %v", s.timers)
	}
	var fault *host.Fault
	if _, err := call(&brokenStore{*s}); !errors.Is(err, errStore) || errors.As(err, &fault) {
		t.Errorf("a broken state gives %v", err)
	}
}

func equal(a, b []int32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// A guest logs so many lines in a second, and what it writes to its standard outputs are lines.
func TestLog(t *testing.T) {
	t.Parallel()
	b := processing(
		wasmtest.I32(2), wasmtest.I32(0), wasmtest.I32(3), wasmtest.CallOf(0),
		wasmtest.I32(1), wasmtest.I32(8), wasmtest.I32(1), wasmtest.I32(20), wasmtest.CallOf(1), []byte{0x1a}, wasmtest.I64(0),
	)
	b.Data = "one\xff!\n  " + "\x03\x00\x00\x00\x03\x00\x00\x00" // a vector of 3 bytes at 3
	b.Imports = []wasmtest.HostFunc{{Module: abi.Module, Name: "log", Params: "iii"}, {Module: "wasi_snapshot_preview1", Name: "fd_write", Params: "iiii", Results: "i"}}
	c := config()
	c.Limits.Logs = 3
	var said bytes.Buffer
	i, err := load(t, b.Bytes(), c).Instantiate(host.NewLog(slog.New(slog.NewTextHandler(&said, nil)), c.Limits.Logs), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for now := range int64(3) {
		i.Begin(host.Call{Now: now / 2 * 1e6})
		if _, err := i.Process(); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	for line := range strings.Lines(said.String()) {
		_, line, _ = strings.Cut(line, " ")
		lines = append(lines, strings.TrimSpace(line))
	}
	want := `level=WARN msg=one|level=INFO msg="�!"|level=WARN msg=one|` +
		`level=WARN msg="lines of the module were left out: it may log fewer of them in a second" lines=1 limit=3|level=WARN msg=one|level=INFO msg="�!"`
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("it says\n%s, not\n%s", got, want)
	}
}

func BenchmarkCrossing(b *testing.B) {
	i := start(b, processing(wasmtest.I64(0)))
	i.Begin(host.Call{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := i.Process(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHostCall is 1,000 calls of the host in one call.
func BenchmarkHostCall(b *testing.B) {
	g := processing(
		[]byte{0x03, 0x40}, wasmtest.CallOf(0), []byte{0x1a, 0x20, 2, 0x41, 1, 0x6a, 0x22, 2}, wasmtest.I32(900), []byte{0x48, 0x0d, 0, 0x0b}, wasmtest.I64(0))
	g.Imports = []wasmtest.HostFunc{{Module: abi.Module, Name: "now_us", Results: "I"}}
	i := start(b, g)
	b.ReportAllocs()
	for b.Loop() {
		i.Begin(host.Call{})
		if _, err := i.Process(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/900, "ns/call")
}
