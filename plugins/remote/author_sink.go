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
	s := &servedSink{servedStage: stage, kind: k, out: &replies[pb.SinkReply]{stream: stream}, pending: map[*pendingWrite]bool{}}
	return s.run(stream.Context(), stream.Recv)
}

// servedSink is a sink that a stream runs.
type servedSink struct {
	*servedStage
	kind plugins.SinkKind
	out  *replies[pb.SinkReply]
	sink plugins.Sink // nil when it could not be made, and after Close
	told metricsTold

	mu      sync.Mutex
	pending map[*pendingWrite]bool // have no answer yet
}

func (s *servedSink) run(ctx context.Context, recv func() (*pb.SinkRequest, error)) error {
	problem := s.start(ctx)
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
func (s *servedSink) start(ctx context.Context) *pb.Opened {
	var made plugins.Sink
	err := guard(s.log, "New", func() (err error) {
		made, err = s.kind.New(s.config, s.env)
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
	s.mu.Lock()
	s.pending[w] = true
	s.mu.Unlock()
	err := guard(s.log, "Write", func() error { return s.sink.Write(ctx, b, w.done) })
	if errors.As(err, new(panicked)) {
		return s.afterPanic(ctx, w, err)
	}
	return w.returned(err)
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
