package aggregate

import (
	"github.com/onstream/onstream/plugins"
)

// accumulator is a call at work. What it knows about a group is either a few
// words, which are 0 at the beginning, or a box.
type accumulator struct {
	fixed fixed
	open  func() Box // where fixed is nil
	// accepts tells, where the argument is of type any, for which kinds of
	// values the call is made; nil for all.
	accepts []plugins.Kind
}

// fixed is an accumulator whose state is so many words. It is never given a
// null. Times are in ns since 1970.
type fixed interface {
	words() int
	add(w []uint64, col *plugins.Column, i uint32, at int64)
	// merge adds what is known about another group, of later arrival.
	merge(w, from []uint64)
	// result puts the result into a row of a column of its type.
	result(w []uint64, col *plugins.Column, row uint32) error
}

// Box is the state of a call that has no fixed size.
type Box interface {
	add(col *plugins.Column, i uint32, at int64)
	merge(from Box)                               // which is of the same call and stays as it is
	result(col *plugins.Column, row uint32) error // also of an empty one
	append(dst []byte) []byte
	read(src []byte) error // into an empty one
}
