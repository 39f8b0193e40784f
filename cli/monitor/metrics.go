package monitor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/spool"
)

// metric is one number of T, which is of a stage or of a pipeline.
type metric[T any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(T) float64
}

// family makes metrics whose names have the same beginning, and which have the
// same labels.
type family[T any] struct {
	prefix string
	labels []string
}

func (f family[T]) counter(name, help string, of func(T) float64) metric[T] {
	return metric[T]{prometheus.NewDesc(f.prefix+name, help, f.labels, nil), prometheus.CounterValue, of}
}

func (f family[T]) gauge(name, help string, of func(T) float64) metric[T] {
	return metric[T]{prometheus.NewDesc(f.prefix+name, help, f.labels, nil), prometheus.GaugeValue, of}
}

// send tells the values of metrics.
func send[T any](out chan<- prometheus.Metric, metrics []metric[T], v T, labels ...string) {
	for _, m := range metrics {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.of(v), labels...)
	}
}

// describe tells what metrics there are.
func describe[T any](out chan<- *prometheus.Desc, metrics []metric[T]) {
	for _, m := range metrics {
		out <- m.desc
	}
}

func stageMetrics() []metric[runtime.StageStats] {
	type stats = runtime.StageStats
	f := family[stats]{"onstream_stage_", []string{"pipeline", "stage", "role", "kind"}}
	return []metric[stats]{
		f.counter("in_total", "Records that reached the stage.", func(s stats) float64 { return float64(s.In) }),
		f.counter("out_total", "Records that the stage passed on or, for a sink, made durable.", func(s stats) float64 { return float64(s.Out) }),
		f.counter("made_total", "Records that the stage passed on beyond those that reached it.", func(s stats) float64 { return float64(s.Made) }),
		f.counter("filtered_total", "Records that left the pipeline here on purpose.", func(s stats) float64 { return float64(s.Filtered) }),
		f.counter("dead_total", "Records that failed here.", func(s stats) float64 { return float64(s.Dead) }),
		f.counter("retries_total", "Writes that a sink tried again.", func(s stats) float64 { return float64(s.Retries) }),
		f.gauge("held", "Records that wait here or are being written.", func(s stats) float64 { return float64(s.Held) }),
		f.gauge("queue_bytes", "Memory of the records held.", func(s stats) float64 { return float64(s.QueueBytes) }),
		f.gauge("keys", "Keys that the stage keeps something for, at the last checkpoint.", func(s stats) float64 { return float64(s.Keys) }),
		f.gauge("hot_keys", "Keys that are in memory, at the last checkpoint.", func(s stats) float64 { return float64(s.HotKeys) }),
	}
}

// sourceMetrics are of stages that read; lag only of those that know it.
func sourceMetrics() (inFlight, lag []metric[runtime.StageStats]) {
	type stats = runtime.StageStats
	f := family[stats]{"onstream_source_", []string{"pipeline", "stage"}}
	inFlight = []metric[stats]{f.gauge("in_flight", "Records that the source handed over and that are not acknowledged yet.", func(s stats) float64 { return float64(s.InFlight) })}
	lag = []metric[stats]{f.gauge("lag", "Records that wait in the source's partitions beyond those that it handed over.", func(s stats) float64 { return float64(*s.Lag) })}
	return inFlight, lag
}

func connectionMetrics() []metric[runtime.ConnectionStats] {
	type stats = runtime.ConnectionStats
	f := family[stats]{"onstream_connection_", []string{"pipeline", "connection"}}
	return []metric[stats]{
		f.gauge("up", "Whether the connection is made.", func(c stats) float64 { return yes(c.Connected) }),
		f.counter("reconnects_total", "How many times it was made again after it was lost.", func(c stats) float64 { return float64(c.Reconnects) }),
		f.counter("dropped_total", "Messages that were dropped for want of room before they were read, as far as that is known: at most so many.", func(c stats) float64 { return float64(c.Dropped) }),
	}
}

func checkpointMetrics() []metric[runtime.CheckpointStats] {
	type stats = runtime.CheckpointStats
	f := family[stats]{"onstream_checkpoint_", []string{"pipeline"}}
	return []metric[stats]{
		f.gauge("number", "Number of the last checkpoint that was stored; 0 for none.", func(c stats) float64 { return float64(c.Number) }),
		f.gauge("time_seconds", "When everything done up to then was stored, in seconds since 1970; 0 for never.", func(c stats) float64 { return sinceEpoch(c.At) }),
		f.gauge("age_seconds", "How long ago that was; 0 for never.", func(c stats) float64 { return age(c.At) }),
		f.gauge("pause_seconds", "How long records waited for the last checkpoint.", func(c stats) float64 { return c.Paused.Seconds() }),
		f.gauge("duration_seconds", "How long it took to take and store the last checkpoint.", func(c stats) float64 { return c.Took.Seconds() }),
		f.gauge("bytes", "Size of what the last checkpoint stored.", func(c stats) float64 { return float64(c.Bytes) }),
		f.gauge("failing", "Whether checkpoints cannot be stored at present; then sources wait.", func(c stats) float64 { return yes(c.Error != "") }),
	}
}

func reloadMetrics() []metric[Reloads] {
	f := family[Reloads]{"onstream_reload_", []string{"pipeline"}}
	return []metric[Reloads]{
		f.counter("total", "Reloads that were tried.", func(r Reloads) float64 { return float64(r.Tried) }),
		f.counter("failed_total", "Reloads that failed.", func(r Reloads) float64 { return float64(r.Failed) }),
		f.gauge("time_seconds", "When the last reload succeeded, in seconds since 1970; 0 for never.", func(r Reloads) float64 { return sinceEpoch(r.At) }),
		f.gauge("failing", "Whether the last reload failed: what runs is not what the files say.", func(r Reloads) float64 { return yes(r.Failing) }),
	}
}

func spoolMetrics() []metric[spool.Stats] {
	f := family[spool.Stats]{"onstream_spool_", []string{"pipeline", "stage"}}
	return []metric[spool.Stats]{
		f.gauge("bytes", "Size of the source's spool on disk.", func(s spool.Stats) float64 { return float64(s.Bytes) }),
		f.gauge("max_bytes", "How large the spool may be; then its source waits.", func(s spool.Stats) float64 { return float64(s.MaxBytes) }),
		f.gauge("entries", "Groups of records in the spool, as the source brought them, that no checkpoint covers.", func(s spool.Stats) float64 { return float64(s.Entries) }),
		f.gauge("records", "Records in the spool that no checkpoint covers.", func(s spool.Stats) float64 { return float64(s.Records) }),
		f.gauge("full", "Whether the disk has no room for the spool at present; then its source waits.", func(s spool.Stats) float64 { return yes(s.Full) }),
	}
}

// sinceEpoch returns seconds since 1970, 0 for no time.
func sinceEpoch(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// age returns how many seconds ago a time was, 0 for no time and where the clock
// was set back.
func age(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(0, time.Since(t).Seconds())
}

// yes returns 1 for true.
func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
