package expr

import (
	"fmt"
	"sync/atomic"

	"github.com/onstream/onstream/plugins"
)

// Setting is a named value that can be changed while a pipeline runs. Every
// batch sees one value from start to end; a change needs no restart. It is
// safe for concurrent use.
type Setting struct {
	Name string
	Type plugins.Type

	current atomic.Pointer[plugins.Value]
}

// NewSetting makes a setting with its first value, which must be of the type.
func NewSetting(name string, t plugins.Type, v plugins.Value) (*Setting, error) {
	s := &Setting{Name: name, Type: t}
	return s, s.Set(v)
}

// Get returns the present value.
func (s *Setting) Get() plugins.Value { return *s.current.Load() }

// Set changes the value. It must be of the setting's type; an int is taken
// where the type is float.
func (s *Setting) Set(v plugins.Value) error {
	fitted, err := fit(v, s.Type)
	if err != nil {
		return fmt.Errorf("setting %q %w", s.Name, err)
	}
	s.current.Store(&fitted)
	return nil
}

// fit brings a value to a type: it checks it, and makes a float of an int
// where one is wanted.
func fit(v plugins.Value, t plugins.Type) (plugins.Value, error) {
	switch {
	case t.Kind == plugins.Any, v.Kind == t.Kind:
		return v, nil
	case v.Kind == plugins.Null && t.Nullable:
		return v, nil
	case v.Kind == plugins.Null:
		return v, fmt.Errorf("must not be null")
	case v.Kind == plugins.Int && t.Kind == plugins.Float:
		return plugins.Value{Kind: plugins.Float, Float: float64(v.Int)}, nil
	case v.Kind == plugins.Record && t.Kind == plugins.Map:
		return plugins.Value{Kind: plugins.Map, Text: v.Text}, nil
	}
	return v, fmt.Errorf("must be %s, not %s", t, v.Kind)
}
