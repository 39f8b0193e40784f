package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/kafka"
	memorybus "github.com/onstream/onstream/connectors/memory"
	"github.com/onstream/onstream/connectors/mongo"
	"github.com/onstream/onstream/connectors/nats"
	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/remote"
	"github.com/onstream/onstream/plugins/sinks"
	"github.com/onstream/onstream/plugins/sources"
	"github.com/onstream/onstream/plugins/transforms"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/wasm"
)

// engine runs the pipeline of an HCL text to its end, in this process. The
// harness calls it for one pipeline at a time. The kinds stdin and stdout read
// in and write out, which the harness closes; the other sources and sinks use
// the paths in the text. It returns when the source has ended and everything
// is written, or early with the cause once ctx is done.
type engine func(ctx context.Context, hcl string, in io.Reader, out io.Writer, o engineOptions) error

// engineOptions say how an engine runs a pipeline. The zero value is how it
// does by default.
type engineOptions struct {
	state    string // the folder for checkpoints, "" for none
	compiled string // the folder for modules that are compiled, "" for none
	plugin   string // the program of the plugin "bench", "" for none
	// watch, if it is not nil, is called with what the engine tells about
	// itself, several times a second and at the end.
	watch func(runtime.Stats)
	// until, if it is not nil, tells as often whether the pipeline is to be
	// drained: topics have no end.
	until func(runtime.Stats) bool
}

// watchInterval is how often watch and until are called: much more often than
// checkpoints are taken.
const watchInterval = 20 * time.Millisecond

// newEngine returns the engine that is measured: the one of the product, with
// its defaults.
func newEngine() engine {
	return func(ctx context.Context, text string, in io.Reader, out io.Writer, o engineOptions) (err error) {
		var r plugins.Registry
		err = errors.Join(
			codec.Register(&r),
			sources.Register(&r, sources.Streams{In: in}),
			transforms.Register(&r),
			sinks.Register(&r, sinks.Streams{Out: out}),
			connectors.Register(&r),
			memorybus.Register(&r),
			kafka.Register(&r),
			nats.Register(&r),
			mongo.Register(&r),
			wasm.Register(&r, wasm.Config{CacheDir: o.compiled}),
			r.AddSink(flushingKind()),
		)
		if err != nil {
			return err
		}
		if o.plugin != "" {
			p, err := remote.Launch(ctx, remote.Config{Name: "bench", Source: o.plugin})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, p.Close()) }()
			if err := p.Register(&r); err != nil {
				return err
			}
		}
		module, diags := dsl.ParseSources("bench", map[string][]byte{"main.hcl": []byte(text)})
		if diags.HasErrors() {
			return fmt.Errorf("parse: %w", errors.Join(diags.Errs()...))
		}
		pipeline, diags := module.Build(&r, dsl.Options{Stored: o.state != ""})
		if diags.HasErrors() {
			return fmt.Errorf("build: %w", errors.Join(diags.Errs()...))
		}
		e := runtime.New(runtime.Config{Registry: &r, StateDir: o.state})
		if o.watch == nil && o.until == nil {
			return e.Run(ctx, pipeline.Graph)
		}
		return watched(e, o, func() error { return e.Run(ctx, pipeline.Graph) })
	}
}

// watched runs an engine and meanwhile passes on what it tells about itself.
func watched(e *runtime.Engine, o engineOptions, run func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			now := e.Stats()
			if o.watch != nil {
				o.watch(now)
			}
			if o.until != nil && o.until(now) {
				e.Drain()
			}
		case err := <-ended:
			if o.watch != nil {
				o.watch(e.Stats())
			}
			return err
		}
	}
}
