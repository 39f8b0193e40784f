package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/onstream/onstream/plugins"
)

// measured are what stages measure of themselves, by kind.
type measured [3]*prometheus.Desc

func newMeasured() measured {
	labels := []string{"pipeline", "stage", "name"}
	return measured{
		plugins.Counter:   prometheus.NewDesc("onstream_stage_measured_total", "What a stage counts of itself, such as a behaviour its own counters.", labels, nil),
		plugins.Gauge:     prometheus.NewDesc("onstream_stage_measured", "What a stage tells of itself, such as a behaviour its own gauges.", labels, nil),
		plugins.Histogram: prometheus.NewDesc("onstream_stage_measured_values", "Values that a stage has recorded, such as a behaviour those of its own histograms.", labels, nil),
	}
}

func (d measured) describe(out chan<- *prometheus.Desc) {
	for _, desc := range d {
		out <- desc
	}
}

func (d measured) send(out chan<- prometheus.Metric, values []plugins.MetricValue, pipeline, stage string) {
	for _, v := range values {
		switch v.Kind {
		case plugins.Counter:
			out <- prometheus.MustNewConstMetric(d[v.Kind], prometheus.CounterValue, v.Value, pipeline, stage, v.Name)
		case plugins.Gauge:
			out <- prometheus.MustNewConstMetric(d[v.Kind], prometheus.GaugeValue, v.Value, pipeline, stage, v.Name)
		case plugins.Histogram:
			count, buckets := uint64(0), map[float64]uint64{}
			for i, bound := range plugins.MetricBounds() {
				count += v.Buckets[i]
				buckets[bound] = count
			}
			count += v.Buckets[len(buckets)]
			out <- prometheus.MustNewConstHistogram(d[v.Kind], count, v.Value, buckets, pipeline, stage, v.Name)
		}
	}
}
