package transforms

import (
	"sort"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

// slidingWindows end with a record each. Panes are records, in the order of
// their times and then of their arrival; those that have had their result stay
// until they are too old for the next.
//
// To take records out of an aggregate that cannot subtract, the panes are a
// queue of two stacks (K. Tangwongsan, M. Hirzel, S. Schneider, "Low-latency
// sliding-window aggregation in worst-case constant time", 2017, as "Two-Stacks
// Lite"): the panes of the front stand for themselves and all behind them in
// the front; behind these come records that are themselves, whose sum is in
// the pane before all others. That pane notes where the stacks begin and end.
// When the front is used up, the other records become the front. So a record
// costs two merges, whatever the window's length.
type slidingWindows struct {
	*window
	size int64
	sum  aggregate.State
}

// The cells of the first pane: the numbers of panes.
const (
	slidingGone  = iota // of those behind it, too old
	slidingFront        // where the front ends
	slidingDone         // where those without a result begin
)

func newSlidingWindows(w *window, size int64) *slidingWindows {
	return &slidingWindows{w, size, w.calls.State()}
}

func (s *slidingWindows) add(key string, k *windowed, i uint32, at int64) bool {
	if at < max(s.clock.watermark(k), k.closed) {
		return false
	}
	if len(k.cells) == 0 {
		s.panes.insert(k, 0, 0, 0)
		head := s.panes.at(k, 0)
		head[slidingGone], head[slidingFront], head[slidingDone] = 1, 1, 1
	}
	done := int(s.panes.at(k, 0)[slidingDone])
	n := done + sort.Search(s.panes.count(k)-done, func(n int) bool { return s.timeOf(k, done+n) > at })
	s.panes.insert(k, n, at, at)
	s.calls.Add(s.panes.state(k, n), i, at)
	s.fire(key, k, s.clock.watermark(k))
	return true
}

func (s *slidingWindows) timeOf(k *windowed, n int) int64 { return int64(s.panes.at(k, n)[paneEnd]) }

func (s *slidingWindows) open(k *windowed) bool {
	return len(k.cells) > 0 && int(s.panes.at(k, 0)[slidingDone]) < s.panes.count(k)
}

func (s *slidingWindows) sound(k *windowed) bool {
	if len(k.cells) == 0 {
		return true
	}
	head := s.panes.at(k, 0)
	return 1 <= head[slidingGone] && head[slidingGone] <= head[slidingFront] && head[slidingFront] <= head[slidingDone] &&
		head[slidingDone] <= uint64(s.panes.count(k)) && s.panes.inOrder(k, 1)
}

func (s *slidingWindows) due(k *windowed) int64 {
	if !s.open(k) {
		return plugins.Never
	}
	return s.timeOf(k, int(s.panes.at(k, 0)[slidingDone]))
}

func (s *slidingWindows) fire(key string, k *windowed, watermark int64) {
	for s.open(k) {
		head := s.panes.at(k, 0)
		n := int(head[slidingDone])
		at := s.timeOf(k, n)
		if at > watermark {
			break
		}
		s.evict(k, later(at, -s.size))
		head[slidingDone]++
		rest := s.panes.state(k, 0)
		s.calls.Merge(rest, s.panes.state(k, n))
		s.sum.Clear()
		if head[slidingGone] < head[slidingFront] {
			s.calls.Merge(s.sum, s.panes.state(k, int(head[slidingGone])))
		}
		s.calls.Merge(s.sum, rest)
		s.result(key, later(at, -s.size), at, true, s.sum)
		k.closed = at
	}
	s.compact(k)
}

// evict takes the records up to a time out of the aggregate.
func (s *slidingWindows) evict(k *windowed, until int64) {
	head := s.panes.at(k, 0)
	for head[slidingGone] < head[slidingDone] && s.timeOf(k, int(head[slidingGone])) <= until {
		if head[slidingGone] == head[slidingFront] {
			for n := int(head[slidingDone]) - 2; n >= int(head[slidingGone]); n-- {
				s.calls.Merge(s.panes.state(k, n), s.panes.state(k, n+1))
			}
			head[slidingFront] = head[slidingDone]
			s.panes.state(k, 0).Clear()
		}
		head[slidingGone]++
	}
}

// compact removes the panes that are gone when they are half of all.
func (s *slidingWindows) compact(k *windowed) {
	if len(k.cells) == 0 {
		return
	}
	head := s.panes.at(k, 0)
	gone := int(head[slidingGone]) - 1
	if gone < 16 || gone < s.panes.count(k)/2 {
		return
	}
	head[slidingGone] -= uint64(gone)
	head[slidingFront] -= uint64(gone)
	head[slidingDone] -= uint64(gone)
	s.panes.remove(k, 1, 1+gone)
}
