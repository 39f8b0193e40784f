package dsl_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl"
)

const misspelt = `source "tick" "in" {}

sink "print" "out" {
  from = source.inn
}
`

func TestDiagnosticsForPeople(t *testing.T) {
	t.Parallel()
	got := refuse(t, misspelt, dsl.Options{})
	want := `Error: unknown reference

  on main.hcl line 4, in sink "print" "out":
   4:   from = source.inn

there is no source.inn; did you mean "source.in"?

`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDiagnosticsForPrograms(t *testing.T) {
	t.Parallel()
	m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(misspelt)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	_, diags = m.Build(registry(t), dsl.Options{Vars: map[string]string{"x": "1"}})
	var s strings.Builder
	if err := dsl.WriteDiagnosticsJSON(&s, m.Files(), diags); err != nil {
		t.Fatal(err)
	}
	var got []dsl.Diagnostic
	if err := json.Unmarshal([]byte(s.String()), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("%d diagnostics: %s", len(got), s.String())
	}
	if got[0].Range != nil || got[0].Summary != "unknown variable" {
		t.Errorf("what has no place does not come first: %+v", got[0])
	}
	d := got[1]
	want := dsl.Range{File: "main.hcl", Line: 4, Column: 10, Byte: 53, EndLine: 4, EndColumn: 20, EndByte: 63}
	if d.Severity != "error" || *d.Range != want || d.Snippet != "  from = source.inn" || !strings.Contains(d.Detail, "did you mean") {
		t.Errorf("got %+v at %+v", d, d.Range)
	}
	s.Reset()
	if err := dsl.WriteDiagnosticsJSON(&s, nil, nil); err != nil || strings.TrimSpace(s.String()) != "[]" {
		t.Errorf("no diagnostics are %s", s.String())
	}
}

// TestDiagnosticsAreInOrder builds the same wrong files several times: maps
// must not show in the order of what is said.
func TestDiagnosticsAreInOrder(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{"b.hcl": []byte(misspelt), "a.hcl": []byte(`
locals {
  a = var.a
  b = var.b
  c = var.c
}
variable "x" {}
variable "y" {}
setting "s" {}
`)}
	first := ""
	for range 20 {
		m, diags := dsl.ParseSources("test", files)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		_, diags = m.Build(registry(t), dsl.Options{})
		var s strings.Builder
		if err := dsl.WriteDiagnostics(&s, m.Files(), diags, 0, false); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = s.String()
		}
		if s.String() != first {
			t.Fatalf("one time\n%s\nanother time\n%s", first, s.String())
		}
	}
}

func TestSyntaxErrorsAreCapped(t *testing.T) {
	t.Parallel()
	_, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(strings.Repeat("a = \n", 1000))})
	if len(diags) > 30 || diags[0].Summary != "too many errors" || !strings.Contains(diags[0].Detail, "980 more") {
		t.Errorf("%d diagnostics, the first: %v", len(diags), diags[0])
	}
}
