package main

import (
	"context"
)

// request asks for a reload. One that waits already reads the same files.
func request(reloads chan<- struct{}) {
	select {
	case reloads <- struct{}{}:
	default:
	}
}

// reloader reloads when it is asked to, until ctx ends.
func (s *supervisor) reloader(ctx context.Context, reloads <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-reloads:
			for _, j := range s.jobs {
				s.reload(ctx, j)
			}
		}
	}
}

// reload reads the files of a pipeline again and applies what changed. Whatever
// is wrong with them, the old pipeline keeps running.
func (s *supervisor) reload(ctx context.Context, j *job) {
	options := s.flags.values.options(s.cli)
	options.Live = j.settings
	l := open(j.path, s.registry, options)
	if err := l.report(s.talk, width(s.stderr), s.colors(s.stderr)); err != nil {
		j.logger.Error("cannot print diagnostics", "error", err)
	}
	const kept = "not reloaded, the old pipeline keeps running"
	if !l.valid {
		j.logger.Error(kept, "error", "the files are not valid")
		return
	}
	g := l.graph()
	if g.Name != j.graph.Name {
		j.logger.Error(kept, "error", "a running pipeline keeps its name, and the files call it "+g.Name+"; restart it")
		return
	}
	changes, err := j.engine.Reload(ctx, g)
	if err != nil {
		j.logger.Error(kept, "error", err)
		return
	}
	j.settings = l.pipeline.Settings
	if err := l.pipeline.SetLive(); err != nil {
		j.logger.Error("settings keep their values", "error", err)
	}
	for _, c := range changes {
		j.logger.Info("stage "+string(c.Kind), "stage", c.Addr)
	}
	j.logger.Info("reloaded", "changes", len(changes))
}
