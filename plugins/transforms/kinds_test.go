package transforms_test

import (
	"slices"
	"strings"
	"testing"

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
