package graph

import "github.com/onstream/onstream/plugins"

// TransformKind returns the kind of a stage as it is for its configuration; false for
// sources and sinks, and where there is no such kind.
func (s *Stage) TransformKind(r *plugins.Registry) (plugins.TransformKind, bool) {
	if s.Role != Transform {
		return plugins.TransformKind{}, false
	}
	k, ok := r.Transform(s.Kind)
	return k.Configured(s.Config), ok
}
