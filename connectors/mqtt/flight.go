package mqtt

import "github.com/onstream/onstream/plugins"

// order is a batch that a sink was given, until it is answered.
type order struct {
	batch  *plugins.Batch
	done   func(error)
	left   int // records that are not confirmed yet
	failed plugins.RowErrors
	given  int   // how many of them, from the front, are finished
	err    error // why it was given up
}

// flight is a record on its way to the broker.
type flight struct {
	order    *order // nil where nobody waits for it any more
	row      uint32
	topic    string
	id       uint16
	finished bool
	sent     bool // on some connection: a copy of it may have arrived
	received bool // QoS 2: the broker has it, and is to be told to release it
}

// flights are the records on their way, in order. Their ids follow each other, so
// that an id tells the place.
type flights struct {
	all  []flight
	head int // the first that is not finished
	next uint16
}

// len returns how many there are.
func (f *flights) len() int { return len(f.all) - f.head }

// at returns the one at a place, counted from the first that is not finished.
func (f *flights) at(i int) *flight { return &f.all[f.head+i] }

// add appends one, and gives it an id.
func (f *flights) add(x flight) {
	if f.head > 1024 && f.head > len(f.all)/2 {
		n := copy(f.all, f.all[f.head:])
		clear(f.all[n:])
		f.all, f.head = f.all[:n], 0
	}
	f.next++
	if f.next == 0 {
		f.next = 1
	}
	x.id = f.next
	f.all = append(f.all, x)
}

// find returns the place of an id, -1 where there is none.
func (f *flights) find(id uint16) int {
	if f.len() == 0 || id == 0 {
		return -1
	}
	i := int(id) - int(f.all[f.head].id)
	if i < 0 {
		i += maxText // ids go from 1 to this
	}
	if i >= f.len() {
		return -1
	}
	return i
}

// pop takes the first one out.
func (f *flights) pop() flight {
	x := f.all[f.head]
	f.all[f.head] = flight{}
	f.head++
	if f.head == len(f.all) {
		f.all, f.head = f.all[:0], 0
	}
	return x
}
