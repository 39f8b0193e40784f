package cli

import (
	"errors"
	"io"
	"os/signal"
	"sync"
	"syscall"
)

// pipe is the standard output while pipelines run. Where its reader goes away
// (onstream run ... | head), that is no failure but the time to end: other sinks
// finish what they have, and what would still be written goes nowhere, as it
// does with a reader that has stopped looking.
type pipe struct {
	w      io.Writer
	once   sync.Once
	closed chan struct{} // closed when nobody reads any more
}

// newPipe makes the process survive a closed standard output.
func newPipe(w io.Writer) *pipe {
	signal.Ignore(syscall.SIGPIPE)
	return &pipe{w: w, closed: make(chan struct{})}
}

func (p *pipe) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		p.once.Do(func() { close(p.closed) })
		return len(b), nil
	}
	return n, err
}
