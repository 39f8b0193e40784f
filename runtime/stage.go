package runtime

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// stage is what the instances of a stage in one chain share.
type stage struct {
	*graph.Stage
	addr     string
	pipeline string
	counters *counters
	errors   link // what takes the error output; nil for nobody
	pool     *plugins.Pool
	now      func() time.Time
	complain *complaint
	letters  *letters
}

// fail takes the failed rows of a batch out of it, counts them and sends them
// where the stage's on_error says.
func (s *stage) fail(j *job, b *plugins.Batch) {
	b.DropFailed()
	s.counters.dead.Add(int64(len(b.Failures)))
	s.counters.failed(errors.New(b.Failures[0].Msg))
	switch {
	case s.OnError == graph.Drop:
		b.TakeFailures(func(plugins.Failure) {})
	case s.OnError == graph.Fail:
		f := b.Failures[0]
		b.TakeFailures(func(plugins.Failure) {})
		j.stop(s, failureError(f, b))
	case s.errors == nil:
		s.complain.about(s.addr, len(b.Failures), b.Failures[0])
		b.TakeFailures(func(plugins.Failure) {})
	default:
		letters := s.letters.batch(s, b)
		s.errors.run(j, letters)
		letters.Release()
	}
}

func failureError(f plugins.Failure, b *plugins.Batch) error {
	where := ""
	if f.Expr != "" {
		where = " (" + f.Expr + ")"
	}
	if b.Offsets != nil {
		return fmt.Errorf("record at offset %d of %s: %s%s", b.Offsets[f.Row], b.Part, f.Msg, where)
	}
	return fmt.Errorf("%s%s", f.Msg, where)
}

// stop makes the pipeline stop because of an error in a stage.
func (j *job) stop(s *stage, err error) {
	if j.failed == nil {
		j.failed = fmt.Errorf("%s: %w", s.addr, err)
		j.version.engine.fail(j.failed)
	}
}

// complaint logs, at most once a second for each stage, that records fail and
// nobody takes them.
type complaint struct {
	logger *slog.Logger
	last   atomic.Int64 // ns
	missed atomic.Int64
}

func (c *complaint) about(addr string, records int, f plugins.Failure) {
	n := c.missed.Add(int64(records))
	now, last := time.Now().UnixNano(), c.last.Load()
	if now-last < int64(time.Second) || !c.last.CompareAndSwap(last, now) {
		return
	}
	c.missed.Add(-n)
	c.logger.Warn("records failed and nobody takes them; add a sink with from = errors to keep them",
		"stage", addr, "records", n, "code", f.Code, "error", f.Msg, "expression", f.Expr)
}
