//go:build unix

package remote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

// addConforming adds kinds that keep all promises, to be tested through the process that they are in. What they work on is in files, as a
// test cannot reach into that process: PATH.down has everything fail that uses PATH, and PATH.stall has it wait.
func addConforming(r *plugins.Registry) error {
	path := plugins.Schema{Doc: "Has a file.", Attrs: []plugins.Attr{{Name: "path", Type: plugins.AttrString, Required: true, Doc: "The file."}}}
	return errors.Join(
		r.AddSource(plugins.SourceKind{
			Name: "tail", Schema: path, Payload: true, DefaultFormat: "json",
			Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Seekable: true, Ordered: true} },
			New: func(c plugins.Config, _ plugins.Env) (plugins.Source, error) {
				return &tail{path: c.String("path")}, nil
			},
		}),
		r.AddTransform(plugins.TransformKind{
			Name: "sort_out", Schema: plugins.Schema{Doc: "Sorts out.", Attrs: []plugins.Attr{{Name: "at", Type: plugins.AttrExpr, Required: true, Doc: "A number."}}},
			Outputs: func(in plugins.Shape, _ plugins.Config) ([]plugins.Output, error) {
				more := []plugins.Field{{Name: "half", Type: plugins.Of(plugins.Float)}, {Name: "text", Type: plugins.Of(plugins.String).OrNull()}}
				return []plugins.Output{{Shape: in.With(more)}, {Name: "copies", Shape: plugins.Columns(plugins.Field{Name: "copy", Type: plugins.Of(plugins.Int)})}}, nil
			},
			New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
				return &sortOut{at: c.Expr("at").Evaluator(env), pool: env.Pool}, nil
			},
		}),
		r.AddSink(plugins.SinkKind{
			Name: "append", Schema: path, Payload: true, DefaultFormat: "json",
			Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Ordered: true} },
			New: func(c plugins.Config, _ plugins.Env) (plugins.Sink, error) {
				return &appendix{place(c.String("path"))}, nil
			},
		}),
		r.AddLookup(plugins.LookupKind{
			Name: "table", Schema: path,
			Type: func(plugins.Config) (plugins.Type, error) {
				return plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "n", Type: plugins.Of(plugins.Int)}}}, nil
			},
			New: func(c plugins.Config, _ plugins.Env) (plugins.Lookup, error) {
				return table{place(c.String("path"))}, nil
			},
		}),
	)
}

// place is a path.
type place string

// ready returns when the place does not stand still, and an error where it is away.
func (p place) ready(ctx context.Context) error {
	for p.has(".stall") {
		if err := pause(ctx); err != nil {
			return err
		}
	}
	if p.has(".down") {
		return errors.New("the place is away")
	}
	return nil
}

func (p place) has(ending string) bool {
	_, err := os.Stat(string(p) + ending)
	return err == nil
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Millisecond):
		return nil
	}
}

// tail brings the lines of a file, and those that come. A line with an exclamation mark in front is no record.
type tail struct {
	path string
	from int64
}

var _ plugins.Seeker = (*tail)(nil)

// Seek implements [plugins.Seeker]. A position has its number twice, so that half of one is none.
func (s *tail) Seek(positions map[plugins.Partition]plugins.Position) error {
	for _, p := range positions {
		a, b, _ := strings.Cut(string(p), "/")
		n, err := strconv.ParseInt(a, 10, 64)
		if err != nil || a != b {
			return fmt.Errorf("%q is no position in a file", p)
		}
		s.from = n
	}
	return nil
}

// Run implements [plugins.Source].
func (s *tail) Run(ctx context.Context, out plugins.Outlet) error {
	for {
		text, err := os.ReadFile(s.path)
		if err != nil {
			return err
		}
		for rest := text[s.from:]; bytes.IndexByte(rest, '\n') >= 0; rest = text[s.from:] {
			if err := s.hand(ctx, out, rest); err != nil {
				return err
			}
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// hand hands over some lines.
func (s *tail) hand(ctx context.Context, out plugins.Outlet, rest []byte) error {
	const most = 7
	b := out.Batch()
	b.Part = plugins.Partition{Name: "lines"}
	b.Values = b.SpareValues()
	for n := 0; n < most; n++ {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			break
		}
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(end)})
		b.Data = append(b.Data, rest[:end]...)
		s.from += int64(end) + 1
		rest = rest[end+1:]
	}
	b.SelectAll(len(b.Values))
	for _, row := range b.Sel {
		if bytes.HasPrefix(b.Value(row), []byte("!")) {
			b.Fail(row, plugins.Failure{Code: "mark", Msg: "it has an exclamation mark in front"})
		}
	}
	b.DropFailed()
	return out.Hand(ctx, plugins.Delivery{Batch: b, Next: fmt.Appendf(nil, "%d/%d", s.from, s.from), Ack: func() {}, Nack: func(error) {}})
}

// sortOut drops multiples of 7, fails those of 5, makes a copy of those of 3, and keeps the others with more columns.
type sortOut struct {
	at         plugins.Evaluator
	pool       *plugins.Pool
	half, text plugins.Column
}

// Process implements [plugins.Transform].
func (s *sortOut) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	at := s.at.Eval(b)
	s.half.Reset(plugins.Float, b.Len)
	s.text.Reset(plugins.String, b.Len)
	s.text.Data = s.text.Data[:0]
	var copies []int64
	kept := b.Sel[:0]
	dropped := 0
	for _, row := range b.Sel {
		switch n := at.Ints[row]; {
		case n%7 == 0:
			dropped++
			continue
		case n%5 == 0:
			b.Fail(row, plugins.Failure{Code: "five", Msg: fmt.Sprintf("%d is a multiple of 5", n)})
		default:
			if n%3 == 0 {
				copies = append(copies, n)
			}
			s.half.Floats[row] = float64(n) / 2
			if n%2 == 0 {
				s.text.AppendString(row, fmt.Sprint("number ", n))
			} else {
				s.text.SetNull(row)
			}
		}
		kept = append(kept, row)
	}
	b.Sel = kept
	out.Drop(dropped)
	b.DropFailed()
	b.AddColumn("half", &s.half)
	b.AddColumn("text", &s.text)
	if len(copies) > 0 {
		made := s.pool.Batch()
		made.Part = b.Part
		made.SelectAll(len(copies))
		copy(made.NewColumn("copy", plugins.Int).Ints, copies)
		out.Make(len(copies))
		out.Emit(1, made)
	}
	out.Emit(0, b)
	return nil
}

// appendix appends records to a file. It takes none that is bad.
type appendix struct{ place }

// Write implements [plugins.Sink].
func (s *appendix) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	var text []byte
	var refused plugins.RowErrors
	for _, row := range b.Sel {
		if bytes.Contains(b.Value(row), []byte("bad")) {
			refused = append(refused, plugins.Failure{Row: row, Code: "bad", Msg: "it is bad"})
			continue
		}
		text = append(append(text, b.Value(row)...), '\n')
	}
	f, err := os.OpenFile(string(s.place), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if refused != nil {
		done(refused)
	} else {
		done(nil)
	}
	return nil
}

// Flush implements [plugins.Sink].
func (s *appendix) Flush(context.Context) error { return nil }

// table knows the keys k0 to k49.
type table struct{ place }

// Find implements [plugins.Lookup].
func (t table) Find(ctx context.Context, keys []plugins.Value, found func(int, []byte)) error {
	if err := t.ready(ctx); err != nil {
		return err
	}
	for i, k := range keys {
		if n, err := strconv.Atoi(strings.TrimPrefix(k.Text, "k")); k.Kind == plugins.String && err == nil && n < 50 {
			found(i, fmt.Appendf(nil, `{"n":%d}`, n))
		}
	}
	return nil
}
