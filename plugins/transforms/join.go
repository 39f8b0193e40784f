package transforms

import (
	"errors"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// errNoPort is a mistake of whoever calls Process of a kind with ports.
var errNoPort = errors.New("a join takes batches by port")

func joinKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "join",
		Schema: plugins.Schema{
			Doc: "Joins the records of two inputs that have the same key: those whose times are close to each other (`within`), or each record of the left input with the latest of the right one, which is a table (`table`). " +
				"Within an interval it makes no difference which input is read first or faster: a record is kept until both inputs of its key have passed the last time that a partner may have. The result of two records leaves when the second one comes, a record without partner when none can come any more; where an input may be silent for long, give timeout. A late record fails with the code late.",
			Example: `transform "join" "rated" {
  from   = { left = source.readings, right = source.weather }
  key    = { left = event.site, right = event.place }
  time   = { left = event.ts, right = event.at }
  within = "5s"
  type   = "left"
  emit = {
    device      = left.device
    temperature = left.temperature
    outside     = right.celsius
  }
}`,
			Attrs: slices.Concat(
				[]plugins.Attr{
					{Name: "within", Type: plugins.AttrDuration, Min: plugins.Bound(0), Doc: "How far apart the times of two records may be, either way."},
					{Name: "before", Type: plugins.AttrDuration, Min: plugins.Bound(0), Doc: "In place of within: how much earlier than the left record the right one may be."},
					{Name: "after", Type: plugins.AttrDuration, Min: plugins.Bound(0), Doc: "In place of within: how much later than the left record the right one may be."},
					{Name: "table", Type: plugins.AttrBool, Default: false, Doc: "The right input is a table: of each key its latest record counts, by time, and of equal times the one that came last. Left records are joined with what the table has when they come, so here it does matter which input is read first."},
					{Name: "ttl", Type: plugins.AttrDuration, Min: plugins.Bound(1e-3), Doc: "How old a record of the table may be when a left record comes; it does not matter unless given. With event time one is also too old, and forgotten, when the time of the other keys has gone on in both inputs by ttl, and by idle where that is given, since its key last came."},
					{Name: "type", Type: plugins.AttrString, Default: "inner", Enum: []string{"inner", "left", "outer"}, Doc: "Which records without partner make a result: none (inner), those of the left input, or those of both (outer). What emit reads of the other input is null then."},
					{Name: "emit", Type: plugins.AttrExprMap, Required: true, Doc: "The fields of the result, from the records left and right, and the key. What it reads of a record is all that is kept of it."},
					{Name: "max_rows", Type: plugins.AttrInt, Default: int64(10_000), Min: plugins.Bound(1), Doc: "Records to keep for one key of each input; more fail with the code max_rows. A checkpoint writes all of a key that has changed."},
					maxKeysAttr(),
				},
				eventTimeAttrs(plugins.AttrPortExprs),
				lateAttrs(joinIdleAttr()),
			),
		},
		Keyed:     true,
		Stateful:  true,
		Ports:     joinPorts[:],
		Outputs:   joinOutputs,
		Locals:    joinLocals,
		StateJSON: joinJSON,
		Describe: func(c plugins.Config) plugins.Description {
			// A table has what came before; with idle it depends on which of the
			// others came first.
			return plugins.Description{State: joinState(c), Volatile: c.Bool("table") || c.Has("idle") || byPipelineClock(c)}
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			if c.Bool("table") {
				return newTableJoin(c, env), nil
			}
			return newIntervalJoin(c, env), nil
		},
	}
}

// joinIdleAttr is idle: only with ttl do others matter without it.
func joinIdleAttr() plugins.Attr {
	idle := optionalIdleAttr()
	idle.Doc += " With a table they matter to ttl all the same."
	return idle
}

func joinOutputs(_ plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	if err := checkJoin(c); err != nil {
		return nil, err
	}
	return []plugins.Output{{Shape: plugins.Columns(typesOf(c.Exprs("emit"))...)}}, nil
}

// checkJoin finds what does not go together.
func checkJoin(c plugins.Config) error {
	table, each := c.Bool("table"), c.Has("before") || c.Has("after")
	switch {
	case c.PortExprs("key") == nil:
		return plugins.ConfigErrorf("key", "a join needs the key by which records belong together: give key = event.FIELD, or key = { left = event.FIELD, right = event.FIELD }")
	case len(c.Exprs("emit")) == 0:
		return plugins.ConfigErrorf("emit", "emit has no field: name at least one, such as emit = { a = left.FIELD, b = right.FIELD }")
	case table && (c.Has("within") || each):
		return plugins.ConfigErrorf("table", "a table is joined with what it has when a left record comes, not within an interval: use table, or within")
	case !table && !c.Has("within") && !each:
		return plugins.ConfigErrorf("", "it is not said which records belong together: give within = \"5s\", before and after, or table = true")
	case c.Has("within") && each:
		return plugins.ConfigErrorf("within", "within is the same as before and after of one length: use it, or those")
	case table && c.String("type") == "outer":
		return plugins.ConfigErrorf("type", "records of a table make no results of their own: type is inner or left")
	case table && c.Has("timeout"):
		return plugins.ConfigErrorf("timeout", "a join with a table waits for nothing: to forget its old records give ttl")
	case !table && c.Has("ttl"):
		return plugins.ConfigErrorf("ttl", "ttl is of a table: here within says how long records are kept")
	}
	return checkEventTime(c)
}

// joinReach returns how much earlier and how much later than a left record its
// partners may be.
func joinReach(c plugins.Config) (before, after int64) {
	if c.Has("within") {
		within := int64(c.Duration("within"))
		return within, within
	}
	return int64(c.Duration("before")), int64(c.Duration("after"))
}

func joinLocals(attr string, in []plugins.Shape, c plugins.Config) ([]plugins.Local, bool) {
	if attr != "emit" {
		return nil, true
	}
	locals := []plugins.Local{
		left:  {Root: joinPorts[left], Type: in[left].Type, Doc: "The record of the left input."},
		right: {Root: joinPorts[right], Type: in[right].Type, Doc: "The record of the right input."},
	}
	kind := c.String("type")
	if kind == "outer" {
		locals[left].Type = locals[left].Type.OrNull()
	}
	if kind != "inner" {
		locals[right].Type = locals[right].Type.OrNull()
	}
	if key := c.PortExprs("key"); key != nil {
		locals = append(locals, plugins.Local{Root: "key", Type: key[left].Type(), Whole: true, Doc: "The key of both."})
	}
	return locals, false
}

func joinState(c plugins.Config) string {
	kept := func(port int) string {
		return plugins.Type{Kind: plugins.Record, Fields: plugins.LocalReads(c.AllExprs(), joinPorts[port])}.String()
	}
	keys := c.PortExprs("key")
	if c.Bool("table") {
		return "table of " + kept(right) + byText(c, keys[right])
	}
	return "intervals of " + kept(left) + " and " + kept(right) + byText(c, keys...)
}
