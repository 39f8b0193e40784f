package spool

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// appender is the outlet of the source that fills a journal.
type appender struct {
	j       *journal
	pool    *plugins.Pool
	scratch sync.Pool // *scratch
}

// scratch is the memory of one call of Hand.
type scratch struct {
	rows  []uint32
	frame []byte
}

// keptScratch is how much of it is kept for the next call.
const keptScratch = 1 << 20

var _ plugins.Outlet = (*appender)(nil)

// Batch implements [plugins.Outlet].
func (a *appender) Batch() *plugins.Batch { return a.pool.Batch() }

// Done implements [plugins.Outlet]: the partitions of the source are not those
// of the spool.
func (a *appender) Done(plugins.Partition) {}

// Hand implements [plugins.Outlet]. It waits while the spool or its disk is
// full; the delivery is acknowledged after the fsync.
func (a *appender) Hand(ctx context.Context, d plugins.Delivery) error {
	b := d.Batch
	defer b.Release()
	b.DropFailed()
	if b.Values == nil && len(b.Sel) > 0 {
		return errors.New("a spool keeps payloads, and these records have none")
	}
	m, ok := a.scratch.Get().(*scratch)
	if !ok {
		m = &scratch{frame: make([]byte, frameHeader)}
	}
	m.rows = rowsOf(b, m.rows[:0])
	m.frame = serial.Append(m.frame[:frameHeader], b, m.rows)
	if int64(len(m.frame)-frameHeader) > maxEntry {
		return fmt.Errorf("a batch of %d bytes is more than a spool takes at once", len(m.frame))
	}
	err := a.j.appendWhenRoom(ctx, m.frame, len(m.rows), waiting{d.Ack, d.Nack})
	if cap(m.frame) <= keptScratch {
		a.scratch.Put(m)
	}
	return err
}

// appendWhenRoom appends a frame when there is room for it.
func (j *journal) appendWhenRoom(ctx context.Context, frame []byte, records int, w waiting) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case j.written:
			return j.whyEnded()
		case j.fits(int64(len(frame))):
			j.append(frame, records, w)
			return nil
		}
		room := j.room.wait()
		j.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
		j.mu.Lock()
	}
}
