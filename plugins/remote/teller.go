package remote

import (
	"sync"

	"google.golang.org/grpc"

	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// teller tells a source what it may send, and what has become of what it sent. Nobody waits for it: acknowledgements come from goroutines that must not
// block. It is safe for concurrent use.
type teller struct {
	stream grpc.BidiStreamingClient[pb.SourceRequest, pb.SourceReply]
	wake   chan struct{}
	ended  chan struct{}
	over   sync.Once

	mu       sync.Mutex
	records  int64
	bytes    int64
	settled  *pb.Settled
	owed     int  // answers that the engine has not given
	stopping bool // tell it to stop
	told     bool // it was

	finishing bool // the source has ended
	closed    bool
	idle      chan struct{} // is closed when it has, and nothing is owed
}

func newTeller(stream grpc.BidiStreamingClient[pb.SourceRequest, pb.SourceReply]) *teller {
	return &teller{stream: stream, wake: make(chan struct{}, 1), ended: make(chan struct{}), idle: make(chan struct{})}
}

// run sends until the end, and then what there still is.
func (t *teller) run() {
	for last := false; !last; {
		select {
		case <-t.wake:
		case <-t.ended:
			last = true
		}
		for _, r := range t.take() {
			if t.stream.Send(r) != nil {
				return // who receives sees why
			}
		}
	}
}

// take returns what is to be sent.
func (t *teller) take() (requests []*pb.SourceRequest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.settled != nil {
		requests = append(requests, &pb.SourceRequest{Request: &pb.SourceRequest_Settled{Settled: t.settled}})
		t.settled = nil
	}
	if t.records > 0 || t.bytes > 0 {
		requests = append(requests, &pb.SourceRequest{Request: &pb.SourceRequest_Credit{Credit: &pb.Credit{Records: uint32(t.records), Bytes: uint64(t.bytes)}}})
		t.records, t.bytes = 0, 0
	}
	if t.stopping && !t.told {
		t.told = true
		requests = append(requests, &pb.SourceRequest{Request: &pb.SourceRequest_Stop{Stop: &pb.Stop{}}})
	}
	return requests
}

// note changes what is to be sent.
func (t *teller) note(change func()) {
	t.mu.Lock()
	change()
	t.look()
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *teller) credit(records, bytes int64) {
	t.note(func() { t.records, t.bytes = t.records+records, t.bytes+bytes })
}

func (t *teller) stop() { t.note(func() { t.stopping = true }) }

// owe notes that the source is to be told of a delivery, and forget that it is not.
func (t *teller) owe() { t.note(func() { t.owed++ }) }

func (t *teller) forget() { t.note(func() { t.owed-- }) }

func (t *teller) acked(id uint64) {
	t.note(func() {
		t.list().Acked = append(t.settled.GetAcked(), id)
		t.owed--
	})
}

func (t *teller) rejected(id uint64, err error) {
	msg := "the pipeline cannot finish it"
	if err != nil {
		msg = wire.Clip(err.Error(), wire.MaxName)
	}
	t.note(func() {
		s := t.list()
		s.Rejected = append(s.Rejected, &pb.Rejected{Id: id, Message: msg})
		t.owed--
	})
}

func (t *teller) list() *pb.Settled {
	if t.settled == nil {
		t.settled = &pb.Settled{}
	}
	return t.settled
}

// owes reports whether something is to come from the engine.
func (t *teller) owes() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.owed > 0
}

// allSettled returns a channel that is closed when nothing more is to come from the engine.
func (t *teller) allSettled() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finishing = true
	t.look()
	return t.idle
}

// look closes idle where nothing is owed any more; t.mu is held.
func (t *teller) look() {
	if t.finishing && t.owed == 0 && !t.closed {
		t.closed = true
		close(t.idle)
	}
}

// end ends run.
func (t *teller) end() { t.over.Do(func() { close(t.ended) }) }
