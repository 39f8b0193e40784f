package codec_test

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/onstream/onstream/plugins"
	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
)

// TestBinaryAnswers reads x out of {"x": VALUE}.
func TestBinaryAnswers(t *testing.T) {
	t.Parallel()
	f := func(f float64) plugins.Value { return plugins.Value{Kind: plugins.Float, Float: f} }
	str, bin := text, func(s string) plugins.Value { return plugins.Value{Kind: plugins.Bytes, Text: s} }
	at := func(ns int64) plugins.Value { return plugins.Value{Kind: plugins.Time, Int: ns} }
	nested := func(k plugins.Kind, s string) plugins.Value { return plugins.Value{Kind: k, Text: s} }
	ms := plugins.Type{Kind: plugins.Time, Layout: "ms"}
	anyT := of(plugins.Any)
	tests := []struct {
		t             plugins.Type
		cbor, msgpack string // "" where the format has no such value
		want          plugins.Value
		err           string
	}{
		{anyT, "\x05", "\x05", intValue(5), ""},
		{anyT, "\x24", "\xfb", intValue(-5), ""},
		{anyT, "\x1b\x00\x20\x00\x00\x00\x00\x00\x01", "\xcf\x00\x20\x00\x00\x00\x00\x00\x01", intValue(1<<53 + 1), ""},
		{of(plugins.Float), "\x1b\x00\x20\x00\x00\x00\x00\x00\x01", "\xd3\x00\x20\x00\x00\x00\x00\x00\x01", f(1 << 53), ""},
		{of(plugins.Int), "\x1b\x80\x00\x00\x00\x00\x00\x00\x00", "\xcf\x80\x00\x00\x00\x00\x00\x00\x00", plugins.Value{}, "field x is out of range"},
		{anyT, "\x3b\x80\x00\x00\x00\x00\x00\x00\x00", "", plugins.Value{}, "field x is out of range"},
		{anyT, "\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", "\xd3\x80\x00\x00\x00\x00\x00\x00\x00", intValue(math.MinInt64), ""},
		{of(plugins.Float), "\x1b\x80\x00\x00\x00\x00\x00\x00\x00", "\xcf\x80\x00\x00\x00\x00\x00\x00\x00", f(1 << 63), ""},
		{anyT, "\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00", "", plugins.Value{}, "field x is out of range"},
		{of(plugins.Float), "\xc3\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00", "", f(-1 << 64), ""},
		{anyT, "\xf9\x3e\x00", "\xca\x3f\xc0\x00\x00", f(1.5), ""},
		{anyT, "\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00", "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", f(1.5), ""},
		{of(plugins.Int), "\xf9\x3c\x00", "\xca\x3f\x80\x00\x00", plugins.Value{}, "field x is a float, not int"},
		{anyT, "\xf9\x7e\x00", "\xca\x7f\xc0\x00\x00", plugins.Value{}, "field x is not finite"},
		{of(plugins.Float), "\xf9\xfc\x00", "\xca\xff\x80\x00\x00", plugins.Value{}, "field x is not finite"},
		{anyT, "\xf5", "\xc3", plugins.Value{Kind: plugins.Bool, Int: 1}, ""},
		{of(plugins.Bool), "\xf4", "\xc2", plugins.Value{Kind: plugins.Bool}, ""},
		{anyT, "\xf6", "\xc0", null, ""},
		{of(plugins.Int).OrNull(), "\xf7", "\xc0", null, ""},
		{of(plugins.Int), "\xf6", "\xc0", plugins.Value{}, "field x is null"},
		{anyT, "\x61a", "\xa1a", str("a"), ""},
		{of(plugins.String), "\x7f\x61a\x60\x62bc\xff", "\xd9\x03abc", str("abc"), ""},
		{anyT, "\x61\xff", "\xa1\xff", plugins.Value{}, "field x is not valid UTF-8"},
		{of(plugins.String), "\x41a", "\xc4\x01a", plugins.Value{}, "field x is bytes, not string"},
		{anyT, "\x41\xff", "\xc4\x01\xff", bin("\xff"), ""},
		{of(plugins.Bytes), "\x61\xff", "\xa1\xff", bin("\xff"), ""},
		{of(plugins.Bytes), "\x5f\x41a\x41b\xff", "\xc5\x00\x02ab", bin("ab"), ""},
		{of(plugins.Int), "\x61a", "\xa1a", plugins.Value{}, "field x is a string, not int"},
		{anyT, "\xc1\x01", "\xd6\xff\x00\x00\x00\x01", at(1e9), ""},
		{of(plugins.Time), "\xc0\x74" + "1970-01-01T00:00:01Z", "\xd7\xff\x00\x00\x00\x00\x00\x00\x00\x01", at(1e9), ""},
		{of(plugins.Time), "\xc1\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00", "\xc7\x0c\xff\x1d\xcd\x65\x00\x00\x00\x00\x00\x00\x00\x00\x01", at(15e8), ""},
		{of(plugins.Time), "\x74" + "1970-01-01T00:00:01Z", "\xb4" + "1970-01-01T00:00:01Z", at(1e9), ""},
		{of(plugins.Time), "\xc0\x61x", "\xa1x", plugins.Value{}, "field x is not a time such as 2026-01-31T08:00:00Z (RFC 3339)"},
		{of(plugins.Time), "\xc1\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", "", plugins.Value{}, "field x is out of range"},
		{ms, "\x19\x05\xdc", "\xcd\x05\xdc", at(15e8), ""},
		{of(plugins.Duration), "\x621m", "\xa21m", plugins.Value{Kind: plugins.Duration, Int: 60e9}, ""},
		{anyT, "\xd9\xd9\xf7\xd8\x63\x05", "", intValue(5), ""}, // tags that mean nothing
		{anyT, "", "\xd4\x05\x01", plugins.Value{}, "field x is of an extension type that is not known here"},
		{anyT, "\xa1\x41\xff\x01", "\x81\xc4\x01\xff\x01", plugins.Value{}, "field x has a key that is neither text nor an integer"},
		{anyT, "\xbf\x61a\x9f\x01\x41\xff\xff\x20\xf6\xff", "\x82\xa1a\x92\x01\xc4\x01\xff\xff\xc0", nested(plugins.Record, `{"a":[1,"/w=="],"-1":null}`), ""},
		{of(plugins.List), "\xa1\x61a\x01", "\x80", plugins.Value{}, "field x is a record, not list"},
		{of(plugins.Map), "\xa1\x61a\xc1\x01", "\x81\xa1a\xd6\xff\x00\x00\x00\x01", nested(plugins.Map, `{"a":"1970-01-01T00:00:01Z"}`), ""},
		{anyT, "\x81\xf9\x7e\x00", "\x91\xca\x7f\xc0\x00\x00", plugins.Value{}, "field x is not finite"},
		{anyT, "\xf8\x20", "\xc1", plugins.Value{}, "record is malformed"},
		{anyT, "\x18", "\xcc", plugins.Value{}, "record is cut off"},
		{anyT, "\xff", "", plugins.Value{}, "record is malformed"},
		{anyT, strings.Repeat("\x81", 1001) + "\x01", strings.Repeat("\x91", 1001) + "\x01", plugins.Value{}, "field x is nested deeper than 1000 levels"},
	}
	for _, tt := range tests {
		for format, record := range map[string]string{"cbor": "\xa1\x61x" + tt.cbor, "msgpack": "\x81\xa1x" + tt.msgpack} {
			if len(record) == 3 {
				continue
			}
			got, err := decodeOne(t, codecNamed(t, format), nil, field("x", tt.t), record)
			if err != tt.err || got != tt.want {
				t.Errorf("%s %s of %.40q: %+v, %q; want %+v, %q", format, tt.t, record, got, err, tt.want, tt.err)
			}
		}
	}
}

func TestBinaryRecords(t *testing.T) {
	t.Parallel()
	intT := of(plugins.Int)
	tests := []struct {
		name, format, record string
		path                 string
		t                    plugins.Type
		want, err            string
	}{
		{"a list", "cbor", "\x80", "x", intT, "", "record is not a map"},
		{"nothing", "msgpack", "", "x", intT, "", "record is cut off"},
		{"missing", "cbor", "\xa1\x61y\x01", "x", intT, "", "field x is missing"},
		{"more behind the map", "cbor", "\xa0\x01", "x", intT.OrNull(), "", "record is malformed"},
		{"a key twice", "cbor", "\xa2\x61x\x01\x61x\x02", "x", intT, "1", ""},
		{"a key that is an integer", "msgpack", "\x81\x01\x07", "1", intT, "7", ""},
		{"nested", "msgpack", "\x82\xa1g\x82\xa1b\x01\xa1a\x02\xa1a\x03", "g/a", intT, "2", ""},
		{"nested in unknown length", "cbor", "\xbf\x61y\x81\x01\x61g\xbf\x61a\x02\xff\xff", "g/a", intT, "2", ""},
		{"not nested", "cbor", "\xa1\x61g\x01", "g/a", intT.OrNull(), "", ""},
		{"whole", "cbor", "\xa2\x61x\x41\xff\x01\x80", "", of(plugins.Record), `{"x":"/w==","1":[]}`, ""},
		{"whole with more behind", "msgpack", "\x80\x80", "", of(plugins.Record), "", "record is malformed"},
	}
	for _, tt := range tests {
		got, err := decodeOne(t, codecNamed(t, tt.format), nil, field(tt.path, tt.t), tt.record)
		if err != tt.err || err == "" && show(got) != tt.want {
			t.Errorf("%s: %+v, %q; want %s, %q", tt.name, got, err, tt.want, tt.err)
		}
	}
}

// library is another implementation of a format.
type library struct {
	format    string
	marshal   func(any) ([]byte, error)
	unmarshal func([]byte, any) error
}

func libraries() []library {
	return []library{{"cbor", cbor.Marshal, cbor.Unmarshal}, {"msgpack", msgpack.Marshal, msgpack.Unmarshal}}
}

// tree draws anything that JSON can hold.
func tree(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kind := rapid.IntRange(0, 6).Draw(t, "kind")
		if depth == 0 {
			kind %= 5
		}
		switch kind {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return float64(rapid.Int32().Draw(t, "n")) / 64
		case 3:
			return rapid.Int64().Draw(t, "int")
		case 4:
			return rapid.String().Draw(t, "string")
		case 5:
			return rapid.SliceOfN(tree(depth-1), 0, 20).Draw(t, "list")
		default:
			return rapid.MapOfN(rapid.String(), tree(depth-1), 0, 20).Draw(t, "map")
		}
	})
}

// canonical is what JSON makes of v.
func canonical(t *rapid.T, v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, text)
}

func parsed(t *rapid.T, text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// TestBinaryIsLikeTheLibraries reads what the formats' libraries write, and has
// them read what is written from JSON.
func TestBinaryIsLikeTheLibraries(t *testing.T) {
	t.Parallel()
	for _, l := range libraries() {
		c := codecNamed(t, l.format)
		rapid.Check(t, func(rt *rapid.T) {
			record := rapid.MapOfN(rapid.String(), tree(3), 0, 20).Draw(rt, "record")
			data, err := l.marshal(record)
			if err != nil {
				rt.Fatal(err)
			}
			got, failed := decodeOne(t, c, nil, field("", of(plugins.Record)), string(data))
			if want := canonical(rt, record); failed != "" || !reflect.DeepEqual(parsed(rt, []byte(got.Text)), want) {
				rt.Fatalf("%s: got %s (%s), want %v", l.format, got.Text, failed, want)
			}

			jsonText, err := json.Marshal(record)
			if err != nil {
				rt.Fatal(err)
			}
			b := batchOf(string(jsonText))
			e := encoder(t, c, nil, plugins.Shape{Format: "json"})
			decoder(t, codecNamed(t, "json"), nil, plugins.Type{}, e.Needs()...).Decode(b)
			var back map[string]any
			if err := l.unmarshal([]byte(encoded(e, framing(t, c, nil), b)), &back); err != nil {
				rt.Fatalf("%s of %s: %v", l.format, jsonText, err)
			}
			for k, v := range back {
				if v, ok := v.(map[any]any); ok {
					back[k] = stringKeys(v)
				}
			}
			if want := canonical(rt, record); !reflect.DeepEqual(canonical(rt, stringKeys(back)), want) {
				rt.Fatalf("%s: the library reads %v, want %v", l.format, back, want)
			}
		})
	}
}

// stringKeys turns the maps of fxamacker/cbor into those of encoding/json.
func stringKeys(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := map[string]any{}
		for k, x := range v {
			m[k.(string)] = stringKeys(x)
		}
		return m
	case map[string]any:
		m := map[string]any{}
		for k, x := range v {
			m[k] = stringKeys(x)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = stringKeys(x)
		}
		return list
	}
	return v
}

// TestBinaryTimes exchanges times with the libraries.
func TestBinaryTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 8, 0, 0, 123456789, time.UTC)
	for _, l := range libraries() {
		c := codecNamed(t, l.format)
		marshal := l.marshal
		if l.format == "cbor" {
			mode, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano, TimeTag: cbor.EncTagRequired}.EncMode()
			if err != nil {
				t.Fatal(err)
			}
			marshal = mode.Marshal
		}
		data, err := marshal(map[string]any{"x": at})
		if err != nil {
			t.Fatal(err)
		}
		got, failed := decodeOne(t, c, nil, field("x", of(plugins.Any)), string(data))
		if failed != "" || got.Kind != plugins.Time || got.Int != at.UnixNano() {
			t.Errorf("%s: got %+v, %s", l.format, got, failed)
		}
		b := new(plugins.Pool).Batch()
		b.SelectAll(1)
		fields := []plugins.Field{field("x", of(plugins.Time))}
		withColumns(b, fields, []plugins.Value{{Kind: plugins.Time, Int: at.UnixNano()}})
		var back map[string]time.Time
		if err := l.unmarshal([]byte(encoded(encoder(t, c, nil, plugins.Columns(fields...)), framing(t, c, nil), b)), &back); err != nil || !back["x"].Equal(at) {
			t.Errorf("%s: the library reads %v: %v", l.format, back, err)
		}
	}
}

// TestBinaryOverlay sets and removes fields of a payload of the same format.
func TestBinaryOverlay(t *testing.T) {
	t.Parallel()
	for _, l := range libraries() {
		c := codecNamed(t, l.format)
		shape := plugins.Shape{Format: l.format}.With([]plugins.Field{field("b", of(plugins.Int))}).Without([]string{"gone"})
		data, err := l.marshal(map[string]any{"a": []byte{255}, "b": 2, "gone": map[string]int{"x": 1}})
		if err != nil {
			t.Fatal(err)
		}
		b := batchOf(string(data), "\xff")
		withColumns(b, []plugins.Field{field("b", of(plugins.Int))}, []plugins.Value{intValue(9)}, []plugins.Value{intValue(9)})
		out := encoded(encoder(t, c, nil, shape), framing(t, c, nil), b)
		var back map[string]any
		if err := l.unmarshal([]byte(out), &back); err != nil || len(back) != 2 || !reflect.DeepEqual(back["a"], []byte{255}) || reflect.ValueOf(back["b"]).Convert(reflect.TypeFor[int]()).Int() != 9 {
			t.Errorf("%s: %v, %v", l.format, back, err)
		}
		if len(b.Failures) != 1 || b.Failures[0].Row != 1 {
			t.Errorf("%s: failures %+v", l.format, b.Failures)
		}
	}
}

func fuzzBinary(f *testing.F, format string) {
	for _, seed := range []string{"\xa1\x61x\x05", "\xbf\x61x\x9f\x01\xff\xff", "\x81\xa1x\x05", "\x81\xa1g\x81\xa1a\xc0", "\xa1\x61g\xa1\x61a\xc0\x61x"} {
		f.Add([]byte(seed))
	}
	c := codecNamed(f, format)
	fields := []plugins.Field{field("x", of(plugins.Any)), field("g/a", of(plugins.Float).OrNull()), field("g/b", of(plugins.Time).OrNull()), field("", of(plugins.Record))}
	f.Fuzz(func(t *testing.T, stream []byte) {
		spans, _, err := framing(t, c, nil).Splitter().Split(stream, 0, true, nil)
		var records []string
		for _, s := range spans {
			records = append(records, string(s.Of(stream)))
		}
		if err != nil {
			records = append(records, string(stream))
		}
		b := batchOf(records...)
		decoder(t, c, nil, plugins.Type{}, fields...).Decode(b)
		if len(b.Sel)+len(b.Failures) != len(records) {
			t.Fatalf("%d records, %d alive, %d failed", len(records), len(b.Sel), len(b.Failures))
		}
		for _, i := range b.Sel {
			if text := b.Column("").Bytes(i); !json.Valid(text) {
				t.Fatalf("%q became %s", b.Value(i), text)
			}
		}
		encoded(encoder(t, c, nil, plugins.Shape{Format: format}.Without([]string{"x"})), framing(t, c, nil), b)
		if len(b.Failures) > 0 && err == nil && len(b.Sel)+len(b.Failures) != len(records) {
			t.Fatalf("a record that was read cannot be written: %+v", b.Failures)
		}
	})
}

func FuzzCBORDecode(f *testing.F) { fuzzBinary(f, "cbor") }

func FuzzMessagePackDecode(f *testing.F) { fuzzBinary(f, "msgpack") }
