package transforms_test

import (
	"context"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// clock is a pipeline's clock that moves when somebody waits.
type clock struct{ now time.Time }

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

func throttled(t *testing.T, kv ...any) (plugins.Transform, *clock, plugins.Env) {
	t.Helper()
	c := &clock{time.Unix(1_700_000_000, 0)}
	env := environment()
	env.Now, env.Sleep = func() time.Time { return c.now }, c.sleep
	config := append([]any{"per", time.Second, "excess", "drop", "max_keys", int64(100)}, kv...)
	return start(t, "throttle", attrs(config...), env), c, env
}

func TestThrottleDropsWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	tr, c, env := throttled(t, "rate", 2.0, "burst", int64(3))
	e := &engine{t: t}
	for _, step := range []struct {
		after time.Duration
		pass  int
	}{{0, 3}, {0, 0}, {499 * time.Millisecond, 0}, {time.Millisecond, 1}, {time.Second, 2}, {time.Hour, 3}} {
		c.now = c.now.Add(step.after)
		before := len(e.records)
		e.run(t.Context(), tr, ints(env.Pool, 1, 2, 3, 4, 5))
		if got := len(e.records) - before; got != step.pass {
			t.Errorf("after %v: %d passed, want %d", step.after, got, step.pass)
		}
	}
}

func TestThrottleByKey(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]struct {
		kind plugins.Kind
		a, b plugins.Value
	}{
		"string": {plugins.String, text("a"), text("b")},
		"int":    {plugins.Int, integer(1), integer(2)},
		"float":  {plugins.Float, plugins.Value{Kind: plugins.Float, Float: 1}, plugins.Value{Kind: plugins.Float, Float: 1.5}},
		"bool":   {plugins.Bool, plugins.Value{Kind: plugins.Bool}, plugins.Value{Kind: plugins.Bool, Int: 1}},
		"any":    {plugins.Any, integer(1), text("1")},
		"null":   {plugins.Any, null, text("")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, _, env := throttled(t, "rate", 1.0, "key", field("v", plugins.Of(k.kind)))
			e := &engine{t: t}
			e.run(t.Context(), tr, column(env.Pool, "v", k.kind, k.a, k.b, k.a, k.b))
			if len(e.records) != 2 || e.records[0].offset != 100 || e.records[1].offset != 101 {
				t.Errorf("passed %+v", e.records)
			}
		})
	}
}

func TestThrottleWaits(t *testing.T) {
	t.Parallel()
	tr, c, env := throttled(t, "rate", 10.0, "burst", int64(2), "excess", "wait")
	begin := c.now
	e := &engine{t: t}
	e.run(t.Context(), tr, ints(env.Pool, 1, 2, 3, 4, 5))
	if len(e.records) != 5 || e.dropped != 0 {
		t.Errorf("%d passed, %d dropped", len(e.records), e.dropped)
	}
	if took := c.now.Sub(begin); took != 300*time.Millisecond {
		t.Errorf("took %v, want 300ms", took)
	}
	if e.batches != 4 {
		t.Errorf("%d batches: what may pass must not wait for what may not", e.batches)
	}
}

func TestThrottleWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	tr, _, env := throttled(t, "rate", 1.0, "excess", "wait")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tr.Process(ctx, ints(env.Pool, 1, 2), &engine{t: t}); err == nil {
		t.Error("no error")
	}
}

func TestThrottleForgetsIdleKeysOnly(t *testing.T) {
	t.Parallel()
	tr, c, env := throttled(t, "rate", 1.0, "key", field("t", plugins.Of(plugins.Int)), "max_keys", int64(4))
	e := &engine{t: t}
	e.run(t.Context(), tr, ints(env.Pool, 1, 2))
	c.now = c.now.Add(600 * time.Millisecond)
	e.run(t.Context(), tr, ints(env.Pool, 3, 4))
	c.now = c.now.Add(500 * time.Millisecond) // 1 and 2 are idle now
	e.run(t.Context(), tr, ints(env.Pool, 5, 6, 3, 4))
	if e.dropped != 2 || len(e.records) != 6 {
		t.Errorf("%d passed, %d dropped: 3 and 4 are still busy", len(e.records), e.dropped)
	}
	many := make([]int64, 1000)
	for i := range many {
		many[i] = int64(100 + i)
	}
	e.run(t.Context(), tr, ints(env.Pool, many...))
	if len(e.records) != 1006 {
		t.Errorf("%d passed, want every new key to", len(e.records))
	}
}
