package monitor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/spool"
)

// Pipeline is what is watched. Its methods are safe for concurrent use.
type Pipeline interface {
	Stats() runtime.Stats
	Reloads() Reloads
}

// Reloads is what became of the reloads of a pipeline.
type Reloads struct {
	Tried, Failed int64
	At            time.Time // of the last that succeeded; zero for none
	Failing       bool      // the last one failed
}

// collector reads the pipelines' counts when it is asked for them, so that
// counting costs the engines nothing more.
type collector struct {
	pipelines   []Pipeline
	stages      []metric[runtime.StageStats]
	checkpoints []metric[runtime.CheckpointStats]
	reloads     []metric[Reloads]
	spools      []metric[spool.Stats]
	inFlight    []metric[runtime.StageStats] // of sources
	lag         []metric[runtime.StageStats] // of sources that know it
	connections []metric[runtime.ConnectionStats]
	measured    measured
	latency     *prometheus.Desc
	ready       *prometheus.Desc
}

func newCollector(pipelines []Pipeline) *collector {
	inFlight, lag := sourceMetrics()
	return &collector{
		pipelines: pipelines,
		stages:    stageMetrics(), checkpoints: checkpointMetrics(), reloads: reloadMetrics(), spools: spoolMetrics(),
		inFlight: inFlight, lag: lag, connections: connectionMetrics(), measured: newMeasured(),
		latency: prometheus.NewDesc("onstream_stage_latency_seconds", "Age of the records when they reached the stage or, for a sink, when they were durable.",
			[]string{"pipeline", "stage", "role", "kind"}, nil),
		ready: prometheus.NewDesc("onstream_pipeline_ready", "Whether every stage of the pipeline runs.",
			[]string{"pipeline"}, nil),
	}
}

// Describe is of [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	describe(out, c.stages)
	describe(out, c.checkpoints)
	describe(out, c.reloads)
	describe(out, c.spools)
	describe(out, c.inFlight)
	describe(out, c.lag)
	describe(out, c.connections)
	c.measured.describe(out)
	out <- c.latency
	out <- c.ready
}

// Collect is of [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, p := range c.pipelines {
		st := p.Stats()
		out <- prometheus.MustNewConstMetric(c.ready, prometheus.GaugeValue, yes(st.Ready), st.Pipeline)
		send(out, c.checkpoints, st.Checkpoint, st.Pipeline)
		send(out, c.reloads, p.Reloads(), st.Pipeline)
		for _, s := range st.Stages {
			send(out, c.stages, s, st.Pipeline, s.Addr, string(s.Role), s.Kind)
			if s.Spool != nil {
				send(out, c.spools, *s.Spool, st.Pipeline, s.Addr)
			}
			c.reading(st.Pipeline, s, out)
			c.measured.send(out, s.Measured, st.Pipeline, s.Addr)
			c.ages(st.Pipeline, s, out)
		}
		for _, x := range st.Connections {
			send(out, c.connections, x, st.Pipeline, x.Addr)
		}
	}
}

// reading tells how far a source is.
func (c *collector) reading(pipeline string, s runtime.StageStats, out chan<- prometheus.Metric) {
	if s.Role != graph.Source {
		return
	}
	send(out, c.inFlight, s, pipeline, s.Addr)
	if s.Lag != nil {
		send(out, c.lag, s, pipeline, s.Addr)
	}
}

// ages tells the histogram of a stage.
func (c *collector) ages(pipeline string, s runtime.StageStats, out chan<- prometheus.Metric) {
	buckets := make(map[float64]uint64, len(s.Latency.Bounds))
	below := uint64(0)
	for i, bound := range s.Latency.Bounds {
		below += uint64(s.Latency.Counts[i])
		buckets[bound.Seconds()] = below
	}
	out <- prometheus.MustNewConstHistogram(c.latency,
		uint64(s.Latency.Count()), s.Latency.Sum.Seconds(), buckets, pipeline, s.Addr, string(s.Role), s.Kind)
}

var _ prometheus.Collector = (*collector)(nil)
