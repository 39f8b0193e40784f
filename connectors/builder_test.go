package connectors_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// TestBuilder fills batches with records of which some have no key, topic, time or headers,
// and looks for each record's own in them, also in the memory of former batches.
func TestBuilder(t *testing.T) {
	t.Parallel()
	var pool plugins.Pool
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) []byte { return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, name) }
		n := rapid.IntRange(0, 20).Draw(t, "records")
		records := make([]connectors.Record, n)
		timed := n > 0
		for i := range records {
			r := connectors.Record{Value: text("value"), Offset: int64(i * 3)}
			if rapid.Bool().Draw(t, "keyed") {
				r.Key = text("key")
			}
			if rapid.Bool().Draw(t, "of a topic") {
				r.Topic = string(append([]byte("t"), text("topic")...))
			}
			if rapid.IntRange(0, 9).Draw(t, "timed") > 0 {
				r.Time = time.Unix(0, int64(i+1))
			}
			timed = timed && !r.Time.IsZero()
			for range rapid.IntRange(0, 3).Draw(t, "headers") {
				r.Headers = append(r.Headers, connectors.RecordHeader{Name: string(text("name")), Value: text("header")})
			}
			records[i] = r
		}
		part := plugins.Partition{Name: "p", ID: 7}
		w := connectors.NewBuilder(pool.Batch(), part, plugins.Framing{Terminator: []byte(";")})
		if rapid.Bool().Draw(t, "grown") {
			w.Grow(100)
		}
		for i, r := range records {
			w.Add(r)
			if w.Len() != i+1 {
				t.Fatalf("after %d records, there are %d", i+1, w.Len())
			}
		}
		size := w.Size()
		b := w.Batch()
		defer b.Release()
		if b.Part != part || b.Len != n || len(b.Sel) != n || size != len(b.Data) || (b.Times != nil) != timed {
			t.Fatalf("part %v, %d rows, %d alive, times %v", b.Part, b.Len, len(b.Sel), b.Times)
		}
		for i, r := range records {
			row := uint32(i)
			end := b.Values[i].Off + b.Values[i].Len
			if !bytes.Equal(b.Value(row), r.Value) || b.Data[end] != ';' {
				t.Fatalf("value %d is %q, followed by %q", i, b.Value(row), b.Data[end])
			}
			if !bytes.Equal(b.Key(row), r.Key) || string(b.Topic(row)) != r.Topic || b.Offsets[i] != r.Offset {
				t.Fatalf("record %d has the key %q, the topic %q and the offset %d", i, b.Key(row), b.Topic(row), b.Offsets[i])
			}
			if timed && b.Times[i] != r.Time.UnixNano() {
				t.Fatalf("record %d has the time %d", i, b.Times[i])
			}
			got, want := "", ""
			for _, h := range b.HeadersOf(row) {
				got += fmt.Sprintf("%q=%q ", h.Name.Of(b.Data), h.Value.Of(b.Data))
			}
			for _, h := range r.Headers {
				want += fmt.Sprintf("%q=%q ", h.Name, h.Value)
			}
			if got != want {
				t.Fatalf("record %d has the headers %s and should have %s", i, got, want)
			}
		}
	})
}

func TestBuilderAllocatesNothingPerRecord(t *testing.T) {
	var pool plugins.Pool
	record := connectors.Record{Value: bytes.Repeat([]byte("x"), 143), Key: []byte("d-000001"), Time: time.Unix(1, 0), Offset: 1}
	fill := func() {
		w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, plugins.Framing{Terminator: []byte("\n")})
		for range 1000 {
			w.Add(record)
		}
		w.Batch().Release()
	}
	fill()
	if n := testing.AllocsPerRun(20, fill); n > 100 {
		t.Errorf("%v allocations for 1000 records", n)
	}
}

func BenchmarkBuilder(b *testing.B) {
	var pool plugins.Pool
	record := connectors.Record{Value: bytes.Repeat([]byte("x"), 143), Key: []byte("d-000001"), Time: time.Unix(1, 0), Offset: 1}
	b.ReportAllocs()
	for n := 0; n < b.N; n += 1000 {
		w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, plugins.Framing{Terminator: []byte("\n")})
		for range 1000 {
			w.Add(record)
		}
		w.Batch().Release()
	}
}
