package transforms

import (
	"slices"

	"github.com/onstream/onstream/plugins/aggregate"
)

// windowed is what a window stage keeps of a key.
type windowed struct {
	cells []uint64 // of its panes, one after the other
	windowTime
	boxes []aggregate.Box
}

// A pane is a run of records of a key that are in the same windows: most often
// those of one window. In its cells are where it starts and ends, what the
// type of window wants to note, and the words of its aggregates.
const (
	paneStart = iota
	paneEnd
	paneNote
	paneWords
)

// panes knows how the panes of keys lie in memory: in one slice for a key,
// ordered by time, so that the usual key, with one open window, has one
// allocation, which the next window takes over.
type panes struct {
	calls  *aggregate.Calls
	stride int // cells of a pane
	boxes  int // of a pane
	// A pane without records, to be copied.
	noCells []uint64
	noBoxes []aggregate.Box
}

func newPanes(calls *aggregate.Calls) panes {
	stride := paneWords + calls.Words()
	return panes{
		calls: calls, stride: stride, boxes: calls.Boxes(),
		noCells: make([]uint64, stride), noBoxes: make([]aggregate.Box, calls.Boxes()),
	}
}

// count returns how many panes a key has.
func (p *panes) count(k *windowed) int { return len(k.cells) / p.stride }

// at returns the n-th pane.
func (p *panes) at(k *windowed, n int) []uint64 {
	return k.cells[n*p.stride : (n+1)*p.stride]
}

// state returns what is known about the records of the n-th pane.
func (p *panes) state(k *windowed, n int) aggregate.State {
	return aggregate.State{
		Words: k.cells[n*p.stride+paneWords : (n+1)*p.stride],
		Boxes: k.boxes[n*p.boxes : (n+1)*p.boxes],
	}
}

// last returns what is known about the records of the last pane.
func (p *panes) last(k *windowed) aggregate.State {
	return aggregate.State{
		Words: k.cells[len(k.cells)-p.stride+paneWords:],
		Boxes: k.boxes[len(k.boxes)-p.boxes:],
	}
}

// insert makes a pane without records the n-th one.
func (p *panes) insert(k *windowed, n int, start, end int64) {
	if k.cells == nil {
		k.cells = make([]uint64, 0, p.stride)
	}
	k.cells = slices.Insert(k.cells, n*p.stride, p.noCells...)
	k.boxes = slices.Insert(k.boxes, n*p.boxes, p.noBoxes...)
	pane := p.at(k, n)
	pane[paneStart], pane[paneEnd] = uint64(start), uint64(end)
}

// remove removes the panes from one up to, but without, another.
func (p *panes) remove(k *windowed, from, to int) {
	k.cells = slices.Delete(k.cells, from*p.stride, to*p.stride)
	k.boxes = slices.Delete(k.boxes, from*p.boxes, to*p.boxes)
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
