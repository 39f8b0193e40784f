package aggregate

import (
	"math"

	"github.com/onstream/onstream/plugins"
)

func stddevFunction() Function {
	return Function{
		Name: "stddev", Doc: "Returns the standard deviation of x as a sample (divided by n - 1), 0 for a single value.", Example: `agg::stddev(event.vibration)`,
		Params: []Param{{Name: "x"}},
		result: func(args []plugins.Type) (plugins.Type, error) {
			return mean(args[0]), wants("stddev", args[0], plugins.Int, plugins.Float, plugins.Duration)
		},
		begin: func([]plugins.Type, []plugins.Value) accumulator {
			return accumulator{fixed: deviation{}, accepts: numbers}
		},
	}
}

// deviation is how many values there are, their mean, and the sum of the
// squares of their differences from it: added to one by one (B. P. Welford,
// "Note on a method for calculating corrected sums of squares and products",
// 1962), and merged (T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae
// and a pairwise algorithm for computing sample variances", 1979). Unlike the
// difference of two large sums, neither loses the digits of a small variance.
type deviation struct{}

func (deviation) words() int { return 3 }

func (deviation) add(w []uint64, col *plugins.Column, i uint32, _ int64) {
	w[0]++
	v, mean, squares := numberAt(col, i), math.Float64frombits(w[1]), math.Float64frombits(w[2])
	delta := v - mean
	mean += delta / float64(w[0])
	w[1] = math.Float64bits(mean)
	w[2] = math.Float64bits(squares + delta*(v-mean))
}

func (deviation) merge(w, from []uint64) {
	if w[0] == 0 {
		copy(w, from)
		return
	}
	if from[0] == 0 {
		return
	}
	n, m := float64(w[0]), float64(from[0])
	delta := math.Float64frombits(from[1]) - math.Float64frombits(w[1])
	w[0] += from[0]
	w[1] = math.Float64bits(math.Float64frombits(w[1]) + delta*m/(n+m))
	w[2] = math.Float64bits(math.Float64frombits(w[2]) + math.Float64frombits(from[2]) + delta*delta*n*m/(n+m))
}

func (deviation) result(w []uint64, col *plugins.Column, row uint32) error {
	switch w[0] {
	case 0:
		col.SetNull(row)
		return nil
	case 1:
		return setNumber("standard deviation", 0, col, row)
	default:
		return setNumber("standard deviation", math.Sqrt(math.Float64frombits(w[2])/float64(w[0]-1)), col, row)
	}
}
