package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/onstream/onstream/bench/telemetry"
)

// stream sends total records through a program between two pipes and returns
// how long each took, in the order of arrival.
func stream(ctx context.Context, p filter, total int) ([]time.Duration, error) {
	in, send, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	receive, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), in.Close(), send.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Microseconds, so that a float64 on the way would not change them, on a
	// clock that is never set back.
	base := time.Now()
	clock := func() int64 { return base.UnixMicro() + time.Since(base).Microseconds() }

	sent, ran := make(chan error, 1), make(chan error, 1)
	go func() {
		err := sendSteadily(ctx, send, total, clock)
		sent <- errors.Join(err, send.Close())
	}()
	go func() {
		// A program that gives up must not leave the sender waiting, nor one
		// that ends the reader.
		err := p.run(ctx, in, out)
		_ = in.Close() // it may have closed its input itself
		ran <- errors.Join(err, out.Close())
	}()
	latencies, err := readArrivals(receive, total, clock)
	if err != nil {
		// Nor may this end leave the program waiting.
		cancel()
	}
	if err := errors.Join(err, receive.Close(), <-ran, <-sent); err != nil {
		return nil, err
	}
	if len(latencies) != total {
		return nil, fmt.Errorf("%d of %d records arrived", len(latencies), total)
	}
	return latencies, nil
}

// sendSteadily writes n records that pass the filter, each with the time of
// its sending. When a write is held up, the records that fell due meanwhile
// carry the time they were due, or the delay would be left out of account.
func sendSteadily(ctx context.Context, w io.Writer, n int, clock func() int64) error {
	const interval = int64(time.Second/time.Microsecond) / latencyRate
	g := telemetry.New(telemetry.Config{Hot: true})
	var lines []byte
	written := clock()
	for due := written; n > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := clock()
		if due > now {
			time.Sleep(time.Duration(due-now) * time.Microsecond)
			continue
		}
		lines = lines[:0]
		for ; due <= now && n > 0; n-- {
			stamp := now
			if due < written {
				stamp = due
			}
			lines = g.AppendAt(lines, stamp)
			due += interval
		}
		if _, err := w.Write(lines); err != nil {
			return fmt.Errorf("send records: %w", err)
		}
		written = clock()
	}
	return nil
}

// readArrivals reads results up to the end of r and returns how long ago each
// one was sent.
func readArrivals(r io.Reader, expect int, clock func() int64) ([]time.Duration, error) {
	latencies := make([]time.Duration, 0, expect)
	buf := make([]byte, 64<<10)
	held := 0
	for {
		n, err := r.Read(buf[held:])
		now := clock()
		data := buf[:held+n]
		for {
			line, rest, ok := bytes.Cut(data, []byte("\n"))
			if !ok {
				break
			}
			sent, err := sendTime(line)
			if err != nil {
				return nil, err
			}
			latencies = append(latencies, time.Duration(now-sent)*time.Microsecond)
			data = rest
		}
		held = copy(buf, data)
		if errors.Is(err, io.EOF) {
			return latencies, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read results: %w", err)
		}
	}
}

// sendTime returns the ts of a result, in microseconds.
func sendTime(line []byte) (int64, error) {
	_, digits, _ := bytes.Cut(line, []byte(`"ts":`))
	n := max(0, bytes.IndexAny(digits, ",}"))
	sent, err := strconv.ParseInt(string(digits[:n]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("result without its send time: %q", line)
	}
	return sent, nil
}
