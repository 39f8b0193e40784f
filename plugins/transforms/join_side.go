package transforms

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// The ports of a join.
const (
	left = iota
	right
)

var joinPorts = [...]string{left: "left", right: "right"}

// other is the port that is not p.
func other(p int) int { return 1 - p }

// joinSide is one of the two inputs of a join: how its records are read, and
// the columns in which expressions see them.
type joinSide struct {
	name  string
	key   plugins.Evaluator
	times *eventTime
	paths []plugins.Path    // of the fields that are kept, in the input
	from  []*plugins.Column // these, of the present batch
	local *rowColumns
}

func newJoinSide(c plugins.Config, port int, env plugins.Env) joinSide {
	var at plugins.Expr
	if times := c.PortExprs("time"); times != nil {
		at = times[port]
	}
	fields := plugins.LocalReads(c.AllExprs(), joinPorts[port])
	s := joinSide{
		name:  joinPorts[port],
		key:   c.PortExprs("key")[port].Evaluator(env),
		times: newEventTime(at, c, env),
		from:  make([]*plugins.Column, len(fields)),
		local: localColumns(joinPorts[port], fields),
	}
	for _, f := range fields {
		s.paths = append(s.paths, plugins.JoinPath(f.Name))
	}
	return s
}

// take returns the keys and the times of the records of a batch. Rows that
// have none are failed and dropped from b.Sel.
func (s *joinSide) take(b *plugins.Batch, wall int64) (keys *plugins.Column, times []int64) {
	keys = s.key.Eval(b)
	times = s.times.of(b, wall)
	for k, path := range s.paths {
		s.from[k] = b.Column(path)
	}
	return keys, times
}

// appendRow appends what is kept of row i of the batch taken.
func (s *joinSide) appendRow(dst []byte, i uint32) []byte {
	for _, col := range s.from {
		dst = appendValue(dst, col, i)
	}
	return dst
}

// give makes row i of the local what appendRow wrote.
func (s *joinSide) give(row []byte, i uint32) error {
	if err := s.local.read(row, i); err != nil {
		return fmt.Errorf("read a record of the input %s: %w", s.name, err)
	}
	return nil
}

// giveNothing makes row i of the local null throughout.
func (s *joinSide) giveNothing(i uint32) {
	for k := range s.local.cols {
		s.local.cols[k].SetNull(i)
	}
}
