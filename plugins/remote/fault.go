package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// crash is the end of a process while something was asked of it. What it had is to be done again.
type crash struct {
	plugin string
	reason string
	hung   bool // it had to be killed because it did not answer
}

// Error says why the process has ended.
func (c *crash) Error() string {
	return fmt.Sprintf("the process of plugin %s has ended: %s", c.plugin, c.reason)
}

// errTooLarge is about an answer, or a request, that is larger than a message may be.
var errTooLarge = fmt.Errorf("what the plugin answers is larger than the %d MiB that a message may have", wire.MaxMessage>>20)

// nonsense is an answer that the protocol does not know.
func (s *stage) nonsense(format string, args ...any) error {
	return plugins.Permanent(fmt.Errorf("plugin %s does not keep to the protocol: %s %s: %s; tell its author", s.plugin.config.Name, s.role, s.kind.name, s.plugin.hide.Clean(fmt.Sprintf(format, args...))))
}

// problem returns what a plugin says it could not do, without secrets.
func (s *stage) problem(err error) error {
	if err == nil {
		return nil
	}
	clean := errors.New(s.plugin.hide.Clean(err.Error()))
	if plugins.IsPermanent(err) {
		return plugins.Permanent(clean)
	}
	return clean
}

// settleFor is how long the end of a process may come behind that of its streams.
const settleFor = 300 * time.Millisecond

// settled waits for the end of a process of which a stream has ended, and reports whether it has come.
func (w *worker) settled() bool {
	timer := time.NewTimer(settleFor)
	defer timer.Stop()
	select {
	case <-w.process.Exited():
		return true
	case <-timer.C:
		return false
	}
}

// lost finds out what has become of a call that failed: the context has ended, an answer was too large, or the process is of no use any more, which is
// then ended.
func (w *worker) lost(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if status.Code(err) == codes.ResourceExhausted && !w.hasExited() {
		return errTooLarge
	}
	if !w.settled() {
		w.process.Kill(fmt.Sprintf("its %s broke off: %s", what, w.plugin.hide.Clean(broken(err))))
	}
	return &crash{plugin: w.plugin.config.Name, reason: w.process.Reason(), hung: w.hung.Load()}
}

// broken says how a stream has ended.
func broken(err error) string {
	if errors.Is(err, io.EOF) {
		return "the plugin has ended it before it was over"
	}
	if s, ok := status.FromError(err); ok {
		return s.Code().String() + ": " + s.Message()
	}
	return err.Error()
}
