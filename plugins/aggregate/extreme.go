package aggregate

import (
	"math"

	"github.com/onstream/onstream/plugins"
)

func minFunction() Function {
	return Function{
		Name: "min", Doc: "Returns the least x. Where their types differ, numbers come first, then durations, times and strings.", Example: `agg::min(event.temp)`,
		Params: []Param{{Name: "x"}},
		result: func(args []plugins.Type) (plugins.Type, error) { return args[0], wants("min", args[0], ordered...) },
		begin:  func(args []plugins.Type, _ []plugins.Value) accumulator { return extremeOf(args[0], -1) },
	}
}

func maxFunction() Function {
	return Function{
		Name: "max", Doc: "Returns the greatest x. Where their types differ, strings come first, then times, durations and numbers.", Example: `agg::max(event.temp)`,
		Params: []Param{{Name: "x"}},
		result: func(args []plugins.Type) (plugins.Type, error) { return args[0], wants("max", args[0], ordered...) },
		begin:  func(args []plugins.Type, _ []plugins.Value) accumulator { return extremeOf(args[0], 1) },
	}
}

// extremeOf returns what keeps the value that compares to all others as sign
// says.
func extremeOf(t plugins.Type, sign int) accumulator {
	switch t.Kind {
	case plugins.Float:
		return accumulator{fixed: extremeFloat{greatest: sign > 0}}
	case plugins.Int, plugins.Time, plugins.Duration:
		return accumulator{fixed: extremeInt{greatest: sign > 0}}
	default:
		return accumulator{open: func() Box { return &extremeValue{sign: sign} }, accepts: ordered}
	}
}

// extremeInt is whether there is one, and it.
type extremeInt struct{ greatest bool }

func (extremeInt) words() int { return 2 }

func (x extremeInt) add(w []uint64, col *plugins.Column, i uint32, _ int64) { x.take(w, col.Ints[i]) }

func (x extremeInt) take(w []uint64, v int64) {
	if best := int64(w[1]); w[0] == 0 || x.greatest && v > best || !x.greatest && v < best {
		w[0], w[1] = 1, uint64(v)
	}
}

func (x extremeInt) merge(w, from []uint64) {
	if from[0] != 0 {
		x.take(w, int64(from[1]))
	}
}

func (extremeInt) result(w []uint64, col *plugins.Column, row uint32) error {
	if w[0] == 0 {
		col.SetNull(row)
		return nil
	}
	col.Ints[row] = int64(w[1])
	return nil
}

// extremeFloat is whether there is one, and it.
type extremeFloat struct{ greatest bool }

func (extremeFloat) words() int { return 2 }

func (x extremeFloat) add(w []uint64, col *plugins.Column, i uint32, _ int64) {
	x.take(w, col.Floats[i])
}

func (x extremeFloat) take(w []uint64, v float64) {
	if best := math.Float64frombits(w[1]); w[0] == 0 || x.greatest && v > best || !x.greatest && v < best {
		w[0], w[1] = 1, math.Float64bits(v)
	}
}

func (x extremeFloat) merge(w, from []uint64) {
	if from[0] != 0 {
		x.take(w, math.Float64frombits(from[1]))
	}
}

func (extremeFloat) result(w []uint64, col *plugins.Column, row uint32) error {
	if w[0] == 0 {
		col.SetNull(row)
		return nil
	}
	col.Floats[row] = math.Float64frombits(w[1])
	return nil
}

// extremeValue is one of any kind.
type extremeValue struct {
	sign int
	some bool
	best value
}

func (x *extremeValue) add(col *plugins.Column, i uint32, _ int64) {
	if !x.some || compare(view(col, i), x.best)*x.sign > 0 {
		x.some = true
		x.best.set(col, i)
	}
}

func (x *extremeValue) merge(from Box) {
	if f := from.(*extremeValue); f.some && (!x.some || compare(f.best, x.best)*x.sign > 0) {
		x.some, x.best = true, f.best.clone()
	}
}

func (x *extremeValue) result(col *plugins.Column, row uint32) error {
	if !x.some {
		col.SetNull(row)
		return nil
	}
	x.best.put(col, row)
	return nil
}

func (x *extremeValue) append(dst []byte) []byte { return x.best.append(dst) }

func (x *extremeValue) read(src []byte) (err error) {
	x.some = true
	x.best, _, err = readValue(src)
	return err
}
