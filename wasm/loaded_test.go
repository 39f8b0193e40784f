package wasm

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// idle is a module that can do nothing.
var idle = wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: "onstream_process", Params: "ii", Results: "I", Code: wasmtest.I64(0)}}}

// compiles compiles it.
func compiles() (*host.Module, error) {
	return host.Load(context.Background(), idle.Bytes(), host.Config{Limits: host.DefaultLimits()})
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

// A stage whose module is being compiled is told as soon as the process is to end, and when nobody wants the stage any more. The
// module is made all the same, for those who have it already.
func TestStageDoesNotWaitForTheModule(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "slow.wasm")
	if err := os.WriteFile(path, idle.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		want        string
		told, asked bool // what ends
	}{
		"stop":   {path + " is not compiled, because the process is to end", true, false},
		"reload": {context.Canceled.Error(), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told, stop := context.WithCancel(t.Context())
			defer stop()
			asked, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			l := &library{builds: builds{config: Config{Context: told}}}
			config := plugins.NewConfig(map[string]any{"module": path, "max_ahead": time.Hour, "lateness": time.Duration(0), "max_keys": int64(1)}).WithPayload(plugins.Shape{Format: "json"})
			p, err := newPlan(l, config)
			if err != nil {
				t.Fatal(err)
			}
			release := make(chan struct{})
			first := l.loaded.join(p.key(), func() (*host.Module, error) {
				<-release
				return compiles()
			})
			stage, err := kind(l).New(config, plugins.Env{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: new(plugins.Pool), Shared: new(plugins.Shared)})
			if err != nil {
				t.Fatal(err)
			}
			opened := make(chan error, 1)
			go func() { opened <- stage.(plugins.Opener).Open(asked) }()
			users := func() int {
				l.loaded.mu.Lock()
				defer l.loaded.mu.Unlock()
				return first.users
			}
			for users() < 2 && len(opened) == 0 {
				time.Sleep(time.Millisecond)
			}
			if c.told {
				stop()
			}
			if c.asked {
				giveUp()
			}
			select {
			case err := <-opened:
				if err == nil || err.Error() != c.want {
					t.Errorf("it is told %v, not %s", err, c.want)
				}
			case <-time.After(time.Minute):
				t.Error("it waits for the module")
			}
			close(release)
			if <-first.done; first.err != nil {
				t.Error(first.err)
			}
			if err := l.loaded.leave(t.Context(), p.key(), first); err != nil || len(l.loaded.modules) > 0 {
				t.Errorf("%d modules are there, %v", len(l.loaded.modules), err)
			}
		})
	}
}
