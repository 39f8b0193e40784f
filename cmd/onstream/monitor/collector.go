package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/onstream/onstream/runtime"
)

// Engine is what is watched.
type Engine interface {
	Stats() runtime.Stats
}

// collector reads the engines' counts when it is asked for them, so that
// counting costs the engines nothing more.
type collector struct {
	engines []Engine
	counts  []count
	gauges  []count
	latency *prometheus.Desc
	ready   *prometheus.Desc
	// checkpoints are numbers of the pipeline's checkpoints.
	checkpoints []checkpointGauge
}

// checkpointGauge is a metric that is one number of a pipeline's checkpoints.
type checkpointGauge struct {
	desc *prometheus.Desc
	of   func(runtime.CheckpointStats) float64
}

func checkpointGauges() []checkpointGauge {
	gauge := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("onstream_checkpoint_"+name, help, []string{"pipeline"}, nil)
	}
	return []checkpointGauge{
		{gauge("number", "Number of the last checkpoint that was stored; 0 for none."), func(c runtime.CheckpointStats) float64 { return float64(c.Number) }},
		{gauge("time_seconds", "When everything done up to then was stored, in seconds since 1970; 0 for never."), func(c runtime.CheckpointStats) float64 {
			if c.At.IsZero() {
				return 0
			}
			return float64(c.At.UnixMilli()) / 1000
		}},
		{gauge("pause_seconds", "How long records waited for the last checkpoint."), func(c runtime.CheckpointStats) float64 { return c.Paused.Seconds() }},
		{gauge("duration_seconds", "How long it took to take and store the last checkpoint."), func(c runtime.CheckpointStats) float64 { return c.Took.Seconds() }},
		{gauge("bytes", "Size of what the last checkpoint stored."), func(c runtime.CheckpointStats) float64 { return float64(c.Bytes) }},
		{gauge("failing", "Whether checkpoints cannot be stored at present; then sources wait."), func(c runtime.CheckpointStats) float64 {
			if c.Error != "" {
				return 1
			}
			return 0
		}},
	}
}

// count is a metric that is one number of a stage.
type count struct {
	desc *prometheus.Desc
	of   func(runtime.StageStats) int64
}

func newCollector(engines []Engine) *collector {
	stage := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("onstream_stage_"+name, help, []string{"pipeline", "stage", "role", "kind"}, nil)
	}
	return &collector{
		engines: engines,
		counts: []count{
			{stage("in_total", "Records that reached the stage."), func(s runtime.StageStats) int64 { return s.In }},
			{stage("out_total", "Records that the stage passed on or, for a sink, made durable."), func(s runtime.StageStats) int64 { return s.Out }},
			{stage("made_total", "Records that the stage passed on beyond those that reached it."), func(s runtime.StageStats) int64 { return s.Made }},
			{stage("filtered_total", "Records that left the pipeline here on purpose."), func(s runtime.StageStats) int64 { return s.Filtered }},
			{stage("dead_total", "Records that failed here."), func(s runtime.StageStats) int64 { return s.Dead }},
			{stage("retries_total", "Writes that a sink tried again."), func(s runtime.StageStats) int64 { return s.Retries }},
		},
		gauges: []count{
			{stage("held", "Records that wait here or are being written."), func(s runtime.StageStats) int64 { return s.Held }},
			{stage("queue_bytes", "Memory of the records held."), func(s runtime.StageStats) int64 { return s.QueueBytes }},
			{stage("keys", "Keys that the stage keeps something for, at the last checkpoint."), func(s runtime.StageStats) int64 { return s.Keys }},
			{stage("hot_keys", "Keys that are in memory, at the last checkpoint."), func(s runtime.StageStats) int64 { return s.HotKeys }},
		},
		latency: stage("latency_seconds", "Age of the records when they reached the stage or, for a sink, when they were durable."),
		ready: prometheus.NewDesc("onstream_pipeline_ready", "Whether every stage of the pipeline runs.",
			[]string{"pipeline"}, nil),
		checkpoints: checkpointGauges(),
	}
}

// Describe is of [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range c.counts {
		out <- m.desc
	}
	for _, m := range c.gauges {
		out <- m.desc
	}
	for _, m := range c.checkpoints {
		out <- m.desc
	}
	out <- c.latency
	out <- c.ready
}

// Collect is of [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, e := range c.engines {
		st := e.Stats()
		ready := 0.0
		if st.Ready {
			ready = 1
		}
		out <- prometheus.MustNewConstMetric(c.ready, prometheus.GaugeValue, ready, st.Pipeline)
		for _, m := range c.checkpoints {
			out <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, m.of(st.Checkpoint), st.Pipeline)
		}
		for _, s := range st.Stages {
			c.stage(st.Pipeline, s, out)
		}
	}
}

func (c *collector) stage(pipeline string, s runtime.StageStats, out chan<- prometheus.Metric) {
	labels := []string{pipeline, s.Addr, string(s.Role), s.Kind}
	for _, m := range c.counts {
		out <- prometheus.MustNewConstMetric(m.desc, prometheus.CounterValue, float64(m.of(s)), labels...)
	}
	for _, m := range c.gauges {
		out <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, float64(m.of(s)), labels...)
	}
	buckets := make(map[float64]uint64, len(s.Latency.Bounds))
	below := uint64(0)
	for i, bound := range s.Latency.Bounds {
		below += uint64(s.Latency.Counts[i])
		buckets[bound.Seconds()] = below
	}
	out <- prometheus.MustNewConstHistogram(c.latency,
		uint64(s.Latency.Count()), s.Latency.Sum.Seconds(), buckets, labels...)
}

var _ prometheus.Collector = (*collector)(nil)
