package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// sink is a sink of a plugin. What was with a process that crashed comes again from the engine, and is tried apart then.
type sink struct {
	*stage
	done func()
	line *sinkLine // nil while there is none

	mu       sync.Mutex
	suspects map[*plugins.Batch]bool // were with a process that crashed
}

var (
	_ plugins.Sink   = (*sink)(nil)
	_ plugins.Opener = (*sink)(nil)
	_ plugins.Closer = (*sink)(nil)
)

func newSink(k *kind, c plugins.Config, env plugins.Env) (plugins.Sink, error) {
	s, err := newStage(k, c, env)
	if err != nil {
		return nil, err
	}
	return &sink{stage: s, done: k.plugin.use(), suspects: map[*plugins.Batch]bool{}}, nil
}

// Open implements [plugins.Opener].
func (s *sink) Open(ctx context.Context) error { return s.dial(ctx) }

// dial sees to it that there is a stream.
func (s *sink) dial(ctx context.Context) error {
	if s.line != nil && s.line.failure() == nil && !s.line.worker.hasExited() {
		return nil
	}
	s.drop(ctx)
	for {
		w, err := s.plugin.supervisor.get(ctx)
		if err != nil {
			return err
		}
		line, err := s.openSink(ctx, w)
		var crashed *crash
		if errors.As(err, &crashed) {
			continue // the supervisor says when that is enough
		}
		if err == nil {
			s.line = line
		}
		return err
	}
}

// drop waits until a stream that is of no use any more has answered for all.
func (s *sink) drop(ctx context.Context) {
	if s.line == nil {
		return
	}
	select {
	case <-s.line.ended:
	case <-ctx.Done():
		s.line.cancel()
		<-s.line.ended
	}
	s.line = nil
}

// waits turns an error for which nothing is to be lost into one that passes: the engine holds the records, and tries again.
func waits(err error) error {
	if err == nil || !plugins.IsPermanent(err) {
		return err
	}
	return errors.New(err.Error())
}

// Write implements [plugins.Sink].
func (s *sink) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	if s.takeSuspect(b) {
		if err := s.tryApart(ctx, b); err != nil {
			return err
		}
		done(nil)
		return nil
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	all := s.divide(b)
	w := &writing{sink: s, batch: b, done: done, left: len(all.parts), failures: all.failures}
	w.answers = make([]answer, len(all.parts))
	w.rows = all.parts
	if w.left == 0 {
		w.finish()
		return nil
	}
	for i, rows := range all.parts {
		s.put(ctx, b, rows, func(a answer) { w.answered(i, a) })
	}
	return nil
}

// put writes rows, in parts where the sink wants that.
func (s *sink) put(ctx context.Context, b *plugins.Batch, rows []uint32, answered func(answer)) {
	switch err := s.line.write(ctx, b, rows, s.contents(), answered); {
	case errors.Is(err, errDivide):
		half := len(rows) / 2
		j := &joined{first: half, answered: answered}
		s.put(ctx, b, rows[:half], func(a answer) { j.add(0, a) })
		if err := j.failed(); err != nil { // the others come behind it
			j.add(1, answer{err: err})
			return
		}
		s.put(ctx, b, rows[half:], func(a answer) { j.add(1, a) })
	case err != nil:
		answered(answer{err: err})
	}
}

// ready is dial for Write: that there is no process any more is no reason to give records up.
func (s *sink) ready(ctx context.Context) error {
	if s.plugin.supervisor.givenUp() != nil {
		return waits(s.plugin.supervisor.givenUp())
	}
	err := s.dial(ctx)
	if errors.Is(err, errClosed) || s.plugin.supervisor.givenUp() != nil {
		return waits(err)
	}
	return err
}

func (s *sink) contents() wire.Contents { return wire.Contents{Values: s.kind.payload, Meta: true} }

// takeSuspect reports whether a batch was with a process that crashed, and forgets it.
func (s *sink) takeSuspect(b *plugins.Batch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.suspects[b]
	delete(s.suspects, b)
	return is
}

// divided is a batch in parts that are messages.
type divided struct {
	parts    [][]uint32
	failures plugins.RowErrors // of records that are larger than a message
}

func (s *sink) divide(b *plugins.Batch) (d divided) {
	var rows []uint32
	size := 0
	for _, i := range b.Sel {
		n := s.sizeOf(b, i)
		if n > wire.MaxMessage-room {
			f := largeFailure(fmt.Sprintf("the record has %d bytes for the plugin", n))
			f.Row = i
			d.failures = append(d.failures, f)
			continue
		}
		if len(rows) > 0 && size+n > 2*batchBytes {
			d.parts = append(d.parts, rows)
			rows, size = nil, 0
		}
		rows = append(rows, i)
		size += n
	}
	if len(rows) > 0 {
		d.parts = append(d.parts, rows)
	}
	return d
}

// sizeOf is about what a row takes in a message.
func (s *sink) sizeOf(b *plugins.Batch, i uint32) int {
	size := 4*rowCost + len(b.Key(i)) + len(b.Topic(i))
	if s.kind.payload {
		size += len(b.Value(i))
	}
	for _, h := range b.HeadersOf(i) {
		size += int(h.Name.Len+h.Value.Len) + rowCost
	}
	return size
}

// writing is a batch of which parts are written.
type writing struct {
	sink     *sink
	batch    *plugins.Batch
	done     func(error)
	rows     [][]uint32
	failures plugins.RowErrors // that were known before

	mu      sync.Mutex
	answers []answer // of rows
	left    int
}

func (w *writing) answered(i int, a answer) {
	w.mu.Lock()
	w.answers[i] = a
	w.left--
	last := w.left == 0
	w.mu.Unlock()
	if last {
		w.finish()
	}
}

// finish answers the engine.
func (w *writing) finish() {
	var crashed *crash
	for _, a := range w.answers {
		if errors.As(a.err, &crashed) && !crashed.hung {
			w.sink.mu.Lock()
			w.sink.suspects[w.batch] = true
			w.sink.mu.Unlock()
			break
		}
	}
	var o sinkOutcome
	for i, a := range w.answers {
		if !o.add(w.rows[i], a) {
			break
		}
	}
	w.done(o.result(w.batch, w.failures))
}

// sinkOutcome is what has become of a batch, from its front on.
type sinkOutcome struct {
	failed plugins.RowErrors
	last   uint32 // the last row that is done with, where some is
	some   bool
	err    error // of the row behind it, and all others
}

// add adds what has become of the next rows, and reports whether there is a next.
func (o *sinkOutcome) add(rows []uint32, a answer) bool {
	o.failed = append(o.failed, a.failures...)
	done := rows
	if a.err != nil {
		done, o.err = rows[:a.done], a.err
	}
	if len(done) > 0 {
		o.last, o.some = done[len(done)-1], true
	}
	return a.err == nil
}

// result is the answer for a batch of which some rows have failed before.
func (o *sinkOutcome) result(b *plugins.Batch, before plugins.RowErrors) error {
	failed := append(plugins.RowErrors(nil), o.failed...)
	if o.err == nil {
		if failed = append(failed, before...); len(failed) > 0 {
			return failed
		}
		return nil
	}
	if !o.some {
		return o.err // those that failed before will fail again
	}
	n := 0
	for n < len(b.Sel) && b.Sel[n] <= o.last {
		n++
	}
	for _, f := range before {
		if f.Row <= o.last {
			failed = append(failed, f)
		}
	}
	return &plugins.PartialError{Done: n, Failed: failed, Err: o.err}
}

// tryApart writes a batch in a process in which nobody else is, to find which of its records crash that.
func (s *sink) tryApart(ctx context.Context, b *plugins.Batch) error {
	turn, err := s.plugin.trials.begin(ctx)
	if err != nil {
		return waits(err)
	}
	defer turn.close()
	a := sinkTrial{sink: s, trial: turn, batch: b}
	all := s.divide(b)
	for _, rows := range all.parts {
		if !a.try(ctx, rows) {
			break
		}
	}
	if a.line != nil {
		if err := a.line.close(ctx); err != nil {
			s.logger.Warn("a sink that was tried apart was not closed in order", "stage", s.env.Stage, "error", err)
		}
	}
	return a.result(b, all.failures)
}

// sinkTrial is a trial of a batch.
type sinkTrial struct {
	sinkOutcome
	*sink
	trial *trial
	batch *plugins.Batch
	line  *sinkLine
}

// try writes rows, and where that crashes, each half of them. A row counts as the one to blame when it crashes the process twice. It reports whether
// all rows are done with.
func (t *sinkTrial) try(ctx context.Context, rows []uint32) bool {
	for try := 1; ; try++ {
		a := t.once(ctx, rows)
		var crashed *crash
		isCrash := errors.As(a.err, &crashed) && !crashed.hung
		switch {
		case len(rows) > 1 && (isCrash || errors.Is(a.err, errDivide)):
			return t.try(ctx, rows[:len(rows)/2]) && t.try(ctx, rows[len(rows)/2:])
		case isCrash && try > 1:
			t.health.failed.Record(1)
			f := plugins.Failure{Row: rows[0], Code: "crash", Msg: "the plugin crashes on the record: " + crashed.reason}
			return t.add(rows, answer{failures: plugins.RowErrors{f}})
		case isCrash:
		default:
			return t.add(rows, a)
		}
	}
}

// once writes rows in the process of the trial, and waits for the answer.
func (t *sinkTrial) once(ctx context.Context, rows []uint32) answer {
	w, err := t.trial.get(ctx)
	if err != nil {
		return answer{err: waits(err)}
	}
	if t.line == nil || t.line.failure() != nil || t.line.worker != w {
		if t.line, err = t.openSink(ctx, w); err != nil {
			return answer{err: err}
		}
	}
	answered := make(chan answer, 1)
	if err := t.line.write(ctx, t.batch, rows, t.contents(), func(a answer) { answered <- a }); err != nil {
		return answer{err: err}
	}
	if err := t.line.flush(ctx); err != nil {
		return answer{err: err}
	}
	select {
	case a := <-answered:
		return a
	case <-ctx.Done():
		return answer{err: context.Cause(ctx)}
	}
}

// Flush implements [plugins.Sink].
func (s *sink) Flush(ctx context.Context) error {
	if s.line == nil {
		return nil
	}
	return s.line.flush(ctx)
}

// Close implements [plugins.Closer].
func (s *sink) Close(ctx context.Context) error {
	defer s.done()
	if s.line == nil {
		return nil
	}
	line := s.line
	s.line = nil
	return line.close(ctx)
}
