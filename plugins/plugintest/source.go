package plugintest

import (
	"fmt"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// SourceCase is a kind of source to be tested. What it promises is what the kind
// declares for the configuration ([plugins.Capabilities]) and what stands here.
type SourceCase struct {
	Kind plugins.SourceKind
	// Open prepares an input of its own, empty, for each check.
	Open func(t testing.TB) Input
	// Value is the i-th record that is put in; {"n":i} where nil.
	Value func(i int) string
	// Record is what a row is called that was handed over: what was put in, if nothing went wrong.
	// The payload where nil.
	Record func(b *plugins.Batch, row uint32) string
	// Records is how many are put in at most; 200 where 0.
	Records int
	// Online says that Put works only while the source runs: it waits for the
	// source, and may wait for its answer. Otherwise the input is there
	// before the source.
	Online bool
	// Follows says that what is put in while the source runs is read too.
	Follows bool
	// Ends says that Run returns when everything that is there was read.
	Ends bool
	// Makes is what a source without input hands over first. One that Ends hands over nothing else.
	Makes []string
	// Unordered says that records need not come in the order in which they were put in.
	Unordered bool
	// Ahead is how many batches the source may have filled, or be filling,
	// beyond those that were taken; 8 where 0.
	Ahead int
}

// Input is what a source reads in one check.
type Input struct {
	Config plugins.Config
	Env    plugins.Env // what it lacks is added
	// New makes the source, where that is not the kind's New.
	New func(plugins.Config, plugins.Env) (plugins.Source, error)
	// Put adds a record. An error says that the source did not take it, and that whoever
	// sends it knows: it is put in again. Nil for sources that have no input.
	Put func(value string) error
	// Poison adds what cannot be made a record. Nil where that is impossible.
	Poison func() error
	// Started is told of each source that is made for the input, before Run. It may be nil.
	Started func(plugins.Source)
	// Close ends what Open has begun in the name of the source, before it is looked for what is left over. It may be
	// nil. A connection in Env is closed in any case.
	Close func()
}

// Source tests a kind of source.
func Source(t *testing.T, c SourceCase) {
	t.Helper()
	run(t, "source", c.Kind.Name, sourceChecks(), c.complete())
}

// complete returns the case with what stands for nothing given.
func (c SourceCase) complete() SourceCase {
	if c.Value == nil {
		c.Value = func(i int) string { return fmt.Sprintf(`{"n":%d}`, i) }
	}
	if c.Records == 0 {
		c.Records = 200
	}
	if c.Ahead == 0 {
		c.Ahead = 8
	}
	return c
}

func fed(c SourceCase) bool { return c.Makes == nil }

func sourceChecks() []check[SourceCase] {
	return []check[SourceCase]{
		{"kind", always[SourceCase], sourceKind},
		{"unused", always[SourceCase], sourceUnused},
		{"delivery", always[SourceCase], sourceDelivery},
		{"stop", always[SourceCase], sourceStop},
		{"back_pressure", always[SourceCase], sourceBackPressure},
		{"refused", always[SourceCase], sourceRefused},
		{"late_answers", always[SourceCase], sourceLateAnswers},
		{"follow", needs("the case does not follow its input", func(c SourceCase) bool { return c.Follows && fed(c) }), sourceFollow},
		{"poison", needs("the case has no input", fed), sourcePoison},
		{"resume", needs("the case has no input", fed), sourceResume},
		{"bad_position", always[SourceCase], sourceBadPosition},
		{"redelivery", needs("the case has no input", fed), sourceRedelivery},
		{"nack", always[SourceCase], sourceNack},
		{"progress", always[SourceCase], sourceProgress},
	}
}

// values returns the records from one number on up to another.
func (c SourceCase) values(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, c.Value(i))
	}
	return all
}
