package wasm

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// compiles compiles a module that can do nothing.
func compiles() (*host.Module, error) {
	return host.Load(context.Background(), wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: "onstream_process", Params: "ii", Results: "I", Code: wasmtest.I64(0)}}}.Bytes(), host.Config{Limits: host.DefaultLimits()})
}

// While a module is compiled, others are lent and given back. Who does not want to wait for it any more goes; those who do
// get the same one.
func TestLendWhileCompiling(t *testing.T) {
	t.Parallel()
	var l loaded
	begun, release := make(chan struct{}, 10), make(chan struct{})
	slow := func() (*host.Module, error) {
		begun <- struct{}{}
		<-release
		return compiles()
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := l.lend(ctx, "slow", slow)
		gone <- err
	}()
	<-begun
	others := make(chan error)
	go func() {
		other, err := l.lend(t.Context(), "other", compiles)
		if err == nil {
			err = other.Close(t.Context())
		}
		others <- err
	}()
	select {
	case err := <-others:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits for the one that is compiled")
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who goes is told %v", err)
	}
	stays := make(chan *lease)
	for range 2 {
		go func() {
			m, err := l.lend(t.Context(), "slow", slow)
			if err != nil {
				t.Error(err)
			}
			stays <- m
		}()
	}
	close(release)
	one, two := <-stays, <-stays
	if one == nil || two == nil || one.Module != two.Module {
		t.Fatalf("they get %v and %v", one, two)
	}
	for _, m := range []*lease{one, two} {
		if err := m.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if len(l.modules) > 0 {
		t.Errorf("%d are still there", len(l.modules))
	}
}

// A module that cannot be compiled is tried again by who asks later.
func TestLendFails(t *testing.T) {
	t.Parallel()
	var l loaded
	full := errors.New("no space left on device")
	if _, err := l.lend(t.Context(), "one", func() (*host.Module, error) { return nil, full }); !errors.Is(err, full) {
		t.Errorf("it gives %v", err)
	}
	m, err := l.lend(t.Context(), "one", compiles)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
