package redis

import (
	"context"
	"fmt"
	"strconv"
)

// leastLimit is the least that a server can be told to take in one piece.
const leastLimit = 1 << 20

// tooLarge says why a record of n bytes is not written, "" where it is.
func (w *writer) tooLarge(n int) string {
	switch takes := w.takes.Load(); {
	case int64(n) > w.options.maxMessage:
		return fmt.Sprintf("the record has %d bytes, and the bus takes %d: see max_message_bytes of the connector", n, w.options.maxMessage)
	case takes > 0 && int64(n) > takes:
		return fmt.Sprintf("the record has %d bytes, and the server takes %d: raise its proto-max-bulk-len", n, takes)
	}
	return ""
}

// learnLimit asks what the server takes, after a failure to write batches: it ends the
// connection over a record that is larger, and the same would happen again.
func (w *writer) learnLimit(ctx context.Context, batches []*batch) {
	for _, x := range batches {
		for _, a := range x.adds {
			if len(x.Value(a.row)) < leastLimit {
				continue
			}
			// A server that does not tell has its default, mostly, which is more than records have.
			told, err := w.client.ConfigGet(ctx, "proto-max-bulk-len").Result()
			if takes, wrong := strconv.ParseInt(told["proto-max-bulk-len"], 10, 64); err == nil && wrong == nil {
				w.takes.Store(takes)
			}
			return
		}
	}
}
