package main

import (
	"context"
	"io"
	"os"
	"runtime"

	onstream "github.com/onstream/onstream/runtime"
)

// keysHeap returns the bytes of the Go heap for a key, in this process and
// after a collection.
func (b *bench) keysHeap(ctx context.Context) (float64, error) {
	b.progress("keys: heap")
	path := b.path("keys.ndjson")
	if err := appendReadings(path, b.keys, 0, func(i int) int { return i }); err != nil {
		return 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	in, out := io.Pipe() // whose end is not that of the file
	defer in.Close()
	go func() {
		if _, err := io.Copy(out, f); err != nil {
			_ = out.CloseWithError(err) // returns none
		}
	}()
	before, after := liveHeap(), uint64(0)
	err = b.engine(ctx, keysHCL("stdin", "", ""), in, io.Discard, engineOptions{watch: func(s onstream.Stats) {
		for _, x := range s.Stages {
			if x.Kind == "window" && x.Filtered == int64(b.keys) && after == 0 {
				after = liveHeap()
				_ = out.Close() // returns none
			}
		}
	}})
	return (float64(after) - float64(before)) / float64(b.keys), err
}

func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
