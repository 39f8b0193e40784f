package expr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// What takes for ever, or a lot of memory, is an error.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		`[for a in range(100000) : [for b in range(100000) : 1]]`,
		`[for a in range(100000) : range(100000)]`,
		`[for a in range(100000) : repeat("abc", 1000000)]`,
		`[for a in range(100000) : 1 if length([for b in range(100000) : b]) > 0]`,
		`"%{ for a in range(100000) }${repeat("abc", 100)}%{ endfor }"`,
		`repeat(repeat("abc", 1000000), 1000)`,
		`join(repeat("a", 10000), range(100000))`,
	} {
		if got, diags := static(parse(t, src), nil); got != "!" {
			t.Errorf("%s gives %d bytes, %s", src, len(got), diags)
		}
	}
	// A list of lists of lists: small in memory, but not to whoever goes through it.
	v := cty.EmptyTupleVal
	var diags hcl.Diagnostics
	for range 40 {
		ctx := &hcl.EvalContext{Variables: map[string]cty.Value{"local": cty.ObjectVal(map[string]cty.Value{"v": v})}}
		if v, diags = expr.Static(parse(t, `[local.v, local.v]`), ctx, nil); diags.HasErrors() {
			return
		}
	}
	t.Error("2^40 lists are taken")
}

// Long and deep expressions compile in a time that is about proportional to
// their length, or are refused.
func TestLongExpressions(t *testing.T) {
	t.Parallel()
	schema := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "a", Type: plugins.Of(plugins.Float).OrNull()}}}
	scope := &expr.Scope{Event: &plugins.Shape{Type: schema, Format: "json"}}
	for name, src := range map[string]string{
		"and":        strings.Repeat("event.a != null && ", 800) + "true",
		"plus":       strings.Repeat("default(event.a, 0) + ", 600) + "1",
		"conditions": strings.Repeat("event.a == 1 ? 2 : ", 600) + "3",
		"parens":     strings.Repeat("(", 600) + "event.a" + strings.Repeat(")", 600),
		"not":        strings.Repeat("!", 600) + "has(event.a)",
		"calls":      strings.Repeat("abs(", 600) + "default(event.a, 1)" + strings.Repeat(")", 600),
		"lists":      strings.Repeat("[", 600) + "event.a" + strings.Repeat("]", 600),
		"for":        strings.Repeat("[for x in ", 100) + "[event.a]" + strings.Repeat(": x]", 100),
	} {
		e := parse(t, src)
		start := time.Now()
		x, diags := expr.Compile(e, scope)
		if diags.HasErrors() || x == nil {
			t.Errorf("%s: %s", name, diags)
		}
		t.Logf("%s: %v", name, time.Since(start))
	}
}
