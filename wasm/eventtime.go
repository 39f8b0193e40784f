package wasm

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
	"github.com/onstream/onstream/wasm/abi"
)

// eventTime tells the times of records.
type eventTime struct {
	eval     plugins.Evaluator
	at       string
	now      func() time.Time
	maxAhead time.Duration
	lateness int64
	times    []int64
}

func newEventTime(x plugins.Expr, c plugins.Config, env plugins.Env) *eventTime {
	return &eventTime{eval: x.Evaluator(env), at: x.Range(), now: env.Now, maxAhead: c.Duration("max_ahead"), lateness: int64(c.Duration("lateness"))}
}

// of returns the times of the selected rows, by row, in ns, valid until its next call. Rows without a time, or
// with one too far ahead, fail.
func (t *eventTime) of(b *plugins.Batch) []int64 {
	col := t.eval.Eval(b)
	if cap(t.times) < b.Len {
		t.times = make([]int64, b.Len)
	}
	t.times = t.times[:b.Len]
	limit := t.now().Add(t.maxAhead).UnixNano()
	for _, i := range b.Sel {
		switch k := kindAt(col, i); {
		case k == plugins.Null:
			b.Fail(i, plugins.Failure{Code: "null", Msg: "the record has no time: drop it before, or give it one with default(x, y)", Expr: t.at})
		case k != plugins.Time:
			b.Fail(i, plugins.Failure{Code: "type", Msg: fmt.Sprintf("the time is of type %s, not time: declare the field as time in a schema", k), Expr: t.at})
		case col.Ints[i] > limit:
			b.Fail(i, plugins.Failure{Code: "clock_ahead", Msg: fmt.Sprintf("the time %s is more than %v ahead of the pipeline's clock: set the clock of the device, or raise max_ahead", time.Unix(0, col.Ints[i]).UTC().Format(time.RFC3339), t.maxAhead), Expr: t.at})
		default:
			t.times[i] = col.Ints[i]
		}
	}
	b.DropFailed()
	return t.times
}

// kindAt returns the kind of a row, Null where it is null.
func kindAt(col *plugins.Column, i uint32) plugins.Kind {
	switch {
	case col.Kind == plugins.Any:
		return col.Kinds[i]
	case col.IsNull(i):
		return plugins.Null
	}
	return col.Kind
}

// observe tells the clock of the times of the batch: the latest of each of two keys is all that it goes by.
func (s *stage) observe() {
	if s.time == nil {
		return
	}
	var first, second shown
	var key []byte
	for _, i := range s.rows {
		at := s.times[i]
		if second.some && at <= second.at {
			continue
		}
		key = plugins.AppendKey(key[:0], s.keyCol, i)
		switch {
		case !first.some || bytes.Equal(key, first.key):
			if !first.some || at > first.at {
				first.set(key, at)
			}
		case at > first.at:
			first, second = second, first
			first.set(key, at)
		default:
			second.set(key, at)
		}
	}
	for _, x := range []shown{first, second} {
		if x.some {
			s.clock.Observe(string(x.key), x.at)
		}
	}
}

// shown is the latest time of a key.
type shown struct {
	key  []byte
	at   int64
	some bool
}

func (x *shown) set(key []byte, at int64) { x.key, x.at, x.some = append(x.key[:0], key...), at, true }

// clockTime returns the time of the lane in ns, [keyed.None] where it is not known.
func (s *stage) clockTime() int64 {
	if s.time == nil {
		return keyed.None
	}
	if s.ended {
		return plugins.Never - 1
	}
	at, ok := s.clock.Latest()
	if !ok || at < math.MinInt64+s.time.lateness+1 {
		return keyed.None
	}
	return at - s.time.lateness
}

// watermark is clockTime in µs, as the module is told it.
func (s *stage) watermark() int64 {
	if at := s.clockTime(); at != keyed.None {
		return micros(at)
	}
	return abi.NoTime
}
