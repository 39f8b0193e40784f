package codec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

// jsonRecord draws an object with some of the members that the tests read, in
// any order, spelled in any way.
func jsonRecord(t *rapid.T, nested bool) string {
	space := rapid.SampledFrom([]string{"", "", "", " ", "\t"}).Draw(t, "space")
	value := func() string {
		return rapid.SampledFrom([]string{
			`1`, `63.45`, `-0.5`, `1e3`, `"ok"`, `"d-000123"`, `"a\nb"`, `"é\u00e9"`, `""`, `null`, `true`, `[1,"]",{}]`,
			`{"lat":5}`, `9007199254740993`, `1e400`, `NaN`, `"`, `{"lat":`, "\"\xff\"", `"longer than sixteen bytes"`,
		}).Draw(t, "value")
	}
	keys := rapid.SliceOfN(rapid.SampledFrom([]string{
		"device_id", "temperature", "temperatures", "site", "gps", "a", "ts", `t\u0065mperature`, "a long name of a field",
	}), 0, 7).Draw(t, "keys")
	if nested {
		keys = rapid.SliceOfN(rapid.SampledFrom([]string{"lat", "lon", `l\u0061t`}), 0, 4).Draw(t, "inner keys")
	}
	var members []string
	for _, k := range keys {
		v := value()
		if k == "gps" && !nested && rapid.Bool().Draw(t, "nest") {
			v = jsonRecord(t, true)
		}
		members = append(members, fmt.Sprintf(`"%s"%s:%s%s`, k, space, space, v))
	}
	return "{" + space + strings.Join(members, space+","+space) + space + "}"
}

var guessFields = [][]plugins.Field{
	{field("temperature", of(plugins.Float))},
	{field("temperature", of(plugins.Any)), field("site", of(plugins.String).OrNull())},
	{field("gps/lat", of(plugins.Any)), field("gps/lon", of(plugins.Any)), field("device_id", of(plugins.Any))},
	{field("site", of(plugins.Any)), field("gps", of(plugins.Any)), field("gps/lat", of(plugins.Any))},
}

// TestGuessIsTheScan decodes streams with one decoder, which guesses, and with a
// new one for each record, which cannot.
func TestGuessIsTheScan(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "json")
	rapid.Check(t, func(rt *rapid.T) {
		fields := rapid.SampledFrom(guessFields).Draw(rt, "fields")
		layouts := make([]string, rapid.IntRange(1, 6).Draw(rt, "layouts"))
		for i := range layouts {
			layouts[i] = jsonRecord(rt, false)
		}
		records := rapid.SliceOfN(rapid.SampledFrom(layouts), 1, 30).Draw(rt, "records")
		checkGuess(t, rt.Fatalf, c, fields, records)
	})
}

func checkGuess(t *testing.T, fatalf func(string, ...any), c plugins.Codec, fields []plugins.Field, records []string) {
	b := batchOf(records...)
	decoder(t, c, nil, plugins.Type{}, fields...).Decode(b)
	got := rowsOf(b, fields)
	for i, r := range records {
		one := batchOf(r)
		decoder(t, c, nil, plugins.Type{}, fields...).Decode(one)
		if want := rowsOf(one, fields)[0]; got[i] != want {
			fatalf("record %d of %q: guessed %q, scanned %q", i, records, got[i], want)
		}
	}
}

// FuzzJSONDecode decodes two records that the fuzzer makes of each other: what is
// learned from one must not change the answer for the other.
func FuzzJSONDecode(f *testing.F) {
	f.Add(`{"device_id":"d-1","ts":1,"temperature":63.45,"site":"x"}`, `{"device_id":"d-2","ts":22,"temperature":-1,"site":"\n"}`)
	f.Add(`{"gps":{"lat":1},"temperature":1}`, `{"gps":null,"temperature":1}`)
	f.Add(`{"temperature":1,"a":"}`, `{"temperature":1,"a":""}`)
	c := codecNamed(f, "json")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, fields := range guessFields {
			checkGuess(t, t.Fatalf, c, fields, []string{a, b, a, b, b})
		}
		checkAgainstStandard(t, c, a)
	})
}

// checkAgainstStandard compares with encoding/json, for records that it accepts
// and in which no key repeats.
func checkAgainstStandard(t *testing.T, c plugins.Codec, record string) {
	var want map[string]json.RawMessage
	if json.Unmarshal([]byte(record), &want) != nil || want == nil || strings.Count(record, "temperature") > 1 || strings.Contains(record, `\u`) {
		return
	}
	got, failed := decodeOne(t, c, nil, field("temperature", of(plugins.Any)), record)
	if failed != "" {
		return // what we refuse is in the table
	}
	raw, ok := want["temperature"]
	if !ok {
		raw = json.RawMessage("null")
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var same bool
	switch v := v.(type) {
	case nil:
		same = got.Kind == plugins.Null
	case bool:
		same = got.Kind == plugins.Bool && v == (got.Int == 1)
	case float64:
		same = got.Kind == plugins.Float && got.Float == v || got.Kind == plugins.Int && float64(got.Int) == v
	case string:
		same = got.Kind == plugins.String && got.Text == v
	default:
		same = got.Kind.Nested() && got.Text == string(raw)
	}
	if !same {
		t.Fatalf("%s: got %+v, want %s", record, got, raw)
	}
}

// TestShuffledKeys reads every field of records with the same members in
// different orders.
func TestShuffledKeys(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "json")
	rapid.Check(t, func(rt *rapid.T) {
		members := []string{`"device_id":"d-1"`, `"ts":1`, `"temperature":63.45`, `"humidity":60.4`, `"site":"plant"`, `"x":[{"site":"no"}]`}
		var records []string
		for range rapid.IntRange(1, 40).Draw(rt, "n") {
			records = append(records, "{"+strings.Join(rapid.Permutation(members).Draw(rt, "order"), ",")+"}")
		}
		fields := []plugins.Field{field("temperature", of(plugins.Float)), field("site", of(plugins.String)), field("device_id", of(plugins.String))}
		b := batchOf(records...)
		decoder(t, c, nil, plugins.Type{}, fields...).Decode(b)
		for i, row := range rowsOf(b, fields) {
			if want := rowsOf(b, fields)[0]; row != want || !strings.Contains(row, "63.45") {
				rt.Fatalf("%s gives %s, want %s", records[i], row, want)
			}
		}
	})
}
