package keyed_test

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
	"pgregory.net/rapid"
)

// alarm is a value that is due at two times.
type alarm struct{ event, wall, n int64 }

func alarms(s plugins.State, maxHot int) (*keyed.Table[alarm], error) {
	t := keyed.NewTable(keyed.Config[alarm]{
		Space: 1, MaxHot: maxHot, MaxKeys: 1000,
		Encode: func(dst []byte, v *alarm) []byte {
			for _, x := range []int64{v.event, v.wall, v.n} {
				dst = binary.LittleEndian.AppendUint64(dst, uint64(x))
			}
			return dst
		},
		Decode: func(src []byte, v *alarm) error {
			if len(src) != 24 {
				return errors.New("not an alarm")
			}
			for k, x := range []*int64{&v.event, &v.wall, &v.n} {
				*x = int64(binary.LittleEndian.Uint64(src[8*k:]))
			}
			return nil
		},
		Due: func(e *keyed.Entry[alarm]) (event, wall int64) { return e.V.event, e.V.wall },
	})
	return t, t.Restore(s)
}

// model is what tables should do: a map.
type model struct {
	t      *rapid.T
	store  *store
	maxHot int
	states []plugins.State
	tables []*keyed.Table[alarm]
	values map[string]alarm
	saved  map[string]alarm // by the last snapshot that was committed
	next   map[string]alarm // by the one that is not
	event  int64
	wall   int64
}

func (m *model) restore(lanes int) {
	m.states, m.tables = m.store.split(lanes), nil
	for _, s := range m.states {
		table, err := alarms(s, m.maxHot)
		m.check(err)
		m.tables = append(m.tables, table)
	}
}

func (m *model) check(err error) {
	if err != nil {
		m.t.Fatal(err)
	}
}

// key returns one in the form of [plugins.AppendKey].
func (m *model) key() string {
	return fmt.Sprintf("%ck%02d", plugins.String, rapid.IntRange(0, 40).Draw(m.t, "key"))
}

func (m *model) due(now int64) int64 {
	if rapid.IntRange(0, 3).Draw(m.t, "never") == 0 {
		return plugins.Never
	}
	return now + rapid.Int64Range(1, 30).Draw(m.t, "due")
}

func (m *model) open(*rapid.T) {
	key := m.key()
	table := m.tables[laneOf(m.states, key)]
	e, fresh, err := table.Open([]byte(key))
	m.check(err)
	m.opened(table, key, e, fresh)
}

// opened checks and changes an entry that was opened.
func (m *model) opened(table *keyed.Table[alarm], key string, e *keyed.Entry[alarm], fresh bool) {
	v, ok := m.values[key]
	if fresh == ok || e.Key != key || e.V != v {
		m.t.Fatalf("open %s: %+v (fresh %v), want %+v (known %v)", key, e.V, fresh, v, ok)
	}
	v = alarm{m.due(m.event), m.due(m.wall), v.n + 1}
	e.V = v
	table.Schedule(e)
	m.values[key] = v
}

func (m *model) find(*rapid.T) {
	key := m.key()
	table := m.tables[laneOf(m.states, key)]
	e, err := table.Find([]byte(key))
	m.check(err)
	m.found(table, key, e)
}

// found checks an entry that was found, and may change it.
func (m *model) found(table *keyed.Table[alarm], key string, e *keyed.Entry[alarm]) {
	v, ok := m.values[key]
	if (e != nil) != ok || ok && (e.Key != key || e.V != v) {
		m.t.Fatalf("find %s: %+v, want %+v (known %v)", key, e, v, ok)
	}
	if ok && rapid.Bool().Draw(m.t, "touch") {
		e.V.n++
		table.Touch(e)
		m.values[key] = e.V
	}
}

// look works on the rows of a batch, while entries come and go between them.
func (m *model) look(*rapid.T) {
	var pool plugins.Pool
	for l, table := range m.tables {
		var keys []string
		for range rapid.IntRange(1, 12).Draw(m.t, "rows") {
			if key := m.key(); laneOf(m.states, key) == l {
				keys = append(keys, key)
			}
		}
		b := pool.Batch()
		b.SelectAll(len(keys))
		column := b.NewColumn("key", plugins.String)
		for i, key := range keys {
			column.AppendString(uint32(i), key[1:])
		}
		table.Look(column, b.Sel)
		for n, key := range keys {
			switch rapid.IntRange(0, 4).Draw(m.t, "between") {
			case 0:
				m.remove(nil)
			case 1:
				m.fireEvent(nil)
			}
			if rapid.Bool().Draw(m.t, "open") {
				e, fresh, err := table.OpenRow(n)
				m.check(err)
				m.opened(table, key, e, fresh)
			} else {
				e, err := table.FindRow(n)
				m.check(err)
				m.found(table, key, e)
			}
		}
		b.Release()
	}
}

func (m *model) remove(*rapid.T) {
	key := m.key()
	table := m.tables[laneOf(m.states, key)]
	e, err := table.Find([]byte(key))
	m.check(err)
	if e != nil {
		table.Remove(e)
	}
	delete(m.values, key)
}

// handle is what happens to an alarm that is due.
func handle(v *alarm, due *int64) (remove bool) {
	v.n++
	switch v.n % 3 {
	case 0:
		*due = plugins.Never
	case 1:
		*due += 3
	default:
		return true
	}
	return false
}

type fired struct {
	due int64
	key string
}

// fire compares one lane at a time: the order of lanes does not matter.
func (m *model) fire(now int64, of func(v *alarm) *int64, do func(t *keyed.Table[alarm], f func(e *keyed.Entry[alarm], due int64) error) error) {
	for l, table := range m.tables {
		var got, want []fired
		err := do(table, func(e *keyed.Entry[alarm], due int64) error {
			got = append(got, fired{due, e.Key})
			if handle(&e.V, of(&e.V)) {
				table.Remove(e)
			}
			return nil
		})
		m.check(err)
		for {
			var first *fired
			for key, v := range m.values {
				f := fired{*of(&v), key}
				if laneOf(m.states, key) == l && f.due <= now && (first == nil || cmp.Or(cmp.Compare(f.due, first.due), cmp.Compare(f.key, first.key)) < 0) {
					first = &f
				}
			}
			if first == nil {
				break
			}
			want = append(want, *first)
			v := m.values[first.key]
			if handle(&v, of(&v)) {
				delete(m.values, first.key)
			} else {
				m.values[first.key] = v
			}
		}
		if !slices.Equal(got, want) {
			m.t.Fatalf("fired %v, want %v", got, want)
		}
	}
}

func (m *model) fireEvent(*rapid.T) {
	m.event += rapid.Int64Range(0, 20).Draw(m.t, "time")
	m.fire(m.event, func(v *alarm) *int64 { return &v.event }, func(t *keyed.Table[alarm], f func(e *keyed.Entry[alarm], due int64) error) error {
		return t.FireEvent(m.event, f)
	})
}

func (m *model) fireWall(*rapid.T) {
	m.wall += rapid.Int64Range(0, 20).Draw(m.t, "time")
	for l, table := range m.tables {
		for key, v := range m.values {
			if laneOf(m.states, key) == l && v.wall < table.NextWall() {
				m.t.Fatalf("%s is due at %d, and the next time is %d", key, v.wall, table.NextWall())
			}
		}
	}
	m.fire(m.wall, func(v *alarm) *int64 { return &v.wall }, func(t *keyed.Table[alarm], f func(e *keyed.Entry[alarm], due int64) error) error {
		return t.FireWall(m.wall, f)
	})
}

func (m *model) commit(*rapid.T) {
	m.store.commit()
	if m.next != nil {
		m.saved, m.next = m.next, nil
	}
}

func (m *model) snapshot(*rapid.T) {
	m.commit(nil) // it is not called before
	for _, table := range m.tables {
		m.check(table.Snapshot(m.store))
	}
	m.next = maps.Clone(m.values)
}

func (m *model) crash(*rapid.T) {
	m.store.pending, m.next = nil, nil
	m.values = maps.Clone(m.saved)
	m.maxHot = rapid.IntRange(1, 50).Draw(m.t, "hot")
	m.restore(rapid.IntRange(1, 4).Draw(m.t, "lanes"))
}

func (m *model) all(*rapid.T) {
	change := rapid.Bool().Draw(m.t, "change")
	for l, table := range m.tables {
		var got, want []string
		err := table.All(func(e *keyed.Entry[alarm]) error {
			got = append(got, e.Key)
			if e.V != m.values[e.Key] {
				m.t.Fatalf("%s is %+v, want %+v", e.Key, e.V, m.values[e.Key])
			}
			if change && e.V.n%2 == 0 {
				table.Remove(e)
			}
			return nil
		})
		m.check(err)
		for key := range m.values {
			if laneOf(m.states, key) == l {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			m.t.Fatalf("all are %v, want %v", got, want)
		}
	}
	if change {
		maps.DeleteFunc(m.values, func(_ string, v alarm) bool { return v.n%2 == 0 })
	}
}

// count checks what tables say about themselves after each step.
func (m *model) count(*rapid.T) {
	var keys int64
	for _, table := range m.tables {
		keys += table.Stats().Keys
	}
	if keys != int64(len(m.values)) {
		m.t.Fatalf("%d keys, want %d", keys, len(m.values))
	}
}

func TestTableIsAMapThatIsStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &model{t: t, store: newStore(), maxHot: rapid.IntRange(1, 50).Draw(t, "hot"), values: map[string]alarm{}, saved: map[string]alarm{}}
		m.restore(rapid.IntRange(1, 4).Draw(t, "lanes"))
		t.Repeat(map[string]func(*rapid.T){
			"open": m.open, "open more": m.open, "find": m.find, "look": m.look, "remove": m.remove, "fire by event time": m.fireEvent, "fire by the clock": m.fireWall,
			"snapshot": m.snapshot, "snapshot again": m.snapshot, "commit": m.commit, "crash": m.crash, "all": m.all, "": m.count,
		})
	})
}
