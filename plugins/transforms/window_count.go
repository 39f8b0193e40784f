package transforms

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

// countWindows are of so many records. Panes are as many as the greatest
// number of which windows, and the steps between them, are multiples; they
// note how many they have.
type countWindows struct {
	*window
	panesEach, panesStep int    // of a window; from one to the next
	pane                 uint64 // records
	sum                  aggregate.State
}

func newCountWindows(w *window, count, step int64) *countWindows {
	pane := gcd(count, step)
	return &countWindows{window: w, panesEach: int(count / pane), panesStep: int(step / pane), pane: uint64(pane), sum: w.calls.State()}
}

func (c *countWindows) add(key string, k *windowed, i uint32, at int64) bool {
	last := c.panes.count(k) - 1
	if last < 0 || c.panes.at(k, last)[paneNote] == c.pane {
		last++
		c.panes.insert(k, last, at, at)
	}
	pane := c.panes.at(k, last)
	pane[paneStart] = uint64(min(int64(pane[paneStart]), at))
	pane[paneEnd] = uint64(max(int64(pane[paneEnd]), at))
	pane[paneNote]++
	c.calls.Add(c.panes.state(k, last), i, at)
	if last == c.panesEach-1 && pane[paneNote] == c.pane {
		c.close(key, k)
	}
	return true
}

// close emits the first window.
func (c *countWindows) close(key string, k *windowed) {
	n := min(c.panesEach, c.panes.count(k))
	start, end := plugins.Never, -plugins.Never
	for m := range n {
		pane := c.panes.at(k, m)
		start, end = min(start, int64(pane[paneStart])), max(end, int64(pane[paneEnd]))
	}
	c.sum.Clear()
	c.panes.merge(c.sum, k, 0, n)
	c.result(key, start, end, true, c.sum)
	c.panes.remove(k, 0, min(n, c.panesStep))
}

// due is never: no time fills a window.
func (c *countWindows) due(*windowed) int64 { return plugins.Never }

func (c *countWindows) fire(key string, k *windowed, watermark int64) {
	for watermark == plugins.Never && len(k.cells) > 0 {
		c.close(key, k)
	}
}

func (c *countWindows) sound(k *windowed) bool {
	for n := range c.panes.count(k) {
		if c.panes.at(k, n)[paneNote] > c.pane {
			return false
		}
	}
	return true
}

func (c *countWindows) open(k *windowed) bool { return len(k.cells) > 0 }
