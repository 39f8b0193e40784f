package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin"
	goplugin "github.com/hashicorp/go-plugin/runner"
)

// readAfterEnd is how long what a process has said is read when it has ended: its children may hold the pipes open.
const readAfterEnd = 500 * time.Millisecond

// runner runs the program for go-plugin, which sees of its output nothing but a greeting that was checked.
type runner struct {
	cmd      *exec.Cmd
	program  *program
	out      *output
	versions map[int]plugin.PluginSet
	memory   int64

	stdin    *os.File // ends with this process
	stdout   *os.File
	stderr   *os.File
	greets   *io.PipeReader
	greet    *io.PipeWriter
	reading  sync.WaitGroup
	exited   chan struct{} // the process has ended, and its group
	finished chan struct{} // and all it said was read

	mu      sync.Mutex
	why     string // it was killed
	state   string // how it has ended
	running bool
	killed  bool
	greeted bool
	failed  error // it could not be started
}

var _ goplugin.Runner = (*runner)(nil)

func newRunner(p *program, out *output, c Config) *runner {
	r := &runner{program: p, out: out, versions: c.Versions, memory: c.Memory, exited: make(chan struct{}), finished: make(chan struct{})}
	r.greets, r.greet = io.Pipe()
	return r
}

// Start implements [goplugin.Runner].
func (r *runner) Start(context.Context) error {
	theirs, err := r.pipes()
	if err == nil {
		prepare(r.cmd)
		started := make(chan error, 1)
		go r.run(started)
		err = <-started
		for _, f := range theirs {
			_ = f.Close() // the process has it
		}
	}
	if err != nil {
		r.failed = err
		r.closePipes()
		_ = r.greet.Close() // never fails
		close(r.exited)
		close(r.finished)
		return err
	}
	r.reading.Go(r.readStdout)
	r.reading.Go(func() { r.read(r.stderr) })
	if !r.program.unchanged() {
		r.kill("its file was changed while it was started")
	}
	if err := bound(r.pid(), r.memory); err != nil {
		r.kill(err.Error())
	}
	if r.memory > 0 {
		r.reading.Go(r.watchMemory)
	}
	go r.finish()
	return nil
}

// watchMemory kills the process when it uses more than it may.
func (r *runner) watchMemory() {
	watchMemory(r.pid(), r.memory, r.exited, func(used int64) {
		r.kill(fmt.Sprintf("it has %s in memory, more than the %s of limits.memory", mebibytes(used), mebibytes(r.memory)))
	})
}

func mebibytes(n int64) string { return strconv.FormatInt((n+1<<20-1)>>20, 10) + " MiB" }

// pipes makes the pipes, and returns the ends that the process gets.
func (r *runner) pipes() ([]*os.File, error) {
	var files [6]*os.File
	for i := 0; i < len(files); i += 2 {
		var err error
		if files[i], files[i+1], err = os.Pipe(); err != nil {
			for _, f := range files[:i] {
				_ = f.Close() // not used
			}
			return nil, fmt.Errorf("make pipes for a plugin: %w", err)
		}
	}
	r.stdin, r.stdout, r.stderr = files[1], files[2], files[4]
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = files[0], files[3], files[5]
	return []*os.File{files[0], files[3], files[5]}, nil
}

// run starts the process and waits for its end. Its thread is its own: when a thread ends that has started a process, the system takes that for the end
// of the parent.
func (r *runner) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := r.cmd.Start(); err != nil {
		started <- r.program.startError(err)
		return
	}
	r.mu.Lock()
	r.running = true
	if r.killed { // in the meantime
		kill(r.cmd)
	}
	r.mu.Unlock()
	started <- nil
	state, err := r.cmd.Process.Wait()
	r.mu.Lock()
	r.running = false
	if r.state = "it ended"; err == nil {
		r.state = "it ended with " + state.String()
	}
	r.mu.Unlock()
	kill(r.cmd) // its children, as far as they have not left its group
	close(r.exited)
}

// finish closes the pipes when the process has ended.
func (r *runner) finish() {
	<-r.exited
	stop := time.AfterFunc(readAfterEnd, func() {
		_ = r.stdout.Close() // ends the reading
		_ = r.stderr.Close() // ends the reading
	})
	r.reading.Wait()
	stop.Stop()
	r.closePipes()
	r.out.close()
	close(r.finished)
}

func (r *runner) closePipes() {
	for _, f := range []*os.File{r.stdin, r.stdout, r.stderr} {
		_ = f.Close() // nobody is at the other end; nil where there is none
	}
}

// readStdout gives go-plugin the first line, and takes the others for messages.
func (r *runner) readStdout() {
	from := bufio.NewReaderSize(r.stdout, maxLine)
	line, end, err := r.greeting(from)
	switch {
	case err != nil:
		r.kill(err.Error())
	case !end:
		r.mu.Lock()
		r.greeted = true
		r.mu.Unlock()
		_, _ = r.greet.Write(line) // go-plugin reads until the end
	}
	_ = r.greet.Close() // never fails
	r.read(from)
}

// read takes all that comes for messages.
func (r *runner) read(from io.Reader) {
	s := &stream{out: r.out}
	_, _ = io.Copy(s, from) // it ends with the pipe, however that is
	s.close()
}

// kill ends the process, for a reason, of which the first one counts; "" for none.
func (r *runner) kill(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why == "" {
		r.why = why
	}
	r.killed = true
	if r.running {
		kill(r.cmd)
	}
}

// end asks the process to end.
func (r *runner) end() {
	_ = r.stdin.Close() // so that it knows
	select {
	case <-r.exited:
		return
	case <-time.After(askAfter):
	}
	r.mu.Lock()
	if r.running {
		terminate(r.cmd)
	}
	r.mu.Unlock()
	select {
	case <-r.exited:
	case <-time.After(killAfter):
		r.kill("")
	}
}

// reason says how the process has ended.
func (r *runner) reason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why != "" {
		return r.why
	}
	return r.state
}

// Wait implements [goplugin.AttachedRunner].
func (r *runner) Wait(context.Context) error {
	<-r.finished
	return nil
}

// Kill implements [goplugin.AttachedRunner]. Whoever makes go-plugin call it has ended the process, or looks first how it ends.
func (r *runner) Kill(context.Context) error { return nil }

// Diagnose implements [goplugin.Runner].
func (r *runner) Diagnose(context.Context) string { return "" }

// Stdout implements [goplugin.Runner].
func (r *runner) Stdout() io.ReadCloser { return r.greets }

// Stderr implements [goplugin.Runner]. What comes there is read here.
func (r *runner) Stderr() io.ReadCloser { return nothing{} }

// Name implements [goplugin.Runner].
func (r *runner) Name() string { return r.program.path }

// ID implements [goplugin.AttachedRunner].
func (r *runner) ID() string { return strconv.Itoa(r.pid()) }

func (r *runner) pid() int {
	if r.cmd == nil || r.cmd.Process == nil {
		return 0
	}
	return r.cmd.Process.Pid
}

// PluginToHost implements [goplugin.AddrTranslator].
func (r *runner) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin implements [goplugin.AddrTranslator].
func (r *runner) HostToPlugin(network, address string) (string, string, error) {
	return "", "", errors.New("a plugin does not call the host")
}

// nothing is a stream that has ended.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
func (nothing) Close() error             { return nil }
