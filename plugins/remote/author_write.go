package remote

import (
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// pendingWrite is a batch that the sink has, until Write has returned and done was called.
type pendingWrite struct {
	sink  *servedSink
	id    uint64
	batch *plugins.Batch
	rows  int

	mu       sync.Mutex
	answered bool // the host has its answer
	back     bool // Write has returned
	void     bool // what the sink says of it does not count
}

// done is what Write is given.
func (w *pendingWrite) done(err error) {
	first, void := w.claim(false)
	switch {
	case first:
		w.send(written(w.id, w.rows, err))
		w.release(false)
	case !void:
		w.sink.log.Error("the sink has answered a batch twice: only the first answer counts", "second", err)
	}
}

// returned tells the host that the next batch may come, or why this one was not taken.
func (w *pendingWrite) returned(err error) error {
	if err == nil {
		err = w.sink.out.send(&pb.SinkReply{Reply: &pb.SinkReply_Taken{Taken: &pb.Taken{Id: w.id}}})
		w.release(true)
		return err
	}
	if first, _ := w.claim(false); first {
		w.send(written(w.id, w.rows, err))
	} else {
		w.sink.log.Error("the sink has answered a batch, and then has not taken it: the first answer counts", "error", err)
	}
	w.batch.Release()
	return nil
}

// claim lets the caller answer, the first time. When it makes the write void, the sink is not heard any more.
func (w *pendingWrite) claim(void bool) (first, wasVoid bool) {
	w.mu.Lock()
	first, wasVoid = !w.answered, w.void
	w.answered, w.void = true, w.void || void
	w.mu.Unlock()
	if first {
		w.sink.mu.Lock()
		delete(w.sink.pending, w)
		w.sink.mu.Unlock()
	}
	return first, wasVoid
}

// send sends the answer.
func (w *pendingWrite) send(answer *pb.Written) {
	// An error of sending ends the stream, and the host writes the batch again.
	_ = w.sink.out.send(&pb.SinkReply{Reply: &pb.SinkReply_Written{Written: answer}})
}

// release gives the batch back when nobody has it any more: both have happened.
func (w *pendingWrite) release(returned bool) {
	w.mu.Lock()
	over := w.answered && (w.back || returned)
	w.back = w.back || returned
	if w.batch == nil {
		over = false
	}
	b := w.batch
	if over {
		w.batch = nil
	}
	w.mu.Unlock()
	if over {
		b.Release()
	}
}
