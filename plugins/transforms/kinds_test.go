package transforms_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/transforms"
)

func TestKindsAreDocumented(t *testing.T) {
	t.Parallel()
	var r plugins.Registry
	if err := transforms.Register(&r); err != nil {
		t.Fatal(err)
	}
	want := []string{"absence", "decode", "dedupe", "detect", "enrich", "filter", "join", "map", "reduce", "route", "throttle", "unnest", "window"}
	if got := r.Transforms(); !slices.Equal(got, want) {
		t.Fatalf("kinds %v, want %v", got, want)
	}
	for _, name := range want {
		k, _ := r.Transform(name)
		if k.Schema.Doc == "" || !strings.HasPrefix(k.Schema.Example, `transform "`+name+`" "`) {
			t.Errorf("%s has no documentation or example", name)
		}
		documented(t, name, k.Schema)
	}
	if transforms.Register(&r) == nil {
		t.Error("kinds were registered twice")
	}
}

func documented(t *testing.T, at string, s plugins.Schema) {
	t.Helper()
	for _, a := range s.Attrs {
		if !strings.HasSuffix(a.Doc, ".") {
			t.Errorf("%s.%s: the doc %q is no sentence", at, a.Name, a.Doc)
		}
	}
	for _, b := range s.Blocks {
		if b.Doc == "" {
			t.Errorf("%s.%s has no doc", at, b.Name)
		}
		documented(t, at+"."+b.Name, b.Schema)
	}
}

// A stage of which the records of a key do not tell everything says so: what it
// gives may be different when they are read again.
func TestVolatile(t *testing.T) {
	t.Parallel()
	timed := slices.Clip(byEventTime("idle", nil))
	joined := slices.Clip(append(slices.Clip(timed), "key", []plugins.Expr{field1("k", plugins.String), field1("k", plugins.String)}))
	for _, c := range []struct {
		kind string
		kv   []any
		want bool
	}{
		{"window", timed, false},
		{"window", byEventTime(), true},
		{"window", append(timed, "timeout", time.Minute), true},
		{"window", byPipelineClock("idle", nil), true},
		{"join", joined, false},
		{"join", append(joined, "idle", time.Minute), true},
		{"join", append(joined, "timeout", time.Minute), true},
		{"join", append(joined, "table", true), true},
		{"reduce", timed, false},
		{"reduce", byEventTime("ttl", time.Minute), true},
		{"dedupe", byEventTime("ttl", time.Minute), true},
		{"absence", byEventTime(), true},
		{"detect", byEventTime(), true},
		{"enrich", nil, true},
	} {
		if got := kind(t, c.kind).Describe(attrs(c.kv...)).Volatile; got != c.want {
			t.Errorf("%s with %v: %v, want %v", c.kind, c.kv, got, c.want)
		}
	}
}
