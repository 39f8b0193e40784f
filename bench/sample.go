package main

import (
	"runtime"
	"runtime/debug"
	"time"
)

// sample is what one run of a program cost.
type sample struct {
	user, system time.Duration
	wall         time.Duration
	mallocs      uint64
	peak         uint64 // bytes of resident memory
}

// cpu is the measure that programs are compared by.
func (s sample) cpu() time.Duration {
	return s.user + s.system
}

// take runs a program and returns what it cost. It first gives back the
// memory of whatever ran before, and it lets the program pay for the
// collection of its own garbage.
func take(program func() error) (sample, error) {
	debug.FreeOSMemory()
	peak := watchMemory()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	user, system, err := usage()
	if err != nil {
		return sample{}, err
	}
	start := time.Now()
	if err := program(); err != nil {
		return sample{}, err
	}
	s := sample{wall: time.Since(start)}
	runtime.ReadMemStats(&after)
	s.mallocs = after.Mallocs - before.Mallocs
	s.peak = peak()
	runtime.GC()
	userEnd, systemEnd, err := usage()
	if err != nil {
		return sample{}, err
	}
	s.user, s.system = userEnd-user, systemEnd-system
	return s, nil
}
