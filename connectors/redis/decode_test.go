package redis_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/redis"
	"github.com/onstream/onstream/plugins"
)

// What a server answers may be anything.
func FuzzEntries(f *testing.F) {
	f.Add([]byte("*1\r\n*2\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*4\r\n$5\r\nvalue\r\n$1\r\nx\r\n$3\r\nkey\r\n$0\r\n\r\n*2\r\n$3\r\n1-2\r\n*-1\r\n"))
	f.Add([]byte("*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"))
	f.Add([]byte("*-1\r\n"))
	f.Add([]byte("-NOGROUP none\r\n"))
	f.Add([]byte("*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$99999999999999999999\r\n"))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_, _ = redis.DecodeEntries(raw)
		_ = redis.DecodeGroups(raw)
	})
}

func TestEntries(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]int{
		"*1\r\n*2\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$5\r\nvalue\r\n$1\r\nx\r\n*2\r\n$3\r\n1-2\r\n*-1\r\n": 1,
		"*-1\r\n": 0,
	} {
		if n, err := redis.DecodeEntries([]byte(raw)); err != nil || n != want {
			t.Errorf("%q: %d, %v", raw, n, err)
		}
	}
	for _, raw := range []string{"", "*", "*1\r\n", "-NOGROUP x\r\n", "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$1\r\nx\r\n*0\r\n", "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$5\r\nvalue\r\n$9\r\nx\r\n"} {
		if n, err := redis.DecodeEntries([]byte(raw)); err == nil {
			t.Errorf("%q is read as %d records", raw, n)
		}
	}
}

// A position that was stored may be anything, too.
func FuzzSeek(f *testing.F) {
	f.Add([]byte{1, 5, 0, 9})
	f.Add([]byte{2, 5})
	f.Add([]byte{})
	bus := open(f, config(f, "127.0.0.1:1", nil))
	f.Fuzz(func(t *testing.T, at []byte) {
		source, err := bus.Reader(connectors.Subscription{Topic: "a", Group: "g"}, bustest.Env("test"))
		if err != nil {
			t.Fatal(err)
		}
		_ = source.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{{Name: "a"}: at})
	})
}

func TestForeignPosition(t *testing.T) {
	t.Parallel()
	bus := open(t, config(t, "127.0.0.1:1", nil))
	for _, c := range []struct {
		at   plugins.Position
		part plugins.Partition
		want string
	}{
		{plugins.Position{9, 1}, plugins.Partition{Name: "a"}, "topic a: this is no position of a Redis stream: it was stored by a newer version, or by another kind of source; forget it with onstream state reset DIR "},
		{plugins.Position{1, 5, 0, 9}, plugins.Partition{Name: "a", ID: 3}, "topic a: there is a position of partition 3, and the connector says partitions = 1"},
	} {
		source, err := bus.Reader(connectors.Subscription{Topic: "a", Group: "g"}, bustest.Env("test"))
		if err != nil {
			t.Fatal(err)
		}
		bustest.Says(t, source.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{c.part: c.at}), c.want)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ms, seq, count := rapid.Uint64().Draw(t, "ms"), rapid.Uint64().Draw(t, "seq"), rapid.Uint64().Draw(t, "count")
		m, s, c, err := redis.Position(ms, seq, count)
		if m != ms || s != seq || c != count || err != nil {
			t.Fatalf("%d-%d/%d became %d-%d/%d, %v", ms, seq, count, m, s, c, err)
		}
		text := rapid.StringMatching(`[0-9]{1,15}-[0-9]{1,15}`).Draw(t, "text")
		if _, err := redis.ParseID(text); err != nil {
			t.Fatal(err)
		}
	})
	rapid.Check(t, func(t *rapid.T) { // ids like those that the server makes
		ms, seq := rapid.Uint64Range(0, 1<<42).Draw(t, "ms"), rapid.Uint64Range(0, 1<<20-2).Draw(t, "seq")
		if a, b := redis.OffsetOf(ms, seq), redis.OffsetOf(ms, seq+1); a < 0 || a >= b || b >= redis.OffsetOf(ms+1, 0) {
			t.Fatalf("offsets of %d-%d do not grow", ms, seq)
		}
		_, after := redis.BeforeAndAfter(ms, seq)
		got, err := redis.ParseID(after)
		if got != after || err != nil {
			t.Fatal(got, err)
		}
	})
	for _, bad := range []string{"", "1", "-", "1-", "a-1", "1-1-1", "18446744073709551616-0"} {
		if got, err := redis.ParseID(bad); err == nil {
			t.Errorf("%q is read as %s", bad, got)
		}
	}
	if before, _ := redis.BeforeAndAfter(5, 0); before != "4-18446744073709551615" {
		t.Errorf("before 5-0 is %s", before)
	}
}
