package jsontext_test

import (
	"fmt"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

func ExampleLookup() {
	lat, err := jsontext.Lookup([]byte(`{"gps": {"lat": 59.91, "lon": 10.75}}`), "gps", "lat")
	fmt.Println(string(lat), err)
	// Output: 59.91 <nil>
}

func ExampleMembers() {
	it := jsontext.Members([]byte(`{"site": "oslo", "temp_c": 11.5}`))
	for it.Next() {
		fmt.Printf("%s is %s\n", it.Key(), it.Value())
	}
	fmt.Println(it.Err())
	// Output:
	// site is "oslo"
	// temp_c is 11.5
	// <nil>
}

func TestLookup(t *testing.T) {
	t.Parallel()
	const text = ` {"a": {"b": [1, {"c": 2}], "b": 3}, "a\u0062": "x", "n": null, "s": "str"} `
	tests := []struct {
		path []string
		want string // "" when it is not there
	}{
		{[]string{"a", "b"}, `[1, {"c": 2}]`}, // of duplicates, the first
		{[]string{"ab"}, `"x"`},
		{[]string{"n"}, "null"},
		{[]string{"n", "x"}, ""},
		{[]string{"s", "x"}, ""},
		{[]string{"a", "b", "c"}, ""},
		{[]string{"z"}, ""},
		{nil, jsonTrimmed(text)},
	}
	for _, tt := range tests {
		got, err := jsontext.Lookup([]byte(text), tt.path...)
		if err != nil || string(got) != tt.want {
			t.Errorf("Lookup(%q) = %s, %v; want %s", tt.path, got, err, tt.want)
		}
	}
	for _, broken := range []string{`{"a" 1}`, `{"b":1 "a":2}`, `{"b":`, `{b:1}`, `{"\x":1}`, `{"b":[}`} {
		if got, err := jsontext.Lookup([]byte(broken), "a"); err == nil {
			t.Errorf("Lookup in %s = %s", broken, got)
		}
	}
}

func jsonTrimmed(text string) string { return string(jsontext.Trim([]byte(text))) }

func TestIndex(t *testing.T) {
	t.Parallel()
	const text = `[10, "x", [ ], {}]`
	for n, want := range map[int]string{0: "10", 1: `"x"`, 2: "[ ]", 3: "{}", 4: "", -1: "{}", -4: "10", -5: ""} {
		if got, err := jsontext.Index([]byte(text), n); err != nil || string(got) != want {
			t.Errorf("Index(%d) = %s, %v; want %s", n, got, err, want)
		}
	}
	if _, err := jsontext.Index([]byte(`[1 2]`), 1); err == nil {
		t.Error("no error for an array without commas")
	}
}

func TestLen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{`[]`: 0, `[1,[2,3]]`: 2, ` {"a":1, "a":2}`: 2, `5`: 0, ``: 0} {
		if got, err := jsontext.Len([]byte(text)); err != nil || got != want {
			t.Errorf("Len(%s) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]plugins.Kind{
		`1`: plugins.Int, `-12`: plugins.Int, `1.0`: plugins.Float, `1e3`: plugins.Float, `"x"`: plugins.String, `true`: plugins.Bool,
		`null`: plugins.Null, `[`: plugins.List, `{`: plugins.Record, ``: plugins.Any, `NaN`: plugins.Any,
	} {
		if got := jsontext.KindOf([]byte(text)); got != want {
			t.Errorf("KindOf(%s) = %s, want %s", text, got, want)
		}
	}
}
