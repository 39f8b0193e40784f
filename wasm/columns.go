package wasm

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
)

// input is a column that the module is given, at work.
type input struct {
	givenColumn
	eval plugins.Evaluator
	col  *plugins.Column
}

// evaluate computes the column. Rows whose value the module does not take fail.
func (in *input) evaluate(b *plugins.Batch) {
	in.col = in.eval.Eval(b)
	if in.col.Kind != plugins.Any && (in.Optional || in.col.Nulls == nil) {
		return // its kind was looked at when the pipeline was built
	}
	for _, i := range b.Sel {
		switch k := kindAt(in.col, i); {
		case k == plugins.Null && !in.Optional:
			b.Fail(i, plugins.Failure{Code: "null", Msg: "the input " + in.Name + " is null, and the module takes no nulls there: drop the record before, or use default(x, y)", Expr: in.expr.Range()})
		case k != plugins.Null && !takes(in.typ, k):
			b.Fail(i, plugins.Failure{Code: "type", Msg: fmt.Sprintf("the input %s is of type %s, the module takes %s", in.Name, k, in.typ), Expr: in.expr.Range()})
		}
	}
	b.DropFailed()
}

// size returns how many bytes the texts of rows have.
func (in *input) size(rows []uint32) int {
	if in.typ.Width() > 0 {
		return 0
	}
	n := 0
	for _, i := range rows {
		if !in.col.IsNull(i) {
			n += int(in.col.Spans[i].Len)
		}
	}
	return n
}

// nulls reports whether rows may be null.
func (in *input) nulls() bool { return in.col.Kind == plugins.Any || in.col.Nulls != nil }

// fill writes the values of rows.
func (in *input) fill(dst abi.Column, rows []uint32) {
	if dst.Validity != nil {
		for k, i := range rows {
			if !in.col.IsNull(i) {
				dst.SetValid(k)
			}
		}
	}
	switch in.typ {
	case abi.Float:
		in.fillFloats(dst.Data, rows)
	case abi.Int:
		for k, i := range rows {
			binary.LittleEndian.PutUint64(dst.Data[8*k:], uint64(in.col.Ints[i]))
		}
	case abi.Time, abi.Duration:
		for k, i := range rows {
			binary.LittleEndian.PutUint64(dst.Data[8*k:], uint64(micros(in.col.Ints[i])))
		}
	case abi.Bool:
		for k, i := range rows {
			dst.Data[k] = 0
			if in.col.Kind == plugins.Any && in.col.Ints[i] != 0 || in.col.Kind == plugins.Bool && in.col.Bools[i] {
				dst.Data[k] = 1
			}
		}
	default:
		at := uint32(0)
		binary.LittleEndian.PutUint32(dst.Offsets, 0)
		for k, i := range rows {
			if !in.col.IsNull(i) {
				at += uint32(copy(dst.Data[at:], in.col.Bytes(i)))
			}
			binary.LittleEndian.PutUint32(dst.Offsets[4*k+4:], at)
		}
	}
}

func (in *input) fillFloats(dst []byte, rows []uint32) {
	switch in.col.Kind {
	case plugins.Float:
		for k, i := range rows {
			binary.LittleEndian.PutUint64(dst[8*k:], math.Float64bits(in.col.Floats[i]))
		}
	case plugins.Int:
		for k, i := range rows {
			binary.LittleEndian.PutUint64(dst[8*k:], math.Float64bits(float64(in.col.Ints[i])))
		}
	default:
		for k, i := range rows {
			bits := uint64(in.col.Ints[i])
			if in.col.Kinds[i] == plugins.Int {
				bits = math.Float64bits(float64(in.col.Ints[i]))
			}
			binary.LittleEndian.PutUint64(dst[8*k:], bits)
		}
	}
}

// giveColumns gives an instance the frame of columns of rows of the batch.
func (s *stage) giveColumns(i *host.Instance, rows []uint32) error {
	size := abi.HeaderSize + len(s.inputs)*abi.ColumnSize
	for k := range s.inputs {
		in := &s.inputs[k]
		size += abi.ColumnRoom(in.typ, len(rows), in.size(rows), in.nulls())
	}
	frame, err := i.Input(size)
	if err != nil {
		return err
	}
	w := abi.NewColumnsWriter(frame, len(rows), len(s.inputs), s.watermark())
	for k := range s.inputs {
		in := &s.inputs[k]
		in.fill(w.Add(in.typ, uint32(k), in.size(rows), in.nulls()), rows)
	}
	return nil
}
