package main

import (
	"bytes"
	"context"
	"regexp"
	"time"
)

const (
	// pollEvery is how often the outputs are looked at.
	pollEvery = 3 * time.Millisecond
	// recoveryLimit is how long output may be missing after a start, or after
	// the end of a fault, and how long the engine may take to end when asked to.
	recoveryLimit = 10 * time.Second
)

// address returns where the present engine takes requests.
func (t *trial) address() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.proc == nil || !t.proc.alive() {
		return ""
	}
	return t.proc.address()
}

// start starts the engine.
func (t *trial) start(wrapper []string, env ...string) error {
	if err := t.poll(); err != nil {
		return err
	}
	p, err := t.engine.start(wrapper, env...)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.proc, t.base = p, t.observer.count()
	return nil
}

// kill kills the engine as a crash does.
func (t *trial) kill() {
	if !t.proc.alive() {
		t.endedOf(t.proc)
	}
	t.proc.kill()
	t.peak = max(t.peak, t.proc.peak.Load())
	t.kills++
}

// crash kills the engine and starts it again.
func (t *trial) crash() error {
	t.kill()
	return t.start(t.wrapper)
}

func (t *trial) poll() error {
	if t.tails == nil {
		return nil
	}
	return t.tails.poll()
}

// started waits for the first output of the present process.
func (t *trial) started(ctx context.Context) error {
	if t.proc == t.shown {
		return nil
	}
	t.shown = t.proc
	since := t.proc.started
	if since.Before(t.back) {
		since = t.back
	}
	return t.output(ctx, t.base, since)
}

// underLoad waits until the present process gives output, and then a little.
func (t *trial) underLoad(ctx context.Context) error {
	if err := t.started(ctx); err != nil {
		return err
	}
	return pause(ctx, t.random(200*time.Millisecond))
}

// lives waits for output that comes from now on.
func (t *trial) lives(ctx context.Context) error {
	if err := t.poll(); err != nil {
		return err
	}
	return t.output(ctx, t.observer.count(), time.Now())
}

// output waits until there are more than base lines of output, for which there
// has been no reason to be missing since a time. An engine that ends meanwhile
// is started again, as a supervisor would.
func (t *trial) output(ctx context.Context, base int, since time.Time) error {
	for {
		if err := t.poll(); err != nil {
			return err
		}
		took := time.Since(since)
		if t.observer.count() > base {
			t.recovery = max(t.recovery, took)
			return nil
		}
		if took > t.recoveryLimit() {
			t.recovery = max(t.recovery, took)
			t.fail(gateRecovery, "no output for %s; the engine's last words: %s", took.Round(time.Millisecond), t.lastWords())
			return nil
		}
		if err := t.supervise(ctx); err != nil {
			return err
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// restartPause is how long a supervisor waits before it starts an engine again
// that has ended.
const restartPause = 50 * time.Millisecond

// supervise starts the engine again if it has ended by itself, which only some
// faults are a reason for.
func (t *trial) supervise(ctx context.Context) error {
	if err := t.watchPartner(); err != nil {
		return err
	}
	if t.proc.alive() {
		return nil
	}
	t.endedOf(t.proc)
	if err := pause(ctx, restartPause); err != nil {
		return err
	}
	return t.start(t.wrapper)
}

// endedOf judges an engine that has ended by itself. Where the fault is a reason
// to end, it is one to say so and end in order, not to panic.
func (t *trial) endedOf(p *process) {
	t.exits++
	if state := p.cmd.ProcessState; !t.mayStop || state.ExitCode() != 1 {
		t.fail(gateStopped, "the engine ended by itself (%s): %s", state, lastWordsOf(p))
	}
}

// statistics is the summary of a run, which would hide what comes before it.
var statistics = regexp.MustCompile(`(?m)^\{"pipeline":.*\n`)

// lastWords returns the end of what the engine has said, or how it panicked.
func (t *trial) lastWords() string { return lastWordsOf(t.proc) }

func lastWordsOf(p *process) string {
	said, err := p.said()
	if err != nil {
		return err.Error()
	}
	const most = 2000
	if at := bytes.Index(said, []byte("SIGQUIT: quit")); at >= 0 {
		said = said[:at] // it was asked for
	}
	said = statistics.ReplaceAll(said, nil)
	if at := bytes.Index(said, []byte("panic: ")); at >= 0 {
		return string(said[at:min(len(said), at+most)])
	}
	return string(said[max(0, len(said)-most):])
}
