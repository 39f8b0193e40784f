package graph

import "github.com/onstream/onstream/plugins"

// kinds returns where the kind is found, r unless the stage says otherwise.
func (s *Stage) kinds(r *plugins.Registry) *plugins.Registry {
	if s.Kinds != nil {
		return s.Kinds
	}
	return r
}

// SourceKind returns the kind of a source; false where there is no such kind.
func (s *Stage) SourceKind(r *plugins.Registry) (plugins.SourceKind, bool) {
	return s.kinds(r).Source(s.Kind)
}

// SinkKind returns the kind of a sink; false where there is no such kind.
func (s *Stage) SinkKind(r *plugins.Registry) (plugins.SinkKind, bool) {
	return s.kinds(r).Sink(s.Kind)
}

// TransformKind returns the kind of a stage; false for sources and sinks, and where
// there is no such kind.
func (s *Stage) TransformKind(r *plugins.Registry) (plugins.TransformKind, bool) {
	if s.Role != Transform {
		return plugins.TransformKind{}, false
	}
	return s.kinds(r).Transform(s.Kind)
}

// Description returns what the kind of a transform says of the stage; nothing of sources
// and sinks.
func (s *Stage) Description(r *plugins.Registry) plugins.Description {
	k, _ := s.TransformKind(r)
	return k.Description(s.Config)
}
