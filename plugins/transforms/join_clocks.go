package transforms

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// joinClocks are the clocks of the two inputs of a lane. Each input has its
// own: how long a key was silent in it is told by its other keys, and does not
// depend on which input is read first.
type joinClocks [2]struct {
	keyed.Clock
	// since is the first time of the clock: a key of which nothing came in the
	// input, and which began before there was one, is silent since then.
	since int64
}

func newJoinClocks() (c joinClocks) {
	c[left].since, c[right].since = keyed.None, keyed.None
	return c
}

// now returns the time that both inputs have reached.
func (c *joinClocks) now() int64 { return min(c[left].Now(), c[right].Now()) }

// observe notes the time of a record of a key, and returns what the clock of
// its input shows.
func (c *joinClocks) observe(port int, key string, at int64) keyed.Reading {
	shown := c[port].Observe(key, at)
	if c[port].since == keyed.None {
		c[port].since = shown.Now
	}
	return shown
}

// from returns the time of an input since which a key is silent in it.
func (c *joinClocks) from(port int, t *keyed.Time) int64 {
	if t.Lane == keyed.None {
		return c[port].since
	}
	return t.Lane
}

// silent returns how long nothing has come from a key in an input.
func (c *joinClocks) silent(port int, t *keyed.Time) int64 {
	at := keyed.Time{Lane: c.from(port, t)}
	return at.Silent(c[port].Now())
}

func (c *joinClocks) restore(s plugins.State) error {
	for p := range c {
		if err := c[p].Restore(s, joinClockSpace+byte(p)); err != nil {
			return err
		}
		c[p].since = c[p].Now()
	}
	return nil
}

func (c *joinClocks) snapshot(w plugins.StateWriter) {
	for p := range c {
		c[p].Snapshot(w, joinClockSpace+byte(p))
	}
}
