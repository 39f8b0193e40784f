package dsl_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// registry returns kinds that exist for the tests of the language only: they
// are described, and never run.
func registry(t testing.TB) *plugins.Registry {
	t.Helper()
	r := new(plugins.Registry)
	for _, err := range []error{
		r.AddSource(feedKind()), r.AddSource(tickKind()), r.AddSource(onceKind()),
		r.AddTransform(filterKind()), r.AddTransform(mapKind()), r.AddTransform(routeKind()),
		r.AddTransform(limitKind()), r.AddTransform(unpackKind()),
		r.AddTransform(pairKind()), r.AddTransform(foldKind()), r.AddTransform(tallyKind()), r.AddTransform(seekKind()),
		r.AddLookup(tableKind()),
		r.AddSink(printKind()), r.AddSink(upsertKind()),
		r.AddConnector(busKind()), r.AddConnector(storeKind()), r.AddSource(listenKind()), r.AddSink(sendKind()),
		r.AddCodec(jsonCodec()), r.AddCodec(csvCodec()), r.AddCodec(rawCodec()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// feedKind is a source of encoded records with an attribute of every type.
func feedKind() plugins.SourceKind {
	return plugins.SourceKind{
		Name: "feed", Payload: true, DefaultFormat: "json",
		Schema: plugins.Schema{
			Doc: "Brings records.",
			Attrs: []plugins.Attr{
				{Name: "path", Type: plugins.AttrStrings, Doc: "The files."},
				{Name: "mode", Type: plugins.AttrString, Default: "follow", Enum: []string{"follow", "once"}, Doc: "How."},
				{Name: "lines", Type: plugins.AttrInt, Min: plugins.Bound(1), Max: plugins.Bound(100), Doc: "How many."},
				{Name: "share", Type: plugins.AttrFloat, Max: plugins.Bound(1), Doc: "How much."},
				{Name: "quiet", Type: plugins.AttrBool, Doc: "Whether."},
				{Name: "poll", Type: plugins.AttrDuration, Default: time.Second, Min: plugins.Bound(0.001), Doc: "How often."},
				{Name: "max", Type: plugins.AttrSize, Default: int64(1 << 20), Doc: "How large."},
				{Name: "names", Type: plugins.AttrStringMap, Doc: "What else."},
				{Name: "value", Type: plugins.AttrValue, Doc: "Anything."},
				{Name: "token", Type: plugins.AttrSecret, Doc: "The password."},
			},
		},
		Check: func(c plugins.Config) error {
			if slices.Contains(c.Strings("path"), "") {
				return plugins.ConfigErrorf("path", "a path must not be empty")
			}
			return nil
		},
		Capabilities: func(c plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Seekable: true}
		},
	}
}

// tickKind is a source of columns.
func tickKind() plugins.SourceKind {
	return plugins.SourceKind{
		Name:   "tick",
		Schema: plugins.Schema{Attrs: []plugins.Attr{{Name: "every", Type: plugins.AttrDuration, Default: time.Second, Doc: "How often."}}},
		Output: func(plugins.Config) (plugins.Shape, error) {
			return plugins.Columns(
				plugins.Field{Name: "at", Type: plugins.Of(plugins.Time)},
				plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)},
			), nil
		},
	}
}

// onceKind is a source that must be told its format.
func onceKind() plugins.SourceKind {
	return plugins.SourceKind{Name: "once", Payload: true, Capabilities: func(plugins.Config) plugins.Capabilities {
		return plugins.Capabilities{Redelivers: true}
	}}
}

func filterKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "filter",
		Schema: plugins.Schema{
			Doc:   "Keeps some records.",
			Attrs: []plugins.Attr{{Name: "where", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.Bool), Doc: "Which records to keep."}},
		},
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			if n, ok := c.Expr("where").(plugins.Narrower); ok {
				in.Type = n.Narrow(in.Type)
			}
			return []plugins.Output{{Shape: in}}, nil
		},
	}
}

func mapKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "map",
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "emit", Type: plugins.AttrExprMap, Doc: "The new record."},
			{Name: "set", Type: plugins.AttrExprMap, Doc: "Fields to set."},
		}},
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			if c.Has("emit") == c.Has("set") {
				return nil, plugins.ConfigErrorf("", "map takes one of emit and set")
			}
			fields := func(name string) []plugins.Field {
				var fs []plugins.Field
				for _, e := range c.Exprs(name) {
					if e.Name == "forbidden" {
						return nil
					}
					fs = append(fs, plugins.Field{Name: e.Name, Type: e.Expr.Type()})
				}
				return fs
			}
			for _, e := range c.Exprs("emit") {
				if e.Name == "forbidden" {
					return nil, plugins.ConfigErrorf("emit.forbidden", "this field is forbidden")
				}
			}
			if c.Has("set") {
				return []plugins.Output{{Shape: in.With(fields("set"))}}, nil
			}
			o := plugins.Output{Shape: plugins.Columns(fields("emit")...)}
			for _, e := range c.Exprs("emit") {
				if path, ok := plugins.FieldOf(e.Expr); ok && path == e.Name {
					o.Carried = append(o.Carried, e.Name)
				}
			}
			return []plugins.Output{o}, nil
		},
	}
}

func routeKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "route",
		Schema: plugins.Schema{Blocks: []plugins.Block{{
			Name: "output", Label: "name", Repeated: true, Required: true, Doc: "Where records go.",
			Schema: plugins.Schema{Attrs: []plugins.Attr{{Name: "when", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.Bool), Doc: "Which go there."}}},
		}}},
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			var out []plugins.Output
			for _, b := range c.Blocks("output") {
				if b.Label == "otherwise" {
					return nil, plugins.ConfigErrorf("output[otherwise].when", "the rest goes there anyway")
				}
				out = append(out, plugins.Output{Name: b.Label, Shape: in})
			}
			return append(out, plugins.Output{Name: "otherwise", Shape: in}), nil
		},
	}
}

func limitKind() plugins.TransformKind {
	return plugins.TransformKind{Name: "limit", Keyed: true, Schema: plugins.Schema{Attrs: []plugins.Attr{
		{Name: "rate", Type: plugins.AttrFloat, Required: true, Doc: "Records a second."},
	}}}
}

func unpackKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "unpack", Payload: true, DefaultFormat: "json",
		Schema: plugins.Schema{Attrs: []plugins.Attr{{Name: "value", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.String), Doc: "The text."}}},
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			out := c.Payload()
			out.Generation = in.Generation + 1
			return []plugins.Output{{Shape: out}}, nil
		},
	}
}

func printKind() plugins.SinkKind {
	return plugins.SinkKind{Name: "print", Payload: true, DefaultFormat: "json"}
}

// upsertKind is a sink to which writing twice does no harm.
func upsertKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "upsert",
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "url", Type: plugins.AttrString, Required: true, Doc: "Where the records go."},
			{Name: "token", Type: plugins.AttrSecret, Doc: "The password."},
		}},
		Check: func(c plugins.Config) error {
			if !strings.Contains(c.String("url"), "://") {
				return plugins.ConfigErrorf("url", "not a URL")
			}
			return nil
		},
		Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Idempotent: true} },
	}
}

func jsonCodec() plugins.Codec {
	return plugins.Codec{Name: "json"}
}

func csvCodec() plugins.Codec {
	return plugins.Codec{
		Name: "csv",
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "delimiter", Type: plugins.AttrString, Default: ",", Doc: "Between cells."},
			{Name: "columns", Type: plugins.AttrStrings, Doc: "Their names."},
		}},
		Framing: func(o plugins.Config) (plugins.Framing, error) {
			if len(o.String("delimiter")) != 1 {
				return plugins.Framing{}, plugins.ConfigErrorf("delimiter", "the delimiter is one character")
			}
			return plugins.Framing{}, nil
		},
		Decoder: func(c plugins.DecoderConfig) (plugins.Decoder, error) {
			for _, f := range c.Fields {
				if names := c.Options.Strings("columns"); names != nil && !slices.Contains(names, f.Name) {
					return nil, plugins.ConfigErrorf("columns", "the field %s is not among the columns", f.Name)
				}
			}
			return nil, nil
		},
		Encoder: func(c plugins.EncoderConfig) (plugins.Encoder, error) {
			if c.Shape.Type.Kind != plugins.Record {
				return nil, plugins.ConfigErrorf("columns", "the columns are not known")
			}
			return nil, nil
		},
	}
}

func rawCodec() plugins.Codec {
	return plugins.Codec{Name: "raw", Type: func(plugins.Config) plugins.Type {
		return plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "value", Type: plugins.Of(plugins.String)}}}
	}}
}
