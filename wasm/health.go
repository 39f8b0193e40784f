package wasm

import (
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
)

// health is how the module of a stage does, in all lanes together and whatever was reloaded, as metrics tell it.
type health struct {
	faults    *plugins.Metric // calls that failed
	instances *plugins.Metric // that were made
	pauses    *plugins.Metric // times that the breaker opened
	until     *plugins.Metric // when the last breaker closes, in s since 1970 by the pipeline's clock
}

// The names have a dot, which those of guests' metrics have not.
const (
	faultsMetric    = "module.faults"
	instancesMetric = "module.instances"
	pausesMetric    = "module.breaker_opened"
	untilMetric     = "module.breaker_until"
	breakerMetric   = "module.breaker_open"
)

func newHealth(env plugins.Env) *health {
	h := &health{
		faults:    env.Metrics.Define(plugins.Counter, faultsMetric),
		instances: env.Metrics.Define(plugins.Counter, instancesMetric),
		pauses:    env.Metrics.Define(plugins.Counter, pausesMetric),
		until:     env.Metrics.Define(plugins.Gauge, untilMetric),
	}
	env.Metrics.Ask(breakerMetric, func() float64 {
		if seconds(env.Now()) < h.until.Value() {
			return 1
		}
		return 0
	})
	return h
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

// paused notes that a breaker is open until a time.
func (h *health) paused(until time.Time) {
	h.pauses.Record(1)
	if at := seconds(until); at > h.until.Value() {
		h.until.Record(at)
	}
}

// kinds are those of metrics, as guests number them.
var kinds = [...]plugins.MetricKind{abi.CounterMetric: plugins.Counter, abi.GaugeMetric: plugins.Gauge, abi.HistogramMetric: plugins.Histogram}

// define finds the metrics that an instance has defined.
func (g *guest) define(m *plugins.Metrics) {
	g.metrics = g.metrics[:0]
	for _, x := range g.instance.Metrics() {
		g.metrics = append(g.metrics, m.Define(kinds[x.Kind], x.Name))
	}
}

// record takes what the instance has recorded in a call that counts.
func (g *guest) record(i *host.Instance) {
	for _, s := range i.Samples() {
		g.metrics[s.Metric].Record(s.Value)
	}
}
