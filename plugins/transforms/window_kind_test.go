package transforms_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

func TestWindowsThatCannotBe(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, c := range []struct {
		kv   []any
		path string
		msg  string
	}{
		{[]any{}, "", "give one of tumbling, hopping"},
		{[]any{"tumbling", s, "session", s}, "", "exactly one type"},
		{[]any{"hopping", s}, "every", "give every"},
		{[]any{"hopping", s, "every", 2 * s}, "every", "longer than the windows"},
		{[]any{"hopping", time.Hour, "every", 7 * time.Millisecond}, "every", "more than 10000 parts"},
		{[]any{"tumbling", s, "every", s}, "every", "for windows of type hopping, not tumbling"},
		{[]any{"tumbling", s, "step", int64(1)}, "step", "for windows of type count"},
		{[]any{"sliding", s, "early", s}, "early", "tumbling or session, not sliding"},
		{[]any{"session", s, "offset", s}, "offset", "tumbling or hopping, not session"},
		{[]any{"count", int64(3), "step", int64(4)}, "step", "more than count"},
		{[]any{"count", int64(1_000_000), "step", int64(7)}, "step", "more than 10000 parts"},
		{[]any{"count", int64(3), "lateness", s}, "lateness", "remove lateness"},
		{[]any{"tumbling", s, "time", nil}, "", "give time"},
		{[]any{"tumbling", s, "clock", "processing"}, "time", "remove time"},
		{[]any{"tumbling", s, "clock", "processing", "time", nil, "lateness", s}, "lateness", "remove lateness"},
		{[]any{"tumbling", s, "emit", plugins.Aggregation{}}, "emit", "name at least one"},
	} {
		_, err := kind(t, "window").Outputs(plugins.Shape{}, attrs(byEventTime(append([]any{"emit", windowEmit()}, c.kv...)...)...))
		var e *plugins.ConfigError
		if !errors.As(err, &e) || e.Path != c.path || !strings.Contains(e.Msg, c.msg) {
			t.Errorf("%v: %v, want %q at %q", c.kv, err, c.msg, c.path)
		}
	}
}

func TestWindowOutputs(t *testing.T) {
	t.Parallel()
	in := plugins.Columns(plugins.Field{Name: "v", Type: plugins.Of(plugins.Int)})
	c := attrs(byEventTime("emit", windowEmit(), "tumbling", time.Second)...)
	k := kind(t, "window")
	outs, err := k.Outputs(in, c)
	if err != nil || len(outs) != 2 || outs[0].Name != "" || outs[1].Name != "late" || !outs[1].Optional || !outs[1].Shape.Type.Equal(in.Type) {
		t.Fatalf("%+v, %v", outs, err)
	}
	if sum, _ := outs[0].Shape.Type.Field("sum"); sum.Kind != plugins.Int {
		t.Errorf("sum is of type %s", sum)
	}
	locals, event := k.Locals("emit", []plugins.Shape{in}, c)
	if len(locals) != 2 || locals[0].Root != "key" || locals[1].Root != "window" || !event {
		t.Errorf("locals %+v, event %v", locals, event)
	}
	if locals, event := k.Locals("time", []plugins.Shape{in}, c); len(locals) != 0 || !event {
		t.Errorf("locals of time %+v, event %v", locals, event)
	}
}

// What is stored is of use to a stage that differs in when it emits, and to
// none that differs in what it keeps.
func TestWindowStateText(t *testing.T) {
	t.Parallel()
	other := windowEmit()
	other.Calls = other.Calls[:2]
	state := func(kv ...any) string {
		return kind(t, "window").Describe(attrs(byEventTime(append([]any{"emit", windowEmit(), "tumbling", 10 * time.Second}, kv...)...)...)).State
	}
	base := state()
	for _, kv := range [][]any{{"lateness", time.Hour}, {"early", time.Second}, {"idle", time.Hour}, {"forget", time.Hour}} {
		if state(kv...) != base {
			t.Errorf("%v changes the state", kv)
		}
	}
	for _, kv := range [][]any{
		{"tumbling", time.Minute}, {"offset", time.Second}, {"emit", other}, {"key", field1("v", plugins.Int)},
		{"tumbling", nil, "session", 10 * time.Second}, {"tumbling", nil, "count", int64(3)},
	} {
		if state(kv...) == base {
			t.Errorf("%v does not change the state", kv)
		}
	}
}

func TestWindowAllocatesNothingPerRecord(t *testing.T) {
	tr := averages(t)
	var pool plugins.Pool
	b := devices(&pool, 0, 1000)
	sel := append([]uint32(nil), b.Sel...)
	out := counter{}
	process := func() {
		b.Sel = append(b.Sel[:0], sel...)
		if err := tr.Process(t.Context(), b, &out); err != nil {
			t.Fatal(err)
		}
		ts := b.Column("ts").Ints
		for i := range ts {
			ts[i] += int64(time.Second)
		}
	}
	for range 30 {
		process()
	}
	if n := testing.AllocsPerRun(30, process); n > 20 {
		t.Errorf("%v allocations for 1,000 records", n)
	}
}
