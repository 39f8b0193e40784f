package aggregate

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// maxCollected is how much text a collected list may have, in bytes.
const maxCollected = 1 << 20

func collectFunction() Function {
	return Function{
		Name: "collect", Example: `agg::collect(event.code, 100)`,
		Doc: fmt.Sprintf("Returns the list of all x in the order in which they came: the first max of them, and not more than %d MiB.", maxCollected>>20),
		Params: []Param{
			{Name: "x"},
			{Name: "max", Constant: true, Optional: true, Type: plugins.Of(plugins.Int), Min: 1, Max: 100_000, Default: plugins.Value{Kind: plugins.Int, Int: 1000}},
		},
		result: func(args []plugins.Type) (plugins.Type, error) { return listOf(args[0]), nil },
		begin: func(args []plugins.Type, params []plugins.Value) accumulator {
			layout, limit := args[0].Layout, int(params[0].Int)
			return accumulator{open: func() Box { return &collected{layout: layout, limit: limit} }}
		},
	}
}

// listOf returns the type of lists of what is not null of a type.
func listOf(t plugins.Type) plugins.Type {
	elem := t.NotNull()
	return plugins.Type{Kind: plugins.List, Elem: &elem, Nullable: t.Nullable || t.Kind == plugins.Any}
}

// collected is the JSON text of values, with commas between.
type collected struct {
	layout string // of times
	limit  int
	n      int
	text   []byte
}

func (c *collected) add(col *plugins.Column, i uint32, _ int64) {
	if c.n == c.limit || len(c.text) > maxCollected {
		return
	}
	before := len(c.text)
	if c.n > 0 {
		c.text = append(c.text, ',')
	}
	if c.text = jsontext.AppendRow(c.text, col, i, c.layout); len(c.text) > maxCollected {
		c.text, c.limit = c.text[:before], c.n
		return
	}
	c.n++
}

func (c *collected) merge(from Box) {
	f := from.(*collected)
	it := jsontext.Elements(f.list(nil))
	for c.n < c.limit && it.Next() {
		if len(c.text)+len(it.Value())+1 > maxCollected {
			c.limit = c.n
			return
		}
		if c.n > 0 {
			c.text = append(c.text, ',')
		}
		c.text = append(c.text, it.Value()...)
		c.n++
	}
}

func (c *collected) list(dst []byte) []byte {
	dst = append(append(dst, '['), c.text...)
	return append(dst, ']')
}

func (c *collected) result(col *plugins.Column, row uint32) error {
	if c.n == 0 {
		col.SetNull(row)
		return nil
	}
	col.AppendBytes(row, c.list(nil))
	return nil
}

func (c *collected) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(c.n))
	dst = binary.AppendUvarint(dst, uint64(c.limit))
	return append(dst, c.text...)
}

func (c *collected) read(src []byte) error {
	n, size := binary.Uvarint(src)
	if size <= 0 {
		return errDamaged
	}
	src = src[size:]
	limit, size := binary.Uvarint(src)
	if size <= 0 {
		return errDamaged
	}
	c.n, c.limit, c.text = int(n), int(limit), bytes.Clone(src[size:])
	return nil
}
