package main

import (
	"math"
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	if got, want := spreadOf([]float64{5, 1, 4, 2, 3}), (spread{3, 1, 5}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := spreadOf([]float64{4, 1, 2, 3}), (spread{2.5, 1, 4}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if !math.IsNaN(spreadOf(nil).median) {
		t.Error("the median of nothing is a number")
	}
}

func TestQuantile(t *testing.T) {
	sorted := make([]int, 100)
	for i := range sorted {
		sorted[i] = i + 1
	}
	for q, want := range map[float64]int{0.5: 50, 0.99: 99, 1: 100, 0.001: 1} {
		if got := quantile(sorted, q); got != want {
			t.Errorf("%v: got %d, want %d", q, got, want)
		}
	}
}

func TestRatios(t *testing.T) {
	these := []sample{{user: 2 * time.Second}, {user: time.Second, system: 5 * time.Second}}
	those := []sample{{user: time.Second}, {user: time.Second, system: time.Second}}
	if got := ratios(these, those); got[0] != 2 || got[1] != 3 {
		t.Errorf("got %v", got)
	}
}
