package transforms_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/transforms"
)

// readColumn is an expression that is the column at a path.
type readColumn struct {
	path plugins.Path
	typ  plugins.Type
}

func (r readColumn) Type() plugins.Type                      { return r.typ }
func (r readColumn) Reads() []plugins.Field                  { return []plugins.Field{{Name: r.path, Type: r.typ}} }
func (r readColumn) String() string                          { return r.path }
func (r readColumn) Range() string                           { return "test.hcl:1,1-2" }
func (r readColumn) Evaluator(plugins.Env) plugins.Evaluator { return r }
func (r readColumn) Eval(b *plugins.Batch) *plugins.Column   { return b.Column(r.path) }

// joinRecord is a record of one of the inputs of a join.
type joinRecord struct {
	port int
	key  string
	at   int64 // ns since 1970
	id   int64
}

// joinConfig is the configuration of a join whose results are {l, r, k}: the
// ids of the records and the key.
func joinConfig(kv ...any) plugins.Config {
	id := plugins.Of(plugins.Int).OrNull()
	m := map[string]any{
		"key": []plugins.Expr{readColumn{"k", plugins.Of(plugins.String)}, readColumn{"k", plugins.Of(plugins.String)}},
		"emit": []plugins.NamedExpr{
			named("l", readColumn{plugins.LocalPath("left", "id"), id}),
			named("r", readColumn{plugins.LocalPath("right", "id"), id}),
			named("k", readColumn{plugins.LocalPath("key"), plugins.Of(plugins.String)}),
		},
		"type": "inner", "clock": "event", "max_rows": int64(1000), "max_keys": int64(1000),
		"max_ahead": time.Hour, "lateness": time.Duration(0), "idle": 24 * time.Hour,
	}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	if _, given := m["time"]; !given && m["clock"] == "event" {
		t := readColumn{"t", plugins.Of(plugins.Time)}
		m["time"] = []plugins.Expr{t, t}
	}
	return plugins.NewConfig(m)
}

func kindOf(t testing.TB, name string) plugins.TransformKind {
	t.Helper()
	var r plugins.Registry
	if err := transforms.Register(&r); err != nil {
		t.Fatal(err)
	}
	k, _ := r.Transform(name)
	return k
}

// joinLanes are the lanes of a join, called as the engine does.
type joinLanes struct {
	t      testing.TB
	c      plugins.Config
	kind   plugins.TransformKind
	wall   atomic.Int64 // the pipeline's clock
	lanes  []plugins.Transform
	stored stored
	env    plugins.Env
	out    joinOut
}

func startJoin(t testing.TB, lanes int, c plugins.Config) *joinLanes {
	j := &joinLanes{t: t, c: c, kind: kindOf(t, "join"), stored: stored{}}
	j.wall.Store(1 << 50)
	j.env = plugins.Env{
		Stage: "transform.test", Logger: slog.New(slog.DiscardHandler), Pool: new(plugins.Pool),
		Now: func() time.Time { return time.Unix(0, j.wall.Load()) },
	}
	j.restart(lanes)
	return j
}

// restart forgets what was not stored, and goes on with so many lanes.
func (j *joinLanes) restart(lanes int) {
	j.t.Helper()
	j.lanes = nil
	for n := range lanes {
		tr, err := j.kind.New(j.c, j.env)
		if err != nil {
			j.t.Fatal(err)
		}
		first, last := n*plugins.Groups/lanes, (n+1)*plugins.Groups/lanes-1
		if err := tr.(plugins.Stateful).Restore(storedGroups{j.stored, plugins.Group(first), plugins.Group(last)}); err != nil {
			j.t.Fatal(err)
		}
		j.lanes = append(j.lanes, tr)
	}
}

func (j *joinLanes) checkpoint() {
	j.t.Helper()
	for _, tr := range j.lanes {
		if err := tr.(plugins.Stateful).Snapshot(j.stored); err != nil {
			j.t.Fatal(err)
		}
	}
}

// put gives records of one port to their lanes, each a batch.
func (j *joinLanes) put(records ...joinRecord) {
	j.t.Helper()
	byLane := make([][]joinRecord, len(j.lanes))
	for _, r := range records {
		group := int(plugins.GroupOf(append([]byte{byte(plugins.String)}, r.key...)))
		lane := group * len(j.lanes) / plugins.Groups
		byLane[lane] = append(byLane[lane], r)
	}
	for lane, rs := range byLane {
		if len(rs) > 0 {
			j.putLane(lane, rs)
		}
	}
}

func (j *joinLanes) putLane(lane int, rs []joinRecord) {
	j.t.Helper()
	b := joinBatchOf(j.env.Pool, rs)
	defer b.Release()
	in, before := len(b.Sel), j.out
	if err := j.lanes[lane].(plugins.Ported).ProcessPort(context.Background(), rs[0].port, b, &j.out); err != nil {
		j.t.Fatal(err)
	}
	b.TakeFailures(j.out.fail)
	if o := &j.out; in+o.made-before.made != o.dropped-before.dropped+len(o.results)-len(before.results)+len(o.failures)-len(before.failures) {
		j.t.Errorf("records are not conserved: in %d, before %+v, after %+v", in, before, *o)
	}
}

// joinBatchOf makes a batch of records {k, t, id}.
func joinBatchOf(pool *plugins.Pool, rs []joinRecord) *plugins.Batch {
	b := pool.Batch()
	b.SelectAll(len(rs))
	k, t, id := b.NewColumn("k", plugins.String), b.NewColumn("t", plugins.Time), b.NewColumn("id", plugins.Int)
	for i, r := range rs {
		k.AppendString(uint32(i), r.key)
		t.Ints[i], id.Ints[i] = r.at, r.id
	}
	return b
}

// tick moves the pipeline's clock on, and calls the lanes that want to be.
func (j *joinLanes) tick(d time.Duration) {
	j.t.Helper()
	now := j.wall.Add(int64(d))
	for _, tr := range j.lanes {
		if tr.(plugins.Timed).Next() > now {
			continue
		}
		if err := tr.(plugins.Timed).Tick(context.Background(), now, &j.out); err != nil {
			j.t.Fatal(err)
		}
		if next := tr.(plugins.Timed).Next(); next <= now {
			j.t.Fatalf("after a tick at %d the next one is to be at %d", now, next)
		}
	}
}

func (j *joinLanes) finish() {
	j.t.Helper()
	for _, tr := range j.lanes {
		if f, ok := tr.(plugins.Finisher); ok {
			if err := f.Finish(context.Background(), &j.out); err != nil {
				j.t.Fatal(err)
			}
		}
	}
}

// keys returns how many keys the lanes keep.
func (j *joinLanes) keys() (n int64) {
	for _, tr := range j.lanes {
		n += tr.(plugins.StateCounter).StateStats().Keys
	}
	return n
}

// joinOut takes what a join of joinConfig emits.
type joinOut struct {
	results  []string // "key left right"
	failures []string // codes
	made     int
	dropped  int
}

func (o *joinOut) Emit(_ int, b *plugins.Batch) {
	b.TakeFailures(o.fail)
	for _, i := range b.Sel {
		show := func(name string) string {
			if v := b.Column(name).Value(i); v.Kind != plugins.Null {
				return fmt.Sprint(v.Int)
			}
			return "-"
		}
		o.results = append(o.results, b.Column("k").Value(i).Text+" "+show("l")+" "+show("r"))
	}
}

func (o *joinOut) Drop(n int)               { o.dropped += n }
func (o *joinOut) Make(n int)               { o.made += n }
func (o *joinOut) fail(f plugins.Failure)   { o.failures = append(o.failures, f.Code) }
func (o *joinOut) sorted() []string         { return slices.Sorted(slices.Values(o.results)) }
func (o *joinOut) is(want ...string) string { return different(o.results, want) }

// different says how two lists differ, "" if they do not.
func different(got, want []string) string {
	if slices.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
}

// stored is state in memory.
type stored map[string][]byte

func storedKey(space byte, g plugins.Group, key []byte) string {
	return string([]byte{space, g}) + string(key)
}

func (s stored) Put(space byte, g plugins.Group, key, value []byte) {
	s[storedKey(space, g, key)] = slices.Clone(value)
}

func (s stored) Delete(space byte, g plugins.Group, key []byte) {
	delete(s, storedKey(space, g, key))
}

// storedGroups is the state of one lane.
type storedGroups struct {
	rows        stored
	first, last plugins.Group
}

func (s storedGroups) Groups() (first, last plugins.Group) { return s.first, s.last }

func (s storedGroups) Get(space byte, g plugins.Group, key, dst []byte) ([]byte, bool, error) {
	v, ok := s.rows[storedKey(space, g, key)]
	return append(dst, v...), ok, nil
}

func (s storedGroups) Ascend(space byte, g plugins.Group, from []byte, f func(key, value []byte) bool) error {
	prefix := string([]byte{space, g})
	for _, row := range slices.Sorted(maps.Keys(s.rows)) {
		if strings.HasPrefix(row, prefix) && row[2:] >= string(from) && !f([]byte(row[2:]), s.rows[row]) {
			break
		}
	}
	return nil
}
