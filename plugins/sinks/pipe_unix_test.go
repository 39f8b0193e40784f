//go:build unix

package sinks_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/onstream/onstream/plugins"
)

func TestFileOfANamedPipe(t *testing.T) {
	t.Parallel()
	env := environment()
	path := inDir(t, "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "file", env, "path", path)
	b := batch(env.Pool, strings.Repeat("x", 1<<20)) // more than the pipe holds
	for _, err := range []error{s.(plugins.Opener).Open(t.Context()), send(t, s, b)} {
		if !errors.Is(err, syscall.ENXIO) || plugins.IsPermanent(err) || !strings.Contains(err.Error(), "nobody reads the pipe") {
			t.Fatalf("error %v", err)
		}
	}
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.(plugins.Opener).Open(t.Context()); err != nil { // before anybody reads, which would be at the end
		t.Fatal(err)
	}
	read := make(chan int64)
	go func() {
		n, _ := io.Copy(io.Discard, r)
		read <- n
	}()
	must(t, s, b)
	stop(t, s)
	if n := <-read; n != 1<<20+1 {
		t.Errorf("%d bytes were read", n)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
