package aggregate

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

func topFunction() Function {
	return Function{
		Name: "top", Doc: "Returns the list of the n greatest x, the greatest first.", Example: `agg::top(event.temp, 3)`,
		Params: []Param{
			{Name: "x"},
			{Name: "n", Constant: true, Type: plugins.Of(plugins.Int), Min: 1, Max: 1000},
		},
		result: func(args []plugins.Type) (plugins.Type, error) {
			return listOf(args[0]), wants("top", args[0], ordered...)
		},
		begin: func(args []plugins.Type, params []plugins.Value) accumulator {
			layout, limit := args[0].Layout, int(params[0].Int)
			return accumulator{accepts: ordered, open: func() Box { return &greatest{layout: layout, limit: limit} }}
		},
	}
}

// greatest is the greatest values, in descending order.
type greatest struct {
	layout string // of times
	limit  int
	values []value
}

func (g *greatest) add(col *plugins.Column, i uint32, _ int64) { g.take(view(col, i)) }

// take takes a value in if it is one of the greatest.
func (g *greatest) take(v value) {
	if len(g.values) == g.limit && compare(v, g.values[g.limit-1]) <= 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(g.values, v, func(x, v value) int {
		if compare(x, v) >= 0 {
			return -1
		}
		return 1
	})
	if len(g.values) == g.limit {
		g.values = g.values[:g.limit-1]
	}
	g.values = slices.Insert(g.values, at, v.clone())
}

func (g *greatest) merge(from Box) {
	for _, v := range from.(*greatest).values {
		g.take(v)
	}
}

func (g *greatest) result(col *plugins.Column, row uint32) error {
	if len(g.values) == 0 {
		col.SetNull(row)
		return nil
	}
	text := []byte{'['}
	for k, v := range g.values {
		if k > 0 {
			text = append(text, ',')
		}
		switch {
		case hasText(v.kind):
			text = jsontext.AppendBytes(text, v.kind, v.text)
		case v.kind == plugins.Float:
			text = jsontext.AppendFloat(text, v.float())
		default:
			text = jsontext.AppendValue(text, plugins.Value{Kind: v.kind, Int: v.bits}, g.layout)
		}
	}
	col.AppendBytes(row, append(text, ']'))
	return nil
}

func (g *greatest) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(g.values)))
	for _, v := range g.values {
		dst = v.append(dst)
	}
	return dst
}

func (g *greatest) read(src []byte) error {
	n, size := binary.Uvarint(src)
	if size <= 0 || n > uint64(len(src)) {
		return errDamaged
	}
	src = bytes.Clone(src[size:])
	for range n {
		v, rest, err := readValue(src)
		if err != nil {
			return err
		}
		g.values, src = append(g.values, v), rest
	}
	return nil
}
