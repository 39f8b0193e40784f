package transforms_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// places is a fake of a look-up: for the id n there is {"site":"s<n>"}.
type places struct {
	mu      sync.Mutex
	calls   [][]int64 // the ids asked for
	version atomic.Int64
	before  func(ctx context.Context, call int) error // nil for nothing
	record  func(id int64) string                     // nil for the site; "" for not found
	closed  bool
}

func (p *places) Find(ctx context.Context, keys []plugins.Value, found func(i int, record []byte)) error {
	p.mu.Lock()
	var ids []int64
	for _, k := range keys {
		ids = append(ids, k.Int)
	}
	p.calls = append(p.calls, ids)
	call := len(p.calls)
	p.mu.Unlock()
	if p.before != nil {
		if err := p.before(ctx, call); err != nil {
			return err
		}
	}
	for i, id := range ids {
		record := fmt.Sprintf(`{"site":"s%d"}`, id)
		if p.record != nil {
			record = p.record(id)
		}
		if record != "" {
			found(i, []byte(record))
		}
	}
	return nil
}

func (p *places) Version() int64 { return p.version.Load() }

func (p *places) Close(context.Context) error { p.closed = true; return nil }

func (p *places) asked() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprint(p.calls)
}

func (p *places) kind() plugins.LookupKind {
	return plugins.LookupKind{
		Name: "places",
		Type: func(plugins.Config) (plugins.Type, error) {
			return plugins.Columns(plugins.Field{Name: "site", Type: plugins.Of(plugins.String)}).Type, nil
		},
		New: func(plugins.Config, plugins.Env) (plugins.Lookup, error) { return p, nil },
	}
}

// enrichConfig sets {s: found.site} of what is found by t.
func enrichConfig(p *places, kv ...any) plugins.Config {
	m := map[string]any{
		"by":          readColumn{"t", plugins.Of(plugins.Int)},
		"set":         []plugins.NamedExpr{named("s", readColumn{plugins.LocalPath("found", "site"), plugins.Of(plugins.String).OrNull()})},
		"missing":     "null",
		"concurrency": int64(4), "timeout": time.Minute, "retries": int64(0), "backoff": time.Millisecond,
	}
	blocks := []plugins.ConfigBlock{{Name: "lookup", Label: "places"}}
	for i := 0; i < len(kv); i += 2 {
		if kv[i] == "cache" {
			blocks = append(blocks, plugins.ConfigBlock{Name: "cache", Config: kv[i+1].(plugins.Config)})
			continue
		}
		m[kv[i].(string)] = kv[i+1]
	}
	return plugins.NewConfig(m, blocks...).WithLookup(p.kind())
}

func cache(size int64) plugins.Config { return attrs("size", size, "ttl", time.Minute) }

// enriched runs a batch of ids and returns "id site" of what comes out.
func enriched(e *engine, tr plugins.Transform, env plugins.Env, ids ...int64) (got []string) {
	e.t.Helper()
	e.names, e.records = []string{"t", "s"}, nil
	b := ints(env.Pool, ids...)
	defer b.Release()
	e.run(e.t.Context(), tr, b)
	for _, r := range e.records {
		site := "-"
		if v := r.fields["s"]; v.Kind != plugins.Null {
			site = v.Text
		}
		got = append(got, fmt.Sprintf("%d %s", r.fields["t"].Int, site))
	}
	return got
}

func TestEnrich(t *testing.T) {
	t.Parallel()
	even := func(id int64) string {
		if id%2 != 0 {
			return ""
		}
		return fmt.Sprintf(`{"other":[1],"site":"s%d","site":"second"}`, id)
	}
	tests := []struct {
		name    string
		missing string
		record  func(int64) string
		ids     []int64 // below 0 for null
		want    []string
		asked   string
		fail    []string
	}{
		{"each key once, in order", "null", nil, []int64{3, 1, 3, 2, 1}, []string{"3 s3", "1 s1", "3 s3", "2 s2", "1 s1"}, "[[3 1 2]]", nil},
		{"missing: null", "null", even, []int64{1, 2, -1}, []string{"1 -", "2 s2", "0 -"}, "[[1 2]]", nil},
		{"missing: drop", "drop", even, []int64{1, 2, -1, 4}, []string{"2 s2", "4 s4"}, "[[1 2 4]]", nil},
		{"missing: error", "error", even, []int64{1, 2, -1}, []string{"2 s2"}, "[[1 2]]", []string{"missing", "missing"}},
		{"only nulls", "null", nil, []int64{-1}, []string{"0 -"}, "[]", nil},
		{"no such field", "null", func(int64) string { return "{}" }, []int64{1}, []string{"1 -"}, "[[1]]", nil},
		{"a field of another type", "null", func(id int64) string { return fmt.Sprintf(`{"site":%d}`, id) }, []int64{1}, nil, "[[1]]", []string{"lookup"}},
		{"no record", "null", func(id int64) string { return `{"site` }, []int64{1}, nil, "[[1]]", []string{"lookup"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, e, env := &places{record: tt.record}, &engine{t: t}, environment()
			got := enriched(e, start(t, "enrich", enrichConfig(p, "missing", tt.missing), env), env, tt.ids...)
			if diff := different(got, tt.want); diff != "" {
				t.Error(diff)
			}
			if p.asked() != tt.asked {
				t.Errorf("asked for %s, want %s", p.asked(), tt.asked)
			}
			var codes []string
			for _, f := range e.failures {
				codes = append(codes, f.Code)
			}
			if !slices.Equal(codes, tt.fail) {
				t.Errorf("failures %v, want %v", e.failures, tt.fail)
			}
			if tt.missing == "error" {
				want := []string{"nothing is found for 1: add it where it is looked up, or set missing", "nothing is found for null: add it where it is looked up, or set missing"}
				if got := []string{e.failures[0].Msg, e.failures[1].Msg}; !slices.Equal(got, want) {
					t.Errorf("they say %q, want %q", got, want)
				}
			}
		})
	}
}

func TestEnrichCache(t *testing.T) {
	t.Parallel()
	p, e, env := &places{record: func(id int64) string { return map[int64]string{1: `{"site":"oslo"}`}[id] }}, &engine{t: t}, environment()
	now := time.Unix(0, 0)
	env.Now = func() time.Time { return now }
	tr := start(t, "enrich", enrichConfig(p, "cache", cache(10)), env)
	expect := func(asked string) {
		t.Helper()
		if got := enriched(e, tr, env, 1, 2); !slices.Equal(got, []string{"1 oslo", "2 -"}) || p.asked() != asked {
			t.Errorf("got %v, asked for %s, want %s", got, p.asked(), asked)
		}
	}
	expect("[[1 2]]")
	now = now.Add(time.Minute - 1)
	expect("[[1 2]]") // unknown keys are kept, too
	now = now.Add(1)
	expect("[[1 2] [1 2]]")
	p.version.Add(1)
	expect("[[1 2] [1 2] [1 2]]")
}

// With any cache the answers are those of asking for each record, and the cache
// is no larger than it may be: of more keys than it holds, some are asked for
// again.
func TestEnrichCacheIsInvisible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.IntRange(2, 8).Draw(rt, "size")
		p, e, env := &places{}, &engine{t: t}, environment()
		tr := start(t, "enrich", enrichConfig(p, "cache", cache(int64(size))), env)
		for range rapid.IntRange(1, 20).Draw(rt, "batches") {
			ids := rapid.SliceOfN(rapid.Int64Range(0, 12), 1, 8).Draw(rt, "ids")
			var want []string
			for _, id := range ids {
				want = append(want, fmt.Sprintf("%d s%d", id, id))
			}
			if diff := different(enriched(e, tr, env, ids...), want); diff != "" {
				rt.Fatal(diff)
			}
		}
		all := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
		enriched(e, tr, env, all...)
		before := len(p.calls)
		enriched(e, tr, env, all...)
		if len(p.calls) == before || len(p.calls[before]) < len(all)-size {
			rt.Fatalf("a cache of %d holds %d keys", size, len(all))
		}
	})
}

func TestEnrichTriesAgain(t *testing.T) {
	t.Parallel()
	flaky := errors.New("the database is away")
	tests := []struct {
		name    string
		timeout time.Duration
		before  func(ctx context.Context, call int) error
		calls   int
		want    string // of the failure, "" for none
	}{
		{"until it works", time.Minute, func(_ context.Context, call int) error {
			if call < 3 {
				return flaky
			}
			return nil
		}, 3, ""},
		{"so often", time.Minute, func(context.Context, int) error { return flaky }, 4, "after 4 tries: the database is away"},
		{"not what cannot be mended", time.Minute, func(context.Context, int) error { return plugins.Permanent(flaky) }, 1, "looked up: the database is away"},
		{"with a timeout", 5 * time.Millisecond, func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }, 4, "no answer within 5ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, e, env := &places{before: tt.before}, &engine{t: t}, environment()
			tr := start(t, "enrich", enrichConfig(p, "retries", int64(3), "timeout", tt.timeout), env)
			got := enriched(e, tr, env, 1, 1, -1)
			if len(p.calls) != tt.calls {
				t.Errorf("%d calls, want %d", len(p.calls), tt.calls)
			}
			switch {
			case tt.want == "" && (len(got) != 3 || len(e.failures) > 0):
				t.Errorf("got %v, failures %v", got, e.failures)
			case tt.want != "" && (len(got) != 1 || len(e.failures) != 2 || e.failures[0].Code != "lookup" || !strings.Contains(e.failures[0].Msg, tt.want)):
				t.Errorf("got %v, failures %v, want %q", got, e.failures, tt.want)
			}
		})
	}
}

func TestEnrichStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p, env := &places{before: func(ctx context.Context, _ int) error { cancel(); <-ctx.Done(); return ctx.Err() }}, environment()
	tr := start(t, "enrich", enrichConfig(p, "retries", int64(3)), env)
	b := ints(env.Pool, 1)
	defer b.Release()
	if err := tr.Process(ctx, b, &engine{t: t}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// All instances of a stage ask one look-up, and no more of them at once than
// concurrency allows.
func TestEnrichShares(t *testing.T) {
	t.Parallel()
	const instances, bound = 6, 2
	var under, most atomic.Int64
	full, free := make(chan struct{}, instances), make(chan struct{})
	p := &places{before: func(context.Context, int) error {
		n := under.Add(1)
		defer under.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		full <- struct{}{}
		<-free
		return nil
	}}
	made := 0
	k := p.kind()
	k.New = func(plugins.Config, plugins.Env) (plugins.Lookup, error) { made++; return p, nil }
	c := enrichConfig(p, "concurrency", int64(bound)).WithLookup(k)
	env := environment()
	env.Shared = new(plugins.Shared)
	var work sync.WaitGroup
	for n := range int64(instances) {
		tr := start(t, "enrich", c, env)
		work.Go(func() {
			b := ints(env.Pool, n)
			defer b.Release()
			if err := tr.Process(context.Background(), b, nothing{}); err != nil {
				t.Error(err)
			}
		})
	}
	for range bound {
		<-full
	}
	close(free)
	work.Wait()
	if most.Load() != bound || made != 1 {
		t.Errorf("%d look-ups were made, %d under way at once, want 1 and %d", made, most.Load(), bound)
	}
	if err := env.Shared.Close(t.Context()); err != nil || !p.closed {
		t.Errorf("the look-up is not closed: %v", err)
	}
}

func TestEnrichShape(t *testing.T) {
	t.Parallel()
	k := kind(t, "enrich")
	in := plugins.Shape{Type: plugins.Type{}, Format: "json"}
	outs, err := k.Outputs(in, enrichConfig(new(places)))
	if err != nil || len(outs) != 1 || !slices.Equal(outs[0].Shape.Set, []string{"s"}) {
		t.Errorf("outputs %v, error %v", outs, err)
	}
	for missing, nullable := range map[string]bool{"null": true, "drop": false, "error": false} {
		locals, event := k.Locals("set", nil, enrichConfig(new(places), "missing", missing))
		if !event || len(locals) != 1 || locals[0].Root != "found" || locals[0].Type.Nullable != nullable {
			t.Errorf("%s: locals %v, event %v", missing, locals, event)
		}
	}
	bad := new(places).kind()
	bad.Type = func(plugins.Config) (plugins.Type, error) { return plugins.Type{}, plugins.ConfigErrorf("path", "no") }
	if _, err := k.Outputs(in, enrichConfig(new(places)).WithLookup(bad)); err == nil || err.Error() != "lookup[places].path: no" {
		t.Errorf("error %v", err)
	}
	if _, err := k.Outputs(in, enrichConfig(new(places), "set", []plugins.NamedExpr{})); err == nil {
		t.Error("nothing is set, and that is no error")
	}
}

func enrichBench(t testing.TB) (plugins.Transform, *plugins.Batch, plugins.Mark) {
	env := environment()
	tr, err := kindOf(t, "enrich").New(enrichConfig(new(places), "cache", cache(20_000)), env)
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for n := range int64(4096) {
		ids = append(ids, n*7919%10_000)
	}
	b := ints(env.Pool, ids...)
	return tr, b, b.Mark()
}

func TestEnrichAllocatesNothing(t *testing.T) {
	tr, b, m := enrichBench(t)
	n := testing.AllocsPerRun(10, func() {
		b.SelectAll(4096)
		if err := tr.Process(context.Background(), b, nothing{}); err != nil {
			t.Fatal(err)
		}
		b.Rewind(m)
	})
	if n > 1 {
		t.Errorf("%.0f allocations for 4096 records whose keys are in the cache", n)
	}
}

func BenchmarkEnrichCached(b *testing.B) {
	tr, batch, m := enrichBench(b)
	b.ReportAllocs()
	for b.Loop() {
		batch.SelectAll(4096)
		if err := tr.Process(b.Context(), batch, nothing{}); err != nil {
			b.Fatal(err)
		}
		batch.Rewind(m)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/4096, "ns/record")
}
