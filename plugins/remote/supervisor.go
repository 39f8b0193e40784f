package remote

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/process"
	"github.com/onstream/onstream/plugins/remote/wire"
)

const (
	// restartWindow is the time in which limits.restart counts.
	restartWindow = 10 * time.Minute
	firstPause    = 100 * time.Millisecond
	longPause     = 10 * time.Second
)

// worker is a process of the plugin.
type worker struct {
	plugin  *Plugin
	process *process.Process
	client  pb.PluginClient
	counted sync.Once
	hung    atomic.Bool // it was killed because it did not answer
	good    atomic.Bool // it has answered something
}

func (w *worker) hasExited() bool {
	select {
	case <-w.process.Exited():
		return true
	default:
		return false
	}
}

// supervisor keeps a process of the plugin, and starts it again when it has ended. It is safe for concurrent use.
type supervisor struct {
	plugin *Plugin
	gate   chan struct{} // has a place for who looks for a worker, and may start one
	worker *worker       // the last that was started; behind the gate

	mu     sync.Mutex
	ends   []time.Time // of processes, within restartWindow
	bad    int         // processes, one behind the other, that have answered nothing, and the last end
	last   string      // why the last one has ended
	starts int
	closed chan struct{} // no process is started any more
}

func newSupervisor(p *Plugin) *supervisor {
	return &supervisor{plugin: p, gate: make(chan struct{}, 1), closed: make(chan struct{})}
}

// errClosed is about a plugin whose process is not needed any more.
var errClosed = errors.New("the plugin was closed")

// get returns the process that runs; where there is none, one that it starts, after a pause. An error that is [plugins.Permanent] says that there will be
// none, or not for long.
func (s *supervisor) get(ctx context.Context) (*worker, error) {
	select {
	case s.gate <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-s.gate }()
	for {
		if w := s.worker; w != nil && !w.hasExited() {
			return w, nil
		} else if w != nil {
			s.count(w)
		}
		if err := s.mayStart(ctx); err != nil {
			return nil, err
		}
		w, err := s.plugin.start(ctx)
		if err == nil {
			s.adopt(w)
			return w, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s.note(err.Error(), false)
	}
}

// adopt makes a process that was started the supervisor's.
func (s *supervisor) adopt(w *worker) {
	s.worker = w
	s.mu.Lock()
	s.starts++
	again := s.starts > 1
	s.mu.Unlock()
	if again {
		s.plugin.config.Logger.Info("the plugin was started again", "pid", w.process.PID())
	}
	s.plugin.running.Go(func() { w.process.Watch(s.plugin.config.Limits.Timeout) })
	s.plugin.running.Go(func() {
		<-w.process.Exited()
		s.count(w)
	})
}

// count notes, once, that a process has ended which was not told to.
func (s *supervisor) count(w *worker) {
	w.counted.Do(func() {
		select {
		case <-s.closed:
		default:
			s.note(w.process.Reason(), w.good.Load())
		}
	})
}

// note remembers an end of a process, which has done something good or not, or a start that failed.
func (s *supervisor) note(reason string, good bool) {
	s.mu.Lock()
	s.ends, s.last = append(s.ends, time.Now()), reason
	if good {
		s.bad = 0
	}
	s.bad++
	s.mu.Unlock()
	s.plugin.config.Logger.Warn("the process of the plugin has ended or did not start, and is started again when it is needed", "reason", reason)
}

// givenUp returns the error with which stages stop that need a process; nil where one may be started.
func (s *supervisor) givenUp() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := time.Now().Add(-restartWindow)
	s.ends = slices.DeleteFunc(s.ends, func(at time.Time) bool { return at.Before(old) })
	limit := s.plugin.config.Limits.restarts()
	if len(s.ends) <= limit {
		return nil
	}
	return plugins.Permanent(fmt.Errorf("plugin %s has ended %d times within %v, which is more often than limits.restart = %d lets it start again; the last time: %s",
		s.plugin.config.Name, len(s.ends), restartWindow, limit, s.last))
}

// mayStart waits until a process may be started.
func (s *supervisor) mayStart(ctx context.Context) error {
	if err := s.givenUp(); err != nil {
		return err
	}
	s.mu.Lock()
	n := s.bad
	s.mu.Unlock()
	pause := time.Duration(0)
	if n > 0 {
		pause = min(firstPause<<min(n-1, 16), longPause)
		pause += time.Duration(rand.Int64N(int64(pause)/4 + 1)) // not all plugins of a machine at once
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-s.closed:
		return plugins.Permanent(errClosed)
	default:
	}
	select {
	case <-timer.C:
		return nil
	case <-s.closed:
		return plugins.Permanent(errClosed)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// restarts returns how many processes were started in the place of others.
func (s *supervisor) restarts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, s.starts-1)
}

// close ends the process, and returns when nothing of it is left.
func (s *supervisor) close() {
	s.mu.Lock()
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	s.mu.Unlock()
	s.gate <- struct{}{}
	defer func() { <-s.gate }()
	if s.worker != nil {
		s.worker.process.Stop()
	}
}

// start starts a process, and looks whether it is what it is to be.
func (p *Plugin) start(ctx context.Context) (*worker, error) {
	c := p.config
	limit := time.Now().Add(c.Limits.Start)
	proc, err := process.Start(ctx, process.Config{
		Source: c.Source, SHA256: c.SHA256, Args: c.Args, Env: c.Env, Memory: c.Limits.Memory, Start: c.Limits.Start,
		Handshake: handshake(), Versions: versions(nil), MaxMessage: wire.MaxMessage, Logger: c.Logger, Hide: p.hide,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(ctx, limit)
	defer cancel()
	w := &worker{plugin: p, process: proc, client: pb.NewPluginClient(proc.Conn())}
	about, err := w.client.Describe(ctx, &pb.DescribeRequest{HostVersion: c.HostVersion})
	if err == nil && p.about != nil && !proto.Equal(about, p.about) {
		err = errors.New("it offers other kinds than when the pipeline was built: reload the pipeline, or put the former program back")
	}
	if err == nil {
		if p.about == nil { // at the first start, which Launch makes
			p.about = about
		}
		return w, nil
	}
	switch {
	case w.hasExited() || status.Code(err) == codes.Unavailable && w.settled(): // the stream's end may be seen before the process's
		err = errors.New(proc.Reason())
	case errors.Is(ctx.Err(), context.DeadlineExceeded), status.Code(err) == codes.DeadlineExceeded: // of which the plugin may know first
		err = fmt.Errorf("it has not told within %v (limits.start) what it offers", c.Limits.Start)
	default:
		err = errors.New(p.hide.Clean(broken(err)))
	}
	proc.Kill(err.Error())
	proc.Stop()
	return nil, plugins.ConfigErrorf("source", "%s cannot be used: %v", c.Source, err)
}
