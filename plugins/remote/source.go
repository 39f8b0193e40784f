package remote

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// source is a source of a plugin. After a crash the next process goes on behind what was handed to the engine.
type source struct {
	*stage
	shape plugins.Shape
	// positions are those to resume at, of partitions of which there is one.
	positions map[plugins.Partition]plugins.Position
	// partitions are those that records came of, and may still come.
	partitions map[plugins.Partition]bool

	finished, total, lag atomic.Int64
	lags                 atomic.Bool // lag is known
}

var (
	_ plugins.Source     = (*source)(nil)
	_ plugins.Seeker     = (*source)(nil)
	_ plugins.Progresser = (*source)(nil)
	_ plugins.Lagging    = (*source)(nil)
)

func newSource(k *kind, c plugins.Config, env plugins.Env) (plugins.Source, error) {
	stage, err := newStage(k, c, env)
	if err != nil {
		return nil, err
	}
	s := &source{stage: stage, shape: c.Payload(), positions: map[plugins.Partition]plugins.Position{}, partitions: map[plugins.Partition]bool{}}
	if !k.payload {
		known, err := k.configure(c, nil)
		if err != nil {
			return nil, err
		}
		s.shape = known.outputs[0].Shape
	}
	return s, nil
}

// Seek implements [plugins.Seeker].
func (s *source) Seek(positions map[plugins.Partition]plugins.Position) error {
	maps.Copy(s.positions, positions)
	return nil
}

// Progress implements [plugins.Progresser].
func (s *source) Progress() (done, total int64) { return s.finished.Load(), s.total.Load() }

// Lag implements [plugins.Lagging].
func (s *source) Lag() (records int64, ok bool) { return s.lag.Load(), s.lags.Load() }

// Run implements [plugins.Source].
func (s *source) Run(ctx context.Context, out plugins.Outlet) error {
	defer s.plugin.use()() // one that is made only to see that it can be needs no process
	for {
		w, err := s.plugin.supervisor.get(ctx)
		if err != nil {
			return err
		}
		err = s.run(ctx, w, out)
		var crashed *crash
		if !errors.As(err, &crashed) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// run runs the source in a process until that is over.
func (s *source) run(ctx context.Context, w *worker, out plugins.Outlet) error {
	line, err := call(s.stage, w, w.client.Source)
	if err != nil {
		return err
	}
	open := &pb.OpenSource{Stage: s.message}
	for p, at := range s.positions {
		open.Resume = append(open.Resume, &pb.Resume{Partition: wire.FromPartition(p), Position: at})
	}
	err = line.ask(ctx, &pb.SourceRequest{Request: &pb.SourceRequest_Open{Open: open}}, func(r *pb.SourceReply) (bool, error) {
		switch x := r.GetReply().(type) {
		case *pb.SourceReply_Opened:
			return true, s.problem(wire.ToError(x.Opened.GetProblem()))
		case *pb.SourceReply_Metrics:
			return false, s.guests.record(s.stage, x.Metrics)
		}
		return false, s.nonsense("its first answer is not that it was opened")
	})
	if err != nil {
		line.cancel()
		return err
	}
	r := newSourceRun(s, line, out)
	return r.run(ctx)
}

const (
	// The plugin may have so much under way between it and the engine.
	creditRecords = 16384
	creditBytes   = 16 << 20
	// maxPartitions is how many a source may have at a time.
	maxPartitions = 4096
)

// sourceRun is the time of a source in one process.
type sourceRun struct {
	*source
	line   *line[pb.SourceRequest, pb.SourceReply]
	out    plugins.Outlet
	teller *teller

	next    uint64 // the number of the next delivery
	records int64  // that may still come
	bytes   int64
	bad     map[uint32]plugins.Failure
}

func newSourceRun(s *source, line *line[pb.SourceRequest, pb.SourceReply], out plugins.Outlet) *sourceRun {
	r := &sourceRun{source: s, line: line, out: out, bad: map[uint32]plugins.Failure{}}
	r.teller = newTeller(line.stream)
	return r
}

// run takes what comes until the source has ended.
func (r *sourceRun) run(ctx context.Context) error {
	var telling sync.WaitGroup
	telling.Go(r.teller.run)
	r.grant(creditRecords, creditBytes)
	// When all is to stop, the source gets the time of a call to finish, whatever it sends meanwhile.
	stop := alarm{worker: r.line.worker, limit: r.line.alarm.limit, what: r.line.alarm.what}
	defer stop.off()
	defer context.AfterFunc(ctx, func() {
		stop.set()
		r.teller.stop()
	})()
	ended, err := r.takeAll(ctx)
	if err != nil {
		r.line.cancel()
		r.teller.end()
		telling.Wait()
		return err
	}
	// The source may want to know what becomes of the rest of what it brought, which is known only after this.
	finish := func() {
		select {
		case <-r.teller.allSettled():
		case <-r.line.worker.process.Exited():
		}
		r.teller.end()
		telling.Wait()
		r.line.hangUp()
	}
	if r.teller.owes() {
		done := r.plugin.use()
		r.plugin.running.Go(func() {
			defer done()
			finish()
		})
	} else {
		finish()
	}
	if err := r.problem(wire.ToError(ended.GetProblem())); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for p := range r.partitions { // what has ended has no more of any of them
		r.out.Done(p)
	}
	return nil
}

// takeAll takes messages to the last one, which it returns.
func (r *sourceRun) takeAll(ctx context.Context) (*pb.Ended, error) {
	for {
		reply, err := r.line.stream.Recv()
		if err != nil {
			return nil, r.line.lost(context.Background(), err)
		}
		if ended, err := r.take(ctx, reply); ended != nil || err != nil {
			return ended, err
		}
	}
}

// grant lets the source send more.
func (r *sourceRun) grant(records, bytes int64) {
	r.records += records
	r.bytes += bytes
	r.teller.credit(records, bytes)
}

// take takes a message of the source; the last one is returned.
func (r *sourceRun) take(ctx context.Context, reply *pb.SourceReply) (*pb.Ended, error) {
	switch x := reply.GetReply().(type) {
	case *pb.SourceReply_Deliver:
		return nil, r.deliver(ctx, x.Deliver)
	case *pb.SourceReply_Done:
		p, err := wire.ToPartition(x.Done.GetPartition())
		if err != nil {
			return nil, r.nonsense("%v", err)
		}
		delete(r.partitions, p)
		r.out.Done(p)
	case *pb.SourceReply_Status:
		r.finished.Store(max(0, x.Status.GetDone()))
		r.total.Store(max(0, x.Status.GetTotal()))
		r.lag.Store(max(0, x.Status.GetLag()))
		r.lags.Store(x.Status.Lag != nil)
	case *pb.SourceReply_Metrics:
		return nil, r.guests.record(r.stage, x.Metrics)
	case *pb.SourceReply_Ended:
		return x.Ended, nil
	default:
		return nil, r.nonsense("it says something that no source says")
	}
	return nil, nil
}

// deliver hands a delivery to the engine.
func (r *sourceRun) deliver(ctx context.Context, d *pb.Deliver) error {
	r.next++
	if d.GetId() != r.next {
		return r.nonsense("its delivery %d has the number %d", r.next, d.GetId())
	}
	rows, bytes := int64(d.GetBatch().GetRows()), sizeOfBatch(d.GetBatch())
	if rows > r.records || r.bytes <= 0 {
		return r.nonsense("it has sent %d records, and was allowed %d more, and %d bytes", rows, r.records, max(0, r.bytes))
	}
	r.line.worker.good.Store(true)
	r.records -= rows
	r.bytes -= bytes
	next, err := wire.ToPosition(d.GetNext())
	if err != nil {
		return r.nonsense("%v", err)
	}
	b := r.out.Batch()
	if err := r.read(b, d); err != nil {
		b.Release()
		return err
	}
	delivery := plugins.Delivery{Batch: b}
	if d.Next != nil {
		delivery.Next = append(plugins.Position{}, next...)
	}
	if d.GetAnswer() {
		id := d.GetId()
		r.teller.owe()
		delivery.Ack = func() { r.teller.acked(id) }
		delivery.Nack = func(err error) { r.teller.rejected(id, err) }
	}
	p := b.Part // the batch is the engine's now
	if err := r.out.Hand(ctx, delivery); err != nil {
		if d.GetAnswer() {
			r.teller.forget()
		}
		if ctx.Err() == nil {
			return err
		}
		return nil // what was told to stop still says that it has
	}
	if d.Next != nil {
		r.positions[p] = delivery.Next
	}
	r.grant(rows, bytes)
	return nil
}

// read makes a batch of a delivery.
func (r *sourceRun) read(b *plugins.Batch, d *pb.Deliver) error {
	clear(r.bad)
	note := func(row uint32, code, msg string) {
		if _, is := r.bad[row]; !is {
			r.bad[row] = plugins.Failure{Code: code, Msg: "the plugin's record " + msg}
		}
	}
	if err := wire.ToBatch(d.GetBatch(), b, note); err != nil {
		return r.nonsense("%v", err)
	}
	if r.partitions[b.Part] = true; len(r.partitions) > maxPartitions {
		return r.nonsense("it has more than %d partitions at a time", maxPartitions)
	}
	b.OneTopic = ""
	if b.Received <= 0 {
		b.Received = time.Now().UnixNano()
	}
	if !r.env.Framing.Preamble {
		b.Preamble = nil
	}
	if err := r.checkRecord(r.shape, b, d.GetBatch()); err != nil {
		return err
	}
	failures, err := wire.ToFailures(d.GetFailures(), b.Len)
	if err != nil {
		return r.nonsense("%v", err)
	}
	for _, f := range failures {
		f.Msg = r.plugin.hide.Clean(f.Msg)
		b.Fail(f.Row, f)
	}
	for i, f := range r.bad {
		b.Fail(i, f)
	}
	if r.shape.Format != "" {
		flatten(b, r.shape.Format, r.env.Framing)
	}
	return nil
}

// sizeOfBatch is what a batch counts for credit: the bytes of its message would have to be counted by both sides alike.
func sizeOfBatch(b *pb.Batch) int64 {
	n := len(b.GetValues().GetData()) + len(b.GetKeys().GetData()) + len(b.GetTopics().GetData()) + len(b.GetHeaders().GetNames().GetData()) + len(b.GetHeaders().GetValues().GetData())
	for _, c := range b.GetColumns() {
		n += 8*(len(c.GetInts())+len(c.GetFloats())) + len(c.GetBools()) + len(c.GetTexts().GetData())
	}
	return int64(n)
}
