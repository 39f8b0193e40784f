//go:build unix

package remote_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

// count delivers numbers up to 99, ten at a time, and ends the process in the middle when it began at 0.
type count struct{ from int64 }

func (c *count) Seek(at map[plugins.Partition]plugins.Position) error {
	for _, p := range at {
		n, err := strconv.ParseInt(string(p), 10, 64)
		if err != nil {
			return err
		}
		c.from = n
	}
	return nil
}

func (c *count) Run(ctx context.Context, out plugins.Outlet) error {
	var acked sync.WaitGroup
	for n := c.from; n < 100; n += 10 {
		if c.from == 0 && n == 50 {
			acked.Wait() // so that all of it has surely arrived
			os.Exit(9)
		}
		b := out.Batch()
		b.Part = plugins.Partition{Name: "all"}
		b.SelectAll(10)
		col := b.NewColumn("n", plugins.Int)
		for i := range 10 {
			col.Ints[i] = n + int64(i)
		}
		acked.Add(1)
		if err := out.Hand(ctx, plugins.Delivery{Batch: b, Next: plugins.Position(strconv.FormatInt(n+10, 10)), Ack: acked.Done}); err != nil {
			return err
		}
	}
	return nil
}

// outlet takes what a source brings, and acknowledges it.
type outlet struct {
	pool plugins.Pool
	got  []int64
}

func (o *outlet) Batch() *plugins.Batch { return o.pool.Batch() }

func (o *outlet) Hand(_ context.Context, d plugins.Delivery) error {
	o.got = append(o.got, d.Batch.Column("n").Ints...)
	d.Batch.Release()
	if d.Ack != nil {
		d.Ack()
	}
	return nil
}

func (o *outlet) Done(plugins.Partition) {}

func TestSourceGoesOnBehindACrash(t *testing.T) {
	t.Parallel()
	_, r := launch(t, config(t, "serve"))
	kind, _ := r.Source("acme_count")
	metrics := new(plugins.Metrics)
	s, err := kind.New(plugins.NewConfig(nil), env(new(plugins.Pool), metrics))
	if err != nil {
		t.Fatal(err)
	}
	var out outlet
	if err := s.Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.got) != 100 {
		t.Fatalf("got %d records: %v", len(out.got), out.got)
	}
	for i, n := range out.got {
		if n != int64(i) {
			t.Fatalf("record %d is %d", i, n)
		}
	}
	for _, m := range metrics.Values() {
		if m.Name == "plugin.crashes" && m.Value != 1 {
			t.Errorf("%v crashes were counted", m.Value)
		}
	}
}

func TestTransformThatHangs(t *testing.T) {
	t.Parallel()
	c := config(t, "serve")
	c.Limits.Timeout = 300 * time.Millisecond
	_, r := launch(t, c)
	kind, _ := r.Transform("acme_keep")
	pool := new(plugins.Pool)
	e := env(pool, nil)
	tr, err := kind.New(plugins.NewConfig(map[string]any{"at": plugins.Expr(field("n"))}), e)
	if err != nil {
		t.Fatal(err)
	}
	b := pool.Batch()
	b.SelectAll(4)
	n := b.NewColumn("n", plugins.Int)
	copy(n.Ints, []int64{2, 4, 15, 6})
	var out emitted
	if err := tr.Process(t.Context(), b, &out); err != nil {
		t.Fatal(err)
	}
	want := "the plugin crashes on the record: it has not answered within 300ms (limits.timeout): the stream of transform.keep"
	if len(b.Failures) != 1 || b.Failures[0].Row != 2 || !strings.HasPrefix(b.Failures[0].Msg, want) {
		t.Errorf("failed: %+v", b.Failures)
	}
	if len(out.values) != 3 {
		t.Errorf("got %v", out.values)
	}
	if err := e.Shared.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNothingIsLeftOfAPluginWhoseHostIsKilled(t *testing.T) {
	t.Parallel()
	host := exec.Command(os.Args[0], "host")
	host.Env = append(os.Environ(), remote.Cookie+"="+remote.CookieValue)
	if _, err := host.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the host says %q", line)
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait() // it was killed
	untilGone(t, pid)
}

func BenchmarkTransform(b *testing.B) {
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	p, err := remote.Launch(b.Context(), remote.Config{Name: "acme", Source: program, Args: []string{"serve"}})
	if err != nil {
		b.Fatal(err)
	}
	r := new(plugins.Registry)
	if err := p.Register(r); err != nil {
		b.Fatal(err)
	}
	kind, _ := r.Transform("acme_keep")
	pool := new(plugins.Pool)
	e := env(pool, nil)
	tr, err := kind.New(plugins.NewConfig(map[string]any{"at": plugins.Expr(field("n"))}), e)
	if err != nil {
		b.Fatal(err)
	}
	const rows = 4096
	before := cpu(b)
	for b.Loop() {
		batch := pool.Batch()
		batch.SelectAll(rows)
		n := batch.NewColumn("n", plugins.Int)
		for i := range rows {
			n.Ints[i] = int64(i) + 100
		}
		if err := tr.Process(b.Context(), batch, new(emittedCount)); err != nil {
			b.Fatal(err)
		}
		batch.Release()
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "records/s")
	if err := e.Shared.Close(b.Context()); err != nil {
		b.Error(err)
	}
	if err := p.Close(); err != nil { // then its time is known
		b.Error(err)
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N)/rows, "cpu-ns/record")
}

// emittedCount takes what a transform emits and forgets it.
type emittedCount struct{}

func (*emittedCount) Emit(int, *plugins.Batch) {}
func (*emittedCount) Drop(int)                 {}
func (*emittedCount) Make(int)                 {}
