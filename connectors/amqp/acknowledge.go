package amqp

import (
	"context"
	"time"
)

// ackInterval is how far acknowledgements are apart. Quorum queues hold back those of a channel that has
// many under way, and forget them when it is closed.
const ackInterval = 10 * time.Millisecond

// acknowledge tells the server what is finished, as much as there is at a time, until the
// channel is lost or the session over.
func (s *session) acknowledge(lost <-chan struct{}) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-s.finished:
			return
		case <-lost:
			return
		}
		select {
		case <-s.changed:
		case <-s.finished:
			return
		case <-lost:
			return
		}
		s.tell()
		pause.Reset(ackInterval)
	}
}

// tell tells the server what is finished. What it does not hear of comes again.
func (s *session) tell() {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	acked, news := s.acked, s.acked > s.told
	s.told = acked
	s.mu.Unlock()
	if news {
		_ = s.ch.Ack(acked, true) // an error says that the channel is lost
	}
}

// answered reports whether nothing more will be acknowledged, or refused.
func (s *session) answered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nacked || s.acked >= s.handed
}

// lingerTime is how long what was handed over may take to be acknowledged when the
// source has ended; the records of the queue wait that long for its next reader.
const lingerTime = 2 * time.Second

// leave ends a session whose source has ended: at once, or when what was handed over is
// finished. The server knows what was finished before.
func (s *session) leave() {
	if s.answered() {
		s.end()
		return
	}
	s.up.bounded(closeTime, func() {
		s.tell()
		s.asking.Lock()
		defer s.asking.Unlock()
		_ = s.ch.Qos(s.reader.conn.options.prefetch, 0, false) // whatever: its answer comes after that
	})
	s.reader.conn.sessions.Go(func() {
		defer s.end()
		patience := time.NewTimer(lingerTime)
		defer patience.Stop()
		look := time.NewTicker(5 * time.Millisecond)
		defer look.Stop()
		for !s.answered() {
			select {
			case <-look.C:
			case <-patience.C:
				return
			case <-s.up.lost:
				return
			case <-s.reader.conn.closing:
				return
			}
		}
	})
}

// end closes the channel, after the server was told what is finished.
func (s *session) end() {
	close(s.finished)
	s.up.bounded(closeTime, func() {
		if s.teller != nil {
			<-s.teller
			s.tell()
		}
		s.asking.Lock()
		defer s.asking.Unlock()
		_ = s.ch.Close() // it is over in any case
	})
	s.pump.stop()
	s.running.Wait()
}

// lagInterval is how often the server is asked how much waits.
const lagInterval = 5 * time.Second

// watch keeps up what is known of the queue's length.
func (s *session) watch(ctx context.Context) {
	every := time.NewTicker(lagInterval)
	defer every.Stop()
	defer s.reader.known.Store(false)
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		s.asking.Lock()
		q, err := s.ch.QueueDeclarePassive(s.queue, false, false, false, false, nil)
		s.asking.Unlock()
		if err != nil {
			return // the channel is lost
		}
		s.reader.waiting.Store(int64(q.Messages + s.pump.len()))
		s.reader.known.Store(true)
	}
}
