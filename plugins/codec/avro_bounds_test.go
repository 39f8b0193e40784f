package codec_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// listed is what of returns for 0 to n-1, with commas between.
func listed(n int, of func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = of(i)
	}
	return strings.Join(parts, ",")
}

func oneField(of string) string {
	return `{"type":"record","name":"Top","fields":[{"name":"x","type":` + of + `}]}`
}

// doublingDefaults is a schema with records whose default has that of the one before twice.
func doublingDefaults(levels int) string {
	return `{"type":"record","name":"Top","fields":[{"name":"f","type":{"type":"record","name":"R0","fields":[{"name":"a","type":"int","default":1}]}},` +
		listed(levels, func(i int) string {
			return fmt.Sprintf(`{"name":"f%d","type":{"type":"record","name":"R%d","fields":[{"name":"a","type":"R%d","default":{}},{"name":"b","type":"R%d","default":{}}]}}`, i, i+1, i, i)
		}) + `]}`
}

// forkingDefault is a schema with a default that each of two branches may be, at each level, and
// does not fit in the end.
func forkingDefault(levels int) string {
	record := func(name, of string) string {
		return `{"type":"record","name":"` + name + `","fields":[{"name":"a","type":` + of + `}]}`
	}
	return `{"type":"record","name":"Top","fields":[{"name":"f","type":[` + record("A0", `"int"`) + `,` + record("B0", `"int"`) + `]},` +
		listed(levels, func(i int) string {
			of := fmt.Sprintf(`["A%d","B%d"]`, i, i)
			return fmt.Sprintf(`{"name":"f%d","type":[%s,%s]}`, i, record(fmt.Sprintf("A%d", i+1), of), record(fmt.Sprintf("B%d", i+1), of))
		}) +
		fmt.Sprintf(`,{"name":"x","type":["A%d","B%d"],"default":%s"no"%s}]}`, levels, levels, strings.Repeat(`{"a":`, levels+1), strings.Repeat(`}`, levels+1))
}

// nested is a schema of records in records around a type.
func nested(levels int, name func(i int) string, of string) string {
	return repeated(levels, func(i int) string {
		return fmt.Sprintf(`{"type":"record","name":"%s","fields":[{"name":"%s","type":`, name(i), name(i))
	}) + of + strings.Repeat(`}]}`, levels)
}

func repeated(n int, of func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(of(i))
	}
	return b.String()
}

// A schema of a registry is written by others: none takes more memory or time than a large one
// that makes sense, nor are its errors longer than anybody reads.
func TestAvroSchemasAreBounded(t *testing.T) {
	t.Parallel()
	short := func(i int) string { return fmt.Sprintf("R%d", i) }
	long := func(i int) string { return fmt.Sprintf("R%d_%s", i, strings.Repeat("r", 900)) }
	const parts = "it has more than 50000 types, fields, symbols, aliases and branches"
	for name, tt := range map[string]struct{ schema, want string }{
		"doubling defaults": {doublingDefaults(31), "the default of field b: the defaults of the schema are larger than 1048576 bytes"},
		"forking default":   {forkingDefault(31), "the default of field x: the defaults of the schema are larger than 1048576 bytes"},
		"long default": {
			`{"type":"record","name":"R","fields":[{"name":"x","type":{"type":"array","items":"null"},"default":[` + listed(200_000, func(int) string { return "null" }) + `]}]}`,
			"the defaults of the schema are larger",
		},
		"fields": {`{"type":"record","name":"R","fields":[` + listed(60_000, func(i int) string { return fmt.Sprintf(`{"name":"f%d","type":"int"}`, i) }) + `]}`, parts},
		"symbols": {
			oneField(`{"type":"enum","name":"E","symbols":[` + listed(60_000, func(i int) string { return fmt.Sprintf(`"S%d"`, i) }) + `]}`), parts,
		},
		"branches": {
			oneField(`[` + listed(60_000, func(i int) string { return fmt.Sprintf(`{"type":"fixed","name":"F%d","size":1}`, i) }) + `]`), parts,
		},
		"aliases of a type": {
			oneField(`{"type":"fixed","name":"F","size":1,"aliases":[` + listed(60_000, func(i int) string { return fmt.Sprintf(`"F%d"`, i) }) + `]}`), parts,
		},
		"aliases of a field": {
			`{"type":"record","name":"R","fields":[{"name":"x","type":"int","aliases":[` + listed(60_000, func(i int) string { return fmt.Sprintf(`"f%d"`, i) }) + `]}]}`, parts,
		},
		"nesting":         {nested(3000, short, `"lung"`), "types are nested more than 200 deep"},
		"nesting, a list": {oneField(strings.Repeat(`{"type":"array","items":`, 300) + `"int"` + strings.Repeat(`}`, 300)), "types are nested more than 200 deep"},
		"text":            {oneField(`"int"`) + strings.Repeat(" ", 4<<20), "it is longer than 4194304 bytes, with all that it refers to"},
		"values":          {`{"type":"record","name":"R","fields":[],"more":[` + listed(400_001, func(int) string { return "0" }) + `]}`, "it has more than 400000 values"},
		"name of a type":  {oneField(`{"type":"fixed","size":1,"name":"` + strings.Repeat("n", 1001) + `"}`), "the name of a type is longer than 1000 bytes: nnn"},
		"namespace":       {oneField(`{"type":"fixed","size":1,"name":"N","namespace":"` + strings.Repeat("n.", 500) + `n"}`), "the name of a type is longer than 1000 bytes: n.n"},
		"name of a field": {`{"type":"record","name":"R","fields":[{"name":"` + strings.Repeat("n", 1001) + `","type":"int"}]}`, "which is none"},
		"name of nothing": {oneField(`"` + strings.Repeat("n", 1<<20) + `"`), `field x: there is no type "nnn`},
		"deep error":      {nested(190, short, `"lung"`), `field R189: there is no type "lung", in record R189, in record R188`},
		"deep long error": {nested(190, long, `"lung"`), `: there is no type "lung"`},
		"long number":     {oneField(strings.Repeat("9", 1<<20)), "9 is no type"},
		"name of signs":   {oneField(`"` + strings.Repeat("€", 1<<18) + `"`), `field x: there is no type "€€`},
	} {
		err := usable(t, tt.schema)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %.300v, want ... %s", name, err, tt.want)
		} else if n := len(err.Error()); n > 4000 || !strings.Contains(err.Error(), "this is no Avro schema") {
			t.Errorf("%s: an error of %d bytes: %.300v", name, n, err)
		}
	}
}

// What is large and makes sense is a schema.
func TestLargeAvroSchemas(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"defaults": doublingDefaults(12),
		"forks":    strings.Replace(forkingDefault(8), `"no"`, "1", 1),
		"fields":   `{"type":"record","name":"R","fields":[` + listed(20_000, func(i int) string { return fmt.Sprintf(`{"name":"f%d","type":"int","default":%d}`, i, i) }) + `]}`,
		"nesting":  nested(190, func(i int) string { return fmt.Sprintf("R%d", i) }, `"int"`),
		"name":     oneField(`{"type":"fixed","size":1,"name":"` + strings.Repeat("n", 1000) + `"}`),
	} {
		if err := usable(t, schema); err != nil {
			t.Errorf("%s: %.300v", name, err)
		}
	}
}

// Records that may be each other's field, at each level of what is read of them, are planned
// once each.
func TestAvroUnionsOfUnions(t *testing.T) {
	t.Parallel()
	names := func(level int) string {
		return "[" + listed(30, func(i int) string { return fmt.Sprintf(`"R%d_%d"`, level, i) }) + "]"
	}
	const levels = 12
	schema := `{"type":"record","name":"Top","fields":[` + listed(levels, func(level int) string {
		of := `"int"`
		if level > 0 {
			of = names(level - 1)
		}
		return fmt.Sprintf(`{"name":"f%d","type":[`, level) + listed(30, func(i int) string {
			return fmt.Sprintf(`{"type":"record","name":"R%d_%d","fields":[{"name":"a","type":%s}]}`, level, i, of)
		}) + `]}`
	}) + `]}`
	record := repeated(levels, func(level int) string { return strings.Repeat("\x00", level+1) + "\x0e" })
	path := fmt.Sprintf("f%d%s", levels-1, strings.Repeat("/a", levels))
	if got, failed := decodeOne(t, codecNamed(t, "avro"), options{"schema": schema}, field(path, of(plugins.Int)), record); failed != "" || got.Int != 7 {
		t.Errorf("%v, %s", got, failed)
	}
}

func FuzzAvroSchema(f *testing.F) {
	f.Add(fuzzAvro)
	f.Add(`{"type":"record","name":"R","fields":[{"name":"x","type":["null",{"type":"fixed","name":"F","size":2}],"default":null}]}`)
	f.Add(doublingDefaults(31))
	f.Add(forkingDefault(31))
	f.Add(nested(300, func(i int) string { return fmt.Sprintf("R%d", i) }, `"lung"`))
	f.Add(nested(100, func(i int) string { return strings.Repeat("n", 500+i) }, `"lung"`))
	f.Add(oneField(`[` + listed(1000, func(i int) string { return fmt.Sprintf(`{"type":"fixed","name":"F%d","size":1}`, i) }) + `]`))
	f.Add(oneField(`{"type":"enum","name":"E","symbols":[` + listed(1000, func(i int) string { return fmt.Sprintf(`"S%d"`, i) }) + `],"default":"S9"}`))
	f.Add(nullNamespace)
	f.Add(aliasOfAnother)
	f.Fuzz(func(t *testing.T, schema string) {
		if len(schema) > 1<<16 {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := usable(t, schema)
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
			t.Fatalf("a schema of %d bytes takes %d bytes of memory to read", len(schema), spent)
		}
		if err != nil {
			if n := len(err.Error()); n > 4000 {
				t.Fatalf("an error of %d bytes", n)
			}
			return
		}
		batch := batchOf("\x02\x05\x02\x00\x00\x00\x02\x02a\x02\x01\x00\x02ab12345678\x00\x00")
		decoder(t, codecNamed(t, "avro"), options{"schema": schema}, plugins.Type{}, field("", of(plugins.Record))).Decode(batch)
		if len(batch.Sel)+len(batch.Failures) != 1 {
			t.Fatalf("%v", batch.Failures)
		}
	})
}
