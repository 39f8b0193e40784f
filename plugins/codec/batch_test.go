package codec_test

import (
	"bytes"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
)

// codecNamed returns a built-in codec.
func codecNamed(t testing.TB, name string) plugins.Codec {
	t.Helper()
	var r plugins.Registry
	if err := codec.Register(&r); err != nil {
		t.Fatal(err)
	}
	c, ok := r.Codec(name)
	if !ok {
		t.Fatalf("no codec %q", name)
	}
	return c
}

// options is shorthand for attributes of a format's block.
type options map[string]any

// batchOf returns a batch with the given payloads.
func batchOf(records ...string) *plugins.Batch {
	b := new(plugins.Pool).Batch()
	for _, r := range records {
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(r))})
		b.Data = append(b.Data, r...)
	}
	b.SelectAll(len(records))
	return b
}

// batchFrom returns a batch with the records that a stream is cut into.
func batchFrom(t testing.TB, c plugins.Codec, o options, stream []byte) *plugins.Batch {
	t.Helper()
	f, err := c.Framing(plugins.NewConfig(o))
	if err != nil {
		t.Fatal(err)
	}
	b := new(plugins.Pool).Batch()
	b.Data = stream
	spans, done, err := f.Splitter().Split(stream, 0, true, nil)
	if err != nil || done != len(stream) {
		t.Fatalf("cut %d of %d bytes: %v", done, len(stream), err)
	}
	if f.Preamble && len(spans) > 0 {
		b.Preamble = spans[0].Of(stream)
		spans = spans[1:]
	}
	b.Values = spans
	b.SelectAll(len(spans))
	return b
}

func field(path string, t plugins.Type) plugins.Field { return plugins.Field{Name: path, Type: t} }

func of(k plugins.Kind) plugins.Type { return plugins.Of(k) }

func decoder(t testing.TB, c plugins.Codec, o options, schema plugins.Type, fields ...plugins.Field) plugins.Decoder {
	t.Helper()
	d, err := c.Decoder(plugins.DecoderConfig{Fields: fields, Schema: schema, Options: plugins.NewConfig(o)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func encoder(t testing.TB, c plugins.Codec, o options, s plugins.Shape) plugins.Encoder {
	t.Helper()
	e, err := c.Encoder(plugins.EncoderConfig{Shape: s, Options: plugins.NewConfig(o)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// decodeOne decodes one field of one record: its value, or why it failed.
func decodeOne(t testing.TB, c plugins.Codec, o options, f plugins.Field, record string) (plugins.Value, string) {
	t.Helper()
	b := batchOf(record)
	decoder(t, c, o, plugins.Type{}, f).Decode(b)
	if len(b.Failures) > 0 {
		return plugins.Value{}, b.Failures[0].Msg
	}
	return b.Column(f.Name).Value(0), ""
}

// encoded returns the stream of all that is encoded.
func encoded(e plugins.Encoder, f plugins.Framing, b *plugins.Batch) string {
	dst := new(plugins.Pool).Batch()
	var out bytes.Buffer
	if p := e.Preamble(); p != nil {
		out.Write(p)
		out.Write(f.Terminator)
	}
	e.Encode(b, dst)
	out.Write(dst.Data)
	return out.String()
}
