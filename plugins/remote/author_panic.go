package remote

import (
	"context"
	"errors"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// errPanicked is the answer to what a sink had in its hands when it panicked: the host writes it again, in its place.
var errPanicked = errors.New("the sink has panicked, and another one was made: all that it had not answered is to be written again")

// afterPanic makes another sink, and answers the write with which this one has panicked: so that the host finds the record that is to blame. Nobody gives the batch
// back: the former sink may have it in hand.
func (s *servedSink) afterPanic(ctx context.Context, w *pendingWrite, err error) error {
	first, _ := w.claim(true)
	opened, lost := s.renew(ctx)
	switch {
	case !first:
		s.log.Error("the sink has answered a batch, and has panicked then: the answer counts", "error", err)
		return nil
	case s.sink == nil: // no reason to give the records up
		problem := opened.GetProblem()
		w.send(&pb.Written{Id: w.id, Problem: &pb.Problem{Message: problem.GetMessage(), Operation: problem.GetOperation()}})
	case lost: // those before it come first
		w.send(written(w.id, w.rows, errPanicked))
	case w.rows == 1:
		w.send(&pb.Written{Id: w.id, Failures: []*pb.RowFailure{{Code: "panic", Message: wire.Clip(err.Error(), wire.MaxText)}}})
	default:
		w.send(&pb.Written{Id: w.id, Divide: true})
	}
	return nil
}

// renew makes another sink in the place of one that has panicked, which gets the time to finish what it has. It reports whether it has left something
// unanswered, which then has an answer.
func (s *servedSink) renew(ctx context.Context) (opened *pb.Opened, lost bool) {
	former := s.sink
	s.sink = nil
	s.finish(former)
	s.mu.Lock()
	var left []*pendingWrite
	for w := range s.pending {
		left = append(left, w)
	}
	s.mu.Unlock()
	for _, w := range left {
		if first, _ := w.claim(true); first {
			lost = true
			w.send(written(w.id, w.rows, errPanicked))
		}
	}
	return s.start(ctx), lost
}

// finish flushes and closes a sink that has panicked. One that still holds a lock may never return from that: it is left alone then.
func (s *servedSink) finish(former plugins.Sink) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	over := make(chan struct{})
	go func() {
		defer close(over)
		for _, call := range []struct {
			name string
			f    func() error
		}{{"flushed", func() error { return guard(s.log, "Flush", func() error { return former.Flush(ctx) }) }}, {"closed", func() error { return s.close(ctx, former) }}} {
			if err := call.f(); err != nil {
				s.log.Warn("the sink that has panicked was not "+call.name, "error", err)
			}
		}
	}()
	select {
	case <-over:
	case <-ctx.Done():
		s.log.Warn("the sink that has panicked was not closed in time", "after", grace)
	}
}
