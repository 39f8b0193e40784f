package transforms

import (
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

// windowed is what a window stage keeps of a key. What each record touches is
// side by side, the first pane of the usual windows included; with what the
// table has of a key it fills two lines of the processor's cache.
type windowed struct {
	windowTime
	cells []uint64           // of its panes, one after the other
	first [firstCells]uint64 // for the pane of a key that has one
	rare  *windowRare        // nil where there is nothing in it
}

// firstCells is how many cells a pane has that goes along with its key: enough
// for a mean, or for a maximum or a sum.
const firstCells = 4

// windowRare is what few stages keep of a key.
type windowRare struct {
	boxes []aggregate.Box // of its panes, one after the other
	wall  int64           // the time of the pipeline's clock at its last record, where it matters
	// shift leads from its times to those of the lane: where silent keys are
	// moved by the others, a key that is new and ahead of the lane shows the
	// time that the lane has. So clocks that differ close no window too early;
	// only what keys go on by moves the lane's time. (Other kinds of stages do
	// not do so, because of keys that come once, such as the numbers of orders:
	// with them time would stand still.)
	shift int64
}

// A pane is a run of records of a key that are in the same windows: most often
// those of one window. In its cells are where it starts and ends, what the
// type of window wants to note, if it does, and the words of its aggregates.
const (
	paneStart = iota
	paneEnd
	paneNote
)

// panes knows how the panes of keys lie in memory: in one slice for a key,
// ordered by time. The first one has room where the table keeps the key, so
// that the usual key, with one open window, has no allocation of its own.
type panes struct {
	calls  *aggregate.Calls
	noted  bool
	stride int // cells of a pane
	words  int // the first of them that is of the aggregates
	boxes  int // of a pane
	// A pane without records, to be copied.
	noCells []uint64
	noBoxes []aggregate.Box
}

func newPanes(calls *aggregate.Calls, noted bool) panes {
	words := paneNote
	if noted {
		words++
	}
	stride := words + calls.Words()
	return panes{
		calls: calls, noted: noted, stride: stride, words: words, boxes: calls.Boxes(),
		noCells: make([]uint64, stride), noBoxes: make([]aggregate.Box, calls.Boxes()),
	}
}

// beside returns how many words a key has in the table: those of the first pane
// where keys usually have no other one, and it is too large to go along.
func (p *panes) beside(c plugins.Config) int {
	if p.stride <= firstCells || c.Has("sliding") || c.Has("every") || c.Has("step") {
		return 0
	}
	return p.stride
}

// begin is for a key without panes, with the words that it has in the table.
func (p *panes) begin(k *windowed, words []uint64) {
	if k.cells = words[:0]; p.stride <= firstCells {
		k.cells = k.first[:0]
	}
}

// wall returns the time of the pipeline's clock at the last record, where it
// matters, or else 0.
func (k *windowed) wall() int64 {
	if k.rare == nil {
		return 0
	}
	return k.rare.wall
}

// shift returns [windowRare.shift].
func (k *windowed) shift() int64 {
	if k.rare == nil {
		return 0
	}
	return k.rare.shift
}

// count returns how many panes a key has.
func (p *panes) count(k *windowed) int { return len(k.cells) / p.stride }

// at returns the n-th pane.
func (p *panes) at(k *windowed, n int) []uint64 {
	return k.cells[n*p.stride : (n+1)*p.stride]
}

// state returns what is known about the records of the n-th pane.
func (p *panes) state(k *windowed, n int) aggregate.State {
	return aggregate.State{Words: k.cells[n*p.stride+p.words : (n+1)*p.stride], Boxes: p.boxesOf(k, n)}
}

func (p *panes) boxesOf(k *windowed, n int) []aggregate.Box {
	if p.boxes == 0 {
		return nil
	}
	return k.rare.boxes[n*p.boxes : (n+1)*p.boxes]
}

// add adds a record that happened at a time to the last pane.
func (p *panes) add(k *windowed, i uint32, at int64) {
	var boxes []aggregate.Box
	if p.boxes > 0 {
		boxes = k.rare.boxes[len(k.rare.boxes)-p.boxes:]
	}
	p.calls.Add(aggregate.State{Words: k.cells[len(k.cells)-p.stride+p.words:], Boxes: boxes}, i, at)
}

// insert makes a pane without records the n-th one.
func (p *panes) insert(k *windowed, n int, start, end int64) {
	k.cells = slices.Insert(k.cells, n*p.stride, p.noCells...)
	if p.boxes > 0 {
		r := k.mayBeRare()
		r.boxes = slices.Insert(r.boxes, n*p.boxes, p.noBoxes...)
	}
	pane := p.at(k, n)
	pane[paneStart], pane[paneEnd] = uint64(start), uint64(end)
}

// remove removes the panes from one up to, but without, another.
func (p *panes) remove(k *windowed, from, to int) {
	k.cells = slices.Delete(k.cells, from*p.stride, to*p.stride)
	if p.boxes > 0 {
		k.rare.boxes = slices.Delete(k.rare.boxes, from*p.boxes, to*p.boxes)
	}
}

// mayBeRare returns where to put what is rare.
func (k *windowed) mayBeRare() *windowRare {
	if k.rare == nil {
		k.rare = new(windowRare)
	}
	return k.rare
}

// inOrder reports whether the panes from one on start one after the other, or
// together, and end where they start or later.
func (p *panes) inOrder(k *windowed, from int) bool {
	for n := from; n < p.count(k); n++ {
		pane := p.at(k, n)
		if int64(pane[paneEnd]) < int64(pane[paneStart]) || n > from && int64(pane[paneStart]) < int64(p.at(k, n-1)[paneStart]) {
			return false
		}
	}
	return true
}

// merge adds the panes from one up to, but without, another to a state.
func (p *panes) merge(s aggregate.State, k *windowed, from, to int) {
	for n := from; n < to; n++ {
		p.calls.Merge(s, p.state(k, n))
	}
}
