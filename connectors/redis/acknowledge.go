package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// taken counts deliveries that are to be answered.
func (l *lane) taken(yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case yes:
		l.handed++
	case !l.reader.sub.Browse:
		l.handed--
	}
}

// ack notes that entries are finished, and all before them.
func (l *lane) ack(turn int64, ids []id) {
	l.mu.Lock()
	l.handed--
	if turn == l.now {
		l.nacks = 0
		l.done = ids[len(ids)-1]
		if !l.closed {
			l.acked = append(l.acked, ids...)
		}
	}
	l.mu.Unlock()
	wake(l.changed)
	wake(l.answer)
}

// nack has everything that is not acknowledged come again.
func (l *lane) nack(turn int64) {
	l.mu.Lock()
	l.handed--
	if turn == l.now {
		l.now++
		l.nacks++
	}
	l.mu.Unlock()
	wake(l.nacked)
	wake(l.answer)
}

// answered reports whether nothing is waited for.
func (l *lane) answered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.handed == 0
}

// drain waits until all that was handed over is answered, or ctx ends.
func (l *lane) drain(ctx context.Context) {
	for !l.answered() {
		select {
		case <-l.answer:
		case <-ctx.Done():
			return
		}
	}
}

// acknowledge tells the server what is finished, as much as there is at a time, until the lane is
// closed.
func (l *lane) acknowledge() {
	failures := 0
	for {
		<-l.changed
		for {
			l.mu.Lock()
			some, closed := len(l.acked) > 0, l.closed
			l.mu.Unlock()
			if closed {
				return
			}
			if !some {
				break
			}
			if l.tell() == nil {
				failures = 0
				continue
			}
			failures++
			timer := time.NewTimer(l.reader.options.backoff.Before(failures))
			select {
			case <-timer.C:
			case <-l.changed: // perhaps it is closed
			}
			timer.Stop()
		}
	}
}

// flush tells the server what is finished, in limited time.
func (l *lane) flush() {
	if l.tell() != nil {
		l.reader.env.Logger.Warn("what was finished last could not be acknowledged: it comes again", "stage", l.reader.env.Stage, "stream", l.stream)
	}
}

// close ends the acknowledging; what is not told now is not any more.
func (l *lane) close() {
	l.flush()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	wake(l.changed)
	l.committer.Wait()
}

// maxAcks bounds the entries of one command.
const maxAcks = 4096

// tell acknowledges all that is finished.
func (l *lane) tell() error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), finishTime)
	defer cancel()
	for {
		l.mu.Lock()
		ids := l.acked
		if len(ids) > maxAcks {
			ids = ids[:maxAcks:maxAcks]
		}
		l.mu.Unlock()
		if len(ids) == 0 {
			return nil
		}
		if err := l.reader.xack(ctx, l.stream, ids); err != nil {
			return err
		}
		l.mu.Lock()
		l.acked = l.acked[len(ids):]
		if len(l.acked) == 0 {
			l.acked = nil
		}
		l.mu.Unlock()
		l.member.commits(l.lease.partition)
	}
}

// xack acknowledges entries.
func (r *reader) xack(ctx context.Context, stream string, ids []id) error {
	text := make([]byte, 0, 20*len(ids))
	ends := make([]int, len(ids))
	for i, x := range ids {
		text = x.append(text)
		ends[i] = len(text)
	}
	all := string(text)
	parts := make([]string, len(ids))
	args := make([]any, 3, 3+len(ids))
	args[0], args[1], args[2] = "XACK", stream, r.sub.Group
	from := 0
	for i, end := range ends {
		parts[i] = all[from:end]
		args = append(args, &parts[i]) // a pointer, which is no allocation
		from = end
	}
	return r.try("acknowledge records of stream "+stream, r.client.Process(ctx, goredis.NewIntCmd(ctx, args...)))
}
