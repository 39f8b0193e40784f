package expr_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

func TestStatic(t *testing.T) {
	t.Parallel()
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{
		"var": cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(3), "s": cty.StringVal("a"), "later": cty.UnknownVal(cty.Number)}),
	}}
	for src, want := range map[string]string{
		`var.n / 2`:                      `1.5`,
		`var.n + 0.5`:                    `3.5`,
		`"${var.s}-${var.n}"`:            `"a-3"`,
		`{ b = var.n, a = [var.s] }`:     `{"a":["a"],"b":3}`,
		`var.n > 2 && var.s == "a"`:      `true`,
		`duration("1m") * 2`:             `"2m0s"`,
		`[for x in range(3) : x * 2]`:    `[0,2,4]`,
		`var.n == 3 ? "x" : 1`:           `"x"`,
		`true || 1 / 0 > 1`:              `true`,
		`try(1 / 0, "none")`:             `"none"`,
		`float(4)`:                       `4`,
		`merge({ a = 1 }, { b = 2 })`:    `{"a":1,"b":2}`,
		`9223372036854775807 + 1`:        `!`,
		`"12" > 3`:                       `!`,
		`80 == "80"`:                     `!`,
		`1 / 0`:                          `!`,
		`null || false`:                  `!`,
		`var.nosuch`:                     `!`,
		`{ a = 1 }.b`:                    `!`,
		`time::now()`:                    `!`,
		`var.n ? 1 : 2`:                  `!`,
		`-var.s`:                         `!`,
		`"${null}x"`:                     `!`,
		`!"true"`:                        `!`,
		`default(null, null, 1)`:         `!`,
		`upper(1)`:                       `!`,
		`unit::convert(1, "m", "C") > 0`: `!`,
	} {
		got, diags := static(parse(t, src), ctx)
		if got != want {
			t.Errorf("%s is %s, want %s: %s", src, got, want, diags)
		}
		for _, d := range diags {
			if d.Expression != nil || d.EvalContext != nil {
				t.Errorf("%s: the diagnostic keeps values", src)
			}
		}
	}
	for _, src := range []string{`var.later + 1`, `"${var.later}"`, `var.later > 1 ? 1 : 2`, `[var.later]`, `upper(var.later)`} {
		if v, diags := expr.Static(parse(t, src), ctx, nil); diags.HasErrors() || v.IsWhollyKnown() {
			t.Errorf("%s is %#v, %s, want what is not known", src, v, diags)
		}
	}
	x, diags := expr.Compile(parse(t, `event.x > var.later`), &expr.Scope{Event: &plugins.Shape{Format: "json"}, Static: ctx})
	if diags.HasErrors() || x.Type().Kind != plugins.Bool {
		t.Errorf("an expression with what is not known yet: %v, %s", x, diags)
	}
}

// What hclsyntax says around the errors of functions is not shown.
func TestStaticCallErrors(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`parse_int("x")`: `no value: not an int: "x"`,
		`to_upper("x")`:  `unknown function: there is no function to_upper; did you mean upper?`,
		`math::abs(1)`:   `unknown function: there is no function math::abs; did you mean abs?`,
		`"a" + "b"`:      `types do not go together: there is no string + string; to join texts write "${a}${b}"`,
	} {
		_, diags := expr.Static(parse(t, src), nil, nil)
		if len(diags) != 1 || diags[0].Summary+": "+diags[0].Detail != want {
			t.Errorf("%s: %v, want %s", src, diags, want)
		}
	}
}

func TestParseType(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`bool`:                  `bool`,
		`time("ms")`:            `time("ms")`,
		`optional(list(float))`: `optional(list(float))`,
		`map(any)`:              `map(any)`,
		`record({ a = int, "b c" = optional(time) })`: `record({a = int, b c = optional(time)})`,
		`sting`:                        `!did you mean string?`,
		`lst(int)`:                     `!did you mean list?`,
		`number`:                       `!use int or float`,
		`double`:                       `!did you mean float?`,
		`str`:                          `!did you mean string?`,
		`integer`:                      `!did you mean int?`,
		`boolean`:                      `!did you mean bool?`,
		`time("yyyy-MM-dd")`:           `!write "2006-01-02"`,
		`time("2006-01-02")`:           `time("2006-01-02")`,
		`list`:                         `!say of what: list(float)`,
		`record`:                       `!name its fields`,
		`time(5)`:                      `!a layout is`,
		`record({ a = int, a = int })`: `!a was declared at`,
		`record([int])`:                `!name the fields`,
		`list(int, int)`:               `!exactly one argument`,
		`"string"`:                     `!a type is`,
		`list(flot)`:                   `!did you mean float?`,
	} {
		typ, diags := expr.ParseType(parse(t, src))
		got := typ.String()
		if diags.HasErrors() {
			got = "!" + diags[0].Detail
		}
		if rest, failed := strings.CutPrefix(want, "!"); got != want && (!failed || !strings.Contains(got, rest)) {
			t.Errorf("%s is %s, want %s", src, got, want)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		candidates []string
	}{
		{"temperatur", "temperature", []string{"humidity", "temperature"}},
		{"tmep", "temp", []string{"pressure", "temp"}},
		{"Device", "device", []string{"devices", "device"}},
		{"x", "", []string{"y", "temperature"}},
		{"pressure", "", []string{"temperature", "n"}},
	} {
		if got, ok := expr.Suggest(c.name, c.candidates); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: suggested %q (%v), want %q", c.name, got, ok, c.want)
		}
	}
}

// Whatever is written, compiling ends, and says no to what cannot run.
func FuzzCompile(f *testing.F) {
	for _, src := range []string{`event.a + 1`, `[for x in event.l : x]`, `{ a = event }`, `try(event.a[0].b, "${meta.key}")`, `event[*]`, `a ? b : c`, `key[key]`, `event.l[*].x[0]`, `"%{ for x in event.l }${x}%{ endfor }"`} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		e, diags := parseAny(src)
		if diags.HasErrors() {
			return
		}
		b, shape := batch(new(plugins.Pool), jsonColumn(t, "a", plugins.Type{}, `1`, `{"b":[1,{"c":null}]}`), jsonColumn(t, "l", plugins.Type{Kind: plugins.List}, `[1,"a",null]`, `[]`))
		x, diags := expr.Compile(e, &expr.Scope{Event: shape, Meta: true, Key: true})
		if (x == nil) != diags.HasErrors() {
			t.Fatalf("%v with %v", x, diags)
		}
		if x != nil {
			_ = x.String()
			results(x, b)
		}
		b.Release()
	})
}
