package transforms

import (
	"time"

	"github.com/onstream/onstream/plugins"
)

func absenceKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "absence",
		Schema: plugins.Schema{
			Doc: "Notices that nothing has come from a key for a time, once, and its return. The records themselves are absorbed: read them where this stage does. A gap in a key's own times shows when it returns; before that the time of the other keys tells, and the pipeline's clock does while it runs. What it reports is the same, whichever of these notices it.",
			Example: `transform "absence" "silent" {
  from = source.readings
  key  = event.device
  time = event.ts
  for  = "10m"
  emit = { device = key, status = absence.status, last = absence.last }
}`,
			Attrs: append([]plugins.Attr{
				{Name: "for", Type: plugins.AttrDuration, Required: true, Min: plugins.Bound(1e-3), Doc: "How long nothing may come."},
				{Name: "forget", Type: plugins.AttrDuration, Default: 24 * time.Hour, Min: plugins.Bound(1e-3), Doc: "How long after its last record an absent key is forgotten: then its return is that of a new key, and not reported."},
				{Name: "timeout", Type: plugins.AttrDuration, Min: plugins.Bound(0), Doc: "With time: how long nothing may come by the pipeline's clock; as long as for unless given, and 0s for not to look at that clock. A time in which the pipeline does not run does not count."},
				{Name: "keys", Type: plugins.AttrStrings, Doc: "Keys to expect from the start, so that one that never comes is absent too, by the pipeline's clock. They are not forgotten."},
				{Name: "emit", Type: plugins.AttrExprMap, Doc: "What is reported; the key and the fields of `absence` unless given."},
				maxKeysAttr(),
			}, retentionAttrs()...),
		},
		Keyed:    true,
		Stateful: true,
		Outputs:  absenceOutputs,
		Locals: func(attr string, _ []plugins.Shape, c plugins.Config) ([]plugins.Local, bool) {
			if attr != "emit" {
				return nil, true
			}
			return append(keyLocal(c), absenceLocal(c)), false
		},
		StateJSON: absenceJSON,
		Describe: func(c plugins.Config) plugins.Description {
			// What others have to do with it depends on which of them came first.
			return plugins.Description{State: "times" + byText(c, c.Expr("key")), Volatile: true}
		},
		New: newAbsence,
	}
}

// absenceLocal is the local `absence`. Expected keys may never have come.
func absenceLocal(c plugins.Config) plugins.Local {
	last, gone := plugins.Of(plugins.Time), plugins.Of(plugins.Duration)
	last.Nullable, gone.Nullable = c.Has("keys"), c.Has("keys")
	return plugins.Local{
		Root: "absence", Doc: "Whether the key is absent or returned, when it last came before, when that shows, and the time between the two.",
		Type: plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{
			{Name: "status", Type: plugins.Of(plugins.String)},
			{Name: "last", Type: last},
			{Name: "at", Type: plugins.Of(plugins.Time)},
			{Name: "gone", Type: gone},
		}},
	}
}

// absenceTimeout returns after how long the pipeline's clock tells, 0 for never.
func absenceTimeout(c plugins.Config) time.Duration {
	if c.Has("timeout") {
		return c.Duration("timeout")
	}
	return c.Duration("for")
}

func absenceOutputs(_ plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	if err := checkEventTime(c); err != nil {
		return nil, err
	}
	key := c.Expr("key")
	switch {
	case c.String("clock") == "processing" && c.Has("timeout"):
		return nil, plugins.ConfigErrorf("timeout", "the pipeline's clock is the only one here: remove timeout, for does the same")
	case c.Duration("forget") <= c.Duration("for"):
		return nil, plugins.ConfigErrorf("forget", "a key would be forgotten before it is absent: make forget longer than for")
	case c.Has("keys") && key == nil:
		return nil, plugins.ConfigErrorf("keys", "the stage has no key, so there are none to expect: give key")
	case c.Has("keys") && key.Type().Kind != plugins.String && key.Type().Kind != plugins.Any:
		return nil, plugins.ConfigErrorf("keys", "the keys are of type %s, but strings are expected: make the key a string, such as \"${...}\"", key.Type())
	case c.Has("keys") && c.String("clock") != "processing" && absenceTimeout(c) == 0:
		return nil, plugins.ConfigErrorf("keys", "only the pipeline's clock tells that a key never came, and timeout turns it off: remove one of them")
	}
	shape, err := emitShape(c, defaultEmit(c, absenceLocal(c)))
	return []plugins.Output{{Shape: shape}}, err
}
