package dsl_test

import (
	"github.com/onstream/onstream/plugins"
)

func described(plugins.Config) plugins.Description { return plugins.Description{State: "1"} }

// pairKind has two inputs.
func pairKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "pair", Keyed: true, Ports: []string{"left", "right"}, Stateful: true, Describe: described,
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "time", Type: plugins.AttrPortExprs, Want: plugins.Of(plugins.Time), Doc: "When."},
			{Name: "emit", Type: plugins.AttrExprMap, Required: true, Doc: "The result."},
		}},
		Locals: func(attr string, in []plugins.Shape, _ plugins.Config) ([]plugins.Local, bool) {
			if attr != "emit" {
				return nil, true
			}
			return []plugins.Local{{Root: "left", Type: in[0].Type}, {Root: "right", Type: in[1].Type.OrNull()}}, false
		},
		Outputs: func(_ plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			return emitted(c.Exprs("emit")), nil
		},
	}
}

// emitted is the output of a stage that makes records of expressions.
func emitted(exprs []plugins.NamedExpr) []plugins.Output {
	var fields []plugins.Field
	for _, e := range exprs {
		fields = append(fields, plugins.Field{Name: e.Name, Type: e.Expr.Type()})
	}
	return []plugins.Output{{Shape: plugins.Columns(fields...)}}
}

// foldKind has an attribute with names that follow from another.
func foldKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "fold", Keyed: true, Stateful: true, Describe: described,
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "initial", Type: plugins.AttrExprMap, Required: true, Doc: "The beginning."},
			{Name: "update", Type: plugins.AttrExprMap, Required: true, Doc: "How it goes on."},
		}},
		Locals: func(attr string, _ []plugins.Shape, c plugins.Config) ([]plugins.Local, bool) {
			if attr != "update" {
				return nil, true
			}
			state := plugins.Local{Root: "state", Type: emitted(c.Exprs("initial"))[0].Shape.Type}
			if key := c.Expr("key"); key != nil {
				return []plugins.Local{state, {Root: "key", Type: key.Type()}}, true
			}
			return []plugins.Local{state}, true
		},
		Outputs: func(_ plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			return emitted(c.Exprs("update")), nil
		},
	}
}

// tallyKind aggregates, and has an output that few need.
func tallyKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "tally", Keyed: true, Stateful: true, Describe: described,
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "emit", Type: plugins.AttrAggregation, Required: true, Doc: "The result."},
		}},
		Locals: func(_ string, _ []plugins.Shape, c plugins.Config) ([]plugins.Local, bool) {
			window := plugins.Of(plugins.Record)
			window.Fields = []plugins.Field{{Name: "end", Type: plugins.Of(plugins.Time)}}
			locals := []plugins.Local{{Root: "window", Type: window}}
			if key := c.Expr("key"); key != nil {
				locals = append(locals, plugins.Local{Root: "key", Type: key.Type(), Whole: true})
			}
			return locals, false
		},
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			return append(emitted(c.Aggregation("emit").Emit), plugins.Output{Name: "late", Shape: in, Optional: true}), nil
		},
	}
}

// seekKind looks something up.
func seekKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "seek", Lookup: true, Describe: func(plugins.Config) plugins.Description { return plugins.Description{Volatile: true} },
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "by", Type: plugins.AttrExpr, Required: true, Doc: "The key."},
			{Name: "set", Type: plugins.AttrExprMap, Required: true, Doc: "Fields to set."},
		}},
		Locals: func(attr string, _ []plugins.Shape, c plugins.Config) ([]plugins.Local, bool) {
			kind, config := c.Lookup()
			if t, err := kind.Type(config); attr == "set" && err == nil {
				return []plugins.Local{{Root: "found", Type: t}}, true
			}
			return nil, true
		},
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			return []plugins.Output{{Shape: in.With(emitted(c.Exprs("set"))[0].Shape.Type.Fields)}}, nil
		},
	}
}

// tableKind is a place to look things up.
func tableKind() plugins.LookupKind {
	return plugins.LookupKind{
		Name:   "table",
		Schema: plugins.Schema{Attrs: []plugins.Attr{{Name: "fields", Type: plugins.AttrStrings, Required: true, Doc: "What is there."}}},
		Type: func(c plugins.Config) (plugins.Type, error) {
			t := plugins.Of(plugins.Record)
			for _, name := range c.Strings("fields") {
				t.Fields = append(t.Fields, plugins.Field{Name: name, Type: plugins.Of(plugins.String)})
			}
			return t, nil
		},
	}
}
