package sdk_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins/jsontext"
	onstream "github.com/onstream/onstream/wasm/sdk/go"
)

// object draws the text of an object, and its fields as they are written.
func object(t *rapid.T) (text string, fields map[string]string) {
	blank := rapid.SampledFrom([]string{"", "", " ", "\n\t", "\r\n"})
	fields = map[string]string{}
	var s strings.Builder
	s.WriteString(blank.Draw(t, "before") + "{" + blank.Draw(t, "blank"))
	for i := range rapid.IntRange(0, 6).Draw(t, "fields") {
		name := rapid.StringMatching(`[a-zé]{0,4}`).Draw(t, "name") + strconv.Itoa(i)
		value := rapid.SampledFrom([]string{
			"0", "-1.5e3", "true", "1234567.890123", `"a text that is longer than a word"`, `"eight...\\\""`, "null", `""`, `"a\"b\\"`, `"}],:{["`, "{}", "[ ]", `{"x":[1,{"y":"]"}],"z":{}}`, `[[["\\"]],{}]`,
		}).Draw(t, "value")
		if i > 0 {
			s.WriteString("," + blank.Draw(t, "blank"))
		}
		fields[name] = value
		s.WriteString(`"` + name + `"` + blank.Draw(t, "blank") + ":" + blank.Draw(t, "blank") + value + blank.Draw(t, "blank"))
	}
	s.WriteString("}" + blank.Draw(t, "after"))
	return s.String(), fields
}

// Fields are found as they are written, and others are not.
func TestGoField(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, fields := object(t)
		if !json.Valid([]byte(text)) {
			t.Fatalf("%q is not JSON", text)
		}
		for name, want := range fields {
			if got, ok := onstream.Field([]byte(text), name); !ok || string(got) != want {
				t.Errorf("%q has the field %s as %q, %v, not %q", text, name, got, ok, want)
			}
		}
		for _, name := range []string{"", "x", "y", "a", `"`} {
			if got, ok := onstream.Field([]byte(text), name); ok {
				t.Errorf("%q has the field %q as %q", text, name, got)
			}
		}
	})
}

// FuzzGoField gives any text: there is no panic, and what is found is a part of it.
func FuzzGoField(f *testing.F) {
	f.Add([]byte(`{"a":{"temperature":"\\"},"temperature":1}`))
	f.Add([]byte(`{"temperature":"\`))
	f.Fuzz(func(t *testing.T, text []byte) {
		value, ok := onstream.Field(text, "temperature")
		if ok && (len(value) == 0 || !bytes.Contains(text, value)) {
			t.Errorf("in %q it finds %q", text, value)
		}
		onstream.Number(value)
		onstream.Number(text)
	})
}

// Numbers are the nearest to what is written, and other texts are none.
func TestGoNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64().Draw(t, "v")
		format := rapid.SampledFrom([]byte{'e', 'f', 'g', 'E'}).Draw(t, "format")
		text := strconv.FormatFloat(v, format, rapid.IntRange(-1, 20).Draw(t, "digits"), 64)
		want, err := strconv.ParseFloat(text, 64)
		if got, ok := onstream.Number([]byte(text)); ok != (err == nil) || ok && got != want {
			t.Errorf("%s is %v, %v, not %v", text, got, ok, want)
		}
	})
	for _, text := range []string{"", "-", "+1", ".5", "1.", "01", "-01", "1e", "1e+", "0x10", "1_0", "Inf", "NaN", "nan", "1 ", " 1", "1.5.5", "--1", "1e5e", "null", `"1"`} {
		if v, ok := onstream.Number([]byte(text)); ok {
			t.Errorf("%q is the number %v", text, v)
		}
	}
}

// Numbers are written as onstream does.
func TestGoAppendNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.IntRange(-1e9, 1e9), func(n int) float64 { return float64(n) / 1000 })).Draw(t, "v")
		if got, want := string(onstream.AppendNumber(nil, v)), string(jsontext.AppendFloat(nil, v)); got != want {
			t.Errorf("%v is written %s, not %s", v, got, want)
		}
	})
	if got := string(onstream.AppendNumber(nil, math.Inf(1))); got != "null" {
		t.Errorf("what is not finite is written %s", got)
	}
}

func TestGoAppendFixed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v        float64
		decimals int
		want     string
	}{
		{0, 3, "0.000"}, {1.5, 0, "2"}, {2.5, 0, "3"}, {-2.5, 0, "-3"}, {0.125, 2, "0.13"}, {-0.125, 2, "-0.13"}, {-0.0004, 3, "-0.000"}, {12.3456, 3, "12.346"},
		{0.9996, 3, "1.000"}, {1e15, 0, "1000000000000000"}, {1e20, 3, "100000000000000000000.000"}, {-1e20, 0, "-100000000000000000000"}, {3, 9, "3.000000000"},
		{math.NaN(), 1, "0.0"}, {math.Inf(-1), 2, "0.00"},
	} {
		if got := string(onstream.AppendFixed([]byte("x"), c.v, c.decimals)); got != "x"+c.want {
			t.Errorf("%v with %d decimals is %s, not %s", c.v, c.decimals, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v, decimals := rapid.Float64Range(-1e9, 1e9).Draw(t, "v"), rapid.IntRange(0, 6).Draw(t, "decimals")
		text := string(onstream.AppendFixed(nil, v, decimals))
		got, err := strconv.ParseFloat(text, 64)
		if half := 0.5 * math.Pow10(-decimals); err != nil || math.Abs(got-v) > half*1.000001+1e-6 {
			t.Errorf("%v with %d decimals is %s", v, decimals, text)
		}
	})
}

func TestGoAppendString(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		var got string
		text := onstream.AppendString(nil, []byte(want))
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Errorf("%q is written %s, which is read as %q, %v", want, text, got, err)
		}
	})
}

// Nothing is allocated for a record.
func TestGoAllocatesNothing(t *testing.T) {
	value := []byte(`{"device":"d1","temperature":20.5}`)
	var text []byte
	allocs := testing.AllocsPerRun(100, func() {
		onstream.Answer(100, func(out *onstream.Output) error {
			for row := range 100 {
				raw, _ := onstream.Field(value, "temperature")
				v, _ := onstream.Number(raw)
				text = onstream.AppendFixed(text[:0], v, 3)
				out.Pass(row)
				out.Record(row).SetValue(text).SetKey(value).AddHeader(text, text).To(1)
				out.Floats(0)[row] = v
				out.AppendString(1, text)
				out.SetNull(0, row)
				out.Selection().Add(row)
			}
			return nil
		})
	})
	if allocs > 0 {
		t.Errorf("100 records allocate %v times", allocs)
	}
}
