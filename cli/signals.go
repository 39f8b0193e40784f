package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// signals are what the process is told from outside.
type signals struct {
	end    chan os.Signal // SIGINT, SIGTERM
	reload chan os.Signal // SIGHUP
	// told ends with the first signal to end, and when the pipelines have ended: what is built for those that are to start or to be
	// reloaded is of no use then.
	told     context.Context
	stopTold context.CancelFunc
}

// notifySignals catches them from now on.
func notifySignals(ctx context.Context) signals {
	s := signals{end: make(chan os.Signal, 2), reload: make(chan os.Signal, 1)}
	s.told, s.stopTold = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	signal.Notify(s.end, os.Interrupt, syscall.SIGTERM)
	signal.Notify(s.reload, syscall.SIGHUP)
	return s
}

// afterword is how long a process that has ended its pipelines has to tell what became of them before a signal kills it.
const afterword = time.Second

// stopEnd lets those that end the process do so again, after a moment: who insists is not to lose the summary and the error by it.
func (s signals) stopEnd() {
	s.stopTold()
	time.AfterFunc(afterword, func() { signal.Stop(s.end) })
}

func (s signals) stop() {
	s.stopEnd()
	signal.Stop(s.reload)
}

// sameSignal is how long after the first signal to end another one is the same:
// timeout(1) sends it to the process and to its group, and Ctrl-C comes from the
// terminal and from a wrapper that passes it on.
const sameSignal = 250 * time.Millisecond

// obey does what is asked for from outside, until ctx ends.
func (s *supervisor) obey(ctx context.Context, stop context.CancelCauseFunc, reloads chan<- struct{}) {
	var drained time.Time
	closed := s.out.closed
	for {
		select {
		case <-ctx.Done():
			return
		case <-closed:
			closed = nil
			s.drain()
		case <-s.signals.reload:
			s.logger.Info("reloading", "because", "SIGHUP")
			request(reloads)
		case sig := <-s.signals.end:
			if drained.IsZero() {
				s.logger.Info("finishing what is in flight; a second signal stops at once", "because", sig.String())
				s.drain()
				drained = time.Now()
			} else if time.Since(drained) >= sameSignal {
				stop(errStopped)
				return
			}
		}
	}
}

func (s *supervisor) drain() {
	for _, j := range s.jobs {
		j.drain()
	}
}
