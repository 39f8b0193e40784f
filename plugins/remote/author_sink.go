package remote

import (
	"context"
	"errors"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// Sink implements pb.PluginServer: it runs a sink.
func (a *author) Sink(stream pb.Plugin_SinkServer) error {
	a.streams.Add(1)
	defer a.streams.Done()
	first, err := stream.Recv()
	if err != nil {
		return ended(err)
	}
	open, ok := first.GetRequest().(*pb.SinkRequest_Open)
	if !ok {
		return outOfPlace("sink", first.GetRequest())
	}
	stage, err := a.openStage(open.Open.GetStage(), pb.Role_SINK)
	if err != nil {
		return err
	}
	defer stage.unshare()
	k, _ := a.registry.Sink(stage.stage.GetKind())
	s := &servedSink{servedStage: stage, out: &replies[pb.SinkReply]{stream: stream}}
	return s.run(stream.Context(), k, stream.Recv)
}

// servedSink is a sink that a stream runs.
type servedSink struct {
	*servedStage
	out  *replies[pb.SinkReply]
	sink plugins.Sink // nil when it could not be made, and after Close
	told metricsTold
}

func (s *servedSink) run(ctx context.Context, k plugins.SinkKind, recv func() (*pb.SinkRequest, error)) error {
	problem := s.start(ctx, k)
	defer s.abandon()
	if err := s.out.send(&pb.SinkReply{Reply: &pb.SinkReply_Opened{Opened: problem}}); err != nil {
		return err
	}
	s.told.of = s.env.Metrics
	stop := sync.OnceFunc(tell(s.tellMetrics))
	defer stop()
	for {
		r, err := recv()
		if err != nil {
			return ended(err)
		}
		if s.sink == nil {
			return status.Error(codes.FailedPrecondition, "the sink could not be opened")
		}
		switch r := r.GetRequest().(type) {
		case *pb.SinkRequest_Write:
			err = s.write(ctx, r.Write)
		case *pb.SinkRequest_Flush:
			problem := guard(s.log, "Flush", func() error { return s.sink.Flush(ctx) })
			err = s.out.send(&pb.SinkReply{Reply: &pb.SinkReply_Flushed{Flushed: &pb.Flushed{Id: r.Flush.GetId(), Problem: wire.FromError("flush", problem)}}})
		case *pb.SinkRequest_Close:
			problem := s.close(ctx, s.sink)
			s.sink = nil
			stop()
			return s.out.send(&pb.SinkReply{Reply: &pb.SinkReply_Closed{Closed: &pb.Closed{Problem: wire.FromError("close", problem)}}})
		default:
			err = outOfPlace("sink", r)
		}
		if err != nil {
			return err
		}
	}
}

func (s *servedSink) tellMetrics() {
	if m := s.told.news(); m != nil {
		_ = s.out.send(&pb.SinkReply{Reply: &pb.SinkReply_Metrics{Metrics: m}}) // an error ends the stream elsewhere
	}
}

// start makes the sink, and says what the host is told of it.
func (s *servedSink) start(ctx context.Context, k plugins.SinkKind) *pb.Opened {
	var made plugins.Sink
	err := guard(s.log, "New", func() (err error) {
		made, err = k.New(s.config, s.env)
		return err
	})
	if err != nil {
		return opened("new", plugins.Permanent(err))
	}
	s.sink = made
	o := s.open(ctx, made)
	if o.GetProblem().GetPermanent() {
		s.abandon()
	}
	return o
}

// abandon closes the sink where the host has not asked for that: it is gone, or has had enough.
func (s *servedSink) abandon() {
	if s.sink == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := s.close(ctx, s.sink); err != nil {
		s.log.Warn("the sink was not closed", "error", err)
	}
	s.sink = nil
}

// write gives the sink one batch. An error ends the stream.
func (s *servedSink) write(ctx context.Context, p *pb.Write) error {
	b := s.env.Pool.Batch()
	if err := wire.ToBatch(p.GetBatch(), b, nil); err != nil {
		b.Release()
		return status.Errorf(codes.InvalidArgument, "write: %v", err)
	}
	w := &pendingWrite{sink: s, id: p.GetId(), batch: b, rows: b.Len}
	err := guard(s.log, "Write", func() error { return s.sink.Write(ctx, b, w.done) })
	return w.returned(err)
}

// pendingWrite is a batch that the sink has, until Write has returned and done was called.
type pendingWrite struct {
	sink  *servedSink
	id    uint64
	batch *plugins.Batch
	rows  int

	mu       sync.Mutex
	answered bool // the host has its answer
	back     bool // Write has returned
}

// done is what Write is given.
func (w *pendingWrite) done(err error) {
	if !w.answer(err) {
		w.sink.log.Error("the sink has answered a batch twice: only the first answer counts", "second", err)
		return
	}
	w.release(false)
}

// returned tells the host that the next batch may come, or why this one was not taken.
func (w *pendingWrite) returned(err error) error {
	if err == nil {
		err = w.sink.out.send(&pb.SinkReply{Reply: &pb.SinkReply_Taken{Taken: &pb.Taken{Id: w.id}}})
		w.release(true)
		return err
	}
	if !w.answer(err) {
		w.sink.log.Error("the sink has answered a batch, and then has not taken it: the first answer counts", "error", err)
	}
	if !errors.As(err, new(panicked)) { // after a panic, somebody may still have it in hand
		w.batch.Release()
	}
	return nil
}

// answer sends the answer, the first time.
func (w *pendingWrite) answer(err error) bool {
	w.mu.Lock()
	first := !w.answered
	w.answered = true
	w.mu.Unlock()
	if first {
		// An error of sending ends the stream, and the host writes the batch again.
		_ = w.sink.out.send(&pb.SinkReply{Reply: &pb.SinkReply_Written{Written: written(w.id, w.rows, err)}})
	}
	return first
}

// release gives the batch back when nobody has it any more: both have happened.
func (w *pendingWrite) release(returned bool) {
	w.mu.Lock()
	over := w.answered && (w.back || returned)
	w.back = w.back || returned
	if w.batch == nil {
		over = false
	}
	b := w.batch
	if over {
		w.batch = nil
	}
	w.mu.Unlock()
	if over {
		b.Release()
	}
}

// written is the answer to a write of so many rows.
func written(id uint64, rows int, err error) *pb.Written {
	w := &pb.Written{Id: id}
	if err == nil {
		return w
	}
	var partial *plugins.PartialError
	var failed plugins.RowErrors
	switch {
	case errors.As(err, &partial):
		done := uint32(max(0, min(partial.Done, rows)))
		w.Done, w.Failures = &done, failures(partial.Failed, int(done))
		w.Problem = wire.FromError("write", err)
	case errors.As(err, &failed):
		w.Failures = failures(failed, rows)
	default:
		w.Problem = wire.FromError("write", err)
	}
	return w
}

// failures returns the messages of failures of the first rows of a batch, one for each row.
func failures(failed plugins.RowErrors, rows int) []*pb.RowFailure {
	seen := make(map[uint32]bool, len(failed))
	var ps []*pb.RowFailure
	for _, f := range failed {
		if int64(f.Row) < int64(rows) && !seen[f.Row] {
			seen[f.Row] = true
			ps = append(ps, &pb.RowFailure{Row: f.Row, Code: f.Code, Message: wire.Clip(f.Msg, wire.MaxText)})
		}
	}
	return ps
}
