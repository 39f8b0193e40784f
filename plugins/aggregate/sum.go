package aggregate

import (
	"math/bits"

	"github.com/onstream/onstream/plugins"
)

func sumFunction() Function {
	return Function{
		Name: "sum", Doc: "Adds up x. A sum that does not fit into its type fails the result.", Example: `agg::sum(event.energy_wh)`,
		Params: []Param{{Name: "x"}},
		result: func(args []plugins.Type) (plugins.Type, error) {
			return args[0], wants("sum", args[0], plugins.Int, plugins.Float, plugins.Duration)
		},
		begin: func(args []plugins.Type, _ []plugins.Value) accumulator {
			switch args[0].Kind {
			case plugins.Float:
				return accumulator{fixed: sumFloats{}}
			case plugins.Any:
				return accumulator{fixed: sumAny{}, accepts: numbers}
			default:
				return accumulator{fixed: sumInts{}}
			}
		},
	}
}

func avgFunction() Function {
	return Function{
		Name: "avg", Doc: "Returns the arithmetic mean of x.", Example: `agg::avg(event.temp)`,
		Params: []Param{{Name: "x"}},
		result: func(args []plugins.Type) (plugins.Type, error) {
			return mean(args[0]), wants("avg", args[0], plugins.Int, plugins.Float, plugins.Duration)
		},
		begin: func([]plugins.Type, []plugins.Value) accumulator {
			return accumulator{fixed: average{}, accepts: numbers}
		},
	}
}

// mean returns the type of a number between values of a type.
func mean(t plugins.Type) plugins.Type {
	k := plugins.Float
	if t.Kind == plugins.Duration {
		k = t.Kind
	}
	return plugins.Type{Kind: k, Nullable: t.Nullable || t.Kind == plugins.Any}
}

// sumFloats is how many there are, and their floatSum.
type sumFloats struct{}

func (sumFloats) words() int { return 3 }

func (sumFloats) add(w []uint64, col *plugins.Column, i uint32, _ int64) {
	w[0]++
	floatSum(w[1:3], col.Floats[i])
}

func (sumFloats) merge(w, from []uint64) {
	w[0] += from[0]
	mergeSum(w[1:3], from[1:3])
}

// mergeSum adds a floatSum to another.
func mergeSum(w, from []uint64) {
	floatSum(w, total(from))
}

func (sumFloats) result(w []uint64, col *plugins.Column, row uint32) error {
	if w[0] == 0 {
		col.SetNull(row)
		return nil
	}
	return setNumber("sum", total(w[1:3]), col, row)
}

// average is a sum that is divided.
type average struct{ sumFloats }

func (average) add(w []uint64, col *plugins.Column, i uint32, _ int64) {
	w[0]++
	floatSum(w[1:3], numberAt(col, i))
}

func (average) result(w []uint64, col *plugins.Column, row uint32) error {
	if w[0] == 0 {
		col.SetNull(row)
		return nil
	}
	return setNumber("mean", total(w[1:3])/float64(w[0]), col, row)
}

// sumInts is how many there are, and the upper and lower half of their sum.
type sumInts struct{}

func (sumInts) words() int { return 3 }

func (sumInts) add(w []uint64, col *plugins.Column, i uint32, _ int64) {
	w[0]++
	intSum(w[1:3], col.Ints[i])
}

// intSum adds an integer to one of 128 bits.
func intSum(w []uint64, v int64) {
	var carry uint64
	w[1], carry = bits.Add64(w[1], uint64(v), 0)
	w[0], _ = bits.Add64(w[0], uint64(v>>63), carry)
}

func (sumInts) merge(w, from []uint64) {
	w[0] += from[0]
	mergeInts(w[1:3], from[1:3])
}

func mergeInts(w, from []uint64) {
	var carry uint64
	w[1], carry = bits.Add64(w[1], from[1], 0)
	w[0], _ = bits.Add64(w[0], from[0], carry)
}

func (sumInts) result(w []uint64, col *plugins.Column, row uint32) error {
	switch sum := int64(w[2]); {
	case w[0] == 0:
		col.SetNull(row)
	case int64(w[1]) != sum>>63:
		return overflow("sum")
	case col.Kind == plugins.Any:
		col.Kinds[row], col.Ints[row] = plugins.Int, sum
	default:
		col.Ints[row] = sum
	}
	return nil
}

// sumAny is a sumInts of the integers and a sumFloats of the floats.
type sumAny struct{}

func (sumAny) words() int { return 6 }

func (sumAny) add(w []uint64, col *plugins.Column, i uint32, _ int64) {
	if col.Kinds[i] == plugins.Float {
		w[3]++
		floatSum(w[4:6], numberAt(col, i))
		return
	}
	w[0]++
	intSum(w[1:3], col.Ints[i])
}

func (sumAny) merge(w, from []uint64) {
	sumInts{}.merge(w[:3], from[:3])
	sumFloats{}.merge(w[3:], from[3:])
}

func (sumAny) result(w []uint64, col *plugins.Column, row uint32) error {
	if w[3] == 0 {
		return sumInts{}.result(w[:3], col, row)
	}
	whole := float64(int64(w[1]))*(1<<64) + float64(w[2])
	return setNumber("sum", whole+total(w[4:6]), col, row)
}
