package remote

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// servedStage is what the stages of all roles have: the configuration and the environment of one that a stream runs.
type servedStage struct {
	stage   *pb.Stage
	config  plugins.Config
	env     plugins.Env
	log     *slog.Logger
	unshare func()
}

// openStage makes what the instance of a stage needs. Close it.
func (a *author) openStage(p *pb.Stage, role pb.Role) (*servedStage, error) {
	if p.GetRole() != role {
		return nil, status.Errorf(codes.InvalidArgument, "a stream of %ss was opened for a %s", roleName(role), roleName(p.GetRole()))
	}
	c, err := a.config(p)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	shared, unshare, err := a.share(p)
	if err != nil {
		return nil, err
	}
	log := a.log.With("stage", p.GetAddress())
	return &servedStage{
		stage: p, config: c, log: log, unshare: unshare,
		env: plugins.Env{
			Pipeline: p.GetPipeline(), Stage: p.GetAddress(), Now: time.Now, Logger: log, Pool: &plugins.Pool{}, Shared: shared, Metrics: &plugins.Metrics{},
			Framing: plugins.Framing{Terminator: []byte(p.GetTerminator())},
		},
	}, nil
}

// replies sends what goes to the host on a stream. It is safe for concurrent use.
type replies[T any] struct {
	mu     sync.Mutex
	stream interface{ Send(*T) error }
}

func (r *replies[T]) send(x *T) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stream.Send(x)
}

// tell calls f now and then until what is returned was called, and then once more.
func tell(f func()) (stop func()) {
	const every = time.Second
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				f()
				return
			case <-tick.C:
				f()
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// open calls the Open of an instance, where it has one, and returns what the host is told.
func (s *servedStage) open(ctx context.Context, instance any) *pb.Opened {
	o, ok := instance.(plugins.Opener)
	if !ok {
		return &pb.Opened{}
	}
	return opened("open", guard(s.log, "Open", func() error { return o.Open(ctx) }))
}

func opened(operation string, err error) *pb.Opened {
	return &pb.Opened{Problem: wire.FromError(operation, err)}
}

// close calls the Close of an instance, where it has one.
func (s *servedStage) close(ctx context.Context, instance any) error {
	c, ok := instance.(plugins.Closer)
	if !ok {
		return nil
	}
	return guard(s.log, "Close", func() error { return c.Close(ctx) })
}

// drain waits for the end of the requests of a stage that could not be opened for good.
func drain[T any](stream interface{ Recv() (*T, error) }) error {
	for {
		if _, err := stream.Recv(); err != nil {
			return ended(err)
		}
	}
}

// ended returns nil for the end of the requests, which is as it is to be.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// outOfPlace is the error of a request that does not belong where it came.
func outOfPlace(what string, request any) error {
	return status.Errorf(codes.InvalidArgument, "a %s was sent %T out of place", what, request)
}
