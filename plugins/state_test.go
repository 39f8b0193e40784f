package plugins_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// The groups of a column are those of its keys, and a key gives its value back.
func TestKeysAndGroups(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kinds := []plugins.Kind{plugins.Any, plugins.Bool, plugins.Int, plugins.Float, plugins.String, plugins.Bytes, plugins.Time, plugins.Duration}
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		n := rapid.IntRange(1, 20).Draw(t, "rows")
		var col plugins.Column
		col.Reset(kind, n)
		rows := make([]uint32, n)
		values := make([]plugins.Value, n)
		for i := range n {
			rows[i] = uint32(i)
			v := plugins.Value{Kind: kind}
			if kind == plugins.Any {
				v.Kind = rapid.SampledFrom(kinds[1:]).Draw(t, "kind of row")
			}
			switch v.Kind {
			case plugins.Bool:
				v.Int = rapid.Int64Range(0, 1).Draw(t, "bool")
			case plugins.Float:
				v.Float = rapid.Float64().Draw(t, "float")
			case plugins.String, plugins.Bytes:
				v.Text = rapid.String().Draw(t, "text")
			default:
				v.Int = rapid.Int64().Draw(t, "int")
			}
			if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
				v = plugins.Value{Kind: plugins.Null}
			}
			col.SetValue(uint32(i), v)
			values[i] = v
		}
		var want []plugins.Group
		for _, i := range rows {
			key := plugins.AppendKey(nil, &col, i)
			want = append(want, plugins.GroupOf(key))
			if v := values[i]; v.Kind == plugins.Float && v.Float == math.Trunc(v.Float) && -1<<63 <= v.Float && v.Float < 1<<63 {
				values[i] = plugins.Value{Kind: plugins.Int, Int: int64(v.Float)}
			}
			if !plugins.IsKey(key) {
				t.Fatalf("the key of %+v is none", values[i])
			}
			if got := plugins.KeyValue(key); got != values[i] {
				t.Fatalf("the key of %+v is read as %+v", values[i], got)
			}
		}
		if got := plugins.AppendGroups(nil, &col, rows); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// Numbers that are equal are one key, whatever their kinds and those of their
// columns; others are not.
func TestEqualNumbersAreOneKey(t *testing.T) {
	t.Parallel()
	key := func(column plugins.Kind, v plugins.Value) string {
		var col plugins.Column
		col.Reset(column, 1)
		col.SetValue(0, v)
		return string(plugins.AppendKey(nil, &col, 0))
	}
	whole := func(n int64) plugins.Value { return plugins.Value{Kind: plugins.Int, Int: n} }
	float := func(x float64) plugins.Value { return plugins.Value{Kind: plugins.Float, Float: x} }
	for _, c := range []struct {
		n    int64
		x    float64
		same bool
	}{
		{1, 1, true}, {0, math.Copysign(0, -1), true}, {-7, -7, true}, {1 << 53, 1 << 53, true}, {math.MinInt64, -1 << 63, true},
		{1<<53 + 1, 1 << 53, false}, {math.MaxInt64, 1 << 63, false}, {1, 1.5, false}, {0, 5e-324, false},
	} {
		keys := []string{key(plugins.Int, whole(c.n)), key(plugins.Any, whole(c.n)), key(plugins.Any, float(c.x)), key(plugins.Float, float(c.x))}
		if keys[0] != keys[1] || keys[2] != keys[3] || (keys[1] == keys[2]) != c.same {
			t.Errorf("%d and %v: %q, the same: %v", c.n, c.x, keys, c.same)
		}
		stored := append([]byte{byte(plugins.Float)}, keys[3][1:]...)
		if !c.same && !plugins.IsKey([]byte(keys[2])) || c.same && plugins.IsKey(binary.LittleEndian.AppendUint64(stored[:1], math.Float64bits(c.x))) {
			t.Errorf("%v: what was stored of it is not told from a key of now", c.x)
		}
	}
}

// State that was stored is found again only where keys stay in their groups.
func TestGroupsNeverChange(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]plugins.Group{"": 0, "\x05d-000001": 0xef, "\x05d-000002": 0xd4, "\x03\x01\x00\x00\x00\x00\x00\x00\x00": 0xe8} {
		if got := plugins.GroupOf([]byte(key)); got != want {
			t.Errorf("%q is in group %#x, it was in %#x", key, got, want)
		}
	}
	counts := map[plugins.Group]int{}
	key := make([]byte, 9)
	key[0] = byte(plugins.Int)
	for i := range 100_000 {
		key[1], key[2], key[3] = byte(i), byte(i>>8), byte(i>>16)
		counts[plugins.GroupOf(key)]++
	}
	for g, n := range counts {
		if n < 200 || n > 600 {
			t.Errorf("group %d has %d of 100,000 keys, it should have about 390", g, n)
		}
	}
}
