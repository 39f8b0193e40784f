package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// errStopped is why a delivery was not taken.
var errStopped = errors.New("the pipeline stops")

// outlet is where a source of a plugin puts its records: it sends them to the host as far as the host gives credit.
type outlet struct {
	s      *servedSource
	fields []plugins.Field // of records that are columns

	hand    chan struct{} // holds one token: who has it hands over, in order
	writer  wire.BatchWriter
	columns []wire.Named
	id      uint64

	mu      sync.Mutex
	more    chan struct{} // closed and made anew when there is more credit
	records int64
	bytes   int64
	largest int64 // the most that records has ever been
	waiting map[uint64]*handed
	over    bool // nobody answers any more
}

// handed is a delivery of the source, sent in one or several parts.
type handed struct {
	delivery plugins.Delivery
	parts    int // that were not answered; one more while parts are still sent
	refused  error
}

var _ plugins.Outlet = (*outlet)(nil)

func newOutlet(s *servedSource, fields []plugins.Field) *outlet {
	o := &outlet{s: s, fields: fields, hand: make(chan struct{}, 1), more: make(chan struct{}), waiting: map[uint64]*handed{}}
	o.hand <- struct{}{}
	return o
}

// Batch implements [plugins.Outlet].
func (o *outlet) Batch() *plugins.Batch { return o.s.env.Pool.Batch() }

// Done implements [plugins.Outlet].
func (o *outlet) Done(p plugins.Partition) {
	_ = o.s.out.send(&pb.SourceReply{Reply: &pb.SourceReply_Done{Done: &pb.PartitionDone{Partition: wire.FromPartition(p)}}}) // an error ends the stream elsewhere
}

// Hand implements [plugins.Outlet].
func (o *outlet) Hand(ctx context.Context, d plugins.Delivery) error {
	b := d.Batch
	defer b.Release()
	select {
	case <-o.hand:
		defer func() { o.hand <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := o.check(b, d.Next); err != nil {
		return plugins.Permanent(err)
	}
	rows, failures := outgoing(b, o.columns)
	h := &handed{delivery: d, parts: 1}
	for {
		part, err := o.cut(ctx, b, rows, &failures)
		if err != nil {
			return o.refuse(h, err)
		}
		rows = rows[part.rows:]
		if err := o.send(h, part, d, len(rows) == 0); err != nil {
			return o.refuse(h, err)
		}
		if len(rows) == 0 {
			o.answered(h, nil)
			return nil
		}
	}
}

// check finds the columns of a batch, and what the host would not take.
func (o *outlet) check(b *plugins.Batch, next plugins.Position) error {
	o.columns = o.columns[:0]
	if len(b.Part.Name) > wire.MaxPart {
		return fmt.Errorf("the name of a partition has %d bytes: %d are the most", len(b.Part.Name), wire.MaxPart)
	}
	if len(next) > wire.MaxPosition {
		return fmt.Errorf("the position of partition %s has %d bytes: %d are the most", b.Part, len(next), wire.MaxPosition)
	}
	if b.Len > wire.MaxRows {
		return fmt.Errorf("a batch has %d records: %d are the most", b.Len, wire.MaxRows)
	}
	if b.Len == 0 {
		return nil
	}
	if o.s.kind.Payload && b.Values == nil {
		return errors.New("a batch has no payloads, and the kind says that its records are")
	}
	for _, f := range o.fields {
		name := plugins.JoinPath(f.Name)
		col := b.Column(name)
		if col == nil {
			return fmt.Errorf("a batch has no column for field %q", f.Name)
		}
		o.columns = append(o.columns, wire.Named{Name: name, Column: col})
	}
	return nil
}

// part is a run of rows that fits into a message and the credit.
type part struct {
	rows     int
	msg      *pb.Batch
	failures []*pb.RowFailure
}

// cut waits for credit and returns the message of as many of the rows as fit, and takes their failures off the list.
func (o *outlet) cut(ctx context.Context, b *plugins.Batch, rows []uint32, failures *[]*pb.RowFailure) (part, error) {
	most, err := o.most(ctx)
	if err != nil {
		return part{}, err
	}
	n := min(len(rows), most)
	for {
		msg := o.writer.Batch(b, rows[:n], wire.Contents{Values: o.s.kind.Payload, Meta: true, Columns: o.columns})
		size := proto.Size(msg)
		if size <= wire.MaxMessage-2*overhead {
			p := part{rows: n, msg: msg, failures: failuresBelow(failures, n)}
			return p, o.spend(ctx, n, size)
		}
		if n > 1 {
			n /= 2
			continue
		}
		if empty(b, rows[0], o.columns) == 0 {
			return part{}, fmt.Errorf("what stands beside the records has %d bytes: a message has at most %d", size, wire.MaxMessage)
		}
		*failures = slices.Insert(dropFirst(*failures), 0, &pb.RowFailure{
			Code: "too_large", Message: fmt.Sprintf("the record has %d bytes: a message has at most %d", size, wire.MaxMessage),
		})
	}
}

// most waits for the first credit, and returns how many records a part may have: so few that there will be credit for them.
func (o *outlet) most(ctx context.Context) (n int, err error) {
	err = o.wait(ctx, func() bool {
		n = int(max(1, min(o.largest/2, wire.MaxRows)))
		return o.largest > 0
	})
	return n, err
}

// failuresBelow takes those of the first n rows off a list, and numbers the others anew.
func failuresBelow(failures *[]*pb.RowFailure, n int) []*pb.RowFailure {
	all := *failures
	k := 0
	for k < len(all) && int(all[k].GetRow()) < n {
		k++
	}
	for _, f := range all[k:] {
		f.Row -= uint32(n)
	}
	*failures = all[k:]
	return all[:k]
}

// dropFirst removes the failure of row 0.
func dropFirst(failures []*pb.RowFailure) []*pb.RowFailure {
	if len(failures) > 0 && failures[0].GetRow() == 0 {
		return failures[1:]
	}
	return failures
}

// empty takes all that a row has out of a batch, and returns how many bytes that was.
func empty(b *plugins.Batch, i uint32, columns []wire.Named) (bytes int) {
	for _, spans := range [][]plugins.Span{b.Values, b.Keys, b.Topics} {
		if spans != nil {
			bytes += int(spans[i].Len)
			spans[i] = plugins.Span{}
		}
	}
	if b.HeaderRows != nil {
		bytes += int(b.HeaderRows[i].Len)
		b.HeaderRows[i] = plugins.Span{}
	}
	for _, c := range columns {
		if !c.Column.IsNull(i) {
			c.Column.SetNull(i)
			bytes++
		}
	}
	return bytes
}

// spend waits until the host has given credit, and takes it.
func (o *outlet) spend(ctx context.Context, records, bytes int) error {
	return o.wait(ctx, func() bool {
		if o.records < int64(records) || o.bytes <= 0 {
			return false
		}
		o.records -= int64(records)
		o.bytes -= int64(bytes)
		return true
	})
}

// wait blocks until the function says that there is credit enough.
func (o *outlet) wait(ctx context.Context, enough func() bool) error {
	for {
		o.mu.Lock()
		over, ok, more := o.over, false, o.more
		if !over {
			ok = enough()
		}
		o.mu.Unlock()
		switch {
		case over:
			return errStopped
		case ok:
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// allow adds credit.
func (o *outlet) allow(c *pb.Credit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.records = addUp(o.records, uint64(c.GetRecords()))
	o.bytes = addUp(o.bytes, c.GetBytes())
	o.largest = max(o.largest, o.records)
	close(o.more)
	o.more = make(chan struct{})
}

// addUp adds without ever wrapping around.
func addUp(have int64, more uint64) int64 {
	const most = 1 << 62
	return min(most, have+int64(min(more, most)))
}

// send sends a part. The last one has the position.
func (o *outlet) send(h *handed, p part, d plugins.Delivery, last bool) error {
	o.id++
	m := &pb.Deliver{Id: o.id, Batch: p.msg, Failures: p.failures, Answer: d.Ack != nil || d.Nack != nil}
	if last && d.Next != nil {
		m.Next = d.Next
	}
	if m.GetAnswer() {
		o.mu.Lock()
		h.parts++
		o.waiting[o.id] = h
		o.mu.Unlock()
	}
	return o.s.out.send(&pb.SourceReply{Reply: &pb.SourceReply_Deliver{Deliver: m}})
}

// refuse forgets a delivery that the host has not taken: nothing is answered.
func (o *outlet) refuse(h *handed, err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	h.delivery.Ack, h.delivery.Nack = nil, nil
	return err
}

// settle tells the source what became of its deliveries.
func (o *outlet) settle(s *pb.Settled) {
	for _, id := range s.GetAcked() {
		o.answered(o.take(id), nil)
	}
	for _, r := range s.GetRejected() {
		o.answered(o.take(r.GetId()), errors.New(wire.Clip(r.GetMessage(), wire.MaxText)))
	}
}

func (o *outlet) take(id uint64) *handed {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.waiting[id]
	delete(o.waiting, id)
	return h
}

// answered counts the answer to a part, and tells the source when that was the last.
func (o *outlet) answered(h *handed, err error) {
	if h == nil {
		return // of a delivery that wants no answer, or has one
	}
	o.mu.Lock()
	h.parts--
	if err != nil {
		h.refused = err
	}
	over, refused, ack, nack := h.parts == 0, h.refused, h.delivery.Ack, h.delivery.Nack
	o.mu.Unlock()
	if !over {
		return
	}
	if refused == nil && ack != nil {
		_ = guard(o.s.log, "Ack", func() error { ack(); return nil })
	}
	if refused != nil && nack != nil {
		_ = guard(o.s.log, "Nack", func() error { nack(refused); return nil })
	}
}

// giveUp tells the source of all that will not be answered any more.
func (o *outlet) giveUp() {
	o.mu.Lock()
	o.over = true
	all := o.waiting
	o.waiting = map[uint64]*handed{}
	close(o.more)
	o.more = make(chan struct{})
	o.mu.Unlock()
	for _, h := range all {
		o.answered(h, errStopped)
	}
}
