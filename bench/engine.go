package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/sinks"
	"github.com/onstream/onstream/plugins/sources"
	"github.com/onstream/onstream/plugins/transforms"
	"github.com/onstream/onstream/runtime"
)

// engine runs the pipeline of an HCL text to its end, in this process. The
// harness calls it for one pipeline at a time. The kinds stdin and stdout read
// in and write out, which the harness closes; the other sources and sinks use
// the paths in the text. It returns when the source has ended and everything
// is written, or early with the cause once ctx is done.
type engine func(ctx context.Context, hcl string, in io.Reader, out io.Writer) error

// newEngine returns the engine that is measured: the one of the product, with
// its defaults.
func newEngine() engine {
	return func(ctx context.Context, text string, in io.Reader, out io.Writer) error {
		var r plugins.Registry
		err := errors.Join(
			codec.Register(&r),
			sources.Register(&r, sources.Streams{In: in}),
			transforms.Register(&r),
			sinks.Register(&r, sinks.Streams{Out: out}),
		)
		if err != nil {
			return err
		}
		module, diags := dsl.ParseSources("bench", map[string][]byte{"main.hcl": []byte(text)})
		if diags.HasErrors() {
			return fmt.Errorf("parse: %w", errors.Join(diags.Errs()...))
		}
		pipeline, diags := module.Build(&r, dsl.Options{})
		if diags.HasErrors() {
			return fmt.Errorf("build: %w", errors.Join(diags.Errs()...))
		}
		return runtime.New(runtime.Config{Registry: &r}).Run(ctx, pipeline.Graph)
	}
}
