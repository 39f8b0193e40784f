package spool

import (
	"errors"
	"time"
)

// Between these, a full disk is looked at again.
const (
	shortestPause = 10 * time.Millisecond
	longestPause  = time.Second
)

var errEnded = errors.New("the spool is closed")

// writeAll writes what is appended until the journal has ended and nothing is
// left, or it cannot go on. All that wait for one fsync are told by it: while
// it runs, the next group gathers.
func (j *journal) writeAll() (err error) {
	var group batchOfEntries
	defer func() { j.stopWriting(&group, err) }()
	for {
		more := j.take(&group)
		if err := j.trim(); err != nil {
			return err
		}
		if !more {
			return nil
		}
		if group.empty() {
			continue
		}
		if err := j.writeWhenRoom(&group); err != nil {
			return err
		}
		for _, w := range group.waits {
			if w.ack != nil {
				w.ack()
			}
		}
		clear(group.waits)
		group.waits = group.waits[:0]
	}
}

// take waits for something to do, and puts what is pending into group. It
// reports false when nothing more will come.
func (j *journal) take(group *batchOfEntries) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.pending.empty() && !j.ended && !j.trimmable(0) {
		work := j.work.wait()
		j.mu.Unlock()
		<-work
		j.mu.Lock()
	}
	group.data = group.data[:0]
	*group, j.pending = j.pending, *group
	j.pending.next = j.next
	j.writing = int64(len(group.data))
	return !group.empty() || !j.ended
}

// writeWhenRoom writes a group, and waits for room where there is none. Who
// appends is held up meanwhile.
func (j *journal) writeWhenRoom(group *batchOfEntries) error {
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		err := j.write(group)
		if !errors.Is(err, errNoRoom) {
			if err == nil && pause > shortestPause {
				j.options.Logger.Info("the spool has room again", "spool", j.dir)
			}
			return err
		}
		j.mu.Lock()
		if !j.full {
			j.options.Logger.Warn("the source of the spool waits until there is room", "spool", j.dir, "error", err)
		}
		j.full = true
		ended, work := j.ended, j.work.wait()
		j.mu.Unlock()
		if ended {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-work: // room may have become needless, or the end has come
		case <-timer.C:
		}
		timer.Stop()
		if err := j.trim(); err != nil {
			return err
		}
	}
}

// stopWriting tells all who wait that they wait in vain.
func (j *journal) stopWriting(group *batchOfEntries, err error) {
	j.mu.Lock()
	j.err, j.written = err, true
	waits := append(group.waits, j.pending.waits...)
	j.pending.waits = nil
	j.news.strike()
	j.room.strike()
	why := j.whyEnded()
	j.mu.Unlock()
	for _, w := range waits {
		if w.nack != nil {
			w.nack(why)
		}
	}
}

// whyEnded returns why nothing is written any more. The lock is held.
func (j *journal) whyEnded() error {
	if j.err != nil {
		return j.err
	}
	return errEnded
}
