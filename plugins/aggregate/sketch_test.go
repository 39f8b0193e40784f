package aggregate_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/onstream/onstream/plugins"
)

func TestDistinctIsExactForFewAndNearForMany(t *testing.T) {
	t.Parallel()
	g := newGroup(t, "distinct", plugins.Of(plugins.String))
	other := newGroup(t, "distinct", plugins.Of(plugins.String))
	var worst float64
	for n := 1; n <= 200_000; n++ {
		v := text(fmt.Sprint("device-", n))
		g.add(0, v, v)
		if n%3 == 0 {
			other.add(0, v)
		}
		if n > 512 && n%1000 != 0 {
			continue
		}
		got := g.mustResult().Int
		off := math.Abs(float64(got)/float64(n) - 1)
		worst = max(worst, off)
		if n <= 512 && got != int64(n) || off > 4*0.0163 {
			t.Fatalf("%d different values are counted as %d", n, got)
		}
		if size := len(g.stored()); size > 4200 {
			t.Fatalf("%d bytes for %d values", size, n)
		}
	}
	before := g.mustResult()
	g.calls.Merge(g.state, other.state)
	if got := g.mustResult(); got != before {
		t.Errorf("%d after a merge with a part of the same, %d before", got.Int, before.Int)
	}
	t.Logf("largest error %.2f %%", worst*100)
}

func TestPercentilesAreNear(t *testing.T) {
	t.Parallel()
	const n = 40_000
	random := rand.New(rand.NewPCG(1, 2))
	for name, value := range map[string]func(i int) float64{
		"uniform":     func(int) float64 { return random.Float64() },
		"exponential": func(int) float64 { return random.ExpFloat64() },
		"ascending":   func(i int) float64 { return float64(i) },
		"descending":  func(i int) float64 { return float64(-i) },
		"few values":  func(i int) float64 { return float64(i % 7) },
		"two hills":   func(i int) float64 { return random.NormFloat64() + float64(i%2)*1000 },
	} {
		vs := make([]float64, n)
		for i := range vs {
			vs[i] = value(i)
		}
		sorted := slices.Clone(vs)
		slices.Sort(sorted)
		for _, c := range []struct{ q, within float64 }{
			{0, 0}, {0.001, 0.0005}, {0.01, 0.002}, {0.25, 0.01}, {0.5, 0.01}, {0.9, 0.006}, {0.99, 0.002}, {0.999, 0.0005}, {1, 0},
		} {
			one := newGroup(t, "percentile", plugins.Of(plugins.Float), float(c.q))
			parts := make([]*group, 10)
			for p := range parts {
				parts[p] = newGroup(t, "percentile", plugins.Of(plugins.Float), float(c.q))
			}
			for i, v := range vs {
				one.add(0, float(v))
				parts[i%10].add(0, float(v))
			}
			if size := len(one.stored()); size > 8<<10 {
				t.Fatalf("%d bytes", size)
			}
			for _, p := range parts[1:] {
				parts[0].calls.Merge(parts[0].state, p.state)
			}
			for _, g := range []*group{one, parts[0]} {
				got := g.mustResult().Float
				low, _ := slices.BinarySearchFunc(sorted, got, cmp.Compare[float64])
				high, _ := slices.BinarySearchFunc(sorted, math.Nextafter(got, math.Inf(1)), cmp.Compare[float64])
				rank := c.q * (n - 1)
				off := max(0, float64(low)-1-rank, rank-float64(high)) / n
				if off > c.within {
					t.Errorf("%s: percentile %v is %v, off by %.4f in rank", name, c.q, got, off)
				}
			}
		}
	}
}
