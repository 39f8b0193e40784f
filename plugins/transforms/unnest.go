package transforms

import (
	"bytes"
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// unnestBatch is how many elements go on together: few enough to stay in the
// processor's cache, many enough for what a batch costs.
const unnestBatch = 4096

func unnestKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "unnest",
		Schema: plugins.Schema{
			Doc: "Makes a record of each element of a list. Elements that are objects are the records; any other element x becomes `{ value = x }`. A record whose list is empty or null is dropped and counted.",
			Example: `transform "unnest" "each" {
  from = source.reports
  list = event.samples
  with = { device = event.device }
}`,
			Attrs: []plugins.Attr{
				{
					Name: "list", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.List).OrNull(),
					Doc: "The list. A record with something else fails as a whole.",
				},
				{Name: "with", Type: plugins.AttrExprMap, Doc: "Fields of the old record, or made of it, that each new one is to have too."},
			},
		},
		Outputs: unnestOutputs,
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			list, with := c.Expr("list"), newFields(c.Exprs("with"), env)
			return &unnest{
				list: list.Evaluator(env), at: list.Range(), with: with,
				elem: list.Type().Element().Kind, cols: make([]plugins.Column, len(with.names)),
			}, nil
		},
	}
}

func unnestOutputs(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	list := c.Expr("list").Type()
	var t plugins.Type
	switch elem := list.Element(); {
	case list.Kind != plugins.List && list.Kind != plugins.Any:
		return nil, plugins.ConfigErrorf("list", "a value of type %s has no elements: it is to be a list", list)
	case list.Kind == plugins.Any || elem.Kind == plugins.Any || elem.Kind == plugins.Map:
	case elem.Kind == plugins.Record:
		t = elem.NotNull()
	default:
		t = plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "value", Type: elem}}}
	}
	out := plugins.Shape{Type: t, Payload: t, Format: "json", Generation: in.Generation + 1}
	return []plugins.Output{{Shape: out.With(typesOf(c.Exprs("with")))}}, nil
}

type unnest struct {
	list plugins.Evaluator
	at   string
	elem plugins.Kind // of the elements, Any when it is not known
	with *fields
	cols []plugins.Column // of with, a row for each element
	rows []uint32         // that Process was given
	from []uint32         // for each element, the row it came from
}

var _ plugins.Transform = (*unnest)(nil)

// Process implements [plugins.Transform].
func (u *unnest) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	u.with.eval(b)
	list := u.list.Eval(b)
	u.rows = append(u.rows[:0], b.Sel...)
	d := b.Derive()
	d.Values = d.SpareValues()
	empty, parents := 0, 0
	for _, i := range u.rows {
		before := len(d.Values)
		if err := u.elements(list, i, b, d); err != nil {
			d.Values, u.from = d.Values[:before], u.from[:before]
			b.Fail(i, plugins.Failure{Code: "type", Msg: err.Error(), Expr: u.at})
			continue
		}
		if len(d.Values) == before {
			empty++
			continue
		}
		parents++
		if len(d.Values) >= unnestBatch {
			u.emit(b, d, out, parents)
			d = b.Derive()
			d.Values = d.SpareValues()
			parents = 0
		}
	}
	if empty > 0 {
		out.Drop(empty)
	}
	u.emit(b, d, out, parents)
	return nil
}

// elements adds the elements of the list in row i of b to d.
func (u *unnest) elements(list *plugins.Column, i uint32, b, d *plugins.Batch) error {
	if list.IsNull(i) {
		return nil
	}
	if k := kindOf(list, i); k != plugins.List {
		return fmt.Errorf("the value to unnest is of type %s, not list", k)
	}
	text, off := list.Bytes(i), list.Spans[i].Off
	if broken := bytes.IndexByte(text, '\n') >= 0; broken || !sameMemory(list.Data, b.Data) {
		off = uint32(len(d.Data))
		if broken { // records are lines wherever they are written untouched
			d.Data = jsontext.Compact(d.Data, text)
		} else {
			d.Data = append(d.Data, text...)
		}
		text = d.Data[off:]
	}
	p := jsontext.Space(text, 1) // behind the bracket
	for n := 1; p < len(text) && text[p] != ']'; n++ {
		end, err := jsontext.Skip(text, p)
		if err != nil {
			return fmt.Errorf("element %d of the list %w", n, err)
		}
		switch object := text[p] == '{'; {
		case object && (u.elem == plugins.Any || u.elem == plugins.Record || u.elem == plugins.Map):
			d.Values = append(d.Values, plugins.Span{Off: off + uint32(p), Len: uint32(end - p)})
		case u.elem == plugins.Record || u.elem == plugins.Map:
			return fmt.Errorf("element %d of the list is not an object", n)
		default:
			d.Values = append(d.Values, wrap(d, text[p:end]))
		}
		u.from = append(u.from, i)
		p = jsontext.Space(text, end)
		if p < len(text) && text[p] == ',' {
			p = jsontext.Space(text, p+1)
		} else if p == len(text) || text[p] != ']' {
			return fmt.Errorf("element %d of the list is followed by neither a comma nor the end", n)
		}
	}
	return nil
}

// wrap makes a record of an element that is none.
func wrap(d *plugins.Batch, elem []byte) plugins.Span {
	off := len(d.Data)
	d.Data = append(d.Data, `{"value":`...)
	d.Data = append(d.Data, elem...)
	d.Data = append(d.Data, '}')
	return plugins.Span{Off: uint32(off), Len: uint32(len(d.Data) - off)}
}

// emit passes on the elements in d, which came from so many rows of b.
func (u *unnest) emit(b, d *plugins.Batch, out plugins.Emitter, parents int) {
	defer d.Release()
	if len(u.from) == 0 {
		return
	}
	b.Sel = append(b.Sel[:0], u.from...)
	b.CopyMeta(d)
	d.Preamble = nil
	if b.Keys != nil {
		d.Keys = d.SpareKeys()
		for _, i := range u.from {
			d.Keys = append(d.Keys, b.Keys[i])
		}
	}
	if b.Topics != nil {
		d.Topics = d.SpareTopics()
		for _, i := range u.from {
			d.Topics = append(d.Topics, b.Topics[i])
		}
	}
	if b.HeaderRows != nil {
		d.Headers = append(d.Headers, b.Headers...)
		for _, i := range u.from {
			d.HeaderRows = append(d.HeaderRows, b.HeaderRows[i])
		}
	}
	for k, name := range u.with.names {
		gather(&u.cols[k], u.with.cols[k], u.from)
		d.AddColumn(name, &u.cols[k])
	}
	if made := len(u.from) - parents; made > 0 {
		out.Make(made)
	}
	u.from = u.from[:0]
	out.Emit(0, d)
}
