package codec_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// TestJSONAnswers is the table in the codec's documentation.
func TestJSONAnswers(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "json")
	long := strings.Repeat("0123456789", 100_000)
	tests := []struct {
		name   string
		t      plugins.Type
		record string
		want   plugins.Value
		err    string
	}{
		{"a float", of(plugins.Float), `{"a":1,"x":63.45}`, plugins.Value{Kind: plugins.Float, Float: 63.45}, ""},
		{"white space", of(plugins.Float), " \t{ \"a\" : [ 1 ] ,\r\n \"x\" : 5 } \r", plugins.Value{Kind: plugins.Float, Float: 5}, ""},
		{"an escaped key", of(plugins.Int), `{"\u0078":5}`, plugins.Value{Kind: plugins.Int, Int: 5}, ""},
		{"a key twice", of(plugins.Int), `{"x":5,"x":6}`, plugins.Value{Kind: plugins.Int, Int: 5}, ""},
		{"a string of 1 MB", of(plugins.String), `{"x":"` + long + `"}`, plugins.Value{Kind: plugins.String, Text: long}, ""},
		{"behind a string of 1 MB", of(plugins.Int), `{"a":"` + long + `","x":1}`, plugins.Value{Kind: plugins.Int, Int: 1}, ""},

		{"invalid UTF-8 that is read", of(plugins.String), "{\"x\":\"\xff\"}", plugins.Value{}, "field x is not valid UTF-8"},
		{"invalid UTF-8 that is not read", of(plugins.Int), "{\"a\":\"\xff\",\"x\":1}", plugins.Value{Kind: plugins.Int, Int: 1}, ""},
		{"an unpaired surrogate", of(plugins.String), `{"x":"\ud800"}`, plugins.Value{}, "record is not valid JSON at offset 7"},
		{"1,000 levels", of(plugins.Any), `{"x":` + deep(1000) + `}`, plugins.Value{Kind: plugins.List, Text: deep(1000)}, ""},
		{"20,000 levels read", of(plugins.Any), `{"x":` + deep(20_000) + `}`, plugins.Value{}, "field x is nested deeper than 1000 levels"},
		{"20,000 levels passed over", of(plugins.Int), `{"a":` + deep(20_000) + `,"x":1}`, plugins.Value{}, "record is nested deeper than 1000 levels"},
		{"1e400 as float", of(plugins.Float), `{"x":1e400}`, plugins.Value{}, "field x is out of range"},
		{"1e400 as any", of(plugins.Any), `{"x":1e400}`, plugins.Value{}, "field x is out of range"},
		{"2^53+1 as int", of(plugins.Int), `{"x":9007199254740993}`, plugins.Value{Kind: plugins.Int, Int: 9007199254740993}, ""},
		{"2^53+1 as any", of(plugins.Any), `{"x":9007199254740993}`, plugins.Value{Kind: plugins.Int, Int: 9007199254740993}, ""},
		{"2^53+1 as float", of(plugins.Float), `{"x":9007199254740993}`, plugins.Value{Kind: plugins.Float, Float: 9007199254740992}, ""},
		{"2^63 as int", of(plugins.Int), `{"x":9223372036854775808}`, plugins.Value{}, "field x is out of range"},
		{"2^63 as any", of(plugins.Any), `{"x":9223372036854775808}`, plugins.Value{}, "field x is out of range"},
		{"2^63 as float", of(plugins.Float), `{"x":9223372036854775808}`, plugins.Value{Kind: plugins.Float, Float: 1 << 63}, ""},
		{"3 as float", of(plugins.Float), `{"x":3}`, plugins.Value{Kind: plugins.Float, Float: 3}, ""},
		{"1.0 as int", of(plugins.Int), `{"x":1.0}`, plugins.Value{}, "field x is a float, not int"},
		{"1.5 as int", of(plugins.Int), `{"x":1.5}`, plugins.Value{}, "field x is a float, not int"},
		{"NaN", of(plugins.Float), `{"x":NaN}`, plugins.Value{}, "record is not valid JSON at offset 5"},
		{"Infinity", of(plugins.Any), `{"x":-Infinity}`, plugins.Value{}, "record is not valid JSON at offset 5"},
		{"a trailing comma", of(plugins.Int).OrNull(), `{"a":1,}`, plugins.Value{}, "record is not valid JSON at offset 7"},
		{"a comment", of(plugins.Int).OrNull(), `{/**/"a":1}`, plugins.Value{}, "record is not valid JSON at offset 1"},

		{"missing", of(plugins.Int), `{"y":1}`, plugins.Value{}, "field x is missing"},
		{"missing, optional", of(plugins.Int).OrNull(), `{"y":1}`, plugins.Value{Kind: plugins.Null}, ""},
		{"missing, any", of(plugins.Any), `{}`, plugins.Value{Kind: plugins.Null}, ""},
		{"null", of(plugins.Int), `{"x":null}`, plugins.Value{}, "field x is null"},
		{"null, optional", of(plugins.Int).OrNull(), `{"x":null}`, plugins.Value{Kind: plugins.Null}, ""},
		{"of another type", of(plugins.Float), `{"x":"5"}`, plugins.Value{}, "field x is a string, not float"},

		{"cut off in a value", of(plugins.Float), `{"x":1`, plugins.Value{}, "record is not a JSON object"},
		{"cut off in a string", of(plugins.String), `{"x":"a}`, plugins.Value{}, "record is not valid JSON at offset 8"},
		{"cut off before the field", of(plugins.Float), `{"a":{"x":1}`, plugins.Value{}, "record is not valid JSON at offset 12"},
		{"an array", of(plugins.Float), `[1]`, plugins.Value{}, "record is not a JSON object"},
		{"nothing", of(plugins.Float), ``, plugins.Value{}, "record is not a JSON object"},
		{"one brace", of(plugins.Any), `{`, plugins.Value{}, "record is not a JSON object"},
		{"more behind the object", of(plugins.Any), `{} {}`, plugins.Value{}, "record is not valid JSON at offset 2"},
		{"two objects", of(plugins.Int), `{"x":1}{"x":2}`, plugins.Value{}, "record is not valid JSON at offset 7"},
		{"two objects, more behind the field", of(plugins.Int), `{"x":1,"s":"}"} {"x":2}`, plugins.Value{}, "record is not valid JSON at offset 15"},
		{"garbage behind the object", of(plugins.Int), `{"x":3} garbage }`, plugins.Value{}, "record is not valid JSON at offset 7"},
		{"a brace too many", of(plugins.Int), `{"x":18,"v":1}}`, plugins.Value{}, "record is not valid JSON at offset 14"},
		{"a brace too few", of(plugins.Int), `{"x":18,"v":{"w":{}}`, plugins.Value{}, "record is not valid JSON at offset 20"},
		{"braces behind the field", of(plugins.Int), `{"x":1,"s":"}\"}","o":[{"p":{}}]}`, plugins.Value{Kind: plugins.Int, Int: 1}, ""},
		{"broken behind the field", of(plugins.Int), `{"x":1,,}`, plugins.Value{Kind: plugins.Int, Int: 1}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeOne(t, c, nil, field("x", tt.t), tt.record)
			if err != tt.err || got != tt.want {
				t.Errorf("got %.80v, %q; want %.80v, %q", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestJSONStrict(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "json")
	for _, record := range []string{`{"x":1,,}`, `{"a":[},"x":1}`, "{\"x\":1,\"a\":\"\xff\"}", `{"x":1,"a":nul}`} {
		if _, err := decodeOne(t, c, nil, field("x", of(plugins.Int)), record); err != "" {
			t.Errorf("%s: %s", record, err)
		}
		if _, err := decodeOne(t, c, options{"strict": true}, field("x", of(plugins.Int)), record); !strings.HasPrefix(err, "record is not valid") {
			t.Errorf("strict %s: error %q", record, err)
		}
	}
}

func TestJSONPaths(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "json")
	text := of(plugins.Any)
	b := batchOf(
		`{"gps":{"lat":1,"lon":[2, 3]},"a/b":{"c~d":4}}`,
		`{"gps":{"lon":[2],"alt":9,"lat":1.5}}`,
		`{"gps":null}`,
		`{"gps":7,"a/b":[]}`,
		` { "gps" : { "lat" : null } } `,
		`{"gps":{"lat":8}}`, // begins as the one with null does
	)
	decoder(t, c, nil, plugins.Type{},
		field("gps/lat", text), field("gps/lon", text), field("a~1b/c~0d", text), field("", of(plugins.Record)),
	).Decode(b)
	want := map[string][]string{
		"gps/lat":   {"1", "1.5", "", "", "", "8"},
		"gps/lon":   {"[2, 3]", "[2]", "", "", "", ""},
		"a~1b/c~0d": {"4", "", "", "", "", ""},
		"":          {`{"gps":{"lat":1,"lon":[2, 3]},"a/b":{"c~d":4}}`, `{"gps":{"lon":[2],"alt":9,"lat":1.5}}`, `{"gps":null}`, `{"gps":7,"a/b":[]}`, `{ "gps" : { "lat" : null } }`},
	}
	if len(b.Failures) > 0 {
		t.Fatal(b.Failures)
	}
	for path, values := range want {
		for i, v := range values {
			if got := show(b.Column(path).Value(uint32(i))); got != v {
				t.Errorf("%q of row %d is %s, want %s", path, i, got, v)
			}
		}
	}
}

// TestJSONPartsOfFields reads fields that are inside other fields which are read,
// and one field as two types.
func TestJSONPartsOfFields(t *testing.T) {
	t.Parallel()
	b := batchOf(`{"gps":{"lat":1,"s":"\u0041"}}`, `{"gps":{"lat":2}}`, `{"gps":"x"}`, `{}`, `{"gps":{"lat":"x"}}`, `{"gps":{"lat":4,"s":"b"}}`)
	d := decoder(t, codecNamed(t, "json"), nil, plugins.Type{},
		field("gps/lat", of(plugins.Float).OrNull()), field("gps", of(plugins.Any)), field("gps/s", of(plugins.String).OrNull()),
	)
	d.Decode(b)
	if len(b.Failures) != 1 || b.Failures[0].Row != 4 || b.Failures[0].Msg != "field gps.lat is a string, not float" {
		t.Fatalf("failures %+v", b.Failures)
	}
	for row, want := range map[uint32][2]string{0: {"1", "A"}, 1: {"2", ""}, 2: {"", ""}, 3: {"", ""}, 5: {"4", "b"}} {
		got := [2]string{show(b.Column("gps/lat").Value(row)), show(b.Column("gps/s").Value(row))}
		if got != want {
			t.Errorf("row %d: %q, want %q", row, got, want)
		}
	}

	b = batchOf(`{"n":5}`)
	decoder(t, codecNamed(t, "json"), nil, plugins.Type{}, field("n", of(plugins.Int)), field("n", of(plugins.Float))).Decode(b)
	if len(b.Failures) > 0 || show(b.Column("n").Value(0)) != "5" || b.Column("n").Kind != plugins.Float {
		t.Errorf("as two types: %+v", b.Column("n"))
	}
}

// TestJSONFailuresLeaveTheRest checks that one bad row takes nothing else along,
// and that a decoder is as new after it.
func TestJSONFailuresLeaveTheRest(t *testing.T) {
	t.Parallel()
	d := decoder(t, codecNamed(t, "json"), nil, plugins.Type{}, field("x", of(plugins.String).OrNull()))
	for range 3 {
		b := batchOf(`{"x":"a"}`, `{"x":}`, `{"y":1}`, `{"x":"\u00e9"}`, `{"x":1}`, `{"x":null}`, `{"x":"b"}`)
		b.Sel = append(b.Sel[:2], b.Sel[3:]...) // row 2 is dead already
		d.Decode(b)
		var failed []uint32
		b.TakeFailures(func(f plugins.Failure) {
			failed = append(failed, f.Row)
			if f.Code != "decode" {
				t.Errorf("code %q", f.Code)
			}
		})
		if len(failed) != 2 || failed[0] != 1 || failed[1] != 4 {
			t.Errorf("failed rows %v", failed)
		}
		var got []string
		for _, i := range b.Sel {
			got = append(got, show(b.Column("x").Value(i)))
		}
		if want := "a é  b"; strings.Join(got, " ") != want {
			t.Errorf("got %q, want %q", strings.Join(got, " "), want)
		}
	}
}
