//go:build unix

package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// slow is a sink that takes its time to open.
type slow struct{ opening, release chan struct{} }

func (slow) Write(_ context.Context, _ *plugins.Batch, done func(error)) error {
	done(nil)
	return nil
}

func (slow) Flush(context.Context) error { return nil }

func (s slow) Open(context.Context) error {
	close(s.opening)
	<-s.release
	return nil
}

// said is a log that may be read while it is written.
type said struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

func signalSelf(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), sig); err != nil {
		t.Error(err)
	}
}

// TestReloadDuringTheStart asks for reloads while files are loaded, and while
// stages are opened: each is applied when the pipeline runs. A process of its
// own gets the signals.
func TestReloadDuringTheStart(t *testing.T) {
	const here = "ONSTREAM_TEST_SIGNALS"
	if os.Getenv(here) == "" {
		t.Parallel()
		cmd, stdout, _ := binary(t, "", "-test.run=^TestReloadDuringTheStart$")
		cmd.Args[0] = cmd.Path // the tests, not the program
		cmd.Env = append(os.Environ(), here+"=1")
		if err := cmd.Run(); err != nil {
			t.Errorf("%v\n%s", err, stdout)
		}
		return
	}
	const stamp = "version = 1"
	main := filepath.Join(t.TempDir(), "p", "main.hcl")
	files := `
pipeline "fleet" {}
source "timer" "tick" {
  every = "1ms"
}
transform "map" "stamp" {
  from = source.tick
  emit = { n = event.n, ` + stamp + ` }
}
sink "slow" "out" {
  from = transform.stamp
}
`
	for _, when := range []string{"loading", "opening"} {
		write(t, main, files)
		changed := func() {
			write(t, main, strings.Replace(files, stamp, "version = 2", 1))
			signalSelf(t, syscall.SIGHUP)
		}
		var log said
		c := &cli{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &log, lookupEnv: os.LookupEnv}
		out := newPipe(c.stdout)
		r, err := c.registry(out)
		if err != nil {
			t.Fatal(err)
		}
		s := slow{make(chan struct{}), make(chan struct{})}
		var once sync.Once
		if err := r.AddSink(plugins.SinkKind{
			Name: "slow", Payload: true, DefaultFormat: "json",
			Check: func(plugins.Config) error {
				once.Do(func() {
					if when == "loading" {
						// The files are read already: the change must not be missed.
						changed()
					}
				})
				return nil
			},
			New: func(plugins.Config, plugins.Env) (plugins.Sink, error) { return s, nil },
		}); err != nil {
			t.Fatal(err)
		}
		f := &runFlags{values: &values{}, output: &choice{value: "text"}, logFormat: &choice{value: "text"}, logLevel: &choice{value: "info"}}
		ended := make(chan error)
		signals := notifySignals(t.Context())
		go func() { ended <- c.runPipelines(t.Context(), r, out, []string{filepath.Dir(main)}, f, signals) }()
		select {
		case <-s.opening:
		case err := <-ended:
			t.Fatalf("%s: %v\n%s", when, err, &log)
		}
		if when == "opening" {
			changed()
		}
		wait(t, func() bool { return strings.Contains(log.String(), "because=SIGHUP") })
		if strings.Contains(log.String(), "reloaded") {
			t.Errorf("%s: a reload came before the pipeline ran:\n%s", when, &log)
		}
		close(s.release)
		wait(t, func() bool { return strings.Contains(log.String(), "reloaded") })
		if !strings.Contains(log.String(), "msg=reloaded pipeline=fleet changes=1") {
			t.Errorf("%s: the log is\n%s", when, &log)
		}
		signalSelf(t, syscall.SIGTERM)
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", when, err)
		}
		signals.stop()
	}
}
