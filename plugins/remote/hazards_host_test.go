//go:build unix

package remote_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

// process gives acme_keep one batch of numbers.
func process(t *testing.T, r *plugins.Registry, numbers ...int64) (emitted, []plugins.Failure, error) {
	t.Helper()
	kind, _ := r.Transform("acme_keep")
	pool := new(plugins.Pool)
	e := env(pool, new(plugins.Metrics))
	tr, err := kind.New(plugins.NewConfig(map[string]any{"at": plugins.Expr(field("n"))}), e)
	if err != nil {
		t.Fatal(err)
	}
	b := pool.Batch()
	b.SelectAll(len(numbers))
	copy(b.NewColumn("n", plugins.Int).Ints, numbers)
	var out emitted
	err = tr.Process(t.Context(), b, &out)
	if err := e.Shared.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return out, b.Failures, err
}

// A record at which a sink panics fails, and the others are written, in order.
func TestRecordAtWhichASinkPanics(t *testing.T) {
	t.Parallel()
	p, r := launch(t, config(t, "serve"))
	pid := p.Pid()
	file := filepath.Join(t.TempDir(), "written")
	s := sinkOf(t, r, "acme_write", map[string]any{"path": file})
	err := put(t, s, texts("0", "1", "2", "bad3", "4", "5", "6", "bad7", "8", "9"))
	rows, ok := err.(plugins.RowErrors) //nolint:errorlint // as the engine gets it
	if !ok || len(rows) != 2 {
		t.Fatalf("answer: %v", err)
	}
	for i, want := range []plugins.Failure{
		{Row: 3, Code: "panic", Msg: "panic in Write: cannot stand bad3"}, {Row: 7, Code: "panic", Msg: "panic in Write: cannot stand bad7"},
	} {
		if rows[i] != want {
			t.Errorf("failed: %+v, want %+v", rows[i], want)
		}
	}
	if got, want := linesOf(file), strings.Fields("0 1 2 4 5 6 8 9"); !slices.Equal(got, want) {
		t.Errorf("written: %v, want %v", got, want)
	}
	if err := put(t, s, texts("10")); err != nil {
		t.Error(err)
	}
	if p.Pid() != pid {
		t.Error("the process is another one")
	}
}

// redelivery is an outlet that acknowledges the first five records, and others when they come again or the process is another one.
type redelivery struct {
	outlet
	times map[int64]int
}

func (r *redelivery) Hand(_ context.Context, d plugins.Delivery) error {
	n := d.Batch.Column("n").Ints[0]
	d.Batch.Release()
	r.times[n]++
	if n < 5 || n >= 10 || r.times[n] > 1 {
		d.Ack()
	}
	return nil
}

// What a source that cannot seek had brought and nobody had acknowledged comes again from the next process, and nothing else.
func TestUnackedDeliveriesComeAgain(t *testing.T) {
	t.Parallel()
	_, r := launch(t, config(t, "serve"))
	file := filepath.Join(t.TempDir(), "acked")
	kind, _ := r.Source("acme_queue")
	s, err := kind.New(plugins.NewConfig(map[string]any{"path": file}), env(new(plugins.Pool), new(plugins.Metrics)))
	if err != nil {
		t.Fatal(err)
	}
	out := &redelivery{times: map[int64]int{}}
	if err := s.Run(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	for n := range int64(20) {
		want := 1
		if n >= 5 && n < 10 {
			want = 2
		}
		if got := out.times[n]; got != want {
			t.Errorf("%d has come %d times, want %d", n, got, want)
		}
	}
	if acked := linesOf(file); len(acked) != 20 {
		t.Errorf("%d are acknowledged: %v", len(acked), acked)
	}
}

// A plugin that takes too much memory while it works ends, and the record with it.
func TestRecordThatTakesTooMuchMemory(t *testing.T) {
	t.Parallel()
	c := config(t, "serve")
	c.Limits.Memory = 256 << 20
	_, r := launch(t, c)
	out, failures, err := process(t, r, 2, -21, 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(failures) != 1 || failures[0].Row != 1 || !strings.Contains(failures[0].Msg, "in memory, more than the 256 MiB of limits.memory") {
		t.Errorf("failed: %+v", failures)
	}
	if !slices.Equal(out.values, []int64{2, 4}) {
		t.Errorf("emitted: %v", out.values)
	}
}

// A stage that crashes does not spoil what another stage of the same plugin does.
func TestStageBesideOneThatCrashes(t *testing.T) {
	t.Parallel()
	_, r := launch(t, config(t, "serve"))
	var both sync.WaitGroup
	both.Go(func() {
		for range 3 {
			out, failures, err := process(t, r, 2, 13, 4)
			if err != nil || len(failures) != 1 || failures[0].Row != 1 || len(out.values) != 2 {
				t.Errorf("the one that crashes has emitted %v, failed %v, and says %v", out.values, failures, err)
			}
		}
	})
	both.Go(func() {
		for i := range 300 {
			out, failures, err := process(t, r, 6, 8, 10)
			if err != nil || len(failures) != 0 || !slices.Equal(out.values, []int64{6, 8, 10}) {
				t.Errorf("batch %d of the good one: emitted %v, failed %v: %v", i, out.values, failures, err)
				return
			}
		}
	})
	both.Wait()
}

// logbook is a writer of a log.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// What a plugin says is always read, so that it can go on; lines are cut, and no more are logged than anybody can read.
func TestPluginThatSaysTooMuch(t *testing.T) {
	t.Parallel()
	c, log := config(t, "serve"), new(logbook)
	c.Logger = slog.New(slog.NewTextHandler(log, nil))
	p, err := remote.Launch(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	r := new(plugins.Registry)
	if err := p.Register(r); err != nil {
		t.Fatal(err)
	}
	says := func(what int64) {
		out, failures, err := process(t, r, 2, what, 4)
		if err != nil || len(failures) != 0 || !slices.Equal(out.values, []int64{2, 4}) {
			t.Errorf("emitted %v, failed %v: %v", out.values, failures, err)
		}
	}
	says(-19)
	for _, from := range []string{"stdout", "stderr", "pipe 1", "pipe 2"} {
		want := fmt.Sprintf("msg=\"%s zzz", from)
		for deadline := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), want); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("nothing is logged of %s", from)
			}
		}
	}
	for range 3 {
		says(-23)
	}
	if err := p.Close(); err != nil { // all is read then
		t.Fatal(err)
	}
	text := log.String()
	if !strings.Contains(text, "zzz… (cut)") || !strings.Contains(text, `level=WARN msg="the plugin says too much: more than 100 lines a second; some were left out" plugin=acme lines=`) {
		t.Error("that something was left out is not told")
	}
	if n := strings.Count(text, "\n"); n > 5000 {
		t.Errorf("%d lines were logged", n)
	}
	for line := range strings.Lines(text) {
		if len(line) > 5<<10 {
			t.Errorf("a line in the log has %d bytes", len(line))
		}
	}
}

// A plugin has no variables of its host's but those of its block and the handshake.
func TestEnvironmentIsNotInherited(t *testing.T) {
	t.Parallel()
	_, err := remote.Launch(t.Context(), config(t, "environment"))
	want := "it said last: [ONSTREAM_PLUGIN PLUGIN_CLIENT_CERT PLUGIN_MAX_PORT PLUGIN_MIN_PORT PLUGIN_PROTOCOL_VERSIONS PLUGIN_UNIX_SOCKET_DIR TMPDIR TOKEN]"
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
