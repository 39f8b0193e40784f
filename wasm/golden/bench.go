package golden

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/manifest"
)

// Measured is what a module has been measured to take.
type Measured struct {
	Rows    int   // of each batch
	Records int64 // in all
	Failed  int64 // of them
	Spent   time.Duration
}

// Bench gives a module batches of so many rows, those of the file again and again, for at least the time given. What is
// measured is all that a stage does with a batch: what the host does for it, and the module with its limits.
func Bench(ctx context.Context, c Config, f *File, rows int, least time.Duration) (m Measured, err error) {
	d, err := describe(c.Module, f.abi)
	if err != nil {
		return m, fmt.Errorf("%s: %w", c.Module, err)
	}
	s, err := newStage(c, f, d)
	if err != nil {
		return m, fmt.Errorf("%s: %w", f.name, err)
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if err := s.start(ctx); err != nil {
		return m, fmt.Errorf("%s: %w", f.name, err)
	}
	in := f.input(rows)
	if in.rows == 0 {
		return m, fmt.Errorf("%s: it gives no records: name a file that does", f.name)
	}
	m.Rows = rows
	for warm := true; m.Spent < least; warm = false {
		if err := s.measure(ctx, in.next(rows), &m); err != nil {
			return m, fmt.Errorf("%s: %w", f.name, err)
		}
		if warm { // memory has grown, caches are filled
			m = Measured{Rows: rows}
		}
		s.clock = s.clock.Add(time.Millisecond)
	}
	return m, ctx.Err()
}

// measure gives the stage a batch.
func (s *stage) measure(ctx context.Context, all *step, m *Measured) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var b *plugins.Batch
	var err error
	if all.columns != nil {
		b, err = s.columnBatch(all.columns, all.rows)
	} else {
		b = s.recordBatch(all.records)
	}
	if err != nil {
		return err
	}
	defer b.Release()
	m.Records += int64(len(b.Sel))
	count := func(plugins.Failure) { m.Failed++ }
	mark, begun := b.Mark(), time.Now()
	err = s.instance.Process(ctx, b, sponge{count})
	m.Spent += time.Since(begun)
	b.Rewind(mark)
	b.TakeFailures(count)
	return err
}

// sponge takes all that a stage makes.
type sponge struct{ failed func(plugins.Failure) }

// Emit implements [plugins.Emitter].
func (s sponge) Emit(_ int, b *plugins.Batch) {
	b.TakeFailures(s.failed)
	b.Sel = b.Sel[:0]
}

// Drop implements [plugins.Emitter].
func (sponge) Drop(int) {}

// Make implements [plugins.Emitter].
func (sponge) Make(int) {}

// input is the rows of the steps of a file, one behind the other, and the first of them again behind the last, so that a
// batch can begin with each.
type input struct {
	all  step
	rows int // how many there are
	at   int // where the next batch begins
}

// input returns what the file gives, for batches of so many rows.
func (f *File) input(batch int) *input {
	in := &input{}
	all := &in.all
	for i := range f.steps {
		for name := range f.steps[i].columns {
			if all.columns == nil {
				all.columns = map[string][]json.RawMessage{}
			}
			all.columns[name] = nil
		}
	}
	for i := range f.steps {
		s := &f.steps[i]
		all.records, all.rows = append(all.records, s.records...), append(all.rows, s.rows...)
		for name, values := range all.columns {
			if all.columns[name] = append(values, s.columns[name]...); s.columns[name] == nil {
				all.columns[name] = append(values, slices.Repeat([]json.RawMessage{json.RawMessage("null")}, len(s.rows))...)
			}
		}
	}
	in.rows = len(all.records) + len(all.rows) // a module takes the ones or the others
	all.records, all.rows = around(all.records, batch), around(all.rows, batch)
	for name, values := range all.columns {
		all.columns[name] = around(values, batch)
	}
	return in
}

// around returns some with as many more behind them, from the first on, as a batch goes over their end; none of none.
func around[T any](some []T, batch int) []T {
	n := len(some)
	for i := 0; n > 0 && i < batch-1; i++ {
		some = append(some, some[i%n])
	}
	return some
}

// next returns a step with the rows of the next batch.
func (in *input) next(batch int) *step {
	from, to := in.at, in.at+batch
	in.at = to % in.rows
	if in.all.columns == nil {
		return &step{records: in.all.records[from:to]}
	}
	s := &step{rows: in.all.rows[from:to], columns: map[string][]json.RawMessage{}}
	for name, values := range in.all.columns {
		s.columns[name] = values[from:to]
	}
	return s
}

// generatedRows are the rows of a generated file: readings of a hundred devices.
const generatedRows = 1000

// Generated returns a file of readings for a module with a manifest, for [Bench] where there is no other.
func Generated(says *manifest.Manifest) (*File, error) {
	step := map[string]any{}
	if says.Mode == manifest.Columns {
		columns, keys := map[string][]any{}, make([]any, generatedRows)
		for i := range keys {
			keys[i] = generated("string", i)
		}
		for _, f := range says.Inputs {
			for i := range generatedRows {
				columns[f.Name] = append(columns[f.Name], generated(f.Type, i))
			}
		}
		step["columns"], step["keys"] = columns, keys
	} else {
		var records []any
		for i := range generatedRows {
			device := generated("string", i)
			records = append(records, map[string]any{"key": device, "value": map[string]any{"json": map[string]any{
				"device": device, "temperature": generated("float", i), "pressure": generated("int", i), "ts": generated("time", i),
			}}})
		}
		step["records"] = records
	}
	text, err := json.Marshal(map[string]any{"key": true, "steps": []any{step}})
	if err != nil {
		return nil, fmt.Errorf("generate records: %w", err)
	}
	f, err := Parse("generated records", text)
	if f != nil {
		f.generated = true
	}
	return f, err
}

// generated returns the value of a type in a row.
func generated(typ string, row int) any {
	switch typ {
	case "bool":
		return row%3 == 0
	case "int":
		return 1000 + row%37
	case "float":
		return 20 + float64(row%101)/8
	case "time":
		return time.Date(2026, 1, 1, 0, 0, row, 0, time.UTC).Format(time.RFC3339)
	case "duration":
		return fmt.Sprintf("%dms", row)
	case "json":
		return map[string]any{"n": row}
	}
	return fmt.Sprintf("device-%02d", row%100)
}
