package expr_test

import (
	"testing"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// A number is a float where it is written with a point or an exponent.
func TestNumberLiterals(t *testing.T) {
	t.Parallel()
	_, shape := batch(new(plugins.Pool), jsonColumn(t, "x", plugins.Of(plugins.Int), `7`))
	scope := &expr.Scope{Event: shape}
	for src, want := range map[string]plugins.Kind{
		`0`: plugins.Int, `-1`: plugins.Int, `2 * 3`: plugins.Int, `event.x + 1`: plugins.Int, `max(1, event.x)`: plugins.Int,
		`0.0`: plugins.Float, `1.5e3`: plugins.Float, `1e3`: plugins.Float, `1E3`: plugins.Float, `-1.0`: plugins.Float, `(0.0)`: plugins.Float,
		`2.0 * 3`: plugins.Float, `event.x + 1.0`: plugins.Float, `event.x * 1e3`: plugins.Float,
		`{ a = 1.0 }.a`: plugins.Float, `"${1.0}${event.x}"`: plugins.String, `{ 2.0 = 7, a = 1 }["2"]`: plugins.Int,
	} {
		if x := compile(t, src, scope); x.Type().Kind != want {
			t.Errorf("%s is %s, want %s", src, x.Type(), want)
		}
	}
	whole, float := compile(t, `event.x + 1`, scope), compile(t, `event.x + 1.0`, scope)
	if whole.String() == float.String() {
		t.Errorf("%s has the text of another", whole)
	}
}
