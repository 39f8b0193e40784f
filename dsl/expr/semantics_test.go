package expr_test

import (
	"testing"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// What expressions give for one record, with fields of known types. "!code" is
// a failure.
func TestSemantics(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		// Numbers.
		`event.i + 1`:                           `8`,
		`event.i / 2`:                           `3.5`,
		`event.i % 4`:                           `3`,
		`-event.i % 4`:                          `-3`,
		`mod(-event.i, 4)`:                      `1`,
		`-(-event.big - 1)`:                     `!overflow`,
		`event.big * 2`:                         `!overflow`,
		`event.big + 1`:                         `!overflow`,
		`event.big + 1.0`:                       `9.223372036854776e+18`,
		`event.big + 0.5`:                       `9.223372036854776e+18`,
		`event.i / 0`:                           `!divide_by_zero`,
		`event.f % 0`:                           `!divide_by_zero`,
		`event.f * 1e308 * 10`:                  `!not_finite`,
		`event.i == 7.0`:                        `true`,
		`event.exact == 9007199254740993`:       `true`,
		`event.exact == 9007199254740992.0`:     `false`,
		`event.exact > float(9007199254740992)`: `true`,
		`sqrt(-event.f)`:                        `!not_finite`,
		`round(event.f * 100) / 100`:            `2.5`,
		// Texts.
		`"${event.s}: ${event.f}/${event.i}, ${event.b}"`: `"smørbrød: 2.5/7, true"`,
		`"${event.f}"`:                              `2.5`,
		`"${event.when}"`:                           `"2026-01-31T08:00:00Z"`,
		`"at ${event.when}"`:                        `"at 2026-01-31T08:00:00Z"`,
		`"for ${event.wait}"`:                       `"for 1m30s"`,
		`event.s < "t"`:                             `true`,
		`length(event.s)`:                           `8`,
		`substr(event.s, 2, 3)`:                     `"ørb"`,
		`repeat(event.s, event.big)`:                `!too_large`,
		`int(event.s)`:                              `!function`,
		"<<-EOT\n  a ${event.i}\n  b\nEOT\n":        `"a 7\nb\n"`,
		`"%{ if event.b }yes%{ else }no%{ endif }"`: `"yes"`,
		// Times.
		`event.when + event.wait`:                          `"2026-01-31T08:01:30Z"`,
		`event.wait + event.when`:                          `"2026-01-31T08:01:30Z"`,
		`event.when - time::parse("2026-01-31T07:00:00Z")`: `"1h0m0s"`,
		`event.wait / duration("30s")`:                     `3`,
		`event.wait * 2`:                                   `"3m0s"`,
		`event.wait / 4`:                                   `"22.5s"`,
		`event.wait * 0.5`:                                 `"45s"`,
		`event.when > time::from_unix(0)`:                  `true`,
		`time::hour(event.when, "Europe/Oslo")`:            `9`,
		// Logic.
		`event.b || 1 / (event.i - 7) > 0`:          `true`,
		`event.b && 1 / (event.i - 7) > 0`:          `!divide_by_zero`,
		`!event.b && 1 / (event.i - 7) > 0`:         `false`,
		`event.b ? 1 : 1 / (event.i - 7)`:           `1`,
		`try(1 / (event.i - 7), event.f)`:           `2.5`,
		`try(1 / (event.i - 7), 1 / (event.i - 7))`: `!divide_by_zero`,
		`can(1 / (event.i - 7))`:                    `false`,
		// Null.
		`event.none`:                           `null`,
		`event.none == null`:                   `true`,
		`event.none == 5`:                      `false`,
		`event.none != 5`:                      `true`,
		`event.none != null && event.none > 5`: `false`,
		`default(event.none, event.i)`:         `7`,
		`coalesce(event.none, null)`:           `null`,
		`try(event.none + 1, -1)`:              `-1`,
		`event.b ? null : event.i`:             `null`,
		`event.b ? event.none : 2.5`:           `null`,
		// Parts.
		`event.gps.lat`:                           `59.9`,
		`event.gps["lat"] + 1`:                    `60.9`,
		`event.gps.alt`:                           `null`,
		`event.tags.site`:                         `"oslo"`,
		`event.tags.none`:                         `null`,
		`event.list[1]`:                           `20`,
		`event.list[event.i - 7] + 1`:             `11`,
		`event.list[5]`:                           `!index`,
		`event.list[-1]`:                          `!index`,
		`event.gps == { alt = null, lat = 59.9 }`: `true`,
		`event.list == [10, 20.0, 30]`:            `true`,
		`{ a = event.i, b = [event.s, null], t = event.when }`:   `{"a":7,"b":["smørbrød",null],"t":"2026-01-31T08:00:00Z"}`,
		`{ a = event.f }.a + 1`:                                  `3.5`,
		`{ t = event.when }.t + event.wait`:                      `"2026-01-31T08:01:30Z"`,
		`[for x in event.list : x + event.i if x > 10]`:          `[27,37]`,
		`{ for k, v in event.tags : upper(k) => v }`:             `{"SITE":"oslo"}`,
		`event.rows[*].v`:                                        `[1,2]`,
		`sum(event.rows[*].v)`:                                   `3`,
		`sum(event.list)`:                                        `60`,
		`max([1, 2]...) + event.i`:                               `9`,
		`contains(["oslo", "bergen"], event.tags.site)`:          `true`,
		`keys(event)[0]`:                                         `"i"`,
		`json::decode(json::encode(event)).gps.lat`:              `59.9`,
		`{ oslo = 1, bergen = 2 }[default(event.tags.site, "")]`: `1`,
	} {
		t.Run(src, func(t *testing.T) {
			t.Parallel()
			b, shape := batch(new(plugins.Pool), record(t)...)
			defer b.Release()
			x, diags := expr.Compile(parse(t, src), &expr.Scope{Event: shape})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if got := results(x, b)[0]; got != want {
				t.Errorf("%s is %s, want %s", src, got, want)
			}
		})
	}
}

// record makes the columns of one record.
func record(t *testing.T) []column {
	typ := func(src string) plugins.Type {
		typ, diags := expr.ParseType(parse(t, src))
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return typ
	}
	return []column{
		jsonColumn(t, "i", typ("int"), `7`),
		jsonColumn(t, "big", typ("int"), `9223372036854775807`),
		jsonColumn(t, "exact", typ("int"), `9007199254740993`),
		jsonColumn(t, "f", typ("float"), `2.5`),
		jsonColumn(t, "s", typ("string"), `"smørbrød"`),
		jsonColumn(t, "b", typ("bool"), `true`),
		jsonColumn(t, "when", typ("time"), `"2026-01-31T08:00:00Z"`),
		jsonColumn(t, "wait", typ("duration"), `"1m30s"`),
		jsonColumn(t, "none", typ("optional(int)"), `null`),
		jsonColumn(t, "gps", typ("record({ lat = float, alt = optional(float) })"), `{"lat":59.9,"alt":null}`),
		jsonColumn(t, "tags", typ("map(string)"), `{"site":"oslo"}`),
		jsonColumn(t, "list", typ("list(int)"), `[10,20,30]`),
		jsonColumn(t, "rows", typ("list(record({ v = int }))"), `[{"v":1},{"v":2}]`),
	}
}

// Without a schema, values are what the record says, and what does not go
// together fails.
func TestAny(t *testing.T) {
	t.Parallel()
	b, shape := batch(new(plugins.Pool), jsonColumn(t, "x", plugins.Type{},
		`5`, `5.0`, `"5"`, `true`, `null`, `[1]`, `{"a":5}`))
	for _, c := range []struct {
		src  string
		want []string
	}{
		{`event.x > 4`, []string{`true`, `true`, `!type`, `!type`, `!null`, `!type`, `!type`}},
		{`event.x == 5`, []string{`true`, `true`, `!type`, `!type`, `false`, `!type`, `!type`}},
		{`event.x == "5"`, []string{`!type`, `!type`, `true`, `!type`, `false`, `!type`, `!type`}},
		{`event.x == null`, []string{`false`, `false`, `false`, `false`, `true`, `false`, `false`}},
		{`event.x + 1`, []string{`6`, `6`, `!type`, `!type`, `!null`, `!type`, `!type`}},
		{`event.x / 2`, []string{`2.5`, `2.5`, `!type`, `!type`, `!null`, `!type`, `!type`}},
		{`-event.x`, []string{`-5`, `-5`, `!type`, `!type`, `!null`, `!type`, `!type`}},
		{`!event.x`, []string{`!type`, `!type`, `!type`, `false`, `!null`, `!type`, `!type`}},
		{`event.x && true`, []string{`!type`, `!type`, `!type`, `true`, `!null`, `!type`, `!type`}},
		{`"<${event.x}>"`, []string{`"<5>"`, `"<5>"`, `"<5>"`, `"<true>"`, `!null`, `!type`, `!type`}},
		{`event.x.a`, []string{`null`, `null`, `null`, `null`, `null`, `null`, `5`}},
		{`event.x[0]`, []string{`!type`, `!type`, `!type`, `!type`, `null`, `1`, `!type`}},
		{`default(event.x, 0)`, []string{`5`, `5`, `"5"`, `true`, `0`, `[1]`, `{"a":5}`}},
		{`length(event.x)`, []string{`!type`, `!type`, `1`, `!type`, `!null`, `1`, `1`}},
		{`upper(event.x)`, []string{`!type`, `!type`, `"5"`, `!type`, `!null`, `!type`, `!type`}},
		{`float(event.x)`, []string{`5`, `5`, `5`, `!type`, `!null`, `!type`, `!type`}},
		{`json::encode(event.x)`, []string{`"5"`, `"5"`, `"\"5\""`, `"true"`, `"null"`, `"[1]"`, `"{\"a\":5}"`}},
		{`can(event.x + 1) ? "number" : "other"`, []string{`"number"`, `"number"`, `"other"`, `"other"`, `"other"`, `"other"`, `"other"`}},
	} {
		x := compile(t, c.src, &expr.Scope{Event: shape})
		b.SelectAll(len(c.want))
		for i, got := range results(x, b) {
			if got != c.want[i] {
				t.Errorf("%s of row %d is %s, want %s", c.src, i, got, c.want[i])
			}
		}
	}
	b.Release()
}

// Only the first failure of a record is reported, with the place of the part
// that failed.
func TestFailure(t *testing.T) {
	t.Parallel()
	b, shape := batch(new(plugins.Pool), jsonColumn(t, "x", plugins.Type{}, `1`, `"a"`, `0`))
	x := compile(t, `event.y == 1 || (10 / event.x) + upper(event.x) > 2`, &expr.Scope{Event: withField(shape, "y")})
	x.Evaluator(plugins.Env{}).Eval(b)
	if len(b.Sel) != 0 {
		t.Errorf("rows %v are still selected", b.Sel)
	}
	var got []plugins.Failure
	b.TakeFailures(func(f plugins.Failure) { got = append(got, f) })
	want := []plugins.Failure{
		{Row: 0, Code: "type", Expr: "test.hcl:1,40-47"},
		{Row: 1, Code: "type", Expr: "test.hcl:1,18-30"},
		{Row: 2, Code: "divide_by_zero", Expr: "test.hcl:1,18-30"},
	}
	for _, w := range want {
		found := false
		for _, f := range got {
			if f.Row == w.Row {
				found = f.Code == w.Code && f.Expr == w.Expr && f.Msg != ""
			}
		}
		if !found {
			t.Errorf("want %+v among %+v", w, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d failures, want %d: %+v", len(got), len(want), got)
	}
	b.Release()
}

// withField returns the shape with one more field, of which nothing is known.
func withField(s *plugins.Shape, name string) *plugins.Shape {
	more := s.With([]plugins.Field{{Name: name}})
	return &more
}
