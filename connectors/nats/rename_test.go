package nats_test

import (
	"encoding/binary"
	"time"

	"github.com/onstream/onstream/plugins"
)

// rename returns a position in a stream that was made at one time, as one of a stream made at another.
func rename(at plugins.Position, from, to time.Time) plugins.Position {
	made, n := binary.Varint(at[1:])
	if made != from.UnixNano() {
		panic("a position does not begin with when its stream was made")
	}
	return append(binary.AppendVarint(plugins.Position{at[0]}, to.UnixNano()), at[1+n:]...)
}
