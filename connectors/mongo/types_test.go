package mongo

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// anyValue is a value of a type that both forms can be asked about, in a document of some depth.
func anyValue(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.SampledFrom([]float64{1, 0, math.Copysign(0, -1), 1e300, 5e-324, 1 << 53, math.NaN(), math.Inf(1), math.Inf(-1)}), func(f float64) any { return f }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just(any(nil)),
		rapid.Map(rapid.Int64(), func(n int64) any { return bson.DateTime(n) }),
		rapid.Map(rapid.Int64Range(-62167219200000, 253402300799999), func(n int64) any { return bson.DateTime(n) }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 12, 12), func(b []byte) any { return bson.ObjectID(b) }),
		rapid.Map(rapid.SampledFrom([]string{"1.10", "-0.000", "1E+6000", "9999999999999999999999999999999999", "NaN", "Infinity", "-Infinity", "0E-6176"}), func(s string) any {
			d, _ := bson.ParseDecimal128(s)
			return d
		}),
		rapid.Custom(func(t *rapid.T) any {
			return bson.Binary{Subtype: rapid.SampledFrom([]byte{0, 4, 5, 0x80}).Draw(t, "subtype"), Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data")}
		}),
		rapid.Custom(func(t *rapid.T) any {
			return bson.Timestamp{T: rapid.Uint32().Draw(t, "t"), I: rapid.Uint32().Draw(t, "i")}
		}),
		rapid.Map(rapid.StringMatching(`[a-z\\"/]*`), func(s string) any { return bson.Regex{Pattern: s, Options: "i"} }),
		rapid.SampledFrom([]any{bson.MinKey{}, bson.MaxKey{}, bson.Symbol("s"), bson.JavaScript("f()")}),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.Map(anyDocument(depth-1), func(d bson.D) any { return d }),
			rapid.Map(rapid.SliceOfN(anyValue(depth-1), 0, 4), func(a []any) any { return bson.A(a) }))
	}
	return rapid.OneOf(kinds...)
}

func anyDocument(depth int) *rapid.Generator[bson.D] {
	return rapid.Custom(func(t *rapid.T) bson.D {
		d := bson.D{}
		for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zé .]{0,4}`), 0, 30, rapid.ID).Draw(t, "names") {
			d = append(d, bson.E{Key: name, Value: anyValue(depth).Draw(t, "value")})
		}
		return d
	})
}

// What is read in the extended form is written again as the same bytes, and the driver reads the same.
func TestExtendedFormKeepsEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, err := bson.Marshal(anyDocument(2).Draw(t, "document"))
		if err != nil {
			t.Skip(err) // a name that BSON does not have
		}
		text, err := appendDocument(nil, raw, extended)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) {
			t.Fatalf("no JSON: %s", text)
		}
		again, err := (&encoder{form: extended}).document(nil, text)
		if err != nil || string(again) != string(raw) {
			t.Fatalf("%v\n%s\nwas %v\nis  %v", err, text, raw, bson.Raw(again))
		}
	})
}

// What JSON has is in the plain form as it is, integers are integers and numbers with a fraction are such.
func TestPlainFormKeepsWhatJSONHas(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `{"a":9223372036854775807,"b":-9223372036854775808,"c":1.0,"d":1e+300,"e":0.1}`,
		`{"a":null,"b":[],"c":{},"d":[1,"2",[true,false,{"x":[null]}]]}`,
		`{"é\"\\\n":"\u0001","":"empty","$set":{"$gt":""},"a.b":1}`, `{"$oid":"5f5f5f5f5f5f5f5f5f5f5f5f"}`, `{"d":{"$date":"2026-01-31T08:00:00Z"}}`,
	} {
		raw, err := new(encoder).document(nil, []byte(" "+text+"\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if err := bson.Raw(raw).Validate(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if again, err := appendDocument(nil, raw, plain); err != nil || string(again) != text {
			t.Errorf("%s\nis %s (%v)", text, again, err)
		}
	}
}

// What the pipeline says a field is, it is in the document; and it comes back as the text that it was.
func TestTypesOfFields(t *testing.T) {
	t.Parallel()
	types := &typeNode{}
	for path, as := range map[string]string{"at": "date", "o": "objectid", "d": "decimal", "b": "binary", "f": "double", "i": "int", "l": "long"} {
		types.add([]string{path}, as)
	}
	types.add([]string{"in", "at"}, "date")
	types.knowTypes(plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{
		{Name: "since", Type: plugins.Of(plugins.Time)}, {Name: "bytes", Type: plugins.Of(plugins.Bytes)}, {Name: "float", Type: plugins.Of(plugins.Float).OrNull()}, {Name: "ms", Type: plugins.Type{Kind: plugins.Time, Layout: "ms"}},
		{Name: "all", Type: plugins.Type{Kind: plugins.List, Elem: &plugins.Type{Kind: plugins.Time}}},
	}})
	e := encoder{types: types}
	for _, tt := range []struct{ text, want, plainly string }{
		{`{"at":"2026-01-31T08:00:00.123999Z"}`, `{"at":{"$date":"2026-01-31T08:00:00.123Z"}}`, `{"at":"2026-01-31T08:00:00.123Z"}`},
		{`{"at":"1969-12-31T23:59:59.9999Z"}`, `{"at":{"$date":"1969-12-31T23:59:59.999Z"}}`, `{"at":"1969-12-31T23:59:59.999Z"}`},
		{`{"at":1769846400123}`, `{"at":{"$date":"2026-01-31T08:00:00.123Z"}}`, `{"at":"2026-01-31T08:00:00.123Z"}`},
		{`{"o":"65a1b2c3d4e5f60718293a4b"}`, `{"o":{"$oid":"65a1b2c3d4e5f60718293a4b"}}`, ``},
		{`{"d":"1.10"}`, `{"d":{"$numberDecimal":"1.10"}}`, ``}, {`{"d":1.10}`, `{"d":{"$numberDecimal":"1.10"}}`, `{"d":"1.10"}`},
		{`{"d":123456789012345678901234567890}`, `{"d":{"$numberDecimal":"123456789012345678901234567890"}}`, `{"d":"123456789012345678901234567890"}`},
		{`{"b":"AAH/"}`, `{"b":{"$binary":{"base64":"AAH/","subType":"00"}}}`, ``},
		{`{"f":1,"i":7,"l":"9"}`, `{"f":1.0,"i":7,"l":9}`, `{"f":1.0,"i":7,"l":9}`},
		{`{"in":{"at":"2026-01-31T08:00:00Z"},"since":null}`, `{"in":{"at":{"$date":"2026-01-31T08:00:00Z"}},"since":null}`, `{"in":{"at":"2026-01-31T08:00:00Z"},"since":null}`},
		{`{"in":[{"at":0},{"at":1}]}`, `{"in":[{"at":{"$date":"1970-01-01T00:00:00Z"}},{"at":{"$date":"1970-01-01T00:00:00.001Z"}}]}`, `{"in":[{"at":"1970-01-01T00:00:00Z"},{"at":"1970-01-01T00:00:00.001Z"}]}`},
		{`{"float":61}`, `{"float":61.0}`, `{"float":61.0}`}, {`{"float":null}`, `{"float":null}`, ``}, {`{"at":"9999-01-01T00:00:00+01:00"}`, `{"at":{"$date":"9998-12-31T23:00:00Z"}}`, `{"at":"9998-12-31T23:00:00Z"}`},
		{`{"since":"2026-01-31T08:00:00Z","bytes":"AA==","ms":5,"all":["2026-01-31T08:00:00Z"]}`, `{"since":{"$date":"2026-01-31T08:00:00Z"},"bytes":{"$binary":{"base64":"AA==","subType":"00"}},"ms":5,"all":[{"$date":"2026-01-31T08:00:00Z"}]}`, ``},
	} {
		raw, err := e.document(nil, []byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got, err := appendDocument(nil, raw, extended); err != nil || string(got) != tt.want {
			t.Errorf("%s\nis     %s\nwanted %s (%v)", tt.text, got, tt.want, err)
		}
		want := tt.plainly
		if want == "" {
			want = tt.text
		}
		if got, err := appendDocument(nil, raw, plain); err != nil || string(got) != want {
			t.Errorf("%s\nis     %s\nwanted %s (%v)", tt.text, got, want, err)
		}
	}
}

// What no document can be is refused, and where it is.
func TestRecordsThatAreNoDocuments(t *testing.T) {
	t.Parallel()
	types := &typeNode{}
	for _, as := range typeNames {
		types.add([]string{as}, as)
	}
	wide := func(last string) string {
		var s strings.Builder
		s.WriteString(`{"w":{"x":{`)
		for i := range 2000 {
			fmt.Fprintf(&s, `"f%d":1,`, i)
		}
		return s.String() + `"` + last + `":1}}}`
	}
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for _, tt := range []struct {
		name, text, want string
		form             form
	}{
		{name: "twice", text: `{"a":{"x":1,"\u0078":2}}`, want: `the field "a.x" is in the object twice`},
		{name: "twice among many", text: wide("f7"), want: `the field "w.x.f7" is in the object twice`},
		{name: "many", text: wide("other")},
		{name: "zero", text: `{"a\u0000b":1}`, want: "has a zero byte in its name"},
		{name: "as deep as can be", text: deep(100)},
		{name: "deeper", text: deep(101), want: "is nested deeper than 100 levels"},
		{name: "deeper lists", text: `{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, want: "is nested deeper than 100 levels"},
		{name: "large", text: `{"a":[0,9223372036854775808]}`, want: `the field "a.1" is an integer beyond 64 bits`},
		{name: "larger", text: `{"a":1e400}`, want: `the field "a" is a number beyond what a double has`},
		{name: "list", text: `[1]`, want: "the record is no object"},
		{name: "nothing", text: ``, want: "the record is no object"},
		{name: "two", text: `{} {}`, want: "the record is not valid JSON"},
		{name: "torn", text: `{"a":`, want: `is not valid JSON`},
		{name: "date", text: `{"date":"tomorrow"}`, want: `the field "date" is "tomorrow", and a date is a time such as "2026-01-31T08:00:00Z"`},
		{name: "objectid", text: `{"objectid":"65a1"}`, want: "an objectid is a string of 24 hexadecimal digits"},
		{name: "decimal", text: `{"decimal":"1.2.3"}`, want: "a decimal has 34 digits at most"},
		{name: "rounded decimal", text: `{"decimal":"12345678901234567890123456789012345"}`, want: "a decimal has 34 digits at most"},
		{name: "binary", text: `{"binary":"!"}`, want: "binary is base64"},
		{name: "int", text: `{"int":2147483648}`, want: "an int is an integer of 32 bits"},
		{name: "long", text: `{"long":1.5}`, want: "a long is an integer of 64 bits"},
		{name: "double", text: `{"double":"x"}`, want: "a double is a number"},
		{name: "extended", text: `{"a":{"$oid":"zz"}}`, form: extended, want: `the field "a" is no value of Extended JSON: $oid has to be as MongoDB writes it`},
		{name: "not extended", text: `{"a":{"$oid":"zz"}}`},
		{name: "more than a type", text: `{"a":{"$oid":"zz","b":1}}`, form: extended},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw, err := (&encoder{form: tt.form, types: types}).document(nil, []byte(tt.text))
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want == "":
				if err := bson.Raw(raw).Validate(); err != nil {
					t.Error(err)
				}
			case err == nil || !strings.Contains(err.Error(), tt.want):
				t.Errorf("%v\nhas no %q", err, tt.want)
			}
		})
	}
}

// No record costs an allocation, few fields or many.
func TestEncodingDoesNotAllocate(t *testing.T) {
	var wide strings.Builder
	wide.WriteString(`{"at":"2026-01-31T08:00:00.123Z","a":1`)
	for i := range 100 {
		fmt.Fprintf(&wide, `,"f%d":{"x":[1.5,"text",null]}`, i)
	}
	text := []byte(wide.String() + "}")
	types := &typeNode{}
	types.add([]string{"at"}, "date")
	types.add([]string{"a"}, "double")
	e := &encoder{types: types}
	var dst []byte
	if n := testing.AllocsPerRun(100, func() {
		var err error
		if dst, err = e.document(dst[:0], text); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
