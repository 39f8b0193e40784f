package nats

import (
	"context"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// window is the records that were published and are not answered for: a ring. Answers come in
// any order, and are looked at in that of the records.
type window struct {
	mu       sync.Mutex
	room     chan struct{} // signals that there may be room
	slots    []slot
	head     uint64 // the number of the first record without an answer
	tail     uint64 // the number of the next record
	batches  []*sent
	done     []func() // answers for the engine, to be given without the lock
	answered uint64   // grows with each answer
	made     int      // grows when everything in flight is given up
	// failed is the first batch that was given up since the engine was last seen to know; see begin.
	failed *plugins.Batch

	telling sync.Mutex // held while the engine is given answers; taken while mu is held
}

// slot is a record in the window.
type slot struct {
	state   slotState
	subject string
	row     uint32
	why     plugins.Failure // of slotRefused
}

type slotState uint8

const (
	slotWaiting slotState = iota
	slotStored
	slotRefused // for good
)

// sent is a batch in the window.
type sent struct {
	batch  *plugins.Batch // to be compared only
	done   func(error)
	passed int // of its records that are answered for, from the first
	total  int // how many it has
	failed plugins.RowErrors
	open   bool   // Write works on it: its answer waits
	answer func() // that does
}

func newWindow(size int) *window {
	return &window{slots: make([]slot, size), room: make(chan struct{}, 1)}
}

func (w *window) slot(number uint64) *slot { return &w.slots[number%uint64(len(w.slots))] }

// begin puts a batch behind those that are in the window. It returns nil for one that must not be
// written now: the engine has taken it before it looked at the answer that one in front of it
// failed, which is to be written again first. When it comes again, the engine has looked.
func (w *window) begin(b *plugins.Batch, done func(error)) *sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.telling.Lock() // until all answers are given
	first := w.failed
	w.failed = nil
	w.telling.Unlock()
	if first != nil && first != b {
		return nil
	}
	s := &sent{batch: b, done: done, total: len(b.Sel), open: true}
	w.batches = append(w.batches, s)
	if s.total == 0 {
		w.advance()
	}
	return s
}

// reserve waits for room for at least one of n records, and returns how many there is room for,
// and the number of the first. It returns 0 when the batch was given up meanwhile.
func (w *window) reserve(ctx context.Context, s *sent, rows []uint32, subjects []string) (n int, first uint64, err error) {
	for {
		w.mu.Lock()
		if len(w.batches) == 0 || w.batches[len(w.batches)-1] != s {
			w.mu.Unlock()
			return 0, 0, nil
		}
		n = min(len(rows), len(w.slots)-int(w.tail-w.head))
		if n > 0 {
			first = w.tail
			for i := range n {
				*w.slot(w.tail) = slot{subject: subjects[i], row: rows[i]}
				w.tail++
			}
			w.mu.Unlock()
			return n, first, nil
		}
		w.mu.Unlock()
		select {
		case <-w.room:
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		}
	}
}

// stored says that a record is; the index is that of its slot.
func (w *window) stored(made, index int) {
	w.mu.Lock()
	if made == w.made && w.inFlight(index) {
		w.slots[index].state = slotStored
		w.answered++
		w.advance()
	}
	w.settle()
}

// refuse says that the server will never take a record.
func (w *window) refuse(made, index int, f plugins.Failure) {
	w.mu.Lock()
	if made == w.made && w.inFlight(index) {
		s := &w.slots[index]
		f.Row = s.row
		s.state, s.why = slotRefused, f
		w.answered++
		w.advance()
	}
	w.settle()
}

// refuseAll does that for all records to a subject.
func (w *window) refuseAll(subject string, f plugins.Failure) {
	w.mu.Lock()
	for n := w.head; n < w.tail; n++ {
		if s := w.slot(n); s.state == slotWaiting && s.subject == subject {
			f.Row = s.row
			s.state, s.why = slotRefused, f
		}
	}
	w.advance()
	w.settle()
}

// inFlight reports whether a slot waits for an answer; w.mu is held.
func (w *window) inFlight(index int) bool {
	size := uint64(len(w.slots))
	ahead := (uint64(index) + size - w.head%size) % size
	return index >= 0 && index < len(w.slots) && w.head+ahead < w.tail && w.slots[index].state == slotWaiting
}

// advance goes past the answered records at the head; w.mu is held.
func (w *window) advance() {
	before := w.head
	w.finishEmpty()
	for w.head < w.tail {
		s := w.slot(w.head)
		if s.state == slotWaiting {
			break
		}
		b := w.batches[0]
		if s.state == slotRefused {
			b.failed = append(b.failed, s.why)
		}
		b.passed++
		w.head++
		if b.passed == b.total {
			w.finish(b)
			w.finishEmpty()
		}
	}
	if w.head != before {
		wake(w.room)
	}
}

// finish takes a batch whose records are all answered for out of the window; w.mu is held.
func (w *window) finish(b *sent) {
	w.batches[0] = nil
	w.batches = w.batches[1:]
	done, failed := b.done, b.failed
	w.tell(b, func() {
		if len(failed) > 0 {
			done(failed)
		} else {
			done(nil)
		}
	})
}

// finishEmpty answers for batches without records at the head; w.mu is held.
func (w *window) finishEmpty() {
	for len(w.batches) > 0 && w.batches[0].total == 0 {
		w.finish(w.batches[0])
	}
}

// tell keeps an answer for the engine until the window is unlocked, and Write has
// returned; w.mu is held.
func (w *window) tell(b *sent, answer func()) {
	if b.open {
		b.answer = answer
		return
	}
	w.done = append(w.done, answer)
}

// end says that Write has done with a batch.
func (w *window) end(b *sent) {
	w.mu.Lock()
	b.open = false
	if b.answer != nil {
		w.done = append(w.done, b.answer)
	}
	w.settle()
}

// settle unlocks the window and gives the engine its answers.
func (w *window) settle() {
	done := w.done
	w.done = nil
	w.telling.Lock() // so that answers are given in their order
	defer w.telling.Unlock()
	w.mu.Unlock()
	for _, f := range done {
		f()
	}
}

// fail gives up, in order, everything that is not answered for: what is behind a record that failed
// for a while is to be written again behind it. Made is what was when the failure came about.
func (w *window) fail(made int, err error) {
	w.mu.Lock()
	if made != w.made {
		w.mu.Unlock()
		return
	}
	w.made++
	if len(w.batches) > 0 {
		w.failed = w.batches[0].batch
	}
	for _, b := range w.batches {
		reason := err
		if b.passed > 0 {
			reason = &plugins.PartialError{Done: b.passed, Failed: b.failed, Err: err}
		}
		w.tell(b, func() { b.done(reason) })
	}
	w.batches = nil
	w.head = w.tail
	wake(w.room)
	w.settle()
}

// state returns how many records wait, and a number that grows with each answer.
func (w *window) state() (waiting int, answered uint64, made int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(w.tail - w.head), w.answered, w.made
}
