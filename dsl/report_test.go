package dsl_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

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
	got := dsl.DiagnosticsOf(m.Files(), diags)
	if len(got) != 2 {
		t.Fatalf("%d diagnostics: %+v", len(got), got)
	}
	if got[0].Range != nil || got[0].Summary != "unknown variable" {
		t.Errorf("what has no place does not come first: %+v", got[0])
	}
	d := got[1]
	want := dsl.Range{File: "main.hcl", Line: 4, Column: 10, Byte: 53, EndLine: 4, EndColumn: 20, EndByte: 63}
	if d.Severity != "error" || *d.Range != want || d.Snippet != "  from = source.inn" || !strings.Contains(d.Detail, "did you mean") {
		t.Errorf("got %+v at %+v", d, d.Range)
	}
	if text, err := json.Marshal(dsl.DiagnosticsOf(nil, nil)); err != nil || string(text) != "[]" {
		t.Errorf("no diagnostics are %s, %v", text, err)
	}
}

// TestDiagnosticsOnALongLine has one mistake at the beginning, in the middle
// and at the end of a line of 200 kB.
func TestDiagnosticsOnALongLine(t *testing.T) {
	t.Parallel()
	const padding = 100_000
	head := "source \"tick\" \"in\" {}\n\n"
	sink := `sink "print" "out" { from = source.inn }`
	for name, c := range map[string]struct{ line, shown string }{
		"beginning": {sink + " # " + strings.Repeat("é", padding), sink + " # é"},
		"middle":    {"/*" + strings.Repeat("é", padding/2) + "*/" + sink + " # " + strings.Repeat("é", padding/2), "é*/" + sink + " # é"},
		"end":       {"/*" + strings.Repeat("é", padding) + "*/" + sink, "é*/" + sink},
		"crlf":      {"/*" + strings.Repeat("é", padding) + "*/" + sink + "\r", "é*/" + sink},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(head + c.line + "\n")})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			_, diags = m.Build(registry(t), dsl.Options{})
			var s strings.Builder
			if err := dsl.WriteDiagnostics(&s, m.Files(), diags, 0, true); err != nil {
				t.Fatal(err)
			}
			marked := strings.Replace(c.shown, "source.inn", "\x1b[1;4msource.inn\x1b[0m", 1)
			text := s.String()
			if len(text) > 800 || !utf8.ValidString(text) || !strings.Contains(text, "   3: ") || !strings.Contains(text, marked) ||
				!strings.Contains(text, `main.hcl line 3, in sink "print" "out"`) {
				t.Errorf("%d bytes: %.2000q", len(text), text)
			}
			got := dsl.DiagnosticsOf(m.Files(), diags)
			if len(got) != 1 || len(got[0].Snippet) > 400 || !utf8.ValidString(got[0].Snippet) || !strings.Contains(got[0].Snippet, c.shown) {
				t.Fatalf("%d diagnostics, the first with a snippet of %d bytes: %.2000q", len(got), len(got[0].Snippet), got[0].Snippet)
			}
			if at := len(head) + strings.Index(c.line, "source.inn"); got[0].Range.Byte != at || got[0].Range.Line != 3 {
				t.Errorf("the range is %+v, want byte %d", got[0].Range, at)
			}
		})
	}
}

// TestSyntaxErrorOnALongLine has a mistake that the parser finds.
func TestSyntaxErrorOnALongLine(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"main.hcl":      "locals { a = \"" + strings.Repeat("x", 200_000) + "\" + }",
		"unclosed.hcl":  "locals { a = [" + strings.Repeat("1,", 100_000),
		"main.hcl.json": `{"locals": {"a": "` + strings.Repeat("x", 200_000) + `" "b": 1}}`,
	} {
		m, diags := dsl.ParseSources("test", map[string][]byte{name: []byte(line)})
		if !diags.HasErrors() {
			t.Fatalf("%s: no error", name)
		}
		var s strings.Builder
		if err := dsl.WriteDiagnostics(&s, m.Files(), diags, 80, false); err != nil {
			t.Fatal(err)
		}
		if s.Len() > 2000 || !strings.Contains(s.String(), "   1: ") {
			t.Errorf("%s: %d bytes: %.2000s", name, s.Len(), s.String())
		}
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
