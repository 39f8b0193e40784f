package dsl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/dsl"
)

// expectation is a diagnostic that a test file asks for, by a comment on its
// line: "# error: SUMMARY: PART OF THE DETAIL". Line 0 stands for a diagnostic
// without a place, which is asked for by "# anywhere: ...". JSON files have a
// file NAME.expect next to them with lines "LINE error: SUMMARY: PART".
type expectation struct {
	line     int
	severity string
	summary  string
	detail   string
}

var expectationPattern = regexp.MustCompile(`(error|warning|anywhere): ([^:]+): (.*)$`)

func expectations(t *testing.T, path string, src []byte) []expectation {
	t.Helper()
	var list []expectation
	parse := func(line int, text string) {
		for part := range strings.SplitSeq(text, " | ") {
			m := expectationPattern.FindStringSubmatch(strings.TrimSpace(part))
			if m == nil {
				t.Fatalf("line %d: cannot read the expectation %q", line, part)
			}
			e := expectation{line, m[1], m[2], m[3]}
			if e.severity == "anywhere" {
				e.line, e.severity = 0, "error"
			}
			list = append(list, e)
		}
	}
	if strings.HasSuffix(path, ".json") {
		expect, err := os.ReadFile(path + ".expect")
		if err != nil {
			t.Fatal(err)
		}
		for text := range strings.Lines(string(expect)) {
			var line int
			if _, err := fmt.Sscanf(text, "%d ", &line); err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
			parse(line, rest)
		}
		return list
	}
	n := 0
	for text := range strings.Lines(string(src)) {
		n++
		if at := expectationAt.FindStringIndex(text); at != nil {
			parse(n, strings.TrimPrefix(text[at[0]:], "# "))
		}
	}
	return list
}

var expectationAt = regexp.MustCompile(`# (error|warning|anywhere): `)

// options reads "# options: --var x=1 --check --memory" from the first line of a file.
func options(t *testing.T, src []byte) dsl.Options {
	t.Helper()
	o := dsl.Options{
		Vars: map[string]string{}, Settings: map[string]string{}, NodeName: "test", Stored: true, Plugins: started(),
		LookupEnv: func(name string) (string, bool) {
			if name == "ONSTREAM_VAR_from_env" || name == "PRESENT" {
				return "present", true
			}
			return "", false
		},
	}
	first, _, _ := strings.Cut(string(src), "\n")
	rest, ok := strings.CutPrefix(first, "# options: ")
	if !ok {
		return o
	}
	words := strings.Fields(rest)
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "--check":
			o.CheckOnly = true
			continue
		case "--memory":
			o.Stored = false
			continue
		case "--env":
			o.Env = words[i+1]
		case "--var":
			name, value, _ := strings.Cut(words[i+1], "=")
			o.Vars[name] = value
		case "--set":
			name, value, _ := strings.Cut(words[i+1], "=")
			o.Settings[name] = value
		default:
			t.Fatalf("cannot read the option %s", words[i])
		}
		i++
	}
	return o
}

// TestErrors builds each file in testdata/errors and compares the diagnostics
// with the comments in it: none may be missing, and none may be beyond them.
func TestErrors(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/errors/*.hcl*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, ".expect") {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := expectations(t, path, src)
			for _, d := range diagnose(t, path, src) {
				if !take(&want, d) {
					t.Errorf("unexpected: %s", describe(d))
				}
			}
			for _, w := range want {
				t.Errorf("missing on line %d: %s: %s: %s", w.line, w.severity, w.summary, w.detail)
			}
		})
	}
}

func diagnose(t *testing.T, path string, src []byte) hcl.Diagnostics {
	t.Helper()
	m, diags := dsl.Parse(path)
	if diags.HasErrors() {
		return diags
	}
	r := registry(t)
	if strings.Contains(string(src), `plugin "acme"`) {
		r = withAcme(t)
	}
	p, more := m.Build(r, options(t, src))
	if (p == nil) != more.HasErrors() {
		t.Error("a pipeline is there exactly if there are no errors")
	}
	return append(diags, more...)
}

func describe(d *hcl.Diagnostic) string {
	severity, line := "error", 0
	if d.Severity == hcl.DiagWarning {
		severity = "warning"
	}
	if d.Subject != nil {
		line = d.Subject.Start.Line
	}
	return fmt.Sprintf("line %d: %s: %s: %s", line, severity, d.Summary, d.Detail)
}

// take removes the expectation that a diagnostic meets.
func take(want *[]expectation, d *hcl.Diagnostic) bool {
	i := slices.IndexFunc(*want, func(w expectation) bool {
		severity, line := "error", 0
		if d.Severity == hcl.DiagWarning {
			severity = "warning"
		}
		if d.Subject != nil {
			line = d.Subject.Start.Line
		}
		return w.line == line && w.severity == severity && w.summary == d.Summary && strings.Contains(d.Detail, w.detail)
	})
	if i < 0 {
		return false
	}
	*want = slices.Delete(*want, i, i+1)
	return true
}
