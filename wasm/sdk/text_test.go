package sdk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/wasm/golden"
	onstream "github.com/onstream/onstream/wasm/sdk/go"
)

// textCase is what a guest "text" is told, and what it is to say; "!" for a row that fails.
type textCase struct{ in, want string }

// The guests "text" read and write numbers and JSON with what their SDK has for that. What is right is said by Go's own library.
func TestText(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"go", "c", "rust", "assemblyscript"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			skipShort(t, language)
			c := golden.Config{Module: build(t, filepath.Join(language, "vectors", "text")), CacheDir: t.TempDir()}
			say(t, c, fixedTexts(language))
			rapid.Check(t, func(t *rapid.T) {
				var cases []textCase
				for range 50 {
					cases = append(cases, anyNumber(t, language), anyConverted(t), anyDecimal(t), anyField(t), anyString(t))
				}
				say(t, c, cases)
			})
		})
	}
}

// fixedTexts are the edges.
func fixedTexts(language string) []textCase {
	cases := []textCase{
		{"fixed 3 0.0005", "0.001"}, {"fixed 3 -1", "-1.000"}, {"fixed 0 2.5", "3"}, {"fixed 3 2.9996", "3.000"},
		{"number 1e3", "1000"}, {"number 1E-3", "0.001"}, {"number 0.30000000000000004", "0.30000000000000004"}, {"number 12345678901234567e-16", "1.2345678901234567"},
		{"fahrenheit 0.1", "32.18"},
		{`find t {"t":1}`, "1"}, {`find t {"a":{"t":2}}`, "absent"}, {`find t [1]`, "absent"}, {`find t {"t":}`, "absent"},
		{`find t {"a":"}\\\"","t" : [1,"]}"] }`, `[1,"]}"]`}, {`find t {"t"`, "absent"}, {`find t {"a":"`, "absent"}, {`find t {"a":[`, "absent"},
	}
	for _, text := range []string{"", "-", "01", "1.", ".5", "1e", "1e+", "1x", "+1", "1e999", "inf", "NaN"} {
		cases = append(cases, textCase{"number " + text, "!"})
	}
	if language != "go" { // whose own library reads integers
		cases = append(
			cases, textCase{"int 9223372036854775807", "9223372036854775807"}, textCase{"int -9223372036854775808", "-9223372036854775808"}, textCase{"int 0", "0"},
			textCase{"int 9223372036854775808", "!"}, textCase{"int -", "!"}, textCase{"int ", "!"}, textCase{"int 1x", "!"}, textCase{"int +1", "!"},
		)
	}
	// Far from one C does not write them, and Go and AssemblyScript have exponents.
	switch language {
	case "go":
		return append(cases, textCase{"number 1e30", "1e+30"}, textCase{"number 1e-30", "1e-30"}, textCase{"number 1e-9", "1e-9"}, textCase{`find  {"":1234567}`, "1234567"})
	case "c":
		return append(cases, textCase{"number 1e30", "null"}, textCase{"number 1e-30", "0"}, textCase{"number 1e-17", "0.00000000000000001"})
	case "rust":
		return append(cases, textCase{"number 1e18", "1000000000000000000"}, textCase{"number 1e-20", "0.00000000000000000001"})
	}
	return cases
}

// In a module, Go's Field looks at most of a text in another way than it does elsewhere, and finds the same.
func TestGoFieldInModule(t *testing.T) {
	t.Parallel()
	skipShort(t, "go")
	c := golden.Config{Module: build(t, filepath.Join("go", "vectors", "text")), CacheDir: t.TempDir()}
	piece := rapid.SampledFrom([]string{
		"{", "}", "[", "]", ":", ",", `"`, `\`, " ", "  ", "\t", "\n", "1", "-12.5", "true", "null", "seven77", "eight888", "more than eight", "é", "\x00",
		`"a":1,`, `"a" : "b\"" ,`, `"name of more than eight":"text of more than eight",`, `"x":{"temperature":1},`, `"y":[1,"]"],`, `"temperaturE":1,`, `"temperature1":1,`,
		`"temperature":`, `"temperature" : `, `"temperature\":`, `"temperature":"a",`, `"temperature":12345678`,
	})
	rapid.Check(t, func(t *rapid.T) {
		var cases []textCase
		for range 100 {
			text := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
			if rapid.IntRange(0, 3).Draw(t, "begins") > 0 {
				text = "{" + text
			}
			name := rapid.SampledFrom([]string{"temperature", "temperature", "a", "eight888"}).Draw(t, "name")
			want, ok := onstream.Field([]byte(text), name)
			if !ok {
				want = []byte("absent")
			}
			cases = append(cases, textCase{"find " + name + " " + text, string(want)})
		}
		say(t, c, cases)
	})
}

// anyNumber is any number that all of them write without an exponent, with as many digits as it takes.
func anyNumber(t *rapid.T, language string) textCase {
	v := rapid.OneOf(rapid.Float64Range(-1e15, 1e15), rapid.Float64Range(-1, 1)).Draw(t, "number")
	if math.Abs(v) < 1e-6 {
		v = 0.5
	}
	text := strconv.FormatFloat(v, 'f', -1, 64)
	// Where it is half-way between two decimals that read as it, AssemblyScript's library takes the other one.
	if all := strings.TrimRight(strconv.FormatFloat(v, 'f', 80, 64), "0"); language == "assemblyscript" && len(all) == len(text)+1 {
		text = "0.5"
	}
	return textCase{"number " + text, text}
}

// anyConverted is what a measurement becomes by arithmetic, which may have 17 digits.
func anyConverted(t *rapid.T) textCase {
	v := float64(rapid.IntRange(-1_000_000, 1_000_000).Draw(t, "thousandths")) / 1000
	return textCase{"fahrenheit " + strconv.FormatFloat(v, 'f', -1, 64), strconv.FormatFloat(v*9/5+32, 'f', -1, 64)}
}

// anyDecimal is a measurement with so many decimals.
func anyDecimal(t *rapid.T) textCase {
	v := float64(rapid.IntRange(-1_000_000, 1_000_000).Draw(t, "hundredths")) / 100
	decimals := rapid.IntRange(0, 6).Draw(t, "decimals")
	scaled := math.Floor(math.Abs(v)*math.Pow10(decimals) + 0.5)
	want := strconv.FormatFloat(scaled/math.Pow10(decimals), 'f', decimals, 64)
	if v < 0 {
		want = "-" + want
	}
	return textCase{fmt.Sprintf("fixed %d %s", decimals, strconv.FormatFloat(v, 'f', -1, 64)), want}
}

// anyField is a field of an object that encoding/json has written, of several.
func anyField(t *rapid.T) textCase {
	value := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Float64Range(-1e6, 1e6), func(v float64) any { return v }),
		rapid.Map(rapid.SliceOf(rapid.StringMatching(`[a-z"{}\[\],:\\]*`)), func(s []string) any { return map[string]any{"in": s, "t": 1} }),
		rapid.Just[any](nil), rapid.Just[any](true),
	)
	var object, wanted []byte
	for k, name := range []string{"a", "a name of more than sixteen", "t", "temperature", "z"} {
		text, err := json.Marshal(value.Draw(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if k > 0 {
			object = append(object, rapid.SampledFrom([]string{",", " , ", ",\n"}).Draw(t, "comma")...)
		}
		object = fmt.Appendf(object, "%q:%s%s", name, rapid.SampledFrom([]string{"", " "}).Draw(t, "blank"), text)
		if name == "temperature" {
			wanted = text
		}
	}
	return textCase{fmt.Sprintf("find temperature {%s}", object), string(wanted)}
}

// anyString is a text as a JSON string; encoding/json reads it back.
func anyString(t *rapid.T) textCase {
	text := rapid.StringMatching(`[ -~\x00-\x1fäß€]{0,40}`).Draw(t, "text")
	want := []byte{'"'}
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\':
			want = append(want, '\\', c)
		case c < ' ':
			want = fmt.Appendf(want, `\u%04x`, c)
		default:
			want = append(want, c)
		}
	}
	return textCase{"string " + text, string(want) + `"`}
}

// say gives the cases to a guest as golden rows.
func say(t rapid.TB, c golden.Config, cases []textCase) {
	t.Helper()
	type row map[string]any
	var records, want, failed []row
	for k, x := range cases {
		records = append(records, row{"value": x.in})
		if x.want == "!" {
			failed = append(failed, row{"row": k, "code": "rejected"})
		} else {
			want = append(want, row{"value": x.want})
		}
	}
	text, err := json.Marshal(row{"steps": []row{{"records": records, "want": want, "failed": failed}}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := golden.Parse("text", text)
	if err != nil {
		t.Fatal(err)
	}
	found, err := golden.Run(context.Background(), c, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range found {
		t.Error(m)
	}
}
