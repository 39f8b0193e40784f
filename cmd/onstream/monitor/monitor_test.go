package monitor_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/cmd/onstream/monitor"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine is a fake that answers with what it was given.
type engine struct{ stats runtime.Stats }

func (e engine) Stats() runtime.Stats { return e.stats }

func fleet(ready bool) engine {
	return engine{runtime.Stats{Pipeline: "fleet", Ready: ready, Stages: []runtime.StageStats{{
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
func serve(t *testing.T, engines ...monitor.Engine) (get func(path string) (int, string)) {
	t.Helper()
	s, err := monitor.Listen("0", engines, slog.New(slog.DiscardHandler))
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

func TestReadiness(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		engines []monitor.Engine
		code    int
		body    string
	}{
		{"all ready", []monitor.Engine{fleet(true), fleet(true)}, http.StatusOK, "ready\n"},
		{"one not ready", []monitor.Engine{fleet(true), fleet(false)}, http.StatusServiceUnavailable, "pipeline fleet is not ready\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			get := serve(t, test.engines...)
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
