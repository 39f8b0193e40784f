package plugintest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// sinkRig is a target with a sink, and does with its answers what the engine does.
type sinkRig struct {
	SinkCase
	Target
	t     testing.TB
	brand brand
	caps  plugins.Capabilities
	pool  plugins.Pool
	ctx   context.Context
	sink  plugins.Sink
	all   []*writing
	next  int // number of the next record
	// answered is called in the sink's goroutine with each write that is done, before the batch is
	// overwritten. It may be nil.
	answered func(*writing)
}

// writing is a batch that was given to the sink.
type writing struct {
	rig     *sinkRig
	b       *plugins.Batch
	records []string // by row that is alive, in order
	data    []byte   // as they were
	values  []plugins.Span

	mu     sync.Mutex
	sel    []uint32 // what is to be written; of the present call
	calls  int      // of done, of the present Write
	over   bool     // finished for good
	err    error
	answer chan struct{} // closed when the present Write was answered
	failed []string      // records
}

func (c SinkCase) rig(t testing.TB) *sinkRig {
	t.Helper()
	to := c.Open(t)
	to.Env = Environment(to.Env)
	if to.New == nil {
		to.New = c.Kind.New
	}
	r := &sinkRig{SinkCase: c, Target: to, t: t, brand: newBrand(), ctx: context.Background()}
	if c.Kind.Capabilities != nil {
		r.caps = c.Kind.Capabilities(to.Config)
	}
	return r
}

// make makes a sink, which is the rig's from now on.
func (r *sinkRig) make() {
	r.t.Helper()
	var err error
	r.brand.do(r.ctx, func(context.Context) { r.sink, err = r.New(r.Config, r.Env) })
	if err != nil {
		r.t.Fatalf("New: %v", err)
	}
}

// start makes a sink and opens it.
func (r *sinkRig) start() {
	r.t.Helper()
	r.make()
	if o, is := r.sink.(plugins.Opener); is {
		r.call("Open", func(ctx context.Context) error { return o.Open(ctx) })
	}
}

// call calls the sink, which is to succeed in time.
func (r *sinkRig) call(what string, f func(context.Context) error) {
	r.t.Helper()
	if err := r.try(r.ctx, what, f); err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

// try calls the sink, which is to return in time.
func (r *sinkRig) try(ctx context.Context, what string, f func(context.Context) error) (err error) {
	r.t.Helper()
	returns(r.t, what, func() { r.brand.do(ctx, func(ctx context.Context) { err = f(ctx) }) })
	return err
}

// values returns the next n records.
func (r *sinkRig) values(n int) []string {
	var all []string
	for range n {
		all = append(all, r.Value(r.next))
		r.next++
	}
	return all
}

// batch makes a batch with the records, as the engine does. Dead puts that many rows that are not alive before each,
// and behind the last; they hold what is never to arrive.
func (r *sinkRig) batch(first int, records []string, dead int) *writing {
	b := r.pool.Batch()
	b.Part, b.Received, b.Preamble = plugins.Partition{Name: "test"}, time.Now().UnixNano(), r.Preamble
	b.Values, b.Offsets = b.SpareValues(), b.SpareOffsets()
	term := r.Env.Framing.Terminator
	keep := func(s string) plugins.Span {
		at := len(b.Data)
		b.Data = append(b.Data, s...)
		return plugins.Span{Off: uint32(at), Len: uint32(len(s))}
	}
	var alive []uint32
	row := func(value, key, topic string, number int64) {
		b.Values = append(b.Values, keep(value))
		b.Data = append(b.Data, term...)
		b.Offsets = append(b.Offsets, number)
		if r.Key != nil {
			b.Keys = append(b.Keys, keep(key))
		}
		if r.Topic != nil {
			b.Topics = append(b.Topics, keep(topic))
		}
	}
	bury := func() {
		for range dead {
			row(poison, poison, poison, -1)
		}
	}
	for k, value := range records {
		bury()
		alive = append(alive, uint32(len(b.Values)))
		row(value, text(r.Key, first+k), text(r.Topic, first+k), int64(first+k))
	}
	bury()
	b.SelectAll(len(b.Values))
	b.Sel = append(b.Sel[:0], alive...)
	return &writing{rig: r, b: b, records: records, data: slices.Clone(b.Data), values: slices.Clone(b.Values)}
}

func text(of func(int) string, i int) string {
	if of == nil {
		return ""
	}
	return of(i)
}

// write gives the sink a batch of the next records, and returns without waiting for an answer.
func (r *sinkRig) write(n, dead int) *writing {
	r.t.Helper()
	first := r.next
	w := r.batch(first, r.values(n), dead)
	r.all = append(r.all, w)
	w.try(r.ctx)
	return w
}

// try calls Write with what is left of the batch.
func (w *writing) try(ctx context.Context) {
	r := w.rig
	r.t.Helper()
	w.mu.Lock()
	w.calls, w.err, w.answer = 0, nil, make(chan struct{})
	w.sel = slices.Clone(w.b.Sel)
	w.mu.Unlock()
	err := r.try(ctx, "Write", func(ctx context.Context) error { return r.sink.Write(ctx, w.b, w.done) })
	if err == nil {
		return
	}
	w.mu.Lock()
	answered := w.calls > 0
	w.mu.Unlock()
	if answered {
		r.t.Errorf("Write returned %q for a batch that it had called done for", err)
		return
	}
	w.done(err)
}

// done is what the sink calls.
func (w *writing) done(err error) {
	r := w.rig
	w.mu.Lock()
	w.calls++
	twice := w.calls > 1
	w.mu.Unlock()
	if twice {
		r.t.Error("done was called more than once for a batch")
		return
	}
	if problem := w.changed(); problem != "" {
		r.t.Errorf("the sink has changed a batch: %s", problem)
	}
	finished := w.settle(err)
	if r.answered != nil {
		r.answered(w)
	}
	if finished {
		scribble(w.b, nil)
		recycle(&r.pool, w.b)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err, w.over = err, finished
	close(w.answer)
}

// changed says what the sink has changed of the batch, "" for nothing.
func (w *writing) changed() string {
	switch {
	case !slices.Equal(w.b.Sel, w.sel):
		return "Sel is another one"
	case !slices.Equal(w.b.Values, w.values):
		return "Values are others"
	case string(w.b.Data) != string(w.data):
		return "Data is not what it was"
	case len(w.b.Failures) > 0:
		return "it has Failures: a sink returns RowErrors"
	}
	return ""
}

// settle does what an answer asks for, and reports whether the sink is through with the batch.
func (w *writing) settle(err error) (finished bool) {
	t := w.rig.t
	var part *plugins.PartialError
	if errors.As(err, &part) {
		if part.Err == nil || part.Done < 0 || part.Done > len(w.b.Sel) {
			t.Errorf("a PartialError says that %d of %d records are done, with the error %v", part.Done, len(w.b.Sel), part.Err)
			return true
		}
		w.fail(part.Failed, part.Done)
		w.b.Sel, w.records = w.b.Sel[part.Done:], w.records[part.Done:]
		err = part.Err
	}
	var rows plugins.RowErrors
	switch {
	case err == nil:
		return true
	case errors.As(err, &rows):
		w.fail(rows, len(w.b.Sel))
		return true
	case plugins.IsPermanent(err):
		w.failed = append(w.failed, w.records...)
		return true
	}
	if err.Error() == "" {
		t.Error("an error of the sink says nothing")
	}
	return false
}

// fail notes which of the first n records have failed.
func (w *writing) fail(rows plugins.RowErrors, n int) {
	t := w.rig.t
	seen := map[uint32]bool{}
	for _, f := range rows {
		at := slices.Index(w.b.Sel[:n], f.Row)
		switch problem := inspectFailure(f, w.b.Len); {
		case problem != "":
			t.Errorf("a failure of the sink is malformed: %s", problem)
		case at < 0:
			t.Errorf("the sink says that row %d failed, which is not one of those it was to write, or says to have done with", f.Row)
		case seen[f.Row]:
			t.Errorf("the sink says twice that row %d failed", f.Row)
		default:
			w.failed = append(w.failed, w.records[at])
		}
		seen[f.Row] = true
	}
}

// flush flushes the sink; what was written is answered then.
func (r *sinkRig) flush() {
	r.t.Helper()
	if err := r.try(r.ctx, "Flush", r.sink.Flush); err != nil && plugins.IsPermanent(err) {
		r.t.Fatalf("Flush: %v", err)
	}
	for _, w := range r.all {
		select {
		case <-w.answer:
		case <-time.After(patience(r.t)):
			r.t.Fatalf("a batch of %d records was not answered for %v after Flush", len(w.records), patience(r.t))
		}
	}
}

// deliver flushes, and writes again what failed for a while, until everything is finished.
func (r *sinkRig) deliver() {
	r.t.Helper()
	for end := time.Now().Add(patience(r.t)); ; time.Sleep(2 * time.Millisecond) {
		r.flush()
		again := false
		for _, w := range r.all {
			if w.over {
				continue
			}
			if time.Now().After(end) {
				r.t.Fatalf("after %v, writing still fails: %v", patience(r.t), w.err)
			}
			again = true
			w.try(r.ctx)
		}
		if !again {
			return
		}
	}
}

// refusals returns the records that the sink has given up.
func (r *sinkRig) refusals() []string {
	var all []string
	for _, w := range r.all {
		all = append(all, w.failed...)
	}
	return all
}

// arrived checks that these records are at the target, and no others.
func (r *sinkRig) arrived(want []string) {
	r.t.Helper()
	if r.Discards {
		return
	}
	got := r.read()
	if r.Unordered {
		slices.Sort(got)
		want = slices.Sorted(slices.Values(want))
	}
	if problem := difference(got, want); problem != "" {
		r.t.Fatalf("what has arrived is not what was written: %s", problem)
	}
}

func (r *sinkRig) read() []string {
	r.t.Helper()
	got, err := r.Read()
	if err != nil {
		r.t.Fatalf("read what has arrived: %v", err)
	}
	return slices.Clone(got)
}

// close closes the sink.
func (r *sinkRig) close() {
	r.t.Helper()
	if c, is := r.sink.(plugins.Closer); is {
		r.call("Close", c.Close)
	}
}

// finish closes the sink, and checks that nothing is left of it and all was answered for, once.
func (r *sinkRig) finish() {
	r.t.Helper()
	r.close()
	r.leave()
	for _, w := range r.all {
		if w.calls != 1 {
			r.t.Errorf("done was called %d times for a batch of %d records", w.calls, len(w.records))
		}
	}
}

// leave checks that nothing is left of the sink.
func (r *sinkRig) leave() {
	r.t.Helper()
	if r.Close != nil {
		r.Close()
	}
	closeConnection(r.t, r.Env)
	r.brand.gone(r.t, "Close has returned")
}
