package plugintest

import (
	"fmt"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// SinkCase is a kind of sink to be tested. What it promises is what the kind
// declares for the configuration ([plugins.Capabilities]) and what stands here.
type SinkCase struct {
	Kind plugins.SinkKind
	// Open prepares a target of its own, empty, for each check.
	Open func(t testing.TB) Target
	// Value is the i-th record; {"n":i} where nil. All are different.
	Value func(i int) string
	// Key and Topic are what batches have of the i-th record; nil for nothing.
	Key, Topic func(i int) string
	// Preamble is what a stream of these records begins with; nil for nothing.
	Preamble []byte
	// Unordered says that records need not arrive in the order in which they were written.
	Unordered bool
	// Records is how many are written in one check at most; 500 where 0.
	Records int
	// Discards says that nothing arrives anywhere.
	Discards bool
}

// Target is where a sink writes to in one check.
type Target struct {
	Config plugins.Config
	Env    plugins.Env // what it lacks is added
	// New makes the sink, where that is not the kind's New.
	New func(plugins.Config, plugins.Env) (plugins.Sink, error)
	// Read returns the records that have arrived, as written. It is called while the sink runs, also while it
	// waits for a done to return. Nil where the kind Discards.
	Read func() ([]string, error)
	// Break makes writes fail for a while, with errors that pass, and Mend ends that.
	// Nil where that cannot be done.
	Break, Mend func()
	// Stall makes writes wait for ever, and Free ends that. Nil where that cannot be done.
	Stall, Free func()
	// Refused is a record that the target takes no more than it takes nonsense, while it takes
	// others; "" for none.
	Refused string
	// Close ends what Open has begun in the name of the sink. It may be nil. A connection in Env is closed in any case.
	Close func()
}

// Sink tests a kind of sink.
func Sink(t *testing.T, c SinkCase) {
	t.Helper()
	run(t, "sink", c.Kind.Name, sinkChecks(), c.complete())
}

// complete returns the case with what stands for nothing given.
func (c SinkCase) complete() SinkCase {
	if c.Value == nil {
		c.Value = func(i int) string { return fmt.Sprintf(`{"n":%d}`, i) }
	}
	if c.Records == 0 {
		c.Records = 500
	}
	return c
}

func sinkChecks() []check[SinkCase] {
	kept := needs("the case keeps nothing", func(c SinkCase) bool { return !c.Discards })
	return []check[SinkCase]{
		{"kind", always[SinkCase], sinkKind},
		{"unused", always[SinkCase], sinkUnused},
		{"delivery", always[SinkCase], sinkDelivery},
		{"selection", always[SinkCase], sinkSelection},
		{"durable", kept, sinkDurable},
		{"direct", always[SinkCase], sinkDirect},
		{"mixture", always[SinkCase], sinkMixture},
		{"large", always[SinkCase], sinkLarge},
		{"restart", kept, sinkRestart},
		{"temporary", kept, sinkTemporary},
		{"refused", kept, sinkRefused},
		{"repeat", kept, sinkRepeat},
		{"stop", always[SinkCase], sinkStop},
		{"stalled", always[SinkCase], sinkStalled},
	}
}
