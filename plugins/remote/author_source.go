package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// Source implements pb.PluginServer: it runs a source.
func (a *author) Source(stream pb.Plugin_SourceServer) error {
	a.streams.Add(1)
	defer a.streams.Done()
	first, err := stream.Recv()
	if err != nil {
		return ended(err)
	}
	open, ok := first.GetRequest().(*pb.SourceRequest_Open)
	if !ok {
		return outOfPlace("source", first.GetRequest())
	}
	stage, err := a.openStage(open.Open.GetStage(), pb.Role_SOURCE)
	if err != nil {
		return err
	}
	defer stage.unshare()
	resume, err := toResume(open.Open.GetResume())
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "open: %v", err)
	}
	k, _ := a.registry.Source(stage.stage.GetKind())
	s := &servedSource{servedStage: stage, kind: k, out: &replies[pb.SourceReply]{stream: stream}}
	return s.run(stream.Context(), resume, stream.Recv)
}

func toResume(ps []*pb.Resume) (map[plugins.Partition]plugins.Position, error) {
	from := make(map[plugins.Partition]plugins.Position, len(ps))
	for _, p := range ps {
		part, err := wire.ToPartition(p.GetPartition())
		if err != nil {
			return nil, err
		}
		if from[part], err = wire.ToPosition(p.GetPosition()); err != nil {
			return nil, fmt.Errorf("partition %s: %w", part, err)
		}
	}
	return from, nil
}

// servedSource is a source that a stream runs.
type servedSource struct {
	*servedStage
	kind   plugins.SourceKind
	out    *replies[pb.SourceReply]
	source plugins.Source
	outlet *outlet
	told   metricsTold
}

func (s *servedSource) run(ctx context.Context, resume map[plugins.Partition]plugins.Position, recv func() (*pb.SourceRequest, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	problem := s.start(resume)
	if err := s.out.send(&pb.SourceReply{Reply: &pb.SourceReply_Opened{Opened: problem}}); err != nil {
		return err
	}
	if problem.GetProblem() != nil {
		return drain(receiver(recv))
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer s.outlet.giveUp()
	defer cancel()
	working, stop := context.WithCancel(ctx)
	defer stop()
	running.Go(func() { s.work(working) })
	for {
		r, err := recv()
		if err != nil {
			return ended(err)
		}
		switch r := r.GetRequest().(type) {
		case *pb.SourceRequest_Credit:
			s.outlet.allow(r.Credit)
		case *pb.SourceRequest_Settled:
			s.outlet.settle(r.Settled)
		case *pb.SourceRequest_Stop:
			stop()
		default:
			return outOfPlace("source", r)
		}
	}
}

// receiver is a function as what [drain] takes.
type receiver func() (*pb.SourceRequest, error)

func (r receiver) Recv() (*pb.SourceRequest, error) { return r() }

// start makes the source and tells it where to go on, and says what the host is told of it.
func (s *servedSource) start(resume map[plugins.Partition]plugins.Position) *pb.Opened {
	err := guard(s.log, "New", func() (err error) {
		s.source, err = s.kind.New(s.config, s.env)
		return err
	})
	if err != nil {
		return opened("new", plugins.Permanent(err))
	}
	var fields []plugins.Field
	if !s.kind.Payload {
		err = guard(s.log, "Output", func() error {
			shape, err := s.kind.Output(s.config)
			fields = shape.Type.Fields
			return err
		})
		if err != nil {
			return opened("output", plugins.Permanent(err))
		}
	}
	s.outlet = newOutlet(s, fields)
	if len(resume) == 0 {
		return &pb.Opened{}
	}
	seeker, ok := s.source.(plugins.Seeker)
	if !ok {
		return opened("resume", plugins.Permanent(errors.New("the source cannot resume, and was told where to")))
	}
	return opened("resume", guard(s.log, "Seek", func() error { return seeker.Seek(resume) }))
}

// work runs the source, and tells the host how it has ended.
func (s *servedSource) work(ctx context.Context) {
	s.told.of = s.env.Metrics
	stop := tell(s.status)
	err := guard(s.log, "Run", func() error { return s.source.Run(ctx, s.outlet) })
	stop()
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, errStopped)) {
		err = nil
	}
	_ = s.out.send(&pb.SourceReply{Reply: &pb.SourceReply_Ended{Ended: &pb.Ended{Problem: wire.FromError("run", err)}}}) // who would read it has gone otherwise
}

// status tells the host how far the source is, where it knows that, and its metrics.
func (s *servedSource) status() {
	_ = guard(s.log, "Progress or Lag", func() error {
		status := &pb.SourceStatus{}
		p, progresses := s.source.(plugins.Progresser)
		if progresses {
			status.Done, status.Total = p.Progress()
		}
		lags, knows := s.source.(plugins.Lagging)
		if knows {
			if n, ok := lags.Lag(); ok {
				status.Lag = &n
			}
		}
		if !progresses && !knows {
			return nil
		}
		return s.out.send(&pb.SourceReply{Reply: &pb.SourceReply_Status{Status: status}})
	})
	if m := s.told.news(); m != nil {
		_ = s.out.send(&pb.SourceReply{Reply: &pb.SourceReply_Metrics{Metrics: m}}) // an error ends the stream elsewhere
	}
}
