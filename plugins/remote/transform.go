package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

type transformLine = line[pb.TransformRequest, pb.TransformReply]

// transform is an instance of a transform of a plugin: a stream, that of the process which runs.
type transform struct {
	*stage
	lines  *lines
	known  *configured
	input  *pb.Shape
	values bool // the plugin gets payloads
	meta   bool // and what stands beside them

	evaluators []plugins.Evaluator
	columns    []wire.Named // of the batch
	writer     wire.BatchWriter
	id         uint64
	line       *transformLine // nil while there is none

	// Of the batch that is being processed.
	batch *plugins.Batch
	out   plugins.Emitter
	rows  []uint32
	reply replyReader
}

var (
	_ plugins.Transform = (*transform)(nil)
	_ plugins.Opener    = (*transform)(nil)
)

func newTransform(k *kind, c plugins.Config, env plugins.Env) (plugins.Transform, error) {
	s, err := newStage(k, c, env)
	if err != nil {
		return nil, err
	}
	known, err := k.configure(c, &env.Input)
	if err != nil {
		return nil, err
	}
	t := &transform{stage: s, known: known, input: wire.FromShape(env.Input), values: k.payload && env.Input.Format != ""}
	for _, from := range known.from {
		t.meta = t.meta || from != pb.Output_INPUT
	}
	for _, x := range s.columns {
		t.evaluators = append(t.evaluators, x.Expr.Evaluator(env))
		t.columns = append(t.columns, wire.Named{Name: x.Name})
	}
	t.reply.init(t)
	if t.lines, err = plugins.Share(env.Shared, "remote", func() (*lines, error) { return &lines{done: k.plugin.use()}, nil }); err != nil {
		return nil, err
	}
	return t, nil
}

// lines are the streams of the instances of a stage: instances are not closed, what they share is.
type lines struct {
	done func()

	mu   sync.Mutex
	open map[*transformLine]bool
}

var _ plugins.Closer = (*lines)(nil)

func (l *lines) add(x *transformLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = map[*transformLine]bool{}
	}
	l.open[x] = true
}

func (l *lines) remove(x *transformLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, x)
}

// Close implements [plugins.Closer].
func (l *lines) Close(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for x := range l.open {
		x.hangUp()
	}
	l.open = nil
	l.done()
	return nil
}

// Open implements [plugins.Opener].
func (t *transform) Open(ctx context.Context) error { return t.dial(ctx) }

// dial sees to it that there is a stream.
func (t *transform) dial(ctx context.Context) error {
	for {
		w, err := t.plugin.supervisor.get(ctx)
		if err != nil {
			return err
		}
		if t.line != nil && t.line.worker == w {
			return nil
		}
		t.drop()
		line, err := t.connect(ctx, w)
		var crashed *crash
		if errors.As(err, &crashed) {
			continue // the supervisor says when that is enough
		}
		if err != nil {
			return err
		}
		t.line = line
		t.lines.add(line)
		return nil
	}
}

// drop forgets a stream that is of no use any more.
func (t *transform) drop() {
	if t.line != nil {
		t.line.cancel()
		t.lines.remove(t.line)
		t.line = nil
	}
}

// connect opens a stream to a process.
func (t *transform) connect(ctx context.Context, w *worker) (*transformLine, error) {
	line, err := call(t.stage, w, w.client.Transform)
	if err != nil {
		return nil, err
	}
	open := &pb.TransformRequest{Request: &pb.TransformRequest_Open{Open: &pb.OpenTransform{Stage: t.message, Input: t.input}}}
	err = line.ask(ctx, open, func(r *pb.TransformReply) (bool, error) {
		switch x := r.GetReply().(type) {
		case *pb.TransformReply_Opened:
			return true, t.problem(wire.ToError(x.Opened.GetProblem()))
		case *pb.TransformReply_Metrics:
			return false, t.guests.record(t.stage, x.Metrics)
		}
		return false, t.nonsense("its first answer is not that it was opened")
	})
	if err != nil {
		line.cancel()
		return nil, err
	}
	return line, nil
}

const (
	// batchRows and batchBytes are about what the plugin is given at once.
	batchRows  = 16384
	batchBytes = 4 << 20
	// rowCost is about what a row takes in a message besides its texts, for each column.
	rowCost = 16
	// room is for what stands in a message beside the rows.
	room = 64 << 10
)

// Process implements [plugins.Transform].
func (t *transform) Process(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error {
	for i, e := range t.evaluators {
		t.columns[i].Column = e.Eval(b)
	}
	b.DropFailed()
	t.batch, t.out = b, out
	t.rows = append(t.rows[:0], b.Sel...)
	defer func() { t.batch, t.out = nil, nil }()
	for rows := t.rows; len(rows) > 0; {
		n, size := 0, 0
		for n < len(rows) && n < batchRows {
			size += t.sizeOf(rows[n])
			if n > 0 && size > batchBytes {
				break
			}
			n++
		}
		if err := t.give(ctx, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	b.Sel = b.Sel[:0]
	return nil
}

// sizeOf is about what a row takes in a message.
func (t *transform) sizeOf(i uint32) int {
	b, size := t.batch, rowCost*(1+len(t.columns))
	if t.values {
		size += len(b.Value(i))
	}
	if t.meta {
		size += len(b.Key(i)) + len(b.Topic(i))
		for _, h := range b.HeadersOf(i) {
			size += int(h.Name.Len+h.Value.Len) + rowCost
		}
	}
	for _, c := range t.columns {
		if k := c.Column.Kind; (k == plugins.Any || k == plugins.String || k == plugins.Bytes || k.Nested()) && !c.Column.IsNull(i) {
			if k != plugins.Any || c.Column.Kinds[i] >= plugins.String && c.Column.Kinds[i] != plugins.Time && c.Column.Kinds[i] != plugins.Duration {
				size += int(c.Column.Spans[i].Len)
			}
		}
	}
	return size
}

// give gives rows to the plugin, and passes on what it makes of them.
func (t *transform) give(ctx context.Context, rows []uint32) error {
	if len(rows) == 1 {
		if size := t.sizeOf(rows[0]); size > wire.MaxMessage-room {
			t.failed(rows[0], largeFailure(fmt.Sprintf("the record has %d bytes for the plugin", size)))
			return nil
		}
	}
	err := t.dial(ctx)
	if err != nil {
		return err
	}
	answer, err := t.ask(ctx, t.line, rows)
	var crashed *crash
	switch {
	case errors.As(err, &crashed):
		t.drop()
		return t.tryApart(ctx, rows)
	case errors.Is(err, errTooLarge) || err == nil && answer.GetDivide():
		if err != nil {
			t.drop()
		}
		if len(rows) == 1 {
			t.failed(rows[0], largeFailure("what the plugin makes of the record is too large"))
			return nil
		}
		if err := t.give(ctx, rows[:len(rows)/2]); err != nil {
			return err
		}
		return t.give(ctx, rows[len(rows)/2:])
	case err != nil:
		t.drop()
		return err
	}
	return t.reply.pass(rows, answer)
}

func largeFailure(what string) plugins.Failure {
	return plugins.Failure{Code: "too_large", Msg: fmt.Sprintf("%s: a message has at most %d MiB", what, wire.MaxMessage>>20)}
}

// failed fails a row.
func (t *transform) failed(row uint32, f plugins.Failure) { t.batch.Fail(row, f) }

// ask asks a process what it makes of rows.
func (t *transform) ask(ctx context.Context, line *transformLine, rows []uint32) (answer *pb.Processed, err error) {
	t.id++
	batch := t.writer.Batch(t.batch, rows, wire.Contents{Values: t.values, Meta: t.meta, Columns: t.columns})
	request := &pb.TransformRequest{Request: &pb.TransformRequest_Process{Process: &pb.Process{Id: t.id, Batch: batch}}}
	err = line.ask(ctx, request, func(r *pb.TransformReply) (bool, error) {
		switch x := r.GetReply().(type) {
		case *pb.TransformReply_Processed:
			if id := x.Processed.GetId(); id != t.id {
				return false, t.nonsense("it answers to request %d, and was asked %d", id, t.id)
			}
			answer = x.Processed
			return true, nil
		case *pb.TransformReply_Metrics:
			return false, t.guests.record(t.stage, x.Metrics)
		}
		return false, t.nonsense("it says something else than what it has made of a batch")
	})
	return answer, err
}

// outcome is what has become of rows that were tried apart.
type outcome struct {
	rows   []uint32
	answer *pb.Processed
	failed *plugins.Failure // where there is no answer
}

// tryApart finds out, in a process in which nobody else is, which of the rows crash it. Nothing is passed on before the trial is over: what comes behind
// may be a stage of the same plugin, which may want one.
func (t *transform) tryApart(ctx context.Context, rows []uint32) error {
	outcomes, err := t.tryAll(ctx, rows)
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.failed != nil {
			t.failed(o.rows[0], *o.failed)
			continue
		}
		if err := t.reply.pass(o.rows, o.answer); err != nil {
			return err
		}
	}
	return nil
}

func (t *transform) tryAll(ctx context.Context, rows []uint32) ([]outcome, error) {
	turn, err := t.plugin.trials.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer turn.close()
	a := apart{transform: t, trial: turn}
	err = a.try(ctx, rows)
	return a.outcomes, err
}

// apart is a trial of rows of a batch.
type apart struct {
	*transform
	trial    *trial
	line     *transformLine
	outcomes []outcome
}

// try tries rows, and where that fails, each half of them. A row counts as the one to blame when it crashes the process twice.
func (a *apart) try(ctx context.Context, rows []uint32) error {
	for try := 1; ; try++ {
		answer, err := a.once(ctx, rows)
		var crashed *crash
		isCrash := errors.As(err, &crashed)
		isLarge := errors.Is(err, errTooLarge) || err == nil && answer.GetDivide()
		switch {
		case len(rows) > 1 && (isCrash || isLarge):
			if err := a.try(ctx, rows[:len(rows)/2]); err != nil {
				return err
			}
			return a.try(ctx, rows[len(rows)/2:])
		case isCrash && try > 1:
			a.health.failed.Record(1)
			a.outcomes = append(a.outcomes, outcome{rows: rows, failed: &plugins.Failure{Code: "crash", Msg: "the plugin crashes on the record: " + crashed.reason}})
			return nil
		case isCrash:
		case isLarge:
			f := largeFailure("what the plugin makes of the record is too large")
			a.outcomes = append(a.outcomes, outcome{rows: rows, failed: &f})
			return nil
		case err != nil:
			return err
		default:
			a.outcomes = append(a.outcomes, outcome{rows: rows, answer: answer})
			return nil
		}
	}
}

// once gives rows to the process of the trial.
func (a *apart) once(ctx context.Context, rows []uint32) (*pb.Processed, error) {
	w, err := a.trial.get(ctx)
	if err != nil {
		return nil, err
	}
	if a.line == nil || a.line.worker != w || a.line.stream.Context().Err() != nil {
		if a.line, err = a.connect(ctx, w); err != nil {
			return nil, err
		}
	}
	return a.ask(ctx, a.line, rows)
}
