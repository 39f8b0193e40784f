package sources_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/plugintest"
	"github.com/onstream/onstream/plugins/sources"
)

// conform is the configuration of a kind with the values given.
func conform(k plugins.SourceKind, values map[string]any, blocks ...plugins.ConfigBlock) plugins.Config {
	c := plugintest.Configure(k.Schema, values, blocks...)
	if k.Payload {
		c = c.WithPayload(plugins.Shape{Format: "json"})
	}
	return c
}

// appender puts records into a file, a line each.
func appender(path string) func(string) error {
	return func(value string) error {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteString(value + "\n")
		return err
	}
}

func TestFileConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "file", sources.Streams{})
	for _, follow := range []bool{false, true} {
		t.Run(fmt.Sprint("follow=", follow), func(t *testing.T) {
			t.Parallel()
			plugintest.Source(t, plugintest.SourceCase{
				Kind: k, Ends: !follow, Follows: follow,
				Open: func(t testing.TB) plugintest.Input {
					path := filepath.Join(t.TempDir(), "in.ndjson")
					if err := os.WriteFile(path, nil, 0o600); err != nil {
						t.Fatal(err)
					}
					put := appender(path)
					return plugintest.Input{
						Config: conform(k, map[string]any{"path": []string{path}, "follow": follow, "poll": time.Millisecond, "max_record_size": int64(1 << 10)}),
						Put:    put,
						Poison: func() error { return put(strings.Repeat("x", 4<<10)) },
					}
				},
			})
		})
	}
}

// Records that are large against a chunk that is read make many batches, so that there are
// many positions to go on from.
func TestFileOfLargeRecordsConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "file", sources.Streams{})
	plugintest.Source(t, plugintest.SourceCase{
		Kind: k, Ends: true, Records: 60,
		Value: func(i int) string { return fmt.Sprintf(`{"n":%d,"x":%q}`, i, strings.Repeat("y", 40_000)) },
		Open: func(t testing.TB) plugintest.Input {
			path := filepath.Join(t.TempDir(), "in.ndjson")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return plugintest.Input{Config: conform(k, map[string]any{"path": []string{path}}), Put: appender(path)}
		},
	})
}

func TestStdinConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "stdin", sources.Streams{})
	text := strings.Repeat(`{"n":1}`+"\n"+`{"n":2}`+"\n"+`{"n":3}`+"\n", 5000)
	plugintest.Source(t, plugintest.SourceCase{
		Kind: k, Ends: true, Makes: strings.Fields(text),
		Open: func(t testing.TB) plugintest.Input {
			return plugintest.Input{Config: conform(k, nil), New: kind(t, "stdin", sources.Streams{In: strings.NewReader(text)}).New}
		},
	})
}

func TestTimerConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "timer", sources.Streams{})
	var ticks []string
	for n := range 40 {
		ticks = append(ticks, fmt.Sprint(n+1))
	}
	for _, count := range []int64{0, 40} {
		t.Run(fmt.Sprint("count=", count), func(t *testing.T) {
			t.Parallel()
			plugintest.Source(t, plugintest.SourceCase{
				Kind: k, Ends: count > 0, Makes: ticks,
				Record: func(b *plugins.Batch, i uint32) string { return b.Column("n").Value(i).String() },
				Open: func(testing.TB) plugintest.Input {
					return plugintest.Input{Config: conform(k, map[string]any{"every": time.Millisecond, "count": count})}
				},
			})
		})
	}
}

func TestSimulateConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "simulate", sources.Streams{})
	const devices, records = 3, 20_000
	var made []string
	for n := range records {
		made = append(made, fmt.Sprintf("d-%d %d", n%devices, n/devices))
	}
	plugintest.Source(t, plugintest.SourceCase{
		Kind: k, Ends: true, Makes: made,
		Record: func(b *plugins.Batch, i uint32) string {
			return fmt.Sprintf("%s %d", b.Column("device").Bytes(i), b.Column("seq").Ints[i])
		},
		Open: func(testing.TB) plugintest.Input {
			signal := plugins.ConfigBlock{Name: "signal", Label: "v", Config: plugintest.Configure(signalSchema(k), map[string]any{"kind": "sine"})}
			return plugintest.Input{Config: conform(k, map[string]any{"devices": int64(devices), "rate": 0.0, "count": int64(records)}, signal)}
		},
	})
}

func signalSchema(k plugins.SourceKind) plugins.Schema {
	for _, b := range k.Schema.Blocks {
		if b.Name == "signal" {
			return b.Schema
		}
	}
	return plugins.Schema{}
}

func TestHTTPConforms(t *testing.T) {
	t.Parallel()
	k := kind(t, "http", sources.Streams{})
	plugintest.Source(t, plugintest.SourceCase{
		Kind: k, Online: true, Follows: true, Records: 40,
		Open: func(t testing.TB) plugintest.Input {
			var now atomic.Value // of plugins.Source
			client := &http.Client{Transport: &http.Transport{}}
			post := func(body string) error {
				s, _ := now.Load().(plugins.Source)
				listener, ok := s.(interface{ Addr() net.Addr })
				if !ok || listener.Addr() == nil {
					return fmt.Errorf("nobody listens")
				}
				answer, err := client.Post("http://"+listener.Addr().String()+"/", "application/json", bytes.NewReader([]byte(body)))
				if err != nil {
					return err
				}
				defer answer.Body.Close()
				if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode/100 != 2 {
					return fmt.Errorf("answer %s: %w", answer.Status, err)
				}
				return nil
			}
			t.Cleanup(client.CloseIdleConnections)
			return plugintest.Input{
				Config:  conform(k, map[string]any{"listen": "127.0.0.1:0", "max_wait": 200 * time.Millisecond}),
				Put:     post,
				Poison:  func() error { return post("no JSON") },
				Started: func(s plugins.Source) { now.Store(s) },
			}
		},
	})
}
