package dsl_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/sinks"
	"github.com/onstream/onstream/plugins/sources"
	"github.com/onstream/onstream/plugins/transforms"
)

// A pipeline is parsed, built with the kinds that there are, and what is
// wrong with it is printed.
func Example() {
	var registry plugins.Registry
	if err := errors.Join(
		codec.Register(&registry), sources.Register(&registry, sources.Streams{}),
		transforms.Register(&registry), sinks.Register(&registry, sinks.Streams{}),
	); err != nil {
		fmt.Println(err)
		return
	}
	for _, condition := range []string{"event.temp > 8", "event.tmp > 8"} {
		module, diags := dsl.ParseSources("fridge", map[string][]byte{"main.hcl": []byte(`
source "stdin" "readings" {
  schema = schema.reading
}

schema "reading" {
  fields = { temp = float }
}

transform "filter" "warm" {
  from  = source.readings
  where = ` + condition + `
}

sink "stdout" "screen" {
  from = transform.warm
}

sink "discard" "failed" {
  from = errors
}
`)})
		if !diags.HasErrors() {
			var pipeline *dsl.Pipeline
			if pipeline, diags = module.Build(&registry, dsl.Options{}); pipeline != nil {
				for _, s := range pipeline.Graph.Stages {
					fmt.Println(s.Addr(), "is a", s.Kind)
				}
			}
		}
		if err := dsl.WriteDiagnostics(os.Stdout, module.Files(), diags, 0, false); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// source.readings is a stdin
	// transform.warm is a filter
	// sink.screen is a stdout
	// sink.failed is a discard
	// Error: unknown field
	//
	//   on main.hcl line 12, in transform "filter" "warm":
	//   12:   where = event.tmp > 8
	//
	// the record has no field tmp; did you mean temp?
}
