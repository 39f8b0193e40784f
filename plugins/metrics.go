package plugins

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Metrics are what a stage measures of itself, beside what the engine counts. They are those of the stage's address:
// its instances share them, and they outlive these. A nil Metrics takes what it is given and tells nobody. It is safe for
// concurrent use.
type Metrics struct {
	mu  sync.Mutex
	all map[string]*Metric
}

// MetricKind is how what is recorded adds up.
type MetricKind uint8

// The kinds of metrics.
const (
	Counter   MetricKind = iota // the sum
	Gauge                       // the last
	Histogram                   // how many there are up to each of [MetricBounds]
)

// MetricBounds returns the upper bounds of the buckets of a histogram; the last bucket has none.
func MetricBounds() []float64 { return slices.Clone(metricBounds[:]) }

var metricBounds = [...]float64{
	.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1e3, 2.5e3, 5e3, 1e4, 1e5, 1e6,
}

// Metric is one number, or a histogram. It is safe for concurrent use.
type Metric struct {
	kind    MetricKind
	value   atomic.Uint64 // bits of a float64; the sum of a histogram
	buckets []atomic.Uint64
	of      func() float64 // of a gauge that is asked, nil for others
}

// MetricValue is what a metric has come to.
type MetricValue struct {
	Name    string
	Kind    MetricKind
	Value   float64  // the sum of a histogram
	Buckets []uint64 // len(MetricBounds())+1 counts, not cumulative, of a histogram
}

// Define returns the metric of a name, a new one where there is none of that kind.
func (m *Metrics) Define(kind MetricKind, name string) *Metric {
	x := &Metric{kind: kind}
	if kind == Histogram {
		x.buckets = make([]atomic.Uint64, len(metricBounds)+1)
	}
	return m.add(name, x)
}

// Ask makes a gauge that is the value of a function, which is called when somebody wants to know, at any time.
func (m *Metrics) Ask(name string, of func() float64) {
	m.add(name, &Metric{kind: Gauge, of: of})
}

func (m *Metrics) add(name string, x *Metric) *Metric {
	if m == nil {
		return x
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if was := m.all[name]; was != nil && was.kind == x.kind && was.of == nil && x.of == nil {
		return was
	}
	if m.all == nil {
		m.all = map[string]*Metric{}
	}
	m.all[name] = x
	return x
}

// Value returns the sum or the last that was recorded.
func (m *Metric) Value() float64 { return math.Float64frombits(m.value.Load()) }

// Record adds to a counter, sets a gauge or counts in a histogram.
func (m *Metric) Record(v float64) {
	if m.kind == Gauge {
		m.value.Store(math.Float64bits(v))
		return
	}
	for {
		old := m.value.Load()
		if m.value.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			break
		}
	}
	if m.kind == Histogram {
		at, _ := slices.BinarySearch(metricBounds[:], v)
		m.buckets[at].Add(1)
	}
}

// Values returns what all have come to, by name.
func (m *Metrics) Values() []MetricValue {
	m.mu.Lock()
	defer m.mu.Unlock()
	var values []MetricValue
	for name, x := range m.all {
		v := MetricValue{Name: name, Kind: x.kind, Value: x.Value()}
		if x.of != nil {
			v.Value = x.of()
		}
		for i := range x.buckets {
			v.Buckets = append(v.Buckets, x.buckets[i].Load())
		}
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b MetricValue) int { return cmp.Compare(a.Name, b.Name) })
	return values
}
