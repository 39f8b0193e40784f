package memory

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// connection is a bus as one connector block sees it.
type connection struct {
	bus    *bus
	limits limits
}

var (
	_ connectors.Bus     = (*connection)(nil)
	_ connectors.Browser = (*connection)(nil)
	_ connectors.Private = (*connection)(nil)
	_ plugins.Monitored  = (*connection)(nil)
)

// Reader implements [connectors.Bus].
func (c *connection) Reader(s connectors.Subscription, env plugins.Env) (plugins.Source, error) {
	return &reader{connection: c, Subscription: s, env: env}, nil
}

// Writer implements [connectors.Bus].
func (c *connection) Writer(p connectors.Publication, env plugins.Env) (plugins.Sink, error) {
	return &writer{connection: c, fixed: p.Topic, env: env, topics: map[string]*topic{}}, nil
}

// Topics implements [connectors.Browser].
func (c *connection) Topics(context.Context) ([]connectors.TopicInfo, error) {
	c.bus.mu.Lock()
	defer c.bus.mu.Unlock()
	var all []connectors.TopicInfo
	for _, t := range c.bus.topics {
		info := connectors.TopicInfo{Name: t.name, Partitions: len(t.partitions)}
		for _, p := range t.partitions {
			begin, end := p.bounds()
			info.Records += end - begin
		}
		all = append(all, info)
	}
	slices.SortFunc(all, func(a, b connectors.TopicInfo) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Private implements [connectors.Private].
func (c *connection) Private() error {
	return errors.New("a memory bus is inside the process that runs the pipeline, and gone with it: use one that others reach, such as nats with listen")
}

// Status implements [plugins.Monitored].
func (c *connection) Status() plugins.ConnectionStatus {
	return plugins.ConnectionStatus{Connected: true}
}

// Close implements [plugins.Closer]. The bus stays for those who come later.
func (c *connection) Close(context.Context) error { return nil }
