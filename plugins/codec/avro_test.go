package codec_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

// avroCase is a type with a way to draw values of it: as hamba/avro wants them,
// and as they are to be in JSON.
type avroCase struct {
	schema any
	draw   func(t *rapid.T) (native, want any)
	plain  bool   // not a union
	branch string // by which the library knows the type in a union, where it must be told
}

// avroNames makes names that are not used yet.
type avroNames struct{ n int }

func (n *avroNames) next(prefix string) string {
	n.n++
	return fmt.Sprintf("%s%d", prefix, n.n)
}

func logical(t, l string) map[string]any { return map[string]any{"type": t, "logicalType": l} }

func avroScalar(t *rapid.T, names *avroNames) avroCase {
	at := func(unit int64) func(t *rapid.T) (any, any) {
		return func(t *rapid.T) (any, any) {
			n := rapid.Int64Range(-1e18/unit, 1e18/unit).Draw(t, "time") * unit
			x := time.Unix(0, n).UTC()
			return x, x.Format(time.RFC3339Nano)
		}
	}
	symbols := []string{"OK", "WARN", "FAIL"}
	fixed, enum := names.next("F"), names.next("E")
	cases := []avroCase{
		{schema: "null", draw: func(*rapid.T) (any, any) { return nil, nil }},
		{schema: "boolean", draw: func(t *rapid.T) (any, any) { b := rapid.Bool().Draw(t, "bool"); return b, b }},
		{schema: "int", draw: func(t *rapid.T) (any, any) { n := rapid.Int32().Draw(t, "int"); return int(n), n }},
		{schema: "long", draw: func(t *rapid.T) (any, any) { n := rapid.Int64().Draw(t, "long"); return n, n }},
		{schema: "float", draw: func(t *rapid.T) (any, any) {
			f := rapid.Float32Range(-1e30, 1e30).Draw(t, "float")
			return f, float64(f)
		}},
		{schema: "double", draw: func(t *rapid.T) (any, any) { f := rapid.Float64Range(-1e300, 1e300).Draw(t, "double"); return f, f }},
		{schema: "string", draw: func(t *rapid.T) (any, any) { s := rapid.String().Draw(t, "string"); return s, s }},
		{schema: "bytes", draw: func(t *rapid.T) (any, any) { b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"); return b, b }},
		{branch: fixed, schema: map[string]any{"type": "fixed", "name": fixed, "size": 3}, draw: func(t *rapid.T) (any, any) {
			b := [3]byte(rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "fixed"))
			return b, b[:]
		}},
		{branch: enum, schema: map[string]any{"type": "enum", "name": enum, "symbols": symbols}, draw: func(t *rapid.T) (any, any) {
			s := rapid.SampledFrom(symbols).Draw(t, "symbol")
			return s, s
		}},
		{schema: logical("long", "timestamp-millis"), draw: at(1e6)},
		{schema: logical("long", "timestamp-micros"), draw: at(1e3)},
		{schema: logical("int", "date"), draw: at(86400e9)},
		{schema: logical("long", "time-micros"), draw: func(t *rapid.T) (any, any) {
			d := time.Duration(rapid.Int64Range(0, 86400e6-1).Draw(t, "micros")) * time.Microsecond
			return d, d.String()
		}},
		{schema: logical("string", "uuid"), draw: func(t *rapid.T) (any, any) {
			s := "6f1c9a54-0000-4000-8000-000000000001"
			return s, s
		}},
		{schema: map[string]any{"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 2}, draw: func(t *rapid.T) (any, any) {
			cents := rapid.Int64Range(-1e15, 1e15).Draw(t, "cents")
			return big.NewRat(cents, 100), json.Number(new(big.Rat).SetFrac64(cents, 100).FloatString(2))
		}},
	}
	c := rapid.SampledFrom(cases).Draw(t, "scalar")
	c.plain = c.schema != "null"
	return c
}

func avroAny(t *rapid.T, depth int, names *avroNames) avroCase {
	kind := rapid.IntRange(0, 8).Draw(t, "kind")
	if depth == 0 || kind < 4 {
		return avroScalar(t, names)
	}
	switch kind {
	case 4:
		c := avroAny(t, depth-1, names)
		return avroCase{plain: true, schema: map[string]any{"type": "array", "items": c.schema}, draw: func(t *rapid.T) (any, any) {
			native, want := []any{}, []any{}
			for range rapid.IntRange(0, 4).Draw(t, "items") {
				n, w := c.draw(t)
				native, want = append(native, n), append(want, w)
			}
			return native, want
		}}
	case 5:
		c := avroAny(t, depth-1, names)
		return avroCase{plain: true, branch: "map", schema: map[string]any{"type": "map", "values": c.schema}, draw: func(t *rapid.T) (any, any) {
			native, want := map[string]any{}, map[string]any{}
			for _, k := range rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "keys") {
				native[k], want[k] = c.draw(t)
			}
			return native, want
		}}
	case 6, 7:
		return avroRecordCase(t, depth-1, names)
	}
	c := avroAny(t, depth-1, names)
	for !c.plain {
		c = avroScalar(t, names)
	}
	return avroCase{schema: []any{"null", c.schema}, draw: func(t *rapid.T) (any, any) {
		if rapid.Bool().Draw(t, "null") {
			return nil, nil
		}
		native, want := c.draw(t)
		if c.branch != "" {
			native = map[string]any{c.branch: native}
		}
		return native, want
	}}
}

func avroRecordCase(t *rapid.T, depth int, names *avroNames) avroCase {
	fields := map[string]avroCase{}
	var list []any
	for range rapid.IntRange(1, 4).Draw(t, "fields") {
		name := names.next("f")
		fields[name] = avroAny(t, depth, names)
		list = append(list, map[string]any{"name": name, "type": fields[name].schema})
	}
	name := names.next("R")
	return avroCase{plain: true, branch: name, schema: map[string]any{"type": "record", "name": name, "fields": list}, draw: func(t *rapid.T) (any, any) {
		native, want := map[string]any{}, map[string]any{}
		for _, f := range list {
			name := f.(map[string]any)["name"].(string)
			native[name], want[name] = fields[name].draw(t)
		}
		return native, want
	}}
}

func jsonOf(t fatal, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

type fatal interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// sameJSON compares two texts as values; numbers by what they are.
func sameJSON(t fatal, a, b string) bool {
	var x, y any
	for _, p := range []struct {
		text string
		v    *any
	}{{a, &x}, {b, &y}} {
		d := json.NewDecoder(strings.NewReader(p.text))
		d.UseNumber()
		if err := d.Decode(p.v); err != nil {
			t.Fatalf("%s: %v", p.text, err)
		}
	}
	return sameValue(x, y)
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		n, ok := b.(json.Number)
		x, okX := new(big.Float).SetPrec(200).SetString(a.String())
		y, okY := new(big.Float).SetPrec(200).SetString(n.String())
		if !ok || !okX || !okY {
			return false
		}
		fx, _ := x.Float64()
		fy, _ := y.Float64()
		return x.Cmp(y) == 0 || strings.ContainsAny(a.String()+n.String(), ".e") && fx == fy
	case []any:
		list, ok := b.([]any)
		return ok && slices.EqualFunc(a, list, sameValue)
	case map[string]any:
		m, ok := b.(map[string]any)
		if !ok || len(a) != len(m) {
			return false
		}
		for k, v := range a {
			other, there := m[k]
			if !there || !sameValue(v, other) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// TestAvroIsLikeTheLibrary reads what hamba/avro writes, of any schema, as a whole
// and field by field, and has it read what is written from that.
func TestAvroIsLikeTheLibrary(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "avro")
	rapid.Check(t, func(rt *rapid.T) {
		record := avroRecordCase(rt, 3, new(avroNames))
		text := jsonOf(rt, record.schema)
		schema, err := avro.ParseWithCache(text, "", new(avro.SchemaCache))
		if err != nil {
			rt.Fatal(err)
		}
		native, want := record.draw(rt)
		data, err := avro.Marshal(schema, native)
		if err != nil {
			rt.Fatalf("%s of %v: %v", text, native, err)
		}
		o := options{"schema": text}
		got, failed := decodeOne(t, c, o, field("", of(plugins.Record)), string(data))
		if failed != "" || !sameJSON(rt, got.Text, jsonOf(rt, want)) {
			rt.Fatalf("%s: got %s (%s), want %s", text, got.Text, failed, jsonOf(rt, want))
		}
		typ := c.Type(plugins.NewConfig(o))
		decodeEach(rt, c, o, typ, string(data), want.(map[string]any))

		b := batchOf(got.Text)
		e := encoder(t, c, o, plugins.Shape{Format: "json"})
		decoder(t, codecNamed(t, "json"), nil, plugins.Type{}, e.Needs()...).Decode(b)
		written := encoded(e, framing(t, c, o), b)
		if len(b.Failures) > 0 {
			rt.Fatalf("%s of %s: %+v", text, got.Text, b.Failures)
		}
		var back any
		if err := avro.Unmarshal(schema, []byte(written), &back); err != nil {
			rt.Fatalf("%s: the library cannot read %q: %v", text, written, err)
		}
		again, failed := decodeOne(t, c, o, field("", of(plugins.Record)), written)
		if failed != "" || !sameJSON(rt, again.Text, got.Text) {
			rt.Fatalf("%s: wrote %s, read %s (%s)", text, got.Text, again.Text, failed)
		}
	})
}

// decodeEach reads the fields of a record one by one, each in the type that the
// format says.
func decodeEach(t fatal, c plugins.Codec, o options, typ plugins.Type, record string, want map[string]any) {
	var fields []plugins.Field
	for _, f := range typ.Fields {
		fields = append(fields, f)
		for _, inner := range f.Type.Fields {
			fields = append(fields, field(f.Name+"/"+inner.Name, inner.Type.OrNull()))
		}
	}
	d, err := c.Decoder(plugins.DecoderConfig{Fields: fields, Options: plugins.NewConfig(o)})
	if err != nil {
		t.Fatal(err)
	}
	b := batchOf(record)
	d.Decode(b)
	if len(b.Failures) > 0 {
		t.Fatalf("%+v", b.Failures)
	}
	for _, f := range fields {
		v := any(want)
		for _, name := range plugins.SplitPath(f.Name) {
			m, _ := v.(map[string]any)
			v = m[name]
		}
		got := b.Column(f.Name).Value(0)
		if text := valueJSON(t, got); !sameJSON(t, text, jsonOf(t, v)) {
			t.Fatalf("field %s: got %s, want %s", f.Name, text, jsonOf(t, v))
		}
	}
}

// valueJSON is a value as it stands inside of a record.
func valueJSON(t fatal, v plugins.Value) string {
	switch v.Kind {
	case plugins.Bytes:
		return jsonOf(t, []byte(v.Text))
	case plugins.String:
		return jsonOf(t, v.Text)
	case plugins.Float:
		return jsonOf(t, v.Float)
	}
	return v.String()
}

const avroReading = `{"type":"record","name":"plant.Reading","fields":[
	{"name":"device","type":"string"},
	{"name":"temp","type":["null","double"]},
	{"name":"n","type":"int"},
	{"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"}},
	{"name":"mode","type":{"type":"enum","name":"Mode","symbols":["AUTO","MANUAL"]}},
	{"name":"gps","type":["null",{"type":"record","name":"GPS","fields":[{"name":"lat","type":"float"},{"name":"lon","type":"float"}]}]},
	{"name":"tags","type":{"type":"map","values":"string"}},
	{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}]}`

// avroRecord is a record of avroReading, as hamba/avro writes it.
func avroRecord(t testing.TB, change func(map[string]any)) string {
	t.Helper()
	v := map[string]any{
		"device": "d1", "temp": 21.5, "n": 7, "ts": time.UnixMilli(1700000000123).UTC(), "mode": "MANUAL",
		"gps":  map[string]any{"plant.GPS": map[string]any{"lat": float32(48.5), "lon": float32(9.25)}},
		"tags": map[string]any{"site": "plant-5", "lat": "x"}, "price": big.NewRat(1999, 100),
	}
	if change != nil {
		change(v)
	}
	data, err := avro.Marshal(avro.MustParse(avroReading), v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAvroFields(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "avro")
	o := options{"schema": avroReading}
	full := avroRecord(t, nil)
	sparse := avroRecord(t, func(v map[string]any) { v["temp"], v["gps"] = nil, nil })
	tests := []struct {
		record, path string
		t            plugins.Type
		want, err    string
	}{
		{full, "device", of(plugins.String), `"d1"`, ""},
		{full, "device", of(plugins.Bytes), `"d1"`, ""},
		{full, "device", of(plugins.Int), "", "field device is a string, not int"},
		{full, "temp", of(plugins.Float), "21.5", ""},
		{sparse, "temp", of(plugins.Float).OrNull(), "null", ""},
		{sparse, "temp", of(plugins.Any), "null", ""},
		{sparse, "temp", of(plugins.Float), "", "field temp is null"},
		{full, "n", of(plugins.Float), "7", ""},
		{full, "ts", of(plugins.Time), `"2023-11-14T22:13:20.123Z"`, ""},
		{full, "ts", of(plugins.Int), "", "field ts is a time, not int"},
		{full, "mode", of(plugins.Any), `"MANUAL"`, ""},
		{full, "gps/lon", of(plugins.Float), "9.25", ""},
		{sparse, "gps/lon", of(plugins.Float).OrNull(), "null", ""},
		{sparse, "gps/lon", of(plugins.Float), "", "field gps.lon is missing"},
		{full, "gps", of(plugins.Record), `{"lat":48.5,"lon":9.25}`, ""},
		{full, "gps", of(plugins.List), "", "field gps is a record, not list"},
		{full, "tags/site", of(plugins.String), `"plant-5"`, ""},
		{full, "tags/none", of(plugins.String).OrNull(), "null", ""},
		{full, "price", of(plugins.Float), "19.99", ""},
		{full, "price", of(plugins.String), `"19.99"`, ""},
		{full, "nowhere", of(plugins.Int), "", "field nowhere is missing"},
		{full[:len(full)-1], "device", of(plugins.String), "", "record is cut off"},
		{full + "x", "device", of(plugins.String), "", "record has other bytes behind it: it was written with another schema, or is no Avro"},
		{"", "device", of(plugins.String), "", "record is cut off"},
		{"\x00\x00\x00\x00\x07" + full, "device", of(plugins.String), "", `record is malformed; it begins as records of a schema registry do, with the id 7: then set registry = "URL" and wire = "confluent"`},
	}
	for _, tt := range tests {
		got, err := decodeOne(t, c, o, field(tt.path, tt.t), tt.record)
		if err != tt.err || err == "" && got.String() != tt.want {
			t.Errorf("%s as %s: %s, %q; want %s, %q", tt.path, tt.t, got, err, tt.want, tt.err)
		}
	}
}

// TestAvroType is what is known of the records before anything runs.
func TestAvroType(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "avro")
	got := c.Type(plugins.NewConfig(options{"schema": avroReading})).String()
	want := "record({device = string, temp = optional(float), n = int, ts = time, mode = string, " +
		"gps = optional(record({lat = float, lon = float})), tags = map(string), price = float})"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	nested := `{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]},{"name":"u","type":["int","double"]},
		{"name":"v","type":["int","string"]},{"name":"w","type":["null","int","long"]},{"name":"d","type":{"type":"int","logicalType":"time-millis"}},
		{"name":"ns","type":{"type":"long","logicalType":"timestamp-nanos"}}]}`
	got = c.Type(plugins.NewConfig(options{"schema": nested})).String()
	if want := "record({r = any, u = float, v = any, w = optional(int), d = duration, ns = time})"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestAvroBounds reads records that would take more than they are.
func TestAvroBounds(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "avro")
	tests := []struct{ schema, record, err string }{
		{`{"type":"record","name":"R","fields":[{"name":"x","type":{"type":"array","items":"null"}}]}`, string(avroLong(1<<40)) + "\x00", "has too many values that take no bytes"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":"R"}]}`, "", "nested deeper than 1000 levels"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":["null","R"]}]}`, strings.Repeat("\x02", 5000), "nested deeper than 1000 levels"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":"bytes"}]}`, string(avroLong(1 << 40)), "has an item longer than 256 MiB"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":"bytes"}]}`, string(avroLong(-1)), "is malformed"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":"bytes"}]}`, strings.Repeat("\xff", 9) + "\x02", "is malformed"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":"int"}]}`, string(avroLong(1 << 40)), "is malformed"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":["null","int"]}]}`, "\x04", "is malformed"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":{"type":"long","logicalType":"timestamp-millis"}}]}`, string(avroLong(math.MaxInt64)), "is out of range"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":"double"}]}`, "\x00\x00\x00\x00\x00\x00\xf8\x7f", "is not finite"},
		{`{"type":"record","name":"R","fields":[{"name":"x","type":"string"}]}`, "\x02\xff", "is not valid UTF-8"},
	}
	for _, tt := range tests {
		for _, path := range []string{"", "x"} {
			kind := plugins.Any
			if path == "" {
				kind = plugins.Record
			}
			if _, err := decodeOne(t, c, options{"schema": tt.schema}, field(path, of(kind)), tt.record); !strings.Contains(err, tt.err) {
				t.Errorf("%s of %.20q: %q, want %q", path, tt.record, err, tt.err)
			}
		}
	}
}

func avroLong(n int64) []byte {
	data, err := avro.Marshal(avro.MustParse(`"long"`), n)
	if err != nil {
		panic(err)
	}
	return data
}

// TestAvroStream writes records behind one another, and cuts them.
func TestAvroStream(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "avro")
	o := options{"schema": avroReading}
	one, two := avroRecord(t, nil), avroRecord(t, func(v map[string]any) { v["device"] = "d2" })
	s := framing(t, c, o).Splitter()
	for _, pieces := range [][]int{nil, {1, 1, 1, 1, 1, 5, 7}} {
		got, err := cut(t, s, []byte(one+two), pieces)
		if err != nil || !slices.Equal(got, []string{one, two}) {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := cut(t, s, []byte("Obj\x01..."), nil); err == nil || !strings.Contains(err.Error(), "this is an Avro container file") {
		t.Error(err)
	}
	if _, err := cut(t, s, []byte(one+two[:9]), nil); message(err) != "record is cut off" {
		t.Error(err)
	}
}
