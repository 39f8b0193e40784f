package codec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hamba/avro/v2"
	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// usable reports why a schema cannot be used, nil where it can.
func usable(t testing.TB, schema string) error {
	t.Helper()
	_, err := codecNamed(t, "avro").Framing(plugins.NewConfig(options{"schema": schema}))
	return err
}

func TestBadAvroSchemas(t *testing.T) {
	t.Parallel()
	field := func(f string) string { return `{"type":"record","name":"a.R","fields":[` + f + `]}` }
	typed := func(f string) string { return field(`{"name":"x","type":` + f + `}`) }
	for schema, want := range map[string]string{
		`{"type":"record"`:             "it is no JSON: unexpected EOF",
		`"long" "long"`:                "something stands behind it",
		`5`:                            "5 is no type",
		`{}`:                           "a type does not say what it is, with type",
		`"lung"`:                       `there is no type "lung"`,
		`[]`:                           "a union has no types",
		`{"type":"record","name":"R"}`: "record R has no list of fields",
		`{"type":"record","name":"a-b","fields":[]}`:  `"a-b" cannot be the name of a type`,
		`{"type":"record","name":"a..R","fields":[]}`: `"a..R" cannot be the name of a type`,
		field(`"x"`):            "a field is x, not an object, in record a.R",
		field(`{"type":"int"}`): "a field has the name <nil>, which is none, in record a.R",
		field(`{"name":"x"}`):   "field x has no type, in record a.R",
		field(`{"name":"x","type":"int","aliases":["9"]}`):           `field x: "9" in aliases is no name, in record a.R`,
		field(`{"name":"x","type":"int","aliases":"y"}`):             "field x: aliases is no list, in record a.R",
		field(`{"name":"x","type":"int"},{"name":"x","type":"int"}`): "record a.R has the field x twice",
		typed(`"S"`):                                                      `field x: there is no type "a.S", in record a.R`,
		typed(`["null",["int"]]`):                                         "field x: a type of a union is a union",
		typed(`["int","string","int"]`):                                   "field x: a union has the type int twice",
		typed(`{"type":"array"}`):                                         "field x: a type array has no items",
		typed(`{"type":"map","items":"int"}`):                             "field x: a type map has no values",
		typed(`{"type":"record","name":"R","fields":[]}`):                 "field x: the type a.R is there twice",
		typed(`{"type":"enum","name":"E"}`):                               "field x: enum a.E has no symbols",
		typed(`{"type":"enum","name":"E","symbols":["A","A"]}`):           "field x: enum a.E has the symbol A twice",
		typed(`{"type":"enum","name":"E","symbols":["A B"]}`):             `field x: enum a.E: "A B" in symbols is no name`,
		typed(`{"type":"enum","name":"E","symbols":["A"],"default":"B"}`): `field x: the default of enum a.E is "B"`,
		typed(`{"type":"fixed","name":"F"}`):                              "field x: fixed a.F has a size of <nil> bytes",
		typed(`{"type":"fixed","name":"F","size":-1}`):                    "field x: fixed a.F has a size of -1 bytes",
		typed(`"int","default":"1"`):                                      "the default of field x: it is not of the type, in record a.R",
		typed(`"int","default":1.5`):                                      "the default of field x: it is not of the type",
		typed(`"int","default":2147483648`):                               "the default of field x: it is not of the type",
		typed(`["int","string"],"default":null`):                          "the default of field x: it is not of the type",
		typed(`"bytes","default":"€"`):                                    "the default of field x: it is not of the type",
		typed(`{"type":"fixed","name":"F","size":2},"default":"a"`):       "the default of field x: it is not of the type",
		typed(`{"type":"array","items":"R"},"default":[{}]`):              "the default of field x: it holds a record a.R, which is not known to its end there",
	} {
		err := usable(t, schema)
		if wrong, ok := errors.AsType[*plugins.ConfigError](err); !ok || !strings.Contains(wrong.Msg, "this is no Avro schema of records: "+want) {
			t.Errorf("%s: got %v, want ... %s", schema, err, want)
		}
	}
}

// Names are found from where they are used, by whatever name they have.
func TestNamesInAvroSchemas(t *testing.T) {
	t.Parallel()
	for _, used := range []string{`"a.b.E"`, `"E"`, `"a.b.Old"`, `"Old"`, `"c.Older"`, `{"type":"E"}`, `["null","E"]`} {
		schema := fmt.Sprintf(`{"type":"record","name":"R","namespace":"a.b","fields":[
			{"name":"e","type":{"type":"enum","name":"E","aliases":["Old","c.Older"],"symbols":["A"]}},{"name":"x","type":%s}]}`, used)
		if err := usable(t, schema); err != nil {
			t.Errorf("%s: %v", used, err)
		}
	}
}

const (
	// nullNamespace has, as Java writes it, the name of a record that has no namespace inside of
	// one that has.
	nullNamespace = `{"type":"record","name":"R","fields":[{"name":"x","type":{"type":"record","name":"b.S","fields":[{"name":"p","type":["null","R"]}]}}]}`
	// aliasOfAnother has a type with an alias that is the name of another one.
	aliasOfAnother = `{"type":"record","name":"R","fields":[
		{"name":"b","type":{"type":"fixed","name":"B","size":1}},
		{"name":"c","type":{"type":"fixed","name":"C","size":2,"aliases":["B"]}},
		{"name":"x","type":"B"}]}`
)

// The type of a name is the one that is next to where the name stands.
func TestTypesOfNamesInAvroSchemas(t *testing.T) {
	t.Parallel()
	sized := func(name string, size int, more string) string {
		return fmt.Sprintf(`{"name":"f%d","type":{"type":"fixed","name":"%s","size":%d%s}}`, size, name, size, more)
	}
	in := func(name string, fields ...string) string {
		return `{"type":"record","name":"` + name + `","fields":[` + strings.Join(fields, ",") + `]}`
	}
	const last = `{"name":"x","type":"F"}`
	for name, tt := range map[string]struct {
		schema string
		size   int // of x
	}{
		"an alias is no name":                {aliasOfAnother, 1},
		"a name after an alias":              {in("R", sized("C", 2, `,"aliases":["F"]`), sized("F", 1, ""), last), 1},
		"an alias where no name is":          {in("R", sized("C", 2, `,"aliases":["F"]`), last), 2},
		"no namespace, from inside of one":   {in("n.R", sized("F", 1, `,"namespace":""`), last), 1},
		"the namespace comes first":          {in("n.R", sized("F", 1, `,"namespace":""`), sized("F", 2, ""), last), 2},
		"an alias in it comes first":         {in("n.R", sized("F", 1, `,"namespace":""`), sized("C", 2, `,"aliases":["F"]`), last), 2},
		"a dot in the name is the namespace": {in("n.R", sized("F", 1, ""), sized("m.F", 2, `,"namespace":""`), last), 1},
		"inside of what is in no namespace": {
			in("n.R", sized("F", 1, `,"namespace":""`), sized("F", 2, ""), `{"name":"in","type":{"type":"record","name":"S","namespace":"","fields":[{"name":"x","type":"F"}]}}`), 1,
		},
	} {
		path := "x"
		if strings.Contains(tt.schema, `"in"`) {
			path = "in/x"
		}
		sizes := strings.Count(tt.schema, `"size":1`) + 2*strings.Count(tt.schema, `"size":2`)
		got, failed := decodeOne(t, codecNamed(t, "avro"), options{"schema": tt.schema}, field(path, of(plugins.Bytes)), strings.Repeat("-", sizes)+strings.Repeat("x", tt.size))
		if failed != "" || got.Text != strings.Repeat("x", tt.size) {
			t.Errorf("%s: %+v, %s", name, got, failed)
		}
	}
	if err := usable(t, nullNamespace); err != nil {
		t.Error(err)
	}
}

// avroSchemas draws types as people write them, with mistakes here and there.
func avroSchemas(t *rapid.T, depth int) any {
	simple := rapid.SampledFrom([]any{
		"null", "boolean", "int", "long", "float", "double", "bytes", "string", "R", "n.R", "E", "F", "m.S", "lung",
		map[string]any{"type": "long", "logicalType": "timestamp-millis"}, map[string]any{"type": "string", "logicalType": "date"},
		map[string]any{"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 5},
		map[string]any{"type": "int", "doc": "a number"}, map[string]any{"type": "enum", "name": "E", "symbols": []any{"A", "B"}},
		map[string]any{"type": "fixed", "name": "F", "size": 3, "namespace": "m"}, map[string]any{"type": "fixed", "name": "n.F"},
	})
	if depth == 0 {
		return simple.Draw(t, "simple")
	}
	switch rapid.SampledFrom([]string{"simple", "array", "map", "union", "record"}).Draw(t, "what") {
	case "array":
		return map[string]any{"type": "array", "items": avroSchemas(t, depth-1)}
	case "map":
		return map[string]any{"type": "map", "values": avroSchemas(t, depth-1)}
	case "union":
		types := []any{}
		for range rapid.IntRange(1, 3).Draw(t, "types") {
			types = append(types, avroSchemas(t, depth-1))
		}
		return types
	case "record":
		return avroRecords(t, depth, rapid.SampledFrom([]string{"R", "m.S", "T", "8"}).Draw(t, "name"))
	}
	return simple.Draw(t, "simple")
}

func avroRecords(t *rapid.T, depth int, name string) map[string]any {
	fields := []any{}
	for range rapid.IntRange(0, 3).Draw(t, "fields") {
		f := map[string]any{"name": rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "field"), "type": avroSchemas(t, depth-1)}
		if rapid.IntRange(0, 3).Draw(t, "default") == 0 && plain(f["type"]) {
			f["default"] = rapid.SampledFrom([]any{nil, true, 1, 1e3, "", "A", []any{}, map[string]any{}}).Draw(t, "value")
		}
		fields = append(fields, f)
	}
	return map[string]any{"type": "record", "name": name, "fields": fields}
}

// plain reports whether both parsers agree about the defaults of a type: of unions the library
// takes those of the first type only, and of a fixed those that are too short.
func plain(of any) bool {
	name, ok := of.(string)
	return ok && !strings.ContainsAny(name, "RSFT") && name != "lung"
}

// What is a schema, the library says, too.
func TestAvroSchemasAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text, err := json.Marshal(avroRecords(rt, 3, "n.R"))
		if err != nil {
			rt.Fatal(err)
		}
		_, theirs := avro.ParseBytesWithCache(text, "", &avro.SchemaCache{})
		if ours := usable(t, string(text)); (ours == nil) != (theirs == nil) {
			rt.Fatalf("%s\nours:   %v\ntheirs: %v", text, ours, theirs)
		}
	})
}
