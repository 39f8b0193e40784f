package wire_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// drawValue draws a value that a column of the kind may have.
func drawValue(t *rapid.T, k plugins.Kind) plugins.Value {
	if k == plugins.Any {
		k = plugins.Kind(rapid.IntRange(int(plugins.Null), int(plugins.Record)).Draw(t, "kind of a value"))
	}
	v := plugins.Value{Kind: k}
	switch k {
	case plugins.Bool:
		v.Int = rapid.Int64Range(0, 1).Draw(t, "bool")
	case plugins.Int, plugins.Time, plugins.Duration:
		v.Int = rapid.Int64().Draw(t, "int")
	case plugins.Float:
		v.Float = rapid.Float64().Draw(t, "float")
	case plugins.String:
		v.Text = rapid.String().Draw(t, "text")
	case plugins.Bytes:
		v.Text = string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes"))
	case plugins.List:
		v.Text = fmt.Sprintf("[%d]", rapid.Int().Draw(t, "list"))
	case plugins.Map, plugins.Record:
		v.Text = fmt.Sprintf(`{"a":%d}`, rapid.Int().Draw(t, "object"))
	}
	return v
}

// drawBatch draws a batch, some of whose rows are dead and full of what must not leave the process.
func drawBatch(t *rapid.T) (*plugins.Batch, []wire.Named) {
	b, n := new(plugins.Pool).Batch(), rapid.IntRange(0, 20).Draw(t, "rows")
	b.Part = plugins.Partition{Name: rapid.String().Draw(t, "partition"), ID: rapid.Int32().Draw(t, "id"), Epoch: rapid.Int64().Draw(t, "epoch")}
	b.SelectAll(n)
	b.Sel = slices.DeleteFunc(b.Sel, func(uint32) bool { return rapid.IntRange(0, 3).Draw(t, "dead") == 0 })
	b.Received = rapid.Int64().Draw(t, "received")
	if rapid.Bool().Draw(t, "preamble") {
		b.Preamble = []byte("a,b\n")
	}
	put := func(what string) plugins.Span {
		p := rapid.SliceOfN(rapid.Byte(), 0, 10).Draw(t, what)
		if rapid.Bool().Draw(t, "gap") {
			b.Data = append(b.Data, '!')
		}
		b.Data = append(b.Data, p...)
		return plugins.Span{Off: uint32(len(b.Data) - len(p)), Len: uint32(len(p))}
	}
	spans := func(what string) (s []plugins.Span) {
		if !rapid.Bool().Draw(t, what+"?") {
			return nil
		}
		s = []plugins.Span{}
		for range n {
			s = append(s, put(what))
		}
		return s
	}
	b.Values, b.Keys, b.Topics = spans("values"), spans("keys"), spans("topics")
	if b.Topics == nil {
		b.OneTopic = rapid.String().Draw(t, "topic")
	}
	if rapid.Bool().Draw(t, "times") {
		b.Times = rapid.SliceOfN(rapid.Int64(), n, n).Draw(t, "times")
		b.Offsets = rapid.SliceOfN(rapid.Int64(), n, n).Draw(t, "offsets")
	}
	if rapid.Bool().Draw(t, "headers") {
		b.HeaderRows = []plugins.Span{}
		for range n {
			at, count := len(b.Headers), rapid.IntRange(0, 3).Draw(t, "headers of a row")
			for range count {
				b.Headers = append(b.Headers, plugins.Header{Name: put("name"), Value: put("value")})
			}
			b.HeaderRows = append(b.HeaderRows, plugins.Span{Off: uint32(at), Len: uint32(count)})
		}
	}
	var named []wire.Named
	for i := range rapid.IntRange(0, 4).Draw(t, "columns") {
		named = append(named, wire.Named{Name: fmt.Sprintf("c%d", i), Column: drawColumn(t, b)})
	}
	return b, named
}

func drawColumn(t *rapid.T, b *plugins.Batch) *plugins.Column {
	kind := rapid.SampledFrom([]plugins.Kind{
		plugins.Any, plugins.Bool, plugins.Int, plugins.Float, plugins.String, plugins.Bytes, plugins.Time, plugins.Duration, plugins.List, plugins.Map, plugins.Record,
	}).Draw(t, "kind")
	c := &plugins.Column{}
	c.Reset(kind, b.Len)
	for i := range c.Spans {
		c.Spans[i] = plugins.Span{Off: math.MaxUint32, Len: math.MaxUint32}
	}
	for i := range c.Floats {
		c.Floats[i] = math.NaN()
	}
	for i := range c.Kinds {
		c.Kinds[i] = plugins.String
	}
	for _, i := range b.Sel {
		if rapid.IntRange(0, 3).Draw(t, "null") == 0 {
			c.SetNull(i)
		} else {
			c.SetValue(i, drawValue(t, kind))
		}
	}
	return c
}

// over takes a message to the other process, as it were.
func over(t interface{ Fatal(...any) }, p *pb.Batch) *pb.Batch {
	text, err := proto.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	q := &pb.Batch{}
	if err := proto.Unmarshal(text, q); err != nil {
		t.Fatal(err)
	}
	return q
}

func TestBatchesArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	var w wire.BatchWriter // one for all: memory of former batches must not shine through
	pool := &plugins.Pool{}
	rapid.Check(t, func(t *rapid.T) {
		b, named := drawBatch(t)
		got := pool.Batch()
		defer got.Release()
		bad := func(row uint32, code, msg string) { t.Fatalf("row %d: %s: %s", row, code, msg) }
		if err := wire.ToBatch(over(t, w.Batch(b, b.Sel, wire.Contents{Values: true, Meta: true, Columns: named})), got, bad); err != nil {
			t.Fatal(err)
		}
		if got.Part != b.Part || got.Received != b.Received || got.OneTopic != b.OneTopic || string(got.Preamble) != string(b.Preamble) || len(got.Sel) != len(b.Sel) {
			t.Fatalf("%+v, want %+v", got, b)
		}
		if len(b.Sel) == 0 {
			return
		}
		for what, have := range map[string][2]bool{
			"values": {got.Values == nil, b.Values == nil}, "keys": {got.Keys == nil, b.Keys == nil}, "topics": {got.Topics == nil, b.Topics == nil},
			"times": {got.Times == nil, b.Times == nil}, "offsets": {got.Offsets == nil, b.Offsets == nil}, "headers": {got.HeaderRows == nil, b.HeaderRows == nil},
		} {
			if have[0] != have[1] {
				t.Fatalf("%s are absent: %v, want %v", what, have[0], have[1])
			}
		}
		for k, i := range b.Sel {
			k := uint32(k)
			if string(got.Value(k)) != string(b.Value(i)) || string(got.Key(k)) != string(b.Key(i)) || string(got.Topic(k)) != string(b.Topic(i)) {
				t.Fatalf("row %d: %q %q %q, want %q %q %q", k, got.Value(k), got.Key(k), got.Topic(k), b.Value(i), b.Key(i), b.Topic(i))
			}
			if b.Times != nil && (got.Times[k] != b.Times[i] || got.Offsets[k] != b.Offsets[i]) {
				t.Fatalf("row %d: time %d, offset %d", k, got.Times[k], got.Offsets[k])
			}
			if a, b := headers(got, k), headers(b, i); a != b {
				t.Fatalf("row %d: headers %s, want %s", k, a, b)
			}
			for _, c := range named {
				if a, b := got.Column(c.Name).Value(k), c.Column.Value(i); a != b {
					t.Fatalf("row %d of %s: %+v, want %+v", k, c.Name, a, b)
				}
			}
		}
	})
}

func headers(b *plugins.Batch, i uint32) (s string) {
	for _, h := range b.HeadersOf(i) {
		s += fmt.Sprintf("%q=%q;", h.Name.Of(b.Data), h.Value.Of(b.Data))
	}
	return s
}

func TestColumnsFindTheirRows(t *testing.T) {
	t.Parallel()
	var w wire.BatchWriter
	rapid.Check(t, func(t *rapid.T) {
		b, _ := drawBatch(t)
		c := drawColumn(t, b)
		message := over(t, &pb.Batch{Columns: w.Columns([]wire.Named{{Name: "c", Column: c}}, b.Sel)}).GetColumns()[0]
		bad := func(row uint32, code, msg string) { t.Fatalf("row %d: %s: %s", row, code, msg) }
		got := &plugins.Column{}
		if err := wire.ToColumn(message, len(b.Sel), got, b.Sel, b.Len, bad); err != nil {
			t.Fatal(err)
		}
		for _, i := range b.Sel {
			if got.Value(i) != c.Value(i) {
				t.Fatalf("row %d: %+v, want %+v", i, got.Value(i), c.Value(i))
			}
		}
	})
}
