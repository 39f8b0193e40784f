package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// sinkLine is a stream to a sink of a plugin. One goroutine at a time calls its methods; answers come from its own.
type sinkLine struct {
	*line[pb.SinkRequest, pb.SinkReply]
	writer  wire.BatchWriter
	id      uint64
	flushed chan error    // of the flush that is under way
	closed  chan error    // of the close
	ended   chan struct{} // no answer comes any more
	closing atomic.Bool   // it was told to close

	mu      sync.Mutex
	pending map[uint64]*unanswered
	why     error // the line is of no use
}

// unanswered is a write that has no answer yet.
type unanswered struct {
	rows     []uint32
	taken    chan struct{}
	hasRoom  sync.Once
	isTaken  bool // of the goroutine that reads
	divide   bool // known when it is taken
	answered func(answer)
}

// answer is what a sink says of a write.
type answer struct {
	failures plugins.RowErrors
	done     int   // rows from the front that are done with, where there is an error
	err      error // of the others
}

func (p *unanswered) take() { p.hasRoom.Do(func() { close(p.taken) }) }

// openSink opens a stream to a process.
func (s *stage) openSink(ctx context.Context, w *worker) (*sinkLine, error) {
	line, err := call(s, w, w.client.Sink)
	if err != nil {
		return nil, err
	}
	open := &pb.SinkRequest{Request: &pb.SinkRequest_Open{Open: &pb.OpenSink{Stage: s.message}}}
	err = line.ask(ctx, open, func(r *pb.SinkReply) (bool, error) {
		switch x := r.GetReply().(type) {
		case *pb.SinkReply_Opened:
			return true, s.problem(wire.ToError(x.Opened.GetProblem()))
		case *pb.SinkReply_Metrics:
			return false, s.guests.record(s, x.Metrics)
		}
		return false, s.nonsense("its first answer is not that it was opened")
	})
	if err != nil {
		line.cancel()
		return nil, err
	}
	l := &sinkLine{line: line, flushed: make(chan error, 1), closed: make(chan error, 1), ended: make(chan struct{}), pending: map[uint64]*unanswered{}}
	go l.read()
	return l, nil
}

// read takes the answers until the stream ends.
func (l *sinkLine) read() {
	defer close(l.ended)
	for {
		reply, err := l.stream.Recv()
		if err != nil {
			if why := l.failure(); why == nil {
				l.fail(l.lost(context.Background(), err))
			}
			break
		}
		if err := l.take(reply); err != nil {
			l.fail(err)
			l.worker.process.Kill(err.Error())
			break
		}
	}
	l.cancel()
	l.mu.Lock()
	pending := l.pending
	l.pending = map[uint64]*unanswered{}
	l.mu.Unlock()
	for _, p := range pending {
		p.take()
		p.answered(answer{err: l.failure()})
	}
}

// fail says that the line is of no use.
func (l *sinkLine) fail(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil {
		l.why = why
	}
}

// failure returns why the line is of no use, nil where it is.
func (l *sinkLine) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

// take looks at an answer.
func (l *sinkLine) take(reply *pb.SinkReply) error {
	s := l.stage
	switch x := reply.GetReply().(type) {
	case *pb.SinkReply_Taken:
		if x.Taken.GetId() > l.lastID() {
			return s.nonsense("it has taken write %d, which was not sent", x.Taken.GetId())
		}
		l.mu.Lock()
		p := l.pending[x.Taken.GetId()]
		l.mu.Unlock()
		if p != nil {
			p.isTaken = true
			p.take()
		}
	case *pb.SinkReply_Written:
		return l.written(x.Written)
	case *pb.SinkReply_Flushed:
		if x.Flushed.GetId() != l.lastID() {
			return s.nonsense("it has finished flush %d, and none with that number is under way", x.Flushed.GetId())
		}
		select {
		case l.flushed <- s.problem(wire.ToError(x.Flushed.GetProblem())):
		default:
			return s.nonsense("it has finished a flush twice")
		}
	case *pb.SinkReply_Closed:
		if !l.closing.Load() {
			return s.nonsense("it was closed, and nobody has asked for that")
		}
		l.fail(errSinkClosed) // the end of the stream, which follows, is no crash
		select {
		case l.closed <- s.problem(wire.ToError(x.Closed.GetProblem())):
		default:
			return s.nonsense("it was closed twice")
		}
	case *pb.SinkReply_Metrics:
		return s.guests.record(s, x.Metrics)
	default:
		return s.nonsense("it says something that no sink says")
	}
	return nil
}

func (l *sinkLine) lastID() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id
}

// written takes the answer to a write.
func (l *sinkLine) written(w *pb.Written) error {
	s := l.stage
	l.mu.Lock()
	p := l.pending[w.GetId()]
	l.mu.Unlock()
	if p == nil {
		return s.nonsense("it answers to write %d, which has an answer or was not sent", w.GetId())
	}
	if w.GetDivide() {
		return l.divided(p, w)
	}
	failures, err := wire.ToFailures(w.GetFailures(), len(p.rows))
	if err != nil {
		return s.nonsense("%v", err)
	}
	a := answer{err: s.problem(wire.ToError(w.GetProblem()))}
	if done := w.GetDone(); w.Done != nil {
		if a.err == nil || int64(done) > int64(len(p.rows)) {
			return s.nonsense("it has done with %d records of %d, and names no problem with the others", done, len(p.rows))
		}
		a.done = int(done)
	}
	for _, f := range failures {
		if a.err != nil && int(f.Row) >= a.done {
			return s.nonsense("record %d of a write has failed, and it has done with %d", f.Row, a.done)
		}
		f.Row, f.Msg = p.rows[f.Row], s.plugin.hide.Clean(f.Msg)
		a.failures = append(a.failures, f)
	}
	l.worker.good.Store(true)
	l.mu.Lock()
	delete(l.pending, w.GetId())
	l.mu.Unlock()
	p.take()
	p.answered(a)
	return nil
}

// divided takes the answer to a write that is to be done in parts.
func (l *sinkLine) divided(p *unanswered, w *pb.Written) error {
	switch {
	case len(p.rows) == 1:
		return l.stage.nonsense("it wants a write of one record divided")
	case p.isTaken:
		return l.stage.nonsense("it wants a write divided that it has taken")
	case len(w.GetFailures()) > 0 || w.GetProblem() != nil || w.Done != nil:
		return l.stage.nonsense("it wants a write divided, and says what has become of it")
	}
	l.worker.good.Store(true)
	l.mu.Lock()
	delete(l.pending, w.GetId())
	l.mu.Unlock()
	p.divide = true
	p.take()
	return nil
}

// next makes the number of a request, and what waits for its answer, if it is a write.
func (l *sinkLine) next(p *unanswered) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why != nil {
		return 0, l.why
	}
	l.id++
	if p != nil {
		l.pending[l.id] = p
	}
	return l.id, nil
}

// errDivide is about rows that are to be written in parts.
var errDivide = errors.New("the sink wants the write divided")

// write sends rows, and waits until the sink has room for more. The answer comes once, whatever happens, unless write returns an error: errDivide where
// parts of the rows are to be written instead.
func (l *sinkLine) write(ctx context.Context, b *plugins.Batch, rows []uint32, contents wire.Contents, answered func(answer)) error {
	p := &unanswered{rows: rows, taken: make(chan struct{}), answered: answered}
	id, err := l.next(p)
	if err != nil {
		return err
	}
	l.alarm.set()
	defer l.alarm.stop()
	defer context.AfterFunc(ctx, func() {
		l.fail(context.Cause(ctx))
		l.cancel()
	})()
	batch := l.writer.Batch(b, rows, contents)
	if l.stream.Send(&pb.SinkRequest{Request: &pb.SinkRequest_Write{Write: &pb.Write{Id: id, Batch: batch}}}) != nil {
		<-l.ended // which has answered
		return nil
	}
	<-p.taken
	if p.divide {
		return errDivide
	}
	return nil
}

// flush has the sink finish what it holds back.
func (l *sinkLine) flush(ctx context.Context) error {
	id, err := l.next(nil)
	if err != nil {
		return nil //nolint:nilerr // what was written was answered so
	}
	err = l.request(ctx, &pb.SinkRequest{Request: &pb.SinkRequest_Flush{Flush: &pb.Flush{Id: id}}}, l.flushed)
	if err == nil {
		l.watchFlushed(id)
	}
	return err
}

// watchFlushed kills the process when something has no answer, long after all was flushed. What it had is written again.
func (l *sinkLine) watchFlushed(id uint64) {
	if l.open(id) == 0 {
		return
	}
	limit := l.stage.plugin.config.Limits.Timeout
	time.AfterFunc(limit, func() {
		if n := l.open(id); n > 0 {
			l.worker.hung.Store(true)
			l.worker.process.Kill(fmt.Sprintf("it has not answered within %v (limits.timeout): %s %s has flushed all, and has not said what has become of %d writes before that",
				limit, l.stage.role, l.stage.kind.name, n))
		}
	})
}

// open returns how many writes before a request have no answer.
func (l *sinkLine) open(before uint64) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for id := range l.pending {
		if id < before {
			n++
		}
	}
	return n
}

// request sends a request whose answer comes on a channel. The end of the stream is none.
func (l *sinkLine) request(ctx context.Context, r *pb.SinkRequest, reply <-chan error) error {
	l.alarm.set()
	defer l.alarm.stop()
	if l.stream.Send(r) != nil {
		<-l.ended
		return nil
	}
	select {
	case err := <-reply:
		return err
	case <-l.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// close closes the sink and the stream.
func (l *sinkLine) close(ctx context.Context) error {
	err := l.failure()
	if err == nil {
		l.closing.Store(true)
		err = l.request(ctx, &pb.SinkRequest{Request: &pb.SinkRequest_Close{Close: &pb.CloseSink{}}}, l.closed)
		l.fail(errSinkClosed)
	} else {
		err = nil // it was told
	}
	_ = l.stream.CloseSend() // the process may have ended
	select {
	case <-l.ended:
	case <-ctx.Done():
	case <-time.After(l.stage.plugin.config.Limits.Timeout):
	}
	l.cancel()
	<-l.ended
	return err
}

var errSinkClosed = errors.New("the sink was closed before it had answered")
