package aggregate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

func TestFunctionsAreDocumented(t *testing.T) {
	t.Parallel()
	all := aggregate.All()
	if !slices.IsSortedFunc(all, func(a, b aggregate.Function) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("they are not sorted")
	}
	for _, f := range all {
		if !strings.HasSuffix(f.Doc, ".") || !strings.HasPrefix(f.Example, "agg::"+f.Name+"(") {
			t.Errorf("%s: doc %q, example %q", f.Name, f.Doc, f.Example)
		}
		if found, ok := aggregate.Find(f.Name); !ok || found.Name != f.Name {
			t.Errorf("%s is not found", f.Name)
		}
	}
	if _, ok := aggregate.Find("mode"); ok {
		t.Error("there is a mode")
	}
	f, _ := aggregate.Find("collect")
	if got := f.Usage(); got != "collect(x[, max])" {
		t.Errorf("usage %q", got)
	}
}

func TestTypesOfResults(t *testing.T) {
	t.Parallel()
	list := func(k plugins.Kind) plugins.Type {
		elem := plugins.Of(k)
		return plugins.Type{Kind: plugins.List, Elem: &elem}
	}
	for _, c := range []struct {
		name string
		arg  plugins.Type
		want string // a type, or what the error says
	}{
		{"count", plugins.Of(plugins.Record), "int"},
		{"sum", plugins.Of(plugins.Int), "int"},
		{"sum", plugins.Of(plugins.Duration).OrNull(), "optional(duration)"},
		{"sum", plugins.Type{}, "any"},
		{"sum", plugins.Of(plugins.String), "agg::sum takes int, float or duration, not string"},
		{"avg", plugins.Of(plugins.Int), "float"},
		{"avg", plugins.Of(plugins.Duration), "duration"},
		{"avg", plugins.Type{}, "optional(float)"},
		{"avg", plugins.Of(plugins.Time), "not time"},
		{"min", plugins.Of(plugins.Time), "time"},
		{"max", plugins.Of(plugins.Bool), "not bool"},
		{"min", list(plugins.Int), "not list(int)"},
		{"first", list(plugins.Int), "list(int)"},
		{"stddev", plugins.Of(plugins.Float), "float"},
		{"percentile", plugins.Of(plugins.String), "not string"},
		{"distinct", plugins.Of(plugins.String).OrNull(), "int"},
		{"collect", plugins.Of(plugins.String).OrNull(), "optional(list(string))"},
		{"top", plugins.Of(plugins.Float), "list(float)"},
		{"top", plugins.Of(plugins.Bytes), "not bytes"},
		{"count_if", plugins.Of(plugins.Bool), "int"},
		{"count_if", plugins.Of(plugins.Int), "agg::count_if takes bool, not int"},
	} {
		f, _ := aggregate.Find(c.name)
		got, err := f.Result([]plugins.Type{c.arg})
		if err == nil && got.String() != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s(%s): %s, %v; want %s", c.name, c.arg, got, err, c.want)
		}
	}
}

func TestConstantArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		params []plugins.Value
		ok     bool
	}{
		{"percentile", []plugins.Value{float(0.5)}, true},
		{"percentile", []plugins.Value{integer(1)}, true},
		{"percentile", []plugins.Value{integer(95)}, false},
		{"percentile", nil, false},
		{"top", []plugins.Value{integer(3)}, true},
		{"top", []plugins.Value{integer(0)}, false},
		{"top", []plugins.Value{float(1.5)}, false},
		{"collect", nil, true},
		{"collect", []plugins.Value{integer(5)}, true},
		{"collect", []plugins.Value{integer(1_000_000)}, false},
		{"count", nil, true},
	} {
		f, _ := aggregate.Find(c.name)
		if err := f.Check(c.params); (err == nil) != c.ok {
			t.Errorf("%s(%v): %v", c.name, c.params, err)
		}
	}
	if _, err := aggregate.NewCalls([]plugins.AggregateCall{{Func: "mode"}}, plugins.Env{}); err == nil {
		t.Error("no error for an unknown function")
	}
}
