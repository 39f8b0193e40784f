package cli

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// request asks for a reload. One that waits already reads the same files.
func request(reloads chan<- struct{}) {
	select {
	case reloads <- struct{}{}:
	default:
	}
}

// spread asks for a reload of each pipeline when one of all is asked for, until
// ctx ends.
func (s *supervisor) spread(ctx context.Context, reloads <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-reloads:
			for _, j := range s.jobs {
				request(j.reloads)
			}
		}
	}
}

// reloader reloads a pipeline when it is asked to, until ctx ends. What is
// asked for while it starts is done when it has started.
func (s *supervisor) reloader(ctx context.Context, j *job) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.reloads:
			if j.awaitReady(ctx) {
				s.reload(ctx, j)
			} else {
				j.logger.Info(tooLate)
			}
		}
	}
}

// tooLate is what is said of a reload of a pipeline that ends or has ended.
const tooLate = "not reloaded, the pipeline is ending"

// readyEvery is how often it is seen whether a pipeline has started.
const readyEvery = 20 * time.Millisecond

// awaitReady waits until the pipeline runs. It returns false when it will not
// any more.
func (j *job) awaitReady(ctx context.Context) bool {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for !j.engine().Stats().Ready {
		select {
		case <-ctx.Done():
			return false
		case <-j.ended:
			return false
		case <-tick.C:
		}
	}
	return true
}

// reload reads the files of a pipeline again and applies what changed. Whatever
// is wrong with them, the old pipeline keeps running.
func (s *supervisor) reload(ctx context.Context, j *job) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	options := s.flags.options(s.cli)
	options.Live = j.settings
	l := s.open(s.signals.told, j.path, s.registry, options)
	j.watchPrograms(l.programs)
	applied := false
	defer func() {
		if !applied {
			s.processes.drop(l.fresh)
		}
	}()
	if ctx.Err() != nil || s.signals.told.Err() != nil { // what is wrong is that it is too late
		j.logger.Info(tooLate)
		return
	}
	s.diagnose(j, l)
	if !l.valid {
		j.kept("the files are not valid")
		return
	}
	g := l.graph()
	if g.Name != j.name {
		j.kept("a running pipeline keeps its name, and the files call it " + g.Name + "; restart it")
		return
	}
	changes, err := j.engine().Reload(ctx, g)
	applied = err == nil || changes != nil
	switch {
	case err != nil && !j.engine().Stats().Ready:
		j.logger.Info(tooLate, "error", err)
		return
	case err != nil:
		j.kept(err)
		return
	}
	j.tell(true)
	j.goOnWith(g)
	tellStarted(j.logger, l.fresh)
	s.goOnWithPlugins(j, l.plugins)
	for _, c := range changes {
		j.logger.Info("stage "+string(c.Kind), "stage", c.Addr)
	}
	j.logger.Info("reloaded", "changes", len(changes)+j.set(l.pipeline))
}

// set gives the settings the values that the files of the pipeline say, tells those that are others now, and returns how
// many. A stage that reads one has not changed itself.
func (j *job) set(p *dsl.Pipeline) (changed int) {
	before := map[string]plugins.Value{}
	for name, s := range j.settings {
		before[name] = s.Get()
	}
	j.settings = p.Settings
	if err := p.SetLive(); err != nil {
		j.logger.Error("settings keep their values", "error", err)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Settings)) {
		now := p.Settings[name].Get()
		if old, ok := before[name]; !ok || old == now {
			continue
		}
		text := now.String()
		if now.Kind == plugins.String { // the log quotes it
			text = now.Text
		}
		j.logger.Info("setting changed", "setting", name, "value", text)
		changed++
	}
	return changed
}

// kept says why the pipeline goes on as it was.
func (j *job) kept(why any) {
	j.tell(false)
	j.logger.Error("not reloaded, the old pipeline keeps running", "error", why)
}

// tell counts a reload.
func (j *job) tell(applied bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reloaded.Tried++
	j.reloaded.Failing = !applied
	if applied {
		j.reloaded.At = time.Now()
	} else {
		j.reloaded.Failed++
	}
}

// diagnose tells what is wrong with the files: among records of a log in JSON,
// each diagnostic is one.
func (s *supervisor) diagnose(j *job, l loaded) {
	if s.flags.logFormat.value != "json" {
		if err := l.report(s.talk, width(s.stderr), s.colors(s.stderr)); err != nil {
			j.logger.Error("cannot print diagnostics", "error", err)
		}
		return
	}
	for _, d := range l.diagnostics {
		level := slog.LevelError
		if d.Severity == "warning" {
			level = slog.LevelWarn
		}
		attrs := []slog.Attr{slog.String("summary", d.Summary), slog.String("detail", d.Detail)}
		if d.Range != nil {
			attrs = append(attrs, slog.String("file", d.Range.File), slog.Int("line", d.Range.Line))
		}
		j.logger.LogAttrs(context.Background(), level, "diagnostic", attrs...)
	}
}

// goOnWith notes what runs now.
func (j *job) goOnWith(g *graph.Graph) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.graph = g
}
