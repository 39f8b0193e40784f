package wasm

import (
	"context"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
)

// dueTimer is a timer whose time has come. It is not set any more.
type dueTimer struct {
	key string
	timer
}

// take takes the timers of a clock that are due, and forgets the values whose time is over.
func (s *store) take(clock uint8, now int64, due []dueTimer) ([]dueTimer, error) {
	fire := s.table.FireEvent
	if clock == abi.ProcessingTime {
		fire = s.table.FireWall
	}
	err := fire(now, func(e *entry, _ int64) error {
		s.table.Touch(e)
		if s.byEvent == (clock == abi.EventTime) {
			e.V.expire(now)
		}
		e.V.timers = slices.DeleteFunc(e.V.timers, func(t timer) bool {
			is := t.clock == clock && t.at <= now
			if is {
				due = append(due, dueTimer{e.Key, t})
				e.V.size -= timerCost
			}
			return is
		})
		if e.V.empty() {
			s.table.Remove(e)
		}
		return nil
	})
	slices.SortStableFunc(due, func(x, y dueTimer) int { return compareTimes(x.at, y.at) })
	return due, err
}

func compareTimes(x, y int64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// maxRounds is how often timers that set others, which are due at once, are looked at again.
const maxRounds = 8

// advance calls the module for the timers that are due at a time of a clock.
func (s *stage) advance(clock uint8, now int64) error {
	for range maxRounds {
		var err error
		if s.due, err = s.store.take(clock, now, s.due[:0]); err != nil || len(s.due) == 0 {
			return err
		}
		for due := s.due; len(due) > 0; {
			n := min(len(due), maxRows)
			if err := s.attempt(work{due: due[:n]}); err != nil {
				return err
			}
			due = due[n:]
		}
	}
	return nil
}

// giveTimers gives the frame of timers to an instance.
func (s *stage) giveTimers(i *host.Instance, due []dueTimer) ([]byte, error) {
	size := 0
	for _, t := range due {
		size += len(t.key)
	}
	frame, err := i.Input(abi.TimersSize(len(due), size))
	if err != nil {
		return nil, err
	}
	w := abi.NewTimersWriter(frame, len(due), s.watermark())
	for _, t := range due {
		w.Add(micros(t.at), t.id, t.clock, []byte(t.key))
	}
	return i.Timer()
}

// blame fails records that there are none of, with the key as their payload: what timers should have made.
func (s *stage) blame(due []dueTimer, f plugins.Failure) {
	d := s.env.Pool.Batch()
	defer d.Release()
	d.SelectAll(len(due))
	d.Values = d.SpareValues()
	msg := f.Msg
	for k, t := range due {
		f.Msg = fmt.Sprintf("timer %d: %s", t.id, msg)
		key := plugins.KeyValue([]byte(t.key)).String()
		d.Values = append(d.Values, plugins.Span{Off: uint32(len(d.Data)), Len: uint32(len(key))})
		d.Data = append(d.Data, key...)
		d.Fail(uint32(k), f)
	}
	s.out.Make(len(due))
	s.out.Emit(0, d)
}

// tellWatermark tells the module that event time has gone on.
func (s *stage) tellWatermark(at int64) error {
	us := micros(at)
	if !s.plan.module.Watermark || us <= s.told || s.breaker.open(s.env.Now()) != nil {
		return nil
	}
	s.told = us
	i, fault, err := s.guest.get(s)
	if fault == nil && err == nil {
		fault, err = s.finish(work{}, i, func() ([]byte, error) {
			i.Begin(host.Call{Now: s.env.Now().UnixMicro(), Watermark: us})
			return i.Watermark(us)
		})
	}
	if fault != nil {
		s.breaker.failed(s.env.Now(), fault, s.logger)
		s.logger.Error("the module has failed when it was told the watermark", "error", fault.Msg)
	}
	return err
}

// Next implements [plugins.Timed].
func (s *stage) Next() int64 { return s.store.table.NextWall() }

// Tick implements [plugins.Timed].
func (s *stage) Tick(ctx context.Context, _ int64, out plugins.Emitter) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	if err := s.refresh(); err != nil {
		return err
	}
	s.out = out
	defer func() { s.out = nil }()
	return s.advance(abi.ProcessingTime, s.now())
}

// Finish implements [plugins.Finisher]: no record will come, so all of event time is over.
func (s *stage) Finish(ctx context.Context, out plugins.Emitter) error {
	if s.time == nil {
		return nil
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	if err := s.refresh(); err != nil {
		return err
	}
	s.out, s.ended = out, true
	defer func() { s.out = nil }()
	return s.passTime()
}

// passTime is called when event time may have gone on.
func (s *stage) passTime() error {
	at := s.clockTime()
	if at == keyed.None {
		return nil
	}
	if err := s.advance(abi.EventTime, at); err != nil {
		return err
	}
	return s.tellWatermark(at)
}
