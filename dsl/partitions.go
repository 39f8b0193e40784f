package dsl

import "github.com/onstream/onstream/runtime/graph"

// followPartitions finds the stages that can keep what they keep by the
// partitions of a source which shares these with others.
func (b *builder) followPartitions() {
	for _, s := range b.graph.Downstream() {
		s.Follows = b.followed(b.stages[s.Addr()])
	}
}

// followed returns the source by whose partitions a stage's records are
// divided, "" for none: it is the only one that feeds the stage, and its key is
// the stage's.
func (b *builder) followed(s *stage) string {
	keys := s.keyExprs()
	if !s.kind.keyed || len(keys) == 0 || len(s.kind.transform.Ports) > 0 {
		return ""
	}
	source := ""
	for _, in := range s.Inputs {
		for _, d := range b.dividers(in, b.keyField(keys[0]), false, map[*stage]bool{}) {
			from := d.Follows
			if d.Role == graph.Source && b.capabilities(d.stage).Shares {
				from = d.Addr()
			}
			if from == "" || d.changed || !b.sameKey(d.stage, keys[0]) || source != "" && source != from {
				return ""
			}
			source = from
		}
	}
	return source
}
