package sdk_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/wasm/golden"
)

// typed is what the guest of records takes a parameter for, and what else it may be in a manifest, which is no longer.
var typed = []struct{ says, other, message string }{
	{`"milli", "type": "float", "default": 1.5`, `"milli", "type": "int", "default": 1`, `the parameter "milli" is of the type int: read it with @int`},
	{`"label", "type": "string", "default": "x"`, `"label", "type": "float", "default": 2`, `the parameter "label" is of the type float: read it with @float`},
	{`"flag", "type": "bool", "default": false`, `"flag", "type": "string", "default": "x"`, `the parameter "flag" is of the type string: read it with @text`},
	{`"wait", "type": "duration", "default": 1000000`, `"wait", "type": "bool", "default": true`, `the parameter "wait" is of the type bool: read it with @bool`},
	{`"count", "type": "int", "default": 7`, `"count", "type": "json","default": 7`, `the parameter "count" is of the type json: read it with @text`},
}

// reads names in a message what the SDK of a language calls what reads a value.
func reads(language, message string) string {
	before, reader, _ := strings.Cut(message, "@")
	switch language {
	case "go":
		reader = strings.ToUpper(reader[:1]) + reader[1:]
	case "c":
		reader = "os_" + reader + "_param"
	}
	return before + reader
}

// A parameter that is read as one of another type is the same mistake in all languages.
func TestParameterOfAnotherType(t *testing.T) {
	t.Parallel()
	const rows = `{"key": true, "steps": [{"records": [{"value": "emit x"}], "want": []}]}`
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			skipShort(t, language+"/types")
			module := read(t, build(t, filepath.Join(language, "vectors", "records")))
			for _, p := range typed {
				if strings.Count(module, p.says) != 1 {
					t.Fatalf("the manifest does not have %s", p.says)
				}
				file := filepath.Join(t.TempDir(), "behaviour.wasm")
				write(t, file, []byte(strings.Replace(module, p.says, p.other+strings.Repeat(" ", len(p.says)-len(p.other)), 1)))
				found, err := golden.Run(t.Context(), golden.Config{Module: file}, parse(t, rows))
				if want := reads(language, p.message); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("it is opened: %v, %v; it is to say %s", found, err, want)
				}
			}
		})
	}
}
