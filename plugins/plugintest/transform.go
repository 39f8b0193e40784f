package plugintest

import (
	"math/rand/v2"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// TransformCase is a kind of transform to be tested, with one input.
type TransformCase struct {
	Kind plugins.TransformKind
	// Open configures a stage for each check.
	Open func(t testing.TB) Stage
	// Row makes the values of the i-th record, in the order of the fields of Stage.In;
	// values of the fields' types at random where nil.
	Row func(rng *rand.Rand, i int) []plugins.Value
	// Payload makes the payload of a record of its values; none where nil.
	Payload func(row []plugins.Value) string
	// Rows is how many records there are in a check; 300 where 0.
	Rows int
	// Unstable says why what comes out depends on how the records are divided into batches, "" for
	// not: then that is not tested.
	Unstable string
}

// Stage is a configured transform.
type Stage struct {
	Config plugins.Config
	Env    plugins.Env // what it lacks is added
	// In is the shape of the input: each of its fields is a column.
	In plugins.Shape
	// New makes an instance, where that is not the kind's New.
	New func(plugins.Config, plugins.Env) (plugins.Transform, error)
	// Close ends what the instances have in common. It may be nil; the Env's Shared is
	// closed in any case.
	Close func()
}

// Transform tests a kind of transform.
func Transform(t *testing.T, c TransformCase) {
	t.Helper()
	run(t, "transform", c.Kind.Name, transformChecks(), c.complete())
}

// complete returns the case with what stands for nothing given.
func (c TransformCase) complete() TransformCase {
	if c.Rows == 0 {
		c.Rows = 300
	}
	return c
}

func transformChecks() []check[TransformCase] {
	stable := func(c TransformCase) string { return c.Unstable }
	return []check[TransformCase]{
		{"kind", always[TransformCase], transformKind},
		{"unused", always[TransformCase], transformUnused},
		{"conservation", always[TransformCase], transformConservation},
		{"selection", stable, transformSelection},
		{"division", stable, transformDivision},
		{"input", always[TransformCase], transformInput},
		{"instances", stable, transformInstances},
		{"stop", always[TransformCase], transformStop},
		{"resume", stable, transformResume},
	}
}
