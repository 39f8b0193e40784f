package sinks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sinks"
)

func TestKindsAreDocumented(t *testing.T) {
	t.Parallel()
	var r plugins.Registry
	if err := sinks.Register(&r, sinks.Streams{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"discard", "file", "http", "stdout"}
	if got := r.Sinks(); !slices.Equal(got, want) {
		t.Fatalf("kinds %v, want %v", got, want)
	}
	for _, name := range want {
		k, _ := r.Sink(name)
		if k.Schema.Doc == "" || !strings.HasPrefix(k.Schema.Example, `sink "`+name+`" "`) {
			t.Errorf("%s has no documentation or example", name)
		}
		if k.Payload != (k.DefaultFormat != "") || k.Capabilities == nil {
			t.Errorf("%s is not complete", name)
		}
		documented(t, name, k.Schema)
	}
	if sinks.Register(&r, sinks.Streams{}) == nil {
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
