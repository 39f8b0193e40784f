package expr_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// tally counts what a comparison of kernels and interpreter came to.
type tally struct {
	cases, failures, skipped int
	mismatch                 string // the first
}

// compareOne generates an expression and records, and compares what the kernels
// and the interpreter make of them: with a schema and without.
func compareOne(seed uint64, broken bool, t *tally) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), known: map[string]bool{}}
	g.wild = seed%4 == 0
	kinds := []plugins.Kind{plugins.Bool, plugins.Bool, plugins.Int, plugins.Float, plugins.String, plugins.Time, plugins.Duration, plugins.List}
	src := g.of(kinds[g.IntN(len(kinds))], 1+g.IntN(4))
	e, diags := hclsyntax.ParseExpression([]byte(src), "fuzz", hcl.InitialPos)
	if diags.HasErrors() {
		t.mismatch = src + " does not parse: " + diags.Error()
		return
	}
	expr.FloatLiterals(e, []byte(src), 0)
	const rows = 8
	records := make([]map[string]plugins.Value, rows)
	for i := range records {
		records[i] = g.row()
	}
	want := make([]string, rows)
	for i, r := range records {
		want[i] = interpreted(e, r, broken)
	}
	for _, typed := range []bool{true, false} {
		cols := columnsOf(records, typed)
		b, shape := batch(new(plugins.Pool), cols...)
		x, diags := expr.Compile(e, &expr.Scope{Event: shape})
		if diags.HasErrors() {
			t.skipped++
			continue
		}
		for i, got := range results(x, b) {
			t.cases++
			if want[i] == "!" {
				t.failures++
			}
			if !sameResult(got, want[i]) && t.mismatch == "" {
				t.mismatch = fmt.Sprintf("seed %d, typed %v: %s\nrecord: %v\nkernels: %s\ninterpreter: %s", seed, typed, src, records[i], got, want[i])
			}
		}
	}
}

func columnsOf(records []map[string]plugins.Value, typed bool) []column {
	var cols []column
	for _, f := range fuzzedFields() {
		c := column{name: f.Name}
		if typed {
			c.typ = f.Type
		}
		for _, r := range records {
			c.values = append(c.values, r[f.Name])
		}
		cols = append(cols, c)
	}
	return cols
}

// interpreted evaluates an expression for one record with the interpreter.
func interpreted(e hclsyntax.Expression, record map[string]plugins.Value, broken bool) string {
	fields := map[string]cty.Value{}
	for name, v := range record {
		c, err := expr.ToCty(v)
		if err != nil {
			return "!" + err.Error()
		}
		fields[name] = c
	}
	v, diags := expr.Evaluate(e, &hcl.EvalContext{Variables: map[string]cty.Value{"event": cty.ObjectVal(fields)}}, broken)
	if diags.HasErrors() {
		return "!"
	}
	x, err := expr.FromCty(v)
	if err != nil {
		return "!"
	}
	return string(jsontext.AppendValue(nil, x, ""))
}

func sameResult(got, want string) bool {
	if got == want {
		return true
	}
	if got[0] == '!' || want[0] == '!' {
		return got[0] == want[0]
	}
	same, err := expr.EqualJSON(got, want)
	return same && err == nil
}

func TestKernelsEqualInterpreter(t *testing.T) {
	t.Parallel()
	expressions := uint64(4000)
	if testing.Short() {
		expressions = 800
	}
	var n tally
	for seed := range expressions {
		if compareOne(seed, false, &n); n.mismatch != "" {
			t.Fatal(n.mismatch)
		}
	}
	t.Logf("%d cases, %d of them failures, %d expressions skipped", n.cases, n.failures, n.skipped)
	if n.skipped*2 > int(expressions) || n.cases < int(expressions)*8 {
		t.Errorf("%d cases, %d skipped: too few were compared", n.cases, n.skipped)
	}
}

// The comparison would notice if <= were taken for <.
func TestComparisonFindsPlantedBug(t *testing.T) {
	t.Parallel()
	var n tally
	for seed := range uint64(3000) {
		if compareOne(seed, true, &n); n.mismatch != "" {
			return
		}
	}
	t.Error("3000 expressions did not show that <= was taken for <")
}

func FuzzEquivalence(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		var n tally
		if compareOne(seed, false, &n); n.mismatch != "" {
			t.Fatal(n.mismatch)
		}
	})
}
