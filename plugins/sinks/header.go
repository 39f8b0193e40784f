package sinks

import (
	"bytes"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// header is what the present stream began with, such as the names of a CSV
// file's columns.
type header struct {
	known bool
	line  []byte
}

// check finds records that do not belong under the header. The first ones
// decide.
func (h *header) check(name string, b *plugins.Batch) error {
	if !h.known {
		h.known, h.line = true, bytes.Clone(b.Preamble)
		return nil
	}
	if bytes.Equal(h.line, b.Preamble) {
		return nil
	}
	return plugins.Permanent(fmt.Errorf("write %s: it begins with %q, but these records belong under %q: give them the same fields with a map, or a sink of their own", name, clip(h.line), clip(b.Preamble)))
}

// clip shortens what is shown to people.
func clip(s []byte) []byte {
	const most = 200
	if len(s) > most {
		return s[:most]
	}
	return s
}
