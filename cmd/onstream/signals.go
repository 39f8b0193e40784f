package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// signals are what the process is told from outside.
type signals struct {
	end    chan os.Signal // SIGINT, SIGTERM
	reload chan os.Signal // SIGHUP
}

// notifySignals catches them from now on.
func notifySignals() signals {
	s := signals{make(chan os.Signal, 2), make(chan os.Signal, 1)}
	signal.Notify(s.end, os.Interrupt, syscall.SIGTERM)
	signal.Notify(s.reload, syscall.SIGHUP)
	return s
}

// stopEnd lets those that end the process do so again.
func (s signals) stopEnd() { signal.Stop(s.end) }

func (s signals) stop() {
	signal.Stop(s.end)
	signal.Stop(s.reload)
}

// obey does what is asked for from outside, until ctx ends.
func (s *supervisor) obey(ctx context.Context, stop context.CancelCauseFunc, reloads chan<- struct{}) {
	draining := false
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
			if draining {
				stop(errStopped)
				return
			}
			draining = true
			s.logger.Info("finishing what is in flight; a second signal stops at once", "because", sig.String())
			s.drain()
		}
	}
}

func (s *supervisor) drain() {
	for _, j := range s.jobs {
		j.drain()
	}
}
