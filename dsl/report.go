package dsl

import (
	"fmt"
	"io"

	"github.com/hashicorp/hcl/v2"
)

// maxShown is how many errors, and how many warnings, are written for people.
const maxShown = 50

// WriteDiagnostics writes diagnostics for people: with the piece of source
// they are about, wrapped to width columns (0 for no wrapping). Of very many it
// writes the first, and how many more there are.
func WriteDiagnostics(w io.Writer, files map[string]*hcl.File, diags hcl.Diagnostics, width uint, color bool) error {
	count := map[hcl.DiagnosticSeverity]int{}
	for _, d := range finish(diags) {
		if count[d.Severity]++; count[d.Severity] > maxShown {
			continue
		}
		files, d := shorten(files, d)
		if err := hcl.NewDiagnosticTextWriter(w, files, width, color).WriteDiagnostic(d); err != nil {
			return fmt.Errorf("write diagnostics: %w", err)
		}
	}
	for _, s := range []struct {
		severity hcl.DiagnosticSeverity
		name     string
	}{{hcl.DiagError, "error"}, {hcl.DiagWarning, "warning"}} {
		more := count[s.severity] - maxShown
		if more <= 0 {
			continue
		}
		if more > 1 {
			s.name += "s"
		}
		if _, err := fmt.Fprintf(w, "and %d more %s; mend the first ones\n", more, s.name); err != nil {
			return fmt.Errorf("write diagnostics: %w", err)
		}
	}
	return nil
}

// Diagnostic is a diagnostic for programs.
type Diagnostic struct {
	Severity string `json:"severity"` // "error" or "warning"
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	Range    *Range `json:"range,omitempty"`
	Snippet  string `json:"snippet,omitempty"` // the first line of the range; of a long one, the part around it
}

// Range is a part of a file. Lines and columns count from 1, bytes from 0;
// the end is behind the last character.
type Range struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	Byte      int    `json:"byte"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
	EndByte   int    `json:"end_byte"`
}

// DiagnosticsOf returns diagnostics in their form for programs.
func DiagnosticsOf(files map[string]*hcl.File, diags hcl.Diagnostics) []Diagnostic {
	out := []Diagnostic{}
	for _, d := range finish(diags) {
		x := Diagnostic{Severity: "error", Summary: d.Summary, Detail: d.Detail}
		if d.Severity == hcl.DiagWarning {
			x.Severity = "warning"
		}
		if r := d.Subject; r != nil {
			x.Range = &Range{r.Filename, r.Start.Line, r.Start.Column, r.Start.Byte, r.End.Line, r.End.Column, r.End.Byte}
			if f := files[r.Filename]; f != nil {
				text, start := lineAt(f.Bytes, r.Start.Byte)
				x.Snippet, _ = excerpt(text, r.Start.Byte-start)
			}
		}
		out = append(out, x)
	}
	return out
}
