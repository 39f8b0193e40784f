package plugintest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// Emitter takes what a transform emits, as the engine does, and counts it.
// It is used by one goroutine at a time, through [Emitter.Process] and [Emitter.Call].
type Emitter struct {
	TB testing.TB
	// Columns are those to look at, by output.
	Columns [][]plugins.Path
	// Records are what was emitted, by output.
	Records [][]string
	// Failed are the rows that failed, in the order in which they did.
	Failed []string
	// Dropped and Made are what was counted, and Emitted and Dead how many rows there were.
	Dropped, Made, Emitted, Dead int

	batch *plugins.Batch    // that is processed
	dead  []plugins.Failure // of it
	gone  map[int64]bool    // rows of it that were emitted, by offset
	scrap plugins.Column    // what downstream adds
}

// turn is the emitter for one call of the transform.
type turn struct {
	*Emitter
	over bool
}

var _ plugins.Emitter = (*turn)(nil)

// Emit implements [plugins.Emitter].
func (e *turn) Emit(output int, b *plugins.Batch) {
	if e.over {
		e.TB.Error("Emit was called on what was valid for a former call of the transform")
		return
	}
	e.emit(output, b)
}

func (e *Emitter) emit(output int, b *plugins.Batch) {
	if output < 0 || output >= len(e.Columns) {
		e.TB.Errorf("Emit was called for output %d, and the stage has %d", output, len(e.Columns))
		return
	}
	if problem := Inspect(b); problem != "" {
		e.TB.Errorf("a batch that was emitted is malformed: %s", problem)
		return
	}
	b.TakeFailures(func(f plugins.Failure) {
		if b == e.batch {
			e.dead = append(e.dead, f)
			return
		}
		e.bury(b, f)
	})
	for e.Records == nil || len(e.Records) <= output {
		e.Records = append(e.Records, nil)
	}
	for _, i := range b.Sel {
		if b == e.batch && b.Offsets != nil {
			if b.Offsets[i] < 0 {
				e.TB.Errorf("row %d was emitted, which was not selected", i)
			}
			e.gone[b.Offsets[i]] = true
		}
		e.Records[output] = append(e.Records[output], e.describe(output, b, i))
	}
	e.Emitted += len(b.Sel)
	mark := b.Mark()
	e.scrap.Reset(plugins.Int, b.Len)
	for _, path := range e.Columns[output] {
		b.AddColumn(path, &e.scrap) // as what is downstream may
	}
	b.Rewind(mark)
	b.Sel = b.Sel[:0]
}

// describe writes a row as far as the stage's output shows it.
func (e *Emitter) describe(output int, b *plugins.Batch, i uint32) string {
	var s strings.Builder
	if b.Offsets != nil {
		fmt.Fprintf(&s, "#%d ", b.Offsets[i])
	}
	if p := b.Value(i); len(p) > 0 {
		fmt.Fprintf(&s, "%q ", p)
	}
	for _, path := range e.Columns[output] {
		if c := b.Column(path); c != nil {
			fmt.Fprintf(&s, "%s=%s ", path, c.Value(i))
		}
	}
	return s.String()
}

func (e *Emitter) bury(b *plugins.Batch, f plugins.Failure) {
	e.Dead++
	row := ""
	if b.Offsets != nil && int(f.Row) < len(b.Offsets) {
		row = fmt.Sprintf("#%d ", b.Offsets[f.Row])
		if b == e.batch && e.gone[b.Offsets[f.Row]] {
			e.TB.Errorf("row %d was emitted and failed", f.Row)
		}
	}
	e.Failed = append(e.Failed, row+f.Code+": "+f.Msg)
}

// Drop implements [plugins.Emitter].
func (e *turn) Drop(rows int) {
	if rows < 0 {
		e.TB.Errorf("Drop was called with %d rows", rows)
	}
	e.Dropped += rows
}

// Make implements [plugins.Emitter].
func (e *turn) Make(rows int) {
	if rows < 0 {
		e.TB.Errorf("Make was called with %d rows", rows)
	}
	e.Made += rows
}

// Process puts a batch through a transform, and checks that each of its rows went one way.
func (e *Emitter) Process(b *plugins.Batch, process func(plugins.Emitter) error) {
	e.TB.Helper()
	in, before := len(b.Sel), *e
	mark := b.Mark()
	selected := map[uint32]bool{}
	for _, i := range b.Sel {
		selected[i] = true
	}
	e.batch, e.gone = b, map[int64]bool{}
	err := e.turn(process)
	if err != nil {
		e.TB.Errorf("Process returned %q: what is wrong with records is to fail these", err)
	}
	b.Rewind(mark)
	seen := map[uint32]bool{}
	e.dead = append(e.dead, b.Failures...)
	b.TakeFailures(func(plugins.Failure) {})
	for _, f := range e.dead {
		switch problem := inspectFailure(f, b.Len); {
		case problem != "":
			e.TB.Errorf("a failure of the transform is malformed: %s", problem)
		case !selected[f.Row]:
			e.TB.Errorf("row %d failed, which was not selected", f.Row)
		case !seen[f.Row]: // the first counts
			e.bury(b, f)
		}
		seen[f.Row] = true
	}
	e.batch, e.dead = nil, nil
	e.balance(in, before)
}

// turn makes a call of the transform.
func (e *Emitter) turn(call func(plugins.Emitter) error) error {
	t := &turn{Emitter: e}
	defer func() { t.over = true }()
	return call(t)
}

// balance checks that what went in and was made came out.
func (e *Emitter) balance(in int, before Emitter) {
	e.TB.Helper()
	out, dropped := e.Emitted-before.Emitted, e.Dropped-before.Dropped
	made, dead := e.Made-before.Made, e.Dead-before.Dead
	if in+made != out+dropped+dead {
		e.TB.Errorf("%d rows went in and %d were made, but %d were emitted, %d dropped and %d failed", in, made, out, dropped, dead)
	}
}

// Call is like Process for what a transform emits of itself.
func (e *Emitter) Call(what string, call func(plugins.Emitter) error) {
	e.TB.Helper()
	before := *e
	if err := e.turn(call); err != nil {
		e.TB.Errorf("%s: %v", what, err)
	}
	e.balance(0, before)
}
