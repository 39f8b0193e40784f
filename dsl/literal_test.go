package dsl_test

import (
	"testing"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
)

// A float literal is a float in native syntax, in JSON and in expressions in
// strings of JSON.
func TestFloatLiterals(t *testing.T) {
	t.Parallel()
	native := `
variable "start" {
  type = float
}

schema "one" {
  fields = { x = int }
}

source "feed" "in" {
  schema = schema.one
}

transform "fold" "sums" {
  from    = source.in
  key     = event.x
  initial = { a = 0.0, b = 1e3, c = 0, d = var.start, f = event.x * 1.0 }
  update  = { a = state.a, b = state.b, c = state.c, d = state.d, f = state.f }
}

sink "print" "out" {
  from = transform.sums
}
`
	inJSON := `{
  "variable": { "start": { "type": "float" } },
  "schema": { "one": { "fields": { "x": "int" } } },
  "source": { "feed": { "in": { "schema": "schema.one" } } },
  "transform": { "fold": { "sums": {
    "from": "source.in",
    "key": "${event.x}",
    "initial": { "a": 0.0, "b": 1e3, "c": 0, "d": "${var.start}", "f": "${event.x * 1.0}" },
    "update": { "a": "${state.a}", "b": "${state.b}", "c": "${state.c}", "d": "${state.d}", "f": "${state.f}" }
  } } },
  "sink": { "print": { "out": { "from": "transform.sums" } } }
}`
	for name, src := range map[string]string{"main.hcl": native, "main.hcl.json": inJSON} {
		m, diags := dsl.ParseSources("test", map[string][]byte{name: []byte(src)})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		p, diags := m.Build(registry(t), dsl.Options{Vars: map[string]string{"start": "2"}})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, f := range p.Graph.Stage("transform.sums").Config.Exprs("initial") {
			want := plugins.Float
			if f.Name == "c" {
				want = plugins.Int
			}
			if got := f.Expr.Type().Kind; got != want {
				t.Errorf("%s: %s = %s is %s, want %s", name, f.Name, f.Expr, got, want)
			}
		}
	}
}

// Where an int is wanted, 1e3 is one, and 1.5 is not.
func TestFloatLiteralForInt(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"1e3": true, "2.0 * 3": true, "1.5": false, "1e30": false} {
		src := `
variable "n" {
  type    = int
  default = ` + value + `
}
` + ends
		m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(src)})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if _, diags = m.Build(registry(t), dsl.Options{}); diags.HasErrors() == want {
			t.Errorf("%s for an int: %v", value, diags)
		}
	}
}
