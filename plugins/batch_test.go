package plugins_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// fill makes a batch of payloads, as a source does.
func fill(p *plugins.Pool, payloads []string) *plugins.Batch {
	b := p.Batch()
	b.Values, b.Offsets = b.SpareValues(), b.SpareOffsets()
	for i, v := range payloads {
		b.Grow(len(v))
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(v))})
		b.Data = append(b.Data, v...)
		b.Offsets = append(b.Offsets, int64(i))
	}
	b.SelectAll(len(payloads))
	return b
}

func payloads(b *plugins.Batch) []string {
	var all []string
	for _, i := range b.Sel {
		all = append(all, string(b.Value(i)))
	}
	return all
}

// What is shared stays as it was, whatever becomes of the batch that it was
// shared from and of the memory of released ones.
func TestSharedRowsOutliveTheirBatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var pool plugins.Pool
		var held []*plugins.Batch
		var want [][]string
		for range rapid.IntRange(1, 12).Draw(rt, "batches") {
			texts := rapid.SliceOfN(rapid.StringN(0, 40, -1), 1, 30).Draw(rt, "payloads")
			b := fill(&pool, texts)
			b.Sel = slices.DeleteFunc(b.Sel, func(i uint32) bool { return rapid.Bool().Draw(rt, "drop") })
			for range rapid.IntRange(0, 2).Draw(rt, "shares") {
				held, want = append(held, b.Share()), append(want, payloads(b))
			}
			b.Data = append(b.Data, "the owner may still append"...)
			b.Release()
			if len(held) > 0 && rapid.Bool().Draw(rt, "release") {
				if got := payloads(held[0]); !slices.Equal(got, want[0]) {
					rt.Fatalf("got %q, want %q", got, want[0])
				}
				held[0].Release()
				held, want = held[1:], want[1:]
			}
		}
		for i, b := range held {
			if got := payloads(b); !slices.Equal(got, want[i]) {
				rt.Fatalf("got %q, want %q", got, want[i])
			}
		}
	})
}

func TestFailuresLeaveTheSelectionOnce(t *testing.T) {
	t.Parallel()
	var pool plugins.Pool
	b := fill(&pool, []string{"a", "b", "c", "d"})
	b.Fail(1, plugins.Failure{Msg: "first"})
	b.Fail(1, plugins.Failure{Msg: "second"})
	b.DropFailed()
	b.Fail(3, plugins.Failure{Msg: "third"})
	var got []string
	b.TakeFailures(func(f plugins.Failure) { got = append(got, fmt.Sprint(f.Row, f.Msg)) })
	if want := []string{"1first", "3third"}; !slices.Equal(got, want) {
		t.Errorf("failures %q, want %q", got, want)
	}
	if want := []string{"a", "c"}; !slices.Equal(payloads(b), want) || len(b.Failures) != 0 {
		t.Errorf("alive %q, want %q; %d failures left", payloads(b), want, len(b.Failures))
	}
}

func TestRewindTakesBackColumns(t *testing.T) {
	t.Parallel()
	var pool plugins.Pool
	b := fill(&pool, []string{"a"})
	b.NewColumn("n", plugins.Int).Ints[0] = 1
	m := b.Mark()
	b.NewColumn("n", plugins.Int).Ints[0] = 2
	if n := b.Column("n").Ints[0]; n != 2 {
		t.Errorf("the newest column does not win: %d", n)
	}
	b.CloseRecord()
	if b.Column("n") != nil {
		t.Error("a column is part of the record that was closed behind it")
	}
	b.Rewind(m)
	if n := b.Column("n").Ints[0]; n != 1 {
		t.Errorf("after the rewind n is %d", n)
	}
}

func TestColumnValues(t *testing.T) {
	t.Parallel()
	values := []plugins.Value{
		{Kind: plugins.Null}, {Kind: plugins.Bool, Int: 1}, {Kind: plugins.Int, Int: 1<<53 + 1}, {Kind: plugins.Float, Float: -0.5},
		{Kind: plugins.String, Text: "å"}, {Kind: plugins.Bytes, Text: "\xff"}, {Kind: plugins.Time, Int: 1}, {Kind: plugins.Duration, Int: -1},
		{Kind: plugins.List, Text: "[1]"}, {Kind: plugins.Record, Text: "{}"},
	}
	var mixed plugins.Column
	mixed.Reset(plugins.Any, len(values))
	for i, v := range values {
		mixed.SetValue(uint32(i), v)
	}
	for i, v := range values {
		if got := mixed.Value(uint32(i)); got != v {
			t.Errorf("any: got %+v, want %+v", got, v)
		}
		if v.Kind == plugins.Null {
			continue
		}
		var typed plugins.Column
		typed.Reset(v.Kind, 2)
		typed.SetNull(0)
		typed.SetValue(0, v)
		typed.SetNull(1)
		if got := typed.Value(0); got != v || !typed.IsNull(1) {
			t.Errorf("%s: got %+v, want %+v", v.Kind, got, v)
		}
	}
}

func TestPathsKeepTheirElements(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		elems := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("ab/~01.")), 1, 6, -1), 1, 5).Draw(rt, "elements")
		if got := plugins.SplitPath(plugins.JoinPath(elems...)); !slices.Equal(got, elems) {
			rt.Fatalf("%q became %q", elems, got)
		}
	})
}

func TestConfigFingerprintHidesSecrets(t *testing.T) {
	t.Parallel()
	one := plugins.NewConfig(map[string]any{"token": plugins.NewSecret("hunter2"), "url": "x"})
	two := plugins.NewConfig(map[string]any{"token": plugins.NewSecret("hunter3"), "url": "x"})
	if one.Fingerprint() == two.Fingerprint() {
		t.Error("another secret is not another configuration")
	}
	for _, text := range []string{one.Fingerprint(), fmt.Sprint(one), fmt.Sprintf("%v %+v %#v", one.Secret("token"), one.Secret("token"), one.Secret("token"))} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the secret shows: %s", text)
		}
	}
}
