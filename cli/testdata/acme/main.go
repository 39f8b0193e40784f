// Command acme is a plugin for the tests of the command line. In its environment, ACME_START is what it does when it is started: hang, exit, or tell what it
// should not, and ACME_MORE the name of one more source.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

// version is set when it is built.
var version = "1.0.0"

func main() {
	switch os.Getenv("ACME_START") {
	case "hang":
		fmt.Fprintln(os.Stderr, `{"@level":"warn","@message":"hanging"}`)
		time.Sleep(time.Hour)
	case "exit":
		fmt.Fprintln(os.Stderr, "no license for", os.Getenv("TOKEN"))
		os.Exit(3)
	case "tell":
		fmt.Fprintln(os.Stderr, `{"@level":"warn","@message":"the token is `+os.Getenv("TOKEN")+`"}`)
		fmt.Fprintln(os.Stderr, `{"@level":"warn","@message":"the home is '`+os.Getenv("HOME")+`', the region `+os.Getenv("REGION")+`"}`)
	}
	r := new(plugins.Registry)
	if err := errors.Join(r.AddSource(countKind()), r.AddTransform(scaleKind()), r.AddSink(keepKind()), r.AddLookup(siteKind())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if name := os.Getenv("ACME_MORE"); name != "" {
		more := countKind()
		more.Name, more.Schema.Example = name, ""
		if err := r.AddSource(more); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(remote.Serve(remote.Serving{Name: "acme", Version: version, Registry: r}))
}

// countKind is a source of the numbers from 1, with version as its field by.
func countKind() plugins.SourceKind {
	fields := []plugins.Field{{Name: "n", Type: plugins.Of(plugins.Int)}, {Name: "by", Type: plugins.Of(plugins.String)}}
	return plugins.SourceKind{
		Name: "count",
		Schema: plugins.Schema{
			Doc: "Counts from 1. It goes on where it was.",
			Attrs: []plugins.Attr{
				{Name: "to", Type: plugins.AttrInt, Doc: "The last number; without end, if not given."},
				{Name: "every", Type: plugins.AttrDuration, Doc: "The wait between two numbers."},
			},
			Example: "source \"count\" \"numbers\" {\n  to = 3\n}",
		},
		Output: func(plugins.Config) (plugins.Shape, error) {
			return plugins.Shape{Type: plugins.Type{Kind: plugins.Record, Fields: fields}}, nil
		},
		Check: func(c plugins.Config) error {
			if c.Int("to") == 13 {
				return plugins.ConfigErrorf("to", "13 brings bad luck")
			}
			return nil
		},
		Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Seekable: true, Ordered: true} },
		New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) {
			return &count{to: c.Int("to"), every: c.Duration("every"), env: env}, nil
		},
	}
}

type count struct {
	to, n int64
	every time.Duration
	env   plugins.Env
}

func (c *count) Seek(positions map[plugins.Partition]plugins.Position) (err error) {
	for _, p := range positions {
		c.n, err = strconv.ParseInt(string(p), 10, 64)
	}
	return err
}

func (c *count) Run(ctx context.Context, out plugins.Outlet) error {
	for c.to == 0 || c.n < c.to {
		c.n++
		b := out.Batch()
		b.SelectAll(1)
		b.NewColumn("n", plugins.Int).Ints[0] = c.n
		b.NewColumn("by", plugins.String).AppendString(0, version)
		if err := out.Hand(ctx, plugins.Delivery{Batch: b, Next: strconv.AppendInt(nil, c.n, 10)}); err != nil {
			return err
		}
		if err := c.env.Wait(ctx, c.every); err != nil {
			return err
		}
	}
	return nil
}

// scaleKind multiplies, and crashes at a number.
func scaleKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "scale",
		Schema: plugins.Schema{
			Doc: "Adds value times factor, as scaled.",
			Attrs: []plugins.Attr{
				{Name: "value", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.Float), Doc: "What is multiplied."},
				{Name: "factor", Type: plugins.AttrFloat, Default: 2.0, Doc: "By what."},
				{Name: "crash", Type: plugins.AttrFloat, Doc: "The value at which the process ends."},
				{Name: "key", Type: plugins.AttrSecret, Doc: "What nobody may see."},
			},
		},
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			if c.Has("key") && c.Secret("key").Reveal() == "" {
				return nil, plugins.ConfigErrorf("key", "an empty key opens nothing")
			}
			return []plugins.Output{{Shape: in.With([]plugins.Field{{Name: "scaled", Type: plugins.Of(plugins.Float)}})}}, nil
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			return &scale{value: c.Expr("value").Evaluator(env), factor: c.Float("factor"), crash: c.Float("crash"), crashes: c.Has("crash")}, nil
		},
	}
}

type scale struct {
	value         plugins.Evaluator
	factor, crash float64
	crashes       bool
	scaled        plugins.Column
}

func (s *scale) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	v := s.value.Eval(b)
	b.DropFailed()
	s.scaled.Reset(plugins.Float, b.Len)
	for _, i := range b.Sel {
		if s.crashes && v.Floats[i] == s.crash {
			os.Exit(4)
		}
		s.scaled.Floats[i] = v.Floats[i] * s.factor
	}
	b.AddColumn("scaled", &s.scaled)
	out.Emit(0, b)
	return nil
}

// keepKind appends lines to a file.
func keepKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "keep", Payload: true, DefaultFormat: "json",
		Schema: plugins.Schema{
			Doc: "Appends records to a file.",
			Attrs: []plugins.Attr{
				{Name: "path", Type: plugins.AttrFile, Required: true, Doc: "The file."},
				{Name: "mute", Type: plugins.AttrBool, Default: false, Doc: "Whether it never says what has become of a record."},
			},
		},
		New: func(c plugins.Config, _ plugins.Env) (plugins.Sink, error) {
			return &keep{path: c.String("path"), mute: c.Bool("mute")}, nil
		},
	}
}

type keep struct {
	path string
	mute bool
	mu   sync.Mutex
}

func (k *keep) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, err := os.OpenFile(k.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return plugins.Permanent(err)
	}
	for _, i := range b.Sel {
		_, e := fmt.Fprintf(f, "%s\n", b.Value(i))
		err = errors.Join(err, e)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil && !k.mute {
		done(nil)
	}
	return err
}

func (k *keep) Flush(context.Context) error { return nil }

// siteKind knows where everything is.
func siteKind() plugins.LookupKind {
	return plugins.LookupKind{
		Name:   "site",
		Schema: plugins.Schema{Doc: "Knows the sites of devices."},
		Type: func(plugins.Config) (plugins.Type, error) {
			return plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "site", Type: plugins.Of(plugins.String)}}}, nil
		},
		New: func(plugins.Config, plugins.Env) (plugins.Lookup, error) { return site{}, nil },
	}
}

type site struct{}

func (site) Find(_ context.Context, keys []plugins.Value, found func(int, []byte)) error {
	for i, k := range keys {
		found(i, []byte(`{"site":"site of `+k.String()+`"}`))
	}
	return nil
}
