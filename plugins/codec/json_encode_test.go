package codec_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

func framing(t testing.TB, c plugins.Codec, o options) plugins.Framing {
	t.Helper()
	f, err := c.Framing(plugins.NewConfig(o))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// withColumns adds columns with a value for each row.
func withColumns(b *plugins.Batch, fields []plugins.Field, rows ...[]plugins.Value) *plugins.Batch {
	for k, f := range fields {
		col := b.NewColumn(plugins.JoinPath(f.Name), f.Type.Kind)
		for i, row := range rows {
			col.SetValue(uint32(i), row[k])
		}
	}
	return b
}

var (
	intValue = func(n int64) plugins.Value { return plugins.Value{Kind: plugins.Int, Int: n} }
	text     = func(s string) plugins.Value { return plugins.Value{Kind: plugins.String, Text: s} }
	null     = plugins.Value{Kind: plugins.Null}
)

func TestJSONEncodeColumns(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "json")
	fields := []plugins.Field{
		field(`a"/b`, of(plugins.Int).OrNull()), field("s", of(plugins.Any)), field("at", plugins.Type{Kind: plugins.Time, Layout: "ms"}), field("list", of(plugins.List)),
	}
	at, list := plugins.Value{Kind: plugins.Time, Int: 1.5e9}, plugins.Value{Kind: plugins.List, Text: "[1,\n2]"}
	b := new(plugins.Pool).Batch()
	b.SelectAll(3)
	withColumns(b, fields, []plugins.Value{intValue(1), text("x\ny"), at, list}, []plugins.Value{null, null, at, list}, []plugins.Value{null, intValue(2), at, list})
	b.Sel = []uint32{0, 2}
	got := encoded(encoder(t, c, nil, plugins.Columns(fields...)), framing(t, c, nil), b)
	want := `{"a\"/b":1,"s":"x\ny","at":1500,"list":[1,2]}` + "\n" + `{"a\"/b":null,"s":2,"at":1500,"list":[1,2]}` + "\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}

	empty := new(plugins.Pool).Batch()
	empty.SelectAll(1)
	if got := encoded(encoder(t, c, nil, plugins.Columns()), framing(t, c, nil), empty); got != "{}\n" {
		t.Errorf("no columns: %q", got)
	}
}

// TestJSONEncodeOverlay sets and removes fields of a payload.
func TestJSONEncodeOverlay(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "json")
	shape := plugins.Shape{Format: "json"}.With([]plugins.Field{field("b", of(plugins.Int)), field("new", of(plugins.String))}).Without([]string{"gone"})
	b := batchOf(
		`{"a":1,"b":2,"c":[1, 2],"gone":3}`,
		` { "gone" : 1 } `,
		`{"\u0062":1,"d":1e400,"c":"é"}`,
		"{\n  \"a\": {\n    \"x\": \"y z\"\n  }\n}",
		`{}`,
		`[1]`,
		`{"a":1`,
		`{"a" 1}`,
	)
	row := []plugins.Value{intValue(9), text("n")}
	withColumns(b, []plugins.Field{field("b", of(plugins.Int)), field("new", of(plugins.String))}, row, row, row, row, row, row, row, row)
	e := encoder(t, c, nil, shape)
	if len(e.Needs()) != 0 {
		t.Errorf("needs %v, though the payload is JSON", e.Needs())
	}
	got := encoded(e, framing(t, c, nil), b)
	want := strings.Join([]string{
		`{"a":1,"c":[1, 2],"b":9,"new":"n"}`,
		`{"b":9,"new":"n"}`,
		`{"d":1e400,"c":"é","b":9,"new":"n"}`,
		`{"a":{"x":"y z"},"b":9,"new":"n"}`,
		`{"b":9,"new":"n"}`,
	}, "\n") + "\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if len(b.Failures) != 3 || len(b.Sel) != 5 || b.Failures[0].Msg != "record is not a JSON object" {
		t.Errorf("failures %+v, alive %v", b.Failures, b.Sel)
	}
}

// TestJSONOfOtherFormats writes records that came in another format.
func TestJSONOfOtherFormats(t *testing.T) {
	t.Parallel()
	from, to := codecNamed(t, "csv"), codecNamed(t, "json")
	schema := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{field("id", of(plugins.String)), field("t", of(plugins.Float).OrNull())}}
	b := batchFrom(t, from, nil, []byte("id,t,x\na,1.50,\"q\"\"\"\nb,,\n"))
	e := encoder(t, to, nil, plugins.Shape{Format: "csv", Type: schema, Payload: schema}.With([]plugins.Field{field("id", of(plugins.Int))}))
	decoder(t, from, nil, schema, e.Needs()...).Decode(b)
	withColumns(b, []plugins.Field{field("id", of(plugins.Int))}, []plugins.Value{intValue(1)}, []plugins.Value{intValue(2)})
	want := `{"t":1.5,"x":"q\"","id":1}` + "\n" + `{"t":null,"x":null,"id":2}` + "\n"
	if got := encoded(e, framing(t, to, nil), b); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
