package spool_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

// row is a record with all that a source may give it.
type row struct {
	Value, Key, Preamble string
	Time                 int64
	Headers              [][2]string
	Failure              plugins.Failure
	Failed               bool
}

func rowsOf(b *plugins.Batch) []row {
	rows := make([]row, b.Len)
	for i := range rows {
		n := uint32(i)
		rows[i] = row{Value: string(b.Value(n)), Key: string(b.Key(n)), Preamble: string(b.Preamble)}
		if b.Times != nil {
			rows[i].Time = b.Times[i]
		}
		for _, h := range b.HeadersOf(n) {
			rows[i].Headers = append(rows[i].Headers, [2]string{string(h.Name.Of(b.Data)), string(h.Value.Of(b.Data))})
		}
	}
	for _, f := range b.Failures {
		rows[f.Row].Failed = true
		rows[f.Row].Failure = plugins.Failure{Code: f.Code, Msg: f.Msg, Expr: f.Expr}
	}
	return rows
}

// draw fills a batch with what a source might.
func draw(t *rapid.T, b *plugins.Batch) {
	n := rapid.IntRange(1, 8).Draw(t, "rows")
	text := rapid.SliceOfN(rapid.Byte(), 0, 12)
	span := func(what string) plugins.Span {
		s := text.Draw(t, what)
		b.Data = append(b.Data, s...)
		return plugins.Span{Off: uint32(len(b.Data) - len(s)), Len: uint32(len(s))}
	}
	keys, times, headers, preamble := rapid.Bool().Draw(t, "keys"), rapid.Bool().Draw(t, "times"), rapid.IntRange(0, 3).Draw(t, "headers"), rapid.IntRange(0, 3).Draw(t, "preamble")
	for range headers {
		b.Headers = append(b.Headers, plugins.Header{Name: span("name"), Value: span("text")})
	}
	for range n {
		b.Values = append(b.Values, span("value"))
		if keys {
			b.Keys = append(b.Keys, span("key"))
		}
		if times {
			b.Times = append(b.Times, rapid.Int64().Draw(t, "time"))
		}
		b.Offsets = append(b.Offsets, rapid.Int64().Draw(t, "offset"))
		if headers > 0 {
			off := rapid.IntRange(0, headers).Draw(t, "header")
			b.HeaderRows = append(b.HeaderRows, plugins.Span{Off: uint32(off), Len: uint32(rapid.IntRange(0, headers-off).Draw(t, "of row"))})
		}
	}
	if preamble > 0 {
		b.Preamble = bytes.Repeat([]byte("p"), preamble)
	}
	b.Received = rapid.Int64().Draw(t, "received")
	b.SelectAll(n)
	for _, i := range rapid.SliceOfDistinct(rapid.IntRange(0, n-1), rapid.ID).Draw(t, "failed") {
		b.Fail(uint32(i), plugins.Failure{Code: "decode", Msg: fmt.Sprint("row ", i), Expr: "event.x"})
	}
}

// TestRecordsComeBackAsTheyWere hands over batches of all kinds and compares
// what the engine gets.
func TestRecordsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var want, got []row
		inner := feed(func(ctx context.Context, out plugins.Outlet) error {
			for range rapid.IntRange(1, 6).Draw(t, "batches") {
				b := out.Batch()
				draw(t, b)
				want = append(want, rowsOf(b)...)
				if err := out.Hand(ctx, plugins.Delivery{Batch: b}); err != nil {
					return err
				}
			}
			return nil
		})
		var offsets []int64
		o := outlet{hand: func(b *plugins.Batch) {
			got = append(got, rowsOf(b)...)
			offsets = append(offsets, b.Offsets...)
		}}
		segment := rapid.Int64Range(1, 1000).Draw(t, "segment")
		if err := wrap(t, inner, "d", spool.Options{SegmentBytes: segment}.On(newMemory())).Run(context.Background(), &o); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got\n%v\nwant\n%v", got, want)
		}
		for i, n := range offsets {
			if n != int64(i)+1 {
				t.Fatalf("offsets %v", offsets)
			}
		}
	})
}

// outlet is an engine that only looks at the batches.
type outlet struct {
	pool plugins.Pool
	hand func(*plugins.Batch)
}

func (o *outlet) Batch() *plugins.Batch { return o.pool.Batch() }

func (o *outlet) Hand(_ context.Context, d plugins.Delivery) error {
	o.hand(d.Batch)
	d.Batch.Release()
	d.Ack()
	return nil
}

func (o *outlet) Done(plugins.Partition) {}

// FuzzSegment reads anything as the last segment of a log: what is delivered
// was in it, or it is an error.
func FuzzSegment(f *testing.F) {
	d := newDamaged(f)
	file := d.files()[1]
	f.Add(d.disk.names[file].content)
	f.Add(d.disk.names[file].content[:80])
	f.Fuzz(func(t *testing.T, content []byte) {
		disk := d.disk.copied()
		disk.names[file].content = content
		e, err := run(t.Context(), t, ending, "d", spool.Options{}.On(disk), nil)
		if err == nil && !slices.Equal(e.records, d.records) || len(e.records) > len(d.records) {
			t.Fatalf("delivered %q, %v", e.records, err)
		}
	})
}
