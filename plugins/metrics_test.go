package plugins_test

import (
	"reflect"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	var m plugins.Metrics
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { // instances of a stage
			hits, level, sizes := m.Define(plugins.Counter, "hits"), m.Define(plugins.Gauge, "level"), m.Define(plugins.Histogram, "sizes")
			for range 100 {
				hits.Record(0.5)
				level.Record(7)
				sizes.Record(3)
			}
			sizes.Record(1e9)
		})
	}
	all.Wait()
	m.Ask("asked", func() float64 { return 5 })
	buckets := make([]uint64, len(plugins.MetricBounds())+1)
	buckets[11], buckets[len(buckets)-1] = 400, 4
	want := []plugins.MetricValue{
		{Name: "asked", Kind: plugins.Gauge, Value: 5},
		{Name: "hits", Kind: plugins.Counter, Value: 200},
		{Name: "level", Kind: plugins.Gauge, Value: 7},
		{Name: "sizes", Kind: plugins.Histogram, Value: 1200 + 4e9, Buckets: buckets},
	}
	if got := m.Values(); !reflect.DeepEqual(got, want) {
		t.Errorf("they are %+v, not %+v", got, want)
	}
	// One of another kind begins anew; without anybody who asks it is of no use, and does no harm.
	m.Define(plugins.Gauge, "hits").Record(3)
	if got := m.Values()[1]; got.Kind != plugins.Gauge || got.Value != 3 {
		t.Errorf("it is %+v", got)
	}
	(*plugins.Metrics)(nil).Define(plugins.Counter, "x").Record(1)
}
