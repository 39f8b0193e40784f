package remote

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// findsAtOnce is how many calls of Find one stage may have under way; the host waits for the others.
const findsAtOnce = 64

// Lookup implements pb.PluginServer: it runs a look-up.
func (a *author) Lookup(stream pb.Plugin_LookupServer) error {
	a.streams.Add(1)
	defer a.streams.Done()
	first, err := stream.Recv()
	if err != nil {
		return ended(err)
	}
	open, ok := first.GetRequest().(*pb.LookupRequest_Open)
	if !ok {
		return outOfPlace("look-up", first.GetRequest())
	}
	stage, err := a.openStage(open.Open.GetStage(), pb.Role_LOOKUP)
	if err != nil {
		return err
	}
	defer stage.unshare()
	k, _ := a.registry.Lookup(stage.stage.GetKind())
	l := &servedLookup{servedStage: stage, out: &replies[pb.LookupReply]{stream: stream}}
	return l.run(stream.Context(), k, stream.Recv)
}

// servedLookup is a look-up that a stream runs.
type servedLookup struct {
	*servedStage
	out    *replies[pb.LookupReply]
	lookup plugins.Lookup
	told   metricsTold
}

func (l *servedLookup) run(ctx context.Context, k plugins.LookupKind, recv func() (*pb.LookupRequest, error)) error {
	err := guard(l.log, "New", func() (err error) {
		l.lookup, err = k.New(l.config, l.env)
		return err
	})
	o := opened("new", plugins.Permanent(err))
	if err == nil {
		o = l.open(ctx, l.lookup)
		defer l.end()
	}
	if err := l.out.send(&pb.LookupReply{Reply: &pb.LookupReply_Opened{Opened: o}}); err != nil {
		return err
	}
	l.told.of = l.env.Metrics
	defer tell(l.tellMetrics)()
	ctx, cancel := context.WithCancel(ctx)
	var finds sync.WaitGroup
	defer finds.Wait()
	defer cancel()
	free := make(chan struct{}, findsAtOnce)
	for {
		r, err := recv()
		if err != nil {
			return ended(err)
		}
		find, ok := r.GetRequest().(*pb.LookupRequest_Find)
		if !ok {
			return outOfPlace("look-up", r.GetRequest())
		}
		if o.GetProblem().GetPermanent() {
			return status.Error(codes.FailedPrecondition, "the look-up could not be opened")
		}
		keys, err := toKeys(find.Find.GetKeys())
		if err != nil {
			return status.Errorf(codes.InvalidArgument, "find: %v", err)
		}
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		finds.Go(func() {
			defer func() { <-free }()
			_ = l.out.send(&pb.LookupReply{Reply: &pb.LookupReply_Found{Found: l.find(ctx, find.Find.GetId(), keys)}}) // an error ends the stream elsewhere
		})
	}
}

func (l *servedLookup) tellMetrics() {
	if m := l.told.news(); m != nil {
		_ = l.out.send(&pb.LookupReply{Reply: &pb.LookupReply_Metrics{Metrics: m}}) // an error ends the stream elsewhere
	}
}

func (l *servedLookup) end() {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := l.close(ctx, l.lookup); err != nil {
		l.log.Warn("the look-up was not closed", "error", err)
	}
}

func toKeys(ps []*pb.Value) ([]plugins.Value, error) {
	if len(ps) > wire.MaxRows {
		return nil, fmt.Errorf("%d keys are asked for: %d are the most", len(ps), wire.MaxRows)
	}
	keys := make([]plugins.Value, len(ps))
	for i, p := range ps {
		var err error
		if keys[i], err = wire.ToValue(p); err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
	}
	return keys, nil
}

// find answers for some keys.
func (l *servedLookup) find(ctx context.Context, id uint64, keys []plugins.Value) *pb.Found {
	found := &pb.Found{Id: id, Records: &pb.Bytes{}}
	stray := false
	err := guard(l.log, "Find", func() error {
		return l.lookup.Find(ctx, keys, func(i int, record []byte) {
			if i < 0 || i >= len(keys) {
				stray = true
				return
			}
			found.Keys = append(found.Keys, uint32(i))
			found.Records.Data = append(found.Records.Data, record...)
			found.Records.Lengths = append(found.Records.Lengths, uint32(len(record)))
		})
	})
	if err == nil && stray {
		err = plugins.Permanent(fmt.Errorf("the look-up has found keys that it was not asked for"))
	}
	if size := proto.Size(found); err == nil && size > wire.MaxMessage-overhead {
		err = plugins.Permanent(fmt.Errorf("what was found for %d keys has %d bytes: a message has at most %d", len(keys), size, wire.MaxMessage))
	}
	if err != nil {
		return &pb.Found{Id: id, Problem: wire.FromError("find", err)}
	}
	return found
}
