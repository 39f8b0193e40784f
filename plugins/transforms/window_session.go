package transforms

import (
	"github.com/onstream/onstream/plugins"
)

// sessionWindows last until nothing has come for a time. Each is a pane, which
// ends that time after its last record.
type sessionWindows struct {
	*window
	gap int64
}

func (s *sessionWindows) add(_ string, k *windowed, i uint32, at int64) bool {
	if at < k.closed {
		return false
	}
	end := later(at, s.gap)
	// The sessions from first up to last, without it, become one by the record.
	last := s.panes.count(k)
	for last > 0 && int64(s.panes.at(k, last-1)[paneStart]) >= end {
		last--
	}
	first := last
	for first > 0 && int64(s.panes.at(k, first-1)[paneEnd]) > at {
		first--
	}
	if first == last {
		if end <= s.clock.watermark(k) {
			return false
		}
		s.panes.insert(k, first, at, end)
	}
	pane := s.panes.at(k, first)
	pane[paneStart] = uint64(min(int64(pane[paneStart]), at))
	pane[paneEnd] = uint64(max(int64(pane[paneEnd]), end))
	state := s.panes.state(k, first)
	s.calls.Add(state, i, at)
	if last > first+1 {
		s.panes.merge(state, k, first+1, last)
		pane[paneEnd] = max(pane[paneEnd], s.panes.at(k, last-1)[paneEnd])
		s.panes.remove(k, first+1, last)
	}
	return true
}

func (s *sessionWindows) due(k *windowed) int64 {
	if len(k.cells) == 0 {
		return plugins.Never
	}
	return int64(k.cells[paneEnd])
}

func (s *sessionWindows) fire(key string, k *windowed, watermark int64) {
	for len(k.cells) > 0 && int64(k.cells[paneEnd]) <= watermark {
		s.resultOf(key, k, 0, true)
		k.closed = int64(k.cells[paneEnd])
		s.panes.remove(k, 0, 1)
	}
}

func (s *sessionWindows) open(k *windowed) bool { return len(k.cells) > 0 }
