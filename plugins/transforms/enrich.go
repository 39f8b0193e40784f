package transforms

import (
	"errors"
	"fmt"
	"time"

	"github.com/onstream/onstream/plugins"
)

func enrichKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "enrich",
		Schema: plugins.Schema{
			Doc: "Looks up something about each record, in a file or a database, and adds fields made of what is found. The order of the records stays.",
			Example: `transform "enrich" "site" {
  from = source.readings
  lookup "file" {
    path  = "devices.csv"
    id    = "device"
    types = { limit = "float" }
  }
  by = event.device
  set = {
    site  = found.site
    limit = default(found.limit, 80.0)
  }
}`,
			Attrs: []plugins.Attr{
				{Name: "by", Type: plugins.AttrExpr, Required: true, Doc: "What to look up. Null is never found."},
				{Name: "missing", Type: plugins.AttrString, Default: "null", Enum: []string{"null", "drop", "error"}, Doc: "What becomes of a record for which nothing is found: the fields of found are null, or it is dropped and counted, or it fails with the code missing."},
				{Name: "set", Type: plugins.AttrExprMap, Required: true, Doc: "Top-level fields to add or replace, from the record and from found."},
				{Name: "concurrency", Type: plugins.AttrInt, Default: int64(4), Min: plugins.Bound(1), Doc: "Look-ups that may be under way at once. Each asks for all keys of a batch that are not in the cache."},
				{Name: "timeout", Type: plugins.AttrDuration, Default: 5 * time.Second, Min: plugins.Bound(1e-3), Doc: "How long a look-up may take."},
				{Name: "retries", Type: plugins.AttrInt, Default: int64(3), Min: plugins.Bound(0), Doc: "How often to try a look-up again that has failed. Then its records fail with the code lookup."},
				{Name: "backoff", Type: plugins.AttrDuration, Default: 100 * time.Millisecond, Min: plugins.Bound(1e-3), Doc: "How long to wait before the first of them; twice as long before each further one."},
			},
			Blocks: []plugins.Block{{
				Name: "cache", Doc: "Keeps answers, also that nothing was found. All are forgotten when what is looked into says that it has changed.",
				Schema: plugins.Schema{Attrs: []plugins.Attr{
					{Name: "size", Type: plugins.AttrInt, Default: int64(10_000), Min: plugins.Bound(2), Doc: "Answers to keep, in each worker."},
					{Name: "ttl", Type: plugins.AttrDuration, Default: time.Minute, Min: plugins.Bound(1e-3), Doc: "How long an answer is good."},
				}},
			}},
		},
		Lookup:   true,
		Outputs:  enrichOutputs,
		Locals:   enrichLocals,
		Describe: func(plugins.Config) plugins.Description { return plugins.Description{Volatile: true} },
		New:      newEnrich,
	}
}

func enrichOutputs(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	if len(c.Exprs("set")) == 0 {
		return nil, plugins.ConfigErrorf("set", "set has no field: name at least one, such as set = { site = found.site }")
	}
	if _, err := foundType(c); err != nil {
		return nil, err
	}
	return []plugins.Output{{Shape: in.With(typesOf(c.Exprs("set")))}}, nil
}

// foundType returns the type of what is found. Where nothing may be, it is
// nullable.
func foundType(c plugins.Config) (plugins.Type, error) {
	kind, config := c.Lookup()
	if kind.Type == nil {
		return plugins.Type{}, nil
	}
	t, err := kind.Type(config)
	if bad, ok := errors.AsType[*plugins.ConfigError](err); ok {
		err = &plugins.ConfigError{Path: fmt.Sprintf("lookup[%s].%s", kind.Name, bad.Path), Msg: bad.Msg}
	}
	if c.String("missing") == "null" {
		t = t.OrNull()
	}
	return t, err
}

func enrichLocals(attr string, _ []plugins.Shape, c plugins.Config) ([]plugins.Local, bool) {
	if attr != "set" {
		return nil, true
	}
	t, err := foundType(c)
	if err != nil {
		t = plugins.Type{} // Outputs tells
	}
	return []plugins.Local{{Root: "found", Type: t, Doc: "The record that was found."}}, true
}

func newEnrich(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
	f, err := plugins.Share(env.Shared, "lookup", func() (*finder, error) { return newFinder(c, env) })
	if err != nil {
		return nil, err
	}
	fields := plugins.LocalReads(c.AllExprs(), "found")
	e := &enrich{
		env: env, by: c.Expr("by").Evaluator(env), missing: c.String("missing"), finder: f,
		found: localColumns("found", fields), reader: newFoundReader(fields),
		set: newFields(c.Exprs("set"), env),
	}
	if len(c.Blocks("cache")) > 0 {
		cache := c.Block("cache")
		e.cache = newAnswerCache(int(cache.Int("size")), int64(cache.Duration("ttl")))
	}
	return e, nil
}
