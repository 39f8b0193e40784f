package transforms

import (
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

// fixedWindows are tumbling and hopping windows. Panes are as long as the
// greatest length of which windows, and the times between them, are multiples;
// those of tumbling windows are the windows.
type fixedWindows struct {
	*window
	size, every, offset int64
	pane                int64
	sum                 aggregate.State // of the panes of a window
}

func newFixedWindows(w *window, size, every, offset int64) *fixedWindows {
	return &fixedWindows{window: w, size: size, every: every, offset: offset % every, pane: gcd(size, every), sum: w.calls.State()}
}

// floor returns the latest multiple of a length, moved by the offset, that is
// not after a time.
func (f *fixedWindows) floor(at, length int64) int64 {
	rest := modulo(at, length) - modulo(f.offset, length) // their difference may be too long
	if rest < 0 {
		rest += length
	}
	if at < math.MinInt64+rest {
		return math.MinInt64
	}
	return at - rest
}

// modulo is at % length, but not negative.
func modulo(at, length int64) int64 {
	if at %= length; at < 0 {
		at += length
	}
	return at
}

// endAt returns the latest end of a window that is not after a time.
func (f *fixedWindows) endAt(at int64) int64 {
	return later(f.floor(later(at, -f.size), f.every), f.size)
}

func (f *fixedWindows) add(_ string, k *windowed, i uint32, at int64) bool {
	n := len(k.cells) - f.panes.stride
	if n >= 0 && at >= int64(k.cells[n+paneStart]) && at < int64(k.cells[n+paneEnd]) {
		f.panes.add(k, i, at)
		return true
	}
	// What no window of the key was open for is closed as well.
	k.closed = max(k.closed, f.endAt(f.clock.watermark(k)))
	start := f.floor(at, f.pane)
	// The last window that the pane is in begins no later than it does.
	if later(f.floor(start, f.every), f.size) <= k.closed {
		return false
	}
	n = f.panes.count(k)
	for n > 0 && int64(f.panes.at(k, n-1)[paneStart]) > start {
		n--
	}
	if n > 0 && int64(f.panes.at(k, n-1)[paneStart]) == start {
		n--
	} else {
		f.panes.insert(k, n, start, later(start, f.pane))
	}
	f.calls.Add(f.panes.state(k, n), i, at)
	return true
}

// due returns the end of the first window that is open and has records.
func (f *fixedWindows) due(k *windowed) int64 {
	if len(k.cells) == 0 {
		return plugins.Never
	}
	if f.every == f.size {
		return int64(k.cells[paneEnd])
	}
	// The first window that the pane is in ends with it, or soon after.
	end := later(f.endAt(int64(k.cells[paneEnd])-1), f.every)
	if end <= k.closed {
		end = later(k.closed, f.every)
	}
	return end
}

func (f *fixedWindows) fire(key string, k *windowed, watermark int64) {
	for end := f.due(k); end <= watermark && end != plugins.Never; end = f.due(k) {
		start := end - f.size
		if f.every == f.size {
			f.resultOf(key, k, 0, true)
			f.panes.remove(k, 0, 1)
			k.closed = end
			continue
		}
		n := 0
		for n < f.panes.count(k) && int64(f.panes.at(k, n)[paneStart]) < end {
			n++
		}
		f.sum.Clear()
		f.panes.merge(f.sum, k, 0, n)
		f.result(key, start, end, true, f.sum)
		k.closed = end
		n = 0
		for n < f.panes.count(k) && int64(f.panes.at(k, n)[paneStart]) < start+f.every {
			n++
		}
		f.panes.remove(k, 0, n)
	}
}

func (f *fixedWindows) sound(k *windowed) bool {
	for n := range f.panes.count(k) {
		if pane := f.panes.at(k, n); int64(pane[paneEnd]) != later(int64(pane[paneStart]), f.pane) {
			return false
		}
	}
	return f.panes.inOrder(k, 0)
}

func (f *fixedWindows) open(k *windowed) bool { return len(k.cells) > 0 }
