package remote

import (
	"context"
	"log/slog"

	"google.golang.org/grpc"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// stage is what the host has of a stage whose kind is of a plugin, whatever its role is. It is safe for concurrent use.
type stage struct {
	plugin  *Plugin
	kind    *kind
	role    string
	env     plugins.Env
	message *pb.Stage // which no one changes
	columns []plugins.NamedExpr
	health  *health
	guests  *guestMetrics
	logger  *slog.Logger
}

func newStage(k *kind, c plugins.Config, env plugins.Env) (*stage, error) {
	message, columns, err := k.message(c, env)
	if err != nil {
		return nil, err
	}
	logger := env.Logger
	if logger == nil {
		logger = k.plugin.config.Logger
	}
	return &stage{
		plugin: k.plugin, kind: k, role: roleName(k.role), env: env, message: message, columns: columns,
		health: newHealth(k.plugin, env.Metrics), guests: &guestMetrics{to: env.Metrics}, logger: logger,
	}, nil
}

// line is a stream between a stage and a worker. It is used by one goroutine that sends and one that receives.
type line[Q, R any] struct {
	stage  *stage
	worker *worker
	stream grpc.BidiStreamingClient[Q, R]
	cancel context.CancelFunc
	alarm  alarm
	opened bool
}

// call opens a stream to a worker.
func call[Q, R any](s *stage, w *worker, open func(context.Context, ...grpc.CallOption) (grpc.BidiStreamingClient[Q, R], error)) (*line[Q, R], error) {
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := open(ctx)
	if err != nil {
		cancel()
		return nil, w.lost(context.Background(), s.what(), err)
	}
	return &line[Q, R]{stage: s, worker: w, stream: stream, cancel: cancel, alarm: alarm{worker: w, limit: s.plugin.config.Limits.Timeout, what: s.what()}}, nil
}

// what names the stream to people.
func (s *stage) what() string {
	if s.env.Stage == "" {
		return "stream of a " + s.role + " " + s.kind.name
	}
	return "stream of " + s.env.Stage
}

// ask sends a request and waits for the answer to it, as answered tells it, within limits.timeout: a process that takes longer is killed.
func (l *line[Q, R]) ask(ctx context.Context, request *Q, answered func(*R) (bool, error)) error {
	defer context.AfterFunc(ctx, l.cancel)()
	l.alarm.set()
	defer l.alarm.stop()
	if err := l.stream.Send(request); err != nil {
		_, err = l.stream.Recv() // which says why
		return l.lost(ctx, err)
	}
	for {
		reply, err := l.stream.Recv()
		if err != nil {
			return l.lost(ctx, err)
		}
		if done, err := answered(reply); done || err != nil {
			l.worker.good.Store(l.opened || l.worker.good.Load()) // that it can be opened is not much
			l.opened = true
			return err
		}
	}
}

// lost says what has become of the stream.
func (l *line[Q, R]) lost(ctx context.Context, err error) error {
	err = l.worker.lost(ctx, l.stage.what(), err)
	l.cancel()
	if _, is := err.(*crash); is { //nolint:errorlint // it was just made
		l.stage.health.crashes.Record(1)
	}
	return err
}

// hangUp ends the stream in order, when all is answered.
func (l *line[Q, R]) hangUp() {
	_ = l.stream.CloseSend() // the process may have ended
	l.alarm.set()
	defer l.alarm.stop()
	for {
		if _, err := l.stream.Recv(); err != nil {
			l.cancel()
			return
		}
	}
}
