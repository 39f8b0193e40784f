package wasm

import (
	"context"
	"log/slog"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/manifest"
)

// stage is the transform: an instance of a module, and what it keeps.
type stage struct {
	plan   *plan
	lib    *library
	env    plugins.Env
	logger *slog.Logger
	log    *host.Log // of the guests

	guest   guest
	breaker breaker
	store   store
	clock   keyed.Clock
	time    *eventTime // nil where the stage has no time
	told    int64      // the watermark that on_watermark was told

	key    plugins.Evaluator
	value  plugins.Evaluator
	inputs []input

	live     live
	settings []abi.Setting // of the parameters, as they are at present
	fresh    []abi.Setting // scratch

	// Of the batch that is being processed.
	batch   *plugins.Batch
	out     plugins.Emitter
	rows    []uint32 // that are left of it
	keyCol  *plugins.Column
	keyText []byte          // scratch
	values  *plugins.Column // nil for the payload
	times   []int64         // by row, ns; nil where they are not known
	again   []uint32        // that the module wants to be given again
	result  result
	frame   abi.OutputWriter // what guests of other interfaces return
	due     []dueTimer
	keys    []string
	ended   bool // no record will come
}

var (
	_ plugins.Transform    = (*stage)(nil)
	_ plugins.Opener       = (*stage)(nil)
	_ plugins.Stateful     = (*stage)(nil)
	_ plugins.Timed        = (*stage)(nil)
	_ plugins.Finisher     = (*stage)(nil)
	_ plugins.StateCounter = (*stage)(nil)
	_ plugins.Heir         = (*stage)(nil)
)

func newStage(p *plan, l *library, c plugins.Config, env plugins.Env) *stage {
	s := &stage{plan: p, lib: l, env: env, logger: env.Logger.With("module", p.module.Manifest.Name), told: abi.NoTime}
	s.breaker.health = newHealth(env)
	s.log = host.NewLog(s.logger, p.limits.Logs)
	if key := c.Expr("key"); key != nil {
		s.key = key.Evaluator(env)
	}
	if value := c.Expr("value"); value != nil {
		s.value = value.Evaluator(env)
	}
	if at := c.Expr("time"); at != nil {
		s.time = newEventTime(at, c, env)
	}
	for _, g := range p.given {
		s.inputs = append(s.inputs, input{givenColumn: g, eval: g.expr.Evaluator(env)})
	}
	s.store.init(c.Int("max_keys"), p.limits.State, s.time != nil)
	s.result.init(len(p.module.Manifest.Ports)+1, p.added)
	s.live = newLive(p.live, env)
	if s.settings = slices.Clone(p.settings); len(p.live) == 0 {
		s.set(p.settings)
	}
	return s
}

// Open implements [plugins.Opener]: a module that cannot be compiled or opened keeps the pipeline from starting.
func (s *stage) Open(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return plugins.Permanent(err)
	}
	return nil
}

// maxRows and maxBytes are what a guest is given in a call.
const (
	maxRows  = 4096
	maxBytes = 4 << 20
)

// maxRetries is how often a guest may ask to be given a record again.
const maxRetries = 3

// Process implements [plugins.Transform].
func (s *stage) Process(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	if err := s.refresh(); err != nil {
		return err
	}
	s.batch, s.out = b, out
	s.prepare(b)
	s.rows = append(s.rows[:0], b.Sel...)
	b.Sel = b.Sel[:0]
	b.DropFailed()
	if err := s.give(s.rows); err != nil {
		return err
	}
	for try := 1; len(s.again) > 0; try++ {
		rows := append([]uint32(nil), s.again...)
		s.again = s.again[:0]
		if try > maxRetries {
			s.fail(work{rows: rows}, plugins.Failure{Code: "retry", Msg: "the module wants to be given the record again, for the fourth time"})
			break
		}
		if err := s.give(rows); err != nil {
			return err
		}
	}
	s.observe()
	err := s.passTime()
	b.Sel = b.Sel[:0]
	s.batch, s.out = nil, nil
	return err
}

// prepare computes what the module is given of the selected rows. Rows that lack something fail.
func (s *stage) prepare(b *plugins.Batch) {
	s.keyCol, s.values, s.times = nil, nil, b.Times
	if s.key != nil {
		s.keyCol = s.key.Eval(b)
	}
	if s.time != nil {
		s.times = s.time.of(b)
	}
	if s.value != nil {
		s.values = s.value.Eval(b)
		checkBytes(b, s.values)
	}
	for k := range s.inputs {
		s.inputs[k].evaluate(b)
	}
}

// give gives rows to the module, as many at a time as are good for it.
func (s *stage) give(rows []uint32) error {
	for len(rows) > 0 {
		n, size := 0, 0
		for n < len(rows) && n < maxRows && size < maxBytes {
			size += s.sizeOf(rows[n])
			n++
		}
		if err := s.attempt(work{rows: rows[:n]}); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// work is what a call is about: rows of the batch, or timers.
type work struct {
	rows []uint32
	due  []dueTimer
}

func (w work) len() int { return len(w.rows) + len(w.due) }

// halves divides it.
func (w work) halves() (first, second work) {
	if w.due != nil {
		half := len(w.due) / 2
		return work{due: w.due[:half]}, work{due: w.due[half:]}
	}
	half := len(w.rows) / 2
	return work{rows: w.rows[:half]}, work{rows: w.rows[half:]}
}

// attempt gives work to the module, and where that fails, each half of it, down to what is to blame.
func (s *stage) attempt(w work) error {
	if s.plan.foreign != nil {
		return s.attemptForeign(w.rows)
	}
	if f := s.breaker.open(s.env.Now()); f != nil {
		s.fail(w, *f)
		return nil
	}
	fault, err := s.try(w)
	switch {
	case err != nil:
		return err
	case fault == nil:
		s.breaker.succeeded()
		return nil
	}
	s.breaker.failed(s.env.Now(), fault, s.logger)
	if w.len() == 1 {
		s.fail(w, plugins.Failure{Code: fault.Code, Msg: fault.Msg})
		return nil
	}
	first, second := w.halves()
	if err := s.attempt(first); err != nil {
		return err
	}
	return s.attempt(second)
}

// fail fails the records of some work.
func (s *stage) fail(w work, f plugins.Failure) {
	if w.due != nil {
		s.blame(w.due, f)
		return
	}
	for _, i := range w.rows {
		s.batch.Fail(i, f)
	}
	s.batch.Sel = s.batch.Sel[:0]
	s.batch.DropFailed()
}

// try gives work to the module.
func (s *stage) try(w work) (fault *host.Fault, err error) {
	i, fault, err := s.guest.get(s)
	if fault != nil || err != nil {
		return fault, err
	}
	return s.finish(w, i, func() ([]byte, error) { return s.call(i, w) })
}

// finish makes a call. What it does counts if there is neither a fault nor an error.
func (s *stage) finish(w work, i *host.Instance, call func() ([]byte, error)) (*host.Fault, error) {
	out, err := call()
	if err == nil {
		err = s.read(i, out, w)
	}
	if err != nil {
		if mutant("failed_call_counts") {
			s.store.commit()
		}
		s.store.rollback()
		return s.blamed(err)
	}
	s.store.commit()
	s.guest.called = true
	s.guest.record(i)
	s.deliver(w)
	return nil, nil
}

// call gives the frame of some work to the instance.
func (s *stage) call(i *host.Instance, w work) ([]byte, error) {
	s.store.now = s.now()
	if s.time != nil {
		s.store.now = s.clockTime()
	}
	if s.plan.module.Keyed && w.due == nil {
		s.store.begin(s.keyCol, w.rows, s.times)
	} else if w.due != nil {
		s.keys = s.keys[:0]
		for _, t := range w.due {
			s.keys = append(s.keys, t.key)
		}
		s.store.beginKeys(s.keys)
	}
	i.Begin(host.Call{Rows: w.len(), Now: s.env.Now().UnixMicro(), Watermark: s.watermark(), State: &s.store, Timers: timers{&s.store}})
	if w.due != nil {
		return s.giveTimers(i, w.due)
	}
	var err error
	if s.plan.module.Manifest.Mode == manifest.Columns {
		err = s.giveColumns(i, w.rows)
	} else {
		err = s.giveRecords(i, w.rows)
	}
	if err != nil {
		return nil, err
	}
	return i.Process()
}

// blamed tells the faults of the module from the errors of the host, and throws an instance away that is of no use.
func (s *stage) blamed(err error) (*host.Fault, error) {
	fault, ok := err.(*host.Fault) //nolint:errorlint // one that is wrapped would be of the host
	if !ok {
		return nil, err
	}
	if !fault.Alive {
		s.guest.discard()
	}
	return fault, nil
}

// now returns the pipeline's clock in ns.
func (s *stage) now() int64 { return s.env.Now().UnixNano() }
