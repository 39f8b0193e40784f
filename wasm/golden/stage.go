package golden

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/manifest"
)

// The columns of a batch that stand for a record's key and time.
const (
	keyColumn  = ".key"
	timeColumn = ".time"
)

// maxAhead is how far a record may be ahead of the clock: rows of any year go with a clock that nobody has set.
const maxAhead = 50 * 365 * 24 * time.Hour

// stage is a stage of the kind "wasm", and what calls it: a pipeline of that stage alone.
type stage struct {
	kind     plugins.TransformKind
	file     *File
	says     *manifest.Manifest
	path     string
	config   map[string]json.RawMessage
	env      plugins.Env
	clock    time.Time
	stored   state
	ports    []string
	instance plugins.Transform
	keeps    bool // something that a reload takes over
	metrics  plugins.Metrics
	lines    lines
	out      outcome
}

// outcome is what has come of a step.
type outcome struct {
	records []got
	failed  []plugins.Failure
	in      int
	dropped int
	made    int
}

func newStage(c Config, f *File, d *host.Description) (*stage, error) {
	var r plugins.Registry
	if err := wasm.Register(&r, wasm.Config{CacheDir: c.CacheDir}); err != nil {
		return nil, err
	}
	s := &stage{file: f, says: d.Manifest, path: c.Module, config: f.config, clock: f.begin, stored: state{}}
	s.kind, _ = r.Transform("wasm")
	for _, a := range s.kind.Schema.Attrs {
		if a.Name == "abi" && f.abi != "" && !slices.Contains(a.Enum, f.abi) {
			return nil, fmt.Errorf("there is no abi %q: use one of %s", f.abi, strings.Join(a.Enum, ", "))
		}
	}
	return s, f.fits(d)
}

// start makes an instance, which goes on with what is stored.
func (s *stage) start(ctx context.Context) error {
	c, err := s.configuration()
	if err != nil {
		return err
	}
	s.env = plugins.Env{
		Pipeline: "test", Stage: "transform.test", Now: func() time.Time { return s.clock },
		Logger: slog.New(slog.NewTextHandler(&s.lines, &slog.HandlerOptions{Level: slog.LevelDebug})), Pool: new(plugins.Pool), Shared: new(plugins.Shared), Metrics: &s.metrics,
	}
	outputs, err := s.kind.Outputs(plugins.Shape{Format: "raw"}, c)
	if err != nil {
		return err
	}
	s.ports = s.ports[:0]
	for _, o := range outputs {
		s.ports = append(s.ports, o.Name)
	}
	s.keeps = s.kind.Description(c).State != ""
	if s.instance, err = s.kind.New(c, s.env); err != nil {
		return err
	}
	if keeps, ok := s.instance.(plugins.Stateful); ok {
		if err := keeps.Restore(s.stored); err != nil {
			return err
		}
	}
	if opener, ok := s.instance.(plugins.Opener); ok {
		return opener.Open(ctx)
	}
	return nil
}

// configuration is that of the stage, as a pipeline would have it.
func (s *stage) configuration() (plugins.Config, error) {
	attrs := map[string]any{
		"module": s.path, "max_ahead": maxAhead, "lateness": s.file.lateness, "max_keys": int64(maxRows),
	}
	var exprs, inputs []plugins.NamedExpr
	for name, src := range s.config {
		v, err := anyValue(src)
		if err != nil {
			return plugins.Config{}, fmt.Errorf("config: %s: %w", name, err)
		}
		exprs = append(exprs, plugins.NamedExpr{Name: name, Expr: constant{v}})
	}
	if exprs != nil {
		attrs["config"] = exprs
	}
	for _, f := range s.says.Inputs {
		inputs = append(inputs, plugins.NamedExpr{Name: f.Name, Expr: field{f.Name, plugins.Type{Kind: kindOf(f.Type), Nullable: true}}})
	}
	for name, list := range map[string][]string{"grant": s.file.grants, "args": s.file.args, "ports": s.file.ports} {
		if list != nil {
			attrs[name] = list
		}
	}
	for name, text := range map[string]string{"abi": s.file.abi, "function": s.file.function} {
		if text != "" {
			attrs[name] = text
		}
	}
	if inputs != nil {
		attrs["inputs"] = inputs
	}
	if s.file.keyed {
		attrs["key"] = field{keyColumn, plugins.Of(plugins.String)}
	}
	if s.file.timed {
		attrs["time"] = field{timeColumn, plugins.Of(plugins.Time)}
	}
	limits, err := limitsBlock(s.file.limits)
	return plugins.NewConfig(attrs, limits).WithPayload(plugins.Shape{Format: "raw"}), err
}

// restart stores what the stage keeps, and goes on with another instance.
func (s *stage) restart(ctx context.Context) error {
	if keeps, ok := s.instance.(plugins.Stateful); ok {
		if err := keeps.Snapshot(s.stored); err != nil {
			return err
		}
	}
	if err := s.close(ctx); err != nil {
		return err
	}
	return s.start(ctx)
}

// reload goes on with another instance as a pipeline does whose parameters change while it runs: the instance of a stage
// that keeps something may go on itself.
func (s *stage) reload(ctx context.Context) (err error) {
	old, shared := s.instance, s.env.Shared
	if keeps, ok := old.(plugins.Stateful); ok {
		if err := keeps.Snapshot(s.stored); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, shared.Close(ctx)) }() // when the other one has what it needs of it
	if err := s.start(ctx); err != nil {
		return err
	}
	if heir, ok := s.instance.(plugins.Heir); ok && s.keeps {
		heir.Inherit(old)
	}
	return nil
}

func (s *stage) close(ctx context.Context) error {
	if s.env.Shared == nil {
		return nil
	}
	return s.env.Shared.Close(ctx)
}

// do does what a step says.
func (s *stage) do(ctx context.Context, step *step) error {
	s.out, s.lines.text = outcome{}, s.lines.text[:0]
	until := s.clock.Add(step.advance.Duration)
	switch {
	case step.records != nil:
		if err := s.process(ctx, s.recordBatch(step.records)); err != nil {
			return err
		}
	case step.columns != nil:
		b, err := s.columnBatch(step.columns, step.rows)
		if err != nil {
			return err
		}
		if err := s.process(ctx, b); err != nil {
			return err
		}
	case step.end:
		if f, ok := s.instance.(plugins.Finisher); ok {
			if err := f.Finish(ctx, s); err != nil {
				return err
			}
		}
	case step.restart:
		if step.config != nil {
			s.config = step.config
		}
		if err := s.restart(ctx); err != nil {
			return err
		}
	case step.config != nil:
		s.config = step.config
		if err := s.reload(ctx); err != nil {
			return err
		}
	}
	if err := s.tick(ctx, until); err != nil {
		return err
	}
	if o := s.out; o.in+o.made != len(o.records)+o.dropped+len(o.failed) {
		return fmt.Errorf("records are lost or made of nothing, which is a defect of onstream: in %d, made %d, out %d, dropped %d, failed %d", o.in, o.made, len(o.records), o.dropped, len(o.failed))
	}
	return nil
}

func (s *stage) process(ctx context.Context, b *plugins.Batch) error {
	defer b.Release()
	s.out.in = len(b.Sel)
	mark := b.Mark()
	err := s.instance.Process(ctx, b, s)
	b.Rewind(mark)
	b.TakeFailures(s.take)
	return err
}

// maxTicks is how often timers may set others in a step.
const maxTicks = 10_000

// tick lets the clock go on to a time, and stops where something is due before.
func (s *stage) tick(ctx context.Context, until time.Time) error {
	timed, ok := s.instance.(plugins.Timed)
	for n := 0; ok; n++ {
		next := timed.Next()
		if next > until.UnixNano() {
			break
		}
		if n == maxTicks {
			return fmt.Errorf("timers have been due %d times: the module sets a timer for a time that has come whenever one is due", maxTicks)
		}
		if at := time.Unix(0, next); at.After(s.clock) {
			s.clock = at
		}
		if err := timed.Tick(ctx, s.clock.UnixNano(), s); err != nil {
			return err
		}
	}
	s.clock = until
	return nil
}

// take notes a failure. What it says goes with the batch.
func (s *stage) take(f plugins.Failure) {
	f.Msg = strings.Clone(f.Msg)
	s.out.failed = append(s.out.failed, f)
}

// Emit implements [plugins.Emitter].
func (s *stage) Emit(output int, b *plugins.Batch) {
	b.TakeFailures(s.take)
	for _, i := range b.Sel {
		s.out.records = append(s.out.records, s.read(output, b, i))
	}
	b.Sel = b.Sel[:0]
}

// Drop implements [plugins.Emitter].
func (s *stage) Drop(n int) { s.out.dropped += n }

// Make implements [plugins.Emitter].
func (s *stage) Make(n int) { s.out.made += n }

// lines is what the module logs, as far as it is looked at.
type lines struct{ text []byte }

// maxLines is how many bytes of lines are kept.
const maxLines = 1 << 20

// Write implements [io.Writer].
func (l *lines) Write(p []byte) (int, error) {
	l.text = append(l.text, p[:min(len(p), maxLines-len(l.text))]...)
	return len(p), nil
}
