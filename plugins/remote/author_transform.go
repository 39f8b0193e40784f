package remote

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// Transform implements pb.PluginServer: it runs one instance of a transform.
func (a *author) Transform(stream pb.Plugin_TransformServer) error {
	a.streams.Add(1)
	defer a.streams.Done()
	first, err := stream.Recv()
	if err != nil {
		return ended(err)
	}
	open, ok := first.GetRequest().(*pb.TransformRequest_Open)
	if !ok {
		return outOfPlace("transform", first.GetRequest())
	}
	stage, err := a.openStage(open.Open.GetStage(), pb.Role_TRANSFORM)
	if err != nil {
		return err
	}
	defer stage.unshare()
	k, _ := a.registry.Transform(stage.stage.GetKind())
	t := &servedTransform{servedStage: stage, kind: k}
	if t.in, err = wire.ToShape(open.Open.GetInput()); err != nil {
		return status.Errorf(codes.InvalidArgument, "input: %v", err)
	}
	out := &replies[pb.TransformReply]{stream: stream}
	return t.run(stream.Context(), stream.Recv, out)
}

// servedTransform is an instance of a transform that a stream runs.
type servedTransform struct {
	*servedStage
	kind     plugins.TransformKind
	in       plugins.Shape
	outputs  []*pb.Output
	fields   [][]plugins.Field // by output: those that may be columns
	instance plugins.Transform
	emitter  emitter
}

func (t *servedTransform) run(ctx context.Context, recv func() (*pb.TransformRequest, error), out *replies[pb.TransformReply]) error {
	problem := t.start(ctx)
	defer func() { t.end() }()
	if err := out.send(&pb.TransformReply{Reply: &pb.TransformReply_Opened{Opened: problem}}); err != nil {
		return err
	}
	told := metricsTold{of: t.env.Metrics}
	stop := tell(func() {
		if m := told.news(); m != nil {
			_ = out.send(&pb.TransformReply{Reply: &pb.TransformReply_Metrics{Metrics: m}}) // an error ends the stream elsewhere
		}
	})
	defer stop()
	for {
		r, err := recv()
		if err != nil {
			return ended(err)
		}
		p, ok := r.GetRequest().(*pb.TransformRequest_Process)
		if !ok {
			return outOfPlace("transform", r.GetRequest())
		}
		if t.instance == nil {
			return status.Error(codes.FailedPrecondition, "the transform could not be opened")
		}
		answer, err := t.process(ctx, p.Process)
		if err != nil {
			return err
		}
		if err := out.send(&pb.TransformReply{Reply: &pb.TransformReply_Processed{Processed: answer}}); err != nil {
			return err
		}
	}
}

// start makes an instance, and says what the host is told of it.
func (t *servedTransform) start(ctx context.Context) *pb.Opened {
	if err := guard(t.log, "Outputs", t.findOutputs); err != nil {
		return opened("outputs", plugins.Permanent(err))
	}
	var made plugins.Transform
	err := guard(t.log, "New", func() (err error) {
		made, err = t.kind.New(t.config, t.env)
		return err
	})
	if err == nil {
		err = stateless(made)
	}
	if err != nil {
		return opened("new", plugins.Permanent(err))
	}
	t.instance = made
	o := t.open(ctx, made)
	if o.GetProblem().GetPermanent() {
		t.end()
	}
	return o
}

// end closes the instance, and forgets it.
func (t *servedTransform) end() {
	if t.instance == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := t.close(ctx, t.instance); err != nil {
		t.log.Warn("the transform was not closed", "error", err)
	}
	t.instance = nil
}

func (t *servedTransform) findOutputs() error {
	outs, err := outputs(t.kind, t.config, t.in)
	if err != nil {
		return err
	}
	if t.outputs, err = wire.FromOutputs(t.in, outs, t.config.Payload().Format); err != nil {
		return err
	}
	t.fields = make([][]plugins.Field, len(outs))
	for i, o := range outs {
		switch {
		case t.outputs[i].GetFrom() == pb.Output_INPUT && o.Shape.Format == "": // also those that were set to what has the same type
			t.fields[i] = o.Shape.Type.Fields
		case t.outputs[i].GetFrom() == pb.Output_COLUMNS:
			t.fields[i] = o.Shape.Type.Fields
		default:
			if t.fields[i], err = wire.ToFields(t.outputs[i].GetFields()); err != nil {
				return err
			}
		}
	}
	return nil
}

// stateless returns an error for a transform that needs what the engine does not give a plugin.
func stateless(t plugins.Transform) error {
	switch t.(type) {
	case plugins.Stateful:
		return errors.New("it is Stateful, and what is kept belongs to the engine")
	case plugins.Timed, plugins.Finisher:
		return errors.New("it acts by itself (Timed or Finisher), and a plugin answers only for the records it is given")
	case plugins.Ported:
		return errors.New("it has several inputs (Ported), and a plugin's has one")
	}
	return nil
}

// process answers for one batch. An error is of the message: it ends the stream.
func (t *servedTransform) process(ctx context.Context, p *pb.Process) (*pb.Processed, error) {
	b := t.env.Pool.Batch()
	if err := wire.ToBatch(p.GetBatch(), b, nil); err != nil {
		b.Release()
		return nil, status.Errorf(codes.InvalidArgument, "process: %v", err)
	}
	rows := b.Len
	answer := &pb.Processed{Id: p.GetId()}
	t.emitter.begin(t, b)
	err := guard(t.log, "Process", func() error { return t.instance.Process(ctx, b, &t.emitter) })
	if errors.As(err, new(panicked)) {
		// The batch, and what the instance has in its hands, are nobody's any more.
		return t.afterPanic(ctx, answer, rows, err), nil
	}
	if err == nil {
		err = t.emitter.finish(answer)
	}
	b.Release()
	if err != nil {
		answer.Problem = wire.FromError("process", err)
		answer.Emitted, answer.Failures, answer.Dropped = nil, nil, 0
		return answer, nil
	}
	if size := proto.Size(answer); size > wire.MaxMessage-overhead {
		return tooLarge(answer, rows, size), nil
	}
	return answer, nil
}

// overhead is room in a message for what stands around a batch.
const overhead = 64 << 10

// tooLarge is the answer that is as large as no message may be.
func tooLarge(answer *pb.Processed, rows, size int) *pb.Processed {
	if rows > 1 {
		return &pb.Processed{Id: answer.GetId(), Divide: true}
	}
	return failFirst(answer.GetId(), "too_large", fmt.Sprintf("what becomes of the record has %d bytes: a message has at most %d", size, wire.MaxMessage))
}

func failFirst(id uint64, code, msg string) *pb.Processed {
	return &pb.Processed{Id: id, Failures: []*pb.RowFailure{{Code: code, Message: msg}}}
}

// afterPanic makes another instance, and finds the record that made this one panic.
func (t *servedTransform) afterPanic(ctx context.Context, answer *pb.Processed, rows int, err error) *pb.Processed {
	t.end()
	if o := t.start(ctx); t.instance == nil {
		answer.Problem = o.GetProblem()
		return answer
	}
	if rows > 1 {
		answer.Divide = true
		return answer
	}
	return failFirst(answer.GetId(), "panic", err.Error())
}
