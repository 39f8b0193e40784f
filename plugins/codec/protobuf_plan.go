package codec

import "google.golang.org/protobuf/encoding/protowire"

// protoStep says what is wanted of a message.
type protoStep struct {
	m       *protoMessage
	targets []*protoTarget
	near    int    // the target to compare a number with first
	seen    uint32 // the record in which the message was last found
}

// protoTarget is what is wanted of a field. A target that wants nothing stands
// for a field that takes the place of another, in a oneof.
type protoTarget struct {
	field  *protoField
	leaf   *leaf        // the value itself
	inside *node        // what is in it, of what is no plain message
	child  *protoStep   // what is in the message
	got    []protoEntry // where it is in the record
}

// planProto returns what is to be done with a message to get what n wants.
func planProto(m *protoMessage, n *node) *protoStep {
	s := &protoStep{m: m}
	rivals := map[int]bool{}
	for _, c := range n.children {
		for _, f := range m.fields {
			if f.name != c.name {
				continue
			}
			t := &protoTarget{field: f}
			switch {
			case c.leaf != nil:
				t.leaf = c.leaf
			case f.message != nil && f.message.known == protoPlain && !f.list && !f.isMap:
				t.child = planProto(f.message, c)
			case f.nested():
				t.inside = c
			default:
				continue // what is wanted of it is missing
			}
			s.targets = append(s.targets, t)
			rivals[f.oneof] = true
		}
	}
	delete(rivals, -1)
	for _, f := range m.fields {
		if rivals[f.oneof] && s.find(f.number) == nil {
			s.targets = append(s.targets, &protoTarget{field: f})
		}
	}
	return s
}

// find returns the target of a number, nil if there is none. Fields tend to come
// in one order, so it looks behind the last one first.
func (s *protoStep) find(n protowire.Number) *protoTarget {
	for k := range s.targets {
		i := s.near + k
		if i >= len(s.targets) {
			i -= len(s.targets)
		}
		if t := s.targets[i]; t.field.number == n {
			s.near = i + 1
			return t
		}
	}
	return nil
}

// reset forgets what was found of the message.
func (s *protoStep) reset() {
	s.seen = 0
	for _, t := range s.targets {
		t.got = t.got[:0]
		if t.child != nil {
			t.child.reset()
		}
	}
}
