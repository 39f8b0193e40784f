package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/onstream/onstream/cli/monitor"
	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// errStopped is why a run ends at a second signal.
var errStopped = errors.New("stopped before everything in flight was finished")

// supervisor runs pipelines side by side, and everything around them.
type supervisor struct {
	*cli
	flags    *runFlags
	registry *plugins.Registry
	out      *pipe
	talk     *talk
	logger   *slog.Logger
	signals  signals
	paths    []string // of the pipelines
	loaded   string   // their fingerprint before they were read
	jobs     []*job
	took     time.Duration

	reloading sync.Mutex // one pipeline at a time, so that what is said of it stands together
}

// job is one pipeline.
type job struct {
	path     string
	name     string
	settings map[string]*expr.Setting
	plugins  []*plugged // that it runs with
	logger   *slog.Logger
	config   runtime.Config // of its engine
	reloads  chan struct{}  // asks for one
	ended    chan struct{}  // closed when the last engine has ended

	mu       sync.Mutex
	running  *runtime.Engine
	graph    *graph.Graph // what runs, or is to
	programs []string     // of the plugins that its files name
	draining bool
	reloaded monitor.Reloads
}

var _ monitor.Pipeline = (*job)(nil)

// Stats implements [monitor.Pipeline]. They have the pipeline's name also while
// the engine starts and does not know it yet.
func (j *job) Stats() runtime.Stats {
	stats := j.engine().Stats()
	stats.Pipeline = j.name
	return stats
}

// engine returns what runs the pipeline now.
func (j *job) engine() *runtime.Engine {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.running
}

// pipeline returns what runs, or is to.
func (j *job) pipeline() *graph.Graph {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.graph
}

// again puts another engine in the place of one that has ended, and returns it
// with what it is to run.
func (j *job) again() (*runtime.Engine, *graph.Graph) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running = runtime.New(j.config)
	if j.draining {
		j.running.Drain()
	}
	return j.running, j.graph
}

// drain lets the pipeline finish what is in flight.
func (j *job) drain() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.draining = true
	j.running.Drain()
}

// run runs the pipeline, and again from its last checkpoint where that is what
// its engine asks for.
func (j *job) run(ctx context.Context) error {
	const least, most = 100 * time.Millisecond, 30 * time.Second
	e, g := j.engine(), j.pipeline()
	var stored int64 // number of the last checkpoint
	for wait := least; ; wait = min(2*wait, most) {
		err := e.Run(ctx, g)
		if !errors.Is(err, runtime.ErrAgain) || ctx.Err() != nil {
			return err
		}
		j.logger.Warn("the pipeline starts again", "error", err)
		if n := e.Stats().Checkpoint.Number; n > stored {
			wait, stored = least, n // it got on since: this is another mishap, however soon it came
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
		e, g = j.again()
	}
}

// Reloads implements [monitor.Pipeline].
func (j *job) Reloads() monitor.Reloads {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.reloaded
}

// run blocks until every pipeline has ended or one has failed, and everything
// around them has ended too.
func (s *supervisor) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	server, err := s.listen()
	if err != nil {
		return err
	}
	defer s.signals.stopEnd()

	around, endAround := context.WithCancel(ctx)
	var others sync.WaitGroup
	reloads := make(chan struct{}, 1)
	others.Go(func() { s.obey(around, stop, reloads) })
	others.Go(func() { s.spread(around, reloads) })
	for _, j := range s.jobs {
		others.Go(func() { s.reloader(around, j) })
	}
	if server != nil {
		others.Go(func() {
			if err := server.Run(around); err != nil {
				stop(err)
			}
		})
	}
	if _, tuned := s.lookupEnv("GOGC"); !tuned {
		others.Go(func() { newTrimmer().run(around) })
	}
	if s.flags.watch {
		parts := s.parts() // before anything runs
		others.Go(func() { s.watch(around, s.loaded, parts, reloads) })
	}
	if s.wantsProgress() {
		others.Go(func() { s.showProgress(around) })
	}

	start := time.Now()
	err = s.runJobs(ctx, stop)
	s.took = time.Since(start)
	endAround()
	s.signals.stopTold() // a reload that builds something comes too late
	others.Wait()
	return err
}

// runJobs runs the engines until all have ended. The first that fails stops
// the others.
func (s *supervisor) runJobs(ctx context.Context, stop context.CancelCauseFunc) error {
	ended := make(chan error, len(s.jobs))
	for _, j := range s.jobs {
		go func() {
			err := j.run(ctx)
			close(j.ended)
			s.endPlugins(j)
			if err != nil && ctx.Err() == nil {
				err = fmt.Errorf("pipeline %s: %w", j.name, err)
			}
			ended <- err
		}()
	}
	// What is stuck in the system, such as opening a pipe that nobody reads,
	// does not keep a process that was told twice to end.
	stuck := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), errStopped) {
			time.AfterFunc(time.Second, func() { close(stuck) })
		}
	})()
	var first error
	for range s.jobs {
		var err error
		select {
		case err = <-ended:
		case <-stuck:
			return errStopped
		}
		if err == nil || first != nil {
			continue
		}
		first = err
		if ctx.Err() != nil {
			first = context.Cause(ctx)
		}
		stop(first)
	}
	return first
}

func (s *supervisor) listen() (*monitor.Server, error) {
	if s.flags.http == "" {
		return nil, nil
	}
	watched := make([]monitor.Pipeline, len(s.jobs))
	for i, j := range s.jobs {
		watched[i] = j
	}
	server, err := monitor.Listen(s.flags.http, watched, s.logger)
	if err != nil {
		return nil, err
	}
	s.logger.Info("serving metrics", "url", "http://"+server.Addr().String()+"/metrics")
	return server, nil
}
