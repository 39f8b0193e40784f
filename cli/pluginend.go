package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"
)

// drop ends plugins that were started for a pipeline that is not to run.
func (p *processes) drop(these []*plugged) {
	p.forget(these)
	endAll(these, (*plugged).Close)
}

// retire lets plugins end when the last stage that uses them has.
func (p *processes) retire(these []*plugged) {
	p.forget(these)
	for _, x := range these {
		x.Retire()
	}
}

// forget makes that they are not found any more. They are still closed at the end.
func (p *processes) forget(these []*plugged) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, x := range p.running {
		if slices.Contains(these, x) {
			delete(p.running, key)
		}
	}
}

// close ends all that were started.
func (p *processes) close() []error {
	p.mu.Lock()
	all := p.all
	p.all, p.running = nil, nil
	p.mu.Unlock()
	return endAll(all, (*plugged).Close)
}

// finish ends all at the end of the program.
func (p *processes) finish() []error {
	errs := p.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.guard != nil {
		p.guard.end()
	}
	return errs
}

// Close ends the process.
func (p *plugged) Close() error {
	if err := p.Plugin.Close(); err != nil {
		return fmt.Errorf("plugin %s: %w", p.block.Name, err)
	}
	return nil
}

// endAll does so side by side: each takes a moment.
func endAll(these []*plugged, by func(*plugged) error) []error {
	var ending sync.WaitGroup
	errs := make([]error, len(these))
	for i, x := range these {
		ending.Go(func() { errs[i] = by(x) })
	}
	ending.Wait()
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// guard ends plugins before a signal ends the program.
type guard struct {
	signals chan os.Signal
	told    context.Context
	tell    context.CancelFunc
	ended   chan struct{}
	// launching are those that start plugins, which are to be told first.
	launching sync.WaitGroup
}

// watch returns a context for who starts plugins: it ends when the program is told to. Release is to be called when they are started.
func (p *processes) watch(ctx context.Context, c *cli) (_ context.Context, release func()) {
	if p.guarded {
		return ctx, func() {}
	}
	p.mu.Lock()
	if p.guard == nil {
		p.guard = newGuard()
		go p.guard.run(p, c.stderr)
	}
	g := p.guard
	g.launching.Add(1)
	p.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	forget := context.AfterFunc(g.told, cancel)
	return ctx, func() {
		forget()
		cancel()
		g.launching.Done()
		g.yield()
	}
}

func newGuard() *guard {
	g := &guard{signals: make(chan os.Signal, 1), ended: make(chan struct{})}
	g.told, g.tell = context.WithCancel(context.Background())
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			signal.Notify(g.signals, s)
		}
	}
	return g
}

// run ends the plugins and then the program, as the signal would have, when one comes.
func (g *guard) run(p *processes, stderr io.Writer) {
	var sig os.Signal
	select {
	case sig = <-g.signals:
	case <-g.ended:
		return
	}
	signal.Stop(g.signals) // another one ends it at once
	g.tell()
	g.launching.Wait()
	p.close()
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Signal(sig)
	}
	if err != nil { // the system has no such thing
		fmt.Fprintln(stderr, "ended by", sig)
		_ = self.Kill() // nothing is left to be told
	}
}

// lastMoment is how long the end by a signal may take, when everything has been ended before.
const lastMoment = 5 * time.Second

// yield leaves the end of the program to a signal that has come: what else there is to say is of no interest.
func (g *guard) yield() {
	if g.told.Err() != nil {
		time.Sleep(lastMoment)
	}
}

// end gives the signals back.
func (g *guard) end() {
	g.yield()
	signal.Stop(g.signals)
	close(g.ended)
	g.tell()
}
