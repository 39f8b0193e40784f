package transforms_test

import (
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// written is an expression with a text as compiled ones have it.
type written struct {
	expr
	text string
	path plugins.Path
}

func (w written) String() string { return w.text + " " + w.path + ":" + w.typ.String() }

func (w written) Reads() []plugins.Field { return []plugins.Field{{Name: w.path, Type: w.typ}} }

func TestStateTexts(t *testing.T) {
	t.Parallel()
	key := written{field1("device", plugins.String), "event.device", "device"}
	other := written{field1("machine", plugins.String), "event.machine", "machine"}
	value := written{field1("t", plugins.Float), "event.t", "t"}
	median := plugins.AggregateCall{Func: "percentile", Args: []plugins.Expr{value}, Params: []plugins.Value{{Kind: plugins.Float, Float: 0.5}}}
	calls := plugins.Aggregation{Calls: []plugins.AggregateCall{median, {Func: "count"}}}
	windows := func(kv ...any) plugins.Config { return attrs(append(kv, "key", key, "emit", calls)...) }
	initial := []plugins.NamedExpr{named("n", columnOf("n", plugins.Int))}
	joined := []plugins.NamedExpr{named("a", localField(plugins.Float, "left", "a")), named("b", localField(plugins.Int, "right", "b"))}
	for _, c := range []struct {
		kind   string
		config plugins.Config
		want   string
	}{
		{"window", windows("tumbling", time.Minute), "tumbling 1m0s by event.device (string); percentile(event.t, 0.5) of float; count()"},
		{"window", windows("hopping", time.Minute, "every", time.Minute, "offset", 2*time.Minute), "tumbling 1m0s by event.device (string); percentile(event.t, 0.5) of float; count()"},
		{"window", windows("hopping", time.Minute, "every", 20*time.Second, "offset", 5*time.Second), "hopping 1m0s every 20s offset 5s by event.device (string); percentile(event.t, 0.5) of float; count()"},
		{"window", attrs("count", int64(10), "step", int64(10), "emit", plugins.Aggregation{Calls: calls.Calls[1:]}), "count 10; count()"},
		{"window", attrs("count", int64(10), "step", int64(5), "clock", "processing", "key", other, "emit", plugins.Aggregation{Calls: calls.Calls[1:]}), "count 10 step 5 by event.machine (string) on the pipeline's clock; count()"},
		{"dedupe", attrs("key", key), "times by event.device (string)"},
		{"absence", attrs("key", key, "clock", "processing"), "times by event.device (string) on the pipeline's clock"},
		{"absence", attrs("for", time.Minute), "times"},
		{"reduce", attrs("key", key, "initial", initial), "record({n = int}) by event.device (string)"},
		{"reduce", attrs("key", key, "initial", initial, "ttl", time.Hour), "record({n = int}) and times by event.device (string)"},
		{"detect", attrs("key", key, "first", is(1), "without", is(2)), "without by event.device (string)"},
		{"detect", attrs("first", is(1), "then", is(2), "emit", []plugins.NamedExpr{named("v", localField(plugins.Int, "first", "v"))}), "then; record({v = int})"},
		{"join", attrs("key", []plugins.Expr{key, other}, "within", time.Second, "emit", joined), "intervals of record({a = float}) and record({b = int}) by event.device (string) and event.machine (string)"},
		{"join", attrs("key", []plugins.Expr{key, other}, "table", true, "emit", joined), "table of record({b = int}) by event.machine (string)"},
	} {
		if got := kindOf(t, c.kind).Describe(c.config).State; got != c.want {
			t.Errorf("%s: %s, want %s", c.kind, got, c.want)
		}
	}
}
