package spool_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/sources"
	"github.com/onstream/onstream/runtime/spool"
)

// httpSource returns the real one, as the language would configure it.
func httpSource(t *testing.T, pool *plugins.Pool) plugins.Source {
	t.Helper()
	var r plugins.Registry
	if err := errors.Join(codec.Register(&r), sources.Register(&r, sources.Streams{})); err != nil {
		t.Fatal(err)
	}
	json, _ := r.Codec("json")
	framing, err := json.Framing(plugins.Config{})
	if err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Source("http")
	attrs := map[string]any{}
	for _, a := range kind.Schema.Attrs {
		if a.Default != nil {
			attrs[a.Name] = a.Default
		}
	}
	attrs["listen"], attrs["max_wait"] = "127.0.0.1:0", 50*time.Millisecond
	s, err := kind.New(plugins.NewConfig(attrs).WithPayload(plugins.Shape{Format: "json"}), plugins.Env{
		Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: pool, Framing: framing,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func post(t *testing.T, s *spool.Source, body string) (int, string) {
	t.Helper()
	var url string
	eventually(t, "listening", func() bool {
		a := s.Addr()
		if a != nil {
			url = "http://" + a.String()
		}
		return a != nil
	})
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// TestRequestsAreAcceptedOnceTheyAreOnDisk stops the engine: requests are
// accepted up to the quota, then refused; the next run delivers them.
func TestRequestsAreAcceptedOnceTheyAreOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pool := new(plugins.Pool)
	s, err := spool.Wrap(httpSource(t, pool), dir, pool, spool.Options{MaxBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	held := newEngine()
	held.keep, held.limit = true, 1
	stop := start(t, s, held)
	accepted := 0
	for {
		code, answer := post(t, s, `[{"n":1},{"n":2}]`)
		if code == http.StatusServiceUnavailable && strings.Contains(answer, "the pipeline is full") {
			if st := s.Stats(); st.Bytes+st.Bytes/int64(max(1, accepted/2)) <= st.MaxBytes {
				continue // not because of the quota: a busy machine may take longer to accept it than it waits
			}
			break
		}
		if code != http.StatusOK || answer != "{\"accepted\":2}\n" {
			t.Fatalf("%d %s", code, answer)
		}
		accepted += 2
	}
	if accepted < 6 {
		t.Errorf("only %d records were accepted", accepted)
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	e, err := run(t.Context(), t, ending, dir, spool.Options{}, nil)
	if err != nil || len(e.records) != accepted || !strings.HasPrefix(e.got(), `{"n":1} {"n":2} {"n":1}`) {
		t.Errorf("%d of %d records are there: %s, %v", len(e.records), accepted, e.got(), err)
	}
}
