package wasm

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
)

// deliverColumns adds the columns that were returned to the rows that stay.
func (s *stage) deliverColumns(rows []uint32) {
	b, keep := s.batch, s.choose(rows)
	if len(keep) == 0 {
		return
	}
	b.Sel = b.Sel[:0]
	for _, k := range keep {
		b.Sel = append(b.Sel, rows[k])
	}
	m := b.Mark()
	for k := range s.result.cols {
		a := returned{&s.plan.added[k], &s.result.columns[k], &s.result.cols[k]}
		a.spread(b, rows, keep)
		b.AddColumn(a.Name, a.to)
	}
	b.DropFailed()
	if len(b.Sel) > 0 {
		s.out.Emit(0, b)
	}
	b.Rewind(m)
}

// returned is a column on its way from the guest into a batch.
type returned struct {
	*addedColumn
	from *abi.Column
	to   *plugins.Column
}

// spread puts the values of the rows that stay where these are in the batch. Rows with a value that cannot be fail.
func (r returned) spread(b *plugins.Batch, rows, keep []uint32) {
	r.to.Reset(r.Type.Kind, b.Len)
	r.to.Data = r.to.Data[:0]
	for _, k := range keep {
		i := rows[k]
		if !r.from.Valid(int(k)) {
			if !r.Type.Nullable {
				r.fail(b, i, "null", "is null, and its manifest does not say that it may be")
			}
			r.to.SetNull(i)
			continue
		}
		if r.from.Offsets != nil {
			text := r.from.Span(int(k))
			if r.typ == abi.Text && !utf8.Valid(text) {
				r.fail(b, i, "text", "is a string that is not UTF-8")
			}
			r.to.AppendBytes(i, text)
			continue
		}
		if r.typ == abi.Bool {
			r.to.Bools[i] = r.from.Data[k] != 0
			continue
		}
		bits := binary.LittleEndian.Uint64(r.from.Data[8*k:])
		switch r.typ {
		case abi.Float:
			v := math.Float64frombits(bits)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				r.fail(b, i, "number", fmt.Sprintf("is %v, which is no number that a record can have", v))
			}
			r.to.Floats[i] = v
		case abi.Int:
			r.to.Ints[i] = int64(bits)
		default: // µs
			us := int64(bits)
			if us > math.MaxInt64/1000 || us < math.MinInt64/1000 {
				r.fail(b, i, "time_range", fmt.Sprintf("is %d µs, which is beyond the times that can be told", us))
			}
			r.to.Ints[i] = us * 1000
		}
	}
}

func (r returned) fail(b *plugins.Batch, i uint32, code, msg string) {
	b.Fail(i, plugins.Failure{Code: code, Msg: "the module's " + r.Name + " " + msg})
}
