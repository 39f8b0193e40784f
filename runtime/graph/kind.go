package graph

import "github.com/onstream/onstream/plugins"

// TransformKind returns the kind of a stage; false for sources and sinks, and where
// there is no such kind.
func (s *Stage) TransformKind(r *plugins.Registry) (plugins.TransformKind, bool) {
	if s.Role != Transform {
		return plugins.TransformKind{}, false
	}
	return r.Transform(s.Kind)
}

// Description returns what the kind of a transform says of the stage; nothing of sources
// and sinks.
func (s *Stage) Description(r *plugins.Registry) plugins.Description {
	k, _ := s.TransformKind(r)
	return k.Description(s.Config)
}
