package cli

import (
	"fmt"
	"io"

	"github.com/onstream/onstream/runtime/graph"
)

// suite is how the tests of one pipeline went.
type suite struct {
	Path    string   `json:"path"`
	Passed  bool     `json:"passed"`
	Seconds float64  `json:"seconds"`
	Tests   []result `json:"tests"`
}

// result is how one test went.
type result struct {
	Name     string    `json:"name"`
	Passed   bool      `json:"passed"`
	Seconds  float64   `json:"seconds"`
	Failures []failure `json:"failures,omitempty"`
}

// failure is one thing that is not as expected.
type failure struct {
	File    string   `json:"file"`
	Line    int      `json:"line,omitempty"`
	Message string   `json:"message"`
	Detail  []string `json:"detail,omitempty"`
}

func newFailure(pos graph.Pos, message string, detail ...string) failure {
	return failure{pos.File, pos.Line, message, detail}
}

// place is the file, with the line if there is one to tell.
func (f failure) place() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// write tells how it went the way "go test" does.
func (s suite) write(w io.Writer, verbose bool) {
	bad := 0
	for _, r := range s.Tests {
		if r.Passed {
			if verbose {
				fmt.Fprintf(w, "--- PASS: %s\n", r.Name)
			}
			continue
		}
		bad++
		fmt.Fprintf(w, "--- FAIL: %s\n", r.Name)
		for _, f := range r.Failures {
			fmt.Fprintf(w, "    %s: %s\n", f.place(), f.Message)
			for _, line := range f.Detail {
				fmt.Fprintf(w, "        %s\n", line)
			}
		}
	}
	switch {
	case len(s.Tests) == 0:
		fmt.Fprintf(w, "?     %s  no tests\n", s.Path)
	case bad > 0:
		fmt.Fprintf(w, "FAIL  %s  %d of %s failed\n", s.Path, bad, plural(len(s.Tests), "test"))
	default:
		fmt.Fprintf(w, "ok    %s  %s  %.3fs\n", s.Path, plural(len(s.Tests), "test"), s.Seconds)
	}
}
