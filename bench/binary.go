package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"time"
)

// settled is how long the binary may take to come to rest before its memory is
// read.
const settled = 500 * time.Millisecond

// hasBinary tells whether there is a binary for a workload to run.
func (b *bench) hasBinary(workload string) bool {
	_, err := os.Stat(b.binary)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(b.stdout, "\n%s: skipped, there is no %s; build it or name it with -binary\n", workload, b.binary)
		return false
	}
	return true
}

// firstRecord returns the time from starting the binary to the end of its
// first line of output.
func (b *bench) firstRecord(ctx context.Context, dir string) (time.Duration, error) {
	cmd, wait := b.command(ctx, dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	r := bufio.NewReader(out)
	_, readErr := r.ReadBytes('\n')
	first := time.Since(start)
	_, drainErr := io.Copy(io.Discard, r)
	if err := wait(); err != nil {
		return 0, err
	}
	return first, errors.Join(readErr, drainErr)
}

// idleMemory returns the resident memory of the binary while it waits for
// input that does not come.
func (b *bench) idleMemory(ctx context.Context, dir string) (uint64, error) {
	cmd, wait := b.command(ctx, dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	time.Sleep(settled)
	resident, memoryErr := residentMemory(cmd.Process.Pid)
	// The end of its input ends the pipeline.
	closeErr := in.Close()
	if err := wait(); err != nil {
		return 0, err
	}
	return resident, errors.Join(memoryErr, closeErr)
}

// command returns the command that runs the pipeline in dir, and a function
// that waits for its end and reports a failure in the binary's own words.
func (b *bench) command(ctx context.Context, dir string) (*exec.Cmd, func() error) {
	var talk bytes.Buffer
	cmd := exec.CommandContext(ctx, b.binary, "run", dir)
	cmd.Stderr = &talk
	return cmd, func() error {
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("%s: %w\n%s", cmd, err, talk.Bytes())
		}
		return nil
	}
}
