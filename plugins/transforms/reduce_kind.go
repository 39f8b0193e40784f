package transforms

import (
	"github.com/onstream/onstream/plugins"
)

func reduceKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "reduce",
		Schema: plugins.Schema{
			Doc: "Folds the records of each key into a state of your own: `initial` makes it of the key's first record, `update` makes the next one of it and each record, that first one included. Records are taken in the order in which they come. A record whose update fails leaves the state as it was.",
			Example: `transform "reduce" "smooth" {
  from    = source.readings
  key     = event.device
  initial = { n = 0, level = event.temperature }
  update = {
    n     = state.n + 1
    level = state.level * 0.9 + event.temperature * 0.1
  }
  when = state.n >= 10
  emit = { device = key, level = state.level, now = event.temperature }
}`,
			Attrs: append([]plugins.Attr{
				{Name: "initial", Type: plugins.AttrExprMap, Required: true, Doc: "The fields of the state of a new key; their types stay, so write 0.0 where fractions may come."},
				{Name: "update", Type: plugins.AttrExprMap, Required: true, Doc: "New values of fields of the state; all see the state as it was, and fields that are not named keep their value."},
				{Name: "when", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Bool), Doc: "A condition on the new state: a record for which it does not hold counts in the state but makes no result."},
				{Name: "emit", Type: plugins.AttrExprMap, Doc: "The result of a record, from the new state; the key and the fields of the state unless given. A record for which it fails has counted in the state."},
				{Name: "ttl", Type: plugins.AttrDuration, Min: plugins.Bound(1e-3), Doc: "How long after its last record a key begins anew, by time or clock; never unless given."},
				maxKeysAttr(),
			}, retentionAttrs()...),
		},
		Keyed:     true,
		Stateful:  true,
		Outputs:   reduceOutputs,
		Locals:    reduceLocals,
		StateJSON: reduceJSON,
		Describe: func(c plugins.Config) plugins.Description {
			kept := reduceState(c).String()
			if c.Has("ttl") {
				kept += " and times"
			}
			// When a key is forgotten depends on which of the others came first.
			return plugins.Description{State: kept + byText(c, c.Expr("key")), Volatile: c.Has("ttl")}
		},
		New: newReduce,
	}
}

// reduceState returns the type of the state.
func reduceState(c plugins.Config) plugins.Type {
	return plugins.Type{Kind: plugins.Record, Fields: typesOf(c.Exprs("initial"))}
}

func reduceLocals(attr string, _ []plugins.Shape, c plugins.Config) ([]plugins.Local, bool) {
	locals := keyLocal(c)
	switch attr {
	case "update":
		locals = append(locals, plugins.Local{Root: "state", Type: reduceState(c), Doc: "The state before the record."})
	case "when", "emit":
		locals = append(locals, plugins.Local{Root: "state", Type: reduceState(c), Doc: "The state after the record."})
	}
	return locals, true
}

func reduceOutputs(_ plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	if err := checkReduce(c); err != nil {
		return nil, err
	}
	if c.Has("emit") {
		return []plugins.Output{{Shape: plugins.Columns(typesOf(c.Exprs("emit"))...)}}, nil
	}
	var fs []plugins.Field
	if key := c.Expr("key"); key != nil {
		fs = append(fs, plugins.Field{Name: "key", Type: key.Type()})
	}
	return []plugins.Output{{Shape: plugins.Columns(append(fs, reduceState(c).Fields...)...)}}, nil
}

func checkReduce(c plugins.Config) error {
	state := reduceState(c)
	_, keyTaken := state.Field("key")
	switch {
	case len(state.Fields) == 0:
		return plugins.ConfigErrorf("initial", "the state has no field: name at least one, such as n = 0")
	case len(c.Exprs("update")) == 0:
		return plugins.ConfigErrorf("update", "nothing changes the state: give new values of its fields, such as n = state.n + 1")
	case c.Has("emit") && len(c.Exprs("emit")) == 0:
		return plugins.ConfigErrorf("emit", "emit has no field: name at least one, or leave it out to get the key and the state")
	case keyTaken && !c.Has("emit") && c.Expr("key") != nil:
		return plugins.ConfigErrorf("initial", "without emit the result is the key and the state, so the state cannot have a field called key: rename it, or give emit")
	case !c.Has("ttl") && (c.Has("time") || c.String("clock") == "processing"):
		return plugins.ConfigErrorf("ttl", "time and clock say when a key is forgotten, but there is no ttl: add one, such as ttl = \"24h\"")
	}
	for _, n := range c.Exprs("update") {
		was, known := state.Field(n.Name)
		if !known {
			return plugins.ConfigErrorf("update", "the state has no field %q, it has %s: add it to initial", n.Name, fieldNames(state))
		}
		if err := sameState(n.Name, was, n.Expr.Type()); err != nil {
			return err
		}
	}
	if c.Has("ttl") {
		return checkEventTime(c)
	}
	return nil
}

// sameState finds out whether a field of the state may get a value of a type.
// Where one of them is Any that is looked at per record.
func sameState(field string, was, is plugins.Type) error {
	switch {
	case was.Kind == plugins.Any || is.Kind == plugins.Any:
		return nil
	case was.Kind == plugins.Int && is.Kind == plugins.Float:
		return plugins.ConfigErrorf("update", "state.%s begins as int and becomes float: begin with a float in initial, such as 0.0", field)
	case was.Kind != is.Kind:
		return plugins.ConfigErrorf("update", "state.%s begins as %s and becomes %s: convert one of them, so that the type stays", field, was, is)
	case is.Nullable && !was.Nullable:
		return plugins.ConfigErrorf("update", "state.%s begins as %s and may become null: guard the new value with default(x, state.%s)", field, was, field)
	}
	return nil
}
