package remote

import (
	"bytes"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// replyReader checks what a plugin has made of a batch, and passes it on.
type replyReader struct {
	*transform
	columns [][]*plugins.Column // by output and field
	state   []uint8             // of each row
	bad     map[uint32]plugins.Failure
}

// What has become of a row.
const (
	rowKept uint8 = 1 << iota
	rowFailed
)

func (r *replyReader) init(t *transform) {
	r.transform = t
	r.columns = make([][]*plugins.Column, len(t.known.outputs))
	for i := range r.columns {
		for range t.known.fields[i] {
			r.columns[i] = append(r.columns[i], new(plugins.Column))
		}
	}
}

// pass checks an answer about rows, fails rows and emits records.
func (r *replyReader) pass(rows []uint32, answer *pb.Processed) error {
	if err := wire.ToError(answer.GetProblem()); err != nil {
		return r.problem(err)
	}
	extra, err := r.account(rows, answer)
	if err != nil {
		return err
	}
	failures, err := wire.ToFailures(answer.GetFailures(), len(rows))
	if err != nil {
		return r.nonsense("%v", err)
	}
	for _, f := range failures {
		f.Msg = r.plugin.hide.Clean(f.Msg)
		r.failed(rows[f.Row], f)
	}
	if n := int(answer.GetDropped()); n > 0 {
		r.out.Drop(n)
	}
	if extra > 0 {
		r.out.Make(extra)
	} else if extra < 0 {
		r.out.Drop(-extra)
	}
	for _, e := range answer.GetEmitted() {
		if err := r.emit(rows, e); err != nil {
			return err
		}
	}
	return nil
}

// account checks that each row was emitted, dropped or failed, once, and returns how many records there are beyond those.
func (r *replyReader) account(rows []uint32, answer *pb.Processed) (extra int, err error) {
	r.state = append(r.state[:0], make([]uint8, len(rows))...)
	named := uint64(answer.GetDropped())
	for _, f := range answer.GetFailures() {
		if int64(f.GetRow()) < int64(len(rows)) { // else ToFailures tells
			r.state[f.GetRow()] = rowFailed
		}
		named++
	}
	for _, e := range answer.GetEmitted() {
		if int64(e.GetOutput()) >= int64(len(r.known.outputs)) {
			return 0, r.nonsense("it emits to output %d, and there are %d", e.GetOutput(), len(r.known.outputs))
		}
		switch x := e.GetWhat().(type) {
		case *pb.Emitted_Made:
			named += uint64(e.GetStandsFor())
			extra += int(min(x.Made.GetRows(), wire.MaxRows)) - int(min(e.GetStandsFor(), wire.MaxRows))
		case *pb.Emitted_Kept:
			kept, again, err := r.mark(x.Kept, len(rows))
			if err != nil {
				return 0, err
			}
			named += uint64(kept)
			extra += again
		default:
			return 0, r.nonsense("it emits nothing to output %d", e.GetOutput())
		}
	}
	if named != uint64(len(rows)) {
		return 0, r.nonsense("it was given %d records, and says what has become of %d", len(rows), named)
	}
	return extra, nil
}

// mark notes rows that are kept: how many for the first time, and how many were before.
func (r *replyReader) mark(k *pb.Kept, rows int) (kept, again int, err error) {
	one := func(i uint32) error {
		switch r.state[i] {
		case rowFailed:
			return r.nonsense("record %d of a batch has failed, and is emitted", i)
		case rowKept:
			again++
		default:
			r.state[i] = rowKept
			kept++
		}
		return nil
	}
	if k.GetAll() {
		for i := range rows {
			if err := one(uint32(i)); err != nil {
				return 0, 0, err
			}
		}
		return kept, again, nil
	}
	last := int64(-1)
	for _, i := range k.GetRows() {
		if int64(i) <= last || int64(i) >= int64(rows) {
			return 0, 0, r.nonsense("it emits record %d of a batch of %d, behind record %d", i, rows, last)
		}
		last = int64(i)
		if err := one(i); err != nil {
			return 0, 0, err
		}
	}
	return kept, again, nil
}

func (r *replyReader) emit(rows []uint32, e *pb.Emitted) error {
	output := int(e.GetOutput())
	if made := e.GetMade(); made != nil {
		return r.emitMade(output, made, e.GetFailures())
	}
	return r.emitKept(output, rows, e.GetKept())
}

// emitKept passes rows of the batch on, with columns added.
func (r *replyReader) emitKept(output int, rows []uint32, k *pb.Kept) error {
	if r.known.from[output] == pb.Output_PAYLOAD {
		return r.nonsense("it emits records of the input to output %q, which has payloads", r.known.outputs[output].Name)
	}
	b := r.batch
	m := b.Mark()
	defer b.Rewind(m)
	clear(r.bad)
	fields, given := r.known.fields[output], 0
	if r.known.from[output] == pb.Output_COLUMNS {
		b.CloseRecord()
	}
	for _, x := range k.GetColumns() {
		i := slices.IndexFunc(fields, func(f plugins.Field) bool { return plugins.JoinPath(f.Name) == x.GetName() })
		if i < 0 {
			return r.nonsense("it adds the column %q to output %q, which has no such field", wire.Clip(x.GetName(), 64), r.known.outputs[output].Name)
		}
		c := r.columns[output][i]
		if err := r.readColumn(x, fields[i], c, rows); err != nil {
			return err
		}
		if b.Column(x.GetName()) == c {
			return r.nonsense("the column %q is there twice", wire.Clip(x.GetName(), 64))
		}
		b.AddColumn(x.GetName(), c)
		given++
	}
	if err := r.missing(output, given, k); err != nil {
		return err
	}
	b.Sel = b.Sel[:0]
	if k.GetAll() {
		b.Sel = append(b.Sel, rows...)
	} else {
		for _, i := range k.GetRows() {
			b.Sel = append(b.Sel, rows[i])
		}
	}
	if len(r.bad) > 0 {
		for _, i := range b.Sel {
			if f, is := r.bad[i]; is {
				r.failed(i, f)
			}
		}
		b.DropFailed()
	}
	if len(b.Sel) > 0 {
		r.out.Emit(output, b)
	}
	return nil
}

// missing returns an error where a field has no column, unless the input has it.
func (r *replyReader) missing(output, given int, k *pb.Kept) error {
	fields := r.known.fields[output]
	if given == len(fields) {
		return nil
	}
	for _, f := range fields {
		path := plugins.JoinPath(f.Name)
		has := slices.ContainsFunc(k.GetColumns(), func(c *pb.Column) bool { return c.GetName() == path })
		if !has && (r.known.from[output] != pb.Output_INPUT || r.env.Input.Format != "" || r.batch.Column(path) == nil) {
			return r.nonsense("output %q has the field %q, and there is no column of it", r.known.outputs[output].Name, f.Name)
		}
	}
	return nil
}

// readColumn reads a column of a field. Rows whose value is not right are noted in r.bad.
func (r *replyReader) readColumn(x *pb.Column, f plugins.Field, c *plugins.Column, rows []uint32) error {
	if kind, err := wire.ToKind(x.GetKind()); err != nil || kind != f.Type.Kind {
		return r.nonsense("the column %q is of kind %s, and the field of type %s", wire.Clip(x.GetName(), 64), x.GetKind(), f.Type)
	}
	c.Data = c.Data[:0]
	if err := wire.ToColumn(x, len(rows), c, rows, r.batch.Len, r.noteBad(f.Name)); err != nil {
		return r.nonsense("%v", err)
	}
	if c.Nulls == nil || f.Type.Nullable {
		return nil
	}
	for _, i := range rows {
		if c.Nulls[i] {
			r.noteBad(f.Name)(i, "null", "is null, and the plugin does not say that it may be")
		}
	}
	return nil
}

// noteBad returns what takes note of values of a field that are not right.
func (r *replyReader) noteBad(field string) wire.Bad {
	return func(row uint32, code, msg string) {
		if r.bad == nil {
			r.bad = map[uint32]plugins.Failure{}
		}
		if _, is := r.bad[row]; !is {
			r.bad[row] = plugins.Failure{Code: code, Msg: "the plugin's " + field + " " + msg}
		}
	}
}

// emitMade passes on records that the plugin has made.
func (r *replyReader) emitMade(output int, made *pb.Batch, failures []*pb.RowFailure) error {
	d := r.env.Pool.Batch()
	defer d.Release()
	clear(r.bad)
	if err := r.readMade(output, d, made, failures); err != nil {
		return err
	}
	r.out.Emit(output, d)
	return nil
}

func (r *replyReader) readMade(output int, d *plugins.Batch, made *pb.Batch, failures []*pb.RowFailure) error {
	if err := wire.ToBatch(made, d, r.noteBad("record")); err != nil {
		return r.nonsense("%v", err)
	}
	d.Part, d.OneTopic = r.batch.Part, r.batch.OneTopic
	if d.Received == 0 {
		d.Received = r.batch.Received
	}
	if !r.env.Framing.Preamble {
		d.Preamble = nil
	}
	shape := r.known.outputs[output].Shape
	if err := r.checkRecord(shape, d, made); err != nil {
		return err
	}
	fails, err := wire.ToFailures(failures, d.Len)
	if err != nil {
		return r.nonsense("%v", err)
	}
	for _, f := range fails {
		f.Msg = r.plugin.hide.Clean(f.Msg)
		d.Fail(f.Row, f)
	}
	for i, f := range r.bad {
		d.Fail(i, f)
	}
	if shape.Format != "" {
		flatten(d, shape.Format, r.env.Framing)
	}
	d.DropFailed()
	return nil
}

// checkRecord checks that a batch has what a shape says: payloads where there is a format, and a column for each field that is one.
func (s *stage) checkRecord(shape plugins.Shape, d *plugins.Batch, made *pb.Batch) error {
	fields := shape.Type.Fields
	if shape.Format != "" {
		if d.Values == nil && d.Len > 0 {
			return s.nonsense("its records have no payload, and the format %s", shape.Format)
		}
		fields = nil
		for _, name := range shape.Set {
			t, _ := shape.Type.Field(name)
			fields = append(fields, plugins.Field{Name: name, Type: t})
		}
	}
	for _, f := range fields {
		c := d.Column(plugins.JoinPath(f.Name))
		if c == nil {
			return s.nonsense("its records have the field %q, and there is no column of it", f.Name)
		}
		if c.Kind != f.Type.Kind {
			return s.nonsense("the column %q is of kind %s, and the field of type %s", f.Name, c.Kind, f.Type)
		}
		if c.Nulls == nil || f.Type.Nullable {
			continue
		}
		for i, null := range c.Nulls {
			if null {
				d.Fail(uint32(i), plugins.Failure{Code: "null", Msg: "the plugin's " + f.Name + " is null, and it does not say that it may be"})
			}
		}
	}
	if n := len(made.GetColumns()); n > len(fields) {
		return s.nonsense("its records have %d columns, and %d fields are columns", n, len(fields))
	}
	return nil
}

// flatten sees to it that the end of a record in a stream of the format is not in a payload: records are written as they are wherever nobody changes them.
func flatten(d *plugins.Batch, format string, f plugins.Framing) {
	end := f.Terminator
	if len(end) == 0 {
		return
	}
	for i, s := range d.Values {
		text := s.Of(d.Data)
		if !bytes.Contains(text, end) {
			continue
		}
		if format == "json" { // there it can only stand between values
			for k, c := range text {
				if c == '\n' || c == '\r' {
					text[k] = ' '
				}
			}
			continue
		}
		d.Fail(uint32(i), plugins.Failure{Code: "framing", Msg: "the payload has the end of a record in it, as the format " + format + " writes it"})
	}
}
