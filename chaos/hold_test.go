package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// held is an engine to which a record comes every few milliseconds.
type held struct {
	proc *process
	out  string

	mu   sync.Mutex
	sent int
}

func startHeld(t *testing.T) *held {
	t.Helper()
	dir := t.TempDir()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	a, err := newAppender(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{binary: binary, log: filepath.Join(dir, "log"), hold: filepath.Join(dir, "hold"), args: []string{"run", "--state", filepath.Join(dir, "state"), "dir=" + dir}}
	h := &held{out: filepath.Join(dir, records+".ndjson")}
	if h.proc, err = e.start(nil); err != nil {
		t.Fatal(err)
	}
	var feeding sync.WaitGroup
	feeding.Go(func() {
		for h.proc.alive() {
			h.mu.Lock()
			n := h.sent
			h.sent++
			h.mu.Unlock()
			if _, err := a.send(t.Context(), []line{{"d00", fmt.Appendf(nil, `{"id":"d00/%d","key":"d00","seq":%d}`, n, n)}}); err != nil {
				t.Error(err)
				return
			}
			time.Sleep(3 * time.Millisecond)
		}
	})
	t.Cleanup(func() {
		h.proc.kill()
		feeding.Wait()
		closed(t, a)
	})
	return h
}

func (h *held) fed() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent
}

// size is how much has come out.
func (h *held) size() int64 {
	info, err := os.Stat(h.out)
	if err != nil {
		return 0
	}
	return info.Size()
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("after a minute it is still not so that %s", what)
		}
	}
}

func TestHeldEngineStandsStill(t *testing.T) {
	t.Parallel()
	h := startHeld(t)
	tr := &trial{setup: setup{limit: time.Minute}, broken: map[gate]string{}}
	for range 2 {
		there, err := tr.holdAt(t.Context(), h.proc, "after_commit")
		if err != nil || !there {
			t.Fatalf("it does not come there: %t, %v, %v", there, err, tr.broken)
		}
		size, fed := h.size(), h.fed()
		until(t, "more has come in", func() bool { return h.fed() > fed+5 })
		if now := h.size(); now != size {
			t.Errorf("%d bytes came out while it was held, after %d", now, size)
		}
		if err := letGo(h.proc, "after_commit"); err != nil {
			t.Fatal(err)
		}
		until(t, "more comes out", func() bool { return h.size() > size })
	}
}

func TestEngineThatDoesNotComeThere(t *testing.T) {
	t.Parallel()
	h := startHeld(t)
	tr := &trial{setup: setup{limit: 50 * time.Millisecond}, broken: map[gate]string{}}
	there, err := tr.holdAt(t.Context(), h.proc, "nowhere")
	if there || err != nil || tr.broken[gateUnreached] == "" {
		t.Errorf("%t, %v, %v", there, err, tr.broken)
	}
	if left, err := os.ReadDir(h.proc.hold); err != nil || len(left) > 0 {
		t.Errorf("it would be held later: %v %v", left, err)
	}
}
