package cli

import (
	"context"
	"log/slog"
	"sync"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

// plugged is a plugin of a pipeline that runs.
type plugged struct {
	*remote.Plugin
	block dsl.Plugin
	is    remote.Description
	stamp string // see [stampOf]
}

// launched is what became of the plugin blocks of a pipeline.
type launched struct {
	registry *plugins.Registry // with the kinds of those that run
	started  map[string]dsl.Started
	plugins  []*plugged // those that run, in the order written
	fresh    []*plugged // of these, those that were started for it
	programs []string   // of all
}

// processes are the plugins that a command has started. One that the same block wants again goes on.
type processes struct {
	logger  *slog.Logger // takes what they say; nil for warnings, to standard error
	guarded bool         // the command obeys signals itself

	mu      sync.Mutex
	running map[string]*plugged // by what [processKey] returns
	all     []*plugged          // also those that are to end
	guard   *guard
}

// launch starts the plugins of a pipeline that do not run yet, side by side. It returns early when ctx ends.
func (c *cli) launch(ctx context.Context, path string, m *dsl.Module, r *plugins.Registry, o dsl.Options) launched {
	l := launched{registry: r, started: map[string]dsl.Started{}}
	blocks, _ := m.Plugins(o) // what is wrong with them is told when the pipeline is built
	if len(blocks) == 0 {
		return l
	}
	ctx, release := c.processes.watch(ctx, c)
	defer release()
	l.registry = r.Clone()
	found, errs := make([]*plugged, len(blocks)), make([]error, len(blocks))
	var starting sync.WaitGroup
	for i, block := range blocks {
		l.programs = append(l.programs, block.Source)
		stamp := stampOf(block, path)
		if found[i] = c.processes.find(path, block.Name, stamp); found[i] != nil {
			continue
		}
		starting.Go(func() {
			var p *remote.Plugin
			if p, errs[i] = remote.Launch(ctx, c.pluginConfig(block)); errs[i] == nil {
				found[i] = &plugged{p, block, p.Describe(), stamp}
			}
		})
	}
	starting.Wait()
	for i, block := range blocks {
		p, err := found[i], errs[i]
		if err == nil {
			if c.processes.keep(path, p) {
				l.fresh = append(l.fresh, p)
			}
			l.plugins = append(l.plugins, p)
			err = p.Register(l.registry)
		}
		l.started[block.Name] = dsl.Started{Fingerprint: stampOf(block, path), Err: err}
	}
	return l
}

// pluginConfig says how a plugin is run.
func (c *cli) pluginConfig(b dsl.Plugin) remote.Config {
	logger := c.processes.logger
	if logger == nil {
		logger = newLogger(c.stderr, "text", "warn")
	}
	config := remote.Config{
		Name: b.Name, Source: b.Source, SHA256: b.SHA256, Args: b.Args, Env: b.Env, Shown: b.Shown,
		Limits:      remote.Limits{Memory: b.Limits.Memory, Start: b.Limits.Start, Timeout: b.Limits.Timeout},
		HostVersion: c.config.Version, Logger: logger,
	}
	if n := b.Limits.Restart; n != nil {
		if config.Limits.Restart = *n; *n == 0 {
			config.Limits.Restart = -1
		}
	}
	return config
}

// find returns the plugin that runs for a block, nil where none does or the block has changed.
func (p *processes) find(path, name, stamp string) *plugged {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running[processKey(path, name, stamp)]
}

// processKey says which process a block of a pipeline wants.
func processKey(path, name, stamp string) string { return path + "\n" + name + "\n" + stamp }

// keep notes a plugin that runs, and reports whether it is a new one.
func (p *processes) keep(path string, x *plugged) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		p.running = map[string]*plugged{}
	}
	key := processKey(path, x.block.Name, x.stamp)
	if p.running[key] == x {
		return false
	}
	p.running[key] = x
	p.all = append(p.all, x)
	return true
}
