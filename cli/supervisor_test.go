package cli

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/onstream/onstream/cli/monitor"
	"github.com/onstream/onstream/runtime"
)

// TestStartingPipelinesHaveNames: an engine learns the name of its pipeline with
// the rest of it. Who asks before is told which one is not ready, and gets
// metrics that do not clash.
func TestStartingPipelinesHaveNames(t *testing.T) {
	t.Parallel()
	var starting []monitor.Pipeline
	for _, name := range []string{"fleet", "plant"} {
		starting = append(starting, &job{name: name, running: runtime.New(runtime.Config{})})
	}
	s, err := monitor.Listen("0", starting, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	get := func(path string) string {
		resp, err := http.Get("http://" + s.Addr().String() + path) //nolint:noctx // it ends with the server
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return string(body)
	}
	if got := get("/readyz"); got != "pipeline fleet is not ready\n" {
		t.Errorf("/readyz: %q", got)
	}
	metrics := get("/metrics")
	for _, want := range []string{`onstream_pipeline_ready{pipeline="fleet"} 0`, `onstream_pipeline_ready{pipeline="plant"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in\n%s", want, metrics)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
