package amqp

import (
	"context"
	"sync"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// live is a connection that is there.
type live struct {
	*amqp091.Connection
	lost chan struct{} // closed when it is not any more
	kill func()        // ends it at once

	mu      sync.Mutex
	err     *amqp091.Error // why it was lost
	blocked chan struct{}  // closed when the server takes records again; nil while it does
	reason  string
}

// isBlocked returns what is closed when the server takes records again, nil while it does.
func (v *live) isBlocked() (until <-chan struct{}, reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.blocked, v.reason
}

func (v *live) block(b amqp091.Blocking) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case b.Active && v.blocked == nil:
		v.blocked, v.reason = make(chan struct{}), b.Reason
	case !b.Active && v.blocked != nil:
		close(v.blocked)
		v.blocked, v.reason = nil, ""
	}
}

// cause returns why a connection was lost.
func (v *live) cause() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err == nil {
		return errClosed
	}
	return v.err
}

// bounded calls a function that waits for the server. When that takes too long, the
// connection is taken for lost.
func (v *live) bounded(most time.Duration, f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	timeout := time.NewTimer(most)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
		v.kill()
		<-done
	}
}

// freeWhen sees to it that nothing waits for the connection for long when ctx has ended, until what it returns
// is called.
func (v *live) freeWhen(ctx context.Context) (stop func()) {
	over := make(chan struct{})
	detach := context.AfterFunc(ctx, func() {
		timeout := time.NewTimer(closeTime)
		defer timeout.Stop()
		select {
		case <-over:
		case <-timeout.C:
			v.kill()
		}
	})
	return func() {
		detach()
		close(over)
	}
}
