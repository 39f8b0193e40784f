package wire_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

func texts(parts ...string) *pb.Bytes {
	p := &pb.Bytes{}
	for _, s := range parts {
		p.Data, p.Lengths = append(p.Data, s...), append(p.Lengths, uint32(len(s)))
	}
	return p
}

func TestWrongBatches(t *testing.T) {
	t.Parallel()
	column := func(c *pb.Column) *pb.Batch {
		c.Name = "c"
		return &pb.Batch{Rows: 2, Columns: []*pb.Column{c}}
	}
	for want, p := range map[string]*pb.Batch{
		"the message has no batch":                                   nil,
		"a batch has 4000000000 rows: 1048576 are the most":          {Rows: 4e9},
		"values has 1 lengths for 2 rows":                            {Rows: 2, Values: texts("a")},
		"keys has 2 bytes, and its lengths are those of 4294967297":  {Rows: 2, Keys: &pb.Bytes{Data: []byte("ab"), Lengths: []uint32{2, math.MaxUint32}}},
		"topics has 1 bytes, and its lengths are those of 0":         {Rows: 1, Topics: &pb.Bytes{Data: []byte("a"), Lengths: []uint32{0}}},
		"a batch has 1 times for 2 rows":                             {Rows: 2, Times: []int64{1}},
		"a batch has 3 offsets for 2 rows":                           {Rows: 2, Offsets: []int64{1, 2, 3}},
		"headers have 1 counts for 2 rows":                           {Rows: 2, Headers: &pb.Headers{Counts: []uint32{0}}},
		"headers have 0 names, and their counts are those of 3":      {Rows: 2, Headers: &pb.Headers{Counts: []uint32{1, 2}}},
		"a batch has 4294967295 headers: 1048576 are the most":       {Rows: 1, Headers: &pb.Headers{Counts: []uint32{math.MaxUint32}}},
		"values of headers has 0 lengths for 1 rows":                 {Rows: 1, Headers: &pb.Headers{Counts: []uint32{1}, Names: texts("a")}},
		`column "c": a column of kind bool has 1 bools for 2 rows`:   column(&pb.Column{Kind: pb.ValueKind_BOOLEAN, Bools: []bool{true}}),
		`column "c": a column of kind time has 3 ints for 2 rows`:    column(&pb.Column{Kind: pb.ValueKind_TIME, Ints: []int64{1, 2, 3}}),
		`column "c": a column of kind float has 0 floats for 2 rows`: column(&pb.Column{Kind: pb.ValueKind_NUMBER, Ints: []int64{1, 2}}),
		`column "c": texts has 0 lengths for 2 rows`:                 column(&pb.Column{Kind: pb.ValueKind_TEXT}),
		`column "c": a column of kind any has 0 kinds for 2 rows`:    column(&pb.Column{Ints: []int64{1, 2}}),
		`column "c": a value is of kind 77, which no value is`:       column(&pb.Column{Kinds: []byte{1, 77}}),
		`column "c": a value is of kind 0, which no value is`:        column(&pb.Column{Kinds: []byte{1, 0}}),
		`column "c": a column of kind any has 0 ints for 2 rows`:     column(&pb.Column{Kinds: []byte{1, 3}}),
		`column "c": a boolean is 2: it is to be 0 or 1`:             column(&pb.Column{Kinds: []byte{2, 1}, Ints: []int64{2, 0}}),
		`column "c": no column is of kind null`:                      column(&pb.Column{Kind: pb.ValueKind_NULL}),
		`column "c": kind 42 of values is not known`:                 column(&pb.Column{Kind: 42}),
		`column "c": a column has 1 nulls for 2 rows`:                column(&pb.Column{Kind: pb.ValueKind_INTEGER, Ints: []int64{1, 2}, Nulls: []bool{true}}),
		`column "c" is there twice`:                                  {Columns: []*pb.Column{{Name: "c"}, {Name: "c"}}},
	} {
		b := new(plugins.Pool).Batch()
		if err := wire.ToBatch(p, b, func(uint32, string, string) {}); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		b.Release()
	}
}

// What is wrong with one value fails its row, and leaves something that cannot hurt.
func TestWrongValuesFailTheirRows(t *testing.T) {
	t.Parallel()
	nan := int64(math.Float64bits(math.NaN()))
	for name, c := range map[string]struct {
		column *pb.Column
		code   string // of row 1; row 0 is good, row 2 is null and as wrong
		want   plugins.Value
	}{
		"text":   {&pb.Column{Kind: pb.ValueKind_TEXT, Texts: texts("é", "\xff", "\xff")}, wire.CodeText, plugins.Value{Kind: plugins.String}},
		"torn":   {&pb.Column{Kind: pb.ValueKind_TEXT, Texts: texts("a\xc3", "\xa9", "")}, wire.CodeText, plugins.Value{Kind: plugins.String}},
		"list":   {&pb.Column{Kind: pb.ValueKind_LIST, Texts: texts("[1]", "{}", "x")}, wire.CodeJSON, plugins.Value{Kind: plugins.List, Text: "[]"}},
		"record": {&pb.Column{Kind: pb.ValueKind_RECORD, Texts: texts("{}", `{"a":`, "x")}, wire.CodeJSON, plugins.Value{Kind: plugins.Record, Text: "{}"}},
		"map":    {&pb.Column{Kind: pb.ValueKind_MAP, Texts: texts("{}", "{\"a\":\"\xff\"}", "x")}, wire.CodeText, plugins.Value{Kind: plugins.Map, Text: "{}"}},
		"number": {&pb.Column{Kind: pb.ValueKind_NUMBER, Floats: []float64{1, math.Inf(1), math.NaN()}}, wire.CodeNumber, plugins.Value{Kind: plugins.Float}},
		"any":    {&pb.Column{Kinds: []byte{6, 5, 1}, Texts: texts("\xff", "\xff", "\xff")}, wire.CodeText, plugins.Value{Kind: plugins.String}},
		"any number": {
			&pb.Column{Kinds: []byte{3, 4, 1}, Ints: []int64{nan, nan, nan}}, wire.CodeNumber, plugins.Value{Kind: plugins.Float},
		},
	} {
		c.column.Nulls = []bool{false, false, true}
		failed := map[uint32]string{}
		got := &plugins.Column{}
		err := wire.ToColumn(c.column, 3, got, []uint32{1, 3, 5}, 6, func(row uint32, code, msg string) {
			if msg == "" {
				t.Errorf("%s: row %d has no message", name, row)
			}
			failed[row] = code
		})
		want := map[uint32]string{3: c.code}
		if name == "torn" {
			want[1] = c.code
		}
		if err != nil || len(failed) != len(want) || failed[3] != want[3] || failed[1] != want[1] {
			t.Errorf("%s: %v %v, want %v", name, failed, err, want)
		}
		if v := got.Value(3); v != c.want || !got.IsNull(5) {
			t.Errorf("%s: %+v, want %+v", name, v, c.want)
		}
	}
}

func TestJSONTextIsALine(t *testing.T) {
	t.Parallel()
	got := &plugins.Column{}
	err := wire.ToColumn(&pb.Column{Kind: pb.ValueKind_LIST, Texts: texts("[1,\r\n 2]")}, 1, got, nil, 1, func(uint32, string, string) { t.Error("failed") })
	if err != nil || string(got.Bytes(0)) != "[1,2]" {
		t.Error(string(got.Bytes(0)), err)
	}
}

// Nothing of what is dead or null leaves the process.
func TestDeadRowsStay(t *testing.T) {
	t.Parallel()
	const secret = "hidden"
	b := new(plugins.Pool).Batch()
	for range 4 {
		b.Data = append(b.Data, secret...)
	}
	b.Data = append(b.Data, "seen"...)
	b.SelectAll(3)
	dead, seen := plugins.Span{Off: 0, Len: 6}, plugins.Span{Off: 24, Len: 4}
	b.Values, b.Keys, b.Topics = []plugins.Span{dead, seen, dead}, []plugins.Span{dead, seen, dead}, []plugins.Span{dead, seen, dead}
	b.Headers = []plugins.Header{{Name: dead, Value: dead}, {Name: seen, Value: seen}, {Name: dead, Value: dead}}
	b.HeaderRows = []plugins.Span{{Off: 0, Len: 1}, {Off: 1, Len: 1}, {Off: 2, Len: 1}}
	text, any := &plugins.Column{}, &plugins.Column{}
	text.Reset(plugins.String, 3)
	any.Reset(plugins.Any, 3)
	for i := range uint32(3) {
		text.AppendString(i, secret)
		any.SetValue(i, plugins.Value{Kind: plugins.String, Text: secret})
	}
	text.SetNull(1)
	any.SetNull(1)
	b.Sel = []uint32{1}
	for _, keeps := range []bool{false, true} {
		w := wire.BatchWriter{Keeps: keeps}
		named := []wire.Named{{Name: "t", Column: text}, {Name: "a", Column: any}}
		message, err := proto.Marshal(w.Batch(b, b.Sel, wire.Contents{Values: true, Meta: true, Columns: named}))
		if err != nil {
			t.Fatal(err)
		}
		kept, err := proto.Marshal(&pb.Kept{Columns: w.Kept(named, 3, b.Sel)})
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(message, []byte(secret)) || bytes.Contains(kept, []byte(secret)) || bytes.Count(message, []byte("seen")) != 5 {
			t.Errorf("%q %q", message, kept)
		}
	}
}

// FuzzBatch gives batches of anybody to the check, and uses what passes.
func FuzzBatch(f *testing.F) {
	for _, p := range []*pb.Batch{
		{Rows: 2, Values: texts("a", "b"), Keys: texts("", "k"), Times: []int64{1, 2}, Headers: &pb.Headers{Counts: []uint32{1, 0}, Names: texts("n"), Values: texts("v")}},
		{Rows: 1, Columns: []*pb.Column{{Name: "a", Kinds: []byte{5}, Texts: texts("x")}, {Name: "n", Kind: pb.ValueKind_NUMBER, Floats: []float64{1}}}},
		{Rows: 1, Columns: []*pb.Column{{Name: "l", Kind: pb.ValueKind_LIST, Texts: texts("[\n1]")}}},
	} {
		text, err := proto.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	pool := &plugins.Pool{}
	f.Fuzz(func(t *testing.T, text []byte) {
		var p pb.Batch
		if proto.Unmarshal(text, &p) != nil {
			return
		}
		b := pool.Batch()
		defer b.Release()
		bad := map[uint32]bool{}
		if wire.ToBatch(&p, b, func(row uint32, _, _ string) { bad[row] = true }) != nil {
			return
		}
		var named []wire.Named
		for _, c := range p.GetColumns() {
			named = append(named, wire.Named{Name: c.GetName(), Column: b.Column(c.GetName())})
		}
		for _, i := range b.Sel {
			_, _, _, _ = b.Value(i), b.Key(i), b.Topic(i), headers(b, i)
			for _, c := range named {
				usable(t, c.Column.Value(i))
			}
		}
		var w wire.BatchWriter
		again := pool.Batch()
		defer again.Release()
		none := func(row uint32, code, msg string) { t.Errorf("row %d is bad a second time: %s %s", row, code, msg) }
		if err := wire.ToBatch(over(t, w.Batch(b, slices.Clone(b.Sel), wire.Contents{Values: true, Meta: true, Columns: named})), again, none); err != nil {
			t.Errorf("what was taken cannot be told: %v", err)
		}
	})
}

// usable fails the test where a value is not what its kind says.
func usable(t *testing.T, v plugins.Value) {
	t.Helper()
	switch {
	case v.Kind == plugins.Any || v.Kind > plugins.Record,
		v.Kind == plugins.String && !utf8.ValidString(v.Text),
		v.Kind == plugins.Float && v.Float-v.Float != 0,
		v.Kind.Nested() && (!json.Valid([]byte(v.Text)) || bytes.ContainsAny([]byte(v.Text), "\r\n")):
		t.Errorf("%+v has passed", v)
	}
}
