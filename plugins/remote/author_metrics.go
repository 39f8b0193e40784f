package remote

import (
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// metricsTold remembers what the host was told of a stage's metrics.
type metricsTold struct {
	of  *plugins.Metrics
	was map[string]plugins.MetricValue
}

// news returns what was recorded since the last call, nil for nothing.
func (m *metricsTold) news() *pb.Metrics {
	if m.was == nil {
		m.was = map[string]plugins.MetricValue{}
	}
	var all []*pb.Metric
	for _, v := range m.of.Values() {
		was, known := m.was[v.Name]
		if was.Kind != v.Kind {
			was = plugins.MetricValue{}
		}
		p := &pb.Metric{Name: v.Name}
		switch v.Kind {
		case plugins.Counter:
			p.Kind, p.Values = pb.Metric_COUNTER, []float64{v.Value - was.Value}
			known = v.Value == was.Value
		case plugins.Gauge:
			p.Kind, p.Values = pb.Metric_GAUGE, []float64{v.Value}
			known = known && v.Value == was.Value
		case plugins.Histogram:
			p.Kind = pb.Metric_HISTOGRAM
			p.Values, p.Counts = spreadOver(v, was)
			known = len(p.Counts) == 0
		}
		m.was[v.Name] = v
		if !known && finite(p.Values) {
			all = append(all, p)
		}
	}
	if all == nil {
		return nil
	}
	return &pb.Metrics{Metrics: all}
}

func finite(values []float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// spreadOver returns values that fall into the buckets into which those fell that were recorded since then, with how many of each there
// are. The values themselves are not known any more; these have the same sum, as far as their buckets allow.
func spreadOver(now, was plugins.MetricValue) (values []float64, counts []uint64) {
	bounds := plugins.MetricBounds()
	sum, low, high := now.Value-was.Value, 0.0, 0.0
	var lows, highs []float64
	for i, n := range now.Buckets {
		if i < len(was.Buckets) {
			n -= was.Buckets[i]
		}
		if n == 0 {
			continue
		}
		lower := 0.0
		if i > 0 {
			lower = bounds[i-1]
		}
		upper := math.Max(2*lower, (sum-low)/float64(n)) // of the last, which has no bound: whatever the sum needs
		if i < len(bounds) {
			upper = bounds[i]
		}
		counts, lows, highs = append(counts, n), append(lows, lower), append(highs, upper)
		low, high = low+float64(n)*lower, high+float64(n)*upper
	}
	share := 1.0
	if high > low {
		share = min(1, max(1e-9, (sum-low)/(high-low)))
	}
	for i := range counts {
		values = append(values, lows[i]+share*(highs[i]-lows[i]))
	}
	return values, counts
}
