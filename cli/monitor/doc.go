// Package monitor lets others watch pipelines while they run: metrics for
// Prometheus, and whether the process is healthy and ready, over HTTP.
package monitor
