package remote

import (
	"math"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// The names have a dot, which those of plugins' own metrics have not.
const (
	crashesMetric  = "plugin.crashes"
	restartsMetric = "plugin.restarts"
	givenUpMetric  = "plugin.given_up"
	failedMetric   = "plugin.failed"
)

// health is how the plugin does, as the metrics of a stage tell it.
type health struct {
	crashes *plugins.Metric // that the stage has seen
	failed  *plugins.Metric // records that are to blame for one
}

func newHealth(p *Plugin, m *plugins.Metrics) *health {
	m.Ask(restartsMetric, func() float64 { return float64(p.supervisor.restarts()) })
	m.Ask(givenUpMetric, func() float64 {
		if p.supervisor.givenUp() != nil {
			return 1
		}
		return 0
	})
	return &health{crashes: m.Define(plugins.Counter, crashesMetric), failed: m.Define(plugins.Counter, failedMetric)}
}

// guestMetrics are those that the plugin records. It is safe for concurrent use.
type guestMetrics struct {
	to *plugins.Metrics

	mu  sync.Mutex
	all map[string]*plugins.Metric
}

const (
	maxMetrics    = 100
	maxMetricName = 64
	maxCounts     = 1 << 16 // of one value of a histogram, in one message
)

// record takes what the plugin has recorded. It returns what is wrong with that.
func (g *guestMetrics) record(s *stage, m *pb.Metrics) error {
	for _, x := range m.GetMetrics() {
		kind := map[pb.Metric_Kind]plugins.MetricKind{pb.Metric_COUNTER: plugins.Counter, pb.Metric_GAUGE: plugins.Gauge, pb.Metric_HISTOGRAM: plugins.Histogram}
		of, known := kind[x.GetKind()]
		if !known {
			continue // of a later version
		}
		if err := checkMetric(x.GetName()); err != "" {
			return s.nonsense("%s", err)
		}
		if n := len(x.GetCounts()); n > 0 && n != len(x.GetValues()) {
			return s.nonsense("a metric has %d values and %d counts", len(x.GetValues()), n)
		}
		metric := g.define(of, x.GetName())
		if metric == nil {
			return s.nonsense("it has more than %d metrics", maxMetrics)
		}
		for i, v := range x.GetValues() {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			times := uint64(1)
			if len(x.GetCounts()) > 0 {
				times = min(x.GetCounts()[i], maxCounts)
			}
			for range times {
				metric.Record(v)
			}
		}
	}
	return nil
}

func (g *guestMetrics) define(kind plugins.MetricKind, name string) *plugins.Metric {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := name + "\x00" + string(rune('0'+kind))
	if m := g.all[key]; m != nil {
		return m
	}
	if len(g.all) >= maxMetrics {
		return nil
	}
	if g.all == nil {
		g.all = map[string]*plugins.Metric{}
	}
	g.all[key] = g.to.Define(kind, name)
	return g.all[key]
}

// checkMetric says what is wrong with the name of a metric.
func checkMetric(name string) string {
	if name == "" || len(name) > maxMetricName {
		return "the name of a metric has no character, or more than 64"
	}
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return "the name of a metric is to be of letters, digits and _"
		}
	}
	return ""
}
