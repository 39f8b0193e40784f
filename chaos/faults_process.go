package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// standStill stops the process for a while. Sometimes it does not wake up.
func standStill(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	if err := t.proc.signal(signalStop); err != nil {
		return err
	}
	if err := pause(ctx, 200*time.Millisecond+t.random(1300*time.Millisecond)); err != nil {
		return err
	}
	if t.chance(0.3) {
		return t.crash()
	}
	if err := t.poll(); err != nil {
		return err
	}
	base, over := t.observer.count(), time.Now()
	if err := t.proc.signal(signalContinue); err != nil {
		return err
	}
	return t.output(ctx, base, over)
}

// startTwice starts another engine on the same state. It has to end, also when
// the first one only seems to be dead.
func startTwice(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	stopped := t.chance(0.5)
	if stopped {
		if err := t.proc.signal(signalStop); err != nil {
			return err
		}
	}
	second, err := t.engine.start(nil)
	if err != nil {
		return err
	}
	if !second.await(ctx, t.limit) || second.cmd.ProcessState.Success() {
		t.fail(gateFence, "another engine took the same state")
	}
	second.kill()
	if stopped {
		if err := t.proc.signal(signalContinue); err != nil {
			return err
		}
	}
	return t.lives(ctx)
}

// limited is a command that starts the engine with so many file descriptors.
func limited(files int) []string {
	return []string{"/bin/sh", "-c", "ulimit -n " + strconv.Itoa(files) + ` && exec "$0" "$@"`}
}

// exhaustFiles takes all file descriptors of the engine for a while: with
// connections on which nothing is sent.
func exhaustFiles(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	at, err := url.Parse(t.address())
	if err != nil {
		return fmt.Errorf("find the engine: %w", err)
	}
	var idle []net.Conn
	for range 100 {
		c, err := (&net.Dialer{Timeout: 100 * time.Millisecond}).DialContext(ctx, "tcp", at.Host)
		if err != nil {
			break // it takes no more
		}
		idle = append(idle, c)
	}
	err = pause(ctx, 200*time.Millisecond+t.random(600*time.Millisecond))
	for _, c := range idle {
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		return err
	}
	if t.chance(0.3) {
		if err := t.crash(); err != nil {
			return err
		}
	}
	return t.lives(ctx)
}

// loseState removes the state directory between two lives of the engine.
func loseState(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	t.kill()
	t.lostStates++
	if err := os.RemoveAll(t.path(stateFolder)); err != nil {
		return fmt.Errorf("lose the state: %w", err)
	}
	if err := t.start(t.wrapper); err != nil {
		return err
	}
	return t.started(ctx)
}

// straced is a command that starts the engine so that system calls fail or are
// slow. The tracer is a child: the process is the engine.
func straced(calls, what string) []string {
	return []string{"strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", os.DevNull, "-e", "trace=" + calls, "-e", "inject=" + calls + ":" + what}
}

func noStrace() string {
	if _, err := exec.LookPath("strace"); err != nil {
		return "strace is not installed"
	}
	return ""
}

// failFsync has one fsync of the engine fail. Whatever it makes of that, it is
// killed a little later.
func failFsync(ctx context.Context, t *trial) error {
	t.kill()
	nth := strconv.Itoa(2 + t.rng.IntN(20))
	if err := t.start(straced("fsync,fdatasync,sync_file_range", "error=EIO:when="+nth)); err != nil {
		return err
	}
	t.proc.await(ctx, 500*time.Millisecond+t.random(500*time.Millisecond))
	if err := t.crash(); err != nil {
		return err
	}
	return t.started(ctx)
}
