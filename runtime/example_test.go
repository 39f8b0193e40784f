package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/sinks"
	"github.com/onstream/onstream/plugins/sources"
	"github.com/onstream/onstream/runtime"
)

// A pipeline of two stages is built by the language and run to the end of its
// input.
func Example() {
	input := strings.NewReader(`{"site":"oslo","temp":4.5}` + "\n" + `{"site":"bergen","temp":9}` + "\n")
	var registry plugins.Registry
	if err := errors.Join(
		codec.Register(&registry),
		sources.Register(&registry, sources.Streams{In: input}),
		sinks.Register(&registry, sinks.Streams{Out: os.Stdout}),
	); err != nil {
		fmt.Println(err)
		return
	}
	module, diags := dsl.ParseSources("copy", map[string][]byte{"main.hcl": []byte(`
source "stdin" "in" {}

sink "stdout" "out" {
  from = source.in
}
`)})
	if diags.HasErrors() {
		fmt.Println(diags)
		return
	}
	pipeline, diags := module.Build(&registry, dsl.Options{})
	if diags.HasErrors() {
		fmt.Println(diags)
		return
	}

	engine := runtime.New(runtime.Config{Registry: &registry})
	if err := engine.Run(context.Background(), pipeline.Graph); err != nil {
		fmt.Println(err)
	}
	for _, s := range engine.Stats().Stages {
		fmt.Printf("%s: in %d, out %d\n", s.Addr, s.In, s.Out)
	}
	// Output:
	// {"site":"oslo","temp":4.5}
	// {"site":"bergen","temp":9}
	// source.in: in 2, out 2
	// sink.out: in 2, out 2
}
