package transforms

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// maxRepeats bounds count, because so many records are kept for each key.
const maxRepeats = 1000

func detectKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "detect",
		Schema: plugins.Schema{
			Doc: "Looks for a pattern in the records of each key, and emits a record for each that it finds: `first` and `then` for one record followed by another; `first` and `without` for one that is not followed by another; `when` and `count` for so many of a sort; each `within` a time. Records count in the order of their times: one that is at most `lateness` older than the latest of its key still finds its place, an older one leaves by the output `late`. After a match the search starts afresh; the records that led to it are used up. Other records are absorbed. An absence of the other record is noticed when the time of its own key or of the other keys has gone on; set `timeout` where it is to be noticed also while nothing comes at all.",
			Example: `transform "detect" "left_open" {
  from    = source.doors
  key     = event.door
  time    = event.ts
  first   = event.state == "open"
  without = event.state == "closed"
  within  = "2m"
  emit    = { door = key, opened = first.ts, by = first.user }
}`,
			Attrs: append(append([]plugins.Attr{
				{Name: "first", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Bool), Doc: "The records with which the pattern begins. Before `then` the last of several counts, before `without` the first."},
				{Name: "then", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Bool), Doc: "The records that are to follow. One that meets both conditions ends a pattern if one has begun, otherwise it begins one."},
				{Name: "without", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Bool), Doc: "The records that are not to follow. One that meets both conditions ends a wait, and begins the next."},
				{Name: "when", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Bool), Doc: "The records to count."},
				{Name: "count", Type: plugins.AttrInt, Min: plugins.Bound(2), Max: plugins.Bound(maxRepeats), Doc: "How many there are to be."},
				{Name: "within", Type: plugins.AttrDuration, Required: true, Min: plugins.Bound(1e-6), Doc: "The time from the first record of the pattern to the last, itself included."},
				{Name: "cooldown", Type: plugins.AttrDuration, Min: plugins.Bound(1e-6), Doc: "How long after a match the records of its key do not count."},
				{Name: "emit", Type: plugins.AttrExprMap, Doc: "The record of a match; the key and the fields of `match` unless given. What it reads of `first` and `last` is kept of records, and nothing else."},
				maxKeysAttr(),
			}, eventTimeAttrs(plugins.AttrExpr)...), lateAttrs(idleAttr())...),
		},
		Keyed:     true,
		Stateful:  true,
		Outputs:   detectOutputs,
		Locals:    detectLocals,
		Recalls:   []string{"first", "last"},
		StateJSON: detectJSON,
		Describe: func(c plugins.Config) plugins.Description {
			text := patternName(c) + byText(c, c.Expr("key"))
			if fs := recalled(c); len(fs) > 0 {
				text += "; " + plugins.Type{Kind: plugins.Record, Fields: fs}.String()
			}
			// What others have to do with it depends on which of them came first.
			return plugins.Description{State: text, Volatile: true}
		},
		New: newDetect,
	}
}

// matchLocal is the local `match`.
func matchLocal() plugins.Local {
	return plugins.Local{
		Root: "match", Doc: "When the pattern began and ended, and of how many records it is.",
		Type: plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{
			{Name: "start", Type: plugins.Of(plugins.Time)},
			{Name: "end", Type: plugins.Of(plugins.Time)},
			{Name: "count", Type: plugins.Of(plugins.Int)},
		}},
	}
}

func detectLocals(attr string, in []plugins.Shape, c plugins.Config) ([]plugins.Local, bool) {
	if attr != "emit" {
		return nil, true
	}
	opens, closes := c.Expr("first"), c.Expr("then")
	if when := c.Expr("when"); when != nil {
		opens, closes = when, when
	}
	locals := append(keyLocal(c), matchLocal())
	if opens != nil {
		locals = append(locals, plugins.Local{Root: "first", Type: narrow(in[0], opens).Type, Doc: "The record with which the pattern began."})
	}
	if closes != nil {
		locals = append(locals, plugins.Local{Root: "last", Type: narrow(in[0], closes).Type, Doc: "The record with which it was complete."})
	}
	return locals, false
}

func detectOutputs(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	if err := checkPattern(c); err != nil {
		return nil, err
	}
	if err := checkEventTime(c); err != nil {
		return nil, err
	}
	if c.String("clock") == "processing" && (c.Has("timeout") || c.Duration("lateness") > 0) {
		return nil, plugins.ConfigErrorf("clock", "by the pipeline's clock no record is late and none is waited for: remove lateness and timeout, or give time = event.FIELD")
	}
	shape, err := emitShape(c, defaultEmit(c, matchLocal()))
	if err != nil {
		return nil, err
	}
	return []plugins.Output{{Shape: shape}, {Name: "late", Shape: in, Optional: true}}, nil
}

// checkPattern finds out whether there is exactly one pattern.
func checkPattern(c plugins.Config) error {
	first, then, without := c.Has("first"), c.Has("then"), c.Has("without")
	when, count := c.Has("when"), c.Has("count")
	switch {
	case !first && !then && !without && !when && !count:
		return plugins.ConfigErrorf("", "it is not said what to look for: give first and then, first and without, or when and count")
	case (first || then || without) && (when || count):
		return plugins.ConfigErrorf("", "these are two patterns: when and count belong together, and so do first and then or without; use a stage for each")
	case then && without:
		return plugins.ConfigErrorf("without", "a record is to follow, or not to: keep then or without, and use another stage for the other")
	case first && !then && !without:
		return plugins.ConfigErrorf("first", "it is not said what is to follow: give then, or without for what is not to follow")
	case (then || without) && !first:
		return plugins.ConfigErrorf("", "it is not said what the pattern begins with: give first")
	case when && !count:
		return plugins.ConfigErrorf("when", "it is not said how many: give count, at least 2; for single records use a filter")
	case count && !when:
		return plugins.ConfigErrorf("count", "it is not said what to count: give when, which may be true")
	}
	return nil
}

// patternName names the attribute that tells the pattern from the others.
func patternName(c plugins.Config) string {
	for _, name := range []string{"then", "without"} {
		if c.Has(name) {
			return name
		}
	}
	return "count"
}

func newDetect(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
	within := int64(c.Duration("within"))
	d := &detect{
		time: newEventTime(c.Expr("time"), c, env), recall: newRecall(c), within: within, calm: int64(c.Duration("cooldown")),
		keys: keyColumn(c), match: localColumns("match", matchLocal().Type.Fields),
		silence: silence{
			processing: c.String("clock") == "processing", lateness: int64(c.Duration("lateness")),
			idle: int64(c.Duration("idle")), timeout: int64(c.Duration("timeout")), within: within, started: keyed.None,
		},
	}
	if key := c.Expr("key"); key != nil {
		d.key = key.Evaluator(env)
	}
	locals := []*rowColumns{d.keys, d.match, d.recall.first}
	switch patternName(c) {
	case "then":
		d.pattern, d.opens, d.closes = followed{}, newPredicate(c.Expr("first"), env), newPredicate(c.Expr("then"), env)
	case "without":
		d.pattern, d.opens, d.closes = unfollowed{within}, newPredicate(c.Expr("first"), env), newPredicate(c.Expr("without"), env)
	default:
		d.pattern, d.opens = repeated{within, int(c.Int("count"))}, newPredicate(c.Expr("when"), env)
	}
	if !c.Has("without") {
		locals = append(locals, d.recall.last)
	}
	d.results = newResults(emitFields(c, env, defaultEmit(c, matchLocal())), env, locals...)
	d.keptState = newKeptState(c, env, func(v *detection) int64 { return v.arrived }, keyed.Config[detection]{Encode: encodeDetection, Decode: decodeDetection, Due: d.silence.due})
	return d, nil
}
