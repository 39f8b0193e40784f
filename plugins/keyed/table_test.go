package keyed_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

func open(t *testing.T, table *keyed.Table[alarm], key string, event int64) *keyed.Entry[alarm] {
	t.Helper()
	e, _, err := table.Open([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	e.V.event, e.V.wall = event, plugins.Never
	table.Schedule(e)
	return e
}

func restored(t *testing.T, s *store, maxHot int) *keyed.Table[alarm] {
	t.Helper()
	table, err := alarms(s.split(1)[0], maxHot)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func snapshot(t *testing.T, table *keyed.Table[alarm], s *store) {
	t.Helper()
	if err := table.Snapshot(s); err != nil {
		t.Fatal(err)
	}
	s.commit()
}

func TestTableRefusesKeys(t *testing.T) {
	t.Parallel()
	s := newStore()
	table := restored(t, s, 10) // of 1000 keys at most
	long := strings.Repeat("x", keyed.MaxKeySize+1)
	if _, _, err := table.Open([]byte(long)); !errors.Is(err, keyed.ErrKeyTooLong) {
		t.Errorf("a long key: %v", err)
	}
	if e, err := table.Find([]byte(long)); e != nil || err != nil {
		t.Errorf("a long key was found: %v, %v", e, err)
	}
	open(t, table, long[1:], plugins.Never)
	for n := 1; n < 1000; n++ {
		open(t, table, string(key(nil, n)), plugins.Never)
	}
	snapshot(t, table, s)
	snapshot(t, table, s)
	if _, _, err := table.Open([]byte("one more")); !errors.Is(err, keyed.ErrTooManyKeys) {
		t.Errorf("too many keys: %v", err)
	}
	table.Remove(open(t, table, long[1:], plugins.Never))
	open(t, table, "one more", plugins.Never)
	if got := table.Stats(); got.Keys != 1000 || got.Hot > 20 {
		t.Errorf("%+v", got)
	}
}

func TestTableReadsNothingForUnknownKeysWhileAllAreInMemory(t *testing.T) {
	t.Parallel()
	s := newStore()
	table := restored(t, s, 100)
	for n := range 100 {
		open(t, table, string(key(nil, n)), int64(n))
	}
	snapshot(t, table, s)
	table = restored(t, s, 100)
	for n := range 200 {
		open(t, table, string(key(nil, n)), int64(n))
	}
	if s.gets != 0 {
		t.Errorf("%d reads", s.gets)
	}
}

// Many keys that are not in memory are due in order, and only a part of their
// timers is held there.
func TestManyColdTimers(t *testing.T) {
	t.Parallel()
	const keys = 100_000
	s := newStore()
	config := keyed.Config[alarm]{
		Space: 1, MaxHot: 10,
		Encode: func(dst []byte, v *alarm) []byte {
			return append(dst, byte(v.event), byte(v.event>>8), byte(v.event>>16))
		},
		Decode: func(src []byte, v *alarm) error {
			v.event = int64(src[0]) | int64(src[1])<<8 | int64(src[2])<<16
			return nil
		},
		Due: func(e *keyed.Entry[alarm]) (event, wall int64) { return e.V.event, plugins.Never },
	}
	table := keyed.NewTable(config)
	if err := table.Restore(sorted(s)); err != nil {
		t.Fatal(err)
	}
	for n := range keys {
		open(t, table, string(key(nil, n)), int64(n*7919%keys))
	}
	snapshot(t, table, s)
	table = keyed.NewTable(config)
	if err := table.Restore(sorted(s)); err != nil {
		t.Fatal(err)
	}
	snapshot(t, table, s)
	snapshot(t, table, s)
	if got := table.Stats(); got.Keys != keys || got.Hot > 10 {
		t.Fatalf("%+v", got)
	}
	for round := range 2 {
		next := int64(round * keys / 2)
		err := table.FireEvent(next+keys/2-1, func(e *keyed.Entry[alarm], due int64) error {
			if due != next || e.V.event != due {
				t.Fatalf("%d is due, want %d", due, next)
			}
			next++
			table.Remove(e)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := int64((round + 1) * keys / 2); next != want {
			t.Fatalf("%d were due, want %d", next, want)
		}
		snapshot(t, table, s)
		if round == 0 { // the other half after a restart
			table = keyed.NewTable(config)
			if err := table.Restore(sorted(s)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(s.rows) > 0 {
		t.Errorf("%d rows are left", len(s.rows))
	}
}

func TestTableWhoseTimersMoveKeepsFew(t *testing.T) {
	t.Parallel()
	table := restored(t, newStore(), 100)
	for n := range 100_000 {
		e := open(t, table, "k", int64(1_000_000-n))
		if n%3 == 0 {
			table.Remove(e)
		}
	}
	var due []int64
	err := table.FireEvent(plugins.Never, func(e *keyed.Entry[alarm], at int64) error {
		due = append(due, at)
		e.V.event = plugins.Never
		return nil
	})
	if err != nil || len(due) != 0 {
		t.Errorf("due at %v, %v; it was removed", due, err)
	}
	open(t, table, "k", 5)
	if err := table.FireEvent(5, func(e *keyed.Entry[alarm], at int64) error { return errBroken }); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
	if err := table.FireEvent(5, func(e *keyed.Entry[alarm], at int64) error { due = append(due, at); return nil }); err != nil || len(due) != 1 {
		t.Errorf("after an error: due at %v, %v", due, err)
	}
	if err := table.FireEvent(5, func(e *keyed.Entry[alarm], at int64) error { due = append(due, at); return nil }); err != nil || len(due) != 2 {
		t.Errorf("what stays due is due again, once: %v, %v", due, err)
	}
}

func TestTableErrors(t *testing.T) {
	t.Parallel()
	s := newStore()
	table := restored(t, s, 1)
	for _, k := range []string{"a", "b", "c"} {
		open(t, table, k, 7)
	}
	snapshot(t, table, s)
	snapshot(t, table, s)
	s.broken = true
	if _, _, err := table.Open([]byte("x")); !errors.Is(err, errBroken) {
		t.Errorf("open: %v", err)
	}
	if err := table.FireEvent(9, func(*keyed.Entry[alarm], int64) error { return nil }); !errors.Is(err, errBroken) {
		t.Errorf("fire: %v", err)
	}
	if err := table.All(func(*keyed.Entry[alarm]) error { return nil }); !errors.Is(err, errBroken) {
		t.Errorf("all: %v", err)
	}
	if _, err := alarms(s.split(1)[0], 1); !errors.Is(err, errBroken) {
		t.Errorf("restore: %v", err)
	}
	s.broken = false
	if err := table.All(func(*keyed.Entry[alarm]) error { return errBroken }); !errors.Is(err, errBroken) {
		t.Errorf("all: %v", err)
	}
	for k := range s.rows {
		if k[0] == 1 {
			s.rows[k] = "short"
		}
	}
	if _, err := alarms(s.split(1)[0], 1); err == nil || !strings.Contains(err.Error(), "not an alarm") {
		t.Errorf("restore of damaged values: %v", err)
	}
}

func TestTableWithoutState(t *testing.T) {
	t.Parallel()
	table := readings()
	for n := range 10 {
		e, fresh, err := table.Open(key(nil, n))
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		e.V.at = int64(n)
		table.Schedule(e)
	}
	due := 0
	err := table.FireEvent(4, func(e *keyed.Entry[reading], _ int64) error { due++; table.Remove(e); return nil })
	if err != nil || due != 5 || table.Stats().Keys != 5 || table.NextWall() != plugins.Never {
		t.Errorf("%d were due, %v; %+v, next %d", due, err, table.Stats(), table.NextWall())
	}
}

func TestOpenAllocatesNothing(t *testing.T) {
	table := readings()
	k := key(nil, 1)
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := table.Open(k); err != nil {
			t.Error(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
