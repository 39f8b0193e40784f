package cli

import (
	"testing"
	"time"
)

// What memory does from look to look, in MiB, and whether it is trimmed.
func TestTrimmer(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	type look struct {
		held, allocated uint64 // since the look before
		left            uint64 // by a trim; 0 where there is to be none
	}
	for name, looks := range map[string][]look{
		"little memory is left alone":        {{60, 0, 0}, {90, 1, 0}, {103, 1, 0}},
		"what a burst has left is trimmed":   {{600, 590, 0}, {700, 100, 0}, {700, 1, 280}, {280, 1, 275}, {276, 1, 275}, {290, 1, 0}},
		"one trim was too early":             {{600, 1, 590}, {600, 1, 300}, {300, 1, 300}, {300, 1, 300}, {300, 1, 0}},
		"not while much is being allocated":  {{600, 200, 0}, {600, 200, 0}, {600, 200, 0}},
		"a state that grows is no garbage":   {{600, 1, 590}, {600, 1, 590}, {610, 1, 0}, {650, 15, 0}, {690, 15, 0}},
		"garbage that comes slowly, in time": {{600, 1, 400}, {430, 10, 400}, {430, 10, 400}, {470, 10, 0}, {490, 10, 402}, {410, 8, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Unix(0, 0)
			var m memory
			var left uint64
			trims := 0
			tr := &trimmer{memory: func() memory { return m }, trim: func() {
				trims++
				m.held = left * mib
				now = now.Add(100 * time.Millisecond)
			}}
			for i, l := range looks {
				m.held, left = l.held*mib, l.left
				m.allocated += l.allocated * mib
				trims, now = 0, now.Add(3*time.Second)
				tr.look(func() time.Time { return now })
				if trimmed := trims > 0; trimmed != (l.left > 0) {
					t.Errorf("look %d, %d MiB: trimmed %v", i, l.held, trimmed)
				}
			}
		})
	}
}

func TestTrimmerRests(t *testing.T) {
	t.Parallel()
	now, trims := time.Unix(0, 0), 0
	held := uint64(1 << 30)
	memory := func() memory {
		held += held / 4
		return memory{held: held}
	}
	tr := &trimmer{memory: memory, trim: func() {
		trims++
		now = now.Add(time.Second)
	}}
	began := now
	for now.Before(began.Add(trimRest * time.Second)) {
		tr.look(func() time.Time { return now })
		now = now.Add(trimInterval)
	}
	if trims != 1 {
		t.Errorf("%d trims within %v, each of which takes a second", trims, now.Sub(began))
	}
	now = now.Add(2 * time.Second)
	if tr.look(func() time.Time { return now }); trims != 2 {
		t.Errorf("%d trims after a rest", trims)
	}
}

func TestTrimmerReadsTheRuntime(t *testing.T) {
	t.Parallel()
	if m := readMemory(); m.held == 0 || m.allocated == 0 {
		t.Errorf("%+v", m)
	}
}
