package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// node is a part of a compiled expression: its type, and how to make what
// computes it. It is immutable.
type node struct {
	t  plugins.Type
	at hcl.Range
	// make returns a kernel with its own scratch memory.
	make func(w *workshop) kernel
	// value is set for constants, setting for settings: what is the same for
	// all rows.
	value   *plugins.Value
	setting *Setting
	// field is set where the value is that of a field.
	field *plugins.Path
	// invalid says that an error was reported: no further one follows from it.
	invalid bool
}

// kernel computes a column with a value for each row of sel. The column is
// valid until the kernel is called again, and must not be changed.
type kernel func(r *run, sel []uint32) *plugins.Column

// workshop is what kernels are made in: one evaluator.
type workshop struct {
	env   plugins.Env
	slots map[*Setting]*slot
}

// slot holds a setting's value during one evaluation.
type slot struct {
	setting *Setting
	value   *plugins.Value
}

func (s *slot) load() { s.value = s.setting.current.Load() }

// slot returns the place where a setting's value is found.
func (w *workshop) slot(s *Setting) *slot {
	if w.slots == nil {
		w.slots = map[*Setting]*slot{}
	}
	if w.slots[s] == nil {
		w.slots[s] = &slot{setting: s}
	}
	return w.slots[s]
}

// uniform returns how to get the value that all rows have in common, nil when
// they have none.
func (n *node) uniform(w *workshop) func() *plugins.Value {
	switch {
	case n.value != nil:
		return func() *plugins.Value { return n.value }
	case n.setting != nil:
		s := w.slot(n.setting)
		return func() *plugins.Value { return s.value }
	}
	return nil
}

// isNull reports whether the node is the constant null.
func (n *node) isNull() bool { return n.value != nil && n.value.Kind == plugins.Null }

// fault makes a fault at the node.
func (n *node) fault(code, msg string) *fault { return newFault(n.at, code, msg) }

func newFault(at hcl.Range, code, msg string) *fault {
	return &fault{code: code, msg: msg, at: at.String()}
}
