package codec

// avroStep says what is wanted of a value of a type; nil says nothing is.
type avroStep struct {
	leaf     *leaf       // the value itself
	inside   *node       // what is in the map
	fields   []*avroStep // of a record, by the index of the field
	branches []*avroStep // of a union
	extras   []avroExtraStep
}

// avroExtraStep is what is wanted of a field that the record does not have.
type avroExtraStep struct {
	*avroStep
	t    *avroType
	data []byte
}

// planAvro returns what is to be done with values of a type to get what n
// wants.
func planAvro(t *avroType, n *node) *avroStep {
	return avroPlanner{}.plan(t, n)
}

// avroPlanner keeps what it has made: a type may be in many branches of many unions, each with
// all the others in it.
type avroPlanner map[avroWanted]*avroStep

type avroWanted struct {
	t *avroType
	n *node
}

func (x avroPlanner) plan(t *avroType, n *node) *avroStep {
	s, ok := x[avroWanted{t, n}]
	if !ok {
		s = x.make(t, n)
		x[avroWanted{t, n}] = s
	}
	return s
}

func (x avroPlanner) make(t *avroType, n *node) *avroStep {
	if n.leaf != nil {
		return &avroStep{leaf: n.leaf}
	}
	if len(n.children) == 0 {
		return nil
	}
	switch t.kind {
	case avroMap:
		return &avroStep{inside: n}
	case avroUnion:
		s := &avroStep{branches: make([]*avroStep, len(t.branches))}
		for i, b := range t.branches {
			s.branches[i] = x.plan(b, n)
		}
		return s
	case avroRecord:
		s := &avroStep{fields: make([]*avroStep, len(t.fields))}
		for _, c := range n.children {
			for i, f := range t.fields {
				if !f.hidden && f.name == c.name {
					s.fields[i] = x.plan(f.t, c)
				}
			}
			for _, e := range t.extras {
				if e.name == c.name {
					s.extras = append(s.extras, avroExtraStep{x.plan(e.t, c), e.t, e.data})
				}
			}
		}
		return s
	}
	return nil // what is wanted of it is missing
}
