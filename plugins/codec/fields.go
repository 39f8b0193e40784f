package codec

import (
	"cmp"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// fields are what a decoder extracts, and the columns for it.
type fields struct {
	slots  []*slot // in the order wanted
	whole  []*slot // the record itself
	views  []*slot // those whose values are in the batch's Data: whole and leaves
	root   *node
	leaves []*leaf
	parts  []part
	stamp  uint32 // the number of the record, for seen
	left   int    // leaves not found yet
}

func newFields(wanted []plugins.Field) fields {
	var f fields
	var inside []*slot
	for _, w := range wanted {
		s := newSlot(w)
		f.slots = append(f.slots, s)
		if w.Name == "" {
			f.whole = append(f.whole, s)
		} else {
			inside = append(inside, s)
		}
	}
	f.root, f.leaves, f.parts = fieldTree(inside)
	f.views = slices.Clone(f.whole)
	for _, l := range f.leaves {
		f.views = append(f.views, l.slots...)
	}
	return f
}

// begin prepares the columns for the rows of b.
func (f *fields) begin(b *plugins.Batch) {
	for _, s := range f.slots {
		s.col.Reset(s.Type.Kind, b.Len)
	}
}

// record begins a record: no field of it is found yet.
func (f *fields) record() {
	f.left = len(f.leaves)
	if f.stamp++; f.stamp == 0 { // numbers begin anew: what is marked with old ones is forgotten
		f.root.forget()
		f.stamp = 1
	}
}

// end drops the rows that failed, reads the parts of fields, and adds the
// columns to b.
func (f *fields) end(b *plugins.Batch) {
	for _, s := range f.views {
		s.col.Data = b.Data
	}
	b.DropFailed()
	for _, x := range f.parts {
		x.slot.col.Data = x.slot.col.Data[:0]
		for _, i := range b.Sel {
			if err := x.take(i); err != nil {
				fail(b, i, codeDecode, err)
			}
		}
		b.DropFailed()
	}
	for _, s := range f.slots {
		b.AddColumn(s.path, &s.col)
	}
}

// node is a member of an object that is wanted, or has members that are.
type node struct {
	name     string
	leaf     *leaf // what is wanted of it, nil if it has children
	children []*node
	near     int    // the child to compare a key with first
	seen     uint32 // the record in which it was last found
}

// leaf is a value that is read into one or more columns.
type leaf struct {
	slots []*slot
	seen  uint32 // the record in which it was last read
}

// part is a field that is inside another one which is wanted as a whole.
type part struct {
	slot *slot
	of   *slot
	path []string
}

// take reads the part out of the JSON text of what it is a part of.
func (x *part) take(row uint32) error {
	kind := x.of.col.Kind
	if kind == plugins.Any {
		kind = x.of.col.Kinds[row]
	}
	if !kind.Nested() || x.of.col.IsNull(row) {
		return x.slot.missing(row)
	}
	text, err := jsontext.Lookup(x.of.col.Bytes(row), x.path...)
	if err == nil && text == nil {
		return x.slot.missing(row)
	}
	if err == nil {
		err = x.slot.Set(row, text)
	}
	if err != nil {
		return &fieldError{x.slot.path, err}
	}
	return nil
}

// fieldTree arranges slots as a tree of nodes, leaves in order, and the parts
// that hang on other slots.
func fieldTree(slots []*slot) (root *node, leaves []*leaf, parts []part) {
	root = &node{}
	byDepth := slices.Clone(slots)
	slices.SortStableFunc(byDepth, func(a, b *slot) int {
		return cmp.Compare(len(plugins.SplitPath(a.path)), len(plugins.SplitPath(b.path)))
	})
	for _, s := range byDepth {
		path := plugins.SplitPath(s.path)
		n := root
		for len(path) > 0 && n.leaf == nil {
			n = n.child(path[0])
			path = path[1:]
		}
		switch {
		case len(path) > 0:
			parts = append(parts, part{s, n.leaf.slots[0], path})
		case n.leaf != nil:
			n.leaf.slots = append(n.leaf.slots, s)
		default:
			n.leaf = &leaf{slots: []*slot{s}}
			leaves = append(leaves, n.leaf)
		}
	}
	return root, leaves, parts
}

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	c := &node{name: name}
	n.children = append(n.children, c)
	return c
}

// match returns the child with a key, nil if there is none. Keys tend to come
// in one order, so it looks behind the last match first.
func (n *node) match(key []byte) *node {
	for k := range n.children {
		i := n.near + k
		if i >= len(n.children) {
			i -= len(n.children)
		}
		if c := n.children[i]; c.name == string(key) {
			n.near = i + 1
			return c
		}
	}
	return nil
}

// forget unmarks the node and everything below.
func (n *node) forget() {
	n.seen = 0
	if n.leaf != nil {
		n.leaf.seen = 0
	}
	for _, c := range n.children {
		c.forget()
	}
}
