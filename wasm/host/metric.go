package host

import (
	"math"

	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
)

// A Metric is one that a guest has defined.
type Metric struct {
	Kind uint8 // see [abi.CounterMetric]
	Name string
}

// A Sample is a value that a guest has recorded.
type Sample struct {
	Metric int // index in [Instance.Metrics]
	Value  float64
}

const (
	maxMetrics = 32
	// maxSamples is how many values are recorded in a call.
	maxSamples    = 65_536
	maxMetricName = 64
)

// Metrics returns the metrics that the guest has defined, in the order of their numbers.
func (i *Instance) Metrics() []Metric { return i.metrics }

// Samples returns what the guest has recorded in the call, valid until the next Begin.
func (i *Instance) Samples() []Sample { return i.samples }

func metricDefine(i *Instance, mem api.Memory, s []uint64) {
	m := Metric{uint8(min(uint32(s[0]), math.MaxUint8)), string(clip(read(mem, s[1], s[2])))}
	switch {
	case i.opened:
		panic(Faultf(Trap, "the module defines the metric %q after onstream_open: define it there", m.Name))
	case m.Kind > abi.HistogramMetric:
		panic(Faultf(Trap, "the module defines the metric %q of the kind %d: 0 is a counter, 1 a gauge, 2 a histogram", m.Name, m.Kind))
	case !isMetricName(m.Name):
		panic(Faultf(Trap, "the module defines a metric with the name %q: write letters, digits and underscores, at most %d", m.Name, maxMetricName))
	}
	for k, is := range i.metrics {
		if is == m {
			answer(s, int32(k))
			return
		}
		if is.Name == m.Name {
			panic(Faultf(Trap, "the module defines the metric %q as two kinds", m.Name))
		}
	}
	if len(i.metrics) == maxMetrics {
		panic(Faultf(Limit, "the module defines more than %d metrics", maxMetrics))
	}
	i.metrics = append(i.metrics, m)
	answer(s, int32(len(i.metrics)-1))
}

func isMetricName(name string) bool {
	for k, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (k == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= maxMetricName
}

func metricRecord(i *Instance, _ api.Memory, s []uint64) {
	sample := Sample{int(uint32(s[0])), math.Float64frombits(s[1])}
	switch {
	case sample.Metric >= len(i.metrics):
		panic(Faultf(Trap, "the module records the metric %d, it has defined %d", sample.Metric, len(i.metrics)))
	case !i.opened:
		panic(Faultf(Trap, "the module records the metric %q in onstream_open: an instance may be opened any number of times, so nothing counts there", i.metrics[sample.Metric].Name))
	case math.IsNaN(sample.Value) || math.IsInf(sample.Value, 0) || sample.Value < 0 && i.metrics[sample.Metric].Kind == abi.CounterMetric:
		panic(Faultf(Trap, "the module records %v for the metric %q: values are finite, and those of counters not negative", sample.Value, i.metrics[sample.Metric].Name))
	case len(i.samples) == maxSamples:
		panic(Faultf(Limit, "the module records more than %d values in a call: add them up first", maxSamples))
	}
	i.samples = append(i.samples, sample)
}
