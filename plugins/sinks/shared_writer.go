package sinks

import (
	"io"
	"sync"
)

// sharedWriter keeps the batches of several sinks apart.
type sharedWriter struct {
	mu      sync.Mutex
	w       io.Writer
	written int    // bytes that are out since it was set to 0
	rest    []byte // of a record of which a failed write left a part; it goes out before anything else
}

func (w *sharedWriter) write(p []byte) error {
	n, err := w.w.Write(p)
	w.written += n
	return err
}

// finishRecord writes what is missing of a record that is out in part.
func (w *sharedWriter) finishRecord() error {
	if len(w.rest) == 0 {
		return nil
	}
	n, err := w.w.Write(w.rest)
	w.rest = w.rest[n:]
	return err
}
