package memory

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
)

const (
	maxPartitions   = 1024
	defaultInactive = time.Hour
)

// hub holds the buses of a registry. They stay as long as the registry does, which is
// the process: a pipeline that is started again finds what was left for it.
type hub struct {
	mu    sync.Mutex
	buses map[string]*bus
}

// open returns a connection to the bus that a block names.
func (h *hub) open(c plugins.Config, env plugins.Env) *connection {
	key := "name " + c.String("name")
	if c.String("name") == "" {
		key = "block " + env.Pipeline + " " + env.Stage
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.buses[key]
	if b == nil {
		b = newBus()
		h.buses[key] = b
	}
	return &connection{bus: b, limits: limits{
		partitions: int(max(c.Int("partitions"), 1)), maxBytes: c.Int("max_bytes"), inactive: c.Duration("inactive_threshold"),
	}}
}

// bus is topics and who reads them.
type bus struct {
	id uint64 // positions tell it

	mu     sync.Mutex
	topics map[string]*topic
	groups map[string]*group
	states map[string]*stateLog
}

func newBus() *bus {
	return &bus{id: rand.Uint64(), topics: map[string]*topic{}, groups: map[string]*group{}, states: map[string]*stateLog{}}
}

// limits are what a connection says of the topics that come into being over it.
type limits struct {
	partitions int
	maxBytes   int64
	inactive   time.Duration
}

// topic is a log for each partition.
type topic struct {
	name       string
	partitions []*partition
}

// topic returns a topic, which comes into being.
func (b *bus) topic(name string, l limits) *topic {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.topicLocked(name, l)
}

func (b *bus) topicLocked(name string, l limits) *topic {
	t := b.topics[name]
	if t != nil {
		return t
	}
	t = &topic{name: name}
	for i := range l.partitions {
		t.partitions = append(t.partitions, newPartition(plugins.Partition{Name: name, ID: int32(i)}, l))
	}
	b.topics[name] = t
	for _, g := range b.groups {
		g.divide()
	}
	return t
}
