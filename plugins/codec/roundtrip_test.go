package codec_test

import (
	"math"
	"testing"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

// columnType draws a type that every format can write and read back.
func columnType() *rapid.Generator[plugins.Type] {
	return rapid.Custom(func(t *rapid.T) plugins.Type {
		typ := rapid.SampledFrom([]plugins.Type{
			of(plugins.Bool), of(plugins.Int), of(plugins.Float), of(plugins.String), of(plugins.Bytes), of(plugins.Duration),
			of(plugins.Time), {Kind: plugins.Time, Layout: "ns"}, {Kind: plugins.Time, Layout: "2006-01-02T15:04:05.000000000"},
			of(plugins.List), of(plugins.Record), of(plugins.Map),
		}).Draw(t, "type")
		typ.Nullable = rapid.Bool().Draw(t, "nullable")
		return typ
	})
}

func valueOf(t *rapid.T, typ plugins.Type) plugins.Value {
	if typ.Nullable && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
		return null
	}
	v := plugins.Value{Kind: typ.Kind}
	switch typ.Kind {
	case plugins.Bool:
		v.Int = rapid.Int64Range(0, 1).Draw(t, "bool")
	case plugins.Int, plugins.Time, plugins.Duration:
		v.Int = rapid.Int64Range(math.MinInt64+2e9, math.MaxInt64-2e9).Draw(t, "int")
	case plugins.Float:
		v.Float = rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "float")
	case plugins.String:
		v.Text = rapid.String().Draw(t, "string")
	case plugins.Bytes:
		v.Text = string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		if v.Text == "" {
			v.Text = "\x00" // in CSV, nothing is null
		}
	case plugins.List:
		v.Text = rapid.SampledFrom([]string{`[]`, `[1,"a\"b",null,[2.5]]`, `[{"x":true}]`}).Draw(t, "list")
	default:
		v.Text = rapid.SampledFrom([]string{`{}`, `{"a":1,"b c":[{}]}`}).Draw(t, "record")
	}
	return v
}

// TestWhatIsWrittenReadsBack encodes columns in each format and decodes them.
func TestWhatIsWrittenReadsBack(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "csv", "cbor", "msgpack"} {
		c := codecNamed(t, format)
		rapid.Check(t, func(rt *rapid.T) {
			names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zéß"/~, ]{1,12}`), 2, 5, rapid.ID).Draw(rt, "names")
			var fields, paths []plugins.Field
			schema := of(plugins.Record)
			for _, n := range names {
				typ := columnType().Draw(rt, "type")
				fields = append(fields, field(n, typ))
				paths = append(paths, field(plugins.JoinPath(n), typ))
			}
			schema.Fields = fields
			rows := make([][]plugins.Value, rapid.IntRange(1, 5).Draw(rt, "rows"))
			for i := range rows {
				for _, f := range fields {
					rows[i] = append(rows[i], valueOf(rt, f.Type))
				}
			}
			b := new(plugins.Pool).Batch()
			b.SelectAll(len(rows))
			withColumns(b, fields, rows...)
			stream := encoded(encoder(t, c, nil, plugins.Columns(fields...)), framing(t, c, nil), b)

			back := batchFrom(t, c, nil, []byte(stream))
			decoder(t, c, nil, schema, paths...).Decode(back)
			if len(back.Failures) > 0 || len(back.Sel) != len(rows) {
				rt.Fatalf("%s %q: %d rows, %+v", format, stream, len(back.Sel), back.Failures)
			}
			for i, row := range rows {
				for k, p := range paths {
					if got := back.Column(p.Name).Value(uint32(i)); got != row[k] {
						rt.Fatalf("%s %q: row %d, %s %s is %+v, want %+v", format, stream, i, p.Name, p.Type, got, row[k])
					}
				}
			}
		})
	}
}

// TestFormatsAgree converts JSON to each other format and back.
func TestFormatsAgree(t *testing.T) {
	t.Parallel()
	records := []string{
		`{"id":"d-1","n":9007199254740993,"t":63.45,"ok":true,"no":null,"gps":{"lat":-1.5,"tags":["a\n","é"]}}`,
		`{}`,
		`{"":[],"x":[[[{}]]],"neg":-128,"min":-9223372036854775808,"big":1e+300}`,
	}
	from := codecNamed(t, "json")
	for _, format := range []string{"cbor", "msgpack"} {
		via := codecNamed(t, format)
		b := batchOf(records...)
		out := encoder(t, via, nil, plugins.Shape{Format: "json"})
		decoder(t, from, nil, plugins.Type{}, out.Needs()...).Decode(b)
		other := batchFrom(t, via, nil, []byte(encoded(out, framing(t, via, nil), b)))
		home := encoder(t, from, nil, plugins.Shape{Format: format})
		decoder(t, via, nil, plugins.Type{}, home.Needs()...).Decode(other)
		want := ""
		for _, r := range records {
			want += r + "\n"
		}
		if got := encoded(home, framing(t, from, nil), other); got != want {
			t.Errorf("%s: got\n%swant\n%s", format, got, want)
		}
	}
}
