package main

import (
	"runtime/metrics"
	"sync"
	"time"
)

// samplePeak returns a function that ends the sampling of read and returns
// the largest value.
func samplePeak(read func() uint64) func() uint64 {
	done := make(chan struct{})
	var sampler sync.WaitGroup
	peak := read()
	sampler.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				peak = max(peak, read())
			case <-done:
				return
			}
		}
	})
	return func() uint64 {
		close(done)
		sampler.Wait()
		return max(peak, read())
	}
}

// runtimeMemory returns the bytes that the Go runtime holds from the system.
func runtimeMemory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}
