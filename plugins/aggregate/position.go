package aggregate

import (
	"encoding/binary"

	"github.com/onstream/onstream/plugins"
)

func firstFunction() Function {
	return Function{
		Name: "first", Doc: "Returns the earliest x by event time; of several, the one that came first.", Example: `agg::first(event.status)`,
		Params: []Param{{Name: "x"}}, result: asGiven,
		begin: func(args []plugins.Type, _ []plugins.Value) accumulator { return positionOf(args[0], false) },
	}
}

func lastFunction() Function {
	return Function{
		Name: "last", Doc: "Returns the latest x by event time; of several, the one that came last.", Example: `agg::last(event.site)`,
		Params: []Param{{Name: "x"}}, result: asGiven,
		begin: func(args []plugins.Type, _ []plugins.Value) accumulator { return positionOf(args[0], true) },
	}
}

func asGiven(args []plugins.Type) (plugins.Type, error) { return args[0], nil }

func positionOf(t plugins.Type, last bool) accumulator {
	if hasText(t.Kind) || t.Kind == plugins.Any {
		return accumulator{open: func() Box { return &positionValue{last: last} }}
	}
	return accumulator{fixed: positionScalar{last: last}}
}

// precedes tells whether a value takes the place of the one of time best.
func precedes(at, best int64, last bool) bool {
	if last {
		return at >= best
	}
	return at < best
}

// positionScalar is whether there is one, its time, and it.
type positionScalar struct{ last bool }

func (positionScalar) words() int { return 3 }

func (p positionScalar) add(w []uint64, col *plugins.Column, i uint32, at int64) {
	if w[0] == 0 || precedes(at, int64(w[1]), p.last) {
		v := view(col, i)
		w[0], w[1], w[2] = 1, uint64(at), uint64(v.bits)
	}
}

func (p positionScalar) merge(w, from []uint64) {
	if from[0] != 0 && (w[0] == 0 || precedes(int64(from[1]), int64(w[1]), p.last)) {
		copy(w, from)
	}
}

func (positionScalar) result(w []uint64, col *plugins.Column, row uint32) error {
	if w[0] == 0 {
		col.SetNull(row)
		return nil
	}
	value{kind: col.Kind, bits: int64(w[2])}.put(col, row)
	return nil
}

// positionValue is one of any kind.
type positionValue struct {
	last, some bool
	at         int64
	v          value
}

func (p *positionValue) add(col *plugins.Column, i uint32, at int64) {
	if !p.some || precedes(at, p.at, p.last) {
		p.some, p.at = true, at
		p.v.set(col, i)
	}
}

func (p *positionValue) merge(from Box) {
	if f := from.(*positionValue); f.some && (!p.some || precedes(f.at, p.at, p.last)) {
		p.some, p.at, p.v = true, f.at, f.v.clone()
	}
}

func (p *positionValue) result(col *plugins.Column, row uint32) error {
	if !p.some {
		col.SetNull(row)
		return nil
	}
	p.v.put(col, row)
	return nil
}

func (p *positionValue) append(dst []byte) []byte {
	return p.v.append(binary.AppendVarint(dst, p.at))
}

func (p *positionValue) read(src []byte) (err error) {
	at, n := binary.Varint(src)
	if n <= 0 {
		return errDamaged
	}
	p.some, p.at = true, at
	p.v, _, err = readValue(src[n:])
	return err
}
