package expr_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// generator writes random expressions of a wanted kind over fields that the
// fuzzed records have: i1 i2 f1 f2 s1 s2 b1 t1 d1 l1 r1, and oi of os that may
// be null.
type generator struct {
	*rand.Rand
	// known are those of oi, of and os that are not null here.
	known map[string]bool
	// wild makes it write operands of wrong kinds now and then.
	wild bool
}

func (g *generator) pick(alternatives ...func() string) string {
	return alternatives[g.IntN(len(alternatives))]()
}

func (g *generator) one(texts ...string) string { return texts[g.IntN(len(texts))] }

func (g *generator) of(k plugins.Kind, depth int) string {
	if g.wild && g.IntN(12) == 0 {
		// Never an int for a float or the other way round: a choice between the
		// two is a float when compiled, but either when interpreted.
		kinds := []plugins.Kind{plugins.Bool, plugins.String, plugins.Time, plugins.Duration, plugins.List, plugins.Int}
		if k == plugins.Int || k == plugins.Float {
			kinds = kinds[:5]
		}
		k = kinds[g.IntN(len(kinds))]
	}
	if depth > 0 && g.IntN(5) == 0 {
		return g.guarded(k, depth-1)
	}
	switch k {
	case plugins.Bool:
		return g.bool(depth)
	case plugins.Int:
		return g.int(depth)
	case plugins.Float:
		return g.float(depth)
	case plugins.String:
		return g.string(depth)
	case plugins.Time:
		return g.time(depth)
	case plugins.Duration:
		return g.duration(depth)
	}
	return g.list(depth)
}

// guarded writes what chooses between values of a kind.
func (g *generator) guarded(k plugins.Kind, depth int) string {
	optional := map[plugins.Kind]string{plugins.Int: "oi", plugins.Float: "of", plugins.String: "os"}[k]
	return g.pick(
		func() string {
			return fmt.Sprintf("(%s ? %s : %s)", g.of(plugins.Bool, depth), g.of(k, depth), g.of(k, depth))
		},
		func() string { return fmt.Sprintf("try(%s, %s)", g.of(k, depth), g.of(k, depth)) },
		func() string {
			if optional == "" {
				return g.of(k, depth)
			}
			return fmt.Sprintf("%s(event.%s, %s)", g.one("default", "coalesce"), optional, g.of(k, depth))
		},
		func() string {
			if optional == "" {
				return g.of(k, depth)
			}
			yes := g.knowing(optional, func() string { return g.of(k, depth) })
			return fmt.Sprintf("(%s ? %s : %s)", g.one("has(event."+optional+")", "event."+optional+" != null"), yes, g.of(k, depth))
		},
	)
}

func (g *generator) knowing(name string, f func() string) string {
	was := g.known[name]
	g.known[name] = true
	s := f()
	g.known[name] = was
	return s
}

func (g *generator) bool(depth int) string {
	if depth == 0 {
		return g.one("event.b1", "event.b1", "event.oi == null", "event.f1 > 0.5", "event.s1 == \"ok\"", "has(event.of)", "event.i1 <= 7")
	}
	depth--
	return g.pick(
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.of(plugins.Bool, depth), g.one("&&", "||", "==", "!="), g.of(plugins.Bool, depth))
		},
		func() string { return "!" + g.of(plugins.Bool, depth) },
		func() string { return g.comparison(depth) },
		func() string { return g.comparison(depth) },
		func() string { return fmt.Sprintf("can(%s)", g.of(plugins.Int, depth)) },
		func() string {
			name := g.one("oi", "of")
			rest := g.knowing(name, func() string {
				return fmt.Sprintf("event.%s %s %s", name, g.one("<", ">=", "=="), g.of(plugins.Int, depth))
			})
			return fmt.Sprintf("(event.%s != null && %s)", name, rest)
		},
		func() string {
			name := g.one("oi", "of")
			rest := g.knowing(name, func() string { return g.of(plugins.Bool, depth) })
			return fmt.Sprintf("(event.%s == null || %s)", name, rest)
		},
		func() string { return fmt.Sprintf("(event.oi %s %s)", g.one("==", "!="), g.of(plugins.Int, depth)) },
		func() string {
			return fmt.Sprintf("%s(%s, %s)", g.one("contains", "starts_with", "ends_with"), g.of(plugins.String, depth), g.of(plugins.String, depth))
		},
		func() string {
			return fmt.Sprintf("contains(%s, %s)", g.of(plugins.List, depth), g.of(plugins.Int, depth))
		},
		func() string { return fmt.Sprintf("(%s == event.l1)", g.of(plugins.List, depth)) },
	)
}

func (g *generator) comparison(depth int) string {
	op := g.one("<", "<=", ">", ">=", "==", "!=")
	number := func() plugins.Kind { return []plugins.Kind{plugins.Int, plugins.Float}[g.IntN(2)] }
	l, r := number(), number()
	if g.IntN(2) == 0 {
		l = []plugins.Kind{plugins.String, plugins.Time, plugins.Duration}[g.IntN(3)]
		r = l
	}
	return fmt.Sprintf("(%s %s %s)", g.of(l, depth), op, g.of(r, depth))
}

func (g *generator) int(depth int) string {
	if depth == 0 {
		if g.known["oi"] && g.IntN(2) == 0 {
			return "event.oi"
		}
		return g.one("event.i1", "event.i2", "event.i1", "3", "0", "-1", "9007199254740993", "9223372036854775807", strconv.Itoa(g.IntN(1000)))
	}
	depth--
	return g.pick(
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.of(plugins.Int, depth), g.one("+", "-", "*", "%"), g.of(plugins.Int, depth))
		},
		func() string { return fmt.Sprintf("-(%s)", g.of(plugins.Int, depth)) },
		func() string { return fmt.Sprintf("%s(%s)", g.one("abs", "sign"), g.of(plugins.Int, depth)) },
		func() string {
			return fmt.Sprintf("%s(%s, %s)", g.one("intdiv", "min", "max", "mod"), g.of(plugins.Int, depth), g.of(plugins.Int, depth))
		},
		func() string { return fmt.Sprintf("length(%s)", g.of(plugins.String, depth)) },
		func() string { return fmt.Sprintf("int(%s)", g.of(plugins.Float, depth)) },
		func() string { return fmt.Sprintf("event.l1[%s]", g.of(plugins.Int, depth)) },
		func() string {
			return fmt.Sprintf("%s(%s)", g.one("time::unix", "time::hour"), g.of(plugins.Time, depth))
		},
	)
}

func (g *generator) float(depth int) string {
	if depth == 0 {
		if g.known["of"] && g.IntN(2) == 0 {
			return "event.of"
		}
		return g.one("event.f1", "event.f2", "event.f1", "0.5", "2.25", "3.0", "2e3", "1e300", "event.r1.x")
	}
	depth--
	return g.pick(
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.of(plugins.Float, depth), g.one("+", "-", "*", "/", "%"), g.of(plugins.Float, depth))
		},
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.of(plugins.Float, depth), g.one("+", "-", "*", "/"), g.of(plugins.Int, depth))
		},
		func() string { return fmt.Sprintf("(%s / %s)", g.of(plugins.Int, depth), g.of(plugins.Int, depth)) },
		func() string {
			return fmt.Sprintf("(%s / %s)", g.of(plugins.Duration, depth), g.of(plugins.Duration, depth))
		},
		func() string { return fmt.Sprintf("-(%s)", g.of(plugins.Float, depth)) },
		func() string {
			return fmt.Sprintf("%s(%s)", g.one("abs", "floor", "round", "sqrt"), g.of(plugins.Float, depth))
		},
		func() string { return fmt.Sprintf("float(%s)", g.of(plugins.Int, depth)) },
	)
}

func (g *generator) string(depth int) string {
	if depth == 0 {
		if g.known["os"] && g.IntN(2) == 0 {
			return "event.os"
		}
		return g.one("event.s1", "event.s2", "event.s1", `"ok"`, `"d-17"`, `""`, `"ø"`)
	}
	depth--
	any := func() plugins.Kind {
		return []plugins.Kind{plugins.Int, plugins.Float, plugins.String, plugins.Bool, plugins.Time, plugins.Duration}[g.IntN(6)]
	}
	return g.pick(
		func() string { return fmt.Sprintf(`"<${%s}|${%s}>"`, g.of(any(), depth), g.of(any(), depth)) },
		func() string {
			return fmt.Sprintf("%s(%s)", g.one("upper", "lower", "reverse", "trim_space"), g.of(plugins.String, depth))
		},
		func() string {
			return fmt.Sprintf("substr(%s, %s, 2)", g.of(plugins.String, depth), g.of(plugins.Int, 0))
		},
		func() string { return fmt.Sprintf("string(%s)", g.of(any(), depth)) },
		func() string {
			if g.wild { // a time of which the type is not known would come back as a string
				return "(event.r1.y == null ? event.s2 : event.s1)"
			}
			return fmt.Sprintf(`{ a = %s, "b c" = %s }.a`, g.of(plugins.String, depth), g.of(plugins.Int, depth))
		},
		func() string { return fmt.Sprintf("json::encode([%s, %s])", g.of(any(), depth), g.of(any(), depth)) },
		func() string { return `"%{ for x in event.l1 }${x + 1};%{ endfor }"` },
	)
}

func (g *generator) time(depth int) string {
	if depth == 0 {
		return g.one("event.t1", `time::parse("2026-01-31T08:00:00Z")`)
	}
	depth--
	return g.pick(
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.of(plugins.Time, depth), g.one("+", "-"), g.of(plugins.Duration, depth))
		},
		func() string {
			return fmt.Sprintf("(%s + %s)", g.of(plugins.Duration, depth), g.of(plugins.Time, depth))
		},
		func() string {
			return fmt.Sprintf("time::truncate(%s, %s)", g.of(plugins.Time, depth), g.of(plugins.Duration, depth))
		},
	)
}

func (g *generator) duration(depth int) string {
	if depth == 0 {
		return g.one("event.d1", `duration("1m")`)
	}
	depth--
	return g.pick(
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.of(plugins.Duration, depth), g.one("+", "-", "%"), g.of(plugins.Duration, depth))
		},
		func() string { return fmt.Sprintf("(%s - %s)", g.of(plugins.Time, depth), g.of(plugins.Time, depth)) },
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.of(plugins.Duration, depth), g.one("*", "/"), g.of(plugins.Int, depth))
		},
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.of(plugins.Duration, depth), g.one("*", "/"), g.of(plugins.Float, depth))
		},
		func() string { return fmt.Sprintf("-(%s)", g.of(plugins.Duration, depth)) },
	)
}

func (g *generator) list(depth int) string {
	if depth == 0 {
		return g.one("event.l1", "[1, 2]", "[event.i1]")
	}
	depth--
	return g.pick(
		func() string { return fmt.Sprintf("[%s, %s]", g.of(plugins.Int, depth), g.float(0)) },
		func() string {
			return fmt.Sprintf("[for x in %s : x * 2 if x %s event.i1]", g.of(plugins.List, depth), g.one("<", "<=", ">"))
		},
		func() string { return fmt.Sprintf("concat(%s, event.l1)", g.of(plugins.List, depth)) },
		func() string { return "[{ v = event.i1 }, { v = event.i2 }][*].v" },
	)
}

// row returns the values of the fields of one random record.
func (g *generator) row() map[string]plugins.Value {
	i := func() plugins.Value { return plugins.Value{Kind: plugins.Int, Int: g.integer()} }
	f := func() plugins.Value { return plugins.Value{Kind: plugins.Float, Float: g.number()} }
	s := func() plugins.Value {
		return plugins.Value{Kind: plugins.String, Text: g.one("", "ok", "OK", "d-17", "smørbrød", " a ", "0", "12.5", "true")}
	}
	maybe := func(v plugins.Value) plugins.Value {
		if g.IntN(3) == 0 {
			return plugins.Value{Kind: plugins.Null}
		}
		return v
	}
	var list strings.Builder
	for n := g.IntN(4); n > 0; n-- {
		fmt.Fprintf(&list, "%d,", g.integer())
	}
	record := fmt.Sprintf(`{"x":%s,"y":"z"}`, strconv.FormatFloat(g.number(), 'e', -1, 64))
	return map[string]plugins.Value{
		"i1": i(), "i2": i(), "f1": f(), "f2": f(), "s1": s(), "s2": s(),
		"b1": {Kind: plugins.Bool, Int: int64(g.IntN(2))},
		"t1": {Kind: plugins.Time, Int: g.integer()},
		"d1": {Kind: plugins.Duration, Int: g.integer()},
		"l1": {Kind: plugins.List, Text: "[" + strings.TrimSuffix(list.String(), ",") + "]"},
		"r1": {Kind: plugins.Record, Text: record},
		"oi": maybe(i()), "of": maybe(f()), "os": maybe(s()),
	}
}

func (g *generator) integer() int64 {
	edges := []int64{0, 1, -1, 2, 3, 7, 60e9, 3600e9, 1 << 53, 1<<53 + 1, math.MaxInt64, math.MinInt64}
	switch g.IntN(4) {
	case 0:
		return edges[g.IntN(len(edges))]
	case 1:
		return int64(g.Uint64() >> g.IntN(64))
	}
	return int64(g.IntN(200) - 100)
}

func (g *generator) number() float64 {
	edges := []float64{0, 1, -1, 0.5, -2.5, 1e308, -1e308, 1 << 53, 1 << 62, 5e-324, 0.1}
	if g.IntN(3) == 0 {
		return edges[g.IntN(len(edges))]
	}
	return math.Round(g.NormFloat64()*1e5) / 1e3
}

// fuzzedFields are the types that the fields are declared with.
func fuzzedFields() []plugins.Field {
	i, f, s := plugins.Of(plugins.Int), plugins.Of(plugins.Float), plugins.Of(plugins.String)
	return []plugins.Field{
		{Name: "i1", Type: i}, {Name: "i2", Type: i}, {Name: "f1", Type: f}, {Name: "f2", Type: f},
		{Name: "s1", Type: s}, {Name: "s2", Type: s}, {Name: "b1", Type: plugins.Of(plugins.Bool)},
		{Name: "t1", Type: plugins.Of(plugins.Time)}, {Name: "d1", Type: plugins.Of(plugins.Duration)},
		{Name: "l1", Type: plugins.Type{Kind: plugins.List, Elem: &i}},
		{Name: "r1", Type: plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "x", Type: f}, {Name: "y", Type: s.OrNull()}}}},
		{Name: "oi", Type: i.OrNull()}, {Name: "of", Type: f.OrNull()}, {Name: "os", Type: s.OrNull()},
	}
}
