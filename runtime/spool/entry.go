package spool

import (
	"errors"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// An entry is a batch as package serial stores it, with the rows that are alive
// or failed.

// errEntry says that an entry is not what a spool takes.
func errEntry(why error) error { return fmt.Errorf("its checksum is right, but %w", why) }

var errNoPayloads = errors.New("its records have no payload")

// readHead reads what an entry begins with.
func readHead(entry []byte) (serial.Head, error) {
	h, err := serial.ReadHead(entry)
	if err == nil && !h.Payloads {
		err = errNoPayloads
	}
	if err != nil {
		return h, errEntry(err)
	}
	return h, nil
}

// rowsOf returns the rows of a batch that are alive or failed, in order.
// Failed rows must not be in Sel any more.
func rowsOf(b *plugins.Batch, dst []uint32) []uint32 {
	if len(b.Failures) == 0 {
		return append(dst, b.Sel...)
	}
	failed := make([]bool, b.Len)
	for _, f := range b.Failures {
		failed[f.Row] = true
	}
	sel := b.Sel
	for i := range uint32(b.Len) {
		alive := len(sel) > 0 && sel[0] == i
		if alive {
			sel = sel[1:]
		}
		if alive || failed[i] {
			dst = append(dst, i)
		}
	}
	return dst
}
