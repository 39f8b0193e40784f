package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// followed makes a directory with the pipeline and a file that it follows.
func (b *bench) followed(name, more string) (dir, in string, err error) {
	dir, err = b.pipeline(name, func(dir string) (string, error) {
		in = filepath.Join(dir, "readings.ndjson")
		return keysHCL("file", in, more), os.WriteFile(in, nil, 0o600)
	})
	return dir, in, err
}

// appendReadings appends n readings, of devices by their number, of a time in
// ms since the beginning of the first window.
func appendReadings(path string, n int, at int64, device func(i int) int) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("add readings: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range n {
		fmt.Fprintf(w, `{"device_id":"k-%07d","ts":%d,"temperature":63.45}`+"\n", device(i), 1_700_000_000_000+at)
	}
	return w.Flush()
}
