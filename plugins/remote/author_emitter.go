package remote

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// emitter takes what a transform makes of a batch, and keeps it until the whole is sent: its memory serves the next batch.
type emitter struct {
	t     *servedTransform
	batch *plugins.Batch // that Process was given

	slots   []*emitted
	used    int
	kept    int    // rows of batch that were emitted
	again   int    // of these, rows that were emitted before
	was     []bool // by row: whether it was emitted
	dropped int
	made    int // rows that Make has counted
	err     error
	columns []wire.Named
	seen    []bool
}

// emitted is the memory of what was emitted once.
type emitted struct {
	msg    *pb.Emitted
	kept   *pb.Emitted_Kept
	made   *pb.Emitted_Made
	writer wire.BatchWriter
	rows   int // of made
}

var _ plugins.Emitter = (*emitter)(nil)

func (e *emitter) begin(t *servedTransform, b *plugins.Batch) {
	e.t, e.batch = t, b
	e.used, e.kept, e.again, e.dropped, e.made, e.err = 0, 0, 0, 0, 0, nil
	e.was = cleared(e.was, b.Len)
}

// cleared returns n times false, in the memory given where that is enough.
func cleared(memory []bool, n int) []bool {
	if cap(memory) < n {
		return make([]bool, n, n+n/4)
	}
	memory = memory[:n]
	clear(memory)
	return memory
}

// next returns memory for what is emitted now.
func (e *emitter) next(output int) *emitted {
	if e.used == len(e.slots) {
		e.slots = append(e.slots, &emitted{
			msg: &pb.Emitted{}, kept: &pb.Emitted_Kept{Kept: &pb.Kept{}}, made: &pb.Emitted_Made{}, writer: wire.BatchWriter{Keeps: true},
		})
	}
	s := e.slots[e.used]
	e.used++
	s.msg.Output, s.msg.What, s.msg.StandsFor, s.msg.Failures, s.rows = uint32(output), nil, 0, s.msg.Failures[:0], 0
	return s
}

// Emit implements [plugins.Emitter].
func (e *emitter) Emit(output int, b *plugins.Batch) {
	if e.err != nil {
		return
	}
	if output < 0 || output >= len(e.t.outputs) {
		e.err = fmt.Errorf("records were emitted to output %d of %d", output, len(e.t.outputs))
		return
	}
	name, from := e.t.outputs[output].GetName(), e.t.outputs[output].GetFrom()
	b.DropFailed()
	e.columns = e.columns[:0]
	for _, f := range e.t.fields[output] {
		if col := b.Column(plugins.JoinPath(f.Name)); col != nil {
			e.columns = append(e.columns, wire.Named{Name: plugins.JoinPath(f.Name), Column: col})
		} else if from != pb.Output_INPUT || e.t.in.Format != "" {
			e.err = fmt.Errorf("field %q of output %q has no column in what was emitted", f.Name, name)
			return
		}
	}
	switch {
	case b == e.batch && from != pb.Output_PAYLOAD:
		e.keep(output, b)
	case from == pb.Output_INPUT:
		e.err = fmt.Errorf("output %q has the records of the input, and was given another batch", name)
	default:
		e.make(output, b, from == pb.Output_PAYLOAD)
	}
}

// keep emits rows of the batch that Process was given.
func (e *emitter) keep(output int, b *plugins.Batch) {
	s := e.next(output)
	s.msg.What = s.kept
	k := s.kept.Kept
	k.All = len(b.Sel) == b.Len
	k.Rows = k.Rows[:0]
	if !k.All {
		k.Rows = append(k.Rows, b.Sel...)
	}
	k.Columns = s.writer.Kept(e.columns, b.Len, b.Sel)
	e.kept += len(b.Sel)
	for _, i := range b.Sel {
		if e.was[i] {
			e.again++
		}
		e.was[i] = true
	}
}

// make emits records that are not rows of that batch, or have another payload.
func (e *emitter) make(output int, b *plugins.Batch, values bool) {
	s := e.next(output)
	rows := b.Sel
	if b != e.batch { // failures of the batch itself are told with the others
		rows, s.msg.Failures = outgoing(b, e.columns)
	}
	s.made.Made = s.writer.Batch(b, rows, wire.Contents{Values: values, Meta: true, Columns: e.columns})
	s.msg.What, s.rows = s.made, len(rows)
}

// Drop implements [plugins.Emitter].
func (e *emitter) Drop(rows int) { e.dropped += rows }

// Make implements [plugins.Emitter].
func (e *emitter) Make(rows int) { e.made += rows }

// finish puts what was emitted into the answer. An error says that the transform did not do what it has to.
func (e *emitter) finish(answer *pb.Processed) error {
	if e.err != nil {
		return plugins.Permanent(e.err)
	}
	e.seen = cleared(e.seen, e.batch.Len)
	e.batch.TakeFailures(func(f plugins.Failure) {
		if int(f.Row) < len(e.seen) && !e.seen[f.Row] {
			e.seen[f.Row] = true
			answer.Failures = append(answer.Failures, &pb.RowFailure{Row: f.Row, Code: f.Code, Message: wire.Clip(f.Msg, wire.MaxText)})
		}
	})
	left, stands := e.made-e.again, 0
	for _, s := range e.slots[:e.used] {
		besides := max(0, min(left, s.rows))
		left -= besides
		s.msg.StandsFor = uint32(s.rows - besides)
		stands += s.rows - besides
		answer.Emitted = append(answer.Emitted, s.msg)
	}
	switch done := e.kept - e.again + stands + e.dropped + len(answer.Failures); {
	case left < 0:
		return plugins.Permanent(fmt.Errorf("the transform has emitted %d records a second time, and has counted %d as made", e.again, e.made))
	case left > 0:
		return plugins.Permanent(fmt.Errorf("the transform has counted %d records more as made than it has emitted beside those of the input", left))
	case done != e.batch.Len || e.dropped < 0:
		return plugins.Permanent(fmt.Errorf("the transform has emitted, dropped or failed %d of %d records: each is to be one of these, once", done, e.batch.Len))
	}
	answer.Dropped = uint32(e.dropped)
	return nil
}
