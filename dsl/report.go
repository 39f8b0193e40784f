package dsl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/hashicorp/hcl/v2"
)

// WriteDiagnostics writes diagnostics for people: with the piece of source
// they are about, wrapped to width columns (0 for no wrapping).
func WriteDiagnostics(w io.Writer, files map[string]*hcl.File, diags hcl.Diagnostics, width uint, color bool) error {
	if err := hcl.NewDiagnosticTextWriter(w, files, width, color).WriteDiagnostics(finish(diags)); err != nil {
		return fmt.Errorf("write diagnostics: %w", err)
	}
	return nil
}

// Diagnostic is a diagnostic for programs.
type Diagnostic struct {
	Severity string `json:"severity"` // "error" or "warning"
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	Range    *Range `json:"range,omitempty"`
	Snippet  string `json:"snippet,omitempty"` // the first line of the range
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
				x.Snippet = lineAt(f.Bytes, r.Start.Byte)
			}
		}
		out = append(out, x)
	}
	return out
}

// WriteDiagnosticsJSON writes diagnostics as one JSON array.
func WriteDiagnosticsJSON(w io.Writer, files map[string]*hcl.File, diags hcl.Diagnostics) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(DiagnosticsOf(files, diags)); err != nil {
		return fmt.Errorf("write diagnostics: %w", err)
	}
	return nil
}

func lineAt(src []byte, offset int) string {
	offset = min(max(offset, 0), len(src))
	start := bytes.LastIndexByte(src[:offset], '\n') + 1
	line, _, _ := bytes.Cut(src[start:], []byte("\n"))
	return string(bytes.TrimRight(line, "\r"))
}
