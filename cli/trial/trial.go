package trial

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// Config describes a run.
type Config struct {
	Graph    *graph.Graph
	Registry *plugins.Registry // the kinds that the graph was built with
	Start    time.Time         // of the pipeline's clock, which moves only for who waits
	Steps    []Step
	Mocks    []Mock
	Taps     []Tap
}

// Step is records that reach a source together. A step begins when everything
// that became of the one before is finished.
type Step struct {
	Source string // address
	Rows   []Row
}

// Row is a record.
type Row struct {
	// Text is an object in JSON or, if Raw, the payload in the source's
	// format.
	Text []byte
	Raw  bool
}

// Tap is a place to look at.
type Tap struct {
	// At is the address of a stage: for a sink, what reaches it; for the
	// others, what leaves it by Output. [graph.Errors] is what leaves by the
	// error outputs that nobody takes.
	At     string
	Output string
}

// Record is a record that passed a tap.
type Record struct {
	Step int // during which it passed
	// JSON is the record as an object; nil where it is none of its format.
	JSON []byte
	// Payload is what the record is as it is; nil where it is made of columns.
	Payload []byte
}

// Text is the record as JSON: the object, or where there is none, the payload as a string, see [Record.String].
func (r Record) Text() []byte {
	if r.JSON != nil {
		return r.JSON
	}
	return jsontext.AppendQuotedString(nil, r.String())
}

// String is the payload, in base64 where it is not text.
func (r Record) String() string {
	if utf8.Valid(r.Payload) {
		return string(r.Payload)
	}
	return base64.StdEncoding.EncodeToString(r.Payload)
}

// Result is what a run has shown.
type Result struct {
	Taps [][]Record // by the index in Config.Taps, in order of arrival
	// Unseen is how many records have passed each tap that cannot be shown.
	Unseen []int64
	Stats  runtime.Stats
}

// Run runs the pipeline until everything that became of the steps is finished.
// Where a row cannot be a record of its source, the error is a [RowError], and
// the result has what the steps before have shown.
func Run(ctx context.Context, c Config) (*Result, error) {
	c.Graph = withoutKinds(c.Graph)
	tape := newTape(len(c.Taps))
	tapped, err := withTaps(c, tape)
	if err != nil {
		return nil, err
	}
	mocked := newStandIns(c)
	tapped = withStandIns(tapped, mocked)
	script := newScript(c, tape)
	clock := &clock{now: c.Start}
	registry, err := overlay(c.Registry, script, tape, clock)
	for _, s := range mocked {
		err = errors.Join(err, registry.AddTransform(s.kind()))
	}
	if err != nil {
		return nil, fmt.Errorf("prepare a trial: %w", err)
	}
	engine := runtime.New(runtime.Config{
		Registry: registry,
		Logger:   slog.New(slog.DiscardHandler),
		Now:      clock.Now,
		// What goes by the time of others goes by that of those in its lane:
		// results would depend on the number of processors.
		Workers: 1,
	})
	err = errors.Join(engine.Run(ctx, tapped), script.err())
	if ctx.Err() != nil { // which the engine may not have noticed: nothing had begun, or all was done
		return nil, context.Cause(ctx)
	}
	if _, ok := errors.AsType[*RowError](err); err != nil && !ok {
		return nil, err
	}
	stats := engine.Stats()
	return &Result{tape.records, tape.unseen(c, stats), stats}, err
}

// withoutKinds returns the graph with stages whose kinds are those of the trial.
func withoutKinds(g *graph.Graph) *graph.Graph {
	changed := *g
	changed.Stages = slices.Clone(g.Stages)
	for i, s := range g.Stages {
		stage := *s
		stage.Kinds = nil
		changed.Stages[i] = &stage
	}
	return &changed
}

// overlay returns the same kinds with sources that follow the script, transforms
// that wait by the clock and sinks that take everything, and the kind that taps
// are made of.
func overlay(r *plugins.Registry, script *script, tape *tape, clock *clock) (*plugins.Registry, error) {
	out := &plugins.Registry{}
	var errs []error
	for _, name := range r.Sources() {
		k, _ := r.Source(name)
		k.New = script.source
		errs = append(errs, out.AddSource(k))
	}
	for _, name := range r.Transforms() {
		k, _ := r.Transform(name)
		create := k.New
		k.New = func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			env.Sleep = clock.Sleep
			return create(c, env)
		}
		errs = append(errs, out.AddTransform(k))
	}
	for _, name := range r.Sinks() {
		k, _ := r.Sink(name)
		k.New = func(plugins.Config, plugins.Env) (plugins.Sink, error) { return taker{}, nil }
		errs = append(errs, out.AddSink(k))
	}
	for _, name := range r.Codecs() {
		k, _ := r.Codec(name)
		errs = append(errs, out.AddCodec(k))
	}
	errs = append(errs, out.AddSink(tape.kind()))
	return out, errors.Join(errs...)
}
