package dsl_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/dsl"
)

// hostile are texts that crash, hang or bloat a parser that trusts its input.
func hostile(n int) map[string]string {
	repeat := strings.Repeat
	return map[string]string{
		"brackets":        repeat("[", n),
		"parentheses":     "locals { x = " + repeat("(", n),
		"bangs":           "locals { x = " + repeat("!", n),
		"minus":           "locals { x = " + repeat("-", n),
		"sum":             "locals { x = " + repeat("1+", n),
		"conditions":      "locals { x = " + repeat("a?b:", n),
		"templates":       "locals { x = " + repeat(`"${`, n),
		"controls":        "locals { x = \"" + repeat(`%{if a}`, n),
		"steps":           "locals { x = a" + repeat(".b", n),
		"indexes":         "locals { x = a" + repeat("[b]", n),
		"splats":          "locals { x = a" + repeat("[*]", n),
		"calls":           "locals { x = " + repeat("f(", n),
		"namespaces":      "locals { x = a" + repeat("::a", n),
		"fors":            "locals { x = " + repeat("[for a in ", n),
		"objects":         "locals { x = " + repeat("{a=", n),
		"arrows":          "locals { x = {" + repeat("a=>", n),
		"blocks":          repeat("a {\n", n),
		"ends":            repeat("}", n),
		"heredocs":        repeat("a=<<E\n", n),
		"heredocs inside": "a=<<E\n" + repeat("${<<E\n", n),
		"long heredoc":    "a=<<E\n" + repeat("Ex\n", n) + "E\n",
		"quotes":          repeat("\"", n),
		"open comments":   repeat("/*", n),
		"digits":          "locals { x = " + repeat("1", n),
		"exponent":        "locals { x = 1e" + repeat("9", n),
		"combining":       "locals { x = \"" + repeat("\u0301", n),
		"invalid":         repeat("\xff", n),
		"zeros":           repeat("\x00", n),
		"junk":            repeat("@", n),
		"attributes":      repeat("a = 1\n", n),
		"many errors":     repeat("a = \n", n),
		"sources":         repeat("source \"tick\" \"a\" {}\n", n),
		"empty":           "",
	}
}

func TestHostileFiles(t *testing.T) {
	t.Parallel()
	size := 200_000
	if testing.Short() {
		size /= 10
	}
	for name, text := range hostile(size / 2) {
		text = text[:min(len(text), 4*size)]
		checkQuick(t, name, map[string][]byte{"main.hcl": []byte(text)})
	}
	repeat := strings.Repeat
	for name, text := range map[string]string{
		"brackets": repeat("[", size),
		"objects":  repeat(`{"a":`, size/5),
		"closed":   repeat("[", size/2) + repeat("]", size/2),
		"template": `{"locals": {"a": "` + repeat("${[", size/3) + `"}}`,
		"escapes":  `{"locals": {"a": "` + repeat(`\n`, size/2) + `${x"}}`,
		"number":   `{"locals": {"a": 1` + repeat("0", size) + `}}`,
		"exponent": `{"locals": {"a": 1e1000000}}`,
		"strings":  `{"locals": {"a": [` + repeat(`"",`, size/3) + `""]}}`,
		"one line": `{` + repeat(`"source": 1, `, size/13) + `"sink": 1}`,
		"invalid":  repeat("\xff", size),
		"trailing": `{} {}`,
		"keyword":  `{"${a}": 1}`,
	} {
		checkQuick(t, name, map[string][]byte{"main.hcl.json": []byte(text)})
	}
}

// checkQuick builds a file, which must be refused within a time that is far
// beyond what a linear check needs, and far below what anything else does.
func checkQuick(t *testing.T, name string, files map[string][]byte) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		m, diags := dsl.ParseSources("test", files)
		if !diags.HasErrors() {
			_, diags = m.Build(registry(t), dsl.Options{CheckOnly: true})
		}
		var err error
		if !diags.HasErrors() {
			err = fmt.Errorf("%s was not refused", name)
		}
		for _, d := range diags {
			if len(d.Detail) > 10_000 {
				err = fmt.Errorf("%s: a message of %d bytes", name, len(d.Detail))
			}
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s: still busy", name)
	}
}

func TestFileSize(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"main.hcl":      strings.Repeat("# comment\n", 500_000),
		"main.hcl.json": "{" + strings.Repeat(" ", 5<<20) + "}",
	} {
		_, diags := dsl.ParseSources("test", map[string][]byte{name: []byte(src)})
		if !diags.HasErrors() || diags[0].Summary != "file too large" {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// TestLimitsAreGenerous builds what is large and still reasonable.
func TestLimitsAreGenerous(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(ends)
	fmt.Fprintf(&b, "locals {\n  sum = 0%s\n", strings.Repeat(" + 1", 2000))
	fmt.Fprintf(&b, "  deep = %s1%s\n", strings.Repeat("(", 60), strings.Repeat(")", 60))
	fmt.Fprintf(&b, "  either = [%s]\n", strings.Repeat("true ? 1 : 2, ", 300))
	fmt.Fprintf(&b, "  lines = {\n%s  }\n", strings.Repeat("    a = true ? 1 : 2\n", 1))
	for i := range 2000 {
		fmt.Fprintf(&b, "  l%d = %d # %s\n", i, i, strings.Repeat("[", 100))
	}
	b.WriteString("}\noutput \"sum\" { value = local.sum }\n")
	p := build(t, b.String(), dsl.Options{})
	if got := string(p.Outputs[0].Value); got != "2000" {
		t.Errorf("the sum is %s", got)
	}
}
