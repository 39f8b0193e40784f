package main

import (
	"cmp"
	"math"
	"slices"
)

// spread summarises measurements.
type spread struct{ median, min, max float64 }

// spreadOf returns the spread of values; of none it is NaN.
func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{math.NaN(), math.NaN(), math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(values))
	upper := len(sorted) / 2
	lower := (len(sorted) - 1) / 2
	return spread{median: (sorted[lower] + sorted[upper]) / 2, min: sorted[0], max: sorted[len(sorted)-1]}
}

// quantile returns the smallest of the sorted values, of which there is at
// least one, that a share q of them does not exceed.
func quantile[T cmp.Ordered](sorted []T, q float64) T {
	return sorted[int(math.Ceil(q*float64(len(sorted))))-1]
}

// each returns f of each element.
func each[E any](elements []E, f func(E) float64) []float64 {
	values := make([]float64, len(elements))
	for i, e := range elements {
		values[i] = f(e)
	}
	return values
}

// ratios returns the quotients of what two programs cost, round by round:
// neighbours in time share the machine's mood.
func ratios(these, those []sample) []float64 {
	values := make([]float64, len(these))
	for i := range these {
		values[i] = float64(these[i].cpu()) / float64(those[i].cpu())
	}
	return values
}
