package runtime

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/spool"
)

// secured returns the source with what the state directory adds to it: a spool
// where it cannot be read again, and the records that somebody has put there
// to be replayed.
func (e *Engine) secured(s *graph.Stage, kind plugins.SourceKind, src plugins.Source) (plugins.Source, error) {
	if !e.state.durable {
		return src, nil
	}
	options := spool.Options{MaxBytes: s.SpoolBytes, Logger: e.config.Logger.With("stage", s.Addr())}
	if kind.Capabilities != nil && kind.Capabilities(s.Config).Spooled() {
		wrapped, err := spool.Wrap(src, filepath.Join(e.state.store.Path(), "spool", s.Name), &e.pool, options)
		if err != nil {
			return nil, err
		}
		src = wrapped
	}
	dir := e.replayDir(s)
	some, err := spool.HasReplay(dir)
	if err != nil || !some {
		return &replaying{Source: src, dir: dir}, err
	}
	again, err := spool.Replay(dir, options)
	return &replaying{src, dir, again}, err
}

// withReplays adds to the changes of a reload the sources that go on as they
// are but have records to replay.
func (e *Engine) withReplays(changes []graph.Change, old *topology, g *graph.Graph) ([]graph.Change, error) {
	if !e.state.durable {
		return changes, nil
	}
	for _, s := range g.Stages {
		was := old.graph.Stage(s.Addr())
		if s.Role != graph.Source || was == nil || slices.ContainsFunc(changes, func(c graph.Change) bool { return c.Addr == s.Addr() }) {
			continue
		}
		some, err := spool.HasReplay(e.replayDir(s))
		if err != nil {
			return nil, err
		}
		if some {
			changes = append(changes, graph.Change{Addr: s.Addr(), Kind: graph.Changed, Old: was, New: s})
		}
	}
	return changes, nil
}

// replayDir is where records are put that are to be replayed into a source.
func (e *Engine) replayDir(s *graph.Stage) string {
	return filepath.Join(e.state.store.Path(), "replay", s.Name)
}

// replaying is a source together with records that are replayed into it, in
// partitions of their own.
type replaying struct {
	plugins.Source
	dir   string              // where records to be replayed are put
	again *spool.ReplaySource // nil for nothing to replay
}

var (
	_ plugins.Seeker     = (*replaying)(nil)
	_ plugins.Progresser = (*replaying)(nil)
	_ plugins.Lagging    = (*replaying)(nil)
)

// Seek implements [plugins.Seeker]. The positions of what was replayed before
// are no business of the source.
func (r *replaying) Seek(positions map[plugins.Partition]plugins.Position) error {
	if r.again != nil {
		if err := r.again.Seek(positions); err != nil {
			return err
		}
	}
	own := maps.Clone(positions)
	maps.DeleteFunc(own, func(p plugins.Partition, _ plugins.Position) bool {
		return strings.HasPrefix(p.Name, spool.ReplayPrefix)
	})
	if s, ok := r.Source.(plugins.Seeker); ok && len(own) > 0 {
		return s.Seek(own)
	}
	return nil
}

// Run implements [plugins.Source]: both bring their records side by side.
func (r *replaying) Run(ctx context.Context, out plugins.Outlet) error {
	if r.again == nil {
		return r.Source.Run(ctx, out)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var both sync.WaitGroup
	var once sync.Once
	var failed error
	for _, s := range []plugins.Source{r.Source, r.again} {
		both.Go(func() {
			if err := s.Run(ctx, out); err != nil {
				once.Do(func() { failed = err })
				stop()
			}
		})
	}
	both.Wait()
	return failed
}

// spooled returns what the source's spool holds, nil where it has none.
func (r *replaying) spooled() *spool.Stats {
	s, ok := r.Source.(*spool.Source)
	if !ok {
		return nil
	}
	stats := s.Stats()
	return &stats
}

// Progress implements [plugins.Progresser].
func (r *replaying) Progress() (done, total int64) {
	if p, ok := r.Source.(plugins.Progresser); ok {
		done, total = p.Progress()
	}
	if r.again != nil {
		d, t := r.again.Progress()
		done, total = done+d, total+t
	}
	return done, total
}

// Lag implements [plugins.Lagging].
func (r *replaying) Lag() (records int64, ok bool) {
	if l, is := r.Source.(plugins.Lagging); is {
		return l.Lag()
	}
	return 0, false
}

// forgetReplays lets the next checkpoint forget where replays stand that are
// over. They are when their records are not there any more: while they are, the
// position says which of them went in.
func (a *sourceActor) forgetReplays() {
	r, ok := a.source.(*replaying)
	if !ok {
		return
	}
	for b := a; b != nil; b = b.replaced() {
		for _, p := range b.idleReplays() {
			if !spool.Replayed(r.dir, p) {
				continue
			}
			b.forgetReplay(p)
			a.mu.Lock()
			a.gone[p] = true
			a.mu.Unlock()
		}
	}
}

// replaced returns the source that this one took over from while something of
// that is unfinished, otherwise nil.
func (a *sourceActor) replaced() *sourceActor {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.before
}

// idleReplays returns the partitions that are replays of which nothing is in
// flight.
func (a *sourceActor) idleReplays() []plugins.Partition {
	a.mu.Lock()
	defer a.mu.Unlock()
	var idle []plugins.Partition
	for p := range a.resume {
		if t := a.tasks[p]; t == nil && !a.broken[p] && strings.HasPrefix(p.Name, spool.ReplayPrefix) {
			idle = append(idle, p)
		}
	}
	for p, t := range a.tasks {
		if _, broken := t.position(false); !broken && t.idle() && strings.HasPrefix(p.Name, spool.ReplayPrefix) {
			idle = append(idle, p)
		}
	}
	return idle
}

// forgetReplay gives up what is known of a replay that is idle.
func (a *sourceActor) forgetReplay(p plugins.Partition) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keepPosition(p, a.tasks[p]) // and how to tell the source what it was not told yet
	delete(a.tasks, p)
	delete(a.over, p)
	delete(a.resume, p)
}
