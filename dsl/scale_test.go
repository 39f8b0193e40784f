package dsl_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/dsl"
)

// quickly fails the test if f takes longer than a bound that is far above what
// it needs when its work is in proportion to the input, and far below what it
// needed when it was not. What others do with the processor meanwhile does not
// count.
func quickly(t *testing.T, bound time.Duration, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := spent()
	f()
	if took := spent() - start; took > bound {
		t.Errorf("took %v, want at most %v", took, bound)
	}
}

// TestManyErrors writes the first of 5000 errors, and JSON of all.
func TestManyErrors(t *testing.T) {
	t.Parallel()
	for what, line := range map[string]string{"unknown name": " a%d = nope.x\n", "unknown local": " a%d = local.nope%[1]d\n"} {
		quickly(t, 10*time.Second, func() {
			var src strings.Builder
			src.WriteString("locals {\n")
			for i := range 5000 {
				fmt.Fprintf(&src, line, i)
			}
			src.WriteString("}\n" + ends)
			m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(src.String())})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			_, diags = m.Build(registry(t), dsl.Options{CheckOnly: true})
			var s strings.Builder
			if err := dsl.WriteDiagnostics(&s, m.Files(), diags, 80, false); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(s.String(), "Error: "+what); n != 50 || !strings.HasSuffix(s.String(), "and 4950 more errors; mend the first ones\n") {
				t.Errorf("%d of %s: %.2000s", n, what, s.String())
			}
			if got := len(dsl.DiagnosticsOf(m.Files(), diags)); got != 5000 {
				t.Errorf("%d diagnostics for programs", got)
			}
		})
	}
}

// TestManyWarnings hides no error behind them.
func TestManyWarnings(t *testing.T) {
	t.Parallel()
	var src strings.Builder
	src.WriteString("locals {\n")
	for i := range 51 {
		fmt.Fprintf(&src, " a%02d = nope.x\n", i)
	}
	m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(src.String() + "}\n" + ends)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	_, diags = m.Build(registry(t), dsl.Options{})
	last := *diags[len(diags)-1]
	for _, d := range diags {
		d.Severity = hcl.DiagWarning
	}
	last.Summary = "the error"
	var s strings.Builder
	if err := dsl.WriteDiagnostics(&s, m.Files(), append(diags, &last), 80, false); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.String(), "Error: the error") || !strings.HasSuffix(s.String(), "and 1 more warning; mend the first ones\n") {
		t.Error(s.String())
	}
}

// TestLinesOfDiagnostics shows all lines of a range, with their numbers.
func TestLinesOfDiagnostics(t *testing.T) {
	t.Parallel()
	src := "# one\n\nlocals {\n  a = [\n    nope.x,\n  ] + [\n    1\n  ]\n}\n"
	m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(src + ends)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	_, diags = m.Build(registry(t), dsl.Options{})
	var s strings.Builder
	if err := dsl.WriteDiagnostics(&s, m.Files(), diags, 0, true); err != nil {
		t.Fatal(err)
	}
	if want := "main.hcl line 5, in locals:\n   5:     \x1b[1;4mnope.x\x1b[0m,\n\n"; !strings.Contains(s.String(), want) {
		t.Errorf("%q", s.String())
	}
	at := strings.Index(src, "[")
	long := *diags[0]
	long.Subject = &hcl.Range{Filename: "main.hcl", Start: hcl.Pos{Line: 4, Column: 7, Byte: at}, End: hcl.Pos{Line: 6, Column: 4, Byte: strings.Index(src, "] +") + 1}}
	long.Context = &hcl.Range{Filename: "main.hcl", Start: hcl.Pos{Line: 3, Column: 1, Byte: strings.Index(src, "locals")}, End: hcl.Pos{Line: 7, Column: 6, Byte: strings.Index(src, "1\n") + 1}}
	s.Reset()
	if err := dsl.WriteDiagnostics(&s, m.Files(), hcl.Diagnostics{&long}, 0, false); err != nil {
		t.Fatal(err)
	}
	if want := "   3: locals {\n   4:   a = [\n   5:     nope.x,\n   6:   ] + [\n   7:     1\n\n"; !strings.Contains(s.String(), want) {
		t.Errorf("%q", s.String())
	}
}

// TestChainOfLocals has 20,000 of them, each made of the one before: of what is
// known, and of what is not known yet.
func TestChainOfLocals(t *testing.T) {
	t.Parallel()
	const n = 20_000
	var src strings.Builder
	src.WriteString("variable \"x\" { type = int }\nlocals {\n a0 = var.x\n")
	for i := range n {
		fmt.Fprintf(&src, " a%d = local.a%d + 1\n", i+1, i)
	}
	fmt.Fprintf(&src, "}\noutput \"last\" { value = local.a%d }\n%s", n, ends)
	for want, o := range map[string]dsl.Options{"20005": {Vars: map[string]string{"x": "5"}}, "null": {CheckOnly: true}} {
		quickly(t, 30*time.Second, func() {
			p := build(t, src.String(), o)
			if got := string(p.Outputs[0].Value); got != want {
				t.Errorf("the last is %s, want %s", got, want)
			}
		})
	}
}

// TestWorkOfAPipeline makes many locals that are each within the limit. What a
// function goes through counts, not only what it returns.
func TestWorkOfAPipeline(t *testing.T) {
	t.Parallel()
	for _, local := range []string{"[local.x, local.x, local.x]", "length(local.x)"} {
		var src strings.Builder
		src.WriteString("locals {\n x = range(100000)\n")
		for i := range 200 {
			fmt.Fprintf(&src, " y%d = %s\n", i, local)
		}
		src.WriteString("}\n" + ends)
		m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(src.String())})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		_, diags = m.Build(registry(t), dsl.Options{})
		if len(diags) != 1 || diags[0].Summary != "too much to compute" {
			t.Errorf("200 times %s: %v", local, diags)
		}
	}
}
