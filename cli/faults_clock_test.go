package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/runtime"
)

// clocked has each kind that looks at the pipeline's clock.
const clocked = `
pipeline "clocked" {
  checkpoint {
    interval = "10ms"
  }
}

schema "reading" {
  fields = { k = string, ts = time }
}

source "file" "in" {
  path   = "DIR/in.ndjson"
  schema = schema.reading
  follow = true
  poll   = "1ms"
}

transform "window" "second" {
  from     = source.in
  key      = event.k
  time     = event.ts
  tumbling = "1s"
  timeout  = "10s"
  emit     = { k = key, at = window.start, n = agg::count() }
}

transform "dedupe" "once" {
  from  = source.in
  key   = event.k
  clock = "processing"
  ttl   = "10s"
}

transform "absence" "silent" {
  from = source.in
  key  = event.k
  time = event.ts
  for  = "10s"
  emit = { k = key, status = absence.status }
}

sink "file" "windows" {
  from = transform.second
  path = "DIR/windows"
}
sink "file" "late" {
  from = transform.second.late
  path = "DIR/late"
}
sink "file" "once" {
  from = transform.once
  path = "DIR/once"
}
sink "file" "silent" {
  from = transform.silent
  path = "DIR/silent"
}
sink "file" "errors" {
  from = errors
  path = "DIR/errors"
}
`

// clockwork runs a pipeline on a clock that the test sets.
type clockwork struct {
	t      *testing.T
	dir    string
	offset atomic.Int64 // of the clock, from one that stands still
	zero   time.Time
	sent   int64
	engine *runtime.Engine
	ended  chan error
}

func (c *clockwork) now() time.Time { return c.zero.Add(time.Duration(c.offset.Load())) }

// start starts the pipeline, or starts it again.
func (c *clockwork) start() {
	c.t.Helper()
	cli := &cli{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, lookupEnv: os.LookupEnv}
	r, err := cli.registry(io.Discard)
	if err != nil {
		c.t.Fatal(err)
	}
	o := (&runFlags{values: new(values)}).options(cli)
	o.Stored = true
	l := cli.open(c.t.Context(), filepath.Join(c.dir, "p"), r, o)
	if !l.valid {
		c.t.Fatalf("%+v", l.diagnostics)
	}
	c.engine = runtime.New(runtime.Config{Registry: r, Now: c.now, Workers: 1, StateDir: filepath.Join(c.dir, "state"), Logger: slog.New(slog.DiscardHandler)})
	c.ended = make(chan error, 1)
	go func() { c.ended <- c.engine.Run(context.Background(), l.graph()) }()
	c.sent = 0
}

func (c *clockwork) stop() {
	c.t.Helper()
	c.engine.Drain()
	if err := <-c.ended; err != nil {
		c.t.Fatal(err)
	}
	for _, s := range c.engine.Stats().Stages {
		if s.In+s.Made != s.Out+s.Filtered+s.Dead+s.Held {
			c.t.Errorf("%s does not account for all records: %+v", s.Addr, s)
		}
	}
}

// send sends a record of a key whose own clock is ahead of zero by at, and
// waits until every stage has taken it.
func (c *clockwork) send(key string, at time.Duration) {
	c.t.Helper()
	addTo(c.t, filepath.Join(c.dir, "in.ndjson"), fmt.Sprintf("{\"k\":%q,\"ts\":%q}\n", key, c.zero.Add(at).Format(time.RFC3339Nano)))
	c.sent++
	wait(c.t, func() bool {
		taken := 0
		for _, s := range c.engine.Stats().Stages {
			if s.Held == 0 && (s.Role != "transform" || s.In == c.sent) {
				taken++
			}
		}
		return taken > 0 && taken == len(c.engine.Stats().Stages)
	})
}

// wrote waits for the lines of an output.
func (c *clockwork) wrote(output string, want ...string) {
	c.t.Helper()
	var got []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		got = strings.Fields(read(c.t, filepath.Join(c.dir, output)))
		if len(got) >= len(want) {
			break
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		c.t.Errorf("%s:\n%s\nwant\n%s", output, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// letters waits for dead letters.
func (c *clockwork) letters(n int) (dead []deadLetter) {
	c.t.Helper()
	wait(c.t, func() bool {
		dead = recordsIn[deadLetter](c.t, filepath.Join(c.dir, "errors"))
		return len(dead) >= n
	})
	return dead
}

// TestClockThatIsSetBack sets the clock of the machine back and forth while
// windows, duplicates and absences are open: what has closed stays closed, what
// is open closes once, also over a restart with a clock that is behind.
func TestClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	c := &clockwork{t: t, dir: t.TempDir(), zero: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	write(t, filepath.Join(c.dir, "p", "main.hcl"), strings.ReplaceAll(clocked, "DIR", c.dir))
	write(t, filepath.Join(c.dir, "in.ndjson"), "")
	c.start()
	c.send("a", 0)
	c.offset.Store(int64(-time.Hour)) // a is not ahead of a clock that was set back
	c.send("a", 100*time.Millisecond)
	c.send("b", 0)
	c.wrote("errors")
	c.wrote("windows")
	c.wrote("once", `{"k":"a","ts":"2026-05-01T12:00:00Z"}`, `{"k":"b","ts":"2026-05-01T12:00:00Z"}`)

	c.offset.Store(int64(time.Hour)) // everything times out, once
	c.send("c", 0)
	closed := []string{`{"k":"a","at":"2026-05-01T12:00:00Z","n":2}`, `{"k":"b","at":"2026-05-01T12:00:00Z","n":1}`}
	c.wrote("windows", closed...)
	c.wrote("silent", `{"k":"a","status":"absent"}`, `{"k":"b","status":"absent"}`)
	c.send("a", 500*time.Millisecond)
	c.wrote("late", `{"k":"a","ts":"2026-05-01T12:00:00.5Z"}`)
	c.wrote("silent", `{"k":"a","status":"absent"}`, `{"k":"b","status":"absent"}`, `{"k":"a","status":"returned"}`)
	c.offset.Store(int64(-time.Hour)) // back: nothing times out again
	c.send("b", 600*time.Millisecond)
	c.wrote("late", `{"k":"a","ts":"2026-05-01T12:00:00.5Z"}`, `{"k":"b","ts":"2026-05-01T12:00:00.6Z"}`)
	c.send("b", 2500*time.Millisecond) // opens a window that waits for its next
	passed := []string{
		`{"k":"a","ts":"2026-05-01T12:00:00Z"}`, `{"k":"b","ts":"2026-05-01T12:00:00Z"}`, `{"k":"c","ts":"2026-05-01T12:00:00Z"}`,
		`{"k":"a","ts":"2026-05-01T12:00:00.5Z"}`, `{"k":"b","ts":"2026-05-01T12:00:00.6Z"}`,
	}
	c.wrote("once", passed...)
	c.stop()

	c.offset.Store(int64(-2 * time.Hour)) // a restart with a clock that is behind
	c.start()
	c.send("b", -90*time.Minute) // late for its key, and not ahead
	c.send("b", -48*time.Hour)
	// The stages' clock goes on from where it was: this one, which has no
	// monotonic part, went on by 2 h with each hour that it was set forward.
	c.send("d", 4*time.Hour)
	c.send("b", -46*time.Hour)
	c.wrote("windows", closed...)
	dead := c.letters(2) // of the window and the absence
	if len(dead) != 2 || dead[0].Code != "clock_ahead" || !strings.Contains(dead[0].Message, "2026-05-01T16:00:00Z is more than 1h0m0s ahead of the pipeline's clock") {
		t.Errorf("dead letters %+v", dead)
	} else {
		t.Log(dead[0].Message)
	}
	c.wrote("once", append(passed, `{"k":"d","ts":"2026-05-01T16:00:00Z"}`)...)
	c.offset.Store(int64(time.Hour))
	c.send("c", 0)
	c.wrote("windows", append(closed, `{"k":"b","at":"2026-05-01T12:00:02Z","n":1}`)...)
	c.stop()
	t.Logf("windows\n%slate\n%s", read(t, filepath.Join(c.dir, "windows")), read(t, filepath.Join(c.dir, "late")))
}
