package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync/atomic"
	"syscall"
	"time"
)

// engine is the binary with the command line of a run.
type engine struct {
	binary string
	args   []string
	env    []string // besides the harness's own
	log    string   // file that all processes write to
	hold   string   // folder in which a process is told where to stand still
}

// process is one life of the engine.
type process struct {
	cmd     *exec.Cmd
	log     string
	hold    string
	from    int64 // where its part of the log begins
	started time.Time
	ended   chan struct{} // closed when it has ended
	peak    atomic.Int64  // most resident memory that was seen, bytes
	url     atomic.Pointer[string]
}

// start starts the engine. A wrapper is a command that runs another one, and
// becomes it.
func (e *engine) start(wrapper []string, env ...string) (*process, error) {
	log, err := os.OpenFile(e.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	words := append(append(append([]string{}, wrapper...), e.binary), e.args...)
	p := &process{cmd: exec.Command(words[0], words[1:]...), log: e.log, hold: e.hold, from: info.Size(), ended: make(chan struct{})}
	p.cmd.Stderr = log
	p.cmd.Env = append(append(append(os.Environ(), "ONSTREAM_HOLD="+e.hold), e.env...), env...)
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // how it ended is asked of ProcessState
	}()
	return p, nil
}

// kill ends the process as a crash does, and waits until it is gone.
func (p *process) kill() {
	p.measure()
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.ended
}

// signal sends a signal, which a process that is gone does not get.
func (p *process) signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s to the engine: %w", s, err)
	}
	return nil
}

// alive reports whether the process has not ended.
func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// await waits for the end of the process, and reports whether it came.
func (p *process) await(ctx context.Context, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.ended:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// finish asks the process to end, and tells why it did not end well.
func (p *process) finish(ctx context.Context, limit time.Duration) error {
	p.measure()
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	if !p.await(ctx, limit) {
		p.dump(ctx)
		p.kill()
		return fmt.Errorf("it did not end within %s", limit)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("it ended with %s", p.cmd.ProcessState)
	}
	said, err := p.said()
	if err != nil {
		return err
	}
	if unbalanced.Match(said) {
		return errors.New("its summary does not account for every record")
	}
	return nil
}

// dump has a process that is stuck write to its log what its goroutines do, and end.
func (p *process) dump(ctx context.Context) {
	if err := p.signal(syscall.SIGQUIT); err == nil {
		p.await(ctx, time.Second)
	}
}

var (
	listening  = regexp.MustCompile(`"msg":"listening",.*"address":"([^"]*)"`)
	unbalanced = regexp.MustCompile(`"balanced":false`)
)

// address returns where the process takes requests, "" while it does not.
func (p *process) address() string {
	if url := p.url.Load(); url != nil {
		return *url
	}
	said, err := p.said()
	if err != nil {
		return ""
	}
	if m := listening.FindSubmatch(said); m != nil {
		url := string(m[1])
		p.url.Store(&url)
		return url
	}
	return ""
}

// said returns what the process has written to the log.
func (p *process) said() ([]byte, error) {
	all, err := os.ReadFile(p.log)
	if err != nil {
		return nil, fmt.Errorf("read the engine's log: %w", err)
	}
	return bytes.Clone(all[min(p.from, int64(len(all))):]), nil
}

// measure notes the peak of the process's memory.
func (p *process) measure() {
	p.peak.Store(max(p.peak.Load(), peakMemory(p.cmd.Process.Pid)))
}
