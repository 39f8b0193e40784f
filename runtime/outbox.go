package runtime

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// outbox knows which parcels of a sink are not answered yet, so that a
// checkpoint can store them: they are written even if the process ends. It is
// used under the mutex of the sink's queue.
type outbox struct {
	last    *atomic.Int64 // number given to a parcel of any sink
	open    map[int64]*posted
	of      map[origin]int // how many of these are of a partition
	gone    []gone         // stored ones that were answered since the last checkpoint
	changed *atomic.Bool   // set when there is something to store without new records
	stable  int64          // all parcels up to this one are in a checkpoint
	holds   bool           // no other parcel may be written
	want    func()         // asks for a checkpoint
}

type posted struct {
	batch  *plugins.Batch
	origin origin
	stored bool
}

// gone is a parcel that does not wait any more.
type gone struct {
	number int64
	origin origin
}

// add gives a parcel its number, unless it has one.
func (o *outbox) add(p parcel) int64 {
	if p.number == 0 {
		p.number = o.last.Add(1)
		o.put(p.number, &posted{batch: p.batch, origin: origin{p.delivery.task.source, p.batch.Part}})
	}
	return p.number
}

// resume adds a parcel that a checkpoint has.
func (o *outbox) resume(number int64, b *plugins.Batch, from origin) {
	o.last.Store(max(o.last.Load(), number))
	o.stable = max(o.stable, number)
	o.put(number, &posted{b, from, true})
}

func (o *outbox) put(number int64, p *posted) {
	o.open[number] = p
	o.of[p.origin]++
}

// remove takes out a parcel, if it is there.
func (o *outbox) remove(number int64) {
	p := o.open[number]
	if p == nil {
		return
	}
	delete(o.open, number)
	if o.of[p.origin]--; o.of[p.origin] == 0 {
		delete(o.of, p.origin)
	}
}

// has reports whether something of a partition is not answered. What came of its source
// before a reload renamed that is of it, too.
func (o *outbox) has(from origin, g *graph.Graph) bool {
	for was := range o.of {
		if was.source = latterly(was.source, g); was == from {
			return true
		}
	}
	return false
}

// waits reports whether parcels may be written only once a checkpoint has them.
func (o *outbox) waits() bool { return o != nil && o.holds }

// answered is called before the batch of a parcel is changed or released.
func (o *outbox) answered(number int64) {
	if p := o.open[number]; p != nil && p.stored {
		o.gone = append(o.gone, gone{number, p.origin})
		o.changed.Store(true)
	}
	o.remove(number)
}

// store calls post for each parcel that the last checkpoint did not have, in
// order, and settle for each that is answered since. It returns the number up
// to which parcels are then stored. Without post it only settles.
func (o *outbox) store(post func(int64, *plugins.Batch, origin), settle func(int64, origin)) int64 {
	for _, g := range o.gone {
		settle(g.number, g.origin)
	}
	o.gone = o.gone[:0]
	if post == nil {
		return o.stable
	}
	for _, n := range slices.Sorted(maps.Keys(o.open)) {
		if p := o.open[n]; !p.stored {
			post(n, p.batch, p.origin)
			p.stored = true
		}
	}
	return o.last.Load()
}
