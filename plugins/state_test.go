package plugins_test

import (
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
			if got := plugins.KeyValue(key); got != values[i] {
				t.Fatalf("the key of %+v is read as %+v", values[i], got)
			}
		}
		if got := plugins.AppendGroups(nil, &col, rows); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
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
