package sources_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sources"
)

func TestKindsAreDocumented(t *testing.T) {
	t.Parallel()
	var r plugins.Registry
	if err := sources.Register(&r, sources.Streams{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"file", "http", "simulate", "stdin", "timer"}
	if got := r.Sources(); !slices.Equal(got, want) {
		t.Fatalf("kinds %v, want %v", got, want)
	}
	for _, name := range want {
		k, _ := r.Source(name)
		if k.Schema.Doc == "" || !strings.HasPrefix(k.Schema.Example, `source "`+name+`" "`) {
			t.Errorf("%s has no documentation or example", name)
		}
		if k.Payload == (k.Output != nil) || k.Payload && k.DefaultFormat == "" {
			t.Errorf("%s has neither payloads nor a shape, or both", name)
		}
		if c := k.Capabilities(configure(k.Schema)); !c.Seekable && !c.Redelivers && c.Weakens == "" {
			t.Errorf("%s loses records in a crash and does not say so", name)
		}
		documented(t, name, k.Schema)
	}
	if sources.Register(&r, sources.Streams{}) == nil {
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
