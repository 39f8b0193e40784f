package aggregate

import (
	"fmt"
	"math"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// numbers are the kinds that can be calculated with.
var numbers = []plugins.Kind{plugins.Int, plugins.Float}

// wants finds that an argument is of none of the kinds that a function takes.
func wants(function string, t plugins.Type, kinds ...plugins.Kind) error {
	if t.Kind == plugins.Any || slices.Contains(kinds, t.Kind) {
		return nil
	}
	return fmt.Errorf("agg::%s takes %s, not %s", function, oneOf(kinds), t.NotNull())
}

func oneOf(kinds []plugins.Kind) string {
	s := kinds[0].String()
	for i, k := range kinds[1:] {
		if i == len(kinds)-2 {
			s += " or " + k.String()
		} else {
			s += ", " + k.String()
		}
	}
	return s
}

// numberAt returns the number in row i, which is none but an Int, a Float or a
// Duration.
func numberAt(col *plugins.Column, i uint32) float64 {
	switch {
	case col.Kind == plugins.Float:
		return col.Floats[i]
	case col.Kind == plugins.Any && col.Kinds[i] == plugins.Float:
		return math.Float64frombits(uint64(col.Ints[i]))
	default:
		return float64(col.Ints[i])
	}
}

// setNumber makes a number the one in a row of a column of floats or
// durations. What is beyond them is an error.
func setNumber(what string, v float64, col *plugins.Column, row uint32) error {
	if col.Kind == plugins.Duration {
		if v = math.Round(v); v < -1<<63 || v >= 1<<63 {
			return overflow(what)
		}
		col.Ints[row] = int64(v)
		return nil
	}
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return overflow(what)
	}
	if col.Kind == plugins.Any {
		col.Kinds[row], col.Ints[row] = plugins.Float, int64(math.Float64bits(v))
		return nil
	}
	col.Floats[row] = v
	return nil
}

func overflow(what string) error {
	return fmt.Errorf("the %s is too large for its type", what)
}

// floatSum is a sum of floats in two words: what the first has lost by
// rounding is in the second, so that the result is as good as if rounded once
// or twice, whatever the order (A. Neumaier, "Rundungsfehleranalyse einiger
// Verfahren zur Summation endlicher Summen", 1974).
func floatSum(w []uint64, v float64) {
	s := math.Float64frombits(w[0])
	t := s + v
	lost := (s - t) + v
	if math.Abs(s) < math.Abs(v) {
		lost = (v - t) + s
	}
	w[0] = math.Float64bits(t)
	w[1] = math.Float64bits(math.Float64frombits(w[1]) + lost)
}

// total returns what such a sum is.
func total(w []uint64) float64 {
	s, lost := math.Float64frombits(w[0]), math.Float64frombits(w[1])
	if math.IsInf(s, 0) {
		return s // what was lost is not a number then
	}
	return s + lost
}
