package codec_test

import (
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

func TestCSVAnswers(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "csv")
	day := plugins.Type{Kind: plugins.Time, Layout: "2006-01-02"}
	str := func(s string) plugins.Value { return plugins.Value{Kind: plugins.String, Text: s} }
	float := func(f float64) plugins.Value { return plugins.Value{Kind: plugins.Float, Float: f} }
	tests := []struct {
		name   string
		o      options
		t      plugins.Type
		stream string // the field is x
		want   plugins.Value
		err    string
	}{
		{"any is a string", nil, of(plugins.Any), "a,x\n1,2\n", str("2"), ""},
		{"an empty any is null", nil, of(plugins.Any), "a,x\n1,\n", null, ""},
		{"a quoted empty any is a string", nil, of(plugins.Any), "a,x\n1,\"\"\n", str(""), ""},
		{"an empty string", nil, of(plugins.String), "a,x\n1,\n", str(""), ""},
		{"an empty optional string", nil, of(plugins.String).OrNull(), "a,x\n1,\n", null, ""},
		{"a quoted empty optional string", nil, of(plugins.String).OrNull(), "a,x\n1,\"\"\n", str(""), ""},
		{"an empty float", nil, of(plugins.Float), "a,x\n1,\n", plugins.Value{}, "field x is null"},
		{"an empty optional float", nil, of(plugins.Float).OrNull(), "a,x\n1,\"\"\n", null, ""},
		{"another null", options{"null": "NA"}, of(plugins.Float).OrNull(), "a,x\n1,NA\n", null, ""},
		{"a float", nil, of(plugins.Float), "a,x\n1, +01.50 \n", float(1.5), ""},
		{"no float", nil, of(plugins.Float), "a,x\n1,NaN\n", plugins.Value{}, `field x is "NaN", not float`},
		{"a huge float", nil, of(plugins.Float), "a,x\n1,1e400\n", plugins.Value{}, "field x is out of range"},
		{"an int", nil, of(plugins.Int), "a,x\n1,007\n", intValue(7), ""},
		{"no int", nil, of(plugins.Int), "a,x\n1,1.0\n", plugins.Value{}, `field x is "1.0", not int`},
		{"2^63", nil, of(plugins.Int), "a,x\n1,9223372036854775808\n", plugins.Value{}, "field x is out of range"},
		{"a bool", nil, of(plugins.Bool), "a,x\n1,TRUE\n", plugins.Value{Kind: plugins.Bool, Int: 1}, ""},
		{"no bool", nil, of(plugins.Bool), "a,x\n1,yes\n", plugins.Value{}, `field x is "yes", not bool`},
		{"a time", nil, day, "a,x\n1,1970-01-02\n", plugins.Value{Kind: plugins.Time, Int: 86400e9}, ""},
		{"no time", nil, day, "a,x\n1,2.1.1970\n", plugins.Value{}, `field x is not a time of the layout "2006-01-02"`},
		{"a time in ms", nil, plugins.Type{Kind: plugins.Time, Layout: "ms"}, "x\n1500\n", plugins.Value{Kind: plugins.Time, Int: 15e8}, ""},
		{"a duration", nil, of(plugins.Duration), "x\n1m\n", plugins.Value{Kind: plugins.Duration, Int: 60e9}, ""},
		{"bytes", nil, of(plugins.Bytes), "x\nAQI=\n", plugins.Value{Kind: plugins.Bytes, Text: "\x01\x02"}, ""},
		{"a list", nil, of(plugins.List), "x\n\"[1,\"\"a\"\"]\"\n", plugins.Value{Kind: plugins.List, Text: `[1,"a"]`}, ""},
		{"a broken list", nil, of(plugins.List), "x\n\"[1,\"\n", plugins.Value{}, "field x is not valid JSON at offset 3"},

		{"quotes and a line break", nil, of(plugins.String), "a,x\r\n\"1,1\",\"a\n\"\"b\"\"\"\r\n", str("a\n\"b\""), ""},
		{"a quote in the middle", nil, of(plugins.String), "a,x\n1,5\" pipe\n", str(`5" pipe`), ""},
		{"text behind a quote", nil, of(plugins.String), "a,x\n1,\"5\"pipe\n", plugins.Value{}, "record has text behind a closing quote"},
		{"an open quote", nil, of(plugins.String), "a,x\n1,\"5\n", plugins.Value{}, "record has a quote that is not closed"},
		{"invalid UTF-8", nil, of(plugins.String), "x\n\xff\n", plugins.Value{}, "field x is not valid UTF-8"},
		{"invalid UTF-8 elsewhere", nil, of(plugins.String), "a,x\n\xff,1\n", str("1"), ""},
		{"empty lines", nil, of(plugins.String), "\n\r\nx\n\n1", str("1"), ""},
		{"a byte order mark", nil, of(plugins.String), "\xef\xbb\xbfx,a\n1,2\n", str("1"), ""},
		{"quoted names", nil, of(plugins.String), "\"a,b\",\"x\"\n1,2\n", str("2"), ""},
		{"names twice", nil, of(plugins.String), "x,x\n1,2\n", str("1"), ""},
		{"tabs", options{"delimiter": "\t"}, of(plugins.String), "a\tx\n1,5\t2\n", str("2"), ""},
		{"comments", options{"comment": "#"}, of(plugins.String), "# \"by hand\nx\n#1\n2\n", str("2"), ""},
		{"no header", options{"header": false, "columns": []string{"a", "x"}}, of(plugins.String), "1,2\n", str("2"), ""},
		{"other names", options{"columns": []string{"x", "y"}}, of(plugins.String), "a,b\n1,2\n", str("1"), ""},

		{"too few columns", nil, of(plugins.String), "a,x\n1\n", plugins.Value{}, "row has 1 column, the header has 2"},
		{"too many columns", nil, of(plugins.String), "a,x\n1,2,3\n", plugins.Value{}, "row has 3 columns, the header has 2"},
		{"more than listed", options{"columns": []string{"x"}}, of(plugins.String), "a\n1,2\n", plugins.Value{}, "row has 2 columns, columns lists 1"},
		{"missing", nil, of(plugins.String), "a,b\n1,2\n", plugins.Value{}, "field x is missing: the header has a, b"},
		{"missing, optional", nil, of(plugins.String).OrNull(), "a,b\n1,2\n", null, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := batchFrom(t, c, tt.o, []byte(tt.stream))
			decoder(t, c, tt.o, plugins.Type{}, field("x", tt.t)).Decode(b)
			var got plugins.Value
			msg := ""
			if len(b.Failures) > 0 {
				msg = b.Failures[0].Msg
			} else {
				got = b.Column("x").Value(0)
			}
			if msg != tt.err || got != tt.want {
				t.Errorf("got %+v, %q; want %+v, %q", got, msg, tt.want, tt.err)
			}
		})
	}
}

func TestCSVWithoutHeaderRow(t *testing.T) {
	t.Parallel()
	b := batchOf("1,2")
	decoder(t, codecNamed(t, "csv"), nil, plugins.Type{}, field("x", of(plugins.Any))).Decode(b)
	if len(b.Failures) != 1 || b.Failures[0].Msg != "record has no header row in front of it" {
		t.Errorf("failures %+v", b.Failures)
	}
}

// TestCSVHeaderChanges decodes batches of two files with one decoder.
func TestCSVHeaderChanges(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "csv")
	fields := []plugins.Field{field("x", of(plugins.Any)), field("x/k", of(plugins.Any)), field("", of(plugins.Record))}
	d := decoder(t, c, nil, plugins.Type{}, fields...)
	for stream, want := range map[string][3]string{
		"a,x\n1,2\n":                   {"2", "", `{"a":"1","x":"2"}`},
		"x,b\n\"{\"\"k\"\":true}\",\n": {`{"k":true}`, "1", `{"x":"{\"k\":true}","b":null}`},
	} {
		b := batchFrom(t, c, nil, []byte(stream))
		d.Decode(b)
		for k, f := range fields {
			if len(b.Failures) > 0 || show(b.Column(f.Name).Value(0)) != want[k] {
				t.Errorf("%q: field %q is %+v (%v), want %s", stream, f.Name, b.Column(f.Name), b.Failures, want[k])
			}
		}
	}
}

func TestCSVConfig(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "csv")
	known := plugins.Columns(field("a", of(plugins.Int)))
	tests := []struct {
		name  string
		o     options
		shape plugins.Shape
		err   string
	}{
		{"a long delimiter", options{"delimiter": "||"}, known, "delimiter: delimiter must be one ASCII character, neither quote nor line break"},
		{"a quote as delimiter", options{"delimiter": `"`}, known, "delimiter: delimiter must be one ASCII character, neither quote nor line break"},
		{"a delimiter as comment", options{"comment": ","}, known, "comment: comment and delimiter are the same character"},
		{"a delimiter in null", options{"null": "a,b"}, known, "null: null must not have quotes, line breaks or delimiters in it"},
		{"an unknown column", options{"columns": []string{"b"}}, known, "columns: the records have no field b"},
		{"unknown fields", nil, plugins.Shape{Format: "json"}, "columns: the fields of the records are not known here: list them in columns, give the source a schema, or build the record with a map"},
		{"no fields", nil, plugins.Columns(), "the records have no fields to write"},
	}
	for _, tt := range tests {
		_, err := c.Encoder(plugins.EncoderConfig{Shape: tt.shape, Options: plugins.NewConfig(tt.o)})
		var config *plugins.ConfigError
		if !errors.As(err, &config) || err.Error() != tt.err {
			t.Errorf("%s: error %v, want %s", tt.name, err, tt.err)
		}
	}
	_, err := c.Decoder(plugins.DecoderConfig{Options: plugins.NewConfig(options{"header": false})})
	if want := "columns: without a header, the names of the columns are needed: set columns"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestCSVEncode(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "csv")
	fields := []plugins.Field{field("id, no", of(plugins.String).OrNull()), field("n", of(plugins.Any)), field("at", of(plugins.Time)), field("list", of(plugins.List)), field("d", of(plugins.Duration))}
	at, list, d := plugins.Value{Kind: plugins.Time}, plugins.Value{Kind: plugins.List, Text: `[1, "a"]`}, plugins.Value{Kind: plugins.Duration, Int: 1e9}
	b := new(plugins.Pool).Batch()
	b.SelectAll(4)
	withColumns(b, fields,
		[]plugins.Value{text("a\n\"b\""), {Kind: plugins.Float, Float: 1.5}, at, list, d},
		[]plugins.Value{null, null, at, list, d},
		[]plugins.Value{text(""), text("x;y"), at, list, d},
		[]plugins.Value{text("#1"), {Kind: plugins.Bool, Int: 1}, at, list, d})
	o := options{"delimiter": ";", "comment": "#"}
	want := "id, no;n;at;list;d\n" +
		"\"a\n\"\"b\"\"\";1.5;1970-01-01T00:00:00Z;\"[1, \"\"a\"\"]\";1s\n" +
		";;1970-01-01T00:00:00Z;\"[1, \"\"a\"\"]\";1s\n" +
		"\"\";\"x;y\";1970-01-01T00:00:00Z;\"[1, \"\"a\"\"]\";1s\n" +
		"\"#1\";true;1970-01-01T00:00:00Z;\"[1, \"\"a\"\"]\";1s\n"
	if got := encoded(encoder(t, c, o, plugins.Columns(fields...)), framing(t, c, o), b); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestCSVOfJSON writes the fields of a schema, and those that columns lists.
func TestCSVOfJSON(t *testing.T) {
	t.Parallel()
	from, to := codecNamed(t, "json"), codecNamed(t, "csv")
	schema := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{field("id", of(plugins.String)), field("t", of(plugins.Float).OrNull())}}
	for _, tt := range []struct {
		o     options
		shape plugins.Shape
		want  string
	}{
		{nil, plugins.Shape{Format: "json", Type: schema}, "id,t\na,1.5\n"},
		{options{"columns": []string{"u", "id"}, "header": false}, plugins.Shape{Format: "json"}, "7,a\n"},
		{options{"columns": []string{"t", "id"}}, plugins.Shape{Format: "json", Type: schema}, "t,id\n1.5,a\n"},
	} {
		b := batchOf(`{"id":"a","t":1.50,"u":7}`)
		e := encoder(t, to, tt.o, tt.shape)
		decoder(t, from, nil, schema, e.Needs()...).Decode(b)
		if got := encoded(e, framing(t, to, tt.o), b); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestCSVIsLikeTheStandardLibrary writes any cells and reads them with
// encoding/csv, and the other way round.
func TestCSVIsLikeTheStandardLibrary(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "csv")
	rapid.Check(t, func(rt *rapid.T) {
		names := []string{"a", "b", "c"}
		cell := rapid.OneOf(rapid.StringMatching(`[a",\n ;#]{0,6}`), rapid.String())
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 3, 3), 1, 5).Draw(rt, "rows")
		for _, row := range rows {
			for i := range row {
				row[i] = strings.ReplaceAll(row[i], "\r", "") // encoding/csv drops some
			}
		}
		var std strings.Builder
		w := csv.NewWriter(&std)
		if err := w.WriteAll(append([][]string{names}, rows...)); err != nil {
			rt.Fatal(err)
		}
		b := batchFrom(t, c, nil, []byte(std.String()))
		var fields []plugins.Field
		for _, n := range names {
			fields = append(fields, field(n, of(plugins.String)))
		}
		decoder(t, c, nil, plugins.Type{}, fields...).Decode(b)
		if len(b.Sel) != len(rows) {
			rt.Fatalf("%d of %d rows of %q: %v", len(b.Sel), len(rows), std.String(), b.Failures)
		}
		for i, row := range rows {
			for k, n := range names {
				if got := b.Column(n).Value(uint32(i)).Text; got != row[k] {
					rt.Fatalf("cell %d,%d is %q, want %q", i, k, got, row[k])
				}
			}
		}
		ours := encoded(encoder(t, c, nil, plugins.Columns(fields...)), framing(t, c, nil), b)
		back, err := csv.NewReader(strings.NewReader(ours)).ReadAll()
		if err != nil || !slices.EqualFunc(back[1:], rows, slices.Equal) {
			rt.Fatalf("encoding/csv reads %q as %q: %v", ours, back, err)
		}
	})
}

func FuzzCSVDecode(f *testing.F) {
	f.Add("a,x\n1,\"2\n\"\"\"\n", ",")
	f.Add("x\n#c\n\"\"\n", ";")
	f.Fuzz(func(t *testing.T, stream, delimiter string) {
		c := codecNamed(t, "csv")
		o := options{"delimiter": delimiter, "comment": "#"}
		fr, err := c.Framing(plugins.NewConfig(o))
		if err != nil {
			return
		}
		rows, done, err := fr.Splitter().Split([]byte(stream), 0, true, nil)
		if err != nil || done != len(stream) || len(rows) == 0 {
			return
		}
		b := batchFrom(t, c, o, []byte(stream))
		fields := []plugins.Field{field("x", of(plugins.Any)), field("a", of(plugins.Float).OrNull()), field("b", of(plugins.List).OrNull()), field("", of(plugins.Record))}
		decoder(t, c, o, plugins.Type{}, fields...).Decode(b)
		if len(b.Sel)+len(b.Failures) != len(rows)-1 {
			t.Fatalf("%d rows, %d alive, %d failed", len(rows)-1, len(b.Sel), len(b.Failures))
		}
	})
}
