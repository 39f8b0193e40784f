package transforms

import (
	"bytes"
	"context"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

func decodeKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "decode",
		Schema: plugins.Schema{
			Doc: "Takes a field that holds an encoded record, such as JSON inside a string or CBOR in bytes, and makes that the record. Like every payload it is checked as far as it is read downstream.",
			Example: `transform "decode" "inner" {
  from   = source.envelopes
  value  = event.payload
  format = "json"
  with   = { gateway = event.gateway }
}`,
			Attrs: []plugins.Attr{
				{Name: "value", Type: plugins.AttrExpr, Required: true, Doc: "The encoded record: a string or bytes; with format json also a list, map or record."},
				{Name: "with", Type: plugins.AttrExprMap, Doc: "Fields of the old record, or made of it, that the new one is to have too."},
			},
		},
		Payload:       true,
		DefaultFormat: "json",
		Outputs:       decodeOutputs,
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			if env.Framing.Preamble {
				return nil, plugins.ConfigErrorf("format", "a single value has no header row in front of it: name the columns in the format's block")
			}
			value := c.Expr("value")
			return &decode{
				value: value.Evaluator(env), at: value.Range(), with: newFields(c.Exprs("with"), env),
				json: c.Payload().Format == "json",
			}, nil
		},
	}
}

func decodeOutputs(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	out := c.Payload()
	switch t := c.Expr("value").Type(); {
	case t.Kind == plugins.String || t.Kind == plugins.Bytes || t.Kind == plugins.Any:
	case t.Kind.Nested() && out.Format == "json":
	default:
		return nil, plugins.ConfigErrorf("value", "a value of type %s holds no encoded record: it is to be a string or bytes", t)
	}
	out.Generation = in.Generation + 1
	return []plugins.Output{{Shape: out.With(typesOf(c.Exprs("with")))}}, nil
}

type decode struct {
	value  plugins.Evaluator
	at     string
	with   *fields
	json   bool
	values []plugins.Span
}

var _ plugins.Transform = (*decode)(nil)

// Process implements [plugins.Transform]. The batch goes on with other
// payloads, for as long as downstream works on it.
func (d *decode) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	d.with.eval(b)
	d.take(b, d.value.Eval(b))
	if len(b.Sel) == 0 {
		return nil
	}
	values, preamble := b.Values, b.Preamble
	b.Values, b.Preamble = d.values, nil
	b.CloseRecord()
	d.with.add(b)
	out.Emit(0, b)
	b.Values, b.Preamble = values, preamble
	return nil
}

// take points d.values at the values of the selected rows, in b.Data.
func (d *decode) take(b *plugins.Batch, col *plugins.Column) {
	if cap(d.values) < b.Len {
		d.values = make([]plugins.Span, b.Len)
	}
	d.values = d.values[:b.Len]
	inPlace := sameMemory(col.Data, b.Data)
	for _, i := range b.Sel {
		switch k := kindOf(col, i); {
		case col.IsNull(i):
			b.Fail(i, plugins.Failure{Code: "null", Msg: "the value to decode is null", Expr: d.at})
			continue
		case k == plugins.String || k == plugins.Bytes || k.Nested() && d.json:
		default:
			b.Fail(i, plugins.Failure{Code: "type", Msg: "the value to decode is of type " + k.String() + ", not string or bytes", Expr: d.at})
			continue
		}
		text, off := col.Bytes(i), len(b.Data)
		switch {
		case d.json && bytes.IndexByte(text, '\n') >= 0:
			// Records are lines wherever they are written untouched.
			b.Data = jsontext.Compact(b.Data, text)
		case inPlace:
			d.values[i] = col.Spans[i]
			continue
		default:
			b.Data = append(b.Data, text...)
		}
		d.values[i] = plugins.Span{Off: uint32(off), Len: uint32(len(b.Data) - off)}
	}
	b.DropFailed()
}

// sameMemory reports whether offsets into part mean the same in whole.
func sameMemory(part, whole []byte) bool {
	return len(part) > 0 && len(part) <= len(whole) && &part[0] == &whole[0]
}
