package dsl_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/onstream/onstream/dsl"
)

// FuzzBuild parses and builds anything, in both syntaxes. It must not panic
// or hang, and must say what is wrong in a form that can be printed.
func FuzzBuild(f *testing.F) {
	for _, pattern := range []string{"testdata/errors/*.hcl*", "testdata/valid/*.hcl*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	for _, text := range hostile(100) {
		f.Add([]byte(text))
	}
	reg := registry(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, name := range []string{"main.hcl", "main.hcl.json"} {
			m, diags := dsl.ParseSources("fuzz", map[string][]byte{name: src})
			if !diags.HasErrors() {
				p, more := m.Build(reg, dsl.Options{CheckOnly: true})
				diags = append(diags, more...)
				if (p == nil) != more.HasErrors() {
					t.Fatal("a pipeline is there exactly if there are no errors")
				}
			}
			if err := dsl.WriteDiagnostics(io.Discard, m.Files(), diags, 80, true); err != nil {
				t.Fatal(err)
			}
			for _, d := range dsl.DiagnosticsOf(m.Files(), diags) {
				if len(d.Snippet) > 500 {
					t.Fatalf("a snippet of %d bytes", len(d.Snippet))
				}
			}
		}
		if out, diags := dsl.Format(src, "main.hcl"); !diags.HasErrors() {
			if _, diags := dsl.Format(out, "main.hcl"); diags.HasErrors() {
				t.Fatalf("what was formatted does not parse: %v", diags)
			}
		}
	})
}
