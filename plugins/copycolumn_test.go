package plugins_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// copiedKinds are the kinds of the columns of the batches of these tests.
var copiedKinds = [...]plugins.Kind{
	plugins.Bool, plugins.Int, plugins.Time, plugins.Duration, plugins.Float,
	plugins.String, plugins.Bytes, plugins.List, plugins.Map, plugins.Any,
}

// Copies of columns hold the values of the selected rows, whatever becomes of
// the batch that they were copied from and of the memory of released ones.
func TestCopiedColumnsOutliveTheirBatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var pool plugins.Pool
		var held []*plugins.Batch
		var want [][]plugins.Value
		check := func(n int) {
			if got := columnValues(held[n]); !slices.Equal(got, want[n]) {
				rt.Fatalf("got %v, want %v", got, want[n])
			}
			held[n].Release()
		}
		for range rapid.IntRange(1, 8).Draw(rt, "batches") {
			b := fill(&pool, rapid.SliceOfN(rapid.StringN(0, 40, -1), 1, 30).Draw(rt, "payloads"))
			addColumns(rt, b)
			b.Sel = slices.DeleteFunc(b.Sel, func(uint32) bool { return rapid.Bool().Draw(rt, "drop") })
			for range rapid.IntRange(0, 2).Draw(rt, "copies") {
				d := b.Share()
				for _, k := range copiedKinds {
					b.CopyColumn(k.String(), d)
				}
				held, want = append(held, d), append(want, columnValues(b))
			}
			b.Release()
			if len(held) > 0 && rapid.Bool().Draw(rt, "release") {
				check(0)
				held, want = held[1:], want[1:]
			}
		}
		for n := range held {
			check(n)
		}
	})
}

// addColumns gives a batch a column of each kind. Those with spans have their
// bytes in the batch's Data, as decoders leave them, or in their own.
func addColumns(rt *rapid.T, b *plugins.Batch) {
	for _, k := range copiedKinds {
		c := &plugins.Column{}
		c.Reset(k, b.Len)
		shared := rapid.Bool().Draw(rt, "shared")
		if shared {
			c.Data = b.Data
		}
		for _, i := range b.Sel {
			v := plugins.Value{Kind: k}
			if k == plugins.Any {
				v.Kind = rapid.SampledFrom(copiedKinds[:len(copiedKinds)-1]).Draw(rt, "kind")
			}
			switch {
			case rapid.IntRange(0, 4).Draw(rt, "null") == 0:
				c.SetNull(i)
				continue
			case v.Kind == plugins.Bool:
				v.Int = rapid.Int64Range(0, 1).Draw(rt, "bool")
			case v.Kind == plugins.Float:
				v.Float = rapid.Float64().Draw(rt, "float")
			case v.Kind == plugins.Int || v.Kind == plugins.Time || v.Kind == plugins.Duration:
				v.Int = rapid.Int64().Draw(rt, "int")
			case shared:
				if k == plugins.Any {
					c.Kinds[i] = v.Kind
				}
				c.Spans[i] = b.Values[i]
				continue
			default:
				v.Text = rapid.StringN(0, 20, -1).Draw(rt, "text")
			}
			c.SetValue(i, v)
		}
		b.AddColumn(k.String(), c)
	}
}

// columnValues returns the values of all columns in the selected rows.
func columnValues(b *plugins.Batch) []plugins.Value {
	var all []plugins.Value
	for _, k := range copiedKinds {
		for _, i := range b.Sel {
			all = append(all, b.Column(k.String()).Value(i))
		}
	}
	return all
}

// Copying for another goroutine is on the path of every record of a keyed
// stage.
func TestCopyingColumnsDoesNotAllocate(t *testing.T) {
	var pool plugins.Pool
	b := telemetryBatch(&pool, 1000)
	defer b.Release()
	n := testing.AllocsPerRun(50, func() {
		d := b.Share()
		for _, name := range []string{"device", "ts", "temperature"} {
			b.CopyColumn(name, d)
		}
		d.Release()
	})
	if n > 100 { // one for each ten records: the race detector lets the pool forget a part
		t.Errorf("%v allocations for 1000 records", n)
	}
}

func BenchmarkCopyColumns(b *testing.B) {
	const rows = 1000
	var pool plugins.Pool
	from := telemetryBatch(&pool, rows)
	defer from.Release()
	b.ReportAllocs()
	for b.Loop() {
		d := from.Share()
		for _, name := range []string{"device", "ts", "temperature"} {
			from.CopyColumn(name, d)
		}
		d.Release()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/record")
}

// telemetryBatch is a batch as the source of a keyed stage has it: a text in
// the payload, a time and a number.
func telemetryBatch(p *plugins.Pool, rows int) *plugins.Batch {
	texts := make([]string, rows)
	for i := range texts {
		texts[i] = fmt.Sprintf(`{"device":"d-%06d","ts":1700000000000,"temperature":63.45}`, i)
	}
	b := fill(p, texts)
	device := &plugins.Column{}
	device.Reset(plugins.String, rows)
	device.Data = b.Data
	for i, v := range b.Values {
		device.Spans[i] = plugins.Span{Off: v.Off + 11, Len: 8}
	}
	b.AddColumn("device", device)
	b.NewColumn("ts", plugins.Time)
	b.NewColumn("temperature", plugins.Float)
	return b
}
