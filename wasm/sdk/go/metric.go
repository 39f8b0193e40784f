package onstream

// Metric is a metric of the stage. Metrics are defined in Open.
type Metric int32

// Counter defines a metric that only grows. Its name is of letters, digits and underscores.
func Counter(name string) Metric { return defineMetric(0, name) }

// Gauge defines a metric that is set.
func Gauge(name string) Metric { return defineMetric(1, name) }

// Histogram defines a metric that tells how often values were about so large.
func Histogram(name string) Metric { return defineMetric(2, name) }

func defineMetric(kind uint32, name string) Metric {
	return Metric(hostMetricDefine(kind, pointer(name), uint32(len(name))))
}

// Record adds to a counter, sets a gauge, or counts a value in a histogram.
func (m Metric) Record(value float64) { hostMetricRecord(int32(m), value) }
