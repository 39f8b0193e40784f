package transforms_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// rec is a record of the tests of keyed kinds. Times are in seconds after an
// hour ago by the pipeline's clock of the tests.
type rec struct {
	key string
	at  int64
	v   int64
}

// begin is where the times of records count from.
var begin = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func stamp(at int64) int64 { return begin.UnixNano() + at*int64(time.Second) }

// records makes a batch with the columns k, ts and v.
func records(pool *plugins.Pool, rs []rec) *plugins.Batch {
	b := pool.Batch()
	b.SelectAll(len(rs))
	k, ts, v := b.NewColumn("k", plugins.String), b.NewColumn("ts", plugins.Time), b.NewColumn("v", plugins.Int)
	b.Values = b.SpareValues()
	for i, r := range rs {
		k.AppendString(uint32(i), r.key)
		ts.Ints[i], v.Ints[i] = stamp(r.at), r.v
		addPayload(b, fmt.Sprintf("%s@%d=%d", r.key, r.at, r.v))
	}
	return b
}

// local reads a field of a local, as compiled expressions do.
type local struct {
	expr
	path plugins.Path
}

func (l local) Reads() []plugins.Field { return []plugins.Field{{Name: l.path, Type: l.typ}} }

func localField(t plugins.Kind, root string, field ...string) local {
	path := plugins.LocalPath(root, field...)
	return local{field1(path, t), path}
}

func field1(path plugins.Path, k plugins.Kind) expr { return field(path, plugins.Of(k)) }

// when is a condition on v.
func when(holds func(v int64) bool) expr {
	return expr{plugins.Of(plugins.Bool), func(b *plugins.Batch, col *plugins.Column) {
		v := b.Column("v")
		for _, i := range b.Sel {
			col.Bools[i] = holds(v.Ints[i])
		}
	}}
}

// memory is a store of state.
type memory map[string][]byte

func memoryKey(space byte, g plugins.Group, key []byte) string {
	return string([]byte{space, g}) + string(key)
}

func (m memory) Put(space byte, g plugins.Group, key, value []byte) {
	m[memoryKey(space, g, key)] = slices.Clone(value)
}

func (m memory) Delete(space byte, g plugins.Group, key []byte) { delete(m, memoryKey(space, g, key)) }

// part is the state of one lane.
type part struct {
	memory
	first, last plugins.Group
}

func (p part) Groups() (first, last plugins.Group) { return p.first, p.last }

func (p part) Get(space byte, g plugins.Group, key, dst []byte) ([]byte, bool, error) {
	v, ok := p.memory[memoryKey(space, g, key)]
	return append(dst, v...), ok, nil
}

func (p part) Ascend(space byte, g plugins.Group, from []byte, f func(key, value []byte) bool) error {
	prefix := memoryKey(space, g, nil)
	for _, k := range slices.Sorted(maps.Keys(p.memory)) {
		if strings.HasPrefix(k, prefix) && k >= prefix+string(from) && !f([]byte(k[2:]), p.memory[k]) {
			return nil
		}
	}
	return nil
}

// stage runs a kind in lanes, with a clock of its own.
type stage struct {
	engine
	kind   string
	config plugins.Config
	env    plugins.Env
	now    time.Time
	lanes  []plugins.Transform
	stored memory
}

func newStage(t testing.TB, kind string, c plugins.Config, lanes int, names ...string) *stage {
	t.Helper()
	s := &stage{engine: engine{t: t, names: names}, kind: kind, config: c, now: begin.Add(time.Hour), stored: memory{}}
	s.env = environment()
	s.env.Now = func() time.Time { return s.now }
	s.start(lanes)
	return s
}

func (s *stage) start(lanes int) {
	s.t.Helper()
	s.lanes = nil
	for l := range lanes {
		tr := start(s.t, s.kind, s.config, s.env)
		p := part{s.stored, plugins.Group(l * 256 / lanes), plugins.Group((l+1)*256/lanes - 1)}
		if err := tr.(plugins.Stateful).Restore(p); err != nil {
			s.t.Fatal(err)
		}
		s.lanes = append(s.lanes, tr)
	}
}

func (s *stage) checkpoint() {
	s.t.Helper()
	for _, tr := range s.lanes {
		if err := tr.(plugins.Stateful).Snapshot(s.stored); err != nil {
			s.t.Fatal(err)
		}
	}
}

// restart goes on with what was stored, in so many lanes.
func (s *stage) restart(lanes int) {
	s.t.Helper()
	s.checkpoint()
	s.start(lanes)
}

// take puts a batch through the lanes.
func (s *stage) take(rs ...rec) {
	s.t.Helper()
	parts := make([][]rec, len(s.lanes))
	for _, r := range rs {
		g := plugins.GroupOf(append([]byte{byte(plugins.String)}, r.key...))
		l := (int(g)*len(s.lanes) + len(s.lanes) - 1) / 256
		for l*256/len(s.lanes) > int(g) {
			l--
		}
		parts[l] = append(parts[l], r)
	}
	for l, rs := range parts {
		if len(rs) > 0 {
			b := records(s.env.Pool, rs)
			s.run(s.t.Context(), s.lanes[l], b)
			b.Release()
		}
	}
}

// tick moves the pipeline's clock, and calls those who want to know.
func (s *stage) tick(d time.Duration) {
	s.t.Helper()
	until := s.now.Add(d)
	for _, tr := range s.lanes {
		timed := tr.(plugins.Timed)
		for n := 0; timed.Next() <= until.UnixNano(); n++ {
			if n > 10_000 {
				s.t.Fatal("it does not get on with time")
			}
			at := max(timed.Next(), s.now.UnixNano())
			s.now = time.Unix(0, at)
			if err := timed.Tick(s.t.Context(), at, s); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	s.now = until
}

func (s *stage) finish() {
	s.t.Helper()
	for _, tr := range s.lanes {
		if f, ok := tr.(plugins.Finisher); ok {
			if err := f.Finish(s.t.Context(), s); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// keys counts what the lanes keep.
func (s *stage) keys() (n int64) {
	for _, tr := range s.lanes {
		n += tr.(plugins.StateCounter).StateStats().Keys
	}
	return n
}

// texts returns the records that left by an output: their fields in the order
// of names, or their payloads.
func (s *stage) texts(output int) []string {
	var ts []string
	for _, r := range s.records {
		if r.output != output {
			continue
		}
		if len(r.fields) == 0 {
			ts = append(ts, r.payload)
			continue
		}
		var parts []string
		for _, name := range s.names {
			parts = append(parts, valueText(r.fields[name]))
		}
		ts = append(ts, strings.Join(parts, " "))
	}
	return ts
}

// valueText writes times as seconds after begin.
func valueText(v plugins.Value) string {
	switch v.Kind {
	case plugins.Null:
		return "null"
	case plugins.Time:
		return fmt.Sprint((v.Int - begin.UnixNano()) / int64(time.Second))
	case plugins.Duration:
		return fmt.Sprint(v.Int / int64(time.Second))
	case plugins.Float:
		return fmt.Sprint(v.Float)
	case plugins.String:
		return v.Text
	default:
		return fmt.Sprint(v.Int)
	}
}

// byKey sorts texts that begin with a key, and keeps the order of each.
func byKey(ts []string) []string {
	ts = slices.Clone(ts)
	slices.SortStableFunc(ts, func(a, b string) int {
		x, _, _ := strings.Cut(a, " ")
		y, _, _ := strings.Cut(b, " ")
		return cmp.Compare(x, y)
	})
	return ts
}

func wantTexts(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}
