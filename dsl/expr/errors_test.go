package expr_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// errorScope is what the expressions of testdata/errors may refer to.
func errorScope(t *testing.T) *expr.Scope {
	t.Helper()
	typ, diags := expr.ParseType(parse(t, `record({
		temp = float, hum = optional(float), count = int, factor = float, name = string, on = bool, any = any,
		when = time, wait = duration, raw = bytes, tags = map(string), gps = record({ lat = float }),
		pos = optional(record({ lat = float, name = string })), readings = list(record({ value = float })),
	})`))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	limit, err := expr.NewSetting("limit", plugins.Of(plugins.Float), plugins.Value{Kind: plugins.Float, Float: 8})
	if err != nil {
		t.Fatal(err)
	}
	return &expr.Scope{
		Event:    &plugins.Shape{Type: typ, Format: "json"},
		Meta:     true,
		Settings: map[string]*expr.Setting{"limit": limit},
		Static: &hcl.EvalContext{
			Variables: map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{"offset": cty.NumberIntVal(2)})},
			Functions: map[string]function.Function{"env": stdlib.UpperFunc},
		},
	}
}

// Every line of testdata/errors gives exactly the error that it says.
func TestErrors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/errors/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, diags := hclsyntax.ParseConfig(src, file, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		lines := strings.Split(string(src), "\n")
		for name, attr := range f.Body.(*hclsyntax.Body).Attributes {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".hcl")+"/"+name, func(t *testing.T) {
				t.Parallel()
				_, want, wanted := strings.Cut(lines[attr.NameRange.Start.Line-1], "# error: ")
				x, diags := expr.Compile(attr.Expr, errorScope(t))
				switch {
				case !wanted && diags.HasErrors():
					t.Error(diags)
				case !wanted && x == nil:
					t.Error("compiled to nothing")
				case wanted && len(diags) != 1:
					t.Errorf("%d diagnostics, want one: %v", len(diags), diags)
				case wanted:
					checkDiagnostic(t, diags[0], want, attr.Expr)
				}
			})
		}
	}
}

func checkDiagnostic(t *testing.T, d *hcl.Diagnostic, want string, e hclsyntax.Expression) {
	t.Helper()
	summary, detail, _ := strings.Cut(want, ": ")
	if d.Summary != summary || !strings.Contains(d.Detail, detail) {
		t.Errorf("got %s: %s\nwant %s", d.Summary, d.Detail, want)
	}
	within := e.Range()
	if d.Subject == nil || d.Subject.Start.Byte < within.Start.Byte || d.Subject.End.Byte > within.End.Byte {
		t.Errorf("the range %v is not within the expression at %v", d.Subject, within)
	}
	if d.Expression != nil || d.EvalContext != nil {
		t.Error("the diagnostic keeps values")
	}
}
