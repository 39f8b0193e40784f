package monitor_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/cli/monitor"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/spool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipeline is a fake that answers with what it was given.
type pipeline struct {
	stats   runtime.Stats
	reloads monitor.Reloads
}

func (p pipeline) Stats() runtime.Stats     { return p.stats }
func (p pipeline) Reloads() monitor.Reloads { return p.reloads }

func fleet(ready bool) pipeline {
	return pipeline{stats: runtime.Stats{Pipeline: "fleet", Ready: ready, Stages: []runtime.StageStats{{
		Addr: "sink.out", Role: graph.Sink, Kind: "file",
		In: 12, Out: 7, Dead: 2, Held: 3, Filtered: 0, QueueBytes: 4096, Retries: 5,
		Latency: runtime.Latency{
			Bounds: []time.Duration{time.Millisecond, time.Second},
			Counts: []int64{4, 2, 1},
			Sum:    5 * time.Second,
		},
	}}}}
}

// serve runs a server and returns a client for its paths.
func serve(t *testing.T, pipelines ...monitor.Pipeline) (get func(path string) (int, string)) {
	t.Helper()
	s, err := monitor.Listen("0", pipelines, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return func(path string) (int, string) {
		t.Helper()
		resp, err := client.Get("http://" + s.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	_, body := serve(t, fleet(true))("/metrics")
	const labels = `{kind="file",pipeline="fleet",role="sink",stage="sink.out"`
	for _, want := range []string{
		"onstream_stage_in_total" + labels + "} 12",
		"onstream_stage_out_total" + labels + "} 7",
		"onstream_stage_made_total" + labels + "} 0",
		"onstream_stage_filtered_total" + labels + "} 0",
		"onstream_stage_dead_total" + labels + "} 2",
		"onstream_stage_retries_total" + labels + "} 5",
		"onstream_stage_held" + labels + "} 3",
		"onstream_stage_queue_bytes" + labels + "} 4096",
		"onstream_stage_latency_seconds_bucket" + labels + `,le="0.001"} 4`,
		"onstream_stage_latency_seconds_bucket" + labels + `,le="1"} 6`,
		"onstream_stage_latency_seconds_bucket" + labels + `,le="+Inf"} 7`,
		"onstream_stage_latency_seconds_sum" + labels + "} 5",
		"onstream_stage_latency_seconds_count" + labels + "} 7",
		`onstream_pipeline_ready{pipeline="fleet"} 1`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("no line %s in\n%s", want, body)
		}
	}
}

// What a pipeline stores and how it was reloaded is told, in the names that the
// manual has.
func TestMetricsOfAPipeline(t *testing.T) {
	t.Parallel()
	p := fleet(true)
	p.stats.Stages = append(p.stats.Stages, runtime.StageStats{
		Addr: "source.in", Role: graph.Source, Kind: "http",
		Spool: &spool.Stats{Bytes: 4096, MaxBytes: 1 << 20, Entries: 3, Records: 70, Full: true},
	})
	p.stats.Checkpoint = runtime.CheckpointStats{Number: 8, At: time.Now().Add(-time.Hour), Error: "no room"}
	lag := int64(900)
	p.stats.Stages = append(p.stats.Stages, runtime.StageStats{Addr: "source.plant", Role: graph.Source, Kind: "topic", InFlight: 40, Lag: &lag})
	p.stats.Connections = []runtime.ConnectionStats{
		{Addr: "connector.bus", ConnectionStatus: plugins.ConnectionStatus{Connected: true, Reconnects: 3, Dropped: 7}},
		{Addr: "connector.far", ConnectionStatus: plugins.ConnectionStatus{Err: "refused"}},
	}
	p.reloads = monitor.Reloads{Tried: 5, Failed: 2, At: time.Unix(1_700_000_000, 0), Failing: true}
	buckets := make([]uint64, len(plugins.MetricBounds())+1)
	buckets[0], buckets[1], buckets[len(buckets)-1] = 1, 2, 4
	p.stats.Stages = append(p.stats.Stages, runtime.StageStats{Addr: "transform.m", Role: graph.Transform, Kind: "wasm", Measured: []plugins.MetricValue{
		{Name: "hits", Kind: plugins.Counter, Value: 5}, {Name: "level", Kind: plugins.Gauge, Value: -2.5}, {Name: "size", Kind: plugins.Histogram, Value: 99, Buckets: buckets},
	}})
	_, body := serve(t, p)("/metrics")
	for _, want := range []string{
		`onstream_spool_bytes{pipeline="fleet",stage="source.in"} 4096`,
		`onstream_spool_max_bytes{pipeline="fleet",stage="source.in"} 1.048576e+06`,
		`onstream_spool_entries{pipeline="fleet",stage="source.in"} 3`,
		`onstream_spool_records{pipeline="fleet",stage="source.in"} 70`,
		`onstream_spool_full{pipeline="fleet",stage="source.in"} 1`,
		`onstream_checkpoint_number{pipeline="fleet"} 8`,
		`onstream_checkpoint_failing{pipeline="fleet"} 1`,
		`onstream_reload_total{pipeline="fleet"} 5`,
		`onstream_reload_failed_total{pipeline="fleet"} 2`,
		`onstream_reload_time_seconds{pipeline="fleet"} 1.7e+09`,
		`onstream_reload_failing{pipeline="fleet"} 1`,
		`onstream_stage_measured_total{name="hits",pipeline="fleet",stage="transform.m"} 5`,
		`onstream_stage_measured{name="level",pipeline="fleet",stage="transform.m"} -2.5`,
		`onstream_stage_measured_values_bucket{name="size",pipeline="fleet",stage="transform.m",le="0.001"} 1`,
		`onstream_stage_measured_values_bucket{name="size",pipeline="fleet",stage="transform.m",le="0.0025"} 3`,
		`onstream_stage_measured_values_bucket{name="size",pipeline="fleet",stage="transform.m",le="+Inf"} 7`,
		`onstream_stage_measured_values_sum{name="size",pipeline="fleet",stage="transform.m"} 99`,
		`onstream_source_in_flight{pipeline="fleet",stage="source.plant"} 40`,
		`onstream_source_lag{pipeline="fleet",stage="source.plant"} 900`,
		`onstream_source_in_flight{pipeline="fleet",stage="source.in"} 0`,
		`onstream_connection_up{connection="connector.bus",pipeline="fleet"} 1`,
		`onstream_connection_up{connection="connector.far",pipeline="fleet"} 0`,
		`onstream_connection_reconnects_total{connection="connector.bus",pipeline="fleet"} 3`,
		`onstream_connection_dropped_total{connection="connector.bus",pipeline="fleet"} 7`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("no line %s in\n%s", want, body)
		}
	}
	for _, wrong := range []string{
		`onstream_spool_bytes{pipeline="fleet",stage="sink.out"}`,
		`onstream_source_lag{pipeline="fleet",stage="source.in"}`, // it does not know
		`onstream_source_in_flight{pipeline="fleet",stage="sink.out"}`,
	} {
		if strings.Contains(body, wrong) {
			t.Errorf("%s is told", wrong)
		}
	}
	if age := regexp.MustCompile(`(?m)^onstream_checkpoint_age_seconds{pipeline="fleet"} 36\d\d`); !age.MatchString(body) {
		t.Errorf("the checkpoint of an hour ago is not 3600 s old:\n%s", body)
	}
	manual, err := os.ReadFile("../../docs/LANGUAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^# HELP (onstream_\w+)`).FindAllStringSubmatch(body, -1) {
		if !strings.Contains(string(manual), "`"+m[1]+"`") {
			t.Errorf("docs/LANGUAGE.md does not tell of %s", m[1])
		}
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		pipelines []monitor.Pipeline
		code      int
		body      string
	}{
		{"all ready", []monitor.Pipeline{fleet(true), fleet(true)}, http.StatusOK, "ready\n"},
		{"one not ready", []monitor.Pipeline{fleet(true), fleet(false)}, http.StatusServiceUnavailable, "pipeline fleet is not ready\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			get := serve(t, test.pipelines...)
			if code, body := get("/readyz"); code != test.code || body != test.body {
				t.Errorf("/readyz is %d %q, want %d %q", code, body, test.code, test.body)
			}
			if code, body := get("/healthz"); code != http.StatusOK || body != "ok\n" {
				t.Errorf("/healthz is %d %q", code, body)
			}
		})
	}
}

func TestListenDefaultsToLoopback(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0", ":0", "127.0.0.1:0"} {
		s, err := monitor.Listen(addr, nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Addr().String(); !strings.HasPrefix(got, "127.0.0.1:") {
			t.Errorf("Listen(%q) took %s", addr, got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	}
}
