package remote

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/process"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// Plugin is a program that offers kinds, and its process. It is safe for concurrent use.
type Plugin struct {
	config     Config
	hide       *process.Redactor
	about      *pb.DescribeReply // since the first start
	kinds      []*kind
	digest     string
	supervisor *supervisor
	trials     *trials
	known      configurations
	running    sync.WaitGroup

	mu      sync.Mutex
	users   int // stages that may need the process
	retired bool
}

// Description says what a plugin offers.
type Description struct {
	Name    string // as it calls itself
	Version string
	// Names of its kinds, without the plugin's in front, sorted.
	Sources, Transforms, Sinks, Lookups []string
}

// Launch starts the program of a plugin and asks what it offers. Close is to be called in the end. When ctx ends before that is done, the program is
// killed; afterwards ctx is of no account. What is wrong with the configuration or the program is a [plugins.ConfigError] whose path is that of an attribute
// of the plugin's block in a pipeline.
func Launch(ctx context.Context, c Config) (*Plugin, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Env = maps.Clone(c.Env)
	p := &Plugin{config: c, hide: new(process.Redactor)}
	p.config.Logger = c.Logger.With("plugin", c.Name)
	for name, value := range c.Env {
		if !slices.Contains(c.Shown, name) {
			p.hide.Add(value.Reveal())
		}
	}
	p.supervisor = newSupervisor(p)
	p.trials = &trials{plugin: p, gate: make(chan struct{}, 1)}
	digest, err := process.Digest(c.Source)
	if err == nil {
		p.digest = digest
	} // else the start tells
	w, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	if p.kinds, err = p.readKinds(p.about); err != nil {
		w.process.Stop()
		return nil, plugins.ConfigErrorf("source", "%s cannot be used: %v", c.Source, err)
	}
	p.supervisor.adopt(w)
	return p, nil
}

// Describe returns what the plugin offers.
func (p *Plugin) Describe() Description {
	d := Description{Name: p.about.GetName(), Version: wire.Clip(p.about.GetVersion(), wire.MaxName)}
	for _, k := range p.kinds {
		list := map[pb.Role]*[]string{pb.Role_SOURCE: &d.Sources, pb.Role_TRANSFORM: &d.Transforms, pb.Role_SINK: &d.Sinks, pb.Role_LOOKUP: &d.Lookups}[k.role]
		*list = append(*list, k.own)
	}
	for _, list := range [][]string{d.Sources, d.Transforms, d.Sinks, d.Lookups} {
		slices.Sort(list)
	}
	return d
}

// Pid returns the number of the process; 0 where there is none at the moment.
func (p *Plugin) Pid() int {
	p.supervisor.gate <- struct{}{}
	defer func() { <-p.supervisor.gate }()
	if w := p.supervisor.worker; w != nil && !w.hasExited() {
		return w.process.PID()
	}
	return 0
}

// Digest returns the SHA-256 of the program as it was launched, in hexadecimal digits.
func (p *Plugin) Digest() string { return p.digest }

// Close ends the process in order, which takes no longer than a few seconds, and returns when nothing of it is left. Stages that still need it fail. It may be called
// several times.
func (p *Plugin) Close() error {
	p.supervisor.close()
	p.running.Wait()
	return nil
}

// Retire closes the plugin when no stage needs it any more, which may be at once, and returns without waiting for that.
func (p *Plugin) Retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = true
	p.closeUnused()
}

// use notes that a stage may need the process, until the function that is returned is called.
func (p *Plugin) use() (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users++
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.users--
		p.closeUnused()
	})
}

// closeUnused ends the process of a plugin that is retired; p.mu is held.
func (p *Plugin) closeUnused() {
	if p.retired && p.users == 0 {
		go p.supervisor.close()
	}
}

// String names the plugin to people.
func (p *Plugin) String() string {
	return fmt.Sprintf("plugin %s", p.config.Name)
}
