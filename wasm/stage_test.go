package wasm_test

import (
	"encoding/binary"
	"fmt"
	"math"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/wasmtest"
)

const plain = `{"name": "commands", "ports": ["side"], ` + spaces + `}`

// What becomes of records is what the module says.
func TestRecords(t *testing.T) {
	t.Parallel()
	e := start(t, guest(t, plain), nil)
	for _, c := range []struct {
		in   []string
		want string
	}{
		{[]string{"keep", "drop", "keep"}, "keep; keep"},
		{[]string{"say:hello", "keep", "say:"}, "hello; keep; "},
		{[]string{"twice", "keep"}, "twice; twice; keep"},
		{[]string{"new:made", "port", "keep"}, "made; keep; 1:port"},
		{[]string{"keep", "dead:no good", "dead:"}, "keep; !rejected no good; !rejected the module has rejected the record"},
		{[]string{"retry", "keep"}, "keep; at last"},
		{[]string{"again", "keep"}, "keep; !retry the module wants to be given the record again, for the fourth time"},
		{[]string{"keep", "emit"}, "first; keep; second"},
		{[]string{"drop"}, ""},
		{[]string{"limit"}, "0"},
		{[]string{"sleep", "keep"}, "1h0m0s; keep"}, // without waiting
	} {
		if got := e.run(c.in...); got != c.want {
			t.Errorf("%q gives %q, not %q", c.in, got, c.want)
		}
	}
}

// Keys, headers, times and offsets go along, or are what the module says.
func TestEnvelope(t *testing.T) {
	t.Parallel()
	e := start(t, guest(t, plain), map[string]any{"time": field("time", plugins.Of(plugins.Time))})
	e.read = func(b *plugins.Batch, i uint32) string {
		s := fmt.Sprintf("%s=%s", b.Key(i), b.Value(i))
		if b.Offsets != nil {
			s += fmt.Sprint(" #", b.Offsets[i])
		}
		if b.Times != nil {
			s += " @" + time.Duration(b.Times[i]).String()
		}
		for _, h := range b.HeadersOf(i) {
			s += fmt.Sprintf(" %s:%s", h.Name.Of(b.Data), h.Value.Of(b.Data))
		}
		return s
	}
	for _, c := range []struct {
		in   []string
		want string
	}{
		{[]string{"keep", "keep"}, "key a=keep #100; key b=keep #101"},
		{[]string{"say:x", "keep"}, "key a=x #100; key b=keep #101"},
		{[]string{"keep", "key:other"}, "key a=keep #100; other=key b #101 h:other"},
		{[]string{"say:x", "new:y"}, "key a=x @1s; k=y @7s h:x"},
		{[]string{"time"}, "key a=1000000 2000000 #100"},
	} {
		if got := e.run(c.in...); got != c.want {
			t.Errorf("%q gives %q, not %q", c.in, got, c.want)
		}
	}
}

// The record that is to blame fails, and what the others have done counts once.
func TestPoison(t *testing.T) {
	t.Parallel()
	state := map[string]any{"key": field("key", plugins.Of(plugins.String))}
	e := start(t, guest(t, plain), state)
	for cmd, want := range map[string]string{
		"panic":   "!trap the module trapped: unreachable: panic: told to (in ",
		"err":     "!module_error the command is err",
		"bad":     "!frame what the module returned cannot be read: it begins with",
		"outside": "!frame the module returned 1 bytes at 0x7fffffff, which are outside of its memory",
		"grow":    "!limit the module keeps more than 65536 bytes of a key: raise limits.state, or keep less",
	} {
		e.run("k|del:x")
		in := []string{"k|put:x=1", "keep", "keep", "say:1", "k|" + cmd, "keep", "k|get:x", "k|put:x=2", "k|get:0"}
		got := e.run(in...)
		if want := "keep; keep; 1; keep; 1; none; " + want; !strings.HasPrefix(got, want) {
			t.Errorf("%s gives %q, not %q", cmd, got, want)
		}
		if got := e.run("k|get:x"); got != "2" {
			t.Errorf("after %s x is %q", cmd, got)
		}
	}
}

// A record on which the module takes too long fails, and the others go on.
func TestSpin(t *testing.T) {
	t.Parallel()
	limits := plugins.ConfigBlock{Name: "limits", Config: plugins.NewConfig(map[string]any{"time": 100 * time.Millisecond})}
	e := start(t, guest(t, plain), nil, limits)
	if got := e.run("keep", "spin", "say:on"); got != "keep; on; !timeout the module took longer than 100ms: raise limits.time, or give it less to do at a time" {
		t.Errorf("it gives %q", got)
	}
}

// A module that fails all the time is not called for a while.
func TestBreaker(t *testing.T) {
	t.Parallel()
	trap := wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: []byte{0}}}}
	e := start(t, file(t, trap.Bytes()), nil)
	got := e.run(strings.Split(strings.Repeat("keep ", 99)+"keep", " ")...)
	if n := strings.Count(got, "!trap the module trapped: unreachable"); n == 0 || n > 32 {
		t.Errorf("%d records have met the module", n)
	}
	want := "!breaker the module has failed 32 times in a row, and is not called for 1s; the last time: the module trapped: unreachable"
	if n := strings.Count(got, want); n < 68 {
		t.Errorf("%d records have not: %s", n, got)
	}
	if !strings.Contains(e.said.String(), "the module fails all the time, and is not called for a while") {
		t.Errorf("it says %s", e.said.String())
	}
	if got := e.measured("module.breaker_open", "module.breaker_opened"); got != "1 1" {
		t.Errorf("of the breaker metrics tell %s", got)
	}
	e.instance(file(t, trap.Bytes()), nil) // such as one of a reload that is given up
	if got := e.measured("module.breaker_open", "module.breaker_until"); got != "1 1001" {
		t.Errorf("beside another one metrics tell %s", got)
	}
	e.clock = e.clock.Add(time.Second)
	if got := e.measured("module.breaker_open", "module.breaker_opened"); got != "0 1" {
		t.Errorf("after the pause metrics tell %s", got)
	}
	if got := e.run("keep"); !strings.HasPrefix(got, "!trap") {
		t.Errorf("after the pause it gives %s", got)
	}
	if got := e.run("keep"); !strings.HasPrefix(got, "!breaker the module has failed 33 times in a row, and is not called for 2s") {
		t.Errorf("after one more it gives %s", got)
	}
}

// What a guest records counts where its call does.
func TestGuestMetrics(t *testing.T) {
	t.Parallel()
	one := wasmtest.Code(wasmtest.I32(0), []byte{0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, wasmtest.CallOf(1)) // metric_record(0, 1.0)
	odd := []byte{0x20, 1, 0x41, 1, 0x71, 0x04, 0x40, 0x00, 0x0b}                                         // a frame of odd length is a trap
	e := start(t, file(t, wasmtest.Behaviour{
		Imports: []wasmtest.HostFunc{
			{Module: abi.Module, Name: "metric_define", Params: "iii", Results: "i"},
			{Module: abi.Module, Name: "metric_record", Params: "iF"},
		},
		Data: "calls",
		Funcs: []wasmtest.Export{
			{Name: abi.Open, Params: "ii", Results: "i", Code: wasmtest.Code(wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(5), wasmtest.CallOf(0), []byte{0x1a}, wasmtest.I32(0))},
			{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.Code(one, odd, wasmtest.I64(0))},
		},
	}.Bytes()), nil)
	e.run("even")
	e.run("odd")
	e.run("even", "odd") // fails, then once each
	if got := e.measured("calls", "module.faults", "module.instances"); got != "2 3 4" {
		t.Errorf("metrics tell %s", got)
	}
}

// What a module copies of its input counts as what it returns, and a value that it puts again and again is noted once.
func TestMuchOfLittle(t *testing.T) { // not in parallel: it looks at what is allocated
	// 5,000 records of row 0, all as in the row: descriptors are made in the memory before the call.
	var data []byte
	for range 5000 {
		d := make([]byte, abi.RecordSize)
		d[14] = abi.Same
		data = append(data, d...)
	}
	header := make([]byte, abi.HeaderSize)
	copy(header, "ONS1\x01")
	binary.LittleEndian.PutUint32(header[8:], uint32(abi.HeaderSize+len(data)))
	binary.LittleEndian.PutUint32(header[16:], abi.HeaderSize)
	binary.LittleEndian.PutUint32(header[20:], 5000)
	returned := wasmtest.I64(int64(abi.HeaderSize + len(data)))
	e := start(t, file(t, wasmtest.Behaviour{
		Data:  string(append(header, data...)),
		Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: returned}},
	}.Bytes()), nil)
	if got := e.run(strings.Repeat("x", 100_000)); !strings.HasPrefix(got, "!limit what the module returned is too long: it has more than 16777216 bytes of keys, values and headers") {
		t.Errorf("it gives %.200s", got)
	}
	if got := e.run("x"); strings.Count(got, "x") != 5000 {
		t.Errorf("with a small one it gives %.200s", got)
	}

	// state_put(0, 0, "", 60,000 bytes, 0) in a loop of 100,000 turns would note 6 GB.
	put := wasmtest.Code(wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(60_000), wasmtest.I64(0), wasmtest.CallOf(0), []byte{0x1a})
	loop := wasmtest.Code(wasmtest.I32(100_000), []byte{0x21, 2, 0x03, 0x40}, put, []byte{0x20, 2, 0x41, 1, 0x6b, 0x22, 2, 0x0d, 0, 0x0b}, wasmtest.I64(0))
	e = start(t, file(t, wasmtest.Behaviour{
		Manifest: `{` + spaces + `}`,
		Imports:  []wasmtest.HostFunc{{Module: abi.Module, Name: "state_put", Params: "iiiiiiI", Results: "i"}},
		Funcs:    []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: loop}},
	}.Bytes()), nil, plugins.ConfigBlock{Name: "limits", Config: plugins.NewConfig(map[string]any{"time": time.Minute})})
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	e.run("x")
	goruntime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 1000 {
		t.Errorf("it takes %d MiB", took)
	}
}

// The limit of lines is that of the stage, however many instances it takes.
func TestLogLimit(t *testing.T) {
	t.Parallel()
	e := start(t, guest(t, plain), nil, plugins.ConfigBlock{Name: "limits", Config: plugins.NewConfig(map[string]any{"logs": int64(3)})})
	for range 5 {
		e.run("panic", "keep")
	}
	if n := strings.Count(e.said.String(), "\n"); n != 3 {
		t.Errorf("it says %d lines: %s", n, e.said.String())
	}
}

// The key that a module is given is that of the stage, and that of the record where the stage has none.
func TestKeyOfRecords(t *testing.T) {
	t.Parallel()
	module := guest(t, plain)
	for _, c := range []struct {
		attrs map[string]any
		want  string
	}{
		{nil, "key a"},
		{map[string]any{"key": field("key", plugins.Of(plugins.String))}, "a"},
		{map[string]any{"key": field("time", plugins.Of(plugins.Time))}, "1970-01-01T00:00:01Z"},
	} {
		if got := start(t, module, c.attrs).run("whose"); got != c.want {
			t.Errorf("the key is %q, not %q", got, c.want)
		}
	}
}

// State is that of the key, wherever its records are, and survives a restart.
func TestState(t *testing.T) {
	t.Parallel()
	module := guest(t, plain)
	keyed := map[string]any{"key": field("key", plugins.Of(plugins.String))}
	e, stored := start(t, module, keyed), newState()
	e.restore(stored)
	if got := e.run("a|put:x=1", "b|get:x", "a|get:x", "a|put:x=2", "a|get:x", "a|del:x", "a|get:x", "b|put:=7"); got != "none; 1; 2; none" {
		t.Errorf("it gives %q", got)
	}
	e.run("a|put:x=3", "a|put:y=4")
	e.snapshot(stored)
	e.run("a|put:x=5")
	e = start(t, module, keyed)
	e.restore(stored)
	if got := e.run("a|get:x", "a|get:y", "b|get:", "c|get:x"); got != "3; 4; 7; none" {
		t.Errorf("after a restart it gives %q", got)
	}
	if stats := e.stage.(plugins.StateCounter).StateStats(); stats.Keys != 2 {
		t.Errorf("it keeps %d keys", stats.Keys)
	}
	json := kind(t).StateJSON("", stored.rows[rowOf(plugins.KeySpace, plugins.GroupOf([]byte("\x05a")), []byte("\x05a"))])
	if want := `{"values":[{"space":0,"name":"x","text":"3"},{"space":0,"name":"y","text":"4"}]}`; string(json) != want {
		t.Errorf("it is shown as %s", json)
	}
	if kind(t).StateJSON("", []byte{1, 200}) != nil {
		t.Error("a damaged row is shown")
	}
}

// There are as many keys as the stage allows.
func TestKeysAreLimited(t *testing.T) {
	t.Parallel()
	e := start(t, guest(t, plain), map[string]any{"key": field("key", plugins.Of(plugins.String)), "max_keys": int64(1)})
	if got := e.run("a|put:x=1", "b|put:x=1", "a|get:x"); got != "1; !max_keys the stage keeps as many keys as max_keys allows: raise it, or use a key with fewer values" {
		t.Errorf("it gives %q", got)
	}
	if got := e.run(strings.Repeat("l", 70_000)+"|put:x=1", "keep"); got != "keep; !key the key is longer than 64 KiB: use a shorter one, such as a hash of it" {
		t.Errorf("a long key gives %q", got)
	}
}

// Values go when their time is over, by the time of the records.
func TestTimeToLive(t *testing.T) {
	t.Parallel()
	attrs := map[string]any{"key": field("key", plugins.Of(plugins.String)), "time": field("time", plugins.Of(plugins.Time))}
	e := start(t, guest(t, plain), attrs)
	e.run("a|brief:v at 10s", "b|drop at 10s")
	if got := e.run("a|get:x at 10500ms", "b|drop at 10900ms"); got != "v" {
		t.Errorf("before its time is over it is %q", got)
	}
	e.run("a|drop at 11s", "b|drop at 11s")
	if got := e.run("a|get:x at 11s"); got != "none" {
		t.Errorf("after it is %q", got)
	}
	if stats := e.stage.(plugins.StateCounter).StateStats(); stats.Keys != 0 {
		t.Errorf("it keeps %d keys", stats.Keys)
	}
}

// Timers of event time are due when two keys have shown later ones, or when the input has ended.
func TestTimers(t *testing.T) {
	t.Parallel()
	module := guest(t, plain)
	attrs := map[string]any{"key": field("key", plugins.Of(plugins.String)), "time": field("time", plugins.Of(plugins.Time))}
	e, stored := start(t, module, attrs), newState()
	e.restore(stored)
	steps := func(steps ...string) {
		t.Helper()
		for i := 0; i < len(steps); i += 2 {
			got, _, _ := strings.Cut(e.run(strings.Split(steps[i], ", ")...), " (in ")
			if got != steps[i+1] {
				t.Errorf("%q gives %q, not %q", steps[i], got, steps[i+1])
			}
		}
	}
	steps(
		"a|timer:7@5000000 at 1s, b|timer:8@6000000 at 1s, a|put:x=it at 1s, a|timer:9@5500000 at 1s", "",
		"a|drop at 9s, b|drop at 4s", "",
		"b|stop:8 at 5s, b|drop at 5s", "timer 7 of a with it",
	)
	e.snapshot(stored)
	e = start(t, module, attrs)
	e.restore(stored)
	steps("b|drop at 7s", "timer 9 of a with it", "a|get:fired at 9s", "yes")
	steps("b|timer:13@8000000 at 9s, b|timer:14@8500000 at 9s", "timer 14 of b with ; !trap timer 13: the module trapped: unreachable: panic: thirteen")
	steps("b|timer:21@100000000 at 9s", "")
	if got := e.finish(); got != "timer 21 of b with " {
		t.Errorf("at the end there is %q", got)
	}
}

// Where all timers fail, the breaker ends that, and each of them is told.
func TestTimersFail(t *testing.T) {
	t.Parallel()
	attrs := map[string]any{"key": field("key", plugins.Of(plugins.String)), "time": field("time", plugins.Of(plugins.Time))}
	e := start(t, guest(t, plain), attrs)
	const keys = 80
	var in []string
	for k := range keys {
		in = append(in, fmt.Sprintf("key%d|timer:13@5000000 at 1s", k))
	}
	e.run(in...)
	got := e.run("a|drop at 9s", "b|drop at 9s")
	if n := strings.Count(got, "timer 13: the module"); n != keys || strings.Contains(got, "timer 13: timer") {
		t.Errorf("%d timers have failed: %s", n, got)
	}
	if !strings.Contains(got, "!trap timer 13") || !strings.Contains(got, "!breaker timer 13: the module has failed 32 times in a row") {
		t.Errorf("it gives %s", got)
	}
}

// Timers of the pipeline's clock are due when that says so.
func TestAlarms(t *testing.T) {
	t.Parallel()
	e := start(t, guest(t, plain), map[string]any{"key": field("key", plugins.Of(plugins.String))})
	e.run("a|alarm:1@1005000000", "b|alarm:2@1003000000")
	timed := e.stage.(plugins.Timed)
	if at := timed.Next(); at != 1003e9 {
		t.Errorf("the next is at %d", at)
	}
	e.clock = time.Unix(1004, 0)
	if got := e.tick(); got != "timer 2 of b with " {
		t.Errorf("at 1004 s there is %q", got)
	}
	e.clock = time.Unix(1010, 0)
	if got := e.tick(); got != "timer 1 of a with " || timed.Next() != plugins.Never {
		t.Errorf("at 1010 s there is %q, and then %d", got, timed.Next())
	}
	if got := e.run("a|timer:1@5"); got != "!trap the module sets a timer of event time, and the stage has none: give time = event.FIELD" {
		t.Errorf("a timer of event time gives %q", got)
	}
}

// What the guest keeps in its own memory is as of the last checkpoint after it has failed, and after a restart.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	module := guest(t, plain)
	e, stored := start(t, module, nil), newState()
	e.restore(stored)
	e.run("remember:one ")
	e.snapshot(stored)
	e.run("remember:two ")
	if got := e.run("recall"); got != "one two " {
		t.Errorf("it has %q", got)
	}
	e.run("panic")
	if got := e.run("recall"); got != "one " {
		t.Errorf("after it has failed it has %q", got)
	}
	stored.rows[rowOf(4, 99, []byte("snapshot"))] = []byte("of another ")
	e = start(t, module, nil)
	e.restore(stored)
	if got := e.run("recall"); got != "one of another " {
		t.Errorf("after a restart it has %q", got)
	}
	e.snapshot(stored)
	if _, there := stored.rows[rowOf(4, 99, []byte("snapshot"))]; there {
		t.Error("what is in the snapshot of this lane is still in that of another")
	}
}

func above(limit float64) map[string]any {
	return map[string]any{
		"inputs": []plugins.NamedExpr{named("t", field("t", plugins.Of(plugins.Float)))},
		"config": []plugins.NamedExpr{named("limit", constant(float(limit)))},
	}
}

const columnar = `{"mode": "columns", "returns": "columns", "inputs": [{"name": "t", "type": "float"}], "outputs": [{"name": "f", "type": "float"}],
	"parameters": [{"name": "limit", "type": "float", "default": 0}], ` + spaces + `}`

// temperatures makes a batch of records that have a column t.
func (e *engine) temperatures(ts ...float64) *plugins.Batch {
	b := e.env.Pool.Batch()
	b.SelectAll(len(ts))
	copy(b.NewColumn("t", plugins.Float).Floats, ts)
	return b
}

func TestColumns(t *testing.T) {
	t.Parallel()
	e := start(t, guest(t, columnar), above(75))
	e.read = func(b *plugins.Batch, i uint32) string {
		return fmt.Sprint(b.Column("t").Value(i), "=", b.Column("f").Value(i))
	}
	b := e.temperatures(80, 10, 75, 100, 90)
	b.Sel = []uint32{0, 1, 3}
	if got := e.process(b); got != "80=176; 100=212" {
		t.Errorf("it gives %q", got)
	}
	if got := e.process(e.temperatures(math.MaxFloat64)); got != "!number the module's f is +Inf, which is no number that a record can have" {
		t.Errorf("a number that is too large gives %q", got)
	}
}

func TestSelection(t *testing.T) {
	t.Parallel()
	e := start(t, guest(t, `{"returns": "selection", `+spaces+`}`), nil)
	if got := e.run("bitmap", "b", "c", "d", "e", "f", "g", "h", "i"); got != "bitmap; c; e; g; i" {
		t.Errorf("it gives %q", got)
	}
	if got := e.run("keep"); got != "!frame what the module returned cannot be read: it is a frame of records, not a selection" {
		t.Errorf("records give %q", got)
	}
}

// A batch that is large goes to the module in parts.
func TestLargeBatches(t *testing.T) {
	t.Parallel()
	e := start(t, file(t, hot()), floats())
	ts := make([]float64, 10_000)
	for i := range ts {
		ts[i] = float64(i % 100)
	}
	e.process(e.temperatures(ts...))
	if e.rows != 2400 || e.dropped != 7600 {
		t.Errorf("of many rows %d stay and %d go", e.rows, e.dropped)
	}
	e = start(t, guest(t, plain), nil)
	long := strings.Repeat("x", 1_500_000)
	if got, want := e.run("say:"+long, "keep", "say:"+long, "say:"+long, "say:"+long, "keep"), strings.Join([]string{long, "keep", long, long, long, "keep"}, "; "); got != want {
		t.Errorf("of long records %d bytes come out, not %d", len(got), len(want))
	}
}

// A module is told how far event time has gone on, once for each time, and at the end.
func TestWatermark(t *testing.T) {
	t.Parallel()
	for _, returns := range []string{"selection", "records"} {
		// It writes the number of seconds, as a digit.
		seen := wasmtest.Code(
			wasmtest.I32(0), []byte{0x20, 0}, wasmtest.I64(1_000_000), []byte{0x7f}, wasmtest.I64(10), []byte{0x81, 0xa7}, wasmtest.I32('0'), []byte{0x6a, 0x3a, 0, 0},
			wasmtest.I32(1), wasmtest.I32(8), wasmtest.I32(1), wasmtest.I32(100), wasmtest.CallOf(0), []byte{0x1a}, wasmtest.I64(0),
		)
		module := wasmtest.Behaviour{
			Data:     "0\n......\x00\x00\x00\x00\x02\x00\x00\x00", // a line, and a vector with it
			Manifest: `{"returns": "` + returns + `"}`,
			Imports:  []wasmtest.HostFunc{{Module: "wasi_snapshot_preview1", Name: "fd_write", Params: "iiii", Results: "i"}},
			Funcs: []wasmtest.Export{
				{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)},
				{Name: abi.OnWatermark, Params: "I", Results: "I", Code: seen},
			},
		}
		e := start(t, file(t, module.Bytes()), map[string]any{"key": field("key", plugins.Of(plugins.String)), "time": field("time", plugins.Of(plugins.Time))})
		e.run("a|x at 4s", "b|x at 3s")
		e.run("a|x at 5s", "b|x at 2s")
		e.run("b|x at 9s")
		if got := e.finish(); got != "" {
			t.Errorf("at the end there is %q", got)
		}
		told := ""
		for line := range strings.Lines(e.said.String()) {
			if _, digit, ok := strings.Cut(line, "msg="); ok {
				told += digit[:1]
			}
		}
		if told != "356" { // 3 s, 5 s, and the last time that there is
			t.Errorf("it was told %s: %s", told, e.said.String())
		}
	}
}

// The value of a record is what the stage says.
func TestValue(t *testing.T) {
	t.Parallel()
	e := start(t, guest(t, plain), map[string]any{"value": field("key", plugins.Of(plugins.String))})
	if got := e.run("keep|one", "say:two|three", "drop|"); got != "keep; two" {
		t.Errorf("it gives %q", got)
	}
}

// Instances of a module share nothing that they change, also while they run at the same time.
func TestInstancesAreApart(t *testing.T) {
	t.Parallel()
	module := guest(t, plain)
	e := start(t, module, nil)
	var running sync.WaitGroup
	for i := range 4 {
		other := &engine{t: t, env: e.env, clock: e.clock, read: e.read}
		other.stage = other.instance(module, nil)
		running.Go(func() {
			mine := fmt.Sprint("of ", i)
			for range 50 {
				if got := other.run("keep", "put:x="+mine, "get:x"); got != "keep; "+mine {
					t.Errorf("instance %d gives %q", i, got)
				}
			}
			other.run("remember:" + mine)
			if got := other.run("recall"); got != mine {
				t.Errorf("instance %d remembers %q", i, got)
			}
		})
	}
	running.Wait()
	if got := e.run("get:x", "recall"); got != "none; " {
		t.Errorf("one that was given nothing has %q", got)
	}
}
