package manifest_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/manifest"
)

func TestParse(t *testing.T) {
	t.Parallel()
	none, err := manifest.Parse(nil)
	if err != nil || none.Mode != manifest.Records || none.Returns != manifest.Records {
		t.Errorf("no manifest is %+v, %v", none, err)
	}
	m, err := manifest.Parse([]byte(`{"name": "hot", "mode": "columns", "returns": "selection", "later": 1,
		"inputs": [{"name": "t", "type": "float", "optional": true}],
		"parameters": [{"name": "limit", "type": "float", "default": 75, "min": 0}, {"name": "wait", "type": "duration", "default": 2000000}],
		"state": {"version": 2, "spaces": ["seen"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if m.Inputs[0] != (manifest.Field{Name: "t", Type: "float", Optional: true}) || m.State.Version != 2 || m.Parameters[0].Hot {
		t.Errorf("it is read as %+v", m)
	}
	if s, err := m.Parameters[0].DefaultSetting(); err != nil || s != (abi.Setting{Name: "limit", Type: abi.Float, Float: 75}) {
		t.Errorf("the default of limit is %+v, %v", s, err)
	}
	if s, err := m.Parameters[1].DefaultSetting(); err != nil || s != (abi.Setting{Name: "wait", Type: abi.Duration, Int: 2_000_000}) {
		t.Errorf("the default of wait is %+v, %v", s, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{`:                               "line 1: it is not JSON: unexpected end of JSON input",
		"{\n\"name\": \"a\",\n}":          "line 3: it is not JSON: invalid character '}'",
		`{"doc": "a\u001b[2Jb"}`:          `the text "a\x1b[2Jb" has a control character`,
		`{"name": 7}`:                     "name is a JSON number",
		`[]`:                              "it is a JSON array: write an object, such as {}",
		`{"limits": {"memory": "16MiB"}}`: "limits.memory is a JSON string: write the number of bytes, such as 16777216 for 16 MiB",
		`{"limits": {"time_ms": "1s"}}`:   "limits.time_ms is a JSON string: write the number of milliseconds, such as 1500",
		`{"parameters": [{"name": "p", "type": "duration", "default": "10s"}]}`: `the default of p is "10s", which is not of the type duration: write a number of microseconds`,
		`{"needs": ["gpu"]}`:                           `the module needs "gpu", which this onstream does not have: use a newer one`,
		`{"mode": "rows"}`:                             `mode is "rows": write "records" or "columns"`,
		`{"returns": "no"}`:                            `returns is "no": write "records", "selection" or "columns"`,
		`{"mode": "columns"}`:                          "a module of the mode columns needs inputs",
		`{"inputs": [{"name": "t", "type": "float"}]}`: "inputs are of the mode columns",
		`{"mode": "columns", "inputs": [{"name": "t", "type": "f64"}]}`:                               `inputs: t has the type "f64": write bool, int, float`,
		`{"mode": "columns", "inputs": [{"name": "t", "type": "int"}, {"name": "t", "type": "int"}]}`: "inputs: t is there twice",
		`{"returns": "columns"}`:                                                                          "a module that returns columns needs outputs",
		`{"outputs": [{"name": "t", "type": "int"}]}`:                                                     "outputs are of modules that return columns",
		`{"returns": "columns", "outputs": [{"name": "t", "type": "json"}]}`:                              "outputs: t has the type json, which cannot be returned",
		`{"returns": "selection", "ports": ["late"]}`:                                                     "ports are of modules that return records",
		`{"ports": ["errors"]}`:                                                                           "errors is the name of every stage's error output",
		`{"ports": ["a b"]}`:                                                                              `ports: "a b" is no name: write letters, digits and underscores`,
		`{"parameters": [{"name": "p", "type": "int", "default": 1.5}]}`:                                  "parameters: the default of p is 1.5, which is not of the type int",
		`{"parameters": [{"name": "p", "type": "int", "default": 5, "max": 4}]}`:                          "parameters: the default of p is 5: it is to be at most 4",
		`{"parameters": [{"name": "p", "type": "string", "enum": ["a", "b", "a"]}]}`:                      "parameters: enum of p: a is there twice: leave one of them out",
		`{"parameters": [{"name": "p", "type": "string", "default": "c", "enum": ["a", "b"]}]}`:           `p is "c": write one of a, b`,
		`{"parameters": [{"name": "p", "type": "duration", "default": 0, "min": 1500000}]}`:               "the default of p is 0s: it is to be at least 1.5s",
		`{"parameters": [{"name": "p", "type": "time", "default": 0, "min": 1000000, "max": 2000000}]}`:   "the default of p is 1970-01-01T00:00:00Z: it is to be from 1970-01-01T00:00:01Z to 1970-01-01T00:00:02Z",
		`{"parameters": [{"name": "p", "type": "duration", "default": 0, "min": 1e300}]}`:                 "the default of p is 0s: it is to be at least 1e+300",
		`{"grants": ["http:api.example.com", "tcp:db:5432"]}`:                                             `grants: item 2: "tcp:db:5432" is nothing that can be granted: write "http:HOST" or "http:HOST:PORT", such as "http:api.example.com"`,
		`{"grants": ["http:api.example.com", "http:API.example.com"]}`:                                    "grants: item 2: http:API.example.com is there twice",
		"{\"name\": \"a\",\n\"ports\": [\"x\"],\n\"name\": \"b\"}":                                        `line 3: "name" is there twice in one object: leave one of them out`,
		`{"name": "a", "NAME": "b"}`:                                                                      `line 1: "NAME" is there twice in one object`,
		`{"limits": {"time_ms": 5, "memory": 1, "time_ms": 6}}`:                                           `"time_ms" is there twice in one object`,
		`{"parameters": [{"name": "p", "type": "int"}, {"name": "q", "type": "int", "type": "float"}]}`:   `"type" is there twice in one object`,
		`{"parameters": [{"name": "p", "type": "json", "default": [{"a": 1e999, "a": 2}]}]}`:              `"a" is there twice in one object`,
		`{"parameters": [{"name": "p", "type": "int"}, {"name": "p", "type": "int"}]}`:                    "parameters: p is there twice",
		`{"returns": "columns", "outputs": [{"name": "t", "type": "int"}, {"name": "t", "type": "int"}]}`: "outputs: t is there twice",
		`{"ports": ["late", "late"]}`:                                                                     "ports: late is there twice",
		`{"state": {"spaces": ["seen", "seen"]}}`:                                                         "state.spaces: seen is there twice",
		`{"limits": {"memory": -1}}`:                                                                      "a limit is negative",
		strings.Repeat(" ", manifest.MaxSize) + "{}":                                                      "it has 262146 bytes, at most 262144 are taken",
	} {
		if _, err := manifest.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s gives %v, not %s", text, err, want)
		}
	}
}

// What a grant is, and what is none.
func TestCheckGrant(t *testing.T) {
	t.Parallel()
	for _, grant := range []string{
		"http:localhost", "http:localhost:80", "http:api.example.com", "http:10.0.0.2:8080", "http:[::1]", "http:[fe80::1]:8080", "http:bücher.example", "http:my_host.",
	} {
		if err := manifest.CheckGrant(grant); err != nil {
			t.Error(err)
		}
	}
	for _, grant := range []string{
		"", "http:", "http", "https:example.com", "http://example.com", "http:example.com/", "http:user@example.com", "http:*.example.com", "http:a b", "http:a\x1b[2J",
		"http:example.com:", "http:example.com:0", "http:example.com:70000", "http:example.com:http", "http::80", "http:::1", "http:[::1", "http:[]", "http:[a]:1",
		"http:" + strings.Repeat("x", 254),
	} {
		err := manifest.CheckGrant(grant)
		if err == nil || !strings.Contains(err.Error(), "is nothing that can be granted") || len(err.Error()) > 400 {
			t.Errorf("%.40q gives %v", grant, err)
		}
	}
}

// Names in a value of an author's own may be alike but for the case of their letters.
func TestNamesOnce(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"name": "name", "parameters": [{"name": "p", "type": "json", "default": {"a": {"b": 1}, "A": {"b": 2}}}, {"name": "q", "type": "int"}]}`,
		`{"later": [[{"a": 1}, {"a": 2}], {"a": [], "b": {}, "c": "a"}]}`,
	} {
		if _, err := manifest.Parse([]byte(text)); err != nil {
			t.Errorf("%s gives %v", text, err)
		}
	}
}

// FuzzParse gives any text: there is no panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"mode": "columns", "inputs": [{"name": "t", "type": "float"}], "parameters": [{"name": "p", "type": "int", "default": 1}]}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		m, err := manifest.Parse(text)
		if err != nil {
			return
		}
		for _, p := range m.Parameters {
			if p.Default != nil {
				if _, err := p.DefaultSetting(); err != nil {
					panic("a default is refused only later: " + err.Error())
				}
			}
		}
	})
}
