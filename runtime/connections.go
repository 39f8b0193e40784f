package runtime

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// connections are what the stages of an engine work over, each shared by those
// that name it.
type connections struct {
	engine *Engine
	mu     sync.Mutex
	open   []*connection // in the order in which they were made
	graphs []*graph.Graph
}

type connection struct {
	plugins.Connection
	name, fingerprint string
}

// of returns the connection that a stage names, and makes it for the first
// stage that does; nil for a stage that names none.
func (c *connections) of(s *graph.Stage) (plugins.Connection, error) {
	if s.Via == "" {
		return nil, nil
	}
	kind, config := s.Config.Connector()
	print := s.Over()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.open {
		if o.name == s.Via && o.fingerprint == print {
			return o.Connection, nil
		}
	}
	made, err := kind.New(config, c.env(s.Via))
	if err != nil {
		return nil, fmt.Errorf("connector.%s: %w", s.Via, err)
	}
	c.open = append(c.open, &connection{made, s.Via, print})
	return made, nil
}

// env returns what a connection gets.
func (c *connections) env(name string) plugins.Env {
	e := c.engine
	addr := "connector." + name
	env := plugins.Env{
		Pipeline: e.state.name, Stage: addr, Now: e.config.Now, Sleep: e.config.Sleep, Pool: &e.pool,
		Logger: e.config.Logger.With("stage", addr),
	}
	if e.state.durable {
		env.Owner = e.state.owner
		env.Dir = filepath.Join(e.state.store.Path(), "connectors", name)
	}
	return env
}

// hold keeps the connections of a graph open until it is released: while it runs,
// is about to, or has something to finish.
func (c *connections) hold(g *graph.Graph) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.graphs = append(c.graphs, g)
}

// release closes the connections, the newest first, that no graph needs any more
// but this one.
func (c *connections) release(g *graph.Graph) {
	c.mu.Lock()
	if i := slices.Index(c.graphs, g); i >= 0 {
		c.graphs = slices.Delete(c.graphs, i, i+1)
	}
	var over []*connection
	c.open = slices.DeleteFunc(c.open, func(o *connection) bool {
		gone := !slices.ContainsFunc(c.graphs, o.neededBy)
		if gone {
			over = append(over, o)
		}
		return gone
	})
	c.mu.Unlock()
	for _, o := range slices.Backward(over) {
		if err := o.Close(context.Background()); err != nil {
			c.engine.config.Logger.Warn("a connection was not closed in order", "stage", "connector."+o.name, "error", err)
		}
	}
}

// close closes all connections.
func (c *connections) close() {
	c.mu.Lock()
	c.graphs = nil
	c.mu.Unlock()
	c.release(nil)
}

func (o *connection) neededBy(g *graph.Graph) bool {
	return slices.ContainsFunc(g.Stages, func(s *graph.Stage) bool { return s.Via == o.name && s.Over() == o.fingerprint })
}

// stats returns how the connections are.
func (c *connections) stats() []ConnectionStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []ConnectionStats
	for _, o := range c.open {
		if m, ok := o.Connection.(plugins.Monitored); ok {
			all = append(all, ConnectionStats{Addr: "connector." + o.name, ConnectionStatus: m.Status()})
		}
	}
	return all
}
