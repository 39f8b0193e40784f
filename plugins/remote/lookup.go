package remote

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// lookup is a look-up of a plugin. It is safe for concurrent use.
type lookup struct {
	*stage
	done func()

	mu   sync.Mutex
	line *lookupLine // nil while there is none
}

var (
	_ plugins.Lookup = (*lookup)(nil)
	_ plugins.Closer = (*lookup)(nil)
)

func newLookup(k *kind, c plugins.Config, env plugins.Env) (plugins.Lookup, error) {
	s, err := newStage(k, c, env)
	if err != nil {
		return nil, err
	}
	return &lookup{stage: s, done: k.plugin.use()}, nil
}

// Find implements [plugins.Lookup]. Keys that were with a process when it crashed are looked for in another one, where nobody else is; if they crash that, too, they
// are to blame.
func (l *lookup) Find(ctx context.Context, keys []plugins.Value, found func(i int, record []byte)) error {
	values, size := make([]*pb.Value, len(keys)), 0
	for i, k := range keys {
		values[i] = wire.FromValue(k)
		size += len(k.Text) + rowCost
	}
	if size > wire.MaxMessage-room {
		return plugins.Permanent(errors.New(largeFailure("the keys to look for are too large").Msg))
	}
	reply, err := l.ask(ctx, values)
	var crashed *crash
	if errors.As(err, &crashed) {
		if reply, err = l.askApart(ctx, values); errors.As(err, &crashed) {
			l.health.failed.Record(float64(len(keys)))
			return plugins.Permanent(errors.New("the plugin crashes on the keys: " + crashed.reason))
		}
	}
	if errors.Is(err, errTooLarge) { // perhaps that of another question
		if reply, err = l.askAlone(ctx, values); errors.Is(err, errTooLarge) {
			return plugins.Permanent(err)
		}
	}
	if err != nil {
		return err
	}
	records, err := l.records(reply, len(keys))
	if err != nil {
		return err
	}
	for k, i := range reply.GetKeys() {
		found(int(i), records[k])
	}
	return nil
}

// records checks an answer.
func (l *lookup) records(reply *pb.Found, keys int) ([][]byte, error) {
	if err := wire.ToError(reply.GetProblem()); err != nil {
		return nil, l.problem(err)
	}
	records, err := wire.Parts("the records that were found", reply.GetRecords(), len(reply.GetKeys()))
	if err != nil {
		return nil, l.nonsense("%v", err)
	}
	seen := make([]bool, keys)
	for k, i := range reply.GetKeys() {
		switch {
		case int64(i) >= int64(keys):
			return nil, l.nonsense("it has found key %d of %d", i, keys)
		case seen[i]:
			return nil, l.nonsense("it has found key %d twice", i)
		case len(records[k]) == 0 || records[k][0] != '{' || !json.Valid(records[k]):
			return nil, l.nonsense("what it has found for key %d is no JSON text of an object", i)
		}
		seen[i] = true
	}
	return records, nil
}

// ask asks the process that runs.
func (l *lookup) ask(ctx context.Context, keys []*pb.Value) (*pb.Found, error) {
	line, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	return line.find(ctx, keys)
}

// askAlone asks in a stream on which nothing else is asked.
func (l *lookup) askAlone(ctx context.Context, keys []*pb.Value) (*pb.Found, error) {
	w, err := l.plugin.supervisor.get(ctx)
	if err != nil {
		return nil, err
	}
	return l.askIn(ctx, w, keys)
}

// askApart asks a process in which nobody else is.
func (l *lookup) askApart(ctx context.Context, keys []*pb.Value) (*pb.Found, error) {
	turn, err := l.plugin.trials.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer turn.close()
	w, err := turn.get(ctx)
	if err != nil {
		return nil, err
	}
	return l.askIn(ctx, w, keys)
}

func (l *lookup) askIn(ctx context.Context, w *worker, keys []*pb.Value) (*pb.Found, error) {
	line, err := l.open(ctx, w)
	if err != nil {
		return nil, err
	}
	defer line.close()
	return line.find(ctx, keys)
}

// dial returns the stream, a new one where the former is of no use.
func (l *lookup) dial(ctx context.Context) (*lookupLine, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.line != nil && l.line.alive() {
		return l.line, nil
	}
	w, err := l.plugin.supervisor.get(ctx)
	if err != nil {
		return nil, err
	}
	l.line, err = l.open(ctx, w)
	return l.line, err
}

// Close implements [plugins.Closer].
func (l *lookup) Close(context.Context) error {
	defer l.done()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.line != nil {
		l.line.close()
		l.line = nil
	}
	return nil
}

// lookupLine is a stream to a look-up. It is safe for concurrent use.
type lookupLine struct {
	*line[pb.LookupRequest, pb.LookupReply]
	ended chan struct{}

	sending sync.Mutex

	mu      sync.Mutex
	id      uint64
	closing bool
	pending map[uint64]chan *pb.Found
	why     error
}

func (l *lookup) open(ctx context.Context, w *worker) (*lookupLine, error) {
	line, err := call(l.stage, w, w.client.Lookup)
	if err != nil {
		return nil, err
	}
	open := &pb.LookupRequest{Request: &pb.LookupRequest_Open{Open: &pb.OpenLookup{Stage: l.message}}}
	err = line.ask(ctx, open, func(r *pb.LookupReply) (bool, error) {
		switch x := r.GetReply().(type) {
		case *pb.LookupReply_Opened:
			return true, l.problem(wire.ToError(x.Opened.GetProblem()))
		case *pb.LookupReply_Metrics:
			return false, l.guests.record(l.stage, x.Metrics)
		}
		return false, l.nonsense("its first answer is not that it was opened")
	})
	if err != nil {
		line.cancel()
		return nil, err
	}
	x := &lookupLine{line: line, ended: make(chan struct{}), pending: map[uint64]chan *pb.Found{}}
	go x.read()
	return x, nil
}

func (l *lookupLine) alive() bool {
	select {
	case <-l.ended:
		return false
	default:
		return !l.worker.hasExited()
	}
}

// read takes the answers until the stream ends.
func (l *lookupLine) read() {
	err := l.readAll()
	l.mu.Lock()
	l.why = err
	l.mu.Unlock()
	close(l.ended)
	l.cancel()
}

func (l *lookupLine) readAll() error {
	for {
		reply, err := l.stream.Recv()
		if err != nil && l.isClosing() {
			return errClosed
		}
		if err != nil {
			return l.lost(context.Background(), err)
		}
		switch x := reply.GetReply().(type) {
		case *pb.LookupReply_Found:
			err = l.found(x.Found)
		case *pb.LookupReply_Metrics:
			err = l.stage.guests.record(l.stage, x.Metrics)
		default:
			err = l.stage.nonsense("it says something that no look-up says")
		}
		if err != nil {
			l.worker.process.Kill(err.Error())
			return err
		}
	}
}

func (l *lookupLine) found(f *pb.Found) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.GetId() == 0 || f.GetId() > l.id {
		return l.stage.nonsense("it answers to request %d, which was not sent", f.GetId())
	}
	if answer := l.pending[f.GetId()]; answer != nil { // else nobody waits any more
		l.worker.good.Store(true)
		answer <- f
		delete(l.pending, f.GetId())
	}
	return nil
}

// find asks for keys.
func (l *lookupLine) find(ctx context.Context, keys []*pb.Value) (*pb.Found, error) {
	alarm := alarm{worker: l.worker, limit: l.alarm.limit, what: l.alarm.what}
	alarm.set()
	defer alarm.stop()
	answer := make(chan *pb.Found, 1)
	l.mu.Lock()
	l.id++
	id := l.id
	l.pending[id] = answer
	l.mu.Unlock()
	l.sending.Lock()
	err := l.stream.Send(&pb.LookupRequest{Request: &pb.LookupRequest_Find{Find: &pb.Find{Id: id, Keys: keys}}})
	l.sending.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.pending, id)
		l.mu.Unlock()
	}()
	if err != nil {
		<-l.ended // which says why
	}
	select {
	case f := <-answer:
		return f, nil
	case <-l.ended:
		select {
		case f := <-answer: // it came before the end
			return f, nil
		default:
			return nil, l.why
		}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (l *lookupLine) isClosing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closing
}

// close ends the stream.
func (l *lookupLine) close() {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	l.sending.Lock()
	defer l.sending.Unlock()
	_ = l.stream.CloseSend() // the process may have ended
	l.alarm.set()
	<-l.ended
	l.alarm.stop()
}
