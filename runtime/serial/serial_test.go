package serial_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// record is a row with all that a batch may have of it.
type record struct {
	Value, Key, Topic []byte
	Time, Offset      int64
	Headers           [][2]string
	Failure           string
}

// recordsOf returns rows of a batch.
func recordsOf(b *plugins.Batch, rows []uint32) []record {
	var all []record
	for _, i := range rows {
		r := record{Value: b.Value(i), Key: b.Key(i), Topic: b.Topic(i)}
		if b.Times != nil {
			r.Time = b.Times[i]
		}
		if b.Offsets != nil {
			r.Offset = b.Offsets[i]
		}
		for _, h := range b.HeadersOf(i) {
			r.Headers = append(r.Headers, [2]string{string(h.Name.Of(b.Data)), string(h.Value.Of(b.Data))})
		}
		for _, f := range b.Failures {
			if f.Row == i {
				r.Failure += fmt.Sprintf("%s %s %s", f.Code, f.Msg, f.Expr)
			}
		}
		all = append(all, r)
	}
	return all
}

// draw returns a batch with whatever one may have.
func draw(t *rapid.T, pool *plugins.Pool) *plugins.Batch {
	b := pool.Batch()
	n := rapid.IntRange(0, 12).Draw(t, "rows")
	text := rapid.SliceOfN(rapid.Byte(), 0, 12)
	span := func(what string) plugins.Span {
		s := text.Draw(t, what)
		b.Data = append(b.Data, s...)
		return plugins.Span{Off: uint32(len(b.Data) - len(s)), Len: uint32(len(s))}
	}
	for _, spans := range []*[]plugins.Span{&b.Values, &b.Keys, &b.Topics} {
		if rapid.Bool().Draw(t, "has them") {
			for range n {
				*spans = append(*spans, span("text"))
			}
		}
	}
	for _, numbers := range []*[]int64{&b.Times, &b.Offsets} {
		if rapid.Bool().Draw(t, "has them") {
			*numbers = rapid.SliceOfN(rapid.Int64(), n, n).Draw(t, "numbers")
		}
	}
	if headers := rapid.IntRange(0, 3).Draw(t, "headers"); headers > 0 {
		for range headers {
			b.Headers = append(b.Headers, plugins.Header{Name: span("name"), Value: span("text")})
		}
		for range n {
			off := rapid.IntRange(0, headers).Draw(t, "header")
			b.HeaderRows = append(b.HeaderRows, plugins.Span{Off: uint32(off), Len: uint32(rapid.IntRange(0, headers-off).Draw(t, "of row"))})
		}
	}
	b.Preamble = rapid.SampledFrom([][]byte{nil, {}, []byte("a,b")}).Draw(t, "preamble")
	b.Part = plugins.Partition{Name: rapid.String().Draw(t, "partition"), ID: rapid.Int32().Draw(t, "id"), Epoch: rapid.Int64().Draw(t, "epoch")}
	b.Received = rapid.Int64().Draw(t, "received")
	b.SelectAll(n)
	return b
}

// What is stored of a batch is what is read, wherever each of its parts stood,
// and a terminator is behind each value.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var pool plugins.Pool
		b := draw(t, &pool)
		rows := slices.DeleteFunc(slices.Clone(b.Sel), func(uint32) bool { return rapid.IntRange(0, 3).Draw(t, "left out") == 0 })
		for _, i := range rows {
			if rapid.IntRange(0, 3).Draw(t, "fails") == 0 {
				b.Fail(i, plugins.Failure{Code: "decode", Msg: fmt.Sprint("row ", i), Expr: "event.x"})
			}
		}
		terminator := rapid.SampledFrom([]string{"", "\n", "\r\n"}).Draw(t, "terminator")
		got := pool.Batch()
		if err := serial.Read(got, serial.Append(nil, b, rows), []byte(terminator)); err != nil {
			t.Fatal(err)
		}
		if got.Part != b.Part || got.Received != b.Received || string(got.Preamble) != string(b.Preamble) || (got.Preamble == nil) != (b.Preamble == nil) || got.Len != len(rows) || len(got.Sel) != len(rows) {
			t.Fatalf("got %+v, want %+v", got, b)
		}
		if have, want := fmt.Sprint(recordsOf(got, got.Sel)), fmt.Sprint(recordsOf(b, rows)); have != want {
			t.Fatalf("got\n%s\nwant\n%s", have, want)
		}
		end := uint32(0)
		for k, v := range got.Values {
			if v.Off != end || string(got.Data[v.Off+v.Len:][:len(terminator)]) != terminator {
				t.Fatalf("value %d is at %d, and the one before ends at %d; %q", k, v.Off, end, got.Data)
			}
			end += v.Len + uint32(len(terminator))
		}
	})
}

// Batches that stand behind one another become one, where they can.
func TestAppendTo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var pool plugins.Pool
		all := pool.Batch()
		var first serial.Head
		var want []record
		for i := range rapid.IntRange(1, 4).Draw(t, "batches") {
			b := draw(t, &pool)
			before := len(all.Data)
			all.Data = serial.Append(all.Data, b, b.Sel)
			h, err := serial.ReadHead(all.Data[before:])
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = h
			} else if !h.Joins(&first) {
				all.Data = all.Data[:before]
				break
			}
			if err := h.AppendTo(all, uint64(len(all.Data))); err != nil {
				t.Fatal(err)
			}
			want = append(want, recordsOf(b, b.Sel)...)
		}
		all.SelectAll(all.Len)
		if have := fmt.Sprint(recordsOf(all, all.Sel)); have != fmt.Sprint(want) {
			t.Fatalf("got\n%s\nwant\n%v", have, want)
		}
	})
}

// FuzzRead reads anything. What is a batch is the same after it was stored
// again.
func FuzzRead(f *testing.F) {
	var pool plugins.Pool
	seeds := rapid.Custom(func(t *rapid.T) []byte {
		b := draw(t, &pool)
		return serial.Append(nil, b, b.Sel)
	})
	for i := range 20 {
		f.Add(seeds.Example(i))
	}
	f.Add([]byte{0, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0}) // more rows than anybody has
	f.Fuzz(func(t *testing.T, stored []byte) {
		b := pool.Batch()
		defer b.Release()
		if serial.Read(b, stored, nil) != nil {
			return
		}
		want := recordsOf(b, b.Sel)
		b.DropFailed()
		rows := make([]uint32, b.Len)
		for i := range rows {
			rows[i] = uint32(i)
		}
		again := serial.Append(nil, b, rows)
		c := pool.Batch()
		defer c.Release()
		if err := serial.Read(c, again, []byte("\n")); err != nil {
			t.Fatalf("%x was stored as %x: %v", stored, again, err)
		}
		if c.Part != b.Part || c.Received != b.Received || len(want) != c.Len {
			t.Fatalf("got %+v, want %+v", c, b)
		}
		c.DropFailed()
		if have := fmt.Sprint(recordsOf(c, rows)); have != fmt.Sprint(recordsOf(b, rows)) {
			t.Fatalf("got %s, want %v", have, want)
		}
	})
}
